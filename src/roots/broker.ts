import { randomInt } from 'node:crypto';
import { BrokerOuterApi } from '../broker/broker-outer-api.ts';
import { BrokerStats } from '../broker/broker-stats.ts';
import { ConsumerManager } from '../broker/consumer-manager.ts';
import { ConsumerOffsetManager } from '../broker/consumer-offset-manager.ts';
import { ProducerManager } from '../broker/producer-manager.ts';
import { PullRequestHoldService } from '../broker/pull-request-hold-service.ts';
import { RebalanceLockManager } from '../broker/rebalance-lock-manager.ts';
import { SubscriptionGroupManager } from '../broker/subscription-group-manager.ts';
import { TopicConfigManager } from '../broker/topic-config-manager.ts';
import { encodeHost } from '../codec/message-id.ts';
import type { BrokerConfigs } from '../config/configs.ts';
import { notifyIdsChanged } from '../processors/client-manage.ts';
import { brokerHandlers } from '../processors/index.ts';
import type { BrokerParts } from '../processors/parts.ts';
import { Admission, brokerLimits } from '../remoting/admission.ts';
import { RemotingClient } from '../remoting/client.ts';
import { Dispatcher } from '../remoting/dispatcher.ts';
import { LoopTurn } from '../remoting/loop-turn.ts';
import { ParkedReplies } from '../remoting/parked-replies.ts';
import { RemotingServer } from '../remoting/server.ts';
import { MessageStore } from '../store/message-store.ts';
import type { Clock, Timer } from '../util/clock.ts';
import type { Fs } from '../util/fs.ts';
import type { Logger } from '../util/logger.ts';
import type { Listener, Net } from '../util/net.ts';
import { StateFile } from '../util/state-file.ts';

const HOUSEKEEPING_PERIOD_MS = 10_000;
const FIRST_OFFSET_PERSIST_MS = 10_000;
/** Java: BrokerController#initialize, the fast remoting server. */
const VIP_PORT_BELOW = 2;

/** The world a broker runs in. */
export interface BrokerWorld {
  readonly fs: Fs;
  readonly net: Net;
  readonly clock: Clock;
  readonly log: Logger;
  readonly fetchText: (url: string) => Promise<string>;
  /** Memory of the host, bytes. */
  readonly totalMemoryBytes: number;
  /** Runs a shell script when this process is gone, however it ends. */
  readonly afterDeath: (script: string, parameters: readonly string[]) => void;
}

export interface BrokerOptions extends BrokerWorld {
  readonly configs: BrokerConfigs;
  /** Every key of the configuration file with its last value; GET_BROKER_CONFIG shows them. */
  readonly fileProperties: ReadonlyMap<string, string>;
  /** Address to listen on; undefined: all interfaces, as Java. */
  readonly host?: string;
}

/** A broker that serves. */
export interface RunningBroker {
  /** `ip:port` told to clients. */
  readonly address: string;
  /** Stops as Java's shutdown hook does; resolves when everything is on disk and the ports are free. */
  shutdown(): Promise<void>;
}

/** Puts a broker together and starts it. Rejects when it cannot start; then nothing is left open. */
export async function startBroker(options: BrokerOptions): Promise<RunningBroker> {
  const { configs, clock, log } = options;
  const turn = new LoopTurn(clock);
  const client = new RemotingClient({ net: options.net, clock, log, turn });
  const parked = new ParkedReplies({ clock, log, turn });
  const { parts, store, persistable } = openParts(options);
  const { listenPort, serverChannelMaxIdleTimeSeconds } = configs.nettyServerConfig;
  const admission = new Admission(brokerLimits(configs.brokerConfig));
  const handlers = brokerHandlers(parts);
  const portOf = (port: 'main' | 'vip') => ({
    host: options.host,
    port: port === 'main' ? listenPort : listenPort - VIP_PORT_BELOW,
    receiver: new Dispatcher({ server: 'broker', port, handlers, admission, parked, clock, log }),
  });
  const server = new RemotingServer({
    net: options.net,
    clock,
    log,
    turn,
    ports: [portOf('main'), portOf('vip')],
    idleMs: serverChannelMaxIdleTimeSeconds * 1000,
  });
  server.addListener({
    onClose: (connection) => {
      parts.producers.onClose(connection);
      parts.consumers.onClose(connection, (group, others) => notifyIdsChanged(parts, group, others));
    },
  });
  store.onMarks((marks) => parked.release(marks));
  const { brokerIP1, brokerIP2 } = configs.brokerConfig;
  const address = `${brokerIP1}:${listenPort}`;
  const outer = new BrokerOuterApi({
    client,
    configs,
    topics: parts.topics,
    clock,
    log,
    brokerAddr: address,
    haServerAddr: `${brokerIP2}:${listenPort + 1}`,
    fetchText: options.fetchText,
  });
  let ha: Listener | undefined;
  const stopAll = async (): Promise<void> => {
    parts.holds.shutdown();
    await server.close();
    await ha?.close();
    await store.shutdown();
    await outer.shutdown();
    persistable.persistNow();
    await client.close();
  };
  try {
    store.start();
    await server.start();
    ha = await listenForSlaves(options, listenPort + 1);
    parts.holds.start();
    await outer.start();
  } catch (error) {
    await stopAll();
    throw error;
  }
  const timers = startTimers(parts);
  return {
    address,
    shutdown: async () => {
      for (const timer of timers) timer.cancel();
      await stopAll();
    },
  };
}

/** Opens the store, which takes its lock before anything is read, then reads the state files. */
function openParts(options: BrokerOptions): {
  parts: BrokerParts;
  store: MessageStore;
  persistable: ConsumerOffsetManager;
} {
  const { fs, clock, log, configs } = options;
  const { brokerConfig, messageStoreConfig, nettyServerConfig } = configs;
  const storeHost = encodeHost(brokerConfig.brokerIP1, nettyServerConfig.listenPort);
  if (storeHost === undefined) throw new Error(`brokerIP1=${brokerConfig.brokerIP1} is not an IP address`);
  const holds = new PullRequestHoldService({
    clock,
    limit: brokerConfig.pullThreadPoolQueueCapacity,
    maxOffset: (topic, queueId) => store.getMaxOffsetInQueue(topic, queueId),
  });
  const store = MessageStore.open({
    fs,
    clock,
    log,
    config: messageStoreConfig,
    ports: { messageArrivingListener: holds },
    totalMemoryBytes: options.totalMemoryBytes,
    afterDeath: options.afterDeath,
  });
  const file = (name: string): StateFile =>
    new StateFile({ fs, log, path: `${messageStoreConfig.storePathRootDir}/config/${name}` });
  const topics = new TopicConfigManager({ config: brokerConfig, clock, file: file('topics.json') });
  const groups = new SubscriptionGroupManager({ config: brokerConfig, clock, file: file('subscriptionGroup.json') });
  const offsets = new ConsumerOffsetManager({ file: file('consumerOffset.json'), log });
  topics.load();
  groups.load();
  offsets.load();
  const parts: BrokerParts = {
    configs,
    store,
    topics,
    groups,
    offsets,
    consumers: new ConsumerManager({ clock, log }),
    producers: new ProducerManager({ clock, log }),
    locks: new RebalanceLockManager(clock),
    holds,
    stats: new BrokerStats(),
    clock,
    log,
    startedAtMs: clock.now(),
    commitLogPartition: () => partitionOf(fs, messageStoreConfig.storePathCommitLog),
    fileProperties: options.fileProperties,
    storeHost,
    random: (below) => randomInt(below),
  };
  return { parts, store, persistable: offsets };
}

/** Size and room of the partition of a path; of its nearest parent before the first message made it. */
function partitionOf(fs: Fs, path: string): { totalBytes: number; freeBytes: number } {
  let known = path;
  while (known.length > 1 && fs.stat(known) === undefined) known = known.slice(0, known.lastIndexOf('/')) || '/';
  return fs.statfs(known);
}

/** Slaves come with the issue on replication; until then the port is taken and closes what connects. */
function listenForSlaves({ net, host, log }: BrokerOptions, port: number): Promise<Listener> {
  const address = host === undefined ? { port } : { host, port };
  return net.listen({ ...address, maxConnections: 64 }, (socket) => {
    log.warn({ peer: socket.remoteAddress }, 'a slave connected; replication is not available yet, closing');
    socket.setEvents({ onData() {}, onDrain() {}, onClose() {} });
    socket.destroy();
  });
}

/** What a broker does by time. Java: BrokerController#initialize, ClientHousekeepingService. */
function startTimers(parts: BrokerParts): Timer[] {
  const { clock, offsets, configs } = parts;
  const persist = (): void => void offsets.persist();
  const timers = [
    clock.setInterval(() => {
      parts.producers.scanNotActive();
      parts.consumers.scanNotActive();
      parts.locks.expire();
    }, HOUSEKEEPING_PERIOD_MS),
  ];
  timers.push(
    clock.setTimeout(() => {
      persist();
      timers.push(clock.setInterval(persist, configs.brokerConfig.flushConsumerOffsetInterval));
    }, FIRST_OFFSET_PERSIST_MS),
  );
  const recordAtMidnight = (): void => {
    timers.push(
      clock.setTimeout(() => {
        parts.stats.record();
        recordAtMidnight();
      }, msToMidnight(clock.now())),
    );
  };
  recordAtMidnight();
  return timers;
}

/** Milliseconds to the next local midnight, at least one. */
function msToMidnight(nowMs: number): number {
  const midnight = new Date(nowMs);
  midnight.setHours(24, 0, 0, 0);
  return Math.max(1, midnight.getTime() - nowMs);
}
