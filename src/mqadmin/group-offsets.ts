/** Commands that write offsets of groups. */

import type { AdminClient } from '../client/admin-client.ts';
import { AnswerError } from '../client/answer.ts';
import { commitOffset, groupStats } from '../client/groups.ts';
import { maxOffset, searchOffset } from '../client/queues.ts';
import { addressIn, brokersOf, type PlacedQueue } from '../client/routes.ts';
import { consumeStats } from '../codec/bodies/consume-stats.ts';
import type { MessageQueue } from '../codec/bodies/message-queue.ts';
import { resetOffsetBody, topicStatsTable } from '../codec/bodies/offsets.ts';
import type { TopicRouteData } from '../codec/bodies/route.ts';
import { type Call, CommandError, type Output, placedIn } from './command.ts';
import { front, printf } from './text.ts';
import { timestampOf } from './timestamp.ts';

const NAME_WIDTH = 32;
const RESET_TIMEOUT_MS = 15_000;
const RESET_FORMAT = '%-40s  %-40s  %-40s';
const OLD_FORMAT = '%-20s  %-20s  %-20s  %-20s  %-20s  %-20s';

/**
 * Copies where one group goes on reading a topic to another. Java copies the ends of the queues, of all topics of the
 * group: what the source has not read yet is skipped. ADR 0053. Java: CloneGroupOffsetCommand.
 */
export async function cloneGroupOffset({ admin, options }: Call<'cloneGroupOffset'>): Promise<Output> {
  const { srcGroup, destGroup, topic } = options;
  const { offsetTable } = await groupStats(admin, srcGroup);
  const route = await admin.route(topic);
  const queues = [...offsetTable].filter(([queue, { consumerOffset }]) => queue.topic === topic && consumerOffset >= 0);
  if (queues.length === 0) throw new CommandError(`group ${srcGroup} has no offsets of topic ${topic}`);
  const copied: Record<string, unknown>[] = [];
  for (const [{ brokerName = '', queueId }, { consumerOffset }] of queues) {
    const { address } = placedIn(route, { topic, brokerName, queueId });
    await commitOffset(admin, address, { consumerGroup: destGroup, topic, queueId, commitOffset: consumerOffset });
    copied.push({ brokerName, queueId, offset: consumerOffset });
  }
  const line = `clone group offset success. srcGroup[${srcGroup}], destGroup=[${destGroup}], topic[${topic}]`;
  return { lines: [line], json: { srcGroup, destGroup, topic, offsets: copied } };
}

/** Java: ResetOffsetByTimeCommand. A group without members is reset by writing its offsets. */
export async function resetOffsetByTime(call: Call<'resetOffsetByTime'>): Promise<Output> {
  const { admin, options, clock } = call;
  const { group, topic, force = true } = options;
  if (options.cplus) throw new CommandError('-c: resetting members in C++ is not available; use the stock mqadmin');
  const timestamp = options.timestamp === 'now' ? clock.now() : (timestampOf('s', options.timestamp) as number);
  const what = { group, topic, force, timestamp, written: options.timestamp };
  try {
    return await resetThroughMembers(admin, what);
  } catch (error) {
    if (error instanceof AnswerError && error.code === 'CONSUMER_NOT_ONLINE') return resetAtBrokers(admin, what);
    throw error;
  }
}

interface Reset {
  readonly group: string;
  readonly topic: string;
  readonly force: boolean;
  readonly timestamp: number;
  /** The time as it was given. */
  readonly written: string;
}

/** What is done, under the name that Java has for the group in this place. */
function resetText(name: string, { group, topic, force, timestamp, written }: Reset): string {
  return (
    `rollback consumer offset by specified ${name}[${group}], topic[${topic}], force[${force}], ` +
    `timestamp(string)[${written}], timestamp(long)[${timestamp}]`
  );
}

/** Java: DefaultMQAdminExtImpl#resetOffsetByTimestamp. */
async function resetThroughMembers(admin: AdminClient, what: Reset): Promise<Output> {
  const { group, topic, force, timestamp } = what;
  const found: (readonly [MessageQueue, number])[] = [];
  for (const address of brokersOf(await admin.route(topic))) {
    const header = { topic, group, timestamp, isForce: force };
    const kind = resetOffsetBody;
    const answer = await admin.mq.askBody(address, 'INVOKE_BROKER_TO_RESET_OFFSET', header, kind, RESET_TIMEOUT_MS);
    found.push(...answer.offsetTable);
  }
  return {
    lines: [
      resetText('group', what),
      printf(RESET_FORMAT, '#brokerName', '#queueId', '#offset'),
      ...found.map(([{ brokerName = '', queueId }, offset]) => {
        return printf(RESET_FORMAT, front(brokerName, NAME_WIDTH), queueId, offset);
      }),
    ],
    json: { ...what, offsets: found.map(([queue, offset]) => ({ ...queue, offset })) },
  };
}

interface Rollback {
  readonly brokerName: string;
  readonly queueId: number;
  readonly brokerOffset: number;
  readonly consumerOffset: number;
  readonly timestampOffset: number;
  readonly rollbackOffset: number;
}

/** Java: ResetOffsetByTimeOldCommand#resetOffset, DefaultMQAdminExtImpl#resetOffsetByTimestampOld. */
async function resetAtBrokers(admin: AdminClient, what: Reset): Promise<Output> {
  const { group, topic } = what;
  const route = await admin.route(topic);
  const done: Rollback[] = [];
  for (const { brokerName = '' } of route.brokerDatas) {
    const address = addressIn(route, brokerName);
    if (address === undefined) continue;
    for (const row of await offsetsAt(admin, { route, address, brokerName, group, topic })) {
      done.push(await rollBack(admin, { topic, brokerName, queueId: row.queueId, address }, what, row));
    }
  }
  const heads = ['#brokerName', '#queueId', '#brokerOffset', '#consumerOffset', '#timestampOffset', '#rollbackOffset'];
  return {
    lines: [
      resetText('consumerGroup', what),
      printf(OLD_FORMAT, ...heads),
      ...done.map(({ brokerName, ...row }) => printf(OLD_FORMAT, front(brokerName, NAME_WIDTH), ...Object.values(row))),
    ],
    json: { ...what, offsets: done },
  };
}

interface QueueOffsets {
  readonly queueId: number;
  readonly brokerOffset: number;
  readonly consumerOffset: number;
}

/** Offsets of the group at one broker; the beginnings of the queues for one that has never read them. */
async function offsetsAt(
  admin: AdminClient,
  where: {
    readonly route: TopicRouteData;
    readonly address: string;
    readonly brokerName: string;
    readonly group: string;
    readonly topic: string;
  },
): Promise<QueueOffsets[]> {
  const { address, brokerName, group: consumerGroup, topic } = where;
  const stats = await admin.mq.askBody(address, 'GET_CONSUME_STATS', { consumerGroup }, consumeStats);
  const known = [...stats.offsetTable].filter(([queue]) => queue.topic === topic);
  if (known.length > 0) {
    return known.map(([{ queueId }, { brokerOffset, consumerOffset }]) => ({ queueId, brokerOffset, consumerOffset }));
  }
  const readQueueNums = where.route.queueDatas.find((data) => data.brokerName === brokerName)?.readQueueNums ?? 0;
  const { offsetTable } = await admin.mq.askBody(address, 'GET_TOPIC_STATS_INFO', { topic }, topicStatsTable);
  return [...offsetTable].flatMap(([{ queueId }, { minOffset, maxOffset: brokerOffset }]) => {
    return queueId < readQueueNums ? [{ queueId, brokerOffset, consumerOffset: minOffset }] : [];
  });
}

async function rollBack(
  admin: AdminClient,
  queue: PlacedQueue,
  { group: consumerGroup, force, timestamp }: Reset,
  { brokerOffset, consumerOffset }: QueueOffsets,
): Promise<Rollback> {
  const { topic, brokerName, queueId, address } = queue;
  const timestampOffset =
    timestamp === -1 ? await maxOffset(admin, queue) : await searchOffset(admin, queue, timestamp);
  const isMoved = force || timestampOffset <= consumerOffset;
  if (isMoved) await commitOffset(admin, address, { consumerGroup, topic, queueId, commitOffset: timestampOffset });
  const rollbackOffset = isMoved ? timestampOffset : consumerOffset;
  return { brokerName, queueId, brokerOffset, consumerOffset, timestampOffset, rollbackOffset };
}
