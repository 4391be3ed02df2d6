import { isTagType, SQL92 } from '../broker/consumer-filter-manager.ts';
import type { Subscription } from '../broker/consumer-manager.ts';
import { SqlError } from '../broker/filter/sql/sql-error.ts';
import { compileSql } from '../broker/filter/sql/sql-filter.ts';
import { conditionFilter, retryFilter, sqlFilter } from '../broker/filter/sql-message-filter.ts';
import { SUB_ALL, tagCodes, tagFilter } from '../broker/filter/tag-filter.ts';
import type { SubscriptionGroupConfig } from '../broker/subscription-group-manager.ts';
import type { Commands } from '../codec/commands.ts';
import type { HeaderValues } from '../codec/header.ts';
import { FAQ, RequestError } from '../codec/response-codes.ts';
import { PullSysFlag } from '../codec/sys-flags.ts';
import { RETRY_PREFIX } from '../codec/system-topics.ts';
import type { MessageFilter } from '../store/ports.ts';
import type { BrokerParts } from './parts.ts';

/** The header of a pull, its fields copied. */
export type PullHeader = HeaderValues<Commands['PULL_MESSAGE']['request']>;

/**
 * What a pull picks by; undefined matches everything. Throws RequestError.
 * Java: the subscription part of PullMessageProcessor#processRequest.
 */
export function filterOf(
  parts: BrokerParts,
  header: PullHeader,
  group: SubscriptionGroupConfig,
): MessageFilter | undefined {
  if ((header.sysFlag & PullSysFlag.FLAG_SUBSCRIPTION) !== 0) return filterOfRequest(parts, header);
  const subscription = registeredSubscription(parts, header, group);
  if (!isTagType(subscription.expressionType)) return registeredFilter(parts, header, subscription);
  if (subscription.subString === SUB_ALL || subscription.subString === '' || subscription.classFilterMode)
    return undefined;
  return tagFilter(subscription.codeSet);
}

/** The subscription comes with the request. Java: FilterAPI#build. */
function filterOfRequest(parts: BrokerParts, header: PullHeader): MessageFilter | undefined {
  const { expressionType: type, subscription = '' } = header;
  if (type === undefined || type === 'TAG') {
    const codes = tagCodes(subscription);
    if (codes === 'malformed') throw unparsable();
    return codes === undefined ? undefined : tagFilter(codes);
  }
  if (subscription === '') throw unparsable();
  // Java takes the empty type for tags and computes the hash of none.
  if (isTagType(type)) return subscription === SUB_ALL ? undefined : tagFilter([]);
  checkEnabled(parts, type);
  const compiled = type === SQL92 ? compileSql(subscription) : undefined;
  if (compiled instanceof SqlError) {
    // Java filters by what is too large for us, and lets everything pass for what does not compile.
    if (compiled.tooLarge) throw unparsable();
    return undefined;
  }
  if (compiled === undefined) return undefined;
  return isFilteredRetry(parts, header) ? retryFilterOf(parts, header) : conditionFilter(compiled);
}

/** The filter that the group's heartbeats brought. */
function registeredFilter(
  parts: BrokerParts,
  header: PullHeader,
  subscription: Subscription,
): MessageFilter | undefined {
  const filter = parts.filters.get(header.topic, header.consumerGroup);
  if (filter === undefined) {
    const text = "The broker's consumer filter data is not exist!Your expression may be wrong!";
    throw new RequestError('FILTER_DATA_NOT_EXIST', text);
  }
  if (filter.clientVersion.toNumber() < header.subVersion) {
    throw new RequestError('FILTER_DATA_NOT_LATEST', "the consumer's consumer filter data not latest");
  }
  checkEnabled(parts, subscription.expressionType);
  if (subscription.classFilterMode) return undefined;
  return isFilteredRetry(parts, header) ? retryFilterOf(parts, header) : sqlFilter(filter);
}

function isFilteredRetry({ configs }: BrokerParts, { topic }: PullHeader): boolean {
  return configs.brokerConfig.filterSupportRetry && topic.startsWith(RETRY_PREFIX);
}

/** A retry topic is named after its group. Java: KeyBuilder#parseGroup. */
function retryFilterOf(parts: BrokerParts, header: PullHeader): MessageFilter {
  const group = header.topic.slice(RETRY_PREFIX.length);
  return retryFilter((topic) => parts.filters.get(topic, group));
}

function registeredSubscription(
  parts: BrokerParts,
  header: PullHeader,
  groupConfig: SubscriptionGroupConfig,
): Subscription {
  const group = parts.consumers.group(header.consumerGroup);
  if (group === undefined) {
    throw new RequestError('SUBSCRIPTION_NOT_EXIST', `the consumer's group info not exist${FAQ}`);
  }
  if (!groupConfig.consumeBroadcastEnable && group.messageModel === 'BROADCASTING') {
    const text = `the consumer group[${header.consumerGroup}] can not consume by broadcast way`;
    throw new RequestError('NO_PERMISSION', text);
  }
  const subscription = group.subscriptions.get(header.topic);
  if (subscription === undefined) {
    throw new RequestError('SUBSCRIPTION_NOT_EXIST', `the consumer's subscription not exist${FAQ}`);
  }
  if (subscription.subVersion < header.subVersion) {
    throw new RequestError('SUBSCRIPTION_NOT_LATEST', "the consumer's subscription not latest");
  }
  return subscription;
}

function checkEnabled({ configs }: BrokerParts, type: string | undefined): void {
  if (configs.brokerConfig.enablePropertyFilter) return;
  throw new RequestError('SYSTEM_ERROR', `The broker does not support consumer to filter message by ${type}`);
}

function unparsable(): RequestError {
  return new RequestError('SUBSCRIPTION_PARSE_FAILED', "parse the consumer's subscription failed");
}
