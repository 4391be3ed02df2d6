import { encodeBody } from '../../codec/bodies/schema.ts';
import { topicConfigSerializeWrapper } from '../../codec/bodies/topic-config.ts';
import { topicNameProblem } from '../../codec/names.ts';
import { RequestError } from '../../codec/response-codes.ts';
import type { HandlerResult, Request } from '../../remoting/handler.ts';
import type { BrokerParts } from '../parts.ts';

/** Queues one topic may have; Java has no limit and takes any number into its tables. */
const MOST_QUEUES = 65_536;

/**
 * 17: creates or replaces a topic. Java answers before it stores; here the answer follows the file.
 * Java: AdminBrokerProcessor#updateAndCreateTopic, CreateTopicRequestHeader#checkFields.
 */
export function updateAndCreateTopic(
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
export function getAllTopicConfig(
  parts: BrokerParts,
): (request: Request<'GET_ALL_TOPIC_CONFIG'>) => HandlerResult<'GET_ALL_TOPIC_CONFIG'> {
  return () => ({
    code: 'SUCCESS',
    header: {},
    body: encodeBody(topicConfigSerializeWrapper, parts.topics.table()),
  });
}
