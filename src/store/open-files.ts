import { assert } from '../util/assert.ts';
import type { FileHandle, Fs } from '../util/fs.ts';
import { createInPlace, NewFiles } from './new-file.ts';

/**
 * The open handles of the store, at most `capacity` of them: thousands of consume queues exist, few are hot. The one
 * used longest ago is closed when another is needed. A handle may be closed by the next call, so nobody keeps one.
 */
export class OpenFiles {
  readonly fs: Fs;
  readonly #capacity: number;
  readonly #newFiles: NewFiles | undefined;
  /** Oldest use first: a Map iterates in the order of insertion. */
  readonly #handles = new Map<string, FileHandle>();
  #latest: FileHandle | undefined;

  /** With `rootDir`, of the store, new files are seen with their whole length only. */
  constructor(fs: Fs, { capacity = DEFAULT_CAPACITY, rootDir }: { capacity?: number; rootDir?: string } = {}) {
    assert(capacity > 0, 'at least one file must be open to be used');
    this.fs = fs;
    this.#capacity = capacity;
    this.#newFiles = rootDir === undefined ? undefined : new NewFiles(fs, rootDir);
  }

  /** The handle of an existing file, opened when it is not open; throws FsError. */
  handle(path: string): FileHandle {
    if (this.#latest?.path === path) return this.#latest;
    const found = this.#handles.get(path);
    if (found === undefined) return this.#keep(this.fs.open(path, 'update'));
    this.#handles.delete(path);
    return this.#keep(found);
  }

  /** Creates a file of zeros that must not exist yet, or be empty; throws FsError and has changed nothing then. */
  create(path: string, sizeBytes: number): void {
    if (this.#newFiles === undefined) createInPlace(this.fs, path, sizeBytes);
    else this.#newFiles.create(path, sizeBytes);
  }

  /** Removes what a kill left of files that were about to be. */
  removeLeftovers(): void {
    this.#newFiles?.removeLeftovers();
  }

  /** Closes the handle of a path, before its file is removed. */
  forget(path: string): void {
    const found = this.#handles.get(path);
    if (found === undefined) return;
    this.#handles.delete(path);
    if (this.#latest === found) this.#latest = undefined;
    found.close();
  }

  /** Closes all; the next use opens again. */
  closeAll(): void {
    for (const path of [...this.#handles.keys()]) this.forget(path);
  }

  get size(): number {
    return this.#handles.size;
  }

  #keep(handle: FileHandle): FileHandle {
    this.#handles.set(handle.path, handle);
    this.#latest = handle;
    if (this.#handles.size > this.#capacity) {
      const [oldest] = this.#handles.keys();
      if (oldest !== undefined) this.forget(oldest);
    }
    return handle;
  }
}

const DEFAULT_CAPACITY = 512;
