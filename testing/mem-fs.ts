import { dirname } from 'node:path';
import { type FileAccess, type FileHandle, type FileStat, type Fs, FsError, type OpenMode } from '../src/util/fs.ts';
import { DEFAULT_ACCESS, DEVICE, type Fate, MemFile, SECTOR_BYTES } from './mem-file.ts';

export { SECTOR_BYTES };

/**
 * A file system in memory that can lose power. Every change has two lives: it is visible at once, and it is durable
 * only after the call that POSIX asks for. {@link MemFs.crash} throws the rest away, or lets a random part survive.
 *
 * The model, stricter than ext4 on purpose:
 * - bytes and lengths of a file become durable by `fdatasync` of any handle on it, in full;
 * - the name of a file or directory (creation, rename, removal) becomes durable by `fsyncDir` of its parent;
 *   `fdatasync` of a new file does not make its name durable;
 * - a rename is one change, made durable by either of its two directories;
 * - what was not made durable survives a crash or not, each change by itself and in any combination, but in order;
 *   a write may survive in part, sector by sector ({@link SECTOR_BYTES});
 * - modification times travel with the data.
 * After a crash every open handle fails with EIO. Files are sparse: only touched pages use memory, and a fork shares
 * them with its origin.
 */
export class MemFs implements Fs {
  /** What {@link statfs} answers. */
  space = { totalBytes: 2 ** 40, freeBytes: 2 ** 39, availableBytes: 2 ** 39 };
  /** Called before anything changes or becomes durable; what it throws happens in place of the operation. */
  onOperation: ((kind: 'change' | 'sync') => void) | undefined;
  /** How long a sync on the thread pool takes; it covers what was changed before its begin. Undefined: no time. */
  syncTakes: (() => Promise<void>) | undefined;
  readonly #now: () => number;
  #entries = new Map<string, Node>();
  #durable = new Map<string, Node>();
  #pending: EntryChange[] = [];
  #generation = 0;
  #lastIno = 1;
  #sequence = 0;
  readonly #kernel: Kernel;

  constructor(options: { readonly now?: () => number } = {}) {
    this.#now = options.now ?? Date.now;
    this.#kernel = {
      now: this.#now,
      sequence: () => this.#sequence,
      nextSequence: () => this.#nextSequence(),
      beforeSync: () => this.onOperation?.('sync'),
      syncTakes: () => this.syncTakes?.(),
    };
  }

  open(path: string, mode: OpenMode): FileHandle {
    let node = this.#entries.get(path);
    if (node?.kind === 'dir') throw new FsError('open', path, 'EISDIR');
    if (node !== undefined && mode === 'create-new') throw new FsError('open', path, 'EEXIST');
    if (node === undefined) {
      if (mode === 'read' || mode === 'update') throw new FsError('open', path, 'ENOENT');
      this.#needParent('open', path);
      this.#lastIno += 1;
      node = new MemFile(this.#lastIno, this.#now());
      this.#change({ kind: 'link', path, node, sequence: this.#nextSequence() });
    }
    const generation = this.#generation;
    return new MemFileHandle(path, node, mode !== 'read', this.#kernel, () => this.#generation === generation);
  }

  stat(path: string): FileStat | undefined {
    const node = path === '/' ? ROOT : this.#entries.get(path);
    if (node === undefined) return undefined;
    if (node.kind === 'file') return node.stat();
    const { ino } = node;
    return { sizeBytes: 4096, mtimeMs: 0, dev: DEVICE, ino, isDirectory: true, access: DEFAULT_ACCESS };
  }

  list(dir: string): string[] {
    if (this.#entries.get(dir)?.kind === 'file') throw new FsError('list', dir, 'ENOTDIR');
    const names: string[] = [];
    for (const path of this.#entries.keys()) {
      if (dirname(path) === dir && path !== '/') names.push(path.slice(dir === '/' ? 1 : dir.length + 1));
    }
    return names;
  }

  mkdir(dir: string): void {
    const existing = dir === '/' ? ROOT : this.#entries.get(dir);
    if (existing?.kind === 'dir') return;
    if (existing !== undefined) throw new FsError('mkdir', dir, 'EEXIST');
    this.mkdir(dirname(dir));
    this.#lastIno += 1;
    const node: MemDir = { kind: 'dir', ino: this.#lastIno };
    this.#change({ kind: 'link', path: dir, node, sequence: this.#nextSequence() });
  }

  rename(from: string, to: string): void {
    const node = this.#entries.get(from);
    if (node === undefined) throw new FsError('rename', from, 'ENOENT');
    // No code of ours renames a directory; a model of it would be untested.
    if (node.kind === 'dir') throw new FsError('rename', from, 'ENOTSUP');
    if (this.#entries.get(to)?.kind === 'dir') throw new FsError('rename', to, 'EISDIR');
    this.#needParent('rename', to);
    this.#change({ kind: 'rename', path: from, to, node, sequence: this.#nextSequence() });
  }

  unlink(path: string): void {
    const node = this.#entries.get(path);
    if (node?.kind === 'dir') throw new FsError('unlink', path, 'EISDIR');
    if (node !== undefined) this.#change({ kind: 'unlink', path, node, sequence: this.#nextSequence() });
  }

  async unlinkAsync(path: string): Promise<void> {
    this.unlink(path);
  }

  rmdir(dir: string): void {
    const node = this.#entries.get(dir);
    if (node === undefined) return;
    if (node.kind === 'file') throw new FsError('rmdir', dir, 'ENOTDIR');
    if (this.list(dir).length > 0) throw new FsError('rmdir', dir, 'ENOTEMPTY');
    this.#change({ kind: 'unlink', path: dir, node, sequence: this.#nextSequence() });
  }

  fsyncDir(dir: string): void {
    if (this.stat(dir)?.isDirectory !== true) throw new FsError('fsyncDir', dir, 'ENOENT');
    this.onOperation?.('sync');
    this.#syncNames(dir, this.#sequence);
  }

  async fsyncDirAsync(dir: string): Promise<void> {
    if (this.stat(dir)?.isDirectory !== true) throw new FsError('fsyncDir', dir, 'ENOENT');
    const upTo = this.#sequence;
    const generation = this.#generation;
    await this.syncTakes?.();
    if (this.#generation !== generation) throw new FsError('fsyncDir', dir, 'EIO');
    this.onOperation?.('sync');
    this.#syncNames(dir, upTo);
  }

  statfs(): { totalBytes: number; freeBytes: number; availableBytes: number } {
    return this.space;
  }

  readFile(path: string, maxBytes: number): Buffer | undefined {
    const node = this.#entries.get(path);
    if (node === undefined) return undefined;
    if (node.kind === 'dir') throw new FsError('readFile', path, 'EISDIR');
    if (node.sizeBytes > maxBytes) throw new FsError('readFile', path, 'EFBIG');
    const content = Buffer.alloc(node.sizeBytes);
    node.read(content, 0, content.length, 0);
    return content;
  }

  /** Test set-up: writes a whole file, parents included, and makes it durable. */
  install(path: string, content: Uint8Array): void {
    this.mkdir(dirname(path));
    const handle = this.open(path, 'create');
    handle.truncate(0);
    handle.pwrite(content, 0, content.length, 0);
    handle.fdatasync();
    for (let dir = dirname(path); ; dir = dirname(dir)) {
      this.fsyncDir(dir);
      if (dir === '/') break;
    }
  }

  /** Every file's path, sorted. */
  files(): string[] {
    return [...this.#entries]
      .filter(([, node]) => node.kind === 'file')
      .map(([path]) => path)
      .sort();
  }

  /**
   * Loses power. With `survive` undefined everything not durable is gone; else it is asked for a number in [0, 1)
   * per change: below `keep` the change survives, a write of which parts survive is torn by sectors.
   */
  crash(survive?: { readonly random: () => number; readonly keep: number }): void {
    if (survive === undefined) this.crashWith(() => 'lost');
    else {
      const { random, keep } = survive;
      const keepSector = (): boolean => random() < keep;
      this.crashWith(({ kind }) => (random() < keep ? 'kept' : kind === 'data' ? 'torn' : 'lost'), keepSector);
    }
  }

  /** Loses power; `fateOf` decides on each change that is not durable, `keepSector` on each sector of a torn write. */
  crashWith(fateOf: (change: PendingChange) => Fate, keepSector: () => boolean = () => false): void {
    for (const [file, path] of this.#paths()) {
      if (file.pending.length === 0) continue;
      file.crash(({ sequence }) => fateOf({ sequence, path, kind: 'data' }), keepSector);
    }
    for (const change of this.#pending) {
      if (fateOf({ sequence: change.sequence, path: change.path, kind: 'name' }) === 'kept')
        applyEntryChange(this.#durable, change);
    }
    this.#pending = [];
    for (const path of [...this.#durable.keys()].sort()) {
      const parent = dirname(path);
      if (parent !== '/' && this.#durable.get(parent)?.kind !== 'dir') this.#durable.delete(path);
    }
    this.#entries = new Map(this.#durable);
    this.#generation += 1;
  }

  /** The process dies and the kernel lives on: all handles fail, nothing that is visible is lost or made durable. */
  kill(): void {
    this.#generation += 1;
  }

  /** What a power loss now may take, oldest first. */
  pending(): PendingChange[] {
    const changes: PendingChange[] = this.#pending.map(({ sequence, path }) => ({ sequence, path, kind: 'name' }));
    for (const [file, path] of this.#paths()) {
      for (const { sequence } of file.pending) changes.push({ sequence, path, kind: 'data' });
    }
    return changes.sort((a, b) => a.sequence - b.sequence);
  }

  /** The same disk once more, with what is visible and what is durable; no handle and no hook goes with it. */
  fork(now = this.#now): MemFs {
    const copy = new MemFs({ now });
    const nodes = new Map<Node, Node>();
    const forked = (node: Node): Node => {
      if (node.kind === 'dir') return node;
      const known = nodes.get(node) ?? node.fork();
      nodes.set(node, known);
      return known;
    };
    for (const [path, node] of this.#entries) copy.#entries.set(path, forked(node));
    for (const [path, node] of this.#durable) copy.#durable.set(path, forked(node));
    copy.#pending = this.#pending.map((change) => ({ ...change, node: forked(change.node) }));
    copy.#lastIno = this.#lastIno;
    copy.#sequence = this.#sequence;
    copy.space = this.space;
    return copy;
  }

  /** Paths of files that only one of the two has, or whose bytes differ. */
  differences(other: MemFs): string[] {
    const paths = new Set([...this.files(), ...other.files()]);
    return [...paths].filter((path) => {
      const own = this.#entries.get(path);
      const others = other.#entries.get(path);
      return own?.kind !== 'file' || others?.kind !== 'file' || !own.hasBytesOf(others);
    });
  }

  /** Every file that is seen or durable, with its path; what has no name any more is not a file. */
  #paths(): Map<MemFile, string> {
    const files = new Map<MemFile, string>();
    for (const entries of [this.#entries, this.#durable]) {
      for (const [path, node] of entries) if (node.kind === 'file' && !files.has(node)) files.set(node, path);
    }
    return files;
  }

  #syncNames(dir: string, upTo: number): void {
    const rest: EntryChange[] = [];
    for (const change of this.#pending) {
      const touches = dirname(change.path) === dir || (change.kind === 'rename' && dirname(change.to) === dir);
      if (touches && change.sequence <= upTo) applyEntryChange(this.#durable, change);
      else rest.push(change);
    }
    this.#pending = rest;
  }

  #nextSequence(): number {
    this.onOperation?.('change');
    this.#sequence += 1;
    return this.#sequence;
  }

  #needParent(operation: string, path: string): void {
    if (this.stat(dirname(path))?.isDirectory !== true) throw new FsError(operation, path, 'ENOENT');
  }

  #change(change: EntryChange): void {
    applyEntryChange(this.#entries, change);
    this.#pending.push(change);
  }
}

const ROOT: MemDir = { kind: 'dir', ino: 1 };

interface MemDir {
  readonly kind: 'dir';
  readonly ino: number;
}

type Node = MemDir | MemFile;
type EntryChange = { readonly sequence: number; readonly path: string; readonly node: Node } & (
  | { readonly kind: 'link' | 'unlink' }
  | { readonly kind: 'rename'; readonly to: string }
);

/** A change that a power loss may take. `path` is that of the file it is about, or of the name that changes. */
export interface PendingChange {
  readonly sequence: number;
  readonly path: string;
  readonly kind: 'data' | 'name';
}

/** What a handle shares with its file system. */
interface Kernel {
  readonly now: () => number;
  /** Of the newest change. */
  readonly sequence: () => number;
  readonly nextSequence: () => number;
  readonly beforeSync: () => void;
  readonly syncTakes: () => Promise<void> | undefined;
}

class MemFileHandle implements FileHandle {
  readonly path: string;
  readonly #file: MemFile;
  readonly #writable: boolean;
  readonly #kernel: Kernel;
  readonly #isAlive: () => boolean;
  #closed = false;

  constructor(path: string, file: MemFile, writable: boolean, kernel: Kernel, isAlive: () => boolean) {
    this.path = path;
    this.#file = file;
    this.#writable = writable;
    this.#kernel = kernel;
    this.#isAlive = isAlive;
  }

  pread(target: Uint8Array, targetStart: number, length: number, position: number): number {
    this.#check('pread', false);
    return this.#file.read(target, targetStart, length, position);
  }

  pwrite(source: Uint8Array, sourceStart: number, length: number, position: number): number {
    this.#check('pwrite', true);
    // Buffer#slice would be a view of memory that its owner uses again.
    const bytes = new Uint8Array(source.subarray(sourceStart, sourceStart + length));
    this.#file.change({ kind: 'write', sequence: this.#kernel.nextSequence(), position, bytes }, this.#kernel.now());
    return length;
  }

  async preadAsync(target: Uint8Array, targetStart: number, length: number, position: number): Promise<number> {
    return this.pread(target, targetStart, length, position);
  }

  async pwriteAsync(source: Uint8Array, sourceStart: number, length: number, position: number): Promise<number> {
    return this.pwrite(source, sourceStart, length, position);
  }

  truncate(sizeBytes: number): void {
    this.#check('truncate', true);
    const sequence = this.#kernel.nextSequence();
    this.#file.change({ kind: 'truncate', sequence, sizeBytes }, this.#kernel.now());
  }

  fdatasync(): void {
    this.#check('fdatasync', false);
    this.#kernel.beforeSync();
    this.#file.sync(this.#kernel.sequence());
  }

  async fdatasyncAsync(): Promise<void> {
    this.#check('fdatasync', false);
    const upTo = this.#kernel.sequence();
    // Closing waits for it, a crash does not.
    await this.#kernel.syncTakes();
    if (!this.#isAlive()) throw new FsError('fdatasync', this.path, 'EIO');
    this.#kernel.beforeSync();
    this.#file.sync(upTo);
  }

  stat(): FileStat {
    this.#check('stat', false);
    return this.#file.stat();
  }

  setMtime(mtimeMs: number): void {
    this.#check('setMtime', false);
    this.#file.setMtime(mtimeMs);
  }

  setAccess(access: FileAccess): void {
    this.#check('setAccess', false);
    this.#file.setAccess(access);
  }

  close(): void {
    this.#closed = true;
  }

  #check(operation: string, writes: boolean): void {
    if (this.#closed || (writes && !this.#writable)) throw new FsError(operation, this.path, 'EBADF');
    if (!this.#isAlive()) throw new FsError(operation, this.path, 'EIO');
  }
}

function applyEntryChange(entries: Map<string, Node>, change: EntryChange): void {
  if (change.kind === 'rename') {
    if (entries.get(change.path) === change.node) entries.delete(change.path);
    entries.set(change.to, change.node);
  } else if (change.kind === 'unlink') entries.delete(change.path);
  else entries.set(change.path, change.node);
}
