import {
  type BrokerData,
  type ClusterInfo,
  MASTER_ID,
  type QueueData,
  type TopicRouteData,
} from '../codec/bodies/route.ts';
import type { DataVersion, TopicConfig } from '../codec/bodies/topic-config.ts';
import { PermName, TopicSysFlag } from '../codec/sys-flags.ts';
import type { Connection } from '../remoting/connection.ts';
import type { Clock } from '../util/clock.ts';
import type { Logger } from '../util/logger.ts';

/** Java: RouteInfoManager.BROKER_CHANNEL_EXPIRED_TIME. */
export const BROKER_EXPIRED_MS = 120_000;
/** What one name server may hold; a registration that would need more is refused whole. Java has no limits. */
export interface RouteLimits {
  /** Broker addresses, and as many broker names. */
  readonly brokers: number;
  readonly topics: number;
  /** Pairs of topic and broker. */
  readonly queues: number;
  readonly filterServersPerBroker: number;
}

export const routeLimits: RouteLimits = {
  brokers: 10_000,
  topics: 500_000,
  queues: 2_000_000,
  filterServersPerBroker: 256,
};

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
  /** None for a slave: its topics are its master's. */
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
  /** Monotonic, so that a step of the wall clock expires nobody. */
  lastUpdateMs: number;
  readonly dataVersion: DataVersion;
  readonly connection: Connection;
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
  readonly #limits: RouteLimits;
  /** Pairs of topic and broker in `#topics`. */
  #queueCount = 0;
  /** Addresses in `#brokers` that the last scan did not find in `#live`, and when they were missed first. */
  #ghostsSinceMs: ReadonlyMap<string, number> = new Map();

  constructor(options: { clock: Clock; log: Logger; limits?: RouteLimits }) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#limits = options.limits ?? routeLimits;
  }

  /**
   * Takes a registration. Topics that are missing from it stay. Java: RouteInfoManager#registerBroker.
   * @returns what is used up, in words, when this name server is full; nothing was taken then
   */
  register(registration: Registration): RegistrationAnswer | string {
    const { brokerName, brokerAddr, brokerId } = registration;
    const full = this.#fullOf(registration);
    if (full !== undefined) return full;
    const isFirst = this.#noteBroker(registration);
    const known = this.#live.get(brokerAddr);
    const changed = known === undefined || !sameVersion(known.dataVersion, registration.dataVersion) || isFirst;
    if (changed) {
      for (const [name, topic] of registration.topics) this.#noteTopic(name, topic, brokerName);
    }
    const { haServerAddr, dataVersion, connection } = registration;
    this.#live.set(brokerAddr, { lastUpdateMs: this.#clock.monotonicMs(), dataVersion, connection, haServerAddr });
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
    if (broker.brokerAddrs.size === 0) this.#forgetBroker(brokerName);
  }

  /** The version a broker registered last, or undefined. */
  dataVersionOf(brokerAddr: string): DataVersion | undefined {
    return this.#live.get(brokerAddr)?.dataVersion;
  }

  /** An unchanged broker is alive. Java: RouteInfoManager#updateBrokerInfoUpdateTimestamp. */
  renew(brokerAddr: string): void {
    const live = this.#live.get(brokerAddr);
    if (live !== undefined) live.lastUpdateMs = this.#clock.monotonicMs();
  }

  /** Takes the brokers off whose connection is gone; Java only the first of them. Java: #onChannelDestroy. */
  onClose(connection: Connection): void {
    for (const [address, live] of [...this.#live]) if (live.connection === connection) this.#removeAddress(address);
  }

  /**
   * Takes brokers off that have not registered for too long, and closes them; besides, addresses that no live broker
   * has stood behind for as long, which a registration under two names or a wrong unregistration leaves and Java keeps
   * for ever (ADR 0046). Java: #scanNotActiveBroker.
   */
  scanNotActive(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [address, live] of [...this.#live]) {
      if (live.lastUpdateMs + BROKER_EXPIRED_MS >= nowMs) continue;
      this.#log.warn({ broker: address }, 'no registration of a broker for 120 s, taken off');
      this.#removeAddress(address);
      live.connection.destroy('no registration');
    }
    this.#removeGhosts(nowMs);
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
    this.#queueCount -= this.#topics.get(topic)?.size ?? 0;
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

  /** What this registration would need more of than there may be. */
  #fullOf({ brokerName, brokerAddr, topics, filterServers = [] }: Registration): string | undefined {
    const { brokers, topics: mostTopics, queues, filterServersPerBroker } = this.#limits;
    const isNew = !this.#live.has(brokerAddr) || !this.#brokers.has(brokerName);
    if (isNew && (this.#live.size >= brokers || this.#brokers.size >= brokers)) return 'brokers';
    if (filterServers.length > filterServersPerBroker) return 'filter servers';
    let newTopics = 0;
    let newQueues = 0;
    for (const topic of topics.keys()) {
      const known = this.#topics.get(topic);
      if (known === undefined) newTopics += 1;
      if (known?.has(brokerName) !== true) newQueues += 1;
    }
    if (newTopics > 0 && this.#topics.size + newTopics > mostTopics) return 'topics';
    return newQueues > 0 && this.#queueCount + newQueues > queues ? 'queues' : undefined;
  }

  /** Java: RouteInfoManager#createAndUpdateQueueData. */
  #noteTopic(name: string, topic: TopicConfig, brokerName: string): void {
    let queues = this.#topics.get(name);
    if (queues === undefined) {
      queues = new Map();
      this.#topics.set(name, queues);
    }
    const known = queues.get(brokerName);
    if (known === undefined) this.#queueCount += 1;
    const { perm, readQueueNums, writeQueueNums, topicSysFlag } = topic;
    const noted = { brokerName, perm, readQueueNums, writeQueueNums, topicSynFlag: topicSysFlag };
    // What has changed goes to the end, and the first broker of a topic decides what unit it is of.
    if (known !== undefined && !sameQueues(known, noted)) queues.delete(brokerName);
    queues.set(brokerName, noted);
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

  /** Not at once: a broker that runs is back with its next registration, and clients shall not lose it until then. */
  #removeGhosts(nowMs: number): void {
    const ghosts = new Map<string, number>();
    for (const broker of this.#brokers.values()) {
      for (const address of broker.brokerAddrs.values()) {
        if (!this.#live.has(address)) ghosts.set(address, this.#ghostsSinceMs.get(address) ?? nowMs);
      }
    }
    for (const [address, sinceMs] of ghosts) {
      if (sinceMs + BROKER_EXPIRED_MS >= nowMs) continue;
      this.#log.warn({ broker: address }, 'no registration of an address for 120 s, taken off');
      this.#removeAddress(address);
      ghosts.delete(address);
    }
    this.#ghostsSinceMs = ghosts;
  }

  #removeAddress(address: string): void {
    this.#live.delete(address);
    this.#filterServers.delete(address);
    for (const broker of [...this.#brokers.values()]) {
      for (const [id, known] of broker.brokerAddrs) if (known === address) broker.brokerAddrs.delete(id);
      if (broker.brokerAddrs.size === 0) this.#forgetBroker(broker.brokerName);
    }
  }

  #forgetBroker(brokerName: string): void {
    this.#brokers.delete(brokerName);
    for (const [cluster, names] of this.#clusters) {
      if (names.delete(brokerName) && names.size === 0) this.#clusters.delete(cluster);
    }
    for (const [topic, queues] of this.#topics) {
      if (!queues.delete(brokerName)) continue;
      this.#queueCount -= 1;
      if (queues.size === 0) this.#topics.delete(topic);
    }
  }
}

function sameQueues(left: Queues, right: Queues): boolean {
  return (
    left.perm === right.perm &&
    left.readQueueNums === right.readQueueNums &&
    left.writeQueueNums === right.writeQueueNums &&
    left.topicSynFlag === right.topicSynFlag
  );
}

/** Two registrations of the same state of a broker's topics. Java: DataVersion#equals. */
export function sameVersion(left: DataVersion, right: DataVersion): boolean {
  return left.counter === right.counter && left.timestamp === right.timestamp;
}
