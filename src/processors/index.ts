import type { Handlers } from '../remoting/handler.ts';
import { getBrokerConfig, getBrokerRuntimeInfo } from './admin/broker-config.ts';
import { cleanExpiredConsumeQueue, cleanUnusedTopic } from './admin/clean-up.ts';
import { getConsumerConnectionList } from './admin/group.ts';
import { lockBatchMq, unlockBatchMq } from './admin/lock.ts';
import {
  getConsumeStats,
  getEarliestMsgStoretime,
  getMaxOffset,
  getMinOffset,
  searchOffsetByTimestamp,
} from './admin/offset.ts';
import { getAllTopicConfig, updateAndCreateTopic } from './admin/topic.ts';
import { checkClientConfig, heartBeat, unregisterClient } from './client-manage.ts';
import { getConsumerListByGroup, queryConsumerOffset, updateConsumerOffset } from './consumer-manage.ts';
import type { BrokerParts } from './parts.ts';
import { pullMessage } from './pull-message.ts';
import { queryMessage, viewMessageById } from './query-message.ts';
import { sendHandlers } from './send-message.ts';

/** Every request code a broker serves; complete, or it does not compile. */
export function brokerHandlers(parts: BrokerParts): Handlers<'broker'> {
  return {
    ...sendHandlers(parts),
    PULL_MESSAGE: pullMessage(parts),
    QUERY_MESSAGE: queryMessage(parts),
    VIEW_MESSAGE_BY_ID: viewMessageById(parts),
    QUERY_CONSUMER_OFFSET: queryConsumerOffset(parts),
    UPDATE_CONSUMER_OFFSET: updateConsumerOffset(parts),
    GET_CONSUMER_LIST_BY_GROUP: getConsumerListByGroup(parts),
    HEART_BEAT: heartBeat(parts),
    UNREGISTER_CLIENT: unregisterClient(parts),
    CHECK_CLIENT_CONFIG: checkClientConfig(parts),
    LOCK_BATCH_MQ: lockBatchMq(parts),
    UNLOCK_BATCH_MQ: unlockBatchMq(parts),
    UPDATE_AND_CREATE_TOPIC: updateAndCreateTopic(parts),
    GET_ALL_TOPIC_CONFIG: getAllTopicConfig(parts),
    GET_BROKER_CONFIG: getBrokerConfig(parts),
    GET_BROKER_RUNTIME_INFO: getBrokerRuntimeInfo(parts),
    SEARCH_OFFSET_BY_TIMESTAMP: searchOffsetByTimestamp(parts),
    GET_MAX_OFFSET: getMaxOffset(parts),
    GET_MIN_OFFSET: getMinOffset(parts),
    GET_EARLIEST_MSG_STORETIME: getEarliestMsgStoretime(parts),
    GET_CONSUMER_CONNECTION_LIST: getConsumerConnectionList(parts),
    GET_CONSUME_STATS: getConsumeStats(parts),
    CLEAN_EXPIRED_CONSUMEQUEUE: cleanExpiredConsumeQueue(parts),
    CLEAN_UNUSED_TOPIC: cleanUnusedTopic(parts),
  };
}
