import { type BrokerConfigs, defaultNamesrvConfigs } from '../config/configs.ts';
import type { SettingsFile } from '../config/configuration.ts';
import type { Environment } from '../config/environment.ts';
import { type Loaded, type LoadInput, loadBrokerConfig, settingsFile } from '../config/load.ts';
import type { Notice } from '../config/notice.ts';
import { editProperties, parseProperties } from '../config/properties.ts';
import { type Net, NetError } from '../util/net.ts';
import { writeWhole } from '../util/write-whole.ts';
import { type BrokerWorld, startBroker } from './broker.ts';
import { startNamesrv } from './namesrv.ts';
import type { Stoppable } from './process.ts';
import { SettingError } from './start-failure.ts';

const HOST = '127.0.0.1';
const MOST_CONFIG_BYTES = 1_048_576;
/** Broker blocks that are tried when the port is left to us: N−2, N and N+1 have to be free. */
const PORT_BLOCKS = { first: 20_002, last: 31_998, step: 4 };

export interface AllInOneOptions extends BrokerWorld {
  readonly environment: Environment;
  /** Absolute. */
  readonly dataDir: string;
  /** 0: a free block. */
  readonly port: number;
  readonly namesrvPort: number;
}

export interface RunningAllInOne extends Stoppable {
  readonly port: number;
  readonly namesrvPort: number;
  readonly notices: readonly Notice[];
  /** Lines for who started it: where it is, why there, and what to do next. */
  readonly welcome: readonly string[];
}

/**
 * Name server and broker in one process, for `npm start` and for tests. The settings in force stand in
 * `<data>/broker.conf`, with which Java can open the directory; what a user adds there is kept and honoured.
 */
export async function startAllInOne(options: AllInOneOptions): Promise<RunningAllInOne> {
  const { dataDir, environment } = options;
  const port = options.port === 0 ? await freeBlock(options.net) : options.port;
  const namesrvConfigs = defaultNamesrvConfigs(environment);
  namesrvConfigs.nettyServerConfig.listenPort = options.namesrvPort;
  namesrvConfigs.namesrvConfig.kvConfigPath = `${dataDir}/namesrv/kvConfig.json`;
  namesrvConfigs.namesrvConfig.configStorePath = `${dataDir}/namesrv/namesrv.properties`;
  const namesrv = await startNamesrv({ ...options, configs: namesrvConfigs, fileProperties: new Map(), host: HOST });
  try {
    const { loaded, settingsFile } = settings(options, port, namesrv.port);
    const broker = await startBroker({
      ...options,
      configs: loaded.configs,
      fileProperties: loaded.fileProperties,
      settingsFile,
      host: HOST,
    });
    return {
      port,
      namesrvPort: namesrv.port,
      notices: loaded.notices,
      welcome: [
        `Name server on ${HOST}:${namesrv.port}, broker ${loaded.configs.brokerConfig.brokerName} ` +
          `on ${broker.address} ` +
          `(VIP ${port - 2}, HA ${port + 1}); data in ${dataDir}, settings in ${settingsFile.path}.`,
        `Clients are told ${loaded.configs.brokerConfig.brokerIP1} because this command serves this machine only; ` +
          'for others start bin/mqnamesrv and bin/mqbroker.',
        `Next: point a producer or consumer at name server ${HOST}:${namesrv.port}; Ctrl-C stops.`,
      ],
      // The broker first: it unregisters.
      shutdown: () => broker.shutdown().finally(() => namesrv.shutdown()),
    };
  } catch (error) {
    await namesrv.shutdown();
    throw error;
  }
}

/** Reads the file, or makes it; ports and paths are always those of this start. */
function settings(
  options: AllInOneOptions,
  port: number,
  namesrvPort: number,
): { loaded: Loaded<BrokerConfigs>; settingsFile: SettingsFile } {
  const { fs, dataDir } = options;
  const file = `${dataDir}/broker.conf`;
  const old = fs.readFile(file, MOST_CONFIG_BYTES)?.toString('latin1');
  const own = new Map([
    ['namesrvAddr', `${HOST}:${namesrvPort}`],
    ['listenPort', String(port)],
    ['brokerIP1', HOST],
    ['brokerIP2', HOST],
    ['storePathRootDir', `${dataDir}/store`],
    ['storePathCommitLog', `${dataDir}/store/commitlog`],
  ]);
  const text = editProperties(old ?? FIRST_SETTINGS, own);
  if (text === undefined) throw new SettingError(`${file} is not a properties file: ${describe(old ?? '')}`);
  if (text !== old) writeWhole(fs, file, Buffer.from(text, 'latin1'));
  const variables = { ROCKETMQ_HOME: dataDir, ...options.environment.variables };
  const environment = { ...options.environment, variables };
  const load = (read: LoadInput['file']): Loaded<BrokerConfigs> =>
    loadBrokerConfig({ file: read, namesrvAddr: undefined, environment });
  const loaded = load({ name: file, text });
  const problem = loaded.problems[0];
  if (problem !== undefined) throw new SettingError(problem.text);
  return { loaded, settingsFile: settingsFile(file, true, load) };
}

function describe(text: string): string {
  const parsed = parseProperties(text);
  return parsed.kind === 'malformed' ? `line ${parsed.line}: ${parsed.why}` : 'it cannot be edited';
}

/** What a new data directory starts with: small files, so that a trial takes little room. */
const FIRST_SETTINGS = `# Settings of this data directory. Ports and paths are written at each start, the rest is yours.
# Java 4.6.0 opens the directory with this file: mqbroker -c broker.conf
brokerClusterName=DefaultCluster
brokerName=broker-a
brokerId=0
brokerRole=ASYNC_MASTER
flushDiskType=ASYNC_FLUSH
# File sizes are fixed for the life of the directory.
mappedFileSizeCommitLog=67108864
mappedFileSizeConsumeQueue=1200000
maxHashSlotNum=500000
maxIndexNum=2000000
`;

/** The first broker port whose block is free now. */
async function freeBlock(net: Net): Promise<number> {
  for (let port = PORT_BLOCKS.first; port <= PORT_BLOCKS.last; port += PORT_BLOCKS.step) {
    if ((await isFree(net, port - 2)) && (await isFree(net, port)) && (await isFree(net, port + 1))) return port;
  }
  throw new NetError('no free block of ports', 'EADDRINUSE');
}

async function isFree(net: Net, port: number): Promise<boolean> {
  try {
    const listener = await net.listen({ host: HOST, port, maxConnections: 1 }, (socket) => socket.destroy());
    await listener.close();
    return true;
  } catch (error) {
    if (error instanceof NetError && error.code === 'EADDRINUSE') return false;
    throw error;
  }
}
