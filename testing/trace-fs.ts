import type { FileAccess, FileHandle, FileStat, Fs, OpenMode } from '../src/util/fs.ts';

/** One operation that changes a disk or makes a change durable, in the order in which it was finished. */
export interface TracedOperation {
  readonly operation: 'create' | 'pwrite' | 'truncate' | 'fdatasync' | 'rename' | 'unlink' | 'fsyncDir';
  readonly path: string;
  /** Of a pwrite: the bytes that were written. Of a truncate: the new size in `end`. */
  readonly start?: number;
  readonly end?: number;
  /** Of a fdatasync: how many operations of this trace had been finished when it began; it covers no later ones. */
  readonly covers?: number;
}

/**
 * Wraps a file system and records every change and every sync, so that a test can ask what was on disk when something
 * else happened: see {@link TraceFs.note} and {@link TraceFs.isDurable}.
 */
export class TraceFs implements Fs {
  readonly #inner: Fs;
  readonly operations: TracedOperation[] = [];

  constructor(inner: Fs) {
    this.#inner = inner;
  }

  /** The place in the trace: everything before it is finished. Taken when a promise to somebody was made. */
  note(): number {
    return this.operations.length;
  }

  /** Whether all of [start, end) of a file was on disk at a place of the trace: each write to it, and a sync after. */
  isDurable(path: string, start: number, end: number, at = this.note()): boolean {
    const before = this.operations.slice(0, at);
    let synced = -1;
    for (const operation of before) {
      if (operation.operation === 'fdatasync' && operation.path === path)
        synced = Math.max(synced, operation.covers ?? 0);
    }
    const holes = new Set<number>(Array.from({ length: end - start }, (_, index) => start + index));
    for (const [index, operation] of before.entries()) {
      if (operation.operation !== 'pwrite' || operation.path !== path) continue;
      const [from, to] = [Math.max(start, operation.start ?? 0), Math.min(end, operation.end ?? 0)];
      for (let byte = from; byte < to; byte += 1) {
        if (index < synced) holes.delete(byte);
        else holes.add(byte);
      }
    }
    return holes.size === 0;
  }

  open(path: string, mode: OpenMode): FileHandle {
    const isNew = mode.startsWith('create') && this.#inner.stat(path) === undefined;
    const handle = this.#inner.open(path, mode);
    if (isNew) this.#record({ operation: 'create', path });
    return new TraceFileHandle(handle, this.operations);
  }

  stat(path: string): FileStat | undefined {
    return this.#inner.stat(path);
  }

  list(dir: string): string[] {
    return this.#inner.list(dir);
  }

  mkdir(dir: string): void {
    this.#inner.mkdir(dir);
  }

  rename(from: string, to: string): void {
    this.#inner.rename(from, to);
    this.#record({ operation: 'rename', path: to });
  }

  unlink(path: string): void {
    this.#inner.unlink(path);
    this.#record({ operation: 'unlink', path });
  }

  async unlinkAsync(path: string): Promise<void> {
    await this.#inner.unlinkAsync(path);
    this.#record({ operation: 'unlink', path });
  }

  rmdir(dir: string): void {
    this.#inner.rmdir(dir);
  }

  fsyncDir(dir: string): void {
    this.#inner.fsyncDir(dir);
    this.#record({ operation: 'fsyncDir', path: dir });
  }

  async fsyncDirAsync(dir: string): Promise<void> {
    await this.#inner.fsyncDirAsync(dir);
    this.#record({ operation: 'fsyncDir', path: dir });
  }

  statfs(path: string): { totalBytes: number; freeBytes: number; availableBytes: number } {
    return this.#inner.statfs(path);
  }

  readFile(path: string, maxBytes: number): Buffer | undefined {
    return this.#inner.readFile(path, maxBytes);
  }

  #record(operation: TracedOperation): void {
    this.operations.push(operation);
  }
}

class TraceFileHandle implements FileHandle {
  readonly path: string;
  readonly #inner: FileHandle;
  readonly #operations: TracedOperation[];

  constructor(inner: FileHandle, operations: TracedOperation[]) {
    this.path = inner.path;
    this.#inner = inner;
    this.#operations = operations;
  }

  pread(target: Uint8Array, targetStart: number, length: number, position: number): number {
    return this.#inner.pread(target, targetStart, length, position);
  }

  pwrite(source: Uint8Array, sourceStart: number, length: number, position: number): number {
    const count = this.#inner.pwrite(source, sourceStart, length, position);
    this.#operations.push({ operation: 'pwrite', path: this.path, start: position, end: position + count });
    return count;
  }

  preadAsync(target: Uint8Array, targetStart: number, length: number, position: number): Promise<number> {
    return this.#inner.preadAsync(target, targetStart, length, position);
  }

  async pwriteAsync(source: Uint8Array, sourceStart: number, length: number, position: number): Promise<number> {
    const count = await this.#inner.pwriteAsync(source, sourceStart, length, position);
    this.#operations.push({ operation: 'pwrite', path: this.path, start: position, end: position + count });
    return count;
  }

  truncate(sizeBytes: number): void {
    this.#inner.truncate(sizeBytes);
    this.#operations.push({ operation: 'truncate', path: this.path, end: sizeBytes });
  }

  fdatasync(): void {
    const covers = this.#operations.length;
    this.#inner.fdatasync();
    this.#operations.push({ operation: 'fdatasync', path: this.path, covers });
  }

  async fdatasyncAsync(): Promise<void> {
    const covers = this.#operations.length;
    await this.#inner.fdatasyncAsync();
    this.#operations.push({ operation: 'fdatasync', path: this.path, covers });
  }

  stat(): FileStat {
    return this.#inner.stat();
  }

  setMtime(mtimeMs: number): void {
    this.#inner.setMtime(mtimeMs);
  }

  setAccess(access: FileAccess): void {
    this.#inner.setAccess(access);
  }

  close(): void {
    this.#inner.close();
  }
}
