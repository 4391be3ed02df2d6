/** Commands that send messages. */

import { randomBytes } from 'node:crypto';
import type { AdminClient } from '../client/admin-client.ts';
import { attempt } from '../client/answer.ts';
import type { SendResult } from '../client/mq-client.ts';
import { queueText } from '../client/queues.ts';
import { type PlacedQueue, writeQueues } from '../client/routes.ts';
import type { MessageExt } from '../codec/message.ts';
import { plainBody } from '../codec/message-body.ts';
import { AUTO_CREATE_TOPIC } from '../codec/system-topics.ts';
import type { Clock } from '../util/clock.ts';
import { type Call, CommandError, type Output, placedIn } from './command.ts';
import { printf } from './text.ts';

const SENT_FORMAT = '%-32s  %-4s  %-20s    %s';
const TEMPLATE_QUEUES = 4;
/** A body of this size is more than any broker takes. */
const MOST_BODY_BYTES = 64 * 1024 * 1024;

/** Java: SendStatus, by the code of the answer. */
const SEND_STATUS = {
  SUCCESS: 'SEND_OK',
  FLUSH_DISK_TIMEOUT: 'FLUSH_DISK_TIMEOUT',
  FLUSH_SLAVE_TIMEOUT: 'FLUSH_SLAVE_TIMEOUT',
  SLAVE_NOT_AVAILABLE: 'SLAVE_NOT_AVAILABLE',
} as const;

interface Sent {
  readonly queue: PlacedQueue;
  readonly uniqueKey: string;
  readonly result: SendResult;
}

/** Java: SendMessageCommand. */
export async function sendMessage({ admin, clock, options }: Call<'sendMessage'>): Promise<Output> {
  const { topic, body, key, tags, broker, qid } = options;
  if (qid !== undefined && broker === undefined) throw new CommandError('-i needs the broker name too: give -b');
  const properties: [string, string][] = [];
  if (key !== undefined) properties.push(['KEYS', key]);
  if (tags !== undefined) properties.push(['TAGS', tags]);
  const queue = await queueFor(admin, { topic, broker, qid });
  const { uniqueKey, result } = await send({ admin, clock }, queue, Buffer.from(body, 'utf8'), properties);
  const status = SEND_STATUS[result.status];
  return {
    lines: [
      printf(SENT_FORMAT, '#Broker Name', '#QID', '#Send Result', '#MsgId'),
      printf(SENT_FORMAT, queue.brokerName, result.queueId, status, uniqueKey),
    ],
    json: sentJson({ queue, uniqueKey, result }),
  };
}

/** Java: SendMsgStatusCommand; the topic is the one that has the name of the broker. */
export async function* sendMsgStatus({ admin, clock, options }: Call<'sendMsgStatus'>): AsyncIterable<Output> {
  const { brokerName, messageSize = 128, count = 50 } = options;
  const queues = await queuesFor(admin, brokerName);
  await send({ admin, clock }, at(queues, 0), jodie(16), []);
  for (let index = 0; index < count; index++) {
    const startMs = clock.monotonicMs();
    const sent = await send({ admin, clock }, at(queues, index + 1), jodie(messageSize), []);
    const rtMs = Math.round(clock.monotonicMs() - startMs);
    yield { lines: [`rt:${rtMs}ms, SendResult=${sentText(sent)}`], json: { rtMs, ...sentJson(sent) } };
  }
}

/** Java: CheckMsgSendRTCommand. The first send, which connects, does not count. */
export async function* checkMsgSendRT({ admin, clock, options }: Call<'checkMsgSendRT'>): AsyncIterable<Output> {
  const { topic, amout = 100, size } = options;
  const body = Buffer.alloc(checkedSize(size), 'a');
  const queues = await queuesFor(admin, topic);
  const head = printf(SENT_FORMAT, '#Broker Name', '#QID', '#Send Result', '#RT');
  let elapsedMs = 0;
  for (let index = 0; index < amout; index++) {
    const queue = at(queues, index);
    const startMs = clock.monotonicMs();
    const { failure } = await attempt(send({ admin, clock }, queue, body, []));
    const rtMs = Math.round(clock.monotonicMs() - startMs);
    if (index > 0) elapsedMs += rtMs;
    const { brokerName, queueId } = queue;
    const done = failure === undefined;
    const line = printf(SENT_FORMAT, brokerName, queueId, done, rtMs);
    const json = { brokerName, queueId, sent: done, rtMs };
    yield { lines: index === 0 ? [head, line] : [line], json, ...(done ? {} : { failures: [failure] }) };
  }
  // Java prints NaN for a single message.
  const averageMs = amout > 1 ? elapsedMs / (amout - 1) : Number.NaN;
  yield { lines: [`Avg RT: ${averageMs.toFixed(2)}`], json: { averageRtMs: amout > 1 ? averageMs : null } };
}

/** Sends a stored message once more, with what it has. Java: QueryMsgByIdSubCommand#sendMsg. */
export async function resend({ admin, clock }: Sender, message: MessageExt, originalMsgId: string): Promise<Output> {
  const queues = await queuesFor(admin, message.topic);
  const kept = [...message.properties].filter(([name]) => name !== 'UNIQ_KEY' && name !== 'WAIT');
  const uniqueKey = message.properties.get('UNIQ_KEY');
  const sent = await send({ admin, clock }, at(queues, 0), plainBody(message), kept, {
    flag: message.flag,
    ...(uniqueKey === undefined ? {} : { uniqueKey }),
  });
  return {
    lines: [`prepare resend msg. originalMsgId=${originalMsgId}${sentText(sent)}`],
    json: { originalMsgId, ...sentJson(sent) },
  };
}

interface Sender {
  readonly admin: AdminClient;
  readonly clock: Clock;
}

async function send(
  { admin, clock }: Sender,
  queue: PlacedQueue,
  body: Buffer,
  properties: readonly (readonly [string, string])[],
  more: { readonly flag?: number; readonly uniqueKey?: string } = {},
): Promise<Sent> {
  const { flag = 0, uniqueKey = makeUniqueKey(clock) } = more;
  const result = await admin.mq.send(queue.address, {
    topic: queue.topic,
    queueId: queue.queueId,
    body,
    flag,
    properties: [...properties, ['UNIQ_KEY', uniqueKey], ['WAIT', 'true']],
    bornTimestamp: clock.now(),
  });
  return { queue, uniqueKey, result };
}

/** The queue that the options name, or the first of the topic. */
async function queueFor(
  admin: AdminClient,
  where: { readonly topic: string; readonly broker: string | undefined; readonly qid: number | undefined },
): Promise<PlacedQueue> {
  const { topic, broker, qid } = where;
  if (broker === undefined || qid === undefined) return at(await queuesFor(admin, topic), 0);
  return placedIn(await admin.route(topic), { topic, brokerName: broker, queueId: qid });
}

/** Queues of a topic, or those that it would get. Java: MQClientInstance#updateTopicRouteInfoFromNameServer. */
async function queuesFor(admin: AdminClient, topic: string): Promise<readonly PlacedQueue[]> {
  const route = await admin.mq.route(topic);
  const queues =
    route === undefined
      ? writeQueues(await admin.route(AUTO_CREATE_TOPIC), topic).filter(({ queueId }) => queueId < TEMPLATE_QUEUES)
      : writeQueues(route, topic);
  if (queues.length === 0) throw new CommandError(`No route info of this topic, ${topic}: nobody takes messages`);
  return queues;
}

function at(queues: readonly PlacedQueue[], index: number): PlacedQueue {
  return queues[index % queues.length] as PlacedQueue;
}

/** Java: SendMsgStatusCommand#buildMessage. */
function jodie(sizeBytes: number): Buffer {
  const word = 'hello jodie';
  return Buffer.from(word.repeat(Math.ceil(checkedSize(sizeBytes) / word.length)));
}

function checkedSize(sizeBytes: number): number {
  if (sizeBytes >= 0 && sizeBytes <= MOST_BODY_BYTES) return sizeBytes;
  throw new CommandError(`-s ${sizeBytes}: a body has 0 to ${MOST_BODY_BYTES} bytes`);
}

/** Java: SendResult#toString. */
function sentText({ queue, uniqueKey, result }: Sent): string {
  const { status, msgId, queueId, queueOffset } = result;
  return (
    `SendResult [sendStatus=${SEND_STATUS[status]}, msgId=${uniqueKey}, offsetMsgId=${msgId}, ` +
    `messageQueue=${queueText({ ...queue, queueId })}, queueOffset=${queueOffset}]`
  );
}

function sentJson({ queue, uniqueKey, result }: Sent): Record<string, unknown> {
  const { brokerName, topic } = queue;
  const { status, msgId, queueId, queueOffset } = result;
  const sendStatus = SEND_STATUS[status];
  return { sendStatus, msgId: uniqueKey, offsetMsgId: msgId, topic, brokerName, queueId, queueOffset };
}

const NO_ADDRESS = Buffer.alloc(4);
let made = 0;

/**
 * An id as clients make them: address (none), process and class loader (random), ms since the first of the month,
 * counter. Java: MessageClientIDSetter#createUniqID.
 */
function makeUniqueKey(clock: Clock): string {
  const now = new Date(clock.now());
  const tail = Buffer.alloc(6);
  tail.writeUInt32BE((now.getTime() - new Date(now.getFullYear(), now.getMonth(), 1).getTime()) >>> 0, 0);
  tail.writeUInt16BE(made++ & 0xffff, 4);
  return Buffer.concat([NO_ADDRESS, randomBytes(6), tail])
    .toString('hex')
    .toUpperCase();
}
