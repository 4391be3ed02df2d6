import { groupNameProblem, topicNameProblem } from '../codec/names.ts';
import { RequestError } from '../codec/response-codes.ts';
import type { BrokerParts } from './parts.ts';

/**
 * The names of requests that could create state or a path (CVE-2019-17572, ADR 0006). What is in the tables already, as
 * a Java store may have it, is used on as it is; a new name has to keep the rule of the official client.
 */

/** A topic's name, or the client's own words for why not. @throws RequestError */
export function checkedTopicName(parts: BrokerParts, topic: string): string {
  return parts.topics.select(topic) === undefined ? refuse(topic, topicNameProblem(topic)) : topic;
}

/** A group's name, or the client's own words for why not. @throws RequestError */
export function checkedGroupName(parts: BrokerParts, group: string): string {
  return parts.groups.has(group) ? group : refuse(group, groupNameProblem(group));
}

function refuse(name: string, problem: string | undefined): string {
  if (problem !== undefined) throw new RequestError('SYSTEM_ERROR', problem);
  return name;
}
