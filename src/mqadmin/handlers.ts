import {
  clusterAclConfigVersion,
  deleteAccessConfig,
  getAccessConfigSubCommand,
  updateAclConfig,
  updateGlobalWhiteAddr,
} from './acl.ts';
import {
  brokerConsumeStats,
  brokerStatus,
  cleanExpiredCQ,
  cleanUnusedTopic,
  getBrokerConfig,
  updateBrokerConfig,
} from './brokers.ts';
import { clusterList, clusterRT } from './clusters.ts';
import type { Handlers } from './command.ts';
import { deleteSubGroup, updateSubGroup } from './groups.ts';
import { later } from './later.ts';
import { startMonitoring } from './monitoring.ts';
import { deleteKvConfig, getNamesrvConfig, updateKvConfig, updateNamesrvConfig, wipeWritePerm } from './namesrvs.ts';
import { statsAll } from './stats.ts';
import { deleteTopic, updateOrderConf, updateTopic, updateTopicPerm } from './topic-changes.ts';
import { allocateMQ, topicClusterList, topicList, topicRoute, topicStatus } from './topic-reads.ts';

/** What does each command; complete, or it does not compile. */
export const handlers: Handlers = {
  updateTopic,
  deleteTopic,
  updateSubGroup,
  deleteSubGroup,
  updateBrokerConfig,
  updateTopicPerm,
  topicRoute,
  topicStatus,
  topicClusterList,
  brokerStatus,
  queryMsgById: later('queryMsgById'),
  queryMsgByKey: later('queryMsgByKey'),
  queryMsgByUniqueKey: later('queryMsgByUniqueKey'),
  queryMsgByOffset: later('queryMsgByOffset'),
  printMsg: later('printMsg'),
  printMsgByQueue: later('printMsgByQueue'),
  sendMsgStatus: later('sendMsgStatus'),
  brokerConsumeStats,
  producerConnection: later('producerConnection'),
  consumerConnection: later('consumerConnection'),
  consumerProgress: later('consumerProgress'),
  consumerStatus: later('consumerStatus'),
  cloneGroupOffset: later('cloneGroupOffset'),
  clusterList,
  topicList,
  updateKvConfig,
  deleteKvConfig,
  wipeWritePerm,
  resetOffsetByTime: later('resetOffsetByTime'),
  updateOrderConf,
  cleanExpiredCQ,
  cleanUnusedTopic,
  startMonitoring,
  statsAll,
  allocateMQ,
  checkMsgSendRT: later('checkMsgSendRT'),
  clusterRT,
  getNamesrvConfig,
  updateNamesrvConfig,
  getBrokerConfig,
  queryCq: later('queryCq'),
  sendMessage: later('sendMessage'),
  consumeMessage: later('consumeMessage'),
  updateAclConfig,
  deleteAccessConfig,
  clusterAclConfigVersion,
  updateGlobalWhiteAddr,
  getAccessConfigSubCommand,
};
