import { messageQueue } from './message-queue.ts';
import { bean, optional, property, set, text, type ValueOf } from './schema.ts';

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
