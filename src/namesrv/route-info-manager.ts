import type { BrokerData, ClusterInfo, QueueData, TopicRouteData } from '../codec/bodies/route.ts';
import type { DataVersion, TopicConfig } from '../codec/bodies/topic-config.ts';
import { PermName, TopicSysFlag } from '../codec/sys-flags.ts';
import type { Connection } from '../remoting/connection.ts';
import type { Clock } from '../util/clock.ts';
import type { Logger } from '../util/logger.ts';

/** Java: RouteInfoManager.BROKER_CHANNEL_EXPIRED_TIME. */
export const BROKER_EXPIRED_MS = 120_000;
/** What one name server may hold; new entries beyond are refused. Java has no limits. */
const MOST_TOPICS = 500_000;
const MOST_BROKERS = 10_000;
const MASTER_ID = 0;

/** Who registers. */
export interface BrokerIdentity {
  readonly clusterName: string;
  readonly brokerName: string;
  readonly brokerAddr: string;
  readonly brokerId: number;
}

export interface Registration extends BrokerIdentity {
  readonly haServerAddr: string;
  readonly dataVersion: DataVersion;
  readonly topics: ReadonlyMap<string, TopicConfig>;
  /** undefined: a broker of an old version that does not know of them. */
  readonly filterServers: readonly string[] | undefined;
  readonly connection: Connection;
}

/** What a registering slave is told; a master nothing. */
export interface RegistrationAnswer {
  readonly masterAddr?: string;
  readonly haServerAddr?: string;
}

interface Broker {
  readonly cluster: string;
  readonly brokerName: string;
  readonly brokerAddrs: Map<number, string>;
}

interface LiveBroker {
  lastUpdateMs: number;
  dataVersion: DataVersion;
  connection: Connection;
  readonly haServerAddr: string;
}

type Queues = Required<QueueData> & { readonly brokerName: string };

/** Which broker serves which topic, and who is alive. Java: RouteInfoManager. */
export class RouteInfoManager {
  readonly #topics = new Map<string, Map<string, Queues>>();
  readonly #brokers = new Map<string, Broker>();
  readonly #clusters = new Map<string, Set<string>>();
  readonly #live = new Map<string, LiveBroker>();
  readonly #filterServers = new Map<string, readonly string[]>();
  readonly #clock: Clock;
  readonly #log: Logger;

  constructor(options: { clock: Clock; log: Logger }) {
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /**
   * Takes a registration.
   * @returns undefined when this name server is full. Java: RouteInfoManager#registerBroker.
   */
  register(registration: Registration): RegistrationAnswer | undefined {
    const { brokerName, brokerAddr, brokerId } = registration;
    if (!this.#live.has(brokerAddr) && this.#live.size >= MOST_BROKERS) return undefined;
    const isFirst = this.#noteBroker(registration);
    const known = this.#live.get(brokerAddr);
    const changed = known === undefined || !sameVersion(known.dataVersion, registration.dataVersion) || isFirst;
    if (brokerId === MASTER_ID && changed) {
      for (const [name, topic] of registration.topics) this.#noteTopic(name, topic, brokerName);
    }
    const { haServerAddr, dataVersion, connection } = registration;
    this.#live.set(brokerAddr, { lastUpdateMs: this.#clock.now(), dataVersion, connection, haServerAddr });
    if (registration.filterServers !== undefined) this.#noteFilterServers(brokerAddr, registration.filterServers);
    return brokerId === MASTER_ID ? {} : this.#masterOf(brokerName);
  }

  /** Java: RouteInfoManager#unregisterBroker. */
  unregister({ brokerAddr, brokerName, brokerId }: BrokerIdentity): void {
    this.#live.delete(brokerAddr);
    this.#filterServers.delete(brokerAddr);
    const broker = this.#brokers.get(brokerName);
    if (broker === undefined) return;
    broker.brokerAddrs.delete(brokerId);
    if (broker.brokerAddrs.size === 0) this.#forgetBroker(broker);
  }

  /** The version a broker registered last, or undefined. */
  dataVersionOf(brokerAddr: string): DataVersion | undefined {
    return this.#live.get(brokerAddr)?.dataVersion;
  }

  /** An unchanged broker is alive. Java: RouteInfoManager#updateBrokerInfoUpdateTimestamp. */
  renew(brokerAddr: string): void {
    const live = this.#live.get(brokerAddr);
    if (live !== undefined) live.lastUpdateMs = this.#clock.now();
  }

  /** Takes a broker off whose connection is gone. Java: RouteInfoManager#onChannelDestroy. */
  onClose(connection: Connection): void {
    for (const [address, live] of this.#live) {
      if (live.connection !== connection) continue;
      this.#removeAddress(address);
      return;
    }
  }

  /** Takes brokers off that have not registered for too long, and closes them. Java: #scanNotActiveBroker. */
  scanNotActive(): void {
    const now = this.#clock.now();
    for (const [address, live] of [...this.#live]) {
      if (live.lastUpdateMs + BROKER_EXPIRED_MS >= now) continue;
      this.#log.warn({ broker: address }, 'no registration of a broker for 120 s, taken off');
      this.#removeAddress(address);
      live.connection.destroy('no registration');
    }
  }

  /** Where a topic is, or undefined. Java: RouteInfoManager#pickupTopicRouteData. */
  route(topic: string): TopicRouteData | undefined {
    const queues = this.#topics.get(topic);
    if (queues === undefined) return undefined;
    const brokerDatas: BrokerData[] = [];
    const filterServerTable = new Map<string, readonly string[]>();
    for (const brokerName of queues.keys()) {
      const broker = this.#brokers.get(brokerName);
      if (broker === undefined) continue;
      brokerDatas.push(broker);
      for (const address of broker.brokerAddrs.values()) {
        const servers = this.#filterServers.get(address);
        if (servers !== undefined) filterServerTable.set(address, servers);
      }
    }
    if (brokerDatas.length === 0) return undefined;
    return { brokerDatas, filterServerTable, queueDatas: [...queues.values()] };
  }

  clusterInfo(): ClusterInfo {
    return {
      brokerAddrTable: this.#brokers,
      clusterAddrTable: new Map([...this.#clusters].map(([cluster, names]) => [cluster, [...names]])),
    };
  }

  topics(): string[] {
    return [...this.#topics.keys()];
  }

  /** Topics with a queue on any broker of a cluster. Java: RouteInfoManager#getTopicsByCluster. */
  topicsOfCluster(cluster: string): string[] {
    const names = this.#clusters.get(cluster) ?? new Set<string>();
    return [...this.#topics].filter(([, queues]) => [...queues.keys()].some((name) => names.has(name))).map(([t]) => t);
  }

  /** Names of clusters and brokers, which are topics too, and some broker's address. Java: #getSystemTopicList. */
  systemTopics(): { readonly topicList: string[]; readonly brokerAddr?: string } {
    const topicList = [...this.#clusters].flatMap(([cluster, names]) => [cluster, ...names]);
    for (const broker of this.#brokers.values()) {
      for (const brokerAddr of broker.brokerAddrs.values()) return { topicList, brokerAddr };
    }
    return { topicList };
  }

  /** Topics by the unit flags of their first broker. Java: #getUnitTopics and its two kin. */
  unitTopics(wanted: { readonly unit?: boolean; readonly unitSub?: boolean }): string[] {
    const matches = (flags: number): boolean =>
      (wanted.unit === undefined || wanted.unit === ((flags & TopicSysFlag.FLAG_UNIT) !== 0)) &&
      (wanted.unitSub === undefined || wanted.unitSub === ((flags & TopicSysFlag.FLAG_UNIT_SUB) !== 0));
    return [...this.#topics]
      .filter(([, queues]) => {
        for (const first of queues.values()) return matches(first.topicSynFlag);
        return false;
      })
      .map(([topic]) => topic);
  }

  /** Java: RouteInfoManager#deleteTopic. */
  deleteTopic(topic: string): void {
    this.#topics.delete(topic);
  }

  /**
   * Takes the write permission from all queues of a broker, until its next registration with a new version.
   * @returns how many topics it has. Java: RouteInfoManager#wipeWritePermOfBroker.
   */
  wipeWritePerm(brokerName: string): number {
    let count = 0;
    for (const queues of this.#topics.values()) {
      const known = queues.get(brokerName);
      if (known === undefined) continue;
      queues.set(brokerName, { ...known, perm: known.perm & ~PermName.PERM_WRITE });
      count += 1;
    }
    return count;
  }

  /** True when the broker or its master is new. */
  #noteBroker({ clusterName, brokerName, brokerAddr, brokerId }: Registration): boolean {
    const names = this.#clusters.get(clusterName);
    if (names === undefined) this.#clusters.set(clusterName, new Set([brokerName]));
    else names.add(brokerName);
    let broker = this.#brokers.get(brokerName);
    const isNew = broker === undefined;
    if (broker === undefined) {
      broker = { cluster: clusterName, brokerName, brokerAddrs: new Map() };
      this.#brokers.set(brokerName, broker);
    }
    // A slave that became master registers its address under another id.
    for (const [id, address] of broker.brokerAddrs) {
      if (address === brokerAddr && id !== brokerId) broker.brokerAddrs.delete(id);
    }
    const isFirstAddress = !broker.brokerAddrs.has(brokerId);
    broker.brokerAddrs.set(brokerId, brokerAddr);
    return isNew || isFirstAddress;
  }

  #noteTopic(name: string, topic: TopicConfig, brokerName: string): void {
    let queues = this.#topics.get(name);
    if (queues === undefined) {
      if (this.#topics.size >= MOST_TOPICS) return;
      queues = new Map();
      this.#topics.set(name, queues);
    }
    const { perm, readQueueNums, writeQueueNums, topicSysFlag } = topic;
    queues.set(brokerName, { brokerName, perm, readQueueNums, writeQueueNums, topicSynFlag: topicSysFlag });
  }

  #noteFilterServers(brokerAddr: string, servers: readonly string[]): void {
    if (servers.length === 0) this.#filterServers.delete(brokerAddr);
    else this.#filterServers.set(brokerAddr, servers);
  }

  #masterOf(brokerName: string): RegistrationAnswer {
    const masterAddr = this.#brokers.get(brokerName)?.brokerAddrs.get(MASTER_ID);
    const live = masterAddr === undefined ? undefined : this.#live.get(masterAddr);
    if (masterAddr === undefined || live === undefined) return {};
    return { masterAddr, haServerAddr: live.haServerAddr };
  }

  #removeAddress(address: string): void {
    this.#live.delete(address);
    this.#filterServers.delete(address);
    for (const broker of this.#brokers.values()) {
      for (const [id, known] of broker.brokerAddrs) {
        if (known !== address) continue;
        broker.brokerAddrs.delete(id);
        if (broker.brokerAddrs.size === 0) this.#forgetBroker(broker);
        return;
      }
    }
  }

  #forgetBroker({ brokerName, cluster }: Broker): void {
    this.#brokers.delete(brokerName);
    const names = this.#clusters.get(cluster);
    names?.delete(brokerName);
    if (names?.size === 0) this.#clusters.delete(cluster);
    for (const [topic, queues] of this.#topics) {
      queues.delete(brokerName);
      if (queues.size === 0) this.#topics.delete(topic);
    }
  }
}

function sameVersion(left: DataVersion, right: DataVersion): boolean {
  return left.counter === right.counter && left.timestamp === right.timestamp;
}
