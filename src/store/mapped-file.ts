import { assert } from '../util/assert.ts';
import type { FileHandle, FileStat, Fs } from '../util/fs.ts';
import { directoryOf } from '../util/write-whole.ts';
import type { OpenFiles } from './open-files.ts';
import { StoreIoError, toStoreIoError } from './store-errors.ts';

/**
 * One file of a {@link MappedFileQueue}: fixed length, named by the offset of its first byte. Java maps it into
 * memory; here it is read and written at positions (docs/adr/0011-mapped-file-without-mmap.md). Throws StoreIoError.
 * Java: MappedFile.
 */
export class MappedFile {
  readonly path: string;
  /** Offset of byte 0 in the queue's linear space. */
  readonly fileFromOffset: number;
  readonly fileSize: number;
  /** Bytes from the start that hold data. */
  wrotePosition: number;
  /** Bytes from the start that are known to be on disk. */
  flushedPosition: number;
  /** Store time of the last message written, for the checkpoint; 0 when unknown. Java: MappedFile#storeTimestamp. */
  storeTimestamp = 0;
  readonly #files: OpenFiles;
  /** Directories to make durable before the file counts as flushed; empty when that is done. */
  #dirsToSync: readonly string[] = [];
  /** Set when the file goes: a flush that was planned or is under way then has nothing to do. */
  #destroyed = false;
  /** Set by a failed fdatasync: the kernel may count pages as clean that never reached the disk. */
  #suspect = false;

  private constructor(files: OpenFiles, path: string, fileFromOffset: number, fileSize: number, position: number) {
    this.#files = files;
    this.path = path;
    this.fileFromOffset = fileFromOffset;
    this.fileSize = fileSize;
    this.wrotePosition = position;
    this.flushedPosition = position;
  }

  /** A file that exists with its full length; positions start at the end, as in Java, until recovery corrects them. */
  static existing(
    files: OpenFiles,
    dir: string,
    fileFromOffset: number,
    fileSize: number,
    name = offsetToFileName(fileFromOffset),
  ): MappedFile {
    return new MappedFile(files, `${dir}/${name}`, fileFromOffset, fileSize, fileSize);
  }

  /** Creates an empty file of full length: a hole of zeros. Its name becomes durable with its first flush. */
  static create(
    files: OpenFiles,
    dir: string,
    fileFromOffset: number,
    fileSize: number,
    name = offsetToFileName(fileFromOffset),
  ): MappedFile {
    const path = `${dir}/${name}`;
    const file = new MappedFile(files, path, fileFromOffset, fileSize, 0);
    try {
      file.#dirsToSync = dirsChangedByCreating(files.fs, dir);
      files.fs.mkdir(dir);
      // A file of another length would make the next start fail, also Java's.
      files.create(path, fileSize);
    } catch (error) {
      throw toStoreIoError('create', path, 0, error);
    }
    return file;
  }

  get isFull(): boolean {
    return this.wrotePosition === this.fileSize;
  }

  /** Writes all bytes at the wrote position and moves it; on failure the position stays. */
  append(source: Uint8Array, start: number, length: number): void {
    this.write(source, start, length, this.wrotePosition);
    this.wrotePosition += length;
  }

  /** Writes all bytes at `position`, however short the single transfers are; moves no position. */
  write(source: Uint8Array, start: number, length: number, position: number): void {
    assert(position >= 0 && position + length <= this.fileSize, 'write outside of the file');
    const handle = this.#handle('pwrite', position);
    for (let done = 0; done < length; ) {
      let count: number;
      try {
        count = handle.pwrite(source, start + done, length - done, position + done);
      } catch (error) {
        throw toStoreIoError('pwrite', this.path, position + done, error);
      }
      if (count <= 0) throw new StoreIoError('pwrite', this.path, position + done, 'EIO');
      done += count;
    }
  }

  /** As {@link write}, on the thread pool; the bytes must stay as they are until it is done. */
  async writeAsync(source: Uint8Array, start: number, length: number, position: number): Promise<void> {
    assert(position >= 0 && position + length <= this.fileSize, 'write outside of the file');
    for (let done = 0; done < length; ) {
      const handle = this.#handle('pwrite', position + done);
      let count: number;
      try {
        count = await handle.pwriteAsync(source, start + done, length - done, position + done);
      } catch (error) {
        throw toStoreIoError('pwrite', this.path, position + done, error);
      }
      if (count <= 0) throw new StoreIoError('pwrite', this.path, position + done, 'EIO');
      done += count;
    }
  }

  /** Reads up to `length` bytes at `position`; fewer only at the end of the file. */
  read(target: Uint8Array, start: number, length: number, position: number): number {
    const handle = this.#handle('pread', position);
    let done = 0;
    while (done < length) {
      let count: number;
      try {
        count = handle.pread(target, start + done, length - done, position + done);
      } catch (error) {
        throw toStoreIoError('pread', this.path, position + done, error);
      }
      if (count === 0) break;
      done += count;
    }
    return done;
  }

  /**
   * As {@link read}, on the thread pool, for places that are likely not in the page cache. A file that was removed
   * before the read began has nothing to read.
   */
  async readAsync(target: Uint8Array, start: number, length: number, position: number): Promise<number> {
    let done = 0;
    while (done < length && !this.#destroyed) {
      const handle = this.#handle('pread', position + done);
      let count: number;
      try {
        count = await handle.preadAsync(target, start + done, length - done, position + done);
      } catch (error) {
        throw toStoreIoError('pread', this.path, position + done, error);
      }
      if (count === 0) break;
      done += count;
    }
    return done;
  }

  /** Overwrites [from, to) with zeros, in bounded pieces. For ranges known to be dirty. */
  zero(from: number, to: number): void {
    for (let at = from; at < to; at += ZEROS.length) {
      this.write(ZEROS, 0, Math.min(ZEROS.length, to - at), at);
    }
  }

  /**
   * Makes [from, to) zero and writes only where it is not: the tail of a large file is mostly a hole, and stays one.
   * Returns the number of bytes overwritten. ADR 0014: stale records must not come back at a later start.
   */
  zeroWhereDirty(from: number, to = this.fileSize): number {
    let overwritten = 0;
    const chunk = Buffer.allocUnsafe(Math.max(0, Math.min(ZEROS.length, to - from)));
    for (let at = from; at < to; at += chunk.length) {
      const count = this.read(chunk, 0, Math.min(chunk.length, to - at), at);
      if (count === 0) break;
      if (chunk.compare(ZEROS, 0, count, 0, count) === 0) continue;
      this.write(ZEROS, 0, count, at);
      overwritten += count;
    }
    return overwritten;
  }

  /**
   * {@link zeroWhereDirty} behind {@link wrotePosition}, in a file that has data in every page before it. When it has
   * no more blocks than those pages need, the rest is a hole and is not read: ten thousand queues have 60 GB of it.
   */
  zeroTailOfDense(): number {
    const from = this.wrotePosition;
    const dataEnd = Math.min(this.fileSize, Math.ceil(from / PAGE_BYTES) * PAGE_BYTES);
    const { allocatedBytes } = this.#stat();
    const isHole = allocatedBytes !== undefined && allocatedBytes <= dataEnd;
    return this.zeroWhereDirty(from, isHole ? dataEnd : this.fileSize);
  }

  /**
   * Everything written so far is on disk when this returns, and so is the file's name. Blocks. After a failure every
   * call fails until the owner has written again what is not on disk, and says so: see {@link rewritten}.
   */
  flush(): void {
    if (this.#destroyed) return;
    this.#refuseIfSuspect();
    const covered = this.wrotePosition;
    try {
      try {
        this.#files.handle(this.path).fdatasync();
      } catch (error) {
        this.#suspect = true;
        throw error;
      }
      for (const dir of this.#dirsToSync) this.#files.fs.fsyncDir(dir);
    } catch (error) {
      throw this.#flushError(covered, error);
    }
    this.#flushedTo(covered);
  }

  /**
   * A process that was killed may have written behind `position`, and made the file and its directory: the next flush
   * makes all of that durable.
   */
  doubtFrom(position: number): void {
    this.flushedPosition = Math.min(this.flushedPosition, position);
    const dir = directoryOf(this.path);
    this.#dirsToSync = [...new Set([...this.#dirsToSync, dir, directoryOf(dir)])];
  }

  /** Forces the file's name, so that no younger file outlives it in a power loss. Throws StoreIoError. */
  flushName(): void {
    try {
      for (const dir of this.#dirsToSync) this.#files.fs.fsyncDir(dir);
    } catch (error) {
      throw toStoreIoError('fsync', this.path, 0, error);
    }
    this.#dirsToSync = [];
  }

  /** As {@link flush} on the thread pool; covers what was written before the call. */
  async flushAsync(): Promise<void> {
    if (this.#destroyed) return;
    this.#refuseIfSuspect();
    const covered = this.wrotePosition;
    const dirs = this.#dirsToSync;
    try {
      await this.#files
        .handle(this.path)
        .fdatasyncAsync()
        .catch((error: unknown) => {
          this.#suspect = true;
          throw error;
        });
      for (const dir of dirs) await this.#files.fs.fsyncDirAsync(dir);
    } catch (error) {
      // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- changes while awaited
      if (this.#destroyed) return;
      throw this.#flushError(covered, error);
    }
    this.#flushedTo(covered);
  }

  /** True after a failed fdatasync, until {@link rewritten}. */
  get isSuspect(): boolean {
    return this.#suspect;
  }

  /** The owner has written everything from `flushedPosition` on once more: an fdatasync means something again. */
  rewritten(): void {
    this.#suspect = false;
  }

  /** Time of the last change, milliseconds since the epoch. Java: File#lastModified. */
  mtimeMs(): number {
    return this.#stat().mtimeMs;
  }

  /** Sets what {@link mtimeMs} tells, for files that are written later than Java would. */
  setMtime(mtimeMs: number): void {
    try {
      this.#files.handle(this.path).setMtime(mtimeMs);
    } catch (error) {
      throw toStoreIoError('setMtime', this.path, 0, error);
    }
  }

  /** Removes the file, blocking. */
  destroy(): void {
    this.#destroyed = true;
    this.#files.forget(this.path);
    try {
      this.#files.fs.unlink(this.path);
    } catch (error) {
      throw toStoreIoError('unlink', this.path, 0, error);
    }
  }

  /**
   * Removes the file on the thread pool: freeing 1 GiB takes a while. Reads under way are finished first. When it fails
   * the file is as it was.
   */
  async destroyAsync(): Promise<void> {
    this.#destroyed = true;
    this.#files.forget(this.path);
    try {
      await this.#files.fs.unlinkAsync(this.path);
    } catch (error) {
      this.#destroyed = false;
      throw toStoreIoError('unlink', this.path, 0, error);
    }
  }

  #refuseIfSuspect(): void {
    if (this.#suspect) throw new StoreIoError('rewrite', this.path, this.flushedPosition, 'EIO');
  }

  #stat(): FileStat {
    try {
      return this.#files.handle(this.path).stat();
    } catch (error) {
      throw toStoreIoError('stat', this.path, 0, error);
    }
  }

  /** Only a failed fdatasync puts the content in doubt; a name is forced by the next try. */
  #flushError(covered: number, error: unknown): unknown {
    return toStoreIoError(this.#suspect ? 'fdatasync' : 'fsync', this.path, covered, error);
  }

  #flushedTo(position: number): void {
    this.#dirsToSync = [];
    // A truncation may have come between; never claim more than is there.
    this.flushedPosition = Math.max(this.flushedPosition, Math.min(position, this.wrotePosition));
  }

  #handle(operation: string, position: number): FileHandle {
    try {
      return this.#files.handle(this.path);
    } catch (error) {
      throw toStoreIoError(operation, this.path, position, error);
    }
  }
}

/** The directory, and above it each one that gets a new entry because the one below does not exist yet. */
function dirsChangedByCreating(fs: Fs, dir: string): string[] {
  const changed = [dir];
  for (let at = dir; fs.stat(at) === undefined && at.lastIndexOf('/') > 0; ) {
    at = directoryOf(at);
    changed.push(at);
  }
  return changed;
}

/** 20 decimal digits. Java: UtilAll#offset2FileName. */
export function offsetToFileName(offset: number): string {
  assert(Number.isSafeInteger(offset) && offset >= 0, 'file offset');
  return String(offset).padStart(FILE_NAME_DIGITS, '0');
}

/** The offset a file name stands for, or undefined when no store file is called so. */
export function fileNameToOffset(name: string): number | undefined {
  if (name.length !== FILE_NAME_DIGITS || !/^\d+$/.test(name)) return undefined;
  const offset = Number(name);
  return Number.isSafeInteger(offset) ? offset : undefined;
}

const FILE_NAME_DIGITS = 20;
const PAGE_BYTES = 4096;
const ZEROS = Buffer.alloc(262_144);
