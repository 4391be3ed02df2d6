import { type BrokerConfigs, defaultBrokerConfigs } from '../src/config/configs.ts';
import type { Connection } from '../src/remoting/connection.ts';
import { type RunningBroker, startBroker } from '../src/roots/broker.ts';
import type { Fs } from '../src/util/fs.ts';
import { silentLogger } from '../src/util/logger.ts';
import { StateFile } from '../src/util/state-file.ts';
import { type CollectingLogger, collectingLogger } from './collecting-logger.ts';
import { FakeClock } from './fake-clock.ts';
import { FaultFs } from './fault-fs.ts';
import { MemFs } from './mem-fs.ts';
import { SimNetwork } from './sim-network.ts';
import { testProc } from './store-fixture.ts';
import { settle, TestClient } from './test-client.ts';

/** Settings of a broker with nothing from this machine in them. */
export function testConfigs(): BrokerConfigs {
  return defaultBrokerConfigs({
    homeDir: '/home/test',
    variables: {},
    systemProperties: {},
    hostName: 'broker-host',
    localAddress: '127.0.0.1',
    cpuCount: 2,
  });
}

/** A file system, a clock and state files in it. */
export function testWorld(): { fs: MemFs; clock: FakeClock; file: (name: string) => StateFile } {
  const fs = new MemFs();
  const file = (name: string): StateFile => new StateFile({ fs, log: silentLogger, path: `/store/config/${name}` });
  return { fs, clock: new FakeClock(), file };
}

/** {@link testWorld} on a disk that takes no more until it is healed. */
export function fullDisk(): { fs: FaultFs; world: ReturnType<typeof testWorld> } {
  const world = testWorld();
  const fs = new FaultFs(world.fs);
  fs.fail({ operation: 'pwrite', path: /./, code: 'ENOSPC', times: 1_000 });
  const file = (name: string): StateFile => new StateFile({ fs, log: silentLogger, path: `/store/config/${name}` });
  return { fs, world: { ...world, file } };
}

/** A save in the background is done. */
export async function written(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** What the tables of clients see of a connection: identity, whether it is open, and being closed. */
export function testConnection(): Connection & { closed: string[] } {
  const closed: string[] = [];
  const connection = {
    closed,
    isOpen: true,
    remoteAddress: '127.0.0.1:1',
    destroy(reason: string) {
      closed.push(reason);
      connection.isOpen = false;
    },
  };
  return connection as unknown as Connection & { closed: string[] };
}

/** Directory of the store, and of its state files. */
export const STORE_DIR = '/store';
const CONFIG_DIR = `${STORE_DIR}/config`;

export interface BrokerFixtureOptions {
  /** Changes the settings before the start; the objects stay the broker's, so live ones can be changed later too. */
  readonly settings?: (configs: BrokerConfigs) => void;
  /** State files before the start, by name: `topics.json`. */
  readonly files?: Readonly<Record<string, unknown>>;
  /** The file system the broker sees, made from the one that the test looks into. */
  readonly wrapFs?: (fs: MemFs) => Fs;
  /** What an address server answers. */
  readonly fetchText?: (url: string) => Promise<string>;
  readonly net?: SimNetwork;
  readonly clock?: FakeClock;
  readonly fs?: MemFs;
  /** What stood in the file of the settings. */
  readonly fileProperties?: ReadonlyMap<string, string>;
}

/** A whole broker, as its root puts it together, in memory: the test moves the clock and speaks frames. */
export class BrokerFixture {
  readonly clock: FakeClock;
  readonly net: SimNetwork;
  readonly fs: MemFs;
  readonly log: CollectingLogger = collectingLogger();
  readonly configs: BrokerConfigs = testConfigs();
  readonly #options: BrokerFixtureOptions;
  /** One process: a directory that it did not give back stays locked. */
  readonly #proc = testProc();
  #running: RunningBroker | undefined;

  constructor(options: BrokerFixtureOptions = {}) {
    this.#options = options;
    this.clock = options.clock ?? new FakeClock();
    this.net = options.net ?? new SimNetwork({ clock: this.clock });
    this.fs = options.fs ?? new MemFs();
    const { brokerConfig, messageStoreConfig } = this.configs;
    brokerConfig.brokerName = 'broker-a';
    Object.assign(messageStoreConfig, {
      storePathRootDir: STORE_DIR,
      storePathCommitLog: `${STORE_DIR}/commitlog`,
      mappedFileSizeCommitLog: 262_144,
      mappedFileSizeConsumeQueue: 4000,
      maxHashSlotNum: 100,
      maxIndexNum: 400,
    });
    options.settings?.(this.configs);
    for (const [name, content] of Object.entries(options.files ?? {})) this.writeState(name, content);
  }

  static async start(options: BrokerFixtureOptions = {}): Promise<BrokerFixture> {
    const fixture = new BrokerFixture(options);
    await fixture.start();
    return fixture;
  }

  /** Starts, or starts again after {@link stop}. */
  async start(): Promise<void> {
    const starting = startBroker({
      fs: this.#options.wrapFs?.(this.fs) ?? this.fs,
      net: this.net,
      clock: this.clock,
      log: this.log,
      proc: this.#proc,
      totalMemoryBytes: 2 ** 33,
      afterDeath: () => {},
      fetchText: this.#options.fetchText ?? (() => Promise.reject(new Error('no address server'))),
      configs: this.configs,
      fileProperties: this.#options.fileProperties ?? new Map(),
    });
    this.#running = await this.#settled(starting);
  }

  get running(): RunningBroker {
    if (this.#running === undefined) throw new Error('the broker does not run');
    return this.#running;
  }

  async stop(): Promise<void> {
    await this.#settled(this.running.shutdown());
  }

  /** A client of the main port, or of `port`. */
  client(port = 10_911): Promise<TestClient> {
    return TestClient.connect(this.net, this.clock, port);
  }

  settle(): Promise<void> {
    return settle(this.clock);
  }

  /** Moves the clock in steps, letting promises settle after each. */
  async advance(byMs: number, stepMs = Math.min(byMs, 1000)): Promise<void> {
    await this.clock.advanceAsync(byMs, stepMs);
    await this.settle();
  }

  /** A state file as it is on disk; Java's bare keys become texts. */
  state(name: string): unknown {
    const bytes = this.fs.readFile(`${CONFIG_DIR}/${name}`, 2 ** 26);
    if (bytes === undefined) return undefined;
    return JSON.parse(bytes.toString('utf8').replaceAll(/([{,]\s*)(\d+):/g, '$1"$2":'));
  }

  writeState(name: string, content: unknown): void {
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    this.fs.install(`${CONFIG_DIR}/${name}`, Buffer.from(text));
  }

  /** Lets time's stand-ins run until a promise is settled: a stop waits for closed connections. */
  async #settled<T>(promise: Promise<T>): Promise<T> {
    const state = { done: false };
    const marked = promise.finally(() => {
      state.done = true;
    });
    marked.catch(() => {});
    for (let round = 0; !state.done && round < 200; round++) await settle(this.clock, 1);
    for (let round = 0; !state.done && round < 100; round++) await this.clock.advanceAsync(100);
    return marked;
  }
}

/** A topic of `topics.json`. */
export function topicOf(topicName: string, more: Readonly<Record<string, unknown>> = {}): object {
  const queues = { readQueueNums: 4, writeQueueNums: 4 };
  const rest = { order: false, perm: 6, topicFilterType: 'SINGLE_TAG', topicSysFlag: 0 };
  return { topicName, ...queues, ...rest, ...more };
}

/** `topics.json` with these topics. */
export function topicsFile(...topics: readonly object[]): object {
  const named = topics.map((topic) => [(topic as { topicName: string }).topicName, topic]);
  return { dataVersion: { counter: 1, timestamp: 1 }, topicConfigTable: Object.fromEntries(named) };
}

/** `subscriptionGroup.json` with these groups, each as far as it differs from the defaults. */
export function groupsFile(groups: Readonly<Record<string, object>>): object {
  const named = Object.entries(groups).map(([groupName, group]) => [groupName, { groupName, ...group }]);
  return { dataVersion: { counter: 1, timestamp: 1 }, subscriptionGroupTable: Object.fromEntries(named) };
}
