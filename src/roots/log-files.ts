import type { Environment } from '../config/environment.ts';
import type { Fs } from '../util/fs.ts';
import { copyingErrors, routedLogger } from '../util/log-router.ts';
import type { Logger } from '../util/logger.ts';
import { createLogger, type OpenLog } from '../util/pino-logger.ts';

const MIB = 1024 * 1024;

/** One log file of a server. */
export interface LogFileRow {
  /** Name without `.log`. */
  readonly file: string;
  /** Java's name of the logger; the field `logger` of its lines. The first row of a server has all other lines. */
  readonly logger: string;
  readonly maxBytes: number;
  /** Older files that are kept in `otherdays`. */
  readonly oldFiles: number;
}

/**
 * The log files of each server, with the names, sizes and counts of Java. Java: logback_broker.xml,
 * logback_namesrv.xml; those that would have no line here are left out.
 */
export const logFiles = {
  broker: [
    { file: 'broker', logger: 'RocketmqBroker', maxBytes: 128 * MIB, oldFiles: 20 },
    { file: 'store', logger: 'RocketmqStore', maxBytes: 128 * MIB, oldFiles: 10 },
    { file: 'storeerror', logger: 'RocketmqStoreError', maxBytes: 100 * MIB, oldFiles: 10 },
    { file: 'remoting', logger: 'RocketmqRemoting', maxBytes: 100 * MIB, oldFiles: 10 },
    { file: 'transaction', logger: 'RocketmqTransaction', maxBytes: 100 * MIB, oldFiles: 10 },
    { file: 'filter', logger: 'RocketmqFilter', maxBytes: 100 * MIB, oldFiles: 10 },
    { file: 'protection', logger: 'RocketmqProtection', maxBytes: 100 * MIB, oldFiles: 10 },
  ],
  namesrv: [{ file: 'namesrv', logger: 'RocketmqNamesrv', maxBytes: 100 * MIB, oldFiles: 5 }],
} as const satisfies Readonly<Record<string, readonly LogFileRow[]>>;

/** Servers with log files of their own. */
export type LoggingServer = keyof typeof logFiles;

/** Names of the loggers that parts of a server ask for. */
export type LoggerName = (typeof logFiles)[LoggingServer][number]['logger'];

/** The logger of a part: its lines say whose they are, and go to its file when there are files. */
export function partLog(log: Logger, logger: LoggerName): Logger {
  return log.child({ logger });
}

/**
 * Opens the log of a server: standard output when `WENCHANG_LOG=stdout` says so, or in a container unless
 * `WENCHANG_LOG=files`; else the files that Java writes, below the home of the account. Throws FsError when a file
 * cannot be opened.
 */
export function openServerLog(environment: Environment, name: LoggingServer, fs: Fs): OpenLog {
  if (goesToStdout(environment, fs)) return createLogger({ destination: 'stdout', level: 'info', name });
  const dir = `${environment.homeDir}/logs/rocketmqlogs`;
  const opened: OpenLog[] = [];
  const close = (): void => {
    for (const one of opened) one.close();
  };
  try {
    const byName = new Map<string, Logger>();
    for (const { file, logger, maxBytes, oldFiles } of logFiles[name]) {
      const oldPath = (number: number): string => `${dir}/otherdays/${file}.${number}.log`;
      const destination = { path: `${dir}/${file}.log`, fs, maxBytes, oldFiles, oldPath };
      const one = createLogger({ destination, level: 'info', name });
      opened.push(one);
      byName.set(logger, one.log);
    }
    return { log: routedLogger(...withStoreErrors(byName, logFiles[name][0].logger)), close };
  } catch (error) {
    close();
    throw error;
  }
}

/** Java's store writes what went wrong to a file of its own. */
function withStoreErrors(byName: Map<string, Logger>, main: LoggerName): [Logger, Map<string, Logger>] {
  const [store, errors] = [byName.get('RocketmqStore'), byName.get('RocketmqStoreError')];
  if (store !== undefined && errors !== undefined) byName.set('RocketmqStore', copyingErrors(store, errors));
  const log = byName.get(main);
  if (log === undefined) throw new Error(`no log file is that of ${main}`);
  return [log, byName];
}

/** What Docker, Podman and Kubernetes leave to be seen. */
const CONTAINER_FILES = ['/.dockerenv', '/run/.containerenv'];

function goesToStdout({ variables }: Environment, fs: Pick<Fs, 'stat'>): boolean {
  const asked = variables['WENCHANG_LOG']?.toLowerCase();
  if (asked === 'stdout' || asked === 'files') return asked === 'stdout';
  return (
    variables['KUBERNETES_SERVICE_HOST'] !== undefined || CONTAINER_FILES.some((path) => fs.stat(path) !== undefined)
  );
}
