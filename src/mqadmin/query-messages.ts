/** Commands that find one message, or some by key. */

import type { AdminClient } from '../client/admin-client.ts';
import { attempt } from '../client/answer.ts';
import { messageByOffsetId, messageByUniqueKey, messagesByKey } from '../client/find-message.ts';
import { consumeDirectly, runningInfo } from '../client/groups.ts';
import { readQueue } from '../client/queues.ts';
import type { ConsumeMessageDirectlyResult } from '../codec/bodies/running-info.ts';
import type { MessageExt } from '../codec/message.ts';
import { plainBody } from '../codec/message-body.ts';
import { formatHost } from '../codec/message-id.ts';
import type { Fs } from '../util/fs.ts';
import { writeWhole } from '../util/write-whole.ts';
import { type Call, CommandError, type Output, placedIn } from './command.ts';
import { messageId, messageJson, propertiesText } from './message-text.ts';
import { resend } from './send-messages.ts';
import { printf, timeWithMillis } from './text.ts';
import { tracksOf, trackText } from './tracks.ts';

/** Where bodies are put; Java's path. */
const BODY_DIR = '/tmp/rocketmq/msgbodys';

/** Java: QueryMsgByIdSubCommand. */
export async function* queryMsgById(call: Call<'queryMsgById'>): AsyncIterable<Output> {
  const { admin, options } = call;
  const { msgId, consumerGroup, clientId, sendMessage } = options;
  for (const id of msgId.split(',').map((text) => text.trim())) {
    if (id === '') continue;
    const message = await messageByOffsetId(admin, id);
    if (message === undefined) throw new CommandError(`-i ${id}: an offset id has 32 or 56 hexadecimal digits`);
    if (consumerGroup !== undefined && clientId !== undefined) {
      yield directly(await pushed(admin, message, { consumerGroup, clientId, msgId: id }));
    } else if (sendMessage === undefined) {
      yield await described(call, message, true);
    } else if (sendMessage) {
      yield await resend(call, message, id);
    }
  }
}

/** Java: QueryMsgByKeySubCommand. */
export async function queryMsgByKey({ admin, options }: Call<'queryMsgByKey'>): Promise<Output> {
  const messages = await messagesByKey(admin, options.topic, options.msgKey);
  const format = '%-50s %4s %40s';
  const rows = messages.map((message) => printf(format, messageId(message), message.queueId, message.queueOffset));
  return {
    lines: [printf(format, '#Message ID', '#QID', '#Offset'), ...rows],
    json: messages.map((message) => messageJson(message, undefined)),
  };
}

/** Java: QueryMsgByUniqueKeySubCommand. */
export async function queryMsgByUniqueKey(call: Call<'queryMsgByUniqueKey'>): Promise<Output> {
  const { admin, clock, options } = call;
  const { topic, msgId, consumerGroup, clientId } = options;
  const message = await messageByUniqueKey(admin, { topic, nowMs: clock.now() }, msgId);
  if (consumerGroup === undefined || clientId === undefined) return described(call, message, false);
  const what = { consumerGroup, clientId, msgId: message.offsetMsgId };
  return directly(await consumeDirectly(admin, formatHost(message.storeHost), what));
}

/** Java: QueryMsgByOffsetSubCommand. */
export async function queryMsgByOffset(call: Call<'queryMsgByOffset'>): Promise<Output> {
  const { admin, options } = call;
  const { topic, brokerName, queueId, offset } = options;
  const queue = placedIn(await admin.route(topic), { topic, brokerName, queueId });
  const { status, messages } = await readQueue(admin, queue, { offset, most: 1 });
  const [message] = messages;
  if (message === undefined) throw new CommandError(`no message at offset ${offset}: ${status}`);
  return described(call, message, true);
}

/** Only members that are pushed to take a message. Java: QueryMsgByIdSubCommand#pushMsg. */
async function pushed(
  admin: AdminClient,
  message: MessageExt,
  what: { readonly consumerGroup: string; readonly clientId: string; readonly msgId: string },
): Promise<ConsumeMessageDirectlyResult> {
  const info = await runningInfo(admin, { ...what, jstackEnable: false });
  if (info.properties.get('PROP_CONSUME_TYPE') !== 'CONSUME_PASSIVELY') {
    throw new CommandError(`this ${what.clientId} client is not push consumer ,not support direct push`);
  }
  return consumeDirectly(admin, formatHost(message.storeHost), what);
}

/** Java: ConsumeMessageDirectlyResult#toString. */
function directly(result: ConsumeMessageDirectlyResult): Output {
  const { order, autoCommit, consumeResult = null, remark = null, spentTimeMills } = result;
  const line =
    `ConsumeMessageDirectlyResult [order=${order}, autoCommit=${autoCommit}, consumeResult=${consumeResult}, ` +
    `remark=${remark}, spentTimeMills=${spentTimeMills}]`;
  const done = consumeResult === 'CR_SUCCESS' || consumeResult === 'CR_COMMIT';
  return { lines: [line], json: result, ...(done ? {} : { failures: [`not consumed: ${consumeResult}`] }) };
}

/** Everything about a message. Java: QueryMsgByIdSubCommand#printMsg. */
async function described(
  { admin, fs }: { readonly admin: AdminClient; readonly fs: Fs },
  message: MessageExt,
  withOffsetId: boolean,
): Promise<Output> {
  const { properties } = message;
  const bodyPath = putBody(fs, message);
  // A message is worth showing when nobody can say who has consumed it.
  const { value: tracks = [], failure } = await attempt(tracksOf(admin, message));
  const rows: readonly (readonly [string, string | number])[] = [
    ...(withOffsetId ? [['OffsetID:', message.offsetMsgId] as const] : []),
    ['Topic:', message.topic],
    ['Tags:', `[${properties.get('TAGS') ?? null}]`],
    ['Keys:', `[${properties.get('KEYS') ?? null}]`],
    ['Queue ID:', message.queueId],
    ['Queue Offset:', message.queueOffset],
    ['CommitLog Offset:', message.phyOffset],
    ['Reconsume Times:', message.reconsumeTimes],
    ['Born Timestamp:', timeWithMillis(message.bornTimestamp)],
    ['Store Timestamp:', timeWithMillis(message.storeTimestamp)],
    ['Born Host:', formatHost(message.bornHost)],
    ['Store Host:', formatHost(message.storeHost)],
    ['System Flag:', message.sysFlag],
    ['Properties:', propertiesText(message)],
    ['Message Body Path:', bodyPath],
  ];
  const trackLine = tracks.length === 0 ? 'WARN: No Consumer' : tracks.map(trackText).join('');
  const lines = [...rows.map(([name, value]) => printf('%-20s %s', name, value)), '', '', trackLine];
  const json = { ...(messageJson(message, undefined) as object), bodyPath, tracks };
  return { lines, json, ...(failure === undefined ? {} : { failures: [failure] }) };
}

/**
 * Puts the body where Java does. The id is whatever the sender wrote, so only one that is hexadecimal names the file.
 */
function putBody(fs: Fs, message: MessageExt): string {
  const id = messageId(message);
  const path = `${BODY_DIR}/${/^[0-9A-Za-z]{1,128}$/.test(id) ? id : message.offsetMsgId}`;
  writeWhole(fs, path, plainBody(message));
  return path;
}
