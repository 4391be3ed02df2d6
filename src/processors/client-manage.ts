import { isTagType, SQL92 } from '../broker/consumer-filter-manager.ts';
import type { ClientChannelInfo, Subscription } from '../broker/consumer-manager.ts';
import { SqlError } from '../broker/filter/sql/sql-error.ts';
import { compileSql } from '../broker/filter/sql/sql-filter.ts';
import { topicSysFlagOf } from '../broker/topic-config-manager.ts';
import { type ConsumerData, checkClientRequestBody, heartbeatData } from '../codec/bodies/heartbeat.ts';
import { decodeBody } from '../codec/bodies/schema.ts';
import { DecodeError } from '../codec/fast-json.ts';
import { RequestError } from '../codec/response-codes.ts';
import { PermName } from '../codec/sys-flags.ts';
import { RETRY_PREFIX } from '../codec/system-topics.ts';
import type { Connection } from '../remoting/connection.ts';
import type { HandlerResult, Request } from '../remoting/handler.ts';
import { checkedGroupName, checkedTopicName } from './checked-names.ts';
import type { BrokerParts } from './parts.ts';

/** 34: a client says which groups it belongs to. Java: ClientManageProcessor#heartBeat. */
export function heartBeat(parts: BrokerParts): (request: Request<'HEART_BEAT'>) => HandlerResult<'HEART_BEAT'> {
  return (request) => {
    const heartbeat = decodeBody(heartbeatData, request.body ?? '');
    if (heartbeat instanceof DecodeError) throw new RequestError('SYSTEM_ERROR', heartbeat.message);
    const consumers = heartbeat.consumerDataSet.map((consumer) => checkedConsumer(parts, consumer));
    const producerGroups = heartbeat.producerDataSet.map(({ groupName }) => checkedGroupName(parts, groupName ?? ''));
    const channel = (): ClientChannelInfo => ({
      connection: request.connection,
      clientId: heartbeat.clientID ?? '',
      language: request.language,
      version: request.version,
      lastUpdateMs: parts.clock.now(),
    });
    for (const consumer of consumers) registerConsumer(parts, consumer, channel());
    for (const group of producerGroups) parts.producers.register(group, channel());
    return { code: 'SUCCESS' };
  };
}

/** A group of a heartbeat whose names were checked. */
type CheckedConsumer = ConsumerData & {
  readonly groupName: string;
  readonly subscriptionDataSet: readonly Subscription[];
};

function checkedConsumer(parts: BrokerParts, consumer: ConsumerData): CheckedConsumer {
  const groupName = checkedGroupName(parts, consumer.groupName ?? '');
  const ownRetryTopic = RETRY_PREFIX + groupName;
  const subscriptionDataSet = consumer.subscriptionDataSet.map((subscription) => {
    const topic = subscription.topic ?? '';
    // Push consumers subscribe to the retry topic of their group, which may be longer than a topic.
    return { ...subscription, topic: topic === ownRetryTopic ? topic : checkedTopicName(parts, topic) };
  });
  return { ...consumer, groupName, subscriptionDataSet };
}

function registerConsumer(parts: BrokerParts, consumer: CheckedConsumer, channel: ClientChannelInfo): void {
  const { groupName } = consumer;
  const config = parts.groups.find(groupName);
  if (config !== undefined) {
    const sysFlag = topicSysFlagOf(consumer.unitMode, true);
    const perm = PermName.PERM_READ | PermName.PERM_WRITE;
    parts.topics.createForGroup(RETRY_PREFIX + groupName, config.retryQueueNums, perm, sysFlag, 'heartbeat');
  }
  const changed = parts.consumers.register(channel, {
    group: groupName,
    consumeType: consumer.consumeType,
    messageModel: consumer.messageModel,
    consumeFromWhere: consumer.consumeFromWhere,
    subscriptions: consumer.subscriptionDataSet,
  });
  const group = parts.consumers.group(groupName);
  if (group !== undefined) parts.subscriptions.onHeartbeat(group, channel, consumer.subscriptionDataSet);
  if (changed && (config?.notifyConsumerIdsChangedEnable ?? true)) {
    notifyIdsChanged(parts, groupName, [...(group?.channels.keys() ?? [])]);
  }
  parts.filters.registerGroup(groupName, consumer.subscriptionDataSet);
}

/** 40: tells consumers that the members or topics of their group changed. Java: DefaultConsumerIdsChangeListener. */
export function notifyIdsChanged(parts: BrokerParts, consumerGroup: string, channels: readonly Connection[]): void {
  if (!parts.configs.brokerConfig.notifyConsumerIdsChangedEnable) return;
  for (const channel of channels) channel.oneway('NOTIFY_CONSUMER_IDS_CHANGED', { consumerGroup }, undefined);
}

/** 35: a client leaves groups. Java: ClientManageProcessor#unregisterClient. */
export function unregisterClient(
  parts: BrokerParts,
): (request: Request<'UNREGISTER_CLIENT'>) => HandlerResult<'UNREGISTER_CLIENT'> {
  return (request) => {
    const { producerGroup, consumerGroup } = request.header;
    if (producerGroup !== undefined) parts.producers.unregister(producerGroup, request.connection);
    if (consumerGroup !== undefined) {
      checkedGroupName(parts, consumerGroup);
      const others = parts.consumers.unregister(consumerGroup, request.connection);
      const notify = parts.groups.find(consumerGroup)?.notifyConsumerIdsChangedEnable ?? true;
      if (notify && others.length > 0) notifyIdsChanged(parts, consumerGroup, others);
    }
    return { code: 'SUCCESS', header: {} };
  };
}

/** 46: can this broker filter as the client wants? Java: ClientManageProcessor#checkClientConfig. */
export function checkClientConfig(
  parts: BrokerParts,
): (request: Request<'CHECK_CLIENT_CONFIG'>) => HandlerResult<'CHECK_CLIENT_CONFIG'> {
  return (request) => {
    const body = decodeBody(checkClientRequestBody, request.body ?? '');
    if (body instanceof DecodeError) throw new RequestError('SYSTEM_ERROR', body.message);
    const { expressionType: type, subString = '' } = body.subscriptionData ?? {};
    if (isTagType(type)) return { code: 'SUCCESS' };
    if (!parts.configs.brokerConfig.enablePropertyFilter) {
      return { code: 'SYSTEM_ERROR', remark: `The broker does not support consumer to filter message by ${type}` };
    }
    if (type !== SQL92) return { code: 'SUBSCRIPTION_PARSE_FAILED', remark: `there are no filters of type ${type}` };
    const compiled = compileSql(subString);
    if (compiled instanceof SqlError) return { code: 'SUBSCRIPTION_PARSE_FAILED', remark: compiled.message };
    return { code: 'SUCCESS' };
  };
}
