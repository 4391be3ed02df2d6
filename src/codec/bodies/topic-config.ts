import { PermName, permText } from '../sys-flags.ts';
import {
  bean,
  bool,
  concurrentMapOf,
  int,
  intKey,
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

/** Marks a state of a table; two are equal when both numbers are. Java: DataVersion. */
export const dataVersion = bean({
  counter: property(long, 0),
  /** Missing: 0, where Java takes the time of decoding. */
  timestamp: property(long, 0),
});
export type DataVersion = ValueOf<typeof dataVersion>;

/** Java: TopicFilterType; nothing on the broker depends on it. */
export const topicFilterType = oneOf('SINGLE_TAG', 'MULTI_TAG');
export type TopicFilterType = ValueOf<typeof topicFilterType>;

/** Settings of one topic on one broker. Java: TopicConfig. */
export const topicConfig = bean({
  order: property(bool, false),
  perm: property(int, PermName.PERM_READ | PermName.PERM_WRITE),
  readQueueNums: property(int, 16),
  topicFilterType: property(topicFilterType, 'SINGLE_TAG'),
  topicName: optional(text),
  topicSysFlag: property(int, 0),
  writeQueueNums: property(int, 16),
});
export type TopicConfig = ValueOf<typeof topicConfig>;

/** What Java prints for a topic. Java: TopicConfig#toString. */
export function describeTopic(config: TopicConfig): string {
  return (
    `TopicConfig [topicName=${config.topicName}, readQueueNums=${config.readQueueNums}, ` +
    `writeQueueNums=${config.writeQueueNums}, perm=${permText(config.perm)}, ` +
    `topicFilterType=${config.topicFilterType}, topicSysFlag=${config.topicSysFlag}, order=${config.order}]`
  );
}

/** Answer of GET_ALL_TOPIC_CONFIG (21) and, pretty, the file topics.json. Java: TopicConfigSerializeWrapper. */
export const topicConfigSerializeWrapper = bean({
  dataVersion: property(dataVersion, () => ({ counter: 0, timestamp: 0 })),
  topicConfigTable: property(concurrentMapOf(textKey, topicConfig), () => new Map<string, TopicConfig>()),
});
export type TopicConfigSerializeWrapper = ValueOf<typeof topicConfigSerializeWrapper>;

/** Settings of one consumer group on one broker. Java: SubscriptionGroupConfig. */
export const subscriptionGroupConfig = bean({
  brokerId: property(long, 0),
  consumeBroadcastEnable: property(bool, true),
  consumeEnable: property(bool, true),
  consumeFromMinEnable: property(bool, true),
  groupName: optional(text),
  notifyConsumerIdsChangedEnable: property(bool, true),
  retryMaxTimes: property(int, 16),
  retryQueueNums: property(int, 1),
  whichBrokerWhenConsumeSlowly: property(long, 1),
});
export type SubscriptionGroupConfig = ValueOf<typeof subscriptionGroupConfig>;

/** Answer of code 201 and, pretty, the file subscriptionGroup.json. Java: SubscriptionGroupWrapper. */
export const subscriptionGroupWrapper = bean({
  dataVersion: property(dataVersion, () => ({ counter: 0, timestamp: 0 })),
  subscriptionGroupTable: property(
    concurrentMapOf(textKey, subscriptionGroupConfig),
    () => new Map<string, SubscriptionGroupConfig>(),
  ),
});
export type SubscriptionGroupWrapper = ValueOf<typeof subscriptionGroupWrapper>;

/**
 * Answer of GET_ALL_CONSUMER_OFFSET (43) and, pretty, the file consumerOffset.json: `topic@group` → queueId → next
 * queue offset. Java: ConsumerOffsetSerializeWrapper.
 */
export const consumerOffsetSerializeWrapper = bean({
  offsetTable: property(
    concurrentMapOf(textKey, concurrentMapOf(intKey, long)),
    () => new Map<string, ReadonlyMap<number, number>>(),
  ),
});
export type ConsumerOffsetSerializeWrapper = ValueOf<typeof consumerOffsetSerializeWrapper>;

/** Topic names (206, 224, 304, 305, 311–313); `brokerAddr` only in 304. Java: TopicList. */
export const topicList = bean({
  brokerAddr: optional(text),
  topicList: property(set(text), () => []),
});
export type TopicList = ValueOf<typeof topicList>;

/** Key-value answers: 28, 219 and registration. Java: KVTable. */
export const kvTable = bean({ table: property(mapOf(textKey, text), () => new Map<string, string>()) });
export type KVTable = ValueOf<typeof kvTable>;

/** The name server's file kvConfig.json, compact: namespace → key → value. Java: KVConfigSerializeWrapper. */
export const kvConfigSerializeWrapper = bean({
  configTable: property(mapOf(textKey, mapOf(textKey, text)), () => new Map<string, ReadonlyMap<string, string>>()),
});
export type KVConfigSerializeWrapper = ValueOf<typeof kvConfigSerializeWrapper>;
