import { bean, int, long, optional, property, set, text, type ValueOf } from './schema.ts';

/** One queue of a topic on one broker. Java: MessageQueue. */
export const messageQueue = bean({
  brokerName: optional(text),
  queueId: property(int, 0),
  topic: optional(text),
});
export type MessageQueue = ValueOf<typeof messageQueue>;

/** Body of LOCK_BATCH_MQ (41) and UNLOCK_BATCH_MQ (42). Java: LockBatchRequestBody, UnlockBatchRequestBody. */
export const lockBatchRequestBody = bean({
  clientId: optional(text),
  consumerGroup: optional(text),
  mqSet: property(set(messageQueue), () => []),
});
export type LockBatchRequestBody = ValueOf<typeof lockBatchRequestBody>;

/** Answer of LOCK_BATCH_MQ (41): what is locked for the asking client now. Java: LockBatchResponseBody. */
export const lockBatchResponseBody = bean({ lockOKMQSet: property(set(messageQueue), () => []) });
export type LockBatchResponseBody = ValueOf<typeof lockBatchResponseBody>;

/** Body of the messages on topic OFFSET_MOVED_EVENT. Java: OffsetMovedEvent. */
export const offsetMovedEvent = bean({
  consumerGroup: optional(text),
  messageQueue: optional(messageQueue),
  offsetNew: property(long, 0),
  offsetRequest: property(long, 0),
});
export type OffsetMovedEvent = ValueOf<typeof offsetMovedEvent>;
