import { dirname } from 'node:path';
import { type FileHandle, type FileStat, type Fs, FsError, type OpenMode } from '../src/util/fs.ts';

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
 * After a crash every open handle fails with EIO. Files are sparse: only touched pages use memory.
 */
export class MemFs implements Fs {
  /** What {@link statfs} answers. */
  space = { totalBytes: 2 ** 40, freeBytes: 2 ** 39, availableBytes: 2 ** 39 };
  readonly #now: () => number;
  #entries = new Map<string, Node>();
  #durable = new Map<string, Node>();
  #pending: EntryChange[] = [];
  #generation = 0;
  #lastIno = 1;

  constructor(options: { readonly now?: () => number } = {}) {
    this.#now = options.now ?? Date.now;
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
      this.#change({ kind: 'link', path, node });
    }
    const generation = this.#generation;
    return new MemFileHandle(path, node, mode !== 'read', this.#now, () => this.#generation === generation);
  }

  stat(path: string): FileStat | undefined {
    const node = path === '/' ? ROOT : this.#entries.get(path);
    if (node === undefined) return undefined;
    if (node.kind === 'dir') return { sizeBytes: 4096, mtimeMs: 0, dev: DEVICE, ino: node.ino, isDirectory: true };
    return node.stat();
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
    const node = dir === '/' ? ROOT : this.#entries.get(dir);
    if (node?.kind === 'dir') return;
    if (node !== undefined) throw new FsError('mkdir', dir, 'EEXIST');
    this.mkdir(dirname(dir));
    this.#lastIno += 1;
    this.#change({ kind: 'link', path: dir, node: { kind: 'dir', ino: this.#lastIno } });
  }

  rename(from: string, to: string): void {
    const node = this.#entries.get(from);
    if (node === undefined) throw new FsError('rename', from, 'ENOENT');
    // No code of ours renames a directory; a model of it would be untested.
    if (node.kind === 'dir') throw new FsError('rename', from, 'ENOTSUP');
    if (this.#entries.get(to)?.kind === 'dir') throw new FsError('rename', to, 'EISDIR');
    this.#needParent('rename', to);
    this.#change({ kind: 'rename', path: from, to, node });
  }

  unlink(path: string): void {
    const node = this.#entries.get(path);
    if (node?.kind === 'dir') throw new FsError('unlink', path, 'EISDIR');
    if (node !== undefined) this.#change({ kind: 'unlink', path, node });
  }

  async unlinkAsync(path: string): Promise<void> {
    this.unlink(path);
  }

  rmdir(dir: string): void {
    const node = this.#entries.get(dir);
    if (node === undefined) return;
    if (node.kind === 'file') throw new FsError('rmdir', dir, 'ENOTDIR');
    if (this.list(dir).length > 0) throw new FsError('rmdir', dir, 'ENOTEMPTY');
    this.#change({ kind: 'unlink', path: dir, node });
  }

  fsyncDir(dir: string): void {
    if (this.stat(dir)?.isDirectory !== true) throw new FsError('fsyncDir', dir, 'ENOENT');
    const rest: EntryChange[] = [];
    for (const change of this.#pending) {
      const touches = dirname(change.path) === dir || (change.kind === 'rename' && dirname(change.to) === dir);
      if (touches) applyEntryChange(this.#durable, change);
      else rest.push(change);
    }
    this.#pending = rest;
  }

  async fsyncDirAsync(dir: string): Promise<void> {
    this.fsyncDir(dir);
  }

  statfs(): { totalBytes: number; freeBytes: number; availableBytes: number } {
    return this.space;
  }

  readFile(path: string, maxBytes: number): Buffer | undefined {
    const node = this.#entries.get(path);
    if (node === undefined) return undefined;
    if (node.kind === 'dir') throw new FsError('readFile', path, 'EISDIR');
    if (node.visible.sizeBytes > maxBytes) throw new FsError('readFile', path, 'EFBIG');
    const content = Buffer.alloc(node.visible.sizeBytes);
    readImage(node.visible, content, 0, content.length, 0);
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
    const files = new Set<MemFile>();
    for (const node of [...this.#entries.values(), ...this.#durable.values()]) {
      if (node.kind === 'file') files.add(node);
    }
    for (const file of files) file.crash(survive);
    for (const change of this.#pending) {
      if (survive !== undefined && survive.random() < survive.keep) applyEntryChange(this.#durable, change);
    }
    this.#pending = [];
    for (const path of [...this.#durable.keys()].sort()) {
      const parent = dirname(path);
      if (parent !== '/' && this.#durable.get(parent)?.kind !== 'dir') this.#durable.delete(path);
    }
    this.#entries = new Map(this.#durable);
    this.#generation += 1;
  }

  #needParent(operation: string, path: string): void {
    if (this.stat(dirname(path))?.isDirectory !== true) throw new FsError(operation, path, 'ENOENT');
  }

  #change(change: EntryChange): void {
    applyEntryChange(this.#entries, change);
    this.#pending.push(change);
  }
}

/** The unit in which a surviving write may be torn. */
export const SECTOR_BYTES = 512;

const PAGE_BYTES = 4096;
const DEVICE = 0x1_05;

interface MemDir {
  readonly kind: 'dir';
  readonly ino: number;
}
const ROOT: MemDir = { kind: 'dir', ino: 1 };

type Node = MemDir | MemFile;
type EntryChange =
  | { readonly kind: 'link'; readonly path: string; readonly node: Node }
  | { readonly kind: 'unlink'; readonly path: string; readonly node: Node }
  | { readonly kind: 'rename'; readonly path: string; readonly to: string; readonly node: Node };
type DataChange =
  | { readonly kind: 'write'; readonly position: number; readonly bytes: Uint8Array }
  | { readonly kind: 'truncate'; readonly sizeBytes: number };

interface Image {
  readonly pages: Map<number, Uint8Array>;
  sizeBytes: number;
}

class MemFile {
  readonly kind = 'file';
  readonly ino: number;
  readonly visible: Image = { pages: new Map(), sizeBytes: 0 };
  readonly #durable: Image = { pages: new Map(), sizeBytes: 0 };
  #pending: DataChange[] = [];
  #mtimeMs: number;
  #durableMtimeMs: number;

  constructor(ino: number, nowMs: number) {
    this.ino = ino;
    this.#mtimeMs = nowMs;
    this.#durableMtimeMs = nowMs;
  }

  change(change: DataChange, nowMs: number): void {
    applyDataChange(this.visible, change);
    this.#pending.push(change);
    this.#mtimeMs = nowMs;
  }

  setMtime(mtimeMs: number): void {
    this.#mtimeMs = mtimeMs;
  }

  sync(): void {
    for (const change of this.#pending) applyDataChange(this.#durable, change);
    this.#pending = [];
    this.#durableMtimeMs = this.#mtimeMs;
  }

  stat(): FileStat {
    const { sizeBytes } = this.visible;
    return { sizeBytes, mtimeMs: this.#mtimeMs, dev: DEVICE, ino: this.ino, isDirectory: false };
  }

  crash(survive: { readonly random: () => number; readonly keep: number } | undefined): void {
    for (const change of this.#pending) {
      if (survive === undefined) break;
      if (survive.random() < survive.keep) applyDataChange(this.#durable, change);
      else if (change.kind === 'write') this.#tear(change, survive);
    }
    this.#pending = [];
    this.visible.pages.clear();
    for (const [page, bytes] of this.#durable.pages) this.visible.pages.set(page, bytes.slice());
    this.visible.sizeBytes = this.#durable.sizeBytes;
    this.#mtimeMs = this.#durableMtimeMs;
  }

  #tear(change: DataChange & { kind: 'write' }, survive: { random: () => number; keep: number }): void {
    const end = change.position + change.bytes.length;
    for (let at = change.position; at < end; ) {
      const next = Math.min(end, (Math.floor(at / SECTOR_BYTES) + 1) * SECTOR_BYTES);
      if (survive.random() < survive.keep) {
        const bytes = change.bytes.subarray(at - change.position, next - change.position);
        applyDataChange(this.#durable, { kind: 'write', position: at, bytes });
      }
      at = next;
    }
  }
}

class MemFileHandle implements FileHandle {
  readonly path: string;
  readonly #file: MemFile;
  readonly #writable: boolean;
  readonly #now: () => number;
  readonly #isAlive: () => boolean;
  #closed = false;

  constructor(path: string, file: MemFile, writable: boolean, now: () => number, isAlive: () => boolean) {
    this.path = path;
    this.#file = file;
    this.#writable = writable;
    this.#now = now;
    this.#isAlive = isAlive;
  }

  pread(target: Uint8Array, targetStart: number, length: number, position: number): number {
    this.#check('pread', false);
    return readImage(this.#file.visible, target, targetStart, length, position);
  }

  pwrite(source: Uint8Array, sourceStart: number, length: number, position: number): number {
    this.#check('pwrite', true);
    const bytes = source.slice(sourceStart, sourceStart + length);
    this.#file.change({ kind: 'write', position, bytes }, this.#now());
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
    this.#file.change({ kind: 'truncate', sizeBytes }, this.#now());
  }

  fdatasync(): void {
    this.#check('fdatasync', false);
    this.#file.sync();
  }

  async fdatasyncAsync(): Promise<void> {
    this.fdatasync();
  }

  stat(): FileStat {
    this.#check('stat', false);
    return this.#file.stat();
  }

  setMtime(mtimeMs: number): void {
    this.#check('setMtime', false);
    this.#file.setMtime(mtimeMs);
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
  if (change.kind === 'unlink') entries.delete(change.path);
  else if (change.kind === 'link') entries.set(change.path, change.node);
  else {
    if (entries.get(change.path) === change.node) entries.delete(change.path);
    entries.set(change.to, change.node);
  }
}

function applyDataChange(image: Image, change: DataChange): void {
  if (change.kind === 'write') {
    writeImage(image, change.bytes, change.position);
    return;
  }
  const { sizeBytes } = change;
  if (sizeBytes < image.sizeBytes) {
    const lastPage = Math.floor(sizeBytes / PAGE_BYTES);
    for (const page of [...image.pages.keys()]) if (page > lastPage) image.pages.delete(page);
    image.pages.get(lastPage)?.fill(0, sizeBytes % PAGE_BYTES);
  }
  image.sizeBytes = sizeBytes;
}

function writeImage(image: Image, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    const at = position + done;
    const page = Math.floor(at / PAGE_BYTES);
    const inPage = at % PAGE_BYTES;
    const count = Math.min(bytes.length - done, PAGE_BYTES - inPage);
    let content = image.pages.get(page);
    if (content === undefined) {
      content = new Uint8Array(PAGE_BYTES);
      image.pages.set(page, content);
    }
    content.set(bytes.subarray(done, done + count), inPage);
    done += count;
  }
  image.sizeBytes = Math.max(image.sizeBytes, position + bytes.length);
}

function readImage(image: Image, target: Uint8Array, start: number, length: number, position: number): number {
  const total = Math.max(0, Math.min(length, image.sizeBytes - position));
  for (let done = 0; done < total; ) {
    const at = position + done;
    const inPage = at % PAGE_BYTES;
    const count = Math.min(total - done, PAGE_BYTES - inPage);
    const content = image.pages.get(Math.floor(at / PAGE_BYTES));
    if (content === undefined) target.fill(0, start + done, start + done + count);
    else target.set(content.subarray(inPage, inPage + count), start + done);
    done += count;
  }
  return total;
}
