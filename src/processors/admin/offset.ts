import { type QueueTimeSpan, queryConsumeTimeSpanBody, queryCorrectionOffsetBody } from '../../codec/bodies/offsets.ts';
import { encodeBody } from '../../codec/bodies/schema.ts';
import { consumerOffsetSerializeWrapper } from '../../codec/bodies/topic-config.ts';
import { RequestError } from '../../codec/response-codes.ts';
import { localTimeText } from '../../codec/time-text.ts';
import type { HandlerResult, Handlers, LateResult, Request } from '../../remoting/handler.ts';
import { checkedGroupName } from '../checked-names.ts';
import type { BrokerParts } from '../parts.ts';
import { writeQueuesOf } from './topic.ts';

/** 29–32, 43, 303, 308, 314: places in queues, by time and by group. */
export function offsetHandlers(parts: BrokerParts): Pick<Handlers<'broker'>, OffsetCommand> {
  return {
    SEARCH_OFFSET_BY_TIMESTAMP: searchOffsetByTimestamp(parts),
    GET_MAX_OFFSET: getMaxOffset(parts),
    GET_MIN_OFFSET: getMinOffset(parts),
    GET_EARLIEST_MSG_STORETIME: getEarliestMsgStoretime(parts),
    GET_ALL_CONSUMER_OFFSET: getAllConsumerOffset(parts),
    QUERY_CONSUME_TIME_SPAN: queryConsumeTimeSpan(parts),
    QUERY_CORRECTION_OFFSET: queryCorrectionOffset(parts),
    CLONE_GROUP_OFFSET: cloneGroupOffset(parts),
  };
}

type OffsetCommand =
  | 'SEARCH_OFFSET_BY_TIMESTAMP'
  | 'GET_MAX_OFFSET'
  | 'GET_MIN_OFFSET'
  | 'GET_EARLIEST_MSG_STORETIME'
  | 'GET_ALL_CONSUMER_OFFSET'
  | 'QUERY_CONSUME_TIME_SPAN'
  | 'QUERY_CORRECTION_OFFSET'
  | 'CLONE_GROUP_OFFSET';

/** 29: index of the message stored nearest to a time. Java: AdminBrokerProcessor#searchOffsetByTimestamp. */
function searchOffsetByTimestamp(
  parts: BrokerParts,
): (request: Request<'SEARCH_OFFSET_BY_TIMESTAMP'>) => HandlerResult<'SEARCH_OFFSET_BY_TIMESTAMP'> {
  return (request) => {
    const { topic, queueId, timestamp } = request.header;
    return { code: 'SUCCESS', header: { offset: parts.store.getOffsetInQueueByTime(topic, queueId, timestamp) } };
  };
}

/** 30: index behind the last message of a queue. Java: AdminBrokerProcessor#getMaxOffset. */
function getMaxOffset(parts: BrokerParts): (request: Request<'GET_MAX_OFFSET'>) => HandlerResult<'GET_MAX_OFFSET'> {
  return (request) => {
    const { topic, queueId } = request.header;
    return { code: 'SUCCESS', header: { offset: parts.store.getMaxOffsetInQueue(topic, queueId) } };
  };
}

/** 31: index of the first message of a queue. Java: AdminBrokerProcessor#getMinOffset. */
function getMinOffset(parts: BrokerParts): (request: Request<'GET_MIN_OFFSET'>) => HandlerResult<'GET_MIN_OFFSET'> {
  return (request) => {
    const { topic, queueId } = request.header;
    return { code: 'SUCCESS', header: { offset: parts.store.getMinOffsetInQueue(topic, queueId) } };
  };
}

/** 32: when the first message of a queue was stored; −1 without one. Java: #getEarliestMsgStoretime. */
function getEarliestMsgStoretime(
  parts: BrokerParts,
): (request: Request<'GET_EARLIEST_MSG_STORETIME'>) => HandlerResult<'GET_EARLIEST_MSG_STORETIME'> {
  return (request) => {
    const { topic, queueId } = request.header;
    return { code: 'SUCCESS', header: { timestamp: parts.store.getEarliestMessageTime(topic, queueId) } };
  };
}

/** 43: all offsets of all groups, for a slave. Java: AdminBrokerProcessor#getAllConsumerOffset. */
function getAllConsumerOffset(
  parts: BrokerParts,
): (request: Request<'GET_ALL_CONSUMER_OFFSET'>) => HandlerResult<'GET_ALL_CONSUMER_OFFSET'> {
  return () => {
    const body = encodeBody(consumerOffsetSerializeWrapper, { offsetTable: parts.offsets.table });
    return { code: 'SUCCESS', body };
  };
}

/** 303: how far a group is behind, in time, by queue. Java: AdminBrokerProcessor#queryConsumeTimeSpan. */
function queryConsumeTimeSpan(
  parts: BrokerParts,
): (request: Request<'QUERY_CONSUME_TIME_SPAN'>) => Promise<LateResult<'QUERY_CONSUME_TIME_SPAN'>> {
  return (request) =>
    parts.looks.run(async (look) => {
      const { topic, group } = request.header;
      const { store, offsets, clock } = parts;
      const consumeTimeSpanSet: QueueTimeSpan[] = [];
      for (const messageQueue of writeQueuesOf(parts, topic)) {
        const { queueId } = messageQueue;
        const minTimeStamp = store.getEarliestMessageTime(topic, queueId);
        const end = store.getMaxOffsetInQueue(topic, queueId);
        const maxTimeStamp = store.getMessageStoreTimeStamp(topic, queueId, end - 1);
        const offset = offsets.query(group, topic, queueId);
        const consumeTimeStamp = offset > 0 ? store.getMessageStoreTimeStamp(topic, queueId, offset - 1) : minTimeStamp;
        // Without an offset the next message is the one before the first, whose time is -1: as Java answers.
        const delayTime = offset < end ? clock.now() - store.getMessageStoreTimeStamp(topic, queueId, offset) : 0;
        consumeTimeSpanSet.push({
          messageQueue,
          ...{ minTimeStamp, minTimeStampStr: localTimeText(minTimeStamp) },
          ...{ maxTimeStamp, maxTimeStampStr: localTimeText(maxTimeStamp) },
          ...{ consumeTimeStamp, consumeTimeStampStr: localTimeText(consumeTimeStamp) },
          delayTime,
        });
        await look.took(1);
      }
      return { code: 'SUCCESS', body: encodeBody(queryConsumeTimeSpanBody, { consumeTimeSpanSet }) };
    });
}

/**
 * 308: the smallest offset of a topic's groups by queue, as far as its message is still there. Java takes the groups
 * to leave out from the table for good; here they are left out of the answer. Java looks compareGroup up under topic
 * and group exchanged, and so does this; what it finds there must have a smallest offset.
 * Java: AdminBrokerProcessor#queryCorrectionOffset, ADR 0042.
 */
function queryCorrectionOffset(
  parts: BrokerParts,
): (request: Request<'QUERY_CORRECTION_OFFSET'>) => HandlerResult<'QUERY_CORRECTION_OFFSET'> {
  return (request) => {
    const { topic, compareGroup, filterGroups } = request.header;
    const leftOut = new Set(filterGroups?.split(','));
    const correctionOffsets = new Map<number, number>();
    for (const group of parts.offsets.groupsOf(topic)) {
      if (leftOut.has(group)) continue;
      for (const [queueId, offset] of parts.offsets.offsetsOf(group, topic) ?? []) {
        if (offset < parts.store.getMinOffsetInQueue(topic, queueId)) continue;
        correctionOffsets.set(queueId, Math.min(offset, correctionOffsets.get(queueId) ?? offset));
      }
    }
    for (const [queueId, offset] of parts.offsets.offsetsOf(topic, compareGroup) ?? []) {
      const smallest = correctionOffsets.get(queueId);
      if (smallest === undefined) throw new RequestError('SYSTEM_ERROR', `no group has an offset of queue ${queueId}`);
      if (smallest > offset) correctionOffsets.set(queueId, LONG_MAX);
    }
    return { code: 'SUCCESS', body: encodeBody(queryCorrectionOffsetBody, { correctionOffsets }) };
  };
}

/** Written as Java's Long.MAX_VALUE. */
const LONG_MAX = 2 ** 63;

/**
 * 314: gives a group the offsets that another has of a topic. Without a topic nothing is copied: Java looks at each
 * topic of the group and then copies the one of the request. Java: AdminBrokerProcessor#cloneGroupOffset.
 */
function cloneGroupOffset(
  parts: BrokerParts,
): (request: Request<'CLONE_GROUP_OFFSET'>) => HandlerResult<'CLONE_GROUP_OFFSET'> {
  return (request) => {
    const { srcGroup, destGroup, topic = '', offline } = request.header;
    if (parts.topics.select(topic) === undefined) return { code: 'SUCCESS' };
    if (!offline && !parts.consumers.mayRead(srcGroup, topic)) return { code: 'SUCCESS' };
    checkedGroupName(parts, destGroup);
    if (!parts.offsets.clone(srcGroup, destGroup, topic)) {
      throw new RequestError('SYSTEM_ERROR', 'offsets not kept: the table is full');
    }
    return { code: 'SUCCESS' };
  };
}
