/** Commands that print what lies in queues. */

import type { AdminClient } from '../client/admin-client.ts';
import { maxOffset, minOffset, type Pulled, queueText, readQueue, searchOffset } from '../client/queues.ts';
import { type PlacedQueue, readQueues } from '../client/routes.ts';
import type { MessageExt } from '../codec/message.ts';
import { type Call, CommandError, type Output, placedIn } from './command.ts';
import { bodyDecoder, messageJson, messageLine } from './message-text.ts';
import { printf } from './text.ts';
import { timestampOf } from './timestamp.ts';

const PULL_BATCH = 32;
/** Java: ConsumeMessageCommand. */
const CONSUME_COUNT = 128;

/** From `from` on, before `to`. */
interface Range {
  readonly from: number;
  readonly to: number;
}

type Between = { readonly begin: number | undefined; readonly end: number | undefined };
type Bodies = (message: MessageExt) => string | undefined;

/** Java: PrintMessageSubCommand. */
export async function* printMsg({ admin, options }: Call<'printMsg'>): AsyncIterable<Output> {
  const { topic, charsetName, printBody = true, subExpression: tags = '*' } = options;
  const decode = bodyDecoder(charsetName);
  const bodies: Bodies = (message) => (printBody ? decode(message) : undefined);
  const between = { begin: timestampOf('b', options.beginTimestamp), end: timestampOf('e', options.endTimestamp) };
  for (const queue of readQueues(await admin.route(topic), topic)) {
    const { from, to } = await rangeOf(admin, queue, between);
    let head = `minOffset=${from}, maxOffset=${to}, ${queueText(queue)}`;
    for (let offset = from; offset < to; ) {
      const pulled = await readQueue(admin, queue, { offset, most: PULL_BATCH, tags });
      const lines = linesOf(pulled, queue, bodies);
      yield { lines: [head + (lines[0] ?? ''), ...lines.slice(1)], json: jsonOf(pulled, queue, bodies) };
      head = '';
      if (pulled.status === 'NO_NEW_MSG' || pulled.status === 'OFFSET_ILLEGAL') break;
      offset = further(offset, pulled);
    }
    if (head !== '') yield { lines: [head], json: { ...placeOf(queue), minOffset: from, maxOffset: to, messages: [] } };
  }
}

/** Java: PrintMessageByQueueCommand. */
export async function* printMsgByQueue({ admin, options }: Call<'printMsgByQueue'>): AsyncIterable<Output> {
  const { topic, brokerName, queueId, charsetName, printBody, calculate, subExpression: tags = '*' } = options;
  const decode = bodyDecoder(charsetName);
  const bodies: Bodies = (message) => (printBody === true ? decode(message) : undefined);
  const queue = placedIn(await admin.route(topic), { topic, brokerName, queueId });
  const between = { begin: timestampOf('b', options.beginTimestamp), end: timestampOf('e', options.endTimestamp) };
  const { from, to } = await rangeOf(admin, queue, between);
  const counts = new Map<string, number>();
  for (let offset = from; offset < to; ) {
    const pulled = await readQueue(admin, queue, { offset, most: PULL_BATCH, tags });
    if (pulled.status !== 'FOUND') break;
    for (const { properties } of pulled.messages) {
      const tag = properties.get('TAGS') ?? '';
      if (tag.trim() !== '') counts.set(tag, (counts.get(tag) ?? 0) + 1);
    }
    if (options['print msg'] === true) {
      yield { lines: linesOf(pulled, queue, bodies), json: jsonOf(pulled, queue, bodies) };
    }
    offset = further(offset, pulled);
  }
  if (calculate !== true) return;
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  yield {
    lines: sorted.map(([tag, count]) => printf('Tag: %-30s Count: %s', tag, count)),
    json: { ...placeOf(queue), tags: Object.fromEntries(sorted) },
  };
}

/** Java: ConsumeMessageCommand. Nothing is committed: messages are read, not consumed. */
export async function* consumeMessage({ admin, clock, options }: Call<'consumeMessage'>): AsyncIterable<Output> {
  const { topic, brokerName, queueId, offset, consumerGroup: group, MessageNumber: count = CONSUME_COUNT } = options;
  const between = { begin: timestampOf('s', options.beginTimestamp), end: timestampOf('e', options.endTimestamp) };
  checkConsume(options, between, clock.now());
  const reader = { admin, bodies: bodyDecoder(), ...(group === undefined ? {} : { group }) };
  if (brokerName !== undefined && queueId !== undefined) {
    const queue = placedIn(await admin.route(topic), { topic, brokerName, queueId });
    yield* consumeQueue(reader, queue, { between, offset, count });
    return;
  }
  let left = count;
  for (const queue of readQueues(await admin.route(topic), topic)) {
    if (left <= 0) return;
    const { from, to } = await rangeOf(admin, queue, between);
    const isMore = to - from > left;
    if (isMore) {
      const line = `The older ${left} message of the ${queue.queueId} queue will be provided`;
      yield { lines: [line], json: { ...placeOf(queue), provided: left } };
    }
    yield* consumed(reader, queue, { from, to: isMore ? from + left : to });
    left -= Math.min(left, to - from);
  }
}

interface Reader {
  readonly admin: AdminClient;
  readonly bodies: Bodies;
  readonly group?: string;
}

/** Java: ConsumeMessageCommand#executeByCondition. */
async function* consumeQueue(
  reader: Reader,
  queue: PlacedQueue,
  what: { readonly between: Between; readonly offset: number | undefined; readonly count: number },
): AsyncIterable<Output> {
  const { offset = 0, count } = what;
  const { from, to } = await rangeOf(reader.admin, queue, what.between);
  if (offset > to) {
    yield { lines: [`${queueText(queue)} no matched msg, offset=${offset}`], json: { ...placeOf(queue), offset } };
    return;
  }
  const first = Math.max(from, offset);
  const isMore = to - first > count;
  if (isMore)
    yield { lines: [`The oldler ${count} message will be provided`], json: { ...placeOf(queue), provided: count } };
  yield* consumed(reader, queue, { from: first, to: isMore ? first + count : to });
}

/** Java: ConsumeMessageCommand#pullMessageByQueue, which asks for one message behind the end and gets none. */
async function* consumed(reader: Reader, queue: PlacedQueue, { from, to }: Range): AsyncIterable<Output> {
  const { admin, bodies, group } = reader;
  for (let offset = from; offset < to; ) {
    const most = Math.min(PULL_BATCH, to - offset);
    const pulled = await readQueue(admin, queue, { offset, most, ...(group === undefined ? {} : { group }) });
    const lines = linesOf(pulled, queue, bodies);
    const isFound = pulled.status === 'FOUND';
    yield { lines: isFound ? ['Consume ok', ...lines] : lines, json: jsonOf(pulled, queue, bodies) };
    if (pulled.status === 'NO_NEW_MSG' || pulled.status === 'OFFSET_ILLEGAL') return;
    offset = further(offset, pulled);
  }
}

function checkConsume(options: Call<'consumeMessage'>['options'], { begin, end }: Between, nowMs: number): void {
  const wrong = (why: string): never => {
    throw new CommandError(why);
  };
  if (options.queueId !== undefined && options.brokerName === undefined) {
    wrong('Please set the brokerName before queueId!');
  }
  if (options.offset !== undefined && options.queueId === undefined) wrong('Please set queueId before offset!');
  if (begin !== undefined && begin > nowMs) wrong('Please set the beginTimestamp before now!');
  if (end !== undefined && end > nowMs) wrong('Please set the endTimestamp before now!');
  if (begin !== undefined && end !== undefined && begin > end) {
    wrong('Please make sure that the beginTimestamp is less than or equal to the endTimestamp!');
  }
}

async function rangeOf(admin: AdminClient, queue: PlacedQueue, { begin, end }: Between): Promise<Range> {
  return {
    from: begin === undefined ? await minOffset(admin, queue) : await searchOffset(admin, queue, begin),
    to: end === undefined ? await maxOffset(admin, queue) : await searchOffset(admin, queue, end),
  };
}

/** A broker that sends the reader back, or nowhere, must not keep it for ever. */
function further(offset: number, { nextBeginOffset }: Pulled): number {
  if (nextBeginOffset > offset) return nextBeginOffset;
  throw new CommandError(`the broker gives ${nextBeginOffset} as the offset behind ${offset}`);
}

function linesOf({ status, messages, nextBeginOffset }: Pulled, queue: PlacedQueue, bodies: Bodies): string[] {
  if (status === 'FOUND') return messages.map((message) => messageLine(message, bodies(message)));
  const what = status === 'NO_MATCHED_MSG' ? 'no matched msg.' : 'print msg finished.';
  return [`${queueText(queue)} ${what} status=${status}, offset=${nextBeginOffset}`];
}

function jsonOf({ status, messages, nextBeginOffset }: Pulled, queue: PlacedQueue, bodies: Bodies): Output['json'] {
  const shown = messages.map((message) => messageJson(message, bodies(message)));
  return { ...placeOf(queue), status, nextBeginOffset, messages: shown };
}

function placeOf({ topic, brokerName, queueId }: PlacedQueue): Omit<PlacedQueue, 'address'> {
  return { topic, brokerName, queueId };
}
