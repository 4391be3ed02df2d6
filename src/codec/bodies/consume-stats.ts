import { type MessageQueue, messageQueue } from './message-queue.ts';
import { bean, beanKey, double, list, long, mapOf, optional, property, text, textKey, type ValueOf } from './schema.ts';

/** How far a group is in one queue. Java: OffsetWrapper. */
export const offsetWrapper = bean({
  brokerOffset: property(long, 0),
  consumerOffset: property(long, 0),
  lastTimestamp: property(long, 0),
});
export type OffsetWrapper = ValueOf<typeof offsetWrapper>;

/** Answer of GET_CONSUME_STATS (208). Java: ConsumeStats. */
export const consumeStats = bean({
  /** NaN, as Java has it in its first sampling interval, is written as null. */
  consumeTps: property(double, 0),
  offsetTable: property(mapOf(beanKey(messageQueue), offsetWrapper), () => new Map<MessageQueue, OffsetWrapper>()),
});
export type ConsumeStats = ValueOf<typeof consumeStats>;

/** Answer of GET_BROKER_CONSUME_STATS (317): for each group one map with its name alone. Java: ConsumeStatsList. */
export const consumeStatsList = bean({
  brokerAddr: optional(text),
  consumeStatsList: property(list(mapOf(textKey, list(consumeStats))), () => []),
  totalDiff: property(long, 0),
});
export type ConsumeStatsList = ValueOf<typeof consumeStatsList>;
