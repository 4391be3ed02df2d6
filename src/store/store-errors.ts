import { FsError } from '../util/fs.ts';

/**
 * A file operation of the store failed while running. Whoever owns the data decides: the store turns not-writeable
 * and goes on serving reads (house rule: I/O trouble while running).
 */
export class StoreIoError extends Error {
  override readonly name = 'StoreIoError';
  readonly operation: string;
  readonly path: string;
  /** Byte position in the file at which the operation failed; 0 for whole-file operations. */
  readonly offset: number;
  /** POSIX name of the cause, as in {@link FsError}. */
  readonly code: string;

  constructor(operation: string, path: string, offset: number, code: string, cause?: unknown) {
    super(`${operation} at ${offset} of ${path} failed: ${code}`, { cause });
    this.operation = operation;
    this.path = path;
    this.offset = offset;
    this.code = code;
  }
}

/** A directory or file of the store cannot be loaded as it is; the start fails and names it. Nothing was changed. */
export class StoreLoadError extends Error {
  override readonly name = 'StoreLoadError';
  readonly path: string;

  constructor(path: string, reason: string, cause?: unknown) {
    super(`${path}: ${reason}`, { cause });
    this.path = path;
  }
}

/** Gives what a failed operation on `path` at `offset` is thrown as; mistakes of the caller stay what they are. */
export function toStoreIoError(operation: string, path: string, offset: number, cause: unknown): unknown {
  return cause instanceof FsError ? new StoreIoError(operation, path, offset, cause.code, cause) : cause;
}
