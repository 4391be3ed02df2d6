import { BloomFilter } from '../util/bloom-filter.ts';
import { illegalNamesrvAddr } from './address-list.ts';
import {
  addressServerSection,
  type BrokerConfigs,
  brokerSections,
  defaultBrokerConfigs,
  defaultNamesrvConfigs,
  type NamesrvConfigs,
  namesrvSections,
  partsOf,
} from './configs.ts';
import type { SettingsFile } from './configuration.ts';
import type { Environment } from './environment.ts';
import { FileReading } from './file-reading.ts';
import type { MessageStoreConfig } from './message-store-config.ts';
import { findNotYet } from './not-yet.ts';
import type { Notice, Problem } from './notice.ts';

/** Where settings come from. */
export interface LoadInput {
  /** The file of `-c` as it was given, with its text decoded as Latin-1. */
  readonly file: { readonly name: string; readonly text: string } | undefined;
  /** The value of `-n`. */
  readonly namesrvAddr: string | undefined;
  readonly environment: Environment;
}

/** Settings, and what there is to say about them. The server starts only when there are no problems. */
export interface Loaded<Configs> {
  readonly configs: Configs;
  /** Every key of the file with its last value, unknown ones too: GET_BROKER_CONFIG shows them. */
  readonly fileProperties: ReadonlyMap<string, string>;
  /** One line each, for the log, in file order. */
  readonly notices: readonly Notice[];
  /** In the order in which Java would find them. The first one's exit code counts. */
  readonly problems: readonly Problem[];
}

/**
 * The settings of a broker: defaults, then the file, then `-n`, then what Java derives. Values and keys that Java
 * swallows have no effect here either, but each is named. Java: BrokerStartup#createBrokerController.
 */
export function loadBrokerConfig(input: LoadInput): Loaded<BrokerConfigs> {
  const configs = defaultBrokerConfigs(input.environment);
  const reading = new FileReading(
    partsOf([...brokerSections, addressServerSection], configs),
    { name: 'name server', sections: namesrvSections },
    () => configs.messageStoreConfig.storePathRootDir,
  );
  if (input.file !== undefined) reading.read(input.file.name, input.file.text);
  if (input.namesrvAddr !== undefined) reading.give('namesrvAddr', input.namesrvAddr, 'the command line');
  const java: Problem[] = [];
  if (configs.brokerConfig.rocketmqHome === undefined) java.push(homeMissing(true));
  const illegal = illegalNamesrvAddr(configs.brokerConfig.namesrvAddr ?? ';');
  if (illegal !== undefined) java.push({ exitCode: 253, stream: 'stdout', text: illegal, blocksPrint: true });
  java.push(...derive(configs, reading));
  return finish(configs, reading, java, input.environment);
}

/** The settings of a name server. Java: NamesrvStartup#createNamesrvController. */
export function loadNamesrvConfig(input: LoadInput): Loaded<NamesrvConfigs> {
  const configs = defaultNamesrvConfigs(input.environment);
  const reading = new FileReading(
    partsOf(namesrvSections, configs),
    { name: 'broker', sections: [...brokerSections, addressServerSection] },
    () => undefined,
  );
  if (input.file !== undefined) {
    reading.read(input.file.name, input.file.text);
    configs.namesrvConfig.configStorePath = input.file.name;
  }
  if (input.namesrvAddr !== undefined) reading.note('info', 'the command line', '-n has no effect on a name server');
  const java = configs.namesrvConfig.rocketmqHome === undefined ? [homeMissing(false)] : [];
  return finish(configs, reading, java, input.environment);
}

/** A file of changed settings, which may hold what `load` finds no problems in; `isRead` false: no start reads it. */
export function settingsFile(
  path: string,
  isRead: boolean,
  load: (file: LoadInput['file']) => Loaded<unknown>,
): SettingsFile {
  const problemsOf = (text: string): string[] => load({ name: path, text }).problems.map((problem) => problem.text);
  return { path, isRead, problemsOf };
}

function homeMissing(blocksPrint: boolean): Problem {
  const text =
    'Please set the ROCKETMQ_HOME variable in your environment to match the location of the RocketMQ installation';
  return { exitCode: 254, stream: 'stdout', text, blocksPrint };
}

/** What follows from the role and the port, whatever the file says. */
function derive(configs: BrokerConfigs, reading: FileReading): Problem[] {
  const { brokerConfig, messageStoreConfig, nettyServerConfig } = configs;
  const problems: Problem[] = [];
  const role = messageStoreConfig.brokerRole;
  if (role === 'SLAVE') {
    if (brokerConfig.brokerId <= 0) {
      problems.push({ exitCode: 253, stream: 'stdout', text: "Slave's brokerId must be > 0", blocksPrint: true });
    }
  } else if (brokerConfig.brokerId !== 0) {
    const where = reading.origin('brokerId');
    reading.note('warn', where, `brokerId=${brokerConfig.brokerId} becomes 0, as ${role} always has`);
    brokerConfig.brokerId = 0;
  }
  if (messageStoreConfig.enableDLegerCommitLog) brokerConfig.brokerId = -1;
  checkPorts(nettyServerConfig.listenPort, reading);
  checkIndexFile(messageStoreConfig, reading);
  messageStoreConfig.haListenPort = nettyServerConfig.listenPort + 1;
  const { maxErrorRateOfBloomFilter, expectConsumerNumUseFilter } = brokerConfig;
  const { bitCount } = new BloomFilter(maxErrorRateOfBloomFilter, expectConsumerNumUseFilter);
  messageStoreConfig.bitMapLengthConsumeQueueExt = bitCount;
  return problems;
}

/** A broker listens on three ports; Java fails on a port that is none when it gets there. */
function checkPorts(listenPort: number, reading: FileReading): void {
  if (listenPort >= LOWEST_PORT && listenPort <= HIGHEST_PORT) return;
  const why = `a broker also listens 2 below it and 1 above it, so ${LOWEST_PORT}..${HIGHEST_PORT} can be used`;
  reading.refusals.push(`${reading.origin('listenPort')}: listenPort=${listenPort}: ${why}`);
}

/** Java's sizes of a file are ints: on such settings it makes no index file, again and again. Java: IndexFile. */
function checkIndexFile({ maxHashSlotNum, maxIndexNum }: MessageStoreConfig, reading: FileReading): void {
  const sizeBytes = INDEX_HEADER_BYTES + maxHashSlotNum * INDEX_SLOT_BYTES + maxIndexNum * INDEX_ENTRY_BYTES;
  if (sizeBytes < 2 ** 31) return;
  const both = `maxHashSlotNum=${maxHashSlotNum} and maxIndexNum=${maxIndexNum}`;
  // The defaults fit: at least one of the two was set in the file.
  const where = ['maxHashSlotNum', 'maxIndexNum'].filter((key) => reading.isSet(key)).map((key) => reading.origin(key));
  reading.refusals.push(
    `${where.join(', ')}: ${both} make an index file of ${sizeBytes} bytes, at most ${2 ** 31 - 1} can be`,
  );
}

const INDEX_HEADER_BYTES = 40;
const INDEX_SLOT_BYTES = 4;
const INDEX_ENTRY_BYTES = 20;
const LOWEST_PORT = 2;
const HIGHEST_PORT = 65_534;

function finish<C extends object>(
  configs: C,
  reading: FileReading,
  java: readonly Problem[],
  environment: Environment,
): Loaded<C> {
  const notYet = findNotYet(Object.values(configs), environment, reading.properties);
  const refusals = notYet.map(({ key, text }) => refusal(`${reading.origin(key)}: ${text}`));
  const { malformed } = reading;
  const first: Problem[] =
    malformed === undefined ? [] : [{ exitCode: 255, stream: 'stderr', text: malformed, blocksPrint: true }];
  return {
    configs,
    fileProperties: reading.properties,
    notices: reading.notices(),
    problems: [...first, ...java, ...reading.refusals.map(refusal), ...refusals],
  };
}

/** One of ours: Java would start. */
function refusal(text: string): Problem {
  return { exitCode: 253, stream: 'stderr', text, blocksPrint: false };
}
