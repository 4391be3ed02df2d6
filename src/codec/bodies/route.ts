import { bean, int, integerKey, list, mapOf, optional, property, set, text, textKey, type ValueOf } from './schema.ts';

/** Queues of one topic on one broker. Java: QueueData; the property really is called topicSynFlag. */
export const queueData = bean({
  brokerName: optional(text),
  perm: property(int, 0),
  readQueueNums: property(int, 0),
  topicSynFlag: property(int, 0),
  writeQueueNums: property(int, 0),
});
export type QueueData = ValueOf<typeof queueData>;

/** The brokerId of a master; slaves of its name have greater ones. Java: MixAll.MASTER_ID. */
export const MASTER_ID = 0;

/** Addresses of one broker name: brokerId → `ip:port`. Java: BrokerData. */
export const brokerData = bean({
  brokerAddrs: property(mapOf(integerKey, text), () => new Map<number, string>()),
  brokerName: optional(text),
  cluster: optional(text),
});
export type BrokerData = ValueOf<typeof brokerData>;

/** Answer of GET_ROUTEINTO_BY_TOPIC (105). Java: TopicRouteData. */
export const topicRouteData = bean({
  brokerDatas: property(list(brokerData), () => []),
  filterServerTable: property(mapOf(textKey, list(text)), () => new Map<string, readonly string[]>()),
  /** `brokerName:queueNum;…`; absent unless the topic is ordered. */
  orderTopicConf: optional(text),
  queueDatas: property(list(queueData), () => []),
});
export type TopicRouteData = ValueOf<typeof topicRouteData>;

/** Answer of GET_BROKER_CLUSTER_INFO (106). Java: ClusterInfo. */
export const clusterInfo = bean({
  brokerAddrTable: property(mapOf(textKey, brokerData), () => new Map<string, BrokerData>()),
  clusterAddrTable: property(mapOf(textKey, set(text)), () => new Map<string, readonly string[]>()),
});
export type ClusterInfo = ValueOf<typeof clusterInfo>;
