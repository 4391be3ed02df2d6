import { assert } from '../util/assert.ts';
import { fileNameToOffset, MappedFile } from './mapped-file.ts';
import type { OpenFiles } from './open-files.ts';
import { StoreLoadError, toStoreIoError } from './store-errors.ts';

/**
 * The files of one directory as one linear space of bytes. Java: MappedFileQueue.
 * Files are created when the first byte of them is needed: making a sparse file takes microseconds, so there is no
 * pre-allocated next file as in Java.
 */
export class MappedFileQueue {
  readonly dir: string;
  readonly fileSize: number;
  /** Everything below is on disk. */
  flushedWhere = 0;
  readonly #openFiles: OpenFiles;
  #files: MappedFile[] = [];
  /** A file is gone whose name could still come back after a power loss. */
  #removalUnsynced = false;

  constructor(openFiles: OpenFiles, dir: string, fileSize: number) {
    assert(Number.isSafeInteger(fileSize) && fileSize > 0, 'file size');
    this.#openFiles = openFiles;
    this.dir = dir;
    this.fileSize = fileSize;
  }

  /**
   * Finds the files on disk; an absent directory is empty. Throws StoreLoadError when an entry is not one of ours or
   * has another length than configured: a start must not guess. Only an empty last file is forgiven and removed: a
   * crash between creation and sizing leaves one, and it holds nothing. Java: MappedFileQueue#load.
   */
  load(): void {
    const files: MappedFile[] = [];
    const names = this.#openFiles.fs.list(this.dir).sort();
    for (const name of names) {
      const path = `${this.dir}/${name}`;
      const stat = this.#openFiles.fs.stat(path);
      if (stat === undefined || stat.isDirectory) {
        throw new StoreLoadError(path, 'is not a file of the store; move it away and start again');
      }
      const fileFromOffset = fileNameToOffset(name);
      if (stat.sizeBytes === 0 && name === names.at(-1) && fileFromOffset !== undefined) {
        this.#openFiles.fs.unlink(path);
        break;
      }
      if (stat.sizeBytes !== this.fileSize) {
        const lengths = `its length is ${stat.sizeBytes}, the settings ask for ${this.fileSize}`;
        throw new StoreLoadError(path, `length not matched message store config value, please check it: ${lengths}`);
      }
      if (fileFromOffset === undefined) {
        throw new StoreLoadError(path, 'is not named by a 20-digit offset; move it away and start again');
      }
      files.push(MappedFile.existing(this.#openFiles, this.dir, fileFromOffset, this.fileSize));
    }
    this.#files = files;
    this.flushedWhere = this.maxOffset;
  }

  /** Oldest first. */
  get files(): readonly MappedFile[] {
    return this.#files;
  }

  get firstFile(): MappedFile | undefined {
    return this.#files[0];
  }

  get lastFile(): MappedFile | undefined {
    return this.#files[this.#files.length - 1];
  }

  /** Offset of the first byte, 0 when empty. (Java gives −1 then; its callers treat that as none.) */
  get minOffset(): number {
    return this.firstFile?.fileFromOffset ?? 0;
  }

  /** Offset behind the last byte written. Java: MappedFileQueue#getMaxOffset. */
  get maxOffset(): number {
    const last = this.lastFile;
    return last === undefined ? 0 : last.fileFromOffset + last.wrotePosition;
  }

  /**
   * The file to append to: the last one, or a new one when there is none or it is full. `startOffset` places the very
   * first file. Throws StoreIoError. Java: MappedFileQueue#getLastMappedFile.
   */
  fileForAppend(startOffset: number): MappedFile {
    const last = this.lastFile;
    if (last !== undefined && !last.isFull) return last;
    const from = last === undefined ? startOffset - (startOffset % this.fileSize) : last.fileFromOffset + this.fileSize;
    // A power loss must not leave a younger file without this one: a queue would begin in its middle.
    last?.flushName();
    const file = MappedFile.create(this.#openFiles, this.dir, from, this.fileSize);
    this.#files.push(file);
    return file;
  }

  /** The file that holds `offset`. Java: MappedFileQueue#findMappedFileByOffset. */
  findByOffset(offset: number): MappedFile | undefined {
    const first = this.firstFile;
    const last = this.lastFile;
    if (first === undefined || last === undefined) return undefined;
    if (offset < first.fileFromOffset || offset >= last.fileFromOffset + this.fileSize) return undefined;
    const guess = this.#files[Math.floor((offset - first.fileFromOffset) / this.fileSize)];
    if (guess !== undefined && holds(guess, offset)) return guess;
    // Only a directory with a gap comes here: Java loads such a directory too.
    return this.#files.find((file) => holds(file, offset));
  }

  /** Paths between which bytes are missing; Java logs them (MappedFileQueue#checkSelf) and goes on. */
  gaps(): { readonly before: string; readonly after: string }[] {
    const gaps: { before: string; after: string }[] = [];
    for (let index = 1; index < this.#files.length; index += 1) {
      const before = this.#files[index - 1];
      const after = this.#files[index];
      if (before === undefined || after === undefined) continue;
      if (after.fileFromOffset - before.fileFromOffset !== this.fileSize) {
        gaps.push({ before: before.path, after: after.path });
      }
    }
    return gaps;
  }

  /** First file changed at or after the time, else the last. Java: MappedFileQueue#getMappedFileByTime. */
  findByTime(timestampMs: number, mtimeOf: (file: MappedFile) => number): MappedFile | undefined {
    return this.#files.find((file) => mtimeOf(file) >= timestampMs) ?? this.lastFile;
  }

  /**
   * Ends the space at `offset`: the file around it gets its positions, later files are removed from disk. Bytes behind
   * the end stay: see {@link zeroTail}. Java: MappedFileQueue#truncateDirtyFiles.
   */
  truncateTo(offset: number): void {
    const kept: MappedFile[] = [];
    let removed = false;
    for (const file of this.#files) {
      if (file.fileFromOffset > offset) {
        file.destroy();
        removed = true;
        continue;
      }
      const end = Math.min(this.fileSize, offset - file.fileFromOffset);
      file.wrotePosition = end;
      file.flushedPosition = Math.min(file.flushedPosition, end);
      kept.push(file);
    }
    this.#files = kept;
    this.flushedWhere = Math.min(this.flushedWhere, offset);
    if (removed) this.#syncDir();
  }

  /**
   * Makes everything behind {@link maxOffset} in the last file zero, without touching what is zero already. Returns
   * the number of bytes overwritten.
   */
  zeroTail(): number {
    const last = this.lastFile;
    return last === undefined ? 0 : last.zeroWhereDirty(last.wrotePosition);
  }

  /** Everything written so far is on disk when this returns. Blocks: for shutdown. Throws StoreIoError. */
  flush(): void {
    const target = this.maxOffset;
    for (const file of this.#unflushed()) file.flush();
    this.flushedWhere = Math.max(this.flushedWhere, Math.min(target, this.maxOffset));
  }

  /**
   * As {@link flush} on the thread pool, oldest file first; covers what was written before the call. Gives the new
   * {@link flushedWhere}. Throws StoreIoError; what was flushed before the failure stays counted.
   */
  async flushAsync(): Promise<number> {
    const target = this.maxOffset;
    for (const file of this.#unflushed()) {
      await file.flushAsync();
      const covered = Math.min(target, file.fileFromOffset + file.flushedPosition, this.maxOffset);
      this.flushedWhere = Math.max(this.flushedWhere, covered);
    }
    this.flushedWhere = Math.max(this.flushedWhere, Math.min(target, this.maxOffset));
    return this.flushedWhere;
  }

  /**
   * Takes the first file out and removes it on the thread pool; the caller has decided that it may go. The removal is
   * on disk before the next one begins, so that a power loss never leaves an older file without its neighbour. Rejects
   * with StoreIoError: a file that could not be removed is the first one again, as if nothing had been tried.
   */
  async removeFirst(): Promise<void> {
    if (this.#removalUnsynced) await this.#syncRemoval();
    const first = this.#files.shift();
    assert(first !== undefined, 'removeFirst of an empty queue');
    try {
      await first.destroyAsync();
    } catch (error) {
      // Not when the whole queue was destroyed meanwhile.
      if (this.#files.length > 0) this.#files.unshift(first);
      throw error;
    }
    await this.#syncRemoval();
  }

  /** Takes the last file out and removes it, durably and blocking. Java: MappedFileQueue#deleteLastMappedFile. */
  removeLast(): void {
    const last = this.#files.pop();
    assert(last !== undefined, 'removeLast of an empty queue');
    last.destroy();
    this.flushedWhere = Math.min(this.flushedWhere, this.maxOffset);
    this.#syncDir();
  }

  /** Removes every file and the directory when nothing foreign is in it. Java: MappedFileQueue#destroy. */
  destroy(): void {
    for (const file of this.#files) file.destroy();
    this.#files = [];
    this.flushedWhere = 0;
    if (this.#openFiles.fs.list(this.dir).length === 0) this.#openFiles.fs.rmdir(this.dir);
  }

  async #syncRemoval(): Promise<void> {
    this.#removalUnsynced = true;
    try {
      await this.#openFiles.fs.fsyncDirAsync(this.dir);
    } catch (error) {
      throw toStoreIoError('fsyncDir', this.dir, 0, error);
    }
    this.#removalUnsynced = false;
  }

  #syncDir(): void {
    try {
      this.#openFiles.fs.fsyncDir(this.dir);
    } catch (error) {
      throw toStoreIoError('fsyncDir', this.dir, 0, error);
    }
  }

  #unflushed(): MappedFile[] {
    return this.#files.filter((file) => {
      return file.fileFromOffset + file.wrotePosition > this.flushedWhere && file.flushedPosition < file.wrotePosition;
    });
  }
}

function holds(file: MappedFile, offset: number): boolean {
  return offset >= file.fileFromOffset && offset < file.fileFromOffset + file.fileSize;
}
