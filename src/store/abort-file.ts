import type { Fs } from '../util/fs.ts';
import { toStoreIoError } from './store-errors.ts';
import { storePath } from './store-path.ts';

/**
 * The marker that exists while a broker runs: found at a start, it tells that the last run ended without an orderly
 * stop. Java: DefaultMessageStore#createTempFile, #isTempFileExist.
 */
export class AbortFile {
  readonly #fs: Fs;
  readonly #rootDir: string;

  constructor(fs: Fs, rootDir: string) {
    this.#fs = fs;
    this.#rootDir = rootDir;
  }

  get exists(): boolean {
    return this.#fs.stat(this.#path) !== undefined;
  }

  /** Makes the marker, durably: from here on the files may change. Throws StoreIoError. */
  create(): void {
    try {
      this.#fs.mkdir(this.#rootDir);
      this.#fs.open(this.#path, 'create').close();
      this.#fs.fsyncDir(this.#rootDir);
    } catch (error) {
      throw toStoreIoError('create', this.#path, 0, error);
    }
  }

  /** Takes the marker away after everything is on disk. Throws StoreIoError. */
  remove(): void {
    try {
      this.#fs.unlink(this.#path);
      this.#fs.fsyncDir(this.#rootDir);
    } catch (error) {
      throw toStoreIoError('unlink', this.#path, 0, error);
    }
  }

  get #path(): string {
    return storePath.abort(this.#rootDir);
  }
}
