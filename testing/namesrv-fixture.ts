import { defaultNamesrvConfigs, type NamesrvConfigs } from '../src/config/configs.ts';
import { type RunningNamesrv, startNamesrv } from '../src/roots/namesrv.ts';
import type { Fs } from '../src/util/fs.ts';
import { type CollectingLogger, collectingLogger } from './collecting-logger.ts';
import { FakeClock } from './fake-clock.ts';
import { MemFs } from './mem-fs.ts';
import { SimNetwork } from './sim-network.ts';
import { settle, TestClient } from './test-client.ts';

export interface NamesrvFixtureOptions {
  readonly settings?: (configs: NamesrvConfigs) => void;
  /** The file system the name server sees, made from the one that the test looks into. */
  readonly wrapFs?: (fs: MemFs) => Fs;
  readonly net?: SimNetwork;
  readonly clock?: FakeClock;
  readonly port?: number;
  /** What an address server answers. */
  readonly fetchText?: (url: string) => Promise<string>;
  /** What stood in the file of the settings. */
  readonly fileProperties?: ReadonlyMap<string, string>;
}

export const KV_FILE = '/home/test/namesrv/kvConfig.json';
export const SETTINGS_FILE = '/home/test/namesrv/namesrv.properties';

/** A whole name server, as its root puts it together, in memory. */
export class NamesrvFixture {
  readonly clock: FakeClock;
  readonly net: SimNetwork;
  readonly fs = new MemFs();
  readonly log: CollectingLogger = collectingLogger();
  readonly configs: NamesrvConfigs;
  readonly #options: NamesrvFixtureOptions;
  #running: RunningNamesrv | undefined;

  constructor(options: NamesrvFixtureOptions = {}) {
    this.#options = options;
    this.clock = options.clock ?? new FakeClock();
    this.net = options.net ?? new SimNetwork({ clock: this.clock });
    this.configs = defaultNamesrvConfigs({
      homeDir: '/home/test',
      variables: { ROCKETMQ_HOME: '/opt/rocketmq' },
      systemProperties: {},
      hostName: 'host',
      localAddress: '127.0.0.1',
      cpuCount: 2,
    });
    this.configs.nettyServerConfig.listenPort = options.port ?? 9876;
    options.settings?.(this.configs);
  }

  static async start(options: NamesrvFixtureOptions = {}): Promise<NamesrvFixture> {
    const fixture = new NamesrvFixture(options);
    await fixture.start();
    return fixture;
  }

  /** Starts, or starts again after {@link stop}. */
  async start(): Promise<void> {
    this.#running = await startNamesrv({
      fs: this.#options.wrapFs?.(this.fs) ?? this.fs,
      net: this.net,
      clock: this.clock,
      log: this.log,
      configs: this.configs,
      fileProperties: this.#options.fileProperties ?? new Map(),
      ...(this.#options.fetchText === undefined ? {} : { fetchText: this.#options.fetchText }),
    });
  }

  async stop(): Promise<void> {
    const stopped = this.#running?.shutdown();
    await settle(this.clock);
    await stopped;
  }

  client(): Promise<TestClient> {
    return TestClient.connect(this.net, this.clock, this.configs.nettyServerConfig.listenPort);
  }

  settle(): Promise<void> {
    return settle(this.clock);
  }

  async advance(byMs: number): Promise<void> {
    await this.clock.advanceAsync(byMs, 1000);
    await this.settle();
  }

  /** A file as text. */
  text(path: string): string | undefined {
    return this.fs.readFile(path, 2 ** 26)?.toString('latin1');
  }
}
