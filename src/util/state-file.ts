import type { FileHandle, Fs } from './fs.ts';
import type { Logger } from './logger.ts';
import { directoryOf, writeTemporary } from './write-whole.ts';

/** More than any real state file; a larger one is damage, and is not read into memory. */
const MOST_BYTES = 512 * 1024 * 1024;

/** Neither a state file nor its backup can be understood. The start ends with Java's exit code −3. */
export class StateFileError extends Error {
  override readonly name = 'StateFileError';
}

/**
 * One JSON state file of the broker with its `.bak`, written so that at every instant one of the two is whole and on
 * disk: `.tmp` is synced, the old file becomes `.bak`, then `.tmp` takes its place. Java reads the same two names.
 * Java: ConfigManager, MixAll#string2File.
 */
export class StateFile {
  readonly path: string;
  readonly #fs: Fs;
  readonly #log: Logger;
  #writing: Promise<boolean> | undefined;
  #next: (() => string) | undefined;
  /** Files written by {@link saveNow}: a background write that was overtaken by one must not take its place. */
  #savedNow = 0;

  constructor(options: { fs: Fs; log: Logger; path: string }) {
    this.#fs = options.fs;
    this.#log = options.log;
    this.path = options.path;
  }

  /**
   * Reads the file, or its backup when it is missing, empty or not understood.
   * @param decode returns undefined for text it does not understand.
   * @returns undefined when there is neither file nor backup.
   * @throws StateFileError when the backup is needed and not understood.
   */
  load<T>(decode: (text: string) => T | undefined): T | undefined {
    const text = this.#read(this.path);
    const value = text === undefined ? undefined : decode(text);
    if (value !== undefined) return value;
    if (text !== undefined) this.#log.warn({ file: this.path }, 'state file is not understood, trying its backup');
    const backup = this.#read(`${this.path}.bak`);
    if (backup === undefined) {
      if (text === undefined) return undefined;
      throw new StateFileError(`${this.path} is damaged and has no backup`);
    }
    const old = decode(backup);
    if (old === undefined) throw new StateFileError(`${this.path}.bak is damaged, and so is ${this.path}`);
    return old;
  }

  /** Writes and syncs at once, for small tables whose change is acknowledged right afterwards. Throws FsError. */
  saveNow(text: string): void {
    this.#next = undefined;
    this.#savedNow += 1;
    const file = this.#writeTemporary(text);
    try {
      file.fdatasync();
    } finally {
      file.close();
    }
    this.#swap();
  }

  /**
   * Writes in the background; the sync runs on the thread pool. While one is under way only the newest request waits,
   * and its text is asked for when its turn comes. Never rejects.
   * @returns false when it failed; that is logged, and the caller saves again at its next occasion.
   */
  save(text: () => string): Promise<boolean> {
    this.#next = text;
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #writeAll(): Promise<boolean> {
    for (let text = this.#next; text !== undefined; text = this.#next) {
      this.#next = undefined;
      const savedNow = this.#savedNow;
      try {
        const file = this.#writeTemporary(text());
        try {
          await file.fdatasyncAsync();
        } finally {
          file.close();
        }
        if (savedNow === this.#savedNow) this.#swap();
      } catch (error) {
        this.#log.error({ file: this.path, error }, 'state file was not written; the next save tries again');
        return false;
      }
    }
    return true;
  }

  #writeTemporary(text: string): FileHandle {
    return writeTemporary(this.#fs, this.path, Buffer.from(text, 'utf8'));
  }

  #swap(): void {
    if (this.#fs.stat(this.path) !== undefined) this.#fs.rename(this.path, `${this.path}.bak`);
    this.#fs.rename(`${this.path}.tmp`, this.path);
    this.#fs.fsyncDir(directoryOf(this.path));
  }

  #read(path: string): string | undefined {
    const bytes = this.#fs.readFile(path, MOST_BYTES);
    return bytes === undefined || bytes.length === 0 ? undefined : bytes.toString('utf8');
  }
}
