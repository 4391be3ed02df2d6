import { decodeRecord, type MessageExt } from '../codec/message.ts';
import { decodeOffsetMsgId, decodeUniqueId, formatHost } from '../codec/message-id.ts';
import { RemotingError } from '../remoting/reply.ts';
import type { AdminClient } from './admin-client.ts';
import { AnswerError, expectCode, refused } from './answer.ts';
import { recordsOf } from './mq-client.ts';
import { brokersOf } from './routes.ts';

/** Java: QueryMsgByKeySubCommand. */
const MOST_BY_KEY = 64;
/** Java: MQAdminImpl#queryMessageByUniqKey. */
const MOST_BY_UNIQUE_KEY = 32;
const QUERY_TIMEOUT_MS = 15_000;
const AGES = 0x7fffffffffff;
/** An id has the time to the millisecond of the client's clock; the record that of the broker's. */
const CLOCKS_APART_MS = 1000;

/** The message with an offset id, asked of the broker whose address it has; undefined for a text that is no such id. */
export async function messageByOffsetId(admin: AdminClient, msgId: string): Promise<MessageExt | undefined> {
  const id = decodeOffsetMsgId(msgId);
  if (id === undefined) return undefined;
  const address = formatHost(id.host);
  const asked = await admin.mq.ask(address, 'VIEW_MESSAGE_BY_ID', { offset: id.phyOffset });
  const answer = expectCode(asked, address, 'SUCCESS');
  const record = answer.body === undefined ? 'short' : decodeRecord(answer.body, 0);
  if (typeof record === 'string') throw new AnswerError({ ...answer, remark: 'the record is damaged' }, address);
  return record;
}

/**
 * Messages with a key, of all brokers of the topic. Rejects with AnswerError (NO_MESSAGE) without any.
 * Java: MQAdminImpl#queryMessage.
 */
export async function messagesByKey(admin: AdminClient, topic: string, key: string): Promise<MessageExt[]> {
  const found = await query(admin, { topic, key, maxNum: MOST_BY_KEY, beginTimestamp: 0, endTimestamp: AGES });
  const matching = found.filter(({ properties }) => (properties.get('KEYS') ?? '').split(' ').includes(key));
  if (matching.length === 0) throw noMessage(admin, topic);
  return matching;
}

/** The message with a client's unique id, the oldest when there are several. Rejects as {@link messagesByKey}. */
export async function messageByUniqueKey(
  admin: AdminClient,
  where: { readonly topic: string; readonly nowMs: number },
  key: string,
): Promise<MessageExt> {
  const { topic, nowMs } = where;
  const beginTimestamp = Math.max(0, timeOfUniqueId(key, nowMs) - CLOCKS_APART_MS);
  const found = await query(admin, { topic, key, maxNum: MOST_BY_UNIQUE_KEY, beginTimestamp, endTimestamp: AGES });
  const [first] = found
    .filter(({ properties }) => properties.get('UNIQ_KEY') === key)
    .sort((a, b) => a.storeTimestamp - b.storeTimestamp);
  if (first === undefined) throw noMessage(admin, topic);
  return first;
}

/**
 * When a unique id was made: it counts from the first of the month, in the client's time zone; 0 for a text that is
 * none. Java: MessageClientIDSetter#getNearlyTimeFromID.
 */
export function timeOfUniqueId(text: string, nowMs: number): number {
  const id = decodeUniqueId(text);
  if (id === undefined) return 0;
  const now = new Date(nowMs);
  const thisMonth = new Date(now.getFullYear(), now.getMonth(), 1).getTime() + id.sinceMonthStartMs;
  if (thisMonth <= nowMs) return thisMonth;
  return new Date(now.getFullYear(), now.getMonth() - 1, 1).getTime() + id.sinceMonthStartMs;
}

/** One broker that cannot be reached does not hide what others have; none at all is an error. */
async function query(
  admin: AdminClient,
  header: {
    readonly topic: string;
    readonly key: string;
    readonly maxNum: number;
    readonly beginTimestamp: number;
    readonly endTimestamp: number;
  },
): Promise<MessageExt[]> {
  const found: MessageExt[] = [];
  let answered = 0;
  let lastError: unknown;
  for (const address of brokersOf(await admin.route(header.topic))) {
    try {
      const asked = await admin.mq.ask(address, 'QUERY_MESSAGE', header, undefined, QUERY_TIMEOUT_MS);
      const answer = expectCode(asked, address, 'SUCCESS', 'QUERY_NOT_FOUND');
      answered++;
      if (answer.codeName === 'SUCCESS') found.push(...recordsOf(answer.body));
    } catch (error) {
      if (!(error instanceof RemotingError)) throw error;
      lastError = error;
    }
  }
  if (answered === 0 && lastError !== undefined) throw lastError;
  return found;
}

function noMessage(admin: AdminClient, topic: string): AnswerError {
  const remark = 'query message by key finished, but no message.';
  return refused('NO_MESSAGE', remark, `${admin.namesrvs.join(';')}, topic ${topic}`);
}
