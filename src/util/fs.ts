/**
 * The file system as a port. Everything the store, the state files and the logger do to a disk goes through here,
 * so that tests can crash it (testing/mem-fs.ts), make it fail (testing/fault-fs.ts) and record it.
 * Paths are absolute. All errors are thrown (or rejected) as {@link FsError}.
 */
export interface Fs {
  /**
   * Opens a file. `read`: must exist, read only. `update`: must exist, read and write. `create`: read and write, made
   * empty when missing. `create-new`: as create, fails with code EEXIST when it exists.
   */
  open(path: string, mode: OpenMode): FileHandle;
  /** Facts about a path, or undefined when nothing is there. */
  stat(path: string): FileStat | undefined;
  /** Names in a directory, unsorted; an absent directory is empty. */
  list(dir: string): string[];
  /** Makes a directory and its parents; an existing one is fine. */
  mkdir(dir: string): void;
  /** Atomically replaces `to`. */
  rename(from: string, to: string): void;
  /** Removes a file; an absent one is fine. */
  unlink(path: string): void;
  /** Removes a file on the thread pool: freeing a large file can take long. An absent one is fine. */
  unlinkAsync(path: string): Promise<void>;
  /** Removes an empty directory; an absent one is fine. */
  rmdir(dir: string): void;
  /** Makes creations, renames and removals in the directory durable. */
  fsyncDir(dir: string): void;
  /** As {@link Fs.fsyncDir}, on the thread pool. */
  fsyncDirAsync(dir: string): Promise<void>;
  /** Partition of a path: total, free (counting root's reserve) and available bytes. */
  statfs(path: string): { totalBytes: number; freeBytes: number; availableBytes: number };
  /** Whole content, or undefined when there is no such file. For small files: beyond `maxBytes` it is FsError EFBIG. */
  readFile(path: string, maxBytes: number): Buffer | undefined;
}

/** See {@link Fs.open}. */
export type OpenMode = 'read' | 'update' | 'create' | 'create-new';

/** An open file with positional access; there is no cursor. Every transfer may be short, as in POSIX. */
export interface FileHandle {
  readonly path: string;
  /** Reads up to `length` bytes at `position`; returns the count, 0 at or behind the end. */
  pread(target: Uint8Array, targetStart: number, length: number, position: number): number;
  /** Writes up to `length` bytes at `position`; returns the count written, which may be short. */
  pwrite(source: Uint8Array, sourceStart: number, length: number, position: number): number;
  /** As {@link pread}, on the thread pool. */
  preadAsync(target: Uint8Array, targetStart: number, length: number, position: number): Promise<number>;
  /** As {@link pwrite}, on the thread pool. */
  pwriteAsync(source: Uint8Array, sourceStart: number, length: number, position: number): Promise<number>;
  /** Sets the length; growing leaves a hole of zeros. */
  truncate(sizeBytes: number): void;
  /** Data (and the length) on disk, blocking. */
  fdatasync(): void;
  /** Data (and the length) on disk, on the thread pool. */
  fdatasyncAsync(): Promise<void>;
  stat(): FileStat;
  /** Sets the modification time, milliseconds since the epoch. */
  setMtime(mtimeMs: number): void;
  /**
   * Says who may do what with the file. Owner and group change as far as this process may change them; a group that
   * could not be given may do no more than everybody.
   */
  setAccess(access: FileAccess): void;
  /** Gives the descriptor back once the transfers that are under way on the thread pool are done. Idempotent. */
  close(): void;
}

export interface FileStat {
  readonly sizeBytes: number;
  readonly mtimeMs: number;
  readonly dev: number;
  readonly ino: number;
  readonly isDirectory: boolean;
  readonly access: FileAccess;
  /** Bytes that have blocks, all that are not zero among them; absent where the file system may store less. */
  readonly allocatedBytes?: number;
}

/** Who may do what with a file: the POSIX permission bits, and ids of the owner and of the group. */
export interface FileAccess {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** A failed file operation. `code` is the POSIX name (ENOSPC, EIO, EROFS, EEXIST, ENOENT …). */
export class FsError extends Error {
  override readonly name = 'FsError';
  readonly operation: string;
  readonly path: string;
  readonly code: string;
  constructor(operation: string, path: string, code: string, cause?: unknown) {
    super(`${operation} ${path}: ${code}`, { cause });
    this.operation = operation;
    this.path = path;
    this.code = code;
  }
}
