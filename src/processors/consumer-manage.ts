import { consumerIdListBody } from '../codec/bodies/heartbeat.ts';
import { encodeBody } from '../codec/bodies/schema.ts';
import { RequestError } from '../codec/response-codes.ts';
import type { HandlerResult, Request } from '../remoting/handler.ts';
import { checkedGroupName, checkedTopicName } from './checked-names.ts';
import type { BrokerParts } from './parts.ts';

/** 14: how far a group has consumed a queue. Java: ConsumerManageProcessor#queryConsumerOffset. */
export function queryConsumerOffset(
  parts: BrokerParts,
): (request: Request<'QUERY_CONSUMER_OFFSET'>) => HandlerResult<'QUERY_CONSUMER_OFFSET'> {
  return (request) => {
    const { consumerGroup, topic, queueId } = request.header;
    const stored = parts.offsets.query(consumerGroup, topic, queueId);
    if (stored >= 0) return { code: 'SUCCESS', header: { offset: stored } };
    // A group that is new to a queue which is still whole and in memory starts at its beginning.
    const min = parts.store.getMinOffsetInQueue(topic, queueId);
    if (min <= 0 && !parts.store.checkInDiskByConsumeOffset(topic, queueId, 0)) {
      return { code: 'SUCCESS', header: { offset: 0 } };
    }
    return { code: 'QUERY_NOT_FOUND', remark: 'Not found, V3_0_6_SNAPSHOT maybe this group consumer boot first' };
  };
}

/** 15: a group's new offset, which may also go back. Java: ConsumerManageProcessor#updateConsumerOffset. */
export function updateConsumerOffset(
  parts: BrokerParts,
): (request: Request<'UPDATE_CONSUMER_OFFSET'>) => HandlerResult<'UPDATE_CONSUMER_OFFSET'> {
  return (request) => {
    const { consumerGroup, topic, queueId, commitOffset } = request.header;
    checkedGroupName(parts, consumerGroup);
    checkedTopicName(parts, topic);
    if (!parts.offsets.commit(consumerGroup, topic, queueId, commitOffset)) {
      throw new RequestError('SYSTEM_ERROR', `offset not kept: queueId[${queueId}] is illegal or the table is full`);
    }
    return { code: 'SUCCESS' };
  };
}

/** 38: ids of the clients of a group. Java: ConsumerManageProcessor#getConsumerListByGroup. */
export function getConsumerListByGroup(
  parts: BrokerParts,
): (request: Request<'GET_CONSUMER_LIST_BY_GROUP'>) => HandlerResult<'GET_CONSUMER_LIST_BY_GROUP'> {
  return (request) => {
    const { consumerGroup } = request.header;
    const ids = parts.consumers.clientIds(consumerGroup);
    if (ids.length === 0) throw new RequestError('SYSTEM_ERROR', `no consumer for this group, ${consumerGroup}`);
    return { code: 'SUCCESS', header: {}, body: encodeBody(consumerIdListBody, { consumerIdList: ids }) };
  };
}
