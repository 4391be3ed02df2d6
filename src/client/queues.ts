import type { MessageQueue } from '../codec/bodies/message-queue.ts';
import { type TopicOffset, topicStatsTable } from '../codec/bodies/offsets.ts';
import { compareTexts } from '../util/compare-texts.ts';
import type { AdminClient } from './admin-client.ts';
import type { PullResult } from './mq-client.ts';
import type { PlacedQueue } from './routes.ts';

/** Messages of one pull; `none` found none that match. Java: PullStatus. */
export interface Pulled extends Pick<PullResult, 'messages' | 'nextBeginOffset' | 'minOffset' | 'maxOffset'> {
  readonly status: 'FOUND' | 'NO_NEW_MSG' | 'NO_MATCHED_MSG' | 'OFFSET_ILLEGAL';
}

/** The text that commands print of a queue. Java: MessageQueue#toString. */
export function queueText({ topic, brokerName, queueId }: MessageQueue): string {
  return `MessageQueue [topic=${topic}, brokerName=${brokerName}, queueId=${queueId}]`;
}

/** By topic, broker and number. Java: MessageQueue#compareTo. */
export function compareQueues(a: MessageQueue, b: MessageQueue): number {
  return compareTexts(a.topic, b.topic) || compareTexts(a.brokerName, b.brokerName) || a.queueId - b.queueId;
}

/** Ends of all queues of a topic, broker by broker. Java: DefaultMQAdminExtImpl#examineTopicStats. */
export async function topicStats(admin: AdminClient, topic: string): Promise<ReadonlyMap<MessageQueue, TopicOffset>> {
  const table = new Map<MessageQueue, TopicOffset>();
  for (const [, address] of await admin.brokersOfTopic(topic)) {
    const stats = await admin.mq.askBody(address, 'GET_TOPIC_STATS_INFO', { topic }, topicStatsTable);
    for (const [queue, offset] of stats.offsetTable) table.set(queue, offset);
  }
  return table;
}

/** Index of the first message of a queue. */
export async function minOffset(admin: AdminClient, { address, topic, queueId }: PlacedQueue): Promise<number> {
  return (await admin.mq.askHeader(address, 'GET_MIN_OFFSET', { topic, queueId })).offset;
}

/** Index behind the last message of a queue. */
export async function maxOffset(admin: AdminClient, { address, topic, queueId }: PlacedQueue): Promise<number> {
  return (await admin.mq.askHeader(address, 'GET_MAX_OFFSET', { topic, queueId })).offset;
}

/** Index of a queue at a time. */
export async function searchOffset(
  admin: AdminClient,
  { address, topic, queueId }: PlacedQueue,
  timestamp: number,
): Promise<number> {
  return (await admin.mq.askHeader(address, 'SEARCH_OFFSET_BY_TIMESTAMP', { topic, queueId, timestamp })).offset;
}

/**
 * Reads a queue without waiting. What the broker lets pass because tags have the same hash is dropped, and messages
 * say where the ends of their queue are. Java: DefaultMQPullConsumer#pull, PullAPIWrapper#processPullResult.
 */
export async function readQueue(
  admin: AdminClient,
  queue: PlacedQueue,
  what: { readonly offset: number; readonly most: number; readonly tags?: string; readonly group?: string },
): Promise<Pulled> {
  const { tags = '*', group = TOOLS_CONSUMER_GROUP } = what;
  const pulled = await admin.mq.pull(queue.address, {
    consumerGroup: group,
    topic: queue.topic,
    queueId: queue.queueId,
    queueOffset: what.offset,
    maxMsgNums: what.most,
    subscription: tags,
  });
  const wanted = tagsOf(tags);
  const messages = pulled.messages.filter(({ properties }) => {
    return wanted === undefined || wanted.has(properties.get('TAGS') ?? '');
  });
  for (const { properties } of messages) {
    properties.set('MIN_OFFSET', String(pulled.minOffset));
    properties.set('MAX_OFFSET', String(pulled.maxOffset));
  }
  return { ...pulled, messages, status: STATUSES[pulled.status] };
}

/** Java: MixAll.TOOLS_CONSUMER_GROUP. */
const TOOLS_CONSUMER_GROUP = 'TOOLS_CONSUMER';

/** Java: MQClientAPIImpl#processPullResponse. */
const STATUSES = {
  SUCCESS: 'FOUND',
  PULL_NOT_FOUND: 'NO_NEW_MSG',
  PULL_RETRY_IMMEDIATELY: 'NO_MATCHED_MSG',
  PULL_OFFSET_MOVED: 'OFFSET_ILLEGAL',
} as const;

/** Java: FilterAPI#buildSubscriptionData. */
function tagsOf(expression: string): ReadonlySet<string> | undefined {
  if (expression === '' || expression === '*') return undefined;
  const tags = expression.split('||').map((tag) => tag.trim());
  return new Set(tags.filter((tag) => tag !== ''));
}
