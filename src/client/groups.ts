import type { ConsumeStats } from '../codec/bodies/consume-stats.ts';
import {
  type ConsumerConnection,
  consumerConnection,
  groupList,
  type ProducerConnection,
  producerConnection,
} from '../codec/bodies/consumer-connection.ts';
import {
  type ConsumeMessageDirectlyResult,
  type ConsumerRunningInfo,
  consumeMessageDirectlyResult,
  consumerRunningInfo,
} from '../codec/bodies/running-info.ts';
import { retryTopic } from '../codec/system-topics.ts';
import { inJavaHashOrder, javaStringHash } from '../util/java-hash.ts';
import type { AdminClient } from './admin-client.ts';
import { type AnswerError, refused } from './answer.ts';
import { brokersOf } from './routes.ts';
import { consumeStatsAt } from './stats.ts';

/** A request that the broker hands on to a client, which may be slow. Java: timeoutMillis * 3. */
const RELAYED_TIMEOUT_MS = 15_000;
const MEMBERS = 'consumer group connection';
const PRODUCERS = 'producer group connection';

/** Something that the cluster does not have, as Java's client says it. */
function missing(admin: AdminClient, what: string): AnswerError {
  return refused('CONSUMER_NOT_ONLINE', `Not found the ${what}`, admin.namesrvs.join(';'));
}

/** The first broker of a topic; rejects with {@link missing} when it has none. */
async function firstBroker(admin: AdminClient, topic: string, what: string): Promise<string> {
  const [address] = brokersOf(await admin.route(topic));
  if (address === undefined) throw missing(admin, what);
  return address;
}

/**
 * How far a group is, over all brokers in the order of the route of its retry topic. Rejects with AnswerError when it
 * is nowhere.
 */
export async function groupStats(admin: AdminClient, consumerGroup: string): Promise<ConsumeStats> {
  const addresses = brokersOf(await admin.route(retryTopic(consumerGroup)));
  const stats = await consumeStatsAt(admin.mq, addresses, { consumerGroup });
  if (stats.offsetTable.size > 0) return stats;
  throw missing(admin, 'consumer group consume stats, because return offset table is empty');
}

/** Members of a group and what they read. Rejects with AnswerError (CONSUMER_NOT_ONLINE) without any. */
export async function groupMembers(admin: AdminClient, consumerGroup: string): Promise<ConsumerConnection> {
  const address = await firstBroker(admin, retryTopic(consumerGroup), MEMBERS);
  const header = { consumerGroup };
  const found = await admin.mq.askBody(address, 'GET_CONSUMER_CONNECTION_LIST', header, consumerConnection);
  if (found.connectionSet.length === 0) throw missing(admin, MEMBERS);
  return found;
}

/** Connected producers of a group that send to a topic. Rejects with AnswerError without any. */
export async function producerMembers(
  admin: AdminClient,
  producerGroup: string,
  topic: string,
): Promise<ProducerConnection> {
  const address = await firstBroker(admin, topic, PRODUCERS);
  const header = { producerGroup };
  const found = await admin.mq.askBody(address, 'GET_PRODUCER_CONNECTION_LIST', header, producerConnection);
  if (found.connectionSet.length === 0) throw missing(admin, PRODUCERS);
  return found;
}

/** Groups that read a topic, in the order of Java's HashSet. Java: DefaultMQAdminExtImpl#queryTopicConsumeByWho. */
export async function groupsOfTopic(admin: AdminClient, topic: string): Promise<string[]> {
  const [address] = brokersOf(await admin.route(topic));
  if (address === undefined) return [];
  const found = await admin.mq.askBody(address, 'QUERY_TOPIC_CONSUME_BY_WHO', { topic }, groupList);
  return inJavaHashOrder(found.groupList, (group) => javaStringHash(group));
}

/** What a member of a group says about itself. */
export async function runningInfo(
  admin: AdminClient,
  who: { readonly consumerGroup: string; readonly clientId: string; readonly jstackEnable: boolean },
): Promise<ConsumerRunningInfo> {
  const address = await firstBroker(admin, retryTopic(who.consumerGroup), MEMBERS);
  return admin.mq.askBody(address, 'GET_CONSUMER_RUNNING_INFO', who, consumerRunningInfo, RELAYED_TIMEOUT_MS);
}

/** Lets a member of a group consume one message, which the broker at `address` has under this offset id. */
export function consumeDirectly(
  admin: AdminClient,
  address: string,
  what: { readonly consumerGroup: string; readonly clientId: string; readonly msgId: string },
): Promise<ConsumeMessageDirectlyResult> {
  const kind = consumeMessageDirectlyResult;
  return admin.mq.askBody(address, 'CONSUME_MESSAGE_DIRECTLY', what, kind, RELAYED_TIMEOUT_MS);
}

/** Writes an offset of a group. */
export async function commitOffset(
  admin: AdminClient,
  address: string,
  what: {
    readonly consumerGroup: string;
    readonly topic: string;
    readonly queueId: number;
    readonly commitOffset: number;
  },
): Promise<void> {
  await admin.mq.askHeader(address, 'UPDATE_CONSUMER_OFFSET', what);
}
