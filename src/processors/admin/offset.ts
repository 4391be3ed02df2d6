import { consumeStats } from '../../codec/bodies/consume-stats.ts';
import { encodeBody } from '../../codec/bodies/schema.ts';
import type { HandlerResult, Request } from '../../remoting/handler.ts';
import type { BrokerParts } from '../parts.ts';

/** 29: index of the message stored nearest to a time. Java: AdminBrokerProcessor#searchOffsetByTimestamp. */
export function searchOffsetByTimestamp(
  parts: BrokerParts,
): (request: Request<'SEARCH_OFFSET_BY_TIMESTAMP'>) => HandlerResult<'SEARCH_OFFSET_BY_TIMESTAMP'> {
  return (request) => {
    const { topic, queueId, timestamp } = request.header;
    return { code: 'SUCCESS', header: { offset: parts.store.getOffsetInQueueByTime(topic, queueId, timestamp) } };
  };
}

/** 30: index behind the last message of a queue. Java: AdminBrokerProcessor#getMaxOffset. */
export function getMaxOffset(
  parts: BrokerParts,
): (request: Request<'GET_MAX_OFFSET'>) => HandlerResult<'GET_MAX_OFFSET'> {
  return (request) => {
    const { topic, queueId } = request.header;
    return { code: 'SUCCESS', header: { offset: parts.store.getMaxOffsetInQueue(topic, queueId) } };
  };
}

/** 31: index of the first message of a queue. Java: AdminBrokerProcessor#getMinOffset. */
export function getMinOffset(
  parts: BrokerParts,
): (request: Request<'GET_MIN_OFFSET'>) => HandlerResult<'GET_MIN_OFFSET'> {
  return (request) => {
    const { topic, queueId } = request.header;
    return { code: 'SUCCESS', header: { offset: parts.store.getMinOffsetInQueue(topic, queueId) } };
  };
}

/** 32: when the first message of a queue was stored; −1 without one. Java: #getEarliestMsgStoretime. */
export function getEarliestMsgStoretime(
  parts: BrokerParts,
): (request: Request<'GET_EARLIEST_MSG_STORETIME'>) => HandlerResult<'GET_EARLIEST_MSG_STORETIME'> {
  return (request) => {
    const { topic, queueId } = request.header;
    return { code: 'SUCCESS', header: { timestamp: parts.store.getEarliestMessageTime(topic, queueId) } };
  };
}

/** 208: how far a group is behind, by queue. Java: AdminBrokerProcessor#getConsumeStats. */
export function getConsumeStats(
  parts: BrokerParts,
): (request: Request<'GET_CONSUME_STATS'>) => HandlerResult<'GET_CONSUME_STATS'> {
  return (request) => {
    const { consumerGroup, topic } = request.header;
    const blank = topic === undefined || topic.trim() === '';
    const topics = blank ? parts.offsets.topicsOf(consumerGroup) : [topic];
    const offsetTable = new Map<MessageQueue, OffsetWrapper>();
    for (const name of topics) addTopic(parts, consumerGroup, name, offsetTable);
    // No TPS is measured before the statistics of the issue on message kinds; Java's first sample is null too.
    return { code: 'SUCCESS', body: encodeBody(consumeStats, { consumeTps: 0, offsetTable }) };
  };
}

interface MessageQueue {
  readonly topic: string;
  readonly brokerName: string;
  readonly queueId: number;
}

interface OffsetWrapper {
  readonly brokerOffset: number;
  readonly consumerOffset: number;
  readonly lastTimestamp: number;
}

function addTopic(parts: BrokerParts, group: string, topic: string, table: Map<MessageQueue, OffsetWrapper>): void {
  const config = parts.topics.select(topic)?.config;
  if (config === undefined) return;
  const online = parts.consumers.group(group);
  if (online !== undefined && online.subscriptions.size > 0 && !online.subscriptions.has(topic)) return;
  for (let queueId = 0; queueId < config.readQueueNums; queueId++) {
    const brokerOffset = Math.max(0, parts.store.getMaxOffsetInQueue(topic, queueId));
    const consumerOffset = Math.max(0, parts.offsets.query(group, topic, queueId));
    const lastTimestamp =
      consumerOffset > 0 ? Math.max(0, parts.store.getMessageStoreTimeStamp(topic, queueId, consumerOffset - 1)) : 0;
    const queue = { topic, brokerName: parts.configs.brokerConfig.brokerName, queueId };
    table.set(queue, { brokerOffset, consumerOffset, lastTimestamp });
  }
}
