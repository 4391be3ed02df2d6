import type { NamesrvConfigs } from '../config/configs.ts';
import type { SettingsFile } from '../config/configuration.ts';
import { namesrvHandlers } from '../namesrv/index.ts';
import { KVConfigManager } from '../namesrv/kv-config-manager.ts';
import { ProductCluster } from '../namesrv/product-cluster.ts';
import { RouteInfoManager } from '../namesrv/route-info-manager.ts';
import { Admission, plainLimits } from '../remoting/admission.ts';
import { RemotingClient } from '../remoting/client.ts';
import { Dispatcher } from '../remoting/dispatcher.ts';
import { LoopTurn } from '../remoting/loop-turn.ts';
import { ParkedReplies } from '../remoting/parked-replies.ts';
import { RemotingServer } from '../remoting/server.ts';
import type { Clock, Timer } from '../util/clock.ts';
import type { Fs } from '../util/fs.ts';
import type { Logger } from '../util/logger.ts';
import type { Net } from '../util/net.ts';
import { StateFile } from '../util/state-file.ts';
import { namesrvConfiguration } from './settings.ts';

const FIRST_SCAN_MS = 5_000;
const SCAN_PERIOD_MS = 10_000;

export interface NamesrvOptions {
  readonly fs: Fs;
  readonly net: Net;
  readonly clock: Clock;
  readonly log: Logger;
  readonly configs: NamesrvConfigs;
  /** Every key of the configuration file with its last value; GET_NAMESRV_CONFIG shows them. */
  readonly fileProperties: ReadonlyMap<string, string>;
  /** Where UPDATE_NAMESRV_CONFIG writes to; undefined: configStorePath, which is absolute then and nobody reads. */
  readonly settingsFile?: SettingsFile;
  /** Gets a small text by HTTP: where the cluster test mode looks name servers up. */
  readonly fetchText?: (url: string) => Promise<string>;
  /** Address to listen on; undefined: all interfaces, as Java. */
  readonly host?: string;
}

/** A name server that serves. */
export interface RunningNamesrv {
  readonly port: number;
  /** Resolves when the port is free. Asked again it gives the same promise. */
  shutdown(): Promise<void>;
}

/** Puts a name server together and starts it. Rejects when it cannot start. Java: NamesrvController. */
export async function startNamesrv(options: NamesrvOptions): Promise<RunningNamesrv> {
  const { fs, net, clock, log, configs, host } = options;
  const kv = new KVConfigManager(new StateFile({ fs, log, path: configs.namesrvConfig.kvConfigPath }));
  kv.load();
  const routes = new RouteInfoManager({ clock, log });
  const turn = new LoopTurn(clock);
  const product = productClusterOf(options, turn);
  const dispatcher = new Dispatcher({
    server: 'namesrv',
    port: 'main',
    handlers: namesrvHandlers({
      configs,
      configuration: namesrvConfiguration(options),
      productCluster: product?.cluster,
      routes,
      kv,
      clock,
      log,
    }),
    admission: new Admission(plainLimits()),
    parked: new ParkedReplies({ clock, turn }),
    clock,
    log,
  });
  const { listenPort, serverChannelMaxIdleTimeSeconds } = configs.nettyServerConfig;
  const server = new RemotingServer({
    net,
    clock,
    log,
    turn,
    ports: [{ host, port: listenPort, receiver: dispatcher }],
    idleMs: serverChannelMaxIdleTimeSeconds * 1000,
  });
  server.addListener({ onClose: (connection) => routes.onClose(connection) });
  await server.start();
  void product?.cluster.start();
  const timers: Timer[] = [];
  timers.push(
    clock.setTimeout(() => {
      routes.scanNotActive();
      timers.push(clock.setInterval(() => routes.scanNotActive(), SCAN_PERIOD_MS));
    }, FIRST_SCAN_MS),
  );
  let stopping: Promise<void> | undefined;
  return {
    port: server.ports[0] ?? listenPort,
    shutdown: () => {
      for (const timer of timers) timer.cancel();
      product?.cluster.shutdown();
      stopping ??= server.close().then(() => product?.client.close());
      return stopping;
    },
  };
}

/** The other name servers that `clusterTest=true` asks. Java: NamesrvController#registerProcessor. */
function productClusterOf(
  { net, clock, log, configs, fetchText }: NamesrvOptions,
  turn: LoopTurn,
): { readonly client: RemotingClient; readonly cluster: ProductCluster } | undefined {
  const { clusterTest, productEnvName } = configs.namesrvConfig;
  if (!clusterTest) return undefined;
  const client = new RemotingClient({ net, clock, log, turn });
  const cluster = new ProductCluster({
    ...{ client, clock, log, productEnvName, environment: configs.productEnvironment },
    fetchText: fetchText ?? (() => Promise.reject(new Error('there is no way to the address server'))),
  });
  return { client, cluster };
}
