import { field, header } from '../header.ts';

/** Requests that name a topic only. Java: GetTopicStatsInfoRequestHeader, DeleteTopicRequestHeader and the like. */
export const topicRequest = header({
  topic: field.string('topic'),
});

/** Java: CreateTopicRequestHeader. */
export const createTopicRequest = header({
  topic: field.string('topic'),
  defaultTopic: field.string('template; not used'),
  readQueueNums: field.integer('queues to read'),
  writeQueueNums: field.integer('queues to write'),
  perm: field.integer('bits of PermName'),
  topicFilterType: field.string('SINGLE_TAG or MULTI_TAG'),
  topicSysFlag: field.optionalInteger('bits of TopicSysFlag'),
  order: field.boxedBoolean('not stored: the name server decides'),
});

/** Java: GetBrokerConfigResponseHeader. */
export const brokerConfigResponse = header({
  version: field.string('data version of the settings, as JSON text'),
});

/** Java: GetConsumerConnectionListRequestHeader. */
export const consumerConnectionListRequest = header({
  consumerGroup: field.string('consumer group'),
});

/** Java: GetProducerConnectionListRequestHeader. */
export const producerConnectionListRequest = header({
  producerGroup: field.string('producer group'),
});

/** Java: DeleteSubscriptionGroupRequestHeader. */
export const deleteSubscriptionGroupRequest = header({
  groupName: field.string('consumer group'),
});

/** Java: GetConsumeStatsRequestHeader. */
export const consumeStatsRequest = header({
  consumerGroup: field.string('consumer group'),
  topic: field.optionalString('topic; absent: all topics with offsets of the group'),
});

/** Java: RegisterFilterServerRequestHeader. */
export const registerFilterServerRequest = header({
  filterServerAddr: field.optionalString('address of the filter server'),
});

/** Java: RegisterFilterServerResponseHeader. */
export const registerFilterServerResponse = header({
  brokerName: field.string('name of the broker'),
  brokerId: field.long('id of the broker'),
});

/** Java: RegisterMessageFilterClassRequestHeader. */
export const registerMessageFilterClassRequest = header({
  consumerGroup: field.string('consumer group'),
  topic: field.string('topic'),
  className: field.string('name of the filter class'),
  classCRC: field.integer('checksum of the source'),
});

/** Java: QueryConsumeTimeSpanRequestHeader. */
export const queryConsumeTimeSpanRequest = header({
  topic: field.string('topic'),
  group: field.string('consumer group'),
});

/** Java: QueryCorrectionOffsetHeader. */
export const queryCorrectionOffsetRequest = header({
  filterGroups: field.optionalString('groups to leave out, joined by commas'),
  compareGroup: field.string('group to compare with'),
  topic: field.string('topic'),
});

/** Java: CloneGroupOffsetRequestHeader. */
export const cloneGroupOffsetRequest = header({
  srcGroup: field.string('group to copy from'),
  destGroup: field.string('group to copy to'),
  topic: field.optionalString('topic; without one nothing is copied'),
  offline: field.boolean('also a topic that the connected members of the group do not read'),
});

/** Java: ViewBrokerStatsDataRequestHeader. */
export const viewBrokerStatsDataRequest = header({
  statsName: field.string('name of the statistics item'),
  statsKey: field.string('key within the item'),
});

/** Java: GetConsumeStatsInBrokerHeader. */
export const consumeStatsInBrokerRequest = header({
  isOrder: field.boolean('ordered topics only'),
});

/** Java: CreateAccessConfigRequestHeader. */
export const createAccessConfigRequest = header({
  accessKey: field.string('account'),
  secretKey: field.optionalString('secret'),
  whiteRemoteAddress: field.optionalString('addresses that need no signature'),
  admin: field.boolean('administrator'),
  defaultTopicPerm: field.optionalString('for topics not listed'),
  defaultGroupPerm: field.optionalString('for groups not listed'),
  topicPerms: field.optionalString('topic=PERM, joined by commas'),
  groupPerms: field.optionalString('group=PERM, joined by commas'),
});

/** Java: DeleteAccessConfigRequestHeader. */
export const deleteAccessConfigRequest = header({
  accessKey: field.string('account'),
});

/** Java: GetBrokerAclConfigResponseHeader. */
export const brokerAclConfigResponse = header({
  version: field.string('data version of the accounts, as JSON text'),
  brokerName: field.string('name of the broker'),
  brokerAddr: field.string('address of the broker'),
  clusterName: field.string('cluster of the broker'),
});

/** Java: UpdateGlobalWhiteAddrsConfigRequestHeader. */
export const updateGlobalWhiteAddrsRequest = header({
  globalWhiteAddrs: field.string('addresses, joined by commas'),
});
