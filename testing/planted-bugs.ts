import type { FileHandle, Fs, OpenMode } from '../src/util/fs.ts';

/**
 * Bugs to plant under a broker, to see the checks of acknowledged messages turn red. They live in the file system that
 * the root is given: production code has no switch for them. Wrap the outermost file system: what it records or
 * crashes below must see what really happens.
 */

/**
 * Replies before the write: a write to the CommitLog is reported as done and really happens `delayMs` later. Until then
 * the process holds the only copy of what was acknowledged, and a kill takes it.
 */
export function replyBeforeWrite(inner: Fs, delayMs: number): Fs {
  return withCommitLogHandles(inner, (handle) => {
    let late: (() => void)[] = [];
    const writeAll = (): void => {
      for (const write of late) write();
      late = [];
    };
    return {
      ...delegate(handle),
      pwrite(source, sourceStart, length, position) {
        const copy = Buffer.from(source.subarray(sourceStart, sourceStart + length));
        late.push(() => writeWhole(handle, copy, position));
        setTimeout(writeAll, delayMs).unref();
        return length;
      },
      close() {
        writeAll();
        handle.close();
      },
    };
  });
}

/** Replies before fdatasync: it is reported as done at once and really happens `delayMs` later. */
export function replyBeforeFdatasync(inner: Fs, delayMs: number): Fs {
  return withCommitLogHandles(inner, (handle) => ({
    ...delegate(handle),
    async fdatasyncAsync() {
      setTimeout(() => {
        handle.fdatasyncAsync().catch(() => undefined);
      }, delayMs).unref();
    },
  }));
}

function withCommitLogHandles(inner: Fs, wrap: (handle: FileHandle) => FileHandle): Fs {
  return {
    open(path: string, mode: OpenMode) {
      const handle = inner.open(path, mode);
      return /\/commitlog\/\d{20}$/.test(path) ? wrap(handle) : handle;
    },
    stat: (path) => inner.stat(path),
    list: (dir) => inner.list(dir),
    mkdir: (dir) => inner.mkdir(dir),
    rename: (from, to) => inner.rename(from, to),
    unlink: (path) => inner.unlink(path),
    unlinkAsync: (path) => inner.unlinkAsync(path),
    rmdir: (dir) => inner.rmdir(dir),
    fsyncDir: (dir) => inner.fsyncDir(dir),
    fsyncDirAsync: (dir) => inner.fsyncDirAsync(dir),
    statfs: (path) => inner.statfs(path),
    readFile: (path, maxBytes) => inner.readFile(path, maxBytes),
  };
}

function delegate(handle: FileHandle): FileHandle {
  return {
    path: handle.path,
    pread: (target, start, length, position) => handle.pread(target, start, length, position),
    pwrite: (source, start, length, position) => handle.pwrite(source, start, length, position),
    preadAsync: (target, start, length, position) => handle.preadAsync(target, start, length, position),
    pwriteAsync: (source, start, length, position) => handle.pwriteAsync(source, start, length, position),
    truncate: (sizeBytes) => handle.truncate(sizeBytes),
    fdatasync: () => handle.fdatasync(),
    fdatasyncAsync: () => handle.fdatasyncAsync(),
    stat: () => handle.stat(),
    setMtime: (mtimeMs) => handle.setMtime(mtimeMs),
    close: () => handle.close(),
  };
}

function writeWhole(handle: FileHandle, bytes: Buffer, position: number): void {
  for (let done = 0; done < bytes.length; ) done += handle.pwrite(bytes, done, bytes.length - done, position + done);
}
