import type { AdminClient } from '../client/admin-client.ts';
import { unlessRefused } from '../client/answer.ts';
import { groupMembers } from '../client/groups.ts';
import { maxOffset, readQueue, topicStats } from '../client/queues.ts';
import type { PlacedQueue } from '../client/routes.ts';
import { type MessageQueue, offsetMovedEvent } from '../codec/bodies/message-queue.ts';
import { decodeBody } from '../codec/bodies/schema.ts';
import { DecodeError } from '../codec/fast-json.ts';
import { groupOfRetryTopic, OFFSET_MOVED_EVENT } from '../codec/system-topics.ts';
import { type Call, type Output, pause } from './command.ts';

/** Java: MonitorService, MonitorConfig. */
const FIRST_ROUND_MS = 20_000;
const ROUND_MS = 60_000;
const EVENTS_A_PULL = 32;
/** Of one queue in one round; what is left is read in the next. */
const MOST_PULLS = 32;

/**
 * Round after round, what connected groups have not read yet, and what was deleted before a group read it. Java writes
 * the same to a log file; here it is printed. Java: StartMonitoringSubCommand, DefaultMonitorListener.
 */
export async function* startMonitoring({ admin, clock }: Call<'startMonitoring'>): AsyncGenerator<Output> {
  const events = new MovedOffsets(admin);
  await admin.everywhere(['from now on'], () => events.next());
  await pause(clock, FIRST_ROUND_MS);
  for (;;) {
    const groups = (await admin.topics()).map(groupOfRetryTopic).filter((group) => group !== undefined);
    // A group that has no figures or no members, or went away since, is refused.
    const undone = await admin.everywhere(groups.sort(), (group) => unlessRefused(undoneOf(admin, group)));
    const moved = await admin.everywhere(['since the last round'], () => events.next());
    const undoneMsgs = undone.done.flatMap(([, rows = []]) => rows);
    const deleteMsgsEvents = moved.done.flatMap(([, rows]) => rows);
    yield {
      lines: [
        '[MONITOR] =========================================beginRound',
        ...undoneMsgs.map((row) => `[MONITOR] reportUndoneMsgs: UndoneMsgs [${fields(row)}]`),
        ...deleteMsgsEvents.map((row) => `[MONITOR] reportDeleteMsgsEvent: DeleteMsgsEvent [${fields(row)}]`),
        '[MONITOR] =========================================endRound',
      ],
      json: { time: clock.now(), undoneMsgs, deleteMsgsEvents },
      failures: [...undone.failures, ...moved.failures],
    };
    await pause(clock, ROUND_MS);
  }
}

type Row = Readonly<Record<string, string | number>>;

function fields(row: Row): string {
  const pairs = Object.entries(row).map(([name, value]) => `${name}=${value}`);
  return pairs.join(', ');
}

/** By topic; rejects with AnswerError for a group without figures or members. Java: MonitorService#reportUndoneMsgs. */
async function undoneOf(admin: AdminClient, consumerGroup: string): Promise<Row[]> {
  const { offsetTable } = await admin.consumeStats(consumerGroup);
  await groupMembers(admin, consumerGroup);
  const rows: Row[] = [];
  for (const topic of new Set([...offsetTable.keys()].map((queue) => queue.topic ?? ''))) {
    const lastStored = await lastStoredOf(admin, topic);
    const queues = [...offsetTable].filter(([queue]) => queue.topic === topic);
    const diffs = queues.map(([, { brokerOffset, consumerOffset }]) => Math.max(0, brokerOffset - consumerOffset));
    const delays = queues.map(([queue, { lastTimestamp }]) => {
      return lastTimestamp > 0 ? (lastStored.get(keyOf(queue)) ?? 0) - lastTimestamp : 0;
    });
    rows.push({
      consumerGroup,
      topic,
      undoneMsgsTotal: diffs.reduce((sum, diff) => sum + diff, 0),
      undoneMsgsSingleMQ: Math.max(0, ...diffs),
      undoneMsgsDelayTimeMills: Math.max(0, ...delays),
    });
  }
  return rows;
}

/** Store time of the last message of each queue. */
async function lastStoredOf(admin: AdminClient, topic: string): Promise<ReadonlyMap<string, number>> {
  const ends = await topicStats(admin, topic);
  return new Map([...ends].map(([queue, { lastUpdateTimestamp }]) => [keyOf(queue), lastUpdateTimestamp]));
}

function keyOf({ brokerName, queueId }: MessageQueue): string {
  return `${brokerName}:${queueId}`;
}

/** Reads the events about groups that wanted what was deleted, from the first call on. */
class MovedOffsets {
  readonly #admin: AdminClient;
  /** By address and queue: where to go on. */
  readonly #offsets = new Map<string, number>();

  constructor(admin: AdminClient) {
    this.#admin = admin;
  }

  async next(): Promise<Row[]> {
    const rows: Row[] = [];
    const topic = OFFSET_MOVED_EVENT;
    const { queueDatas } = await this.#admin.route(topic);
    for (const [brokerName, address] of await this.#admin.brokersOfTopic(topic)) {
      const queues = queueDatas.find((data) => data.brokerName === brokerName)?.readQueueNums ?? 0;
      for (let queueId = 0; queueId < queues; queueId++) {
        rows.push(...(await this.#read({ topic, brokerName, queueId, address })));
      }
    }
    return rows;
  }

  async #read(queue: PlacedQueue): Promise<Row[]> {
    const key = `${queue.address}/${queue.queueId}`;
    let offset = this.#offsets.get(key);
    if (offset === undefined) {
      this.#offsets.set(key, await maxOffset(this.#admin, queue));
      return [];
    }
    const rows: Row[] = [];
    for (let pulls = 0; pulls < MOST_PULLS; pulls++) {
      const pulled = await readQueue(this.#admin, queue, { offset, most: EVENTS_A_PULL });
      rows.push(...pulled.messages.flatMap(({ body, storeTimestamp }) => eventRow(body, storeTimestamp)));
      offset = pulled.nextBeginOffset;
      this.#offsets.set(key, offset);
      if (pulled.status !== 'FOUND' || offset >= pulled.maxOffset) break;
    }
    return rows;
  }
}

function eventRow(body: Buffer, eventTimestamp: number): Row[] {
  const event = decodeBody(offsetMovedEvent, body);
  if (event instanceof DecodeError) return [];
  const { consumerGroup = '', messageQueue, offsetRequest, offsetNew } = event;
  const { topic = '', brokerName = '', queueId = -1 } = messageQueue ?? {};
  return [{ consumerGroup, topic, brokerName, queueId, offsetRequest, offsetNew, eventTimestamp }];
}
