import { type MessageQueue, messageQueue } from './message-queue.ts';
import {
  bean,
  beanKey,
  int,
  integerKey,
  list,
  long,
  mapOf,
  optional,
  property,
  text,
  textKey,
  type ValueOf,
} from './schema.ts';

/** Offsets by queue, as a client keeps them. Java: Map of MessageQueue and Long. */
const offsetsByQueue = mapOf(beanKey(messageQueue), long);
export type OffsetsByQueue = ValueOf<typeof offsetsByQueue>;

/** Body of RESET_CONSUMER_CLIENT_OFFSET (220), answer of INVOKE_BROKER_TO_RESET_OFFSET (222). Java: ResetOffsetBody. */
export const resetOffsetBody = bean({
  offsetTable: property(offsetsByQueue, () => new Map<MessageQueue, number>()),
});
export type ResetOffsetBody = ValueOf<typeof resetOffsetBody>;

/** Body of 220 when an administrator's tool in C++ asks: a list without object keys. Java: ResetOffsetBodyForC. */
export const resetOffsetBodyForC = bean({
  offsetTable: property(
    list(
      bean({
        brokerName: optional(text),
        offset: property(long, 0),
        queueId: property(int, 0),
        topic: optional(text),
      }),
    ),
    () => [],
  ),
});
export type ResetOffsetBodyForC = ValueOf<typeof resetOffsetBodyForC>;

/**
 * What a client answers to 221 (`messageQueueTable`) and a broker to 223 (`consumerTable`, by client id).
 * Java: GetConsumerStatusBody.
 */
export const consumerStatusBody = bean({
  consumerTable: property(mapOf(textKey, offsetsByQueue), () => new Map<string, OffsetsByQueue>()),
  messageQueueTable: property(offsetsByQueue, () => new Map<MessageQueue, number>()),
});
export type ConsumerStatusBody = ValueOf<typeof consumerStatusBody>;

/** Ends of one queue and the store time of its last message, 0 for an empty one. Java: TopicOffset. */
export const topicOffset = bean({
  lastUpdateTimestamp: property(long, 0),
  maxOffset: property(long, 0),
  minOffset: property(long, 0),
});
export type TopicOffset = ValueOf<typeof topicOffset>;

/** Answer of GET_TOPIC_STATS_INFO (202). Java: TopicStatsTable. */
export const topicStatsTable = bean({
  offsetTable: property(mapOf(beanKey(messageQueue), topicOffset), () => new Map<MessageQueue, TopicOffset>()),
});
export type TopicStatsTable = ValueOf<typeof topicStatsTable>;

/** Times of one queue as a group sees it, ms; the texts are local time. Java: QueueTimeSpan. */
export const queueTimeSpan = bean({
  consumeTimeStamp: property(long, 0),
  consumeTimeStampStr: property(text, ''),
  delayTime: property(long, 0),
  maxTimeStamp: property(long, 0),
  maxTimeStampStr: property(text, ''),
  messageQueue: optional(messageQueue),
  minTimeStamp: property(long, 0),
  minTimeStampStr: property(text, ''),
});
export type QueueTimeSpan = ValueOf<typeof queueTimeSpan>;

/** Answer of QUERY_CONSUME_TIME_SPAN (303). Java: QueryConsumeTimeSpanBody. */
export const queryConsumeTimeSpanBody = bean({ consumeTimeSpanSet: property(list(queueTimeSpan), () => []) });
export type QueryConsumeTimeSpanBody = ValueOf<typeof queryConsumeTimeSpanBody>;

/** Answer of QUERY_CORRECTION_OFFSET (308), by queue id. Java: QueryCorrectionOffsetBody. */
export const queryCorrectionOffsetBody = bean({
  correctionOffsets: property(mapOf(integerKey, long), () => new Map<number, number>()),
});
export type QueryCorrectionOffsetBody = ValueOf<typeof queryCorrectionOffsetBody>;
