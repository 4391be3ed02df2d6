import { randomInt } from 'node:crypto';
import { BrokerOuterApi } from '../broker/broker-outer-api.ts';
import { SAMPLE_PERIOD_MS } from '../broker/broker-stats-manager.ts';
import { ConsumerFilterManager } from '../broker/consumer-filter-manager.ts';
import { ConsumerManager } from '../broker/consumer-manager.ts';
import { ConsumerOffsetManager } from '../broker/consumer-offset-manager.ts';
import { FilterBitMaps } from '../broker/filter/filter-bit-maps.ts';
import { FilterServerManager } from '../broker/filter-server-manager.ts';
import { LongLooks } from '../broker/long-looks.ts';
import { ProducerManager } from '../broker/producer-manager.ts';
import { PullRequestHoldService } from '../broker/pull-request-hold-service.ts';
import { RebalanceLockManager } from '../broker/rebalance-lock-manager.ts';
import { ScheduleMessageService } from '../broker/schedule-message-service.ts';
import { PROTECT_PERIOD_MS, protectBroker } from '../broker/slow-consumer-guard.ts';
import { SubscriptionGroupManager } from '../broker/subscription-group-manager.ts';
import { TopicConfigManager } from '../broker/topic-config-manager.ts';
import { TransactionalMessageService } from '../broker/transaction/transactional-message-service.ts';
import { encodeHost } from '../codec/message-id.ts';
import type { BrokerConfigs } from '../config/configs.ts';
import type { SettingsFile } from '../config/configuration.ts';
import { GroupTransferService } from '../ha/group-transfer-service.ts';
import { HAService } from '../ha/ha-service.ts';
import { notifyIdsChanged } from '../processors/client-manage.ts';
import { brokerHandlers } from '../processors/index.ts';
import type { BrokerParts } from '../processors/parts.ts';
import { Admission, brokerLimits } from '../remoting/admission.ts';
import { RemotingClient } from '../remoting/client.ts';
import { connectionLimits } from '../remoting/connection-limits.ts';
import { Dispatcher } from '../remoting/dispatcher.ts';
import { LoopTurn } from '../remoting/loop-turn.ts';
import { ParkedReplies } from '../remoting/parked-replies.ts';
import { RemotingServer } from '../remoting/server.ts';
import { MessageStore } from '../store/message-store.ts';
import { BloomFilter } from '../util/bloom-filter.ts';
import type { Clock, Timer } from '../util/clock.ts';
import type { Fs } from '../util/fs.ts';
import type { Logger } from '../util/logger.ts';
import type { Net } from '../util/net.ts';
import type { ProcInfo } from '../util/proc-info.ts';
import { StateFile } from '../util/state-file.ts';
import { directoryOf } from '../util/write-whole.ts';
import { clientOptions, writeStall } from './broker-remoting.ts';
import { statisticsOf } from './broker-statistics.ts';
import { partLog } from './log-files.ts';
import { brokerConfiguration } from './settings.ts';
import { SettingError } from './start-failure.ts';

const HOUSEKEEPING_PERIOD_MS = 10_000;
const FIRST_OFFSET_PERSIST_MS = 10_000;
/** Java: BrokerController#initialize, the fast remoting server. */
const VIP_PORT_BELOW = 2;
/** Java: BrokerStartup#createBrokerController sets haListenPort, whatever the file says. */
const HA_PORT_ABOVE = 1;

/** The world a broker runs in. */
export interface BrokerWorld {
  readonly fs: Fs;
  readonly net: Net;
  readonly clock: Clock;
  readonly log: Logger;
  readonly fetchText: (url: string) => Promise<string>;
  /** Processes of the host; by default what /proc tells. */
  readonly proc?: ProcInfo;
  /** Memory of the host, bytes. */
  readonly totalMemoryBytes: number;
  /** Runs a shell script when this process is gone, however it ends. */
  readonly afterDeath: (script: string, parameters: readonly string[]) => void;
}

export interface BrokerOptions extends BrokerWorld {
  readonly configs: BrokerConfigs;
  /** Every key of the configuration file with its last value; GET_BROKER_CONFIG shows them. */
  readonly fileProperties: ReadonlyMap<string, string>;
  /** Where UPDATE_BROKER_CONFIG writes to; undefined: `config/broker.properties` in the store, which nobody reads. */
  readonly settingsFile?: SettingsFile;
  /** Address to listen on; undefined: all interfaces, as Java. */
  readonly host?: string;
}

/** A broker that serves. */
export interface RunningBroker {
  /** `ip:port` told to clients. */
  readonly address: string;
  /** Stops; resolves when everything is on disk and the ports are free. Asked again it gives the same promise. */
  shutdown(): Promise<void>;
}

/** Puts a broker together and starts it. Rejects when it cannot start; then nothing is left open. */
export async function startBroker(options: BrokerOptions): Promise<RunningBroker> {
  const gate = new GroupTransferService(options.configs.messageStoreConfig);
  const broker = new Broker(options, await openParts(options, gate), gate);
  try {
    await broker.start();
  } catch (error) {
    await broker.stop();
    throw error;
  }
  return broker;
}

/** The running parts and their life. Java: BrokerController. */
class Broker implements RunningBroker {
  readonly address: string;
  readonly #parts: BrokerParts;
  readonly #server: RemotingServer;
  readonly #client: RemotingClient;
  readonly #outer: BrokerOuterApi;
  readonly #ha: HAService;
  #timers: readonly Timer[] = [];
  #stopping: Promise<void> | undefined;

  constructor(options: BrokerOptions, parts: BrokerParts, gate: GroupTransferService) {
    const { configs, clock, log } = options;
    const { brokerIP1, brokerIP2 } = configs.brokerConfig;
    const { listenPort } = configs.nettyServerConfig;
    this.#parts = parts;
    const turn = new LoopTurn(clock);
    const remoting = partLog(log, 'RocketmqRemoting');
    this.#client = new RemotingClient({ ...clientOptions(configs), net: options.net, clock, log: remoting, turn });
    this.#server = serverOf(options, parts, turn);
    this.#ha = haServiceOf(options, parts.store, gate);
    this.address = `${brokerIP1}:${listenPort}`;
    this.#outer = new BrokerOuterApi({
      client: this.#client,
      configs,
      topics: parts.topics,
      clock,
      log,
      brokerAddr: this.address,
      haServerAddr: `${brokerIP2}:${listenPort + HA_PORT_ABOVE}`,
      fetchText: options.fetchText,
      filterServers: () => parts.filterServers.announced(),
    });
  }

  async start(): Promise<void> {
    const { store, holds, schedule } = this.#parts;
    store.start();
    await this.#server.start();
    await this.#ha.start();
    holds.start();
    schedule.start();
    this.#parts.transactions.start();
    this.#timers = startTimers(this.#parts);
    await this.#outer.start();
  }

  shutdown(): Promise<void> {
    return this.stop();
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /**
   * The store first: it refuses what still comes, writes and flushes what it took, and thereby lets the parked replies
   * go out before the connections close. Then as Java: the name servers are told, and the offsets are saved, which
   * consumers commit until their connection closes. A step that fails does not keep the others from being done.
   */
  async #stop(): Promise<void> {
    const { holds, schedule, store, offsets, filters, transactions, log } = this.#parts;
    for (const timer of this.#timers) timer.cancel();
    holds.shutdown();
    schedule.stop();
    const failures: unknown[] = [];
    const step = async (what: string, act: () => Promise<void> | void | undefined): Promise<void> => {
      try {
        await act();
      } catch (error) {
        log.error({ err: error }, `stopping: ${what} failed`);
        failures.push(error);
      }
    };
    const transactionsEnded = transactions.stop();
    await step('closing the store', () => store.shutdown());
    await step('saving the delay offsets', () => schedule.persistNow());
    await step('ending the check of transactions', async () => {
      await transactionsEnded;
      transactions.commitOffsets();
    });
    await step('refusing held pulls', () => holds.refuseAll());
    await step('closing the ports', () => this.#server.close());
    await step('closing the replication port', () => this.#ha.stop());
    await step('unregistering', () => this.#outer.shutdown());
    await step('saving the consumer offsets', () => offsets.persistNow());
    await step('saving the filters of consumers', () => filters.persistNow());
    await step('closing connections to name servers', () => this.#client.close());
    if (failures.length > 0) throw failures[0];
  }
}

/** Both ports with one dispatcher each, and what else hangs on their connections and on the marks of the store. */
function serverOf(options: BrokerOptions, parts: BrokerParts, turn: LoopTurn): RemotingServer {
  const { configs, clock } = options;
  const log = partLog(options.log, 'RocketmqRemoting');
  const { listenPort, serverChannelMaxIdleTimeSeconds, serverAsyncSemaphoreValue } = configs.nettyServerConfig;
  const parked = new ParkedReplies({ clock, turn });
  const { messageStoreConfig } = configs;
  const admission = new Admission(brokerLimits(configs.brokerConfig), (nowMs) =>
    writeStall(parked.headWaitMs(nowMs), messageStoreConfig.osPageCacheBusyTimeOutMills),
  );
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
    limits: { ...connectionLimits, mostPendingRequests: Math.max(1, serverAsyncSemaphoreValue) },
  });
  server.addListener({
    onClose: (connection) => {
      parts.producers.onClose(connection);
      parts.filterServers.onClose(connection);
      parts.consumers.onClose(connection, (group, others) => notifyIdsChanged(parts, group, others));
    },
  });
  parts.store.onMarks((marks) => parked.release(marks));
  return server;
}

/** Opens the store, which takes its lock before anything is read, then reads the state files. */
async function openParts(options: BrokerOptions, gate: GroupTransferService): Promise<BrokerParts> {
  const { fs, clock, log, configs } = options;
  const { brokerConfig, messageStoreConfig, nettyServerConfig } = configs;
  const storeHost = encodeHost(brokerConfig.brokerIP1, nettyServerConfig.listenPort);
  if (storeHost === undefined) throw new SettingError(`brokerIP1=${brokerConfig.brokerIP1} is not an IP address`);
  const holds = new PullRequestHoldService({
    clock,
    limit: brokerConfig.pullThreadPoolQueueCapacity,
    maxOffset: (topic, queueId) => store.getMaxOffsetInQueue(topic, queueId),
    settings: brokerConfig,
  });
  const filters = consumerFilters(options);
  const store = MessageStore.open({
    fs,
    clock,
    log: partLog(log, 'RocketmqStore'),
    config: messageStoreConfig,
    ports: {
      ...{ replicationGate: gate, messageArrivingListener: holds },
      filterBitMap: new FilterBitMaps(filters, brokerConfig),
    },
    // The lock comes first; recovery computes bit maps, as in Java, whose store is loaded after the filters.
    onLocked: () => filters.load(),
    totalMemoryBytes: options.totalMemoryBytes,
    diskLevels: configs.diskLevels,
    afterDeath: options.afterDeath,
    ...(options.proc === undefined ? {} : { proc: options.proc }),
  });
  try {
    const tables = loadTables(options);
    const shared = { ...tables, ...statisticsOf(options, store.totals, tables.topics) };
    const producers = new ProducerManager({ clock, log });
    return {
      ...shared,
      schedule: loadSchedule(options, store, tables.topics),
      configs,
      store,
      consumers: new ConsumerManager({ clock, log, onGroupGone: (group) => filters.unregisterGroup(group) }),
      filters,
      producers,
      filterServers: new FilterServerManager({ clock, log, config: brokerConfig }),
      transactions: new TransactionalMessageService({
        ...{ ...shared, store, configs, producers, clock, storeHost },
        log: partLog(log, 'RocketmqTransaction'),
      }),
      locks: new RebalanceLockManager(clock),
      looks: new LongLooks(clock),
      holds,
      clock,
      log,
      startedAtMs: clock.now(),
      commitLogPartition: () => partitionOf(fs, messageStoreConfig.storePathCommitLog),
      configuration: brokerConfiguration(options),
      storeHost,
      random: (below) => randomInt(below),
    };
  } catch (error) {
    await store.shutdown();
    throw error;
  }
}

/** The tables that are kept in files. Throws StateFileError. */
function loadTables(options: BrokerOptions): Pick<BrokerParts, 'topics' | 'groups' | 'offsets'> {
  const { clock, log, configs } = options;
  const { brokerConfig: config } = configs;
  const file = (name: string): StateFile => stateFile(options, name);
  const topics = new TopicConfigManager({ config, clock, file: file('topics.json') });
  const groups = new SubscriptionGroupManager({ config, clock, file: file('subscriptionGroup.json') });
  const offsets = new ConsumerOffsetManager({ file: file('consumerOffset.json'), log });
  topics.load();
  groups.load();
  offsets.load();
  return { topics, groups, offsets };
}

/** Delayed messages and how far they are delivered. Throws StateFileError. */
function loadSchedule(options: BrokerOptions, store: MessageStore, topics: TopicConfigManager): ScheduleMessageService {
  const { clock, configs } = options;
  const log = partLog(options.log, 'RocketmqStore');
  const config = configs.messageStoreConfig;
  const file = stateFile(options, 'delayOffset.json');
  const schedule = new ScheduleMessageService({ store, clock, log, config, file, topics });
  schedule.load();
  return schedule;
}

/** Loaded when the store's lock is held. */
function consumerFilters(options: BrokerOptions): ConsumerFilterManager {
  const { clock, configs } = options;
  const log = partLog(options.log, 'RocketmqFilter');
  const { maxErrorRateOfBloomFilter, expectConsumerNumUseFilter } = configs.brokerConfig;
  return new ConsumerFilterManager({
    bloomFilter: new BloomFilter(maxErrorRateOfBloomFilter, expectConsumerNumUseFilter),
    file: stateFile(options, 'consumerFilter.json'),
    settings: configs.brokerConfig,
    ...{ clock, log },
  });
}

function stateFile({ fs, log, configs }: BrokerOptions, name: string): StateFile {
  return new StateFile({ fs, log, path: `${configs.messageStoreConfig.storePathRootDir}/config/${name}` });
}

/** Size and room of the partition of a path; of its nearest parent before the first message made it. */
function partitionOf(fs: Fs, path: string): { totalBytes: number; freeBytes: number } {
  let known = path;
  while (known.length > 1 && fs.stat(known) === undefined) known = directoryOf(known) || '/';
  return fs.statfs(known);
}

/** The replication port, on which slaves follow the log of the store. */
function haServiceOf(options: BrokerOptions, store: MessageStore, gate: GroupTransferService): HAService {
  const { net, clock, host, configs } = options;
  const log = partLog(options.log, 'RocketmqStore');
  const config = configs.messageStoreConfig;
  const port = configs.nettyServerConfig.listenPort + HA_PORT_ABOVE;
  return new HAService({ net, clock, log, config, raw: store.rawLog, gate, host, port });
}

/** What a broker does by time. Java: BrokerController#initialize, ClientHousekeepingService. */
function startTimers(parts: BrokerParts): Timer[] {
  const { clock, offsets, configs } = parts;
  const persist = (): void => void offsets.persist();
  const protection = partLog(parts.log, 'RocketmqProtection');
  const timers = [
    clock.setInterval(() => {
      parts.producers.scanNotActive();
      parts.consumers.scanNotActive();
      parts.filterServers.scanNotActive();
      parts.locks.expire();
      void parts.filters.persist();
    }, HOUSEKEEPING_PERIOD_MS),
  ];
  timers.push(
    clock.setInterval(() => {
      parts.statsManager.sample();
    }, SAMPLE_PERIOD_MS),
    clock.setInterval(() => {
      protectBroker({ ...parts, log: protection, config: configs.brokerConfig });
    }, PROTECT_PERIOD_MS),
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
