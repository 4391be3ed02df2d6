import type { ConsumeStats } from '../codec/bodies/consume-stats.ts';
import { groupList } from '../codec/bodies/consumer-connection.ts';
import { type ClusterInfo, MASTER_ID, type TopicRouteData } from '../codec/bodies/route.ts';
import { kvTable, topicList } from '../codec/bodies/topic-config.ts';
import { retryTopic } from '../codec/system-topics.ts';
import { compareTexts } from '../util/compare-texts.ts';
import { attempt, expectCode, refused } from './answer.ts';
import type { MqClient } from './mq-client.ts';
import { addressOf } from './routes.ts';
import { consumeStatsAt } from './stats.ts';

/** A broker of a cluster: one name, a master with id 0, slaves with others. */
export interface BrokerAddresses {
  readonly brokerName: string;
  /** By id, the smallest first. */
  readonly addresses: readonly (readonly [number, string])[];
}

/** What several servers made of the same request. */
export interface Everywhere<T> {
  readonly done: readonly (readonly [string, T])[];
  /** A line for each server that did not do it. */
  readonly failures: readonly string[];
}

/** No such cluster at the name server. */
export class UnknownClusterError extends Error {
  override readonly name = 'UnknownClusterError';
}

/** What operators' tools ask of a cluster, beside what every client asks. Java: DefaultMQAdminExt, CommandUtil. */
export class AdminClient {
  /** For everything that has no method here. */
  readonly mq: MqClient;

  constructor(mq: MqClient) {
    this.mq = mq;
  }

  get namesrvs(): readonly string[] {
    return this.mq.namesrvs;
  }

  clusters(): Promise<ClusterInfo> {
    return this.mq.clusters();
  }

  /** Where a topic is; an unknown one is an AnswerError, as in Java. */
  async route(topic: string): Promise<TopicRouteData> {
    const route = await this.mq.route(topic);
    if (route !== undefined) return route;
    const remark = `No topic route info in name server for the topic: ${topic}`;
    throw refused('TOPIC_NOT_EXIST', remark, this.namesrvs.join(';'));
  }

  /** Names of all topics of the name server. */
  async topics(): Promise<readonly string[]> {
    const list = await this.mq.askNamesrv((address) =>
      this.mq.askBody(address, 'GET_ALL_TOPIC_LIST_FROM_NAMESERVER', {}, topicList),
    );
    return list.topicList;
  }

  /** Brokers of a cluster by name, sorted. Rejects with {@link UnknownClusterError}. */
  async brokersOf(cluster: string): Promise<readonly BrokerAddresses[]> {
    return brokersIn(await this.clusters(), cluster);
  }

  /** Addresses of the masters of a cluster. Java: CommandUtil#fetchMasterAddrByClusterName. */
  async mastersOf(cluster: string): Promise<readonly string[]> {
    const brokers = await this.brokersOf(cluster);
    return brokers.flatMap(({ addresses }) =>
      addresses.filter(([id]) => id === MASTER_ID).map(([, address]) => address),
    );
  }

  /** Addresses of masters and slaves. Java: CommandUtil#fetchMasterAndSlaveAddrByClusterName. */
  async addressesOf(cluster: string): Promise<readonly string[]> {
    return (await this.brokersOf(cluster)).flatMap(({ addresses }) => addresses.map(([, address]) => address));
  }

  /** {@link addressOf} of each broker of a topic, by the name of the broker. */
  async brokersOfTopic(topic: string): Promise<readonly (readonly [string, string])[]> {
    const { brokerDatas } = await this.route(topic);
    return brokerDatas
      .flatMap((broker) => {
        const address = addressOf(broker);
        return address === undefined ? [] : [[broker.brokerName ?? '', address] as const];
      })
      .sort(([a], [b]) => compareTexts(a, b));
  }

  /** Groups that read a topic, as its first broker tells. Java: DefaultMQAdminExtImpl#queryTopicConsumeByWho. */
  async groupsOf(topic: string): Promise<readonly string[]> {
    const [first] = await this.brokersOfTopic(topic);
    if (first === undefined) return [];
    const groups = await this.mq.askBody(first[1], 'QUERY_TOPIC_CONSUME_BY_WHO', { topic }, groupList);
    return [...groups.groupList].sort();
  }

  /** How far a group has read, at all brokers of its retry topic by name. */
  async consumeStats(consumerGroup: string, topic?: string): Promise<ConsumeStats> {
    const brokers = await this.brokersOfTopic(retryTopic(consumerGroup));
    const addresses = brokers.map(([, address]) => address);
    return consumeStatsAt(this.mq, addresses, { consumerGroup, topic });
  }

  /** A value of the KV configuration; undefined when there is none. */
  async kvValue(namespace: string, key: string): Promise<string | undefined> {
    return this.mq.askNamesrv(async (address) => {
      const asked = await this.mq.ask(address, 'GET_KV_CONFIG', { namespace, key });
      const answer = expectCode(asked, address, 'SUCCESS', 'QUERY_NOT_FOUND');
      return answer.codeName === 'SUCCESS' ? answer.extFields.get('value') : undefined;
    });
  }

  /** Sets a value at every name server. Rejects at the first that does not take it, as Java's. */
  async putKv(namespace: string, key: string, value: string): Promise<void> {
    for (const address of this.namesrvs) await this.mq.askHeader(address, 'PUT_KV_CONFIG', { namespace, key, value });
  }

  /** Removes a value at every name server. */
  async deleteKv(namespace: string, key: string): Promise<void> {
    for (const address of this.namesrvs) await this.mq.askHeader(address, 'DELETE_KV_CONFIG', { namespace, key });
  }

  /** Deletes a topic from all brokers of a cluster, or from those that can be reached. */
  async deleteTopicInBrokers(cluster: string, topic: string): Promise<Everywhere<unknown>> {
    const addresses = await this.addressesOf(cluster);
    return this.everywhere(addresses, (address) => this.mq.askHeader(address, 'DELETE_TOPIC_IN_BROKER', { topic }));
  }

  /** Deletes a topic from the routes of all name servers. */
  deleteTopicInNamesrvs(topic: string): Promise<Everywhere<unknown>> {
    return this.everywhere(this.namesrvs, (address) =>
      this.mq.askHeader(address, 'DELETE_TOPIC_IN_NAMESRV', { topic }),
    );
  }

  /** Counters and gauges of a broker. */
  async runtimeInfo(address: string): Promise<ReadonlyMap<string, string>> {
    return (await this.mq.askBody(address, 'GET_BROKER_RUNTIME_INFO', {}, kvTable)).table;
  }

  /** The same at several servers, one after another; trouble at one does not keep the others from it. */
  async everywhere<T>(addresses: readonly string[], act: (address: string) => Promise<T>): Promise<Everywhere<T>> {
    const done: (readonly [string, T])[] = [];
    const failures: string[] = [];
    for (const address of addresses) {
      const { value, failure } = await attempt(act(address));
      if (failure === undefined) done.push([address, value]);
      else failures.push(failure);
    }
    return { done, failures };
  }
}

/** Brokers of a cluster, by name. Throws {@link UnknownClusterError}. */
export function brokersIn({ clusterAddrTable, brokerAddrTable }: ClusterInfo, cluster: string): BrokerAddresses[] {
  const names = clusterAddrTable.get(cluster);
  if (names === undefined) {
    const known = [...clusterAddrTable.keys()].sort().join(', ');
    throw new UnknownClusterError(`the name server knows no cluster ${cluster}, but: ${known || 'none at all'}`);
  }
  return [...names].sort().flatMap((brokerName) => {
    const addresses = [...(brokerAddrTable.get(brokerName)?.brokerAddrs ?? [])].sort(([a], [b]) => a - b);
    return addresses.length === 0 ? [] : [{ brokerName, addresses }];
  });
}
