import * as fs from 'node:fs';
import { type FileAccess, type FileHandle, type FileStat, type Fs, FsError, type OpenMode } from './fs.ts';

/**
 * The real file system. Every error is an {@link FsError} with the POSIX code; nothing is retried here, and transfers
 * are as short as the kernel makes them.
 */
export const nodeFs: Fs = {
  open(path, mode) {
    return new NodeFileHandle(
      path,
      attempt('open', path, () => fs.openSync(path, OPEN_FLAGS[mode], FILE_MODE)),
    );
  },
  stat(path) {
    const found = attempt('stat', path, () => fs.statSync(path, { bigint: true, throwIfNoEntry: false }));
    return found === undefined ? undefined : toFileStat(path, found);
  },
  list(dir) {
    return unlessAbsent(() => attempt('list', dir, () => fs.readdirSync(dir))) ?? [];
  },
  mkdir(dir) {
    attempt('mkdir', dir, () => fs.mkdirSync(dir, { recursive: true }));
  },
  rename(from, to) {
    attempt('rename', from, () => fs.renameSync(from, to));
  },
  unlink(path) {
    unlessAbsent(() => attempt('unlink', path, () => fs.unlinkSync(path)));
  },
  unlinkAsync(path) {
    return new Promise((resolve, reject) => {
      fs.unlink(path, (error) => {
        if (error === null || error.code === 'ENOENT') resolve();
        else reject(toFsError('unlink', path, error));
      });
    });
  },
  rmdir(dir) {
    unlessAbsent(() => attempt('rmdir', dir, () => fs.rmdirSync(dir)));
  },
  fsyncDir(dir) {
    const fd = attempt('fsyncDir', dir, () => fs.openSync(dir, fs.constants.O_RDONLY));
    try {
      attempt('fsyncDir', dir, () => fs.fsyncSync(fd));
    } finally {
      fs.closeSync(fd);
    }
  },
  async fsyncDirAsync(dir) {
    const fd = attempt('fsyncDir', dir, () => fs.openSync(dir, fs.constants.O_RDONLY));
    try {
      await settle('fsyncDir', dir, (done) => fs.fsync(fd, done));
    } finally {
      fs.closeSync(fd);
    }
  },
  statfs(path) {
    const found = attempt('statfs', path, () => fs.statfsSync(path));
    const unit = found.bsize;
    return {
      totalBytes: found.blocks * unit,
      freeBytes: found.bfree * unit,
      availableBytes: found.bavail * unit,
    };
  },
  readFile(path, maxBytes) {
    return unlessAbsent(() => readBounded(path, maxBytes));
  },
};

const FILE_MODE = 0o644;
const PERMISSION_BITS = 0o7777;
const GROUP_BITS = 0o070;
const OTHERS_TO_GROUP = 3;
const READ_STEP_BYTES = 65_536;
const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL } = fs.constants;
const OPEN_FLAGS: Readonly<Record<OpenMode, number>> = {
  read: O_RDONLY,
  update: O_RDWR,
  create: O_RDWR | O_CREAT,
  'create-new': O_RDWR | O_CREAT | O_EXCL,
};

type ErrnoCallback = (error: NodeJS.ErrnoException | null) => void;
type CountCallback = (error: NodeJS.ErrnoException | null, count: number) => void;

class NodeFileHandle implements FileHandle {
  readonly path: string;
  #fd: number;
  #underWay = 0;
  #closing = false;

  constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
  }

  pread(target: Uint8Array, targetStart: number, length: number, position: number): number {
    const fd = this.#openFd('pread');
    return attempt('pread', this.path, () => fs.readSync(fd, target, targetStart, length, position));
  }

  pwrite(source: Uint8Array, sourceStart: number, length: number, position: number): number {
    const fd = this.#openFd('pwrite');
    return attempt('pwrite', this.path, () => fs.writeSync(fd, source, sourceStart, length, position));
  }

  preadAsync(target: Uint8Array, targetStart: number, length: number, position: number): Promise<number> {
    return this.#transfer('pread', (fd, done) => fs.read(fd, target, targetStart, length, position, done));
  }

  pwriteAsync(source: Uint8Array, sourceStart: number, length: number, position: number): Promise<number> {
    return this.#transfer('pwrite', (fd, done) => fs.write(fd, source, sourceStart, length, position, done));
  }

  truncate(sizeBytes: number): void {
    const fd = this.#openFd('truncate');
    attempt('truncate', this.path, () => fs.ftruncateSync(fd, sizeBytes));
  }

  fdatasync(): void {
    const fd = this.#openFd('fdatasync');
    attempt('fdatasync', this.path, () => fs.fdatasyncSync(fd));
  }

  async fdatasyncAsync(): Promise<void> {
    await this.#transfer('fdatasync', (fd, done) => fs.fdatasync(fd, (error) => done(error, 0)));
  }

  stat(): FileStat {
    const fd = this.#openFd('stat');
    return toFileStat(
      this.path,
      attempt('stat', this.path, () => fs.fstatSync(fd, { bigint: true })),
    );
  }

  setMtime(mtimeMs: number): void {
    const fd = this.#openFd('setMtime');
    attempt('setMtime', this.path, () => fs.futimesSync(fd, mtimeMs / 1000, mtimeMs / 1000));
  }

  setAccess({ mode, uid, gid }: FileAccess): void {
    const fd = this.#openFd('setAccess');
    if (!this.#gives(fd, uid, gid)) this.#gives(fd, -1, gid);
    const now = this.stat().access;
    // Those of our group may have had nothing to do with the file.
    const allowed = now.gid === gid ? mode : (mode & ~GROUP_BITS) | (mode & (mode << OTHERS_TO_GROUP) & GROUP_BITS);
    if (now.mode !== allowed) attempt('setAccess', this.path, () => fs.fchmodSync(fd, allowed));
  }

  /** Gives the file to an owner and a group; false when this process may not. */
  #gives(fd: number, uid: number, gid: number): boolean {
    const now = this.stat().access;
    if ((uid === now.uid || uid === -1) && gid === now.gid) return true;
    try {
      fs.fchownSync(fd, uid, gid);
      return true;
    } catch {
      return false;
    }
  }

  close(): void {
    this.#closing = true;
    this.#closeWhenIdle();
  }

  /** The kernel gives a freed number to the next open: a call on a closed handle must never reach the kernel. */
  #openFd(operation: string): number {
    if (this.#closing) throw new FsError(operation, this.path, 'EBADF');
    return this.#fd;
  }

  async #transfer(operation: string, start: (fd: number, done: CountCallback) => void): Promise<number> {
    const fd = this.#openFd(operation);
    this.#underWay += 1;
    try {
      return await new Promise((resolve, reject) => {
        start(fd, (error, count) => {
          if (error === null) resolve(count);
          else reject(toFsError(operation, this.path, error));
        });
      });
    } finally {
      this.#underWay -= 1;
      if (this.#closing) this.#closeWhenIdle();
    }
  }

  #closeWhenIdle(): void {
    if (this.#underWay > 0 || this.#fd < 0) return;
    const fd = this.#fd;
    this.#fd = -1;
    attempt('close', this.path, () => fs.closeSync(fd));
  }
}

function readBounded(path: string, maxBytes: number): Buffer {
  const fd = attempt('readFile', path, () => fs.openSync(path, O_RDONLY));
  try {
    // Files of /proc report length 0, so the end is found by reading, not by asking for the size.
    const parts: Buffer[] = [];
    let total = 0;
    for (;;) {
      const part = Buffer.allocUnsafe(Math.min(READ_STEP_BYTES, maxBytes + 1 - total));
      const count = attempt('readFile', path, () => fs.readSync(fd, part, 0, part.length, null));
      if (count === 0) return Buffer.concat(parts, total);
      total += count;
      if (total > maxBytes) throw new FsError('readFile', path, 'EFBIG');
      parts.push(part.subarray(0, count));
    }
  } finally {
    fs.closeSync(fd);
  }
}

function attempt<T>(operation: string, path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw toFsError(operation, path, error);
  }
}

function settle(operation: string, path: string, start: (done: ErrnoCallback) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => {
      if (error === null) resolve();
      else reject(toFsError(operation, path, error));
    });
  });
}

function unlessAbsent<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof FsError && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function toFsError(operation: string, path: string, cause: unknown): unknown {
  if (cause instanceof FsError) return cause;
  const code = (cause as NodeJS.ErrnoException).code;
  // Errors without a POSIX code are mistakes of the caller (a bad argument), not of the disk.
  return code?.startsWith('E') === true && !code.startsWith('ERR_') ? new FsError(operation, path, code, cause) : cause;
}

function toFileStat(path: string, stat: fs.BigIntStats): FileStat {
  const dev = Number(stat.dev);
  return {
    sizeBytes: Number(stat.size),
    mtimeMs: Number(stat.mtimeNs) / 1e6,
    dev,
    ino: Number(stat.ino),
    isDirectory: stat.isDirectory(),
    access: { mode: Number(stat.mode) & PERMISSION_BITS, uid: Number(stat.uid), gid: Number(stat.gid) },
    ...(tellsBlocks(path, dev) ? { allocatedBytes: Number(stat.blocks) * STAT_BLOCK_BYTES } : {}),
  };
}

/** File systems that neither compress nor share blocks behind a file's back: ext2 to ext4, xfs, tmpfs. */
const PLAIN_TYPES = new Set([0xef53, 0x58465342, 0x01021994]);
const STAT_BLOCK_BYTES = 512;
const plainByDev = new Map<number, boolean>();

function tellsBlocks(path: string, dev: number): boolean {
  let isPlain = plainByDev.get(dev);
  if (isPlain === undefined) {
    try {
      isPlain = PLAIN_TYPES.has(fs.statfsSync(path).type);
    } catch {
      return false;
    }
    plainByDev.set(dev, isPlain);
  }
  return isPlain;
}
