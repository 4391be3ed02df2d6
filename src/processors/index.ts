import type { Handlers } from '../remoting/handler.ts';
import { aclHandlers } from './admin/acl.ts';
import { getBrokerConfig, getBrokerRuntimeInfo, updateBrokerConfig } from './admin/broker-config.ts';
import { cleanExpiredConsumeQueue, cleanUnusedTopic } from './admin/clean-up.ts';
import { consumeMessageDirectly, getConsumerRunningInfo, getConsumerStatus } from './admin/client-relay.ts';
import { queryConsumeQueue } from './admin/consume-queue.ts';
import { getBrokerConsumeStats, getConsumeStats } from './admin/consume-stats.ts';
import { getAllDelayOffset } from './admin/delay-offset.ts';
import { registerFilterServer } from './admin/filter-server.ts';
import { groupHandlers } from './admin/group.ts';
import { lockBatchMq, unlockBatchMq } from './admin/lock.ts';
import { offsetHandlers } from './admin/offset.ts';
import { resetOffset } from './admin/reset-offset.ts';
import { viewBrokerStatsData } from './admin/stats.ts';
import { topicHandlers } from './admin/topic.ts';
import { resumeCheckHalfMessage } from './admin/transaction.ts';
import { checkClientConfig, heartBeat, unregisterClient } from './client-manage.ts';
import { getConsumerListByGroup, queryConsumerOffset, updateConsumerOffset } from './consumer-manage.ts';
import { consumerSendMsgBack } from './consumer-send-msg-back.ts';
import { endTransaction } from './end-transaction.ts';
import type { BrokerParts } from './parts.ts';
import { pullMessage } from './pull-message.ts';
import { queryMessage, viewMessageById } from './query-message.ts';
import { replyHandlers } from './reply-message.ts';
import { sendHandlers } from './send-message.ts';

/** Every request code a broker serves; complete, or it does not compile. */
export function brokerHandlers(parts: BrokerParts): Handlers<'broker'> {
  return {
    ...sendHandlers(parts),
    ...replyHandlers(parts),
    CONSUMER_SEND_MSG_BACK: consumerSendMsgBack(parts),
    PULL_MESSAGE: pullMessage(parts),
    QUERY_MESSAGE: queryMessage(parts),
    VIEW_MESSAGE_BY_ID: viewMessageById(parts),
    QUERY_CONSUMER_OFFSET: queryConsumerOffset(parts),
    UPDATE_CONSUMER_OFFSET: updateConsumerOffset(parts),
    GET_CONSUMER_LIST_BY_GROUP: getConsumerListByGroup(parts),
    HEART_BEAT: heartBeat(parts),
    UNREGISTER_CLIENT: unregisterClient(parts),
    CHECK_CLIENT_CONFIG: checkClientConfig(parts),
    REGISTER_FILTER_SERVER: registerFilterServer(parts),
    LOCK_BATCH_MQ: lockBatchMq(parts),
    UNLOCK_BATCH_MQ: unlockBatchMq(parts),
    ...topicHandlers(parts),
    ...groupHandlers(parts),
    ...offsetHandlers(parts),
    ...aclHandlers,
    UPDATE_BROKER_CONFIG: updateBrokerConfig(parts),
    GET_BROKER_CONFIG: getBrokerConfig(parts),
    VIEW_BROKER_STATS_DATA: viewBrokerStatsData(parts),
    GET_BROKER_RUNTIME_INFO: getBrokerRuntimeInfo(parts),
    GET_ALL_DELAY_OFFSET: getAllDelayOffset(parts),
    GET_CONSUME_STATS: getConsumeStats(parts),
    GET_BROKER_CONSUME_STATS: getBrokerConsumeStats(parts),
    INVOKE_BROKER_TO_RESET_OFFSET: resetOffset(parts),
    INVOKE_BROKER_TO_GET_CONSUMER_STATUS: getConsumerStatus(parts),
    GET_CONSUMER_RUNNING_INFO: getConsumerRunningInfo(parts),
    CONSUME_MESSAGE_DIRECTLY: consumeMessageDirectly(parts),
    QUERY_CONSUME_QUEUE: queryConsumeQueue(parts),
    CLEAN_EXPIRED_CONSUMEQUEUE: cleanExpiredConsumeQueue(parts),
    CLEAN_UNUSED_TOPIC: cleanUnusedTopic(parts),
    END_TRANSACTION: endTransaction(parts),
    RESUME_CHECK_HALF_MESSAGE: resumeCheckHalfMessage(parts),
  };
}
