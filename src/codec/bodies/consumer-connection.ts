import { languages } from '../scanned-command.ts';
import { consumeFromWhere, consumeType, messageModel, type SubscriptionData, subscriptionData } from './heartbeat.ts';
import { bean, int, mapOf, oneOf, optional, property, set, text, textKey, type ValueOf } from './schema.ts';

/** One connected client. Java: Connection. */
export const clientConnection = bean({
  clientAddr: optional(text),
  clientId: optional(text),
  language: optional(oneOf(...languages)),
  version: property(int, 0),
});

/** Answer of GET_CONSUMER_CONNECTION_LIST (203). Java: ConsumerConnection. */
export const consumerConnection = bean({
  connectionSet: property(set(clientConnection), () => []),
  consumeFromWhere: optional(consumeFromWhere),
  consumeType: optional(consumeType),
  messageModel: optional(messageModel),
  subscriptionTable: property(mapOf(textKey, subscriptionData), () => new Map<string, SubscriptionData>()),
});
export type ConsumerConnection = ValueOf<typeof consumerConnection>;

/** Answer of GET_PRODUCER_CONNECTION_LIST (204). Java: ProducerConnection. */
export const producerConnection = bean({ connectionSet: property(set(clientConnection), () => []) });
export type ProducerConnection = ValueOf<typeof producerConnection>;

/** Answer of QUERY_TOPIC_CONSUME_BY_WHO (300). Java: GroupList. */
export const groupList = bean({ groupList: property(set(text), () => []) });
export type GroupList = ValueOf<typeof groupList>;
