import { subscriptionData } from './heartbeat.ts';
import { type MessageQueue, messageQueue } from './message-queue.ts';
import {
  bean,
  beanKey,
  bool,
  double,
  int,
  type Kind,
  long,
  mapOf,
  oneOf,
  optional,
  property,
  set,
  text,
  textKey,
  type ValueOf,
} from './schema.ts';

/** What a client holds of one queue. Java: ProcessQueueInfo, wrong spellings included. */
export const processQueueInfo = bean({
  cachedMsgCount: property(int, 0),
  cachedMsgMaxOffset: property(long, 0),
  cachedMsgMinOffset: property(long, 0),
  cachedMsgSizeInMiB: property(int, 0),
  commitOffset: property(long, 0),
  droped: property(bool, false),
  lastConsumeTimestamp: property(long, 0),
  lastLockTimestamp: property(long, 0),
  lastPullTimestamp: property(long, 0),
  locked: property(bool, false),
  transactionMsgCount: property(int, 0),
  transactionMsgMaxOffset: property(long, 0),
  transactionMsgMinOffset: property(long, 0),
  tryUnlockTimes: property(long, 0),
});
export type ProcessQueueInfo = ValueOf<typeof processQueueInfo>;

/** How fast a client reads one topic. Java: ConsumeStatus. */
export const consumeStatus = bean({
  consumeFailedMsgs: property(long, 0),
  consumeFailedTPS: property(double, 0),
  consumeOKTPS: property(double, 0),
  consumeRT: property(double, 0),
  pullRT: property(double, 0),
  pullTPS: property(double, 0),
});
export type ConsumeStatus = ValueOf<typeof consumeStatus>;

/** A setting of the client: Java's properties may hold numbers, switches and names beside texts. */
const anyText: Kind<string> = {
  read: (value) => (typeof value === 'object' && value !== null ? '{}' : String(value)),
  write: text.write,
};

/** Answer of GET_CONSUMER_RUNNING_INFO (307), made by a client. Java: ConsumerRunningInfo. */
export const consumerRunningInfo = bean({
  jstack: optional(text),
  mqTable: property(mapOf(beanKey(messageQueue), processQueueInfo), () => new Map<MessageQueue, ProcessQueueInfo>()),
  properties: property(mapOf(textKey, anyText), () => new Map<string, string>()),
  statusTable: property(mapOf(textKey, consumeStatus), () => new Map<string, ConsumeStatus>()),
  subscriptionSet: property(set(subscriptionData), () => []),
});
export type ConsumerRunningInfo = ValueOf<typeof consumerRunningInfo>;

/** Answer of CONSUME_MESSAGE_DIRECTLY (309), made by a client. Java: ConsumeMessageDirectlyResult, CMResult. */
export const consumeMessageDirectlyResult = bean({
  autoCommit: property(bool, true),
  consumeResult: optional(
    oneOf('CR_SUCCESS', 'CR_LATER', 'CR_ROLLBACK', 'CR_COMMIT', 'CR_THROW_EXCEPTION', 'CR_RETURN_NULL'),
  ),
  order: property(bool, false),
  remark: optional(text),
  spentTimeMills: property(long, 0),
});
export type ConsumeMessageDirectlyResult = ValueOf<typeof consumeMessageDirectlyResult>;
