import { resolve } from 'node:path';
import { type CommandLine, type Option, parseCommandLine } from './config/command-line.ts';
import { type BrokerConfigs, brokerSections, type NamesrvConfigs, namesrvSections, partsOf } from './config/configs.ts';
import type { SettingsFile } from './config/configuration.ts';
import type { Environment } from './config/environment.ts';
import { type Loaded, type LoadInput, loadBrokerConfig, loadNamesrvConfig, settingsFile } from './config/load.ts';
import type { Problem } from './config/notice.ts';
import { printedSettings } from './config/print.ts';
import { type Fs, FsError } from './util/fs.ts';

/** What a server does after its command line was read: print and exit, or run with these settings. */
export type Started<Configs> =
  | {
      readonly kind: 'exit';
      /** As the shell sees it: 255 = -1, 254 = -2, 253 = -3. */
      readonly exitCode: number;
      readonly stdout: readonly string[];
      readonly stderr: readonly string[];
    }
  | {
      readonly kind: 'run';
      readonly stdout: readonly string[];
      /** Where changed settings are written to. */
      readonly settingsFile: SettingsFile;
      readonly loaded: Loaded<Configs>;
    };

/** What the command lines need of the world. */
export interface Surroundings {
  readonly fs: Pick<Fs, 'readFile'>;
  readonly environment: Environment;
  readonly nowMs: number;
}

/** `mqbroker [-c FILE] [-h] [-m] [-n ADDR] [-p]`. Java: BrokerStartup#createBrokerController. */
export function startBroker(words: readonly string[], around: Surroundings): Started<BrokerConfigs> {
  const line = parseCommandLine(words, brokerOptions);
  if (line === undefined || line.help) return exit(255, usage('mqbroker', brokerOptions));
  const file = readConfigFile(line, around);
  if (file.kind === 'unreadable') return exit(255, [], [file.text]);
  const load = (read: LoadInput['file']): Loaded<BrokerConfigs> =>
    loadBrokerConfig({ ...around, file: read, namesrvAddr: line.namesrvAddr });
  const loaded = load(file.file);
  const prints = line.printAll || line.printImportant;
  const stopped = stop(loaded.problems, prints);
  if (stopped !== undefined) return stopped;
  if (!prints) {
    // Java: BrokerPathConfigHelper. Not below storePathRootDir.
    const unread = `${around.environment.homeDir}/store/config/broker.properties`;
    return { kind: 'run', stdout: [], settingsFile: fileOfChanges(line, unread, load), loaded };
  }
  const settings = printedSettings(partsOf(brokerSections, loaded.configs), !line.printAll);
  return exit(0, brokerLog(settings, around.nowMs));
}

/** `mqnamesrv [-c FILE] [-h] [-n ADDR] [-p]`. Java: NamesrvStartup#createNamesrvController. */
export function startNamesrv(words: readonly string[], around: Surroundings): Started<NamesrvConfigs> {
  const line = parseCommandLine(words, namesrvOptions);
  if (line === undefined || line.help) return exit(255, usage('mqnamesrv', namesrvOptions));
  const file = readConfigFile(line, around);
  if (file.kind === 'unreadable') return exit(255, [], [file.text]);
  const load = (read: LoadInput['file']): Loaded<NamesrvConfigs> =>
    loadNamesrvConfig({ ...around, file: read, namesrvAddr: line.namesrvAddr });
  const loaded = load(file.file);
  const wasMalformed = loaded.problems.some((problem) => problem.exitCode === 255);
  const stdout = file.file === undefined || wasMalformed ? [] : [`load config properties file OK, ${file.file.name}`];
  const stopped = stop(loaded.problems, line.printAll);
  if (stopped !== undefined) return { ...stopped, stdout: [...stdout, ...stopped.stdout] };
  if (!line.printAll) {
    const unread = loaded.configs.namesrvConfig.configStorePath;
    return { kind: 'run', stdout, settingsFile: fileOfChanges(line, unread, load), loaded };
  }
  const settings = printedSettings(partsOf(namesrvSections, loaded.configs), false);
  return exit(0, [...stdout, ...namesrvLog(settings, around.nowMs)]);
}

/** The file of `-c`, else the one that Java writes changed settings to and does not read either. */
function fileOfChanges(
  { configFile }: CommandLine,
  unread: string,
  load: (file: LoadInput['file']) => Loaded<unknown>,
): SettingsFile {
  return settingsFile(resolve(configFile ?? unread), configFile !== undefined, load);
}

const help: Option = { short: 'h', long: 'help', takesValue: false, doc: 'Print help' };
const namesrvAddr: Option = {
  short: 'n',
  long: 'namesrvAddr',
  takesValue: true,
  doc: 'Name server address list, eg: 192.168.0.1:9876;192.168.0.2:9876',
};

const brokerOptions: readonly Option[] = [
  { short: 'c', long: 'configFile', takesValue: true, doc: 'Broker config properties file' },
  help,
  { short: 'm', long: 'printImportantConfig', takesValue: false, doc: 'Print important config item' },
  namesrvAddr,
  { short: 'p', long: 'printConfigItem', takesValue: false, doc: 'Print all config item' },
];

const namesrvOptions: readonly Option[] = [
  { short: 'c', long: 'configFile', takesValue: true, doc: 'Name server config properties file' },
  help,
  namesrvAddr,
  { short: 'p', long: 'printConfigItem', takesValue: false, doc: 'Print all config item' },
];

type Exit = Extract<Started<unknown>, { kind: 'exit' }>;

function exit(exitCode: number, stdout: readonly string[], stderr: readonly string[] = []): Exit {
  return { kind: 'exit', exitCode, stdout, stderr };
}

/** Ends with the first problem's exit code. Of Java's texts only the first is printed, as Java stops there. */
function stop(problems: readonly Problem[], prints: boolean): Exit | undefined {
  const counting = problems.filter((problem) => !prints || problem.blocksPrint);
  const [first] = counting;
  if (first === undefined) return undefined;
  const stdout = counting.filter(({ stream }) => stream === 'stdout').slice(0, 1);
  const stderr = counting.filter(({ stream }) => stream === 'stderr');
  return exit(
    first.exitCode,
    stdout.map(({ text }) => text),
    stderr.map(({ text }) => text),
  );
}

/** What -h and a wrong option print. Java: ServerUtil, HelpFormatter. */
function usage(program: string, options: readonly Option[]): string[] {
  const synopsis = options.map(({ short, takesValue }) => (takesValue ? `[-${short} <arg>]` : `[-${short}]`));
  const names = options.map(({ short, long, takesValue }) => ` -${short},--${long}${takesValue ? ' <arg>' : ''}`);
  const width = Math.max(...names.map((name) => name.length)) + 3;
  return [
    `usage: ${program} ${synopsis.join(' ')}`,
    ...options.map(({ doc }, index) => `${(names[index] ?? '').padEnd(width)}${doc}`),
  ];
}

const MAX_CONFIG_BYTES = 1024 * 1024;

type ConfigFile =
  | { readonly kind: 'file'; readonly file: { readonly name: string; readonly text: string } | undefined }
  | { readonly kind: 'unreadable'; readonly text: string };

function readConfigFile({ configFile }: CommandLine, { fs }: Surroundings): ConfigFile {
  if (configFile === undefined) return { kind: 'file', file: undefined };
  try {
    const bytes = fs.readFile(resolve(configFile), MAX_CONFIG_BYTES);
    if (bytes === undefined) return { kind: 'unreadable', text: `cannot read ${configFile}: no such file` };
    // Java: Properties#load(InputStream) reads Latin-1.
    return { kind: 'file', file: { name: configFile, text: bytes.toString('latin1') } };
  } catch (error) {
    if (!(error instanceof FsError)) throw error;
    return { kind: 'unreadable', text: `cannot read ${configFile}: ${error.code}` };
  }
}

const EIGHT_HOURS_MS = 8 * 60 * 60 * 1000;

/** Lines as the logger of Java's broker writes them: always GMT+8, and its pattern really prints the backslashes. */
function brokerLog(lines: readonly string[], nowMs: number): string[] {
  const time = new Date(nowMs + EIGHT_HOURS_MS).toISOString().slice(0, 19);
  const stamp = time.replace('T', ' ').replaceAll(':', '\\:');
  return lines.map((line) => `${stamp} INFO main - ${line}`);
}

/** Lines as Java's name server writes them, before its own log pattern is loaded: local time. */
function namesrvLog(lines: readonly string[], nowMs: number): string[] {
  const local = new Date(nowMs - new Date(nowMs).getTimezoneOffset() * 60_000).toISOString().slice(11, 23);
  return lines.map((line) => `${local} [main] INFO  RocketmqNamesrvConsole - ${line}`);
}
