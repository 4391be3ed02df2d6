import { dirname } from 'node:path';
import { pino } from 'pino';
import { type FileHandle, type Fs, FsError } from './fs.ts';
import type { Logger, LogLevel } from './logger.ts';
import { writeAll } from './write-whole.ts';

/** Where lines go: standard output, or a file that is renamed when it is full, to one of a bounded number of others. */
export type LogDestination =
  | 'stdout'
  | {
      /** Absolute; its directory is made. */
      readonly path: string;
      readonly fs: Pick<Fs, 'mkdir' | 'open' | 'rename' | 'stat'>;
      /** Size at which a new file is begun; default 128 MiB, as most of Java's log files. */
      readonly maxBytes?: number;
      /** Old files that are kept; default 10. */
      readonly oldFiles?: number;
      /** Path of the n-th last one, from 1; default `path.1` … `path.N`. */
      readonly oldPath?: (number: number) => string;
    };

export interface LoggerOptions {
  readonly destination: LogDestination;
  readonly level: LogLevel;
  /** Field `name` of each line: which program speaks. */
  readonly name: string;
}

/** A logger and the way to end it. */
export interface OpenLog {
  readonly log: Logger;
  /** Lets go of the file; lines that come later are dropped. Nothing is held back that would have to be written. */
  close(): void;
}

/**
 * The logger of production: one JSON object a line, `time` in ISO form and UTC, `level` as a word. A line is written
 * when it is logged, so that none is missing after a crash or an exit; lines are few, because nothing is logged per
 * message. Throws FsError when the file cannot be opened; later a destination that fails never harms the server.
 */
export function createLogger({ destination, level, name }: LoggerOptions): OpenLog {
  const stream = destination === 'stdout' ? standardOutput() : new LogFile(destination);
  const log = pino(
    {
      level,
      base: { name },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: pino.stdSerializers.err },
    },
    stream,
  );
  return { log, close: () => stream.close() };
}

/** Lines held back while standard output takes none; more are dropped. */
const MAX_HELD_BYTES = 1024 * 1024;

function standardOutput(): { write(line: string): void; close(): void } {
  const sink = pino.destination({ dest: 1, sync: true, maxLength: MAX_HELD_BYTES });
  // A log that cannot be written has nowhere to say so.
  sink.on('error', () => {});
  return { write: (line) => void sink.write(line), close: () => {} };
}

const DEFAULT_MAX_BYTES = 128 * 1024 * 1024;
const DEFAULT_OLD_FILES = 10;

/**
 * A log file of bounded size. Lines go through the Fs port and not through pino's own file stream: that one tries for
 * ever when it is flushed on a full disk.
 */
class LogFile {
  readonly #path: string;
  readonly #fs: Pick<Fs, 'mkdir' | 'open' | 'rename' | 'stat'>;
  readonly #maxBytes: number;
  readonly #oldFiles: number;
  readonly #oldPath: (number: number) => string;
  #file: FileHandle;
  /** Lines that could not be written; told with the next one that can. */
  #lost = 0;
  #isClosed = false;
  /** The size is looked at again when this much was written since files could not be renamed. */
  #renameFromBytes: number;

  constructor({ path, fs, maxBytes, oldFiles, oldPath }: Exclude<LogDestination, 'stdout'>) {
    this.#path = path;
    this.#fs = fs;
    this.#maxBytes = maxBytes ?? DEFAULT_MAX_BYTES;
    this.#oldFiles = oldFiles ?? DEFAULT_OLD_FILES;
    this.#oldPath = oldPath ?? ((number) => `${path}.${number}`);
    this.#renameFromBytes = this.#maxBytes;
    fs.mkdir(dirname(path));
    this.#file = fs.open(path, 'create');
  }

  /** Writes a line at the end of the file, wherever that is by now: two programs may share a log. */
  write(line: string): void {
    if (this.#isClosed) return;
    try {
      const bytes = Buffer.from(this.#lost === 0 ? line : `${this.#lostLine()}${line}`);
      let end = this.#file.stat().sizeBytes;
      if (end > 0 && end + bytes.length > this.#renameFromBytes) end = this.#beginNewFile(end);
      writeAll(this.#file, bytes, end);
      this.#lost = 0;
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
      this.#lost++;
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#file.close();
  }

  #lostLine(): string {
    return `${JSON.stringify({ level: 'warn', lost: this.#lost, msg: 'lines of this log could not be written' })}\n`;
  }

  /** The file becomes the newest old one, each old one the next older; the oldest is overwritten. Gives the new end. */
  #beginNewFile(end: number): number {
    try {
      this.#fs.mkdir(dirname(this.#oldPath(1)));
      for (let number = this.#oldFiles - 1; number >= 1; number--) {
        const older = this.#oldPath(number);
        if (this.#fs.stat(older) !== undefined) this.#fs.rename(older, this.#oldPath(number + 1));
      }
      this.#fs.rename(this.#path, this.#oldPath(1));
      const file = this.#fs.open(this.#path, 'create');
      this.#file.close();
      this.#file = file;
      this.#renameFromBytes = this.#maxBytes;
      return file.stat().sizeBytes;
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
      // Goes on in the file it has, and tries again after as many bytes.
      this.#renameFromBytes = end + this.#maxBytes;
      return end;
    }
  }
}
