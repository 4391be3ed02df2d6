import { MOST_QUEUES } from '../../broker/topic-config-manager.ts';
import { type TopicOffset, topicStatsTable } from '../../codec/bodies/offsets.ts';
import { encodeBody } from '../../codec/bodies/schema.ts';
import { topicConfigSerializeWrapper, topicList } from '../../codec/bodies/topic-config.ts';
import { topicNameProblem } from '../../codec/names.ts';
import { RequestError } from '../../codec/response-codes.ts';
import type { HandlerResult, Handlers, LateResult, Request } from '../../remoting/handler.ts';
import type { BrokerParts } from '../parts.ts';

/** 17, 21, 202, 215, 305: the topics of this broker. */
export function topicHandlers(parts: BrokerParts): Pick<Handlers<'broker'>, TopicCommand> {
  return {
    UPDATE_AND_CREATE_TOPIC: updateAndCreateTopic(parts),
    GET_ALL_TOPIC_CONFIG: getAllTopicConfig(parts),
    GET_TOPIC_STATS_INFO: getTopicStatsInfo(parts),
    DELETE_TOPIC_IN_BROKER: deleteTopicInBroker(parts),
    GET_SYSTEM_TOPIC_LIST_FROM_BROKER: getSystemTopicListFromBroker(parts),
  };
}

type TopicCommand =
  | 'UPDATE_AND_CREATE_TOPIC'
  | 'GET_ALL_TOPIC_CONFIG'
  | 'GET_TOPIC_STATS_INFO'
  | 'DELETE_TOPIC_IN_BROKER'
  | 'GET_SYSTEM_TOPIC_LIST_FROM_BROKER';

/**
 * 17: creates or replaces a topic. Java answers before it stores; here the answer follows the file.
 * Java: AdminBrokerProcessor#updateAndCreateTopic, CreateTopicRequestHeader#checkFields.
 */
function updateAndCreateTopic(
  parts: BrokerParts,
): (request: Request<'UPDATE_AND_CREATE_TOPIC'>) => HandlerResult<'UPDATE_AND_CREATE_TOPIC'> {
  return (request) => {
    const { topic, readQueueNums, writeQueueNums, perm, topicFilterType, topicSysFlag } = request.header;
    if (topicFilterType !== 'SINGLE_TAG' && topicFilterType !== 'MULTI_TAG') {
      throw new RequestError('SYSTEM_ERROR', `topicFilterType = [${topicFilterType}] value invalid`);
    }
    if (topic === parts.configs.brokerConfig.brokerClusterName) {
      throw new RequestError('SYSTEM_ERROR', `the topic[${topic}] is conflict with system reserved words.`);
    }
    const isUsable = parts.topics.select(topic)?.safe === true;
    const nameProblem = isUsable ? undefined : topicNameProblem(topic);
    const problem = nameProblem ?? queueProblem(readQueueNums) ?? queueProblem(writeQueueNums);
    if (problem !== undefined) throw new RequestError('SYSTEM_ERROR', problem);
    parts.topics.update({
      topicName: topic,
      readQueueNums,
      writeQueueNums,
      perm,
      topicFilterType,
      topicSysFlag: topicSysFlag ?? 0,
      // The name server's ORDER_TOPIC_CONFIG decides about order, not this request.
      order: false,
    });
    return { code: 'SUCCESS' };
  };
}

/** A topic without queues refuses every send later (deviation 9 of COMPATIBILITY.md). */
function queueProblem(queueNums: number): string | undefined {
  if (queueNums >= 1 && queueNums <= MOST_QUEUES) return undefined;
  return `a topic has 1 to ${MOST_QUEUES} queues, not ${queueNums}`;
}

/** 21: all topics of this broker. Java: AdminBrokerProcessor#getAllTopicConfig. */
function getAllTopicConfig(
  parts: BrokerParts,
): (request: Request<'GET_ALL_TOPIC_CONFIG'>) => HandlerResult<'GET_ALL_TOPIC_CONFIG'> {
  return () => ({
    code: 'SUCCESS',
    header: {},
    body: encodeBody(topicConfigSerializeWrapper, parts.topics.table()),
  });
}

/** 202: where the queues of a topic begin and end. Java: AdminBrokerProcessor#getTopicStatsInfo. */
function getTopicStatsInfo(
  parts: BrokerParts,
): (request: Request<'GET_TOPIC_STATS_INFO'>) => Promise<LateResult<'GET_TOPIC_STATS_INFO'>> {
  return (request) =>
    parts.looks.run(async (look) => {
      const { topic } = request.header;
      const { store } = parts;
      const offsetTable = new Map<OwnQueue, TopicOffset>();
      for (const queue of writeQueuesOf(parts, topic)) {
        const maxOffset = store.getMaxOffsetInQueue(topic, queue.queueId);
        const minOffset = store.getMinOffsetInQueue(topic, queue.queueId);
        const isEmpty = maxOffset <= 0;
        const lastUpdateTimestamp = isEmpty ? 0 : store.getMessageStoreTimeStamp(topic, queue.queueId, maxOffset - 1);
        offsetTable.set(queue, { minOffset, maxOffset, lastUpdateTimestamp });
        await look.took(1);
      }
      return { code: 'SUCCESS', body: encodeBody(topicStatsTable, { offsetTable }) };
    });
}

/** One queue of this broker, as bodies name it. */
export interface OwnQueue {
  readonly topic: string;
  readonly brokerName: string;
  readonly queueId: number;
}

/** The queues of a topic that can be written. @throws RequestError for a topic that is not there. */
export function writeQueuesOf(parts: BrokerParts, topic: string): Iterable<OwnQueue> {
  const config = parts.topics.select(topic)?.config;
  if (config === undefined) throw new RequestError('TOPIC_NOT_EXIST', `topic[${topic}] not exist`);
  return queuesOf(parts, topic, config.writeQueueNums);
}

/** The first `queueNums` queues of a topic. */
export function* queuesOf(parts: BrokerParts, topic: string, queueNums: number): Generator<OwnQueue, void> {
  const { brokerName } = parts.configs.brokerConfig;
  for (let queueId = 0; queueId < queueNums; queueId++) yield { topic, brokerName, queueId };
}

/**
 * 215: forgets a topic, in its file first, and removes the queues of all topics that this broker does not know; 0 also
 * for a topic that is not there. The name of the request meets no path: what is removed is found in the store. The
 * answer follows the disk. Java: AdminBrokerProcessor#deleteTopic.
 */
function deleteTopicInBroker(
  parts: BrokerParts,
): (request: Request<'DELETE_TOPIC_IN_BROKER'>) => Promise<LateResult<'DELETE_TOPIC_IN_BROKER'>> {
  return async (request) => {
    const { topic } = request.header;
    const peer = request.connection.remoteAddress;
    const deleted = parts.topics.delete(topic);
    const known = new Set(parts.topics.table().topicConfigTable.keys());
    const queues = await parts.store.cleaning.cleanUnusedTopic(known);
    parts.log.info({ topic, deleted, queues, peer }, 'an administrator had a topic deleted');
    return { code: 'SUCCESS' };
  };
}

/** 305: topics that every broker has. Java: AdminBrokerProcessor#getSystemTopicListFromBroker. */
function getSystemTopicListFromBroker(
  parts: BrokerParts,
): (request: Request<'GET_SYSTEM_TOPIC_LIST_FROM_BROKER'>) => HandlerResult<'GET_SYSTEM_TOPIC_LIST_FROM_BROKER'> {
  return () => ({ code: 'SUCCESS', body: encodeBody(topicList, { topicList: [...parts.topics.systemTopics] }) });
}
