import { StoreIoError, StoreLoadError } from '../store/store-errors.ts';
import { StoreLockedError } from '../store/store-lock.ts';
import { FsError } from '../util/fs.ts';
import { NetError } from '../util/net.ts';
import { StateFileError } from '../util/state-file.ts';

/** How a server that could not start ends: one clear line, and Java's exit code. */
export interface StartFailure {
  readonly exitCode: number;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
}

/** A setting, or a file of settings, with which this server cannot run. Thrown by the roots. */
export class SettingError extends Error {
  override readonly name = 'SettingError';
}

/** One kind of trouble that ends a start. */
export interface StartFailureRow {
  /** As the shell sees it: 255 = −1, 253 = −3. Java exits −3 when initialize() fails, −1 for everything else. */
  readonly exitCode: number;
  /** What happened, for the catalogue. */
  readonly meaning: string;
  /** What to do; printed behind the cause. */
  readonly hint: string;
  readonly matches: (error: unknown) => boolean;
}

/** The catalogue of start-up errors; the first row that matches counts. docs/reference/errors.md is made from it. */
export const startFailures = {
  RMQ_PORT_IN_USE: {
    exitCode: 255,
    meaning: 'Another process listens on a port of this server.',
    hint: 'Stop it, or set another listenPort; a broker also needs listenPort - 2 and listenPort + 1.',
    matches: (error) => error instanceof NetError && error.code === 'EADDRINUSE',
  },
  RMQ_CANNOT_LISTEN: {
    exitCode: 255,
    meaning: 'The system does not let this process listen on a port.',
    hint: 'Ports below 1024 need rights; an address must be one of this host.',
    matches: (error) => error instanceof NetError,
  },
  RMQ_STORE_LOCKED: {
    exitCode: 255,
    meaning: 'Another process uses the store directory. Nothing in it was read or changed.',
    hint: 'Stop that process, or set another storePathRootDir.',
    matches: (error) => error instanceof StoreLockedError,
  },
  RMQ_STATE_FILE: {
    exitCode: 253,
    meaning: 'A JSON state file and its backup cannot be understood. They were left as they are.',
    hint: 'Put a good copy in its place, or move both away to start with an empty table.',
    matches: (error) => error instanceof StateFileError,
  },
  RMQ_STORE_LOAD: {
    exitCode: 253,
    meaning: 'Files of the store do not fit the settings or each other. They were left as they are.',
    hint: 'File sizes must be those the directory was made with.',
    matches: (error) => error instanceof StoreLoadError,
  },
  RMQ_STORE_IO: {
    exitCode: 253,
    meaning: 'The system failed to read or write a file of the store.',
    hint: 'Look at the rights, the room and the health of the disk.',
    matches: (error) => error instanceof StoreIoError,
  },
  RMQ_FILE: {
    exitCode: 255,
    meaning: 'The system failed to read or write another file.',
    hint: 'Look at the rights and the room of the disk.',
    matches: (error) => error instanceof FsError,
  },
  RMQ_SETTING: {
    exitCode: 253,
    meaning: 'This server cannot run with a setting, or with the file of the settings.',
    hint: 'Change it; docs/reference/configuration.md lists all settings.',
    matches: (error) => error instanceof SettingError,
  },
  RMQ_UNEXPECTED: {
    exitCode: 255,
    meaning: 'None of the above: a mistake in this program. The line is followed by a stack.',
    hint: 'Please report it with the log.',
    matches: () => true,
  },
} as const satisfies Readonly<Record<string, StartFailureRow>>;

export type StartFailureCode = keyof typeof startFailures;

/** The row of an error. */
export function startFailureCode(error: unknown): StartFailureCode {
  for (const [code, row] of Object.entries(startFailures)) if (row.matches(error)) return code as StartFailureCode;
  return 'RMQ_UNEXPECTED';
}

/** `RMQ_PORT_IN_USE: <what the system said>. <hint>` and the exit code. */
export function startFailure(error: unknown): StartFailure {
  const code = startFailureCode(error);
  const { exitCode, hint } = startFailures[code];
  const said = error instanceof Error ? error.message : String(error);
  const stderr = [`${code}: ${said}. ${hint}`];
  if (code === 'RMQ_UNEXPECTED' && error instanceof Error && error.stack !== undefined) stderr.push(error.stack);
  return { exitCode, stdout: [], stderr };
}
