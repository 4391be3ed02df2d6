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
import { queryCq } from './consume-queue.ts';
import { consumerStatus } from './consumer-status.ts';
import { cloneGroupOffset, resetOffsetByTime } from './group-offsets.ts';
import { consumerConnection, consumerProgress, producerConnection } from './group-reads.ts';
import { deleteSubGroup, updateSubGroup } from './groups.ts';
import { startMonitoring } from './monitoring.ts';
import { deleteKvConfig, getNamesrvConfig, updateKvConfig, updateNamesrvConfig, wipeWritePerm } from './namesrvs.ts';
import { consumeMessage, printMsg, printMsgByQueue } from './print-messages.ts';
import { queryMsgById, queryMsgByKey, queryMsgByOffset, queryMsgByUniqueKey } from './query-messages.ts';
import { checkMsgSendRT, sendMessage, sendMsgStatus } from './send-messages.ts';
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
  queryMsgById,
  queryMsgByKey,
  queryMsgByUniqueKey,
  queryMsgByOffset,
  printMsg,
  printMsgByQueue,
  sendMsgStatus,
  brokerConsumeStats,
  producerConnection,
  consumerConnection,
  consumerProgress,
  consumerStatus,
  cloneGroupOffset,
  clusterList,
  topicList,
  updateKvConfig,
  deleteKvConfig,
  wipeWritePerm,
  resetOffsetByTime,
  updateOrderConf,
  cleanExpiredCQ,
  cleanUnusedTopic,
  startMonitoring,
  statsAll,
  allocateMQ,
  checkMsgSendRT,
  clusterRT,
  getNamesrvConfig,
  updateNamesrvConfig,
  getBrokerConfig,
  queryCq,
  sendMessage,
  consumeMessage,
  updateAclConfig,
  deleteAccessConfig,
  clusterAclConfigVersion,
  updateGlobalWhiteAddr,
  getAccessConfigSubCommand,
};
