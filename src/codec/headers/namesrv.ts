import { field, header } from '../header.ts';

/** Java: PutKVConfigRequestHeader. */
export const putKvConfigRequest = header({
  namespace: field.string('namespace'),
  key: field.string('key'),
  value: field.string('value'),
});

/** Java: GetKVConfigRequestHeader, DeleteKVConfigRequestHeader. */
export const kvConfigRequest = header({
  namespace: field.string('namespace'),
  key: field.string('key'),
});

/** Java: GetKVConfigResponseHeader. */
export const kvConfigResponse = header({
  value: field.optionalString('value'),
});

/** Java: GetKVListByNamespaceRequestHeader. */
export const kvListByNamespaceRequest = header({
  namespace: field.string('namespace'),
});

/** Java: RegisterBrokerRequestHeader. */
export const registerBrokerRequest = header({
  brokerName: field.string('name of the broker'),
  brokerAddr: field.string('address for clients'),
  clusterName: field.string('cluster of the broker'),
  haServerAddr: field.string('address for replication'),
  brokerId: field.boxedLong('0 for a master'),
  compressed: field.boolean('the body is compressed'),
  bodyCrc32: field.int('checksum of the body; 0: not checked'),
});

/** Java: RegisterBrokerResponseHeader. Both absent for a master. */
export const registerBrokerResponse = header({
  haServerAddr: field.optionalString('replication address of the master'),
  masterAddr: field.optionalString('address of the master'),
});

/** Java: UnRegisterBrokerRequestHeader. */
export const unregisterBrokerRequest = header({
  brokerName: field.string('name of the broker'),
  brokerAddr: field.string('address for clients'),
  clusterName: field.string('cluster of the broker'),
  brokerId: field.boxedLong('0 for a master'),
});

/**
 * Java: GetRouteInfoRequestHeader. The topic is marked required in Java, but a missing one is answered as an unknown
 * topic called `null`. An extra extField `acceptStandardJsonOnly` = `true` asks for quoted map keys.
 */
export const routeInfoRequest = header({
  topic: field.optionalString('topic'),
});

/** Java: WipeWritePermOfBrokerRequestHeader. */
export const wipeWritePermRequest = header({
  brokerName: field.string('name of the broker'),
});

/** Java: WipeWritePermOfBrokerResponseHeader. */
export const wipeWritePermResponse = header({
  wipeTopicCount: field.integer('topics touched'),
});

/** Java: DeleteTopicInNamesrvRequestHeader. */
export const deleteTopicInNamesrvRequest = header({
  topic: field.string('topic'),
});

/** Java: GetTopicsByClusterRequestHeader. */
export const topicsByClusterRequest = header({
  cluster: field.string('cluster'),
});

/** Java: QueryDataVersionRequestHeader. */
export const queryDataVersionRequest = header({
  brokerName: field.string('name of the broker'),
  brokerAddr: field.string('address for clients'),
  clusterName: field.string('cluster of the broker'),
  brokerId: field.boxedLong('0 for a master'),
});

/** Java: QueryDataVersionResponseHeader. */
export const queryDataVersionResponse = header({
  changed: field.boxedBoolean('the broker has to register'),
});
