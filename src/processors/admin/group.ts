import type { ClientChannelInfo } from '../../broker/consumer-manager.ts';
import { MOST_QUEUES } from '../../broker/topic-config-manager.ts';
import { consumerConnection, groupList, producerConnection } from '../../codec/bodies/consumer-connection.ts';
import { decodeBody, encodeBody } from '../../codec/bodies/schema.ts';
import { subscriptionGroupConfig, subscriptionGroupWrapper } from '../../codec/bodies/topic-config.ts';
import { DecodeError } from '../../codec/fast-json.ts';
import { RequestError } from '../../codec/response-codes.ts';
import type { HandlerResult, Handlers, Request } from '../../remoting/handler.ts';
import { checkedGroupName } from '../checked-names.ts';
import type { BrokerParts } from '../parts.ts';

/** 200, 201, 203, 204, 207, 300: groups and who is connected of them. */
export function groupHandlers(parts: BrokerParts): Pick<Handlers<'broker'>, GroupCommand> {
  return {
    UPDATE_AND_CREATE_SUBSCRIPTIONGROUP: updateAndCreateSubscriptionGroup(parts),
    GET_ALL_SUBSCRIPTIONGROUP_CONFIG: getAllSubscriptionGroup(parts),
    DELETE_SUBSCRIPTIONGROUP: deleteSubscriptionGroup(parts),
    GET_CONSUMER_CONNECTION_LIST: getConsumerConnectionList(parts),
    GET_PRODUCER_CONNECTION_LIST: getProducerConnectionList(parts),
    QUERY_TOPIC_CONSUME_BY_WHO: queryTopicConsumeByWho(parts),
  };
}

type GroupCommand =
  | 'UPDATE_AND_CREATE_SUBSCRIPTIONGROUP'
  | 'GET_ALL_SUBSCRIPTIONGROUP_CONFIG'
  | 'DELETE_SUBSCRIPTIONGROUP'
  | 'GET_CONSUMER_CONNECTION_LIST'
  | 'GET_PRODUCER_CONNECTION_LIST'
  | 'QUERY_TOPIC_CONSUME_BY_WHO';

/**
 * 200: creates or replaces a group; the answer follows the file. A retry topic of no queues is allowed: messages that
 * such a group sends back are dropped. Java: AdminBrokerProcessor#updateAndCreateSubscriptionGroup.
 */
function updateAndCreateSubscriptionGroup(
  parts: BrokerParts,
): (request: Request<'UPDATE_AND_CREATE_SUBSCRIPTIONGROUP'>) => HandlerResult<'UPDATE_AND_CREATE_SUBSCRIPTIONGROUP'> {
  return (request) => {
    const config = decodeBody(subscriptionGroupConfig, request.body ?? '');
    if (config instanceof DecodeError) throw new RequestError('SYSTEM_ERROR', config.message);
    const groupName = checkedGroupName(parts, config.groupName ?? '');
    if (config.retryQueueNums > MOST_QUEUES) {
      throw new RequestError('SYSTEM_ERROR', `a retry topic has at most ${MOST_QUEUES} queues`);
    }
    parts.groups.update({ ...config, groupName });
    parts.log.info({ group: groupName, peer: request.connection.remoteAddress }, 'an administrator set a group');
    return { code: 'SUCCESS' };
  };
}

/** 201: all groups of this broker. Java: AdminBrokerProcessor#getAllSubscriptionGroup. */
function getAllSubscriptionGroup(
  parts: BrokerParts,
): (request: Request<'GET_ALL_SUBSCRIPTIONGROUP_CONFIG'>) => HandlerResult<'GET_ALL_SUBSCRIPTIONGROUP_CONFIG'> {
  return () => ({ code: 'SUCCESS', body: encodeBody(subscriptionGroupWrapper, parts.groups.table()) });
}

/** 207: forgets a group, 0 also for one that is not there. Java: AdminBrokerProcessor#deleteSubscriptionGroup. */
function deleteSubscriptionGroup(
  parts: BrokerParts,
): (request: Request<'DELETE_SUBSCRIPTIONGROUP'>) => HandlerResult<'DELETE_SUBSCRIPTIONGROUP'> {
  return (request) => {
    const { groupName } = request.header;
    const deleted = parts.groups.delete(groupName);
    const peer = request.connection.remoteAddress;
    parts.log.info({ group: groupName, deleted, peer }, 'an administrator had a group deleted');
    return { code: 'SUCCESS' };
  };
}

/** 203: the connected clients of a consumer group. Java: AdminBrokerProcessor#getConsumerConnectionList. */
function getConsumerConnectionList(
  parts: BrokerParts,
): (request: Request<'GET_CONSUMER_CONNECTION_LIST'>) => HandlerResult<'GET_CONSUMER_CONNECTION_LIST'> {
  return (request) => {
    const { consumerGroup } = request.header;
    const group = parts.consumers.group(consumerGroup);
    if (group === undefined) {
      throw new RequestError('CONSUMER_NOT_ONLINE', `the consumer group[${consumerGroup}] not online`);
    }
    const connectionSet = connectionsOf(group.channels.values());
    const { consumeType, messageModel, consumeFromWhere, subscriptions } = group;
    const body = { connectionSet, consumeType, messageModel, consumeFromWhere, subscriptionTable: subscriptions };
    return { code: 'SUCCESS', body: encodeBody(consumerConnection, body) };
  };
}

/** 204: the connected clients of a producer group. Java: AdminBrokerProcessor#getProducerConnectionList. */
function getProducerConnectionList(
  parts: BrokerParts,
): (request: Request<'GET_PRODUCER_CONNECTION_LIST'>) => HandlerResult<'GET_PRODUCER_CONNECTION_LIST'> {
  return (request) => {
    const { producerGroup } = request.header;
    const channels = parts.producers.channels(producerGroup);
    if (channels === undefined) {
      throw new RequestError('SYSTEM_ERROR', `the producer group[${producerGroup}] not exist`);
    }
    const connectionSet = connectionsOf(channels.values());
    return { code: 'SUCCESS', body: encodeBody(producerConnection, { connectionSet }) };
  };
}

function connectionsOf(channels: Iterable<ClientChannelInfo>) {
  return Array.from(channels, ({ connection, clientId, language, version }) => ({
    clientAddr: connection.remoteAddress,
    clientId,
    language,
    version,
  }));
}

/** 300: groups that read a topic or have offsets of it. Java: AdminBrokerProcessor#queryTopicConsumeByWho. */
function queryTopicConsumeByWho(
  parts: BrokerParts,
): (request: Request<'QUERY_TOPIC_CONSUME_BY_WHO'>) => HandlerResult<'QUERY_TOPIC_CONSUME_BY_WHO'> {
  return (request) => {
    const { topic } = request.header;
    const groups = new Set([...parts.consumers.groupsSubscribing(topic), ...parts.offsets.groupsOf(topic)]);
    return { code: 'SUCCESS', body: encodeBody(groupList, { groupList: [...groups] }) };
  };
}
