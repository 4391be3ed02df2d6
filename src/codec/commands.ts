import { type HeaderSchema, noHeader } from './header.ts';
import * as admin from './headers/admin.ts';
import * as consumer from './headers/consumer.ts';
import * as namesrv from './headers/namesrv.ts';
import { pullMessageRequest, pullMessageResponse } from './headers/pull.ts';
import * as query from './headers/query.ts';
import { replyMessageRequest } from './headers/reply.ts';
import { sendMessageRequest, sendMessageRequestV2, sendMessageResponse } from './headers/send.ts';
import * as transaction from './headers/transaction.ts';
import type { ResponseName } from './response-codes.ts';

/** Who serves a request code. `later` rows name what 4.6.0 serves and ours does not yet: they answer code 3. */
export type Server = 'broker' | 'namesrv' | 'client';
/** Classes of work with bounds of their own; Java has a thread pool for each. */
export type Lane = 'send' | 'pull' | 'reply' | 'query' | 'client' | 'heartbeat' | 'consumer' | 'transaction' | 'admin';

export interface CommandRow {
  readonly code: number;
  /** Who answers it in 4.6.0; empty: nobody. */
  readonly servedBy: readonly Server[];
  /** Servers of which ours does not answer it yet. */
  readonly later?: readonly Server[];
  /** Where a broker answers. */
  readonly ports: readonly ('main' | 'vip')[];
  readonly request: HeaderSchema;
  readonly response: HeaderSchema;
  /** True when Java's answer carries extFields even when no field is set (`{}`). */
  readonly responseHeader: boolean;
  readonly requestBody: string;
  readonly responseBody: string;
  /** Response codes of the handler itself; the dispatcher may add SYSTEM_ERROR, SYSTEM_BUSY to any. */
  readonly replies: readonly ResponseName[];
  readonly lane: Lane;
  /** Class and method that serve it in 4.6.0. */
  readonly java: string;
  readonly doc: string;
}

const MAIN = ['main'] as const;
const MAIN_AND_VIP = ['main', 'vip'] as const;
const LATER = ['broker'] as const;
const BROKER_AND_CLIENT = ['broker', 'client'] as const;
const SEND_REPLIES = [
  'SUCCESS',
  'FLUSH_DISK_TIMEOUT',
  'SLAVE_NOT_AVAILABLE',
  'FLUSH_SLAVE_TIMEOUT',
  'SYSTEM_ERROR',
  'MESSAGE_ILLEGAL',
  'SERVICE_NOT_AVAILABLE',
  'NO_PERMISSION',
  'TOPIC_NOT_EXIST',
  'SUBSCRIPTION_GROUP_NOT_EXIST',
] as const;

const REPLY_REPLIES = ['SUCCESS', 'SYSTEM_ERROR', 'NO_PERMISSION', 'TOPIC_NOT_EXIST'] as const;

const PULL_REPLIES = [
  'SUCCESS',
  'PULL_NOT_FOUND',
  'PULL_RETRY_IMMEDIATELY',
  'PULL_OFFSET_MOVED',
  'SYSTEM_ERROR',
  'NO_PERMISSION',
  'TOPIC_NOT_EXIST',
  'SUBSCRIPTION_PARSE_FAILED',
  'SUBSCRIPTION_NOT_EXIST',
  'SUBSCRIPTION_NOT_LATEST',
  'SUBSCRIPTION_GROUP_NOT_EXIST',
  'FILTER_DATA_NOT_EXIST',
  'FILTER_DATA_NOT_LATEST',
] as const;

/** What a row has unless it says otherwise: no headers, no bodies, always done. */
const PLAIN = {
  request: noHeader,
  response: noHeader,
  responseHeader: false,
  requestBody: 'none',
  responseBody: 'none',
  replies: ['SUCCESS'],
  lane: 'admin',
} as const;
const BROKER = { ...PLAIN, servedBy: ['broker'], ports: MAIN_AND_VIP } as const;
/** Java's broker gives every code that no other processor is registered for to AdminBrokerProcessor. */
const ADMIN = BROKER;
const NAMESRV = { ...PLAIN, servedBy: ['namesrv'], ports: MAIN } as const;
const CLIENT = { ...PLAIN, servedBy: ['client'], ports: [], lane: 'client' } as const;
/** In RequestCode of 4.6.0, but neither broker, name server nor client know what to do with it. */
const NOBODY = { ...PLAIN, servedBy: [], ports: [] } as const;

/** THE TABLE: every request code of 4.6.0, once. Types, dispatch, documents and tests derive from it. */
export const commands = {
  SEND_MESSAGE: {
    ...BROKER,
    code: 10,
    request: sendMessageRequest,
    response: sendMessageResponse,
    responseHeader: true,
    requestBody: 'message body',
    replies: SEND_REPLIES,
    lane: 'send',
    java: 'SendMessageProcessor#sendMessage',
    doc: 'Stores one message, or a batch when the header says so.',
  },
  PULL_MESSAGE: {
    ...BROKER,
    code: 11,
    ports: MAIN,
    request: pullMessageRequest,
    response: pullMessageResponse,
    responseHeader: true,
    responseBody: 'records',
    replies: PULL_REPLIES,
    lane: 'pull',
    java: 'PullMessageProcessor#processRequest',
    doc: 'Reads messages of one queue, or waits for them.',
  },
  QUERY_MESSAGE: {
    ...BROKER,
    code: 12,
    request: query.queryMessageRequest,
    response: query.queryMessageResponse,
    responseHeader: true,
    responseBody: 'records',
    replies: ['SUCCESS', 'QUERY_NOT_FOUND'],
    lane: 'query',
    java: 'QueryMessageProcessor#queryMessage',
    doc: 'Finds messages by key or unique id.',
  },
  QUERY_BROKER_OFFSET: {
    ...NOBODY,
    code: 13,
    java: 'RequestCode',
    doc: 'Declared only.',
  },
  QUERY_CONSUMER_OFFSET: {
    ...BROKER,
    code: 14,
    request: consumer.queryConsumerOffsetRequest,
    response: consumer.queryConsumerOffsetResponse,
    responseHeader: true,
    replies: ['SUCCESS', 'QUERY_NOT_FOUND'],
    lane: 'consumer',
    java: 'ConsumerManageProcessor#queryConsumerOffset',
    doc: 'Where a group goes on reading a queue.',
  },
  UPDATE_CONSUMER_OFFSET: {
    ...BROKER,
    code: 15,
    request: consumer.updateConsumerOffsetRequest,
    responseHeader: true,
    lane: 'consumer',
    java: 'ConsumerManageProcessor#updateConsumerOffset',
    doc: 'Notes where a group goes on reading a queue.',
  },
  UPDATE_AND_CREATE_TOPIC: {
    ...ADMIN,
    code: 17,
    request: admin.createTopicRequest,
    replies: ['SUCCESS', 'SYSTEM_ERROR'],
    java: 'AdminBrokerProcessor#updateAndCreateTopic',
    doc: 'Creates a topic or replaces its settings.',
  },
  GET_ALL_TOPIC_CONFIG: {
    ...ADMIN,
    code: 21,
    responseHeader: true,
    responseBody: 'TopicConfigSerializeWrapper',
    replies: ['SUCCESS', 'SYSTEM_ERROR'],
    java: 'AdminBrokerProcessor#getAllTopicConfig',
    doc: 'All topics of the broker.',
  },
  GET_TOPIC_CONFIG_LIST: {
    ...NOBODY,
    code: 22,
    java: 'RequestCode',
    doc: 'Declared only.',
  },
  GET_TOPIC_NAME_LIST: {
    ...NOBODY,
    code: 23,
    java: 'RequestCode',
    doc: 'Declared only.',
  },
  UPDATE_BROKER_CONFIG: {
    ...ADMIN,
    code: 25,
    later: LATER,
    requestBody: 'properties text',
    replies: ['SUCCESS', 'SYSTEM_ERROR'],
    java: 'AdminBrokerProcessor#updateBrokerConfig',
    doc: 'Changes settings while the broker runs.',
  },
  GET_BROKER_CONFIG: {
    ...ADMIN,
    code: 26,
    response: admin.brokerConfigResponse,
    responseHeader: true,
    responseBody: 'properties text',
    replies: ['SUCCESS', 'SYSTEM_ERROR'],
    java: 'AdminBrokerProcessor#getBrokerConfig',
    doc: 'All settings in force.',
  },
  TRIGGER_DELETE_FILES: {
    ...NOBODY,
    code: 27,
    java: 'RequestCode',
    doc: 'Declared only.',
  },
  GET_BROKER_RUNTIME_INFO: {
    ...ADMIN,
    code: 28,
    responseBody: 'KVTable',
    replies: ['SUCCESS', 'SYSTEM_ERROR'],
    java: 'AdminBrokerProcessor#getBrokerRuntimeInfo',
    doc: 'Counters and gauges of the broker.',
  },
  SEARCH_OFFSET_BY_TIMESTAMP: {
    ...ADMIN,
    code: 29,
    request: query.searchOffsetRequest,
    response: query.offsetResponse,
    responseHeader: true,
    java: 'AdminBrokerProcessor#searchOffsetByTimestamp',
    doc: 'The index of a queue at a time.',
  },
  GET_MAX_OFFSET: {
    ...ADMIN,
    code: 30,
    request: query.queueRequest,
    response: query.offsetResponse,
    responseHeader: true,
    java: 'AdminBrokerProcessor#getMaxOffset',
    doc: 'The index behind the last message of a queue.',
  },
  GET_MIN_OFFSET: {
    ...ADMIN,
    code: 31,
    request: query.queueRequest,
    response: query.offsetResponse,
    responseHeader: true,
    java: 'AdminBrokerProcessor#getMinOffset',
    doc: 'The index of the first message of a queue.',
  },
  GET_EARLIEST_MSG_STORETIME: {
    ...ADMIN,
    code: 32,
    request: query.queueRequest,
    response: query.earliestMsgStoretimeResponse,
    responseHeader: true,
    java: 'AdminBrokerProcessor#getEarliestMsgStoretime',
    doc: 'The store time of the first message of a queue.',
  },
  VIEW_MESSAGE_BY_ID: {
    ...BROKER,
    code: 33,
    request: query.viewMessageRequest,
    responseBody: 'one record',
    replies: ['SUCCESS', 'SYSTEM_ERROR'],
    lane: 'query',
    java: 'QueryMessageProcessor#viewMessageById',
    doc: 'Reads the record at a physical offset.',
  },
  HEART_BEAT: {
    ...BROKER,
    code: 34,
    requestBody: 'HeartbeatData',
    replies: ['SUCCESS'],
    lane: 'heartbeat',
    java: 'ClientManageProcessor#heartBeat',
    doc: 'Registers the producers and consumers of a connection.',
  },
  UNREGISTER_CLIENT: {
    ...BROKER,
    code: 35,
    request: consumer.unregisterClientRequest,
    responseHeader: true,
    lane: 'client',
    java: 'ClientManageProcessor#unregisterClient',
    doc: 'Takes a client out of a group.',
  },
  CONSUMER_SEND_MSG_BACK: {
    ...BROKER,
    code: 36,
    request: consumer.consumerSendMsgBackRequest,
    replies: ['SUCCESS', 'SYSTEM_ERROR', 'NO_PERMISSION', 'SUBSCRIPTION_GROUP_NOT_EXIST'],
    lane: 'send',
    java: 'SendMessageProcessor#consumerSendMsgBack',
    doc: 'Stores a message again for a later retry.',
  },
  END_TRANSACTION: {
    ...BROKER,
    code: 37,
    request: transaction.endTransactionRequest,
    replies: ['SUCCESS', 'SYSTEM_ERROR', 'SLAVE_NOT_AVAILABLE', 'MESSAGE_ILLEGAL', 'SERVICE_NOT_AVAILABLE'],
    lane: 'transaction',
    java: 'EndTransactionProcessor#processRequest',
    doc: 'Commits or rolls back a half message.',
  },
  GET_CONSUMER_LIST_BY_GROUP: {
    ...BROKER,
    code: 38,
    request: consumer.consumerListByGroupRequest,
    responseHeader: true,
    responseBody: 'GetConsumerListByGroupResponseBody',
    replies: ['SUCCESS', 'SYSTEM_ERROR'],
    lane: 'consumer',
    java: 'ConsumerManageProcessor#getConsumerListByGroup',
    doc: 'Client ids of the members of a group.',
  },
  CHECK_TRANSACTION_STATE: {
    ...CLIENT,
    code: 39,
    request: transaction.checkTransactionStateRequest,
    requestBody: 'one record',
    lane: 'client',
    java: 'ClientRemotingProcessor#checkTransactionState',
    doc: 'Asks a producer how its transaction ended.',
  },
  NOTIFY_CONSUMER_IDS_CHANGED: {
    ...CLIENT,
    code: 40,
    request: consumer.notifyConsumerIdsChangedRequest,
    java: 'ClientRemotingProcessor#notifyConsumerIdsChanged',
    doc: 'Tells the members of a group to rebalance.',
  },
  LOCK_BATCH_MQ: {
    ...ADMIN,
    code: 41,
    requestBody: 'LockBatchRequestBody',
    responseBody: 'LockBatchResponseBody',
    java: 'AdminBrokerProcessor#lockBatchMQ',
    doc: 'Locks queues for one member of a group.',
  },
  UNLOCK_BATCH_MQ: {
    ...ADMIN,
    code: 42,
    requestBody: 'UnlockBatchRequestBody',
    java: 'AdminBrokerProcessor#unlockBatchMQ',
    doc: 'Gives locked queues back.',
  },
  GET_ALL_CONSUMER_OFFSET: {
    ...ADMIN,
    code: 43,
    responseBody: 'ConsumerOffsetSerializeWrapper',
    replies: ['SUCCESS', 'SYSTEM_ERROR'],
    java: 'AdminBrokerProcessor#getAllConsumerOffset',
    doc: 'All offsets of all groups, for a slave.',
  },
  GET_ALL_DELAY_OFFSET: {
    ...ADMIN,
    code: 45,
    responseBody: 'DelayOffsetSerializeWrapper',
    replies: ['SUCCESS', 'SYSTEM_ERROR'],
    java: 'AdminBrokerProcessor#getAllDelayOffset',
    doc: 'Offsets of the delay levels, for a slave.',
  },
  CHECK_CLIENT_CONFIG: {
    ...BROKER,
    code: 46,
    requestBody: 'CheckClientRequestBody',
    replies: ['SUCCESS', 'SYSTEM_ERROR', 'SUBSCRIPTION_PARSE_FAILED'],
    lane: 'client',
    java: 'ClientManageProcessor#checkClientConfig',
    doc: 'Checks a subscription before a consumer starts.',
  },
  UPDATE_AND_CREATE_ACL_CONFIG: {
    ...ADMIN,
    code: 50,
    later: LATER,
    request: admin.createAccessConfigRequest,
    replies: ['SUCCESS', 'UPDATE_AND_CREATE_ACL_CONFIG_FAILED'],
    java: 'AdminBrokerProcessor#updateAndCreateAccessConfig',
    doc: 'Creates or changes an account.',
  },
  DELETE_ACL_CONFIG: {
    ...ADMIN,
    code: 51,
    later: LATER,
    request: admin.deleteAccessConfigRequest,
    replies: ['SUCCESS', 'DELETE_ACL_CONFIG_FAILED'],
    java: 'AdminBrokerProcessor#deleteAccessConfig',
    doc: 'Deletes an account.',
  },
  GET_BROKER_CLUSTER_ACL_INFO: {
    ...ADMIN,
    code: 52,
    later: LATER,
    response: admin.brokerAclConfigResponse,
    responseHeader: true,
    java: 'AdminBrokerProcessor#getBrokerAclConfigVersion',
    doc: 'Version of the accounts.',
  },
  UPDATE_GLOBAL_WHITE_ADDRS_CONFIG: {
    ...ADMIN,
    code: 53,
    later: LATER,
    request: admin.updateGlobalWhiteAddrsRequest,
    replies: ['SUCCESS', 'UPDATE_GLOBAL_WHITE_ADDRS_CONFIG_FAILED'],
    java: 'AdminBrokerProcessor#updateGlobalWhiteAddrsConfig',
    doc: 'Replaces the white list of addresses.',
  },
  GET_BROKER_CLUSTER_ACL_CONFIG: {
    ...ADMIN,
    code: 54,
    later: LATER,
    responseHeader: true,
    responseBody: 'AclConfig',
    java: 'AdminBrokerProcessor#getBrokerClusterAclConfig',
    doc: 'The accounts.',
  },
  PUT_KV_CONFIG: {
    ...NAMESRV,
    code: 100,
    request: namesrv.putKvConfigRequest,
    replies: ['SUCCESS', 'SYSTEM_ERROR'],
    java: 'DefaultRequestProcessor#putKVConfig',
    doc: 'Sets a value of the KV configuration.',
  },
  GET_KV_CONFIG: {
    ...NAMESRV,
    code: 101,
    request: namesrv.kvConfigRequest,
    response: namesrv.kvConfigResponse,
    responseHeader: true,
    replies: ['SUCCESS', 'QUERY_NOT_FOUND'],
    java: 'DefaultRequestProcessor#getKVConfig',
    doc: 'Reads a value of the KV configuration.',
  },
  DELETE_KV_CONFIG: {
    ...NAMESRV,
    code: 102,
    request: namesrv.kvConfigRequest,
    java: 'DefaultRequestProcessor#deleteKVConfig',
    doc: 'Removes a value of the KV configuration.',
  },
  REGISTER_BROKER: {
    ...NAMESRV,
    code: 103,
    request: namesrv.registerBrokerRequest,
    response: namesrv.registerBrokerResponse,
    responseHeader: true,
    requestBody: 'RegisterBrokerBody',
    responseBody: 'KVTable',
    replies: ['SUCCESS', 'SYSTEM_ERROR'],
    java: 'DefaultRequestProcessor#registerBrokerWithFilterServer',
    doc: 'Registers a broker and its topics.',
  },
  UNREGISTER_BROKER: {
    ...NAMESRV,
    code: 104,
    request: namesrv.unregisterBrokerRequest,
    java: 'DefaultRequestProcessor#unregisterBroker',
    doc: 'Takes a broker out.',
  },
  GET_ROUTEINTO_BY_TOPIC: {
    ...NAMESRV,
    code: 105,
    request: namesrv.routeInfoRequest,
    responseBody: 'TopicRouteData',
    replies: ['SUCCESS', 'TOPIC_NOT_EXIST'],
    java: 'DefaultRequestProcessor#getRouteInfoByTopic',
    doc: 'Which brokers hold a topic.',
  },
  GET_BROKER_CLUSTER_INFO: {
    ...NAMESRV,
    code: 106,
    responseBody: 'ClusterInfo',
    java: 'DefaultRequestProcessor#getBrokerClusterInfo',
    doc: 'All clusters and brokers.',
  },
  UPDATE_AND_CREATE_SUBSCRIPTIONGROUP: {
    ...ADMIN,
    code: 200,
    requestBody: 'SubscriptionGroupConfig',
    replies: ['SUCCESS', 'SYSTEM_ERROR'],
    java: 'AdminBrokerProcessor#updateAndCreateSubscriptionGroup',
    doc: 'Creates a group or replaces its settings.',
  },
  GET_ALL_SUBSCRIPTIONGROUP_CONFIG: {
    ...ADMIN,
    code: 201,
    responseBody: 'SubscriptionGroupWrapper',
    replies: ['SUCCESS', 'SYSTEM_ERROR'],
    java: 'AdminBrokerProcessor#getAllSubscriptionGroup',
    doc: 'All groups of the broker.',
  },
  GET_TOPIC_STATS_INFO: {
    ...ADMIN,
    code: 202,
    request: admin.topicRequest,
    responseBody: 'TopicStatsTable',
    replies: ['SUCCESS', 'TOPIC_NOT_EXIST'],
    java: 'AdminBrokerProcessor#getTopicStatsInfo',
    doc: 'Offsets and last store times of the queues of a topic.',
  },
  GET_CONSUMER_CONNECTION_LIST: {
    ...ADMIN,
    code: 203,
    request: admin.consumerConnectionListRequest,
    responseBody: 'ConsumerConnection',
    replies: ['SUCCESS', 'CONSUMER_NOT_ONLINE'],
    java: 'AdminBrokerProcessor#getConsumerConnectionList',
    doc: 'Connected members of a consumer group.',
  },
  GET_PRODUCER_CONNECTION_LIST: {
    ...ADMIN,
    code: 204,
    request: admin.producerConnectionListRequest,
    responseBody: 'ProducerConnection',
    replies: ['SUCCESS', 'SYSTEM_ERROR'],
    java: 'AdminBrokerProcessor#getProducerConnectionList',
    doc: 'Connected members of a producer group.',
  },
  WIPE_WRITE_PERM_OF_BROKER: {
    ...NAMESRV,
    code: 205,
    request: namesrv.wipeWritePermRequest,
    response: namesrv.wipeWritePermResponse,
    responseHeader: true,
    java: 'DefaultRequestProcessor#wipeWritePermOfBroker',
    doc: 'Takes the write permission from all queues of a broker.',
  },
  GET_ALL_TOPIC_LIST_FROM_NAMESERVER: {
    ...NAMESRV,
    code: 206,
    responseBody: 'TopicList',
    java: 'DefaultRequestProcessor#getAllTopicListFromNameserver',
    doc: 'Names of all topics.',
  },
  DELETE_SUBSCRIPTIONGROUP: {
    ...ADMIN,
    code: 207,
    request: admin.deleteSubscriptionGroupRequest,
    java: 'AdminBrokerProcessor#deleteSubscriptionGroup',
    doc: 'Deletes a group.',
  },
  GET_CONSUME_STATS: {
    ...ADMIN,
    code: 208,
    request: admin.consumeStatsRequest,
    responseBody: 'ConsumeStats',
    java: 'AdminBrokerProcessor#getConsumeStats',
    doc: 'How far a group has read.',
  },
  SUSPEND_CONSUMER: {
    ...NOBODY,
    code: 209,
    java: 'RequestCode',
    doc: 'Declared only.',
  },
  RESUME_CONSUMER: {
    ...NOBODY,
    code: 210,
    java: 'RequestCode',
    doc: 'Declared only.',
  },
  RESET_CONSUMER_OFFSET_IN_CONSUMER: {
    ...NOBODY,
    code: 211,
    java: 'RequestCode',
    doc: 'Declared only.',
  },
  RESET_CONSUMER_OFFSET_IN_BROKER: {
    ...NOBODY,
    code: 212,
    java: 'RequestCode',
    doc: 'Declared only.',
  },
  ADJUST_CONSUMER_THREAD_POOL: {
    ...NOBODY,
    code: 213,
    java: 'RequestCode',
    doc: 'Declared only.',
  },
  WHO_CONSUME_THE_MESSAGE: {
    ...NOBODY,
    code: 214,
    java: 'RequestCode',
    doc: 'Declared only.',
  },
  DELETE_TOPIC_IN_BROKER: {
    ...ADMIN,
    code: 215,
    request: admin.topicRequest,
    java: 'AdminBrokerProcessor#deleteTopic',
    doc: 'Deletes a topic from the broker.',
  },
  DELETE_TOPIC_IN_NAMESRV: {
    ...NAMESRV,
    code: 216,
    request: namesrv.deleteTopicInNamesrvRequest,
    java: 'DefaultRequestProcessor#deleteTopicInNamesrv',
    doc: 'Deletes a topic from the routes.',
  },
  GET_KVLIST_BY_NAMESPACE: {
    ...NAMESRV,
    code: 219,
    request: namesrv.kvListByNamespaceRequest,
    responseBody: 'KVTable',
    replies: ['SUCCESS', 'QUERY_NOT_FOUND'],
    java: 'DefaultRequestProcessor#getKVListByNamespace',
    doc: 'All values of a namespace.',
  },
  RESET_CONSUMER_CLIENT_OFFSET: {
    ...CLIENT,
    code: 220,
    request: consumer.resetOffsetRequest,
    requestBody: 'ResetOffsetBody',
    java: 'ClientRemotingProcessor#resetOffset',
    doc: 'Tells a consumer to go on from other offsets.',
  },
  GET_CONSUMER_STATUS_FROM_CLIENT: {
    ...CLIENT,
    code: 221,
    request: consumer.consumerStatusRequest,
    responseBody: 'GetConsumerStatusBody',
    java: 'ClientRemotingProcessor#getConsumeStatus',
    doc: 'Asks a consumer for its offsets.',
  },
  INVOKE_BROKER_TO_RESET_OFFSET: {
    ...ADMIN,
    code: 222,
    request: consumer.resetOffsetRequest,
    responseBody: 'ResetOffsetBody',
    replies: ['SUCCESS', 'SYSTEM_ERROR', 'CONSUMER_NOT_ONLINE'],
    java: 'AdminBrokerProcessor#resetOffset',
    doc: 'Resets the offsets of a group through its members.',
  },
  INVOKE_BROKER_TO_GET_CONSUMER_STATUS: {
    ...ADMIN,
    code: 223,
    request: consumer.consumerStatusRequest,
    responseBody: 'GetConsumerStatusBody',
    replies: ['SUCCESS', 'SYSTEM_ERROR'],
    java: 'AdminBrokerProcessor#getConsumerStatus',
    doc: 'Asks the members of a group for their offsets.',
  },
  GET_TOPICS_BY_CLUSTER: {
    ...NAMESRV,
    code: 224,
    request: namesrv.topicsByClusterRequest,
    responseBody: 'TopicList',
    java: 'DefaultRequestProcessor#getTopicsByCluster',
    doc: 'Topics with a queue in a cluster.',
  },
  QUERY_TOPIC_CONSUME_BY_WHO: {
    ...ADMIN,
    code: 300,
    request: admin.topicRequest,
    responseBody: 'GroupList',
    java: 'AdminBrokerProcessor#queryTopicConsumeByWho',
    doc: 'Groups that read a topic.',
  },
  REGISTER_FILTER_SERVER: {
    ...ADMIN,
    code: 301,
    request: admin.registerFilterServerRequest,
    response: admin.registerFilterServerResponse,
    responseHeader: true,
    java: 'AdminBrokerProcessor#registerFilterServer',
    doc: 'Registers a filter server.',
  },
  REGISTER_MESSAGE_FILTER_CLASS: {
    ...NOBODY,
    code: 302,
    request: admin.registerMessageFilterClassRequest,
    requestBody: 'Java source',
    java: 'RequestCode',
    doc: 'Was served by filter servers, which 4.6.0 does not ship.',
  },
  QUERY_CONSUME_TIME_SPAN: {
    ...ADMIN,
    code: 303,
    request: admin.queryConsumeTimeSpanRequest,
    responseBody: 'QueryConsumeTimeSpanBody',
    replies: ['SUCCESS', 'TOPIC_NOT_EXIST'],
    java: 'AdminBrokerProcessor#queryConsumeTimeSpan',
    doc: 'How far a group is behind, in time.',
  },
  GET_SYSTEM_TOPIC_LIST_FROM_NS: {
    ...NAMESRV,
    code: 304,
    responseBody: 'TopicList',
    java: 'DefaultRequestProcessor#getSystemTopicListFromNs',
    doc: 'Names of clusters and brokers.',
  },
  GET_SYSTEM_TOPIC_LIST_FROM_BROKER: {
    ...ADMIN,
    code: 305,
    responseBody: 'TopicList',
    java: 'AdminBrokerProcessor#getSystemTopicListFromBroker',
    doc: 'System topics of the broker.',
  },
  CLEAN_EXPIRED_CONSUMEQUEUE: {
    ...ADMIN,
    code: 306,
    java: 'AdminBrokerProcessor#cleanExpiredConsumeQueue',
    doc: 'Removes consume queues all of whose messages have expired.',
  },
  GET_CONSUMER_RUNNING_INFO: {
    ...ADMIN,
    code: 307,
    servedBy: BROKER_AND_CLIENT,
    request: consumer.consumerRunningInfoRequest,
    responseBody: 'ConsumerRunningInfo',
    replies: ['SUCCESS', 'SYSTEM_ERROR', 'CONSUME_MSG_TIMEOUT'],
    java: 'AdminBrokerProcessor#getConsumerRunningInfo',
    doc: 'What a consumer says about itself.',
  },
  QUERY_CORRECTION_OFFSET: {
    ...ADMIN,
    code: 308,
    request: admin.queryCorrectionOffsetRequest,
    responseBody: 'QueryCorrectionOffsetBody',
    java: 'AdminBrokerProcessor#queryCorrectionOffset',
    doc: 'Smallest offsets of the groups of a topic.',
  },
  CONSUME_MESSAGE_DIRECTLY: {
    ...ADMIN,
    code: 309,
    servedBy: BROKER_AND_CLIENT,
    request: consumer.consumeMessageDirectlyRequest,
    requestBody: 'none; to a client one record',
    responseBody: 'ConsumeMessageDirectlyResult',
    replies: ['SUCCESS', 'SYSTEM_ERROR', 'CONSUME_MSG_TIMEOUT'],
    java: 'AdminBrokerProcessor#consumeMessageDirectly',
    doc: 'Lets a consumer consume one message now.',
  },
  SEND_MESSAGE_V2: {
    ...BROKER,
    code: 310,
    request: sendMessageRequestV2,
    response: sendMessageResponse,
    responseHeader: true,
    requestBody: 'message body',
    replies: SEND_REPLIES,
    lane: 'send',
    java: 'SendMessageProcessor#sendMessage',
    doc: 'As SEND_MESSAGE, with one-letter names.',
  },
  GET_UNIT_TOPIC_LIST: {
    ...NAMESRV,
    code: 311,
    responseBody: 'TopicList',
    java: 'DefaultRequestProcessor#getUnitTopicList',
    doc: 'Topics with the unit flag.',
  },
  GET_HAS_UNIT_SUB_TOPIC_LIST: {
    ...NAMESRV,
    code: 312,
    responseBody: 'TopicList',
    java: 'DefaultRequestProcessor#getHasUnitSubTopicList',
    doc: 'Topics with the unit subscription flag.',
  },
  GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST: {
    ...NAMESRV,
    code: 313,
    responseBody: 'TopicList',
    java: 'DefaultRequestProcessor#getHasUnitSubUnUnitTopicList',
    doc: 'Topics with the unit subscription flag and not the unit flag.',
  },
  CLONE_GROUP_OFFSET: {
    ...ADMIN,
    code: 314,
    request: admin.cloneGroupOffsetRequest,
    java: 'AdminBrokerProcessor#cloneGroupOffset',
    doc: 'Copies offsets from one group to another.',
  },
  VIEW_BROKER_STATS_DATA: {
    ...ADMIN,
    code: 315,
    request: admin.viewBrokerStatsDataRequest,
    responseBody: 'BrokerStatsData',
    replies: ['SUCCESS', 'SYSTEM_ERROR'],
    java: 'AdminBrokerProcessor#ViewBrokerStatsData',
    doc: 'One statistics item.',
  },
  CLEAN_UNUSED_TOPIC: {
    ...ADMIN,
    code: 316,
    java: 'AdminBrokerProcessor#cleanUnusedTopic',
    doc: 'Removes the consume queues of topics that the broker does not know.',
  },
  GET_BROKER_CONSUME_STATS: {
    ...ADMIN,
    code: 317,
    request: admin.consumeStatsInBrokerRequest,
    responseBody: 'ConsumeStatsList',
    java: 'AdminBrokerProcessor#fetchAllConsumeStatsInBroker',
    doc: 'How far all groups have read.',
  },
  UPDATE_NAMESRV_CONFIG: {
    ...NAMESRV,
    code: 318,
    requestBody: 'properties text',
    replies: ['SUCCESS', 'SYSTEM_ERROR'],
    java: 'DefaultRequestProcessor#updateConfig',
    doc: 'Changes settings while the name server runs.',
  },
  GET_NAMESRV_CONFIG: {
    ...NAMESRV,
    code: 319,
    responseBody: 'properties text',
    replies: ['SUCCESS', 'SYSTEM_ERROR'],
    java: 'DefaultRequestProcessor#getConfig',
    doc: 'All settings in force.',
  },
  SEND_BATCH_MESSAGE: {
    ...BROKER,
    code: 320,
    request: sendMessageRequestV2,
    response: sendMessageResponse,
    responseHeader: true,
    requestBody: 'batch of messages',
    replies: SEND_REPLIES,
    lane: 'send',
    java: 'SendMessageProcessor#sendBatchMessage',
    doc: 'As SEND_MESSAGE_V2; the header flag, not the code, makes it a batch.',
  },
  QUERY_CONSUME_QUEUE: {
    ...ADMIN,
    code: 321,
    request: query.queryConsumeQueueRequest,
    responseBody: 'QueryConsumeQueueResponseBody',
    replies: ['SUCCESS', 'SYSTEM_ERROR'],
    java: 'AdminBrokerProcessor#queryConsumeQueue',
    doc: 'Entries of a consume queue.',
  },
  QUERY_DATA_VERSION: {
    ...NAMESRV,
    code: 322,
    request: namesrv.queryDataVersionRequest,
    response: namesrv.queryDataVersionResponse,
    responseHeader: true,
    requestBody: 'DataVersion',
    responseBody: 'DataVersion',
    java: 'DefaultRequestProcessor#queryBrokerTopicConfig',
    doc: 'Whether a broker has to register again.',
  },
  RESUME_CHECK_HALF_MESSAGE: {
    ...ADMIN,
    code: 323,
    request: transaction.resumeCheckHalfMessageRequest,
    replies: ['SUCCESS', 'SYSTEM_ERROR'],
    java: 'AdminBrokerProcessor#resumeCheckHalfMessage',
    doc: 'Lets a given-up half message be checked again.',
  },
  SEND_REPLY_MESSAGE: {
    ...BROKER,
    code: 324,
    request: sendMessageRequest,
    response: sendMessageResponse,
    responseHeader: true,
    requestBody: 'message body',
    replies: REPLY_REPLIES,
    lane: 'reply',
    java: 'ReplyMessageProcessor#processReplyMessageRequest',
    doc: 'Hands the answer to a request on to its sender.',
  },
  SEND_REPLY_MESSAGE_V2: {
    ...BROKER,
    code: 325,
    request: sendMessageRequestV2,
    response: sendMessageResponse,
    responseHeader: true,
    requestBody: 'message body',
    replies: REPLY_REPLIES,
    lane: 'reply',
    java: 'ReplyMessageProcessor#processReplyMessageRequest',
    doc: 'As SEND_REPLY_MESSAGE, with one-letter names.',
  },
  PUSH_REPLY_MESSAGE_TO_CLIENT: {
    ...CLIENT,
    code: 326,
    request: replyMessageRequest,
    requestBody: 'message body',
    replies: ['SUCCESS', 'SYSTEM_ERROR'],
    java: 'ClientRemotingProcessor#receiveReplyMessage',
    doc: 'Delivers the answer to a request.',
  },
} as const satisfies Record<string, CommandRow>;

export type Commands = typeof commands;
export type CommandName = keyof Commands;

/** Names of the commands a server answers now. */
export type ServedBy<S extends Server> = {
  [C in CommandName]: S extends Commands[C]['servedBy'][number]
    ? Commands[C] extends { readonly later: readonly (infer L)[] }
      ? S extends L
        ? never
        : C
      : C
    : never;
}[CommandName];

/** Request codes as a broker or name server meets them: number → name. */
export const commandNames: ReadonlyMap<number, CommandName> = new Map(
  (Object.keys(commands) as CommandName[]).map((name) => [commands[name].code, name]),
);

/** True when `server` answers the command now. */
export function isServed(name: CommandName, server: Server): boolean {
  const row: CommandRow = commands[name];
  return row.servedBy.includes(server) && row.later?.includes(server) !== true;
}
