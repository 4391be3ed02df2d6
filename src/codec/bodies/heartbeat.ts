import { bean, bool, int, list, long, oneOf, optional, property, set, text, type ValueOf } from './schema.ts';

/** What one consumer group reads of one topic. Java: SubscriptionData; `filterClassSource` is never on the wire. */
export const subscriptionData = bean({
  classFilterMode: property(bool, false),
  /** Java hashes of the tags; empty for all tags and for SQL. */
  codeSet: property(set(int), () => []),
  /** `TAG` or `SQL92`; Java keeps a null, which every reader takes as TAG. */
  expressionType: property(text, 'TAG'),
  subString: optional(text),
  /** Grows with every change of the subscription. Missing: 0, where Java takes the time of decoding. */
  subVersion: property(long, 0),
  tagsSet: property(set(text), () => []),
  topic: optional(text),
});
export type SubscriptionData = ValueOf<typeof subscriptionData>;

/** Java: ConsumeType; push clients are PASSIVELY. */
export const consumeType = oneOf('CONSUME_ACTIVELY', 'CONSUME_PASSIVELY');
export type ConsumeType = ValueOf<typeof consumeType>;

/** Java: MessageModel. */
export const messageModel = oneOf('BROADCASTING', 'CLUSTERING');
export type MessageModel = ValueOf<typeof messageModel>;

/** Java: ConsumeFromWhere. */
export const consumeFromWhere = oneOf(
  'CONSUME_FROM_LAST_OFFSET',
  'CONSUME_FROM_LAST_OFFSET_AND_FROM_MIN_WHEN_BOOT_FIRST',
  'CONSUME_FROM_MIN_OFFSET',
  'CONSUME_FROM_MAX_OFFSET',
  'CONSUME_FROM_FIRST_OFFSET',
  'CONSUME_FROM_TIMESTAMP',
);
export type ConsumeFromWhere = ValueOf<typeof consumeFromWhere>;

/** One consumer group of a client. Java: ConsumerData. */
export const consumerData = bean({
  consumeFromWhere: optional(consumeFromWhere),
  consumeType: optional(consumeType),
  groupName: optional(text),
  messageModel: optional(messageModel),
  subscriptionDataSet: property(set(subscriptionData), () => []),
  unitMode: property(bool, false),
});
export type ConsumerData = ValueOf<typeof consumerData>;

/** One producer group of a client. Java: ProducerData. */
export const producerData = bean({ groupName: optional(text) });
export type ProducerData = ValueOf<typeof producerData>;

/** Body of HEART_BEAT (34); note `clientID` with a capital D. Java: HeartbeatData. */
export const heartbeatData = bean({
  clientID: optional(text),
  consumerDataSet: property(set(consumerData), () => []),
  producerDataSet: property(set(producerData), () => []),
});
export type HeartbeatData = ValueOf<typeof heartbeatData>;

/** Body of CHECK_CLIENT_CONFIG (46). Java: CheckClientRequestBody. */
export const checkClientRequestBody = bean({
  clientId: optional(text),
  group: optional(text),
  subscriptionData: optional(subscriptionData),
});
export type CheckClientRequestBody = ValueOf<typeof checkClientRequestBody>;

/** Answer of GET_CONSUMER_LIST_BY_GROUP (38). Java: GetConsumerListByGroupResponseBody. */
export const consumerIdListBody = bean({ consumerIdList: property(list(text), () => []) });
export type ConsumerIdListBody = ValueOf<typeof consumerIdListBody>;
