import type { FileAccess, FileHandle, FileStat, Fs, OpenMode } from '../src/util/fs.ts';
import { FsError } from '../src/util/fs.ts';

/**
 * Wraps a file system and makes chosen operations fail, come up short or wait. A rule names the operation, a pattern
 * for the path, how many matching calls to let pass first and how many to hit. Rules are data: they are used up in
 * the order given, and each counts only the calls that reach it.
 */
export class FaultFs implements Fs {
  readonly #inner: Fs;
  readonly #unsynced: Unsynced | undefined;
  #rules: Rule[] = [];
  #nth: NthRule | undefined;
  #nthFailed = false;
  #changes = 0;
  readonly #struck: { readonly operation: FaultOperation; readonly path: string }[] = [];

  /**
   * With `dropsUnsynced` a failed fdatasync drops what was written to the file since the last good one, and the next
   * one succeeds: as a kernel does that has marked the pages clean and then let go of them.
   */
  constructor(inner: Fs, options: { readonly dropsUnsynced?: boolean } = {}) {
    this.#inner = inner;
    this.#unsynced = options.dropsUnsynced === true ? new Unsynced(inner) : undefined;
  }

  /** The matching calls throw (or reject with) FsError `code` and change nothing. */
  fail(where: Where & { readonly code: string }): void {
    this.#add(where, { kind: 'fail', code: where.code });
  }

  /** The matching transfers (pread, pwrite) move at most `to` bytes. */
  shorten(where: Where & { readonly to: number }): void {
    this.#add(where, { kind: 'shorten', to: where.to });
  }

  /** The matching asynchronous calls start only after `until` has settled. */
  delay(where: Where & { readonly until: Promise<unknown> }): void {
    this.#add(where, { kind: 'delay', until: where.until });
  }

  /**
   * Hits changing calls by their number, whatever they are: the `first` one of all since the start and `times` (1)
   * in a row. `code` makes them fail; `to` makes transfers short, and leaves other calls alone. With both the first
   * one, a transfer, is short and the others fail: a write that is torn.
   */
  hitNth(nth: NthEffect & { readonly first: number; readonly times?: number }): void {
    this.#nth = { ...nth, last: nth.first + (nth.times ?? 1) - 1 };
  }

  /** Calls so far that change the disk or make it durable, the failed ones too. */
  get changes(): number {
    return this.#changes;
  }

  /** What {@link hitNth} has hit. */
  get struck(): readonly { readonly operation: FaultOperation; readonly path: string }[] {
    return this.#struck;
  }

  /** True when {@link hitNth} has made a call fail, not only come up short. */
  get hasFailed(): boolean {
    return this.#nthFailed;
  }

  /** Rules that have not been used up; a test asserts 0 to know that its fault happened. */
  get pendingRules(): number {
    return this.#rules.length;
  }

  /** Drops all rules: the disk is well again. */
  heal(): void {
    this.#rules = [];
    this.#nth = undefined;
  }

  open(path: string, mode: OpenMode): FileHandle {
    this.#strike(mode === 'create' || mode === 'create-new' ? 'open' : 'reopen', path);
    const strike = (operation: FaultOperation, length?: number): Strike => this.#strike(operation, path, length);
    return new FaultFileHandle(this.#inner.open(path, mode), strike, this.#unsynced);
  }

  stat(path: string): FileStat | undefined {
    this.#strike('stat', path);
    return this.#inner.stat(path);
  }

  list(dir: string): string[] {
    this.#strike('list', dir);
    return this.#inner.list(dir);
  }

  mkdir(dir: string): void {
    this.#strike('mkdir', dir);
    this.#inner.mkdir(dir);
  }

  rename(from: string, to: string): void {
    this.#strike('rename', from);
    this.#inner.rename(from, to);
    this.#unsynced?.renamed(from, to);
  }

  unlink(path: string): void {
    this.#strike('unlink', path);
    this.#inner.unlink(path);
  }

  async unlinkAsync(path: string): Promise<void> {
    const { wait } = this.#strike('unlink', path);
    if (wait !== undefined) await wait;
    return this.#inner.unlinkAsync(path);
  }

  rmdir(dir: string): void {
    this.#strike('rmdir', dir);
    this.#inner.rmdir(dir);
  }

  fsyncDir(dir: string): void {
    this.#strike('fsyncDir', dir);
    this.#inner.fsyncDir(dir);
  }

  async fsyncDirAsync(dir: string): Promise<void> {
    const { wait } = this.#strike('fsyncDir', dir);
    if (wait !== undefined) await wait;
    return this.#inner.fsyncDirAsync(dir);
  }

  statfs(path: string): { totalBytes: number; freeBytes: number; availableBytes: number } {
    this.#strike('statfs', path);
    return this.#inner.statfs(path);
  }

  readFile(path: string, maxBytes: number): Buffer | undefined {
    this.#strike('readFile', path);
    return this.#inner.readFile(path, maxBytes);
  }

  #add(where: Where, effect: Effect): void {
    this.#rules.push({ ...where, effect, skip: where.skip ?? 0, times: where.times ?? 1 });
  }

  /** Applies the first rule that matches and is due; throws for `fail`. */
  #strike(wanted: FaultOperation | 'reopen', path: string, length = 0): Strike {
    const operation = wanted === 'reopen' ? 'open' : wanted;
    if (wanted !== 'reopen' && CHANGING.has(wanted)) {
      this.#changes += 1;
      const most = this.#hitByNumber(wanted, path, length);
      if (most !== length) return { length: most, wait: undefined };
    }
    for (const rule of this.#rules) {
      if (rule.operation !== operation || !rule.path.test(path)) continue;
      if (rule.skip > 0) {
        rule.skip -= 1;
        continue;
      }
      rule.times -= 1;
      if (rule.times === 0) this.#rules = this.#rules.filter((other) => other !== rule);
      if (rule.effect.kind === 'fail') throw new FsError(operation, path, rule.effect.code);
      if (rule.effect.kind === 'shorten') return { length: Math.min(length, rule.effect.to), wait: undefined };
      return { length, wait: rule.effect.until };
    }
    return { length, wait: undefined };
  }

  /** Throws, or gives the length that is let through. */
  #hitByNumber(operation: FaultOperation, path: string, length: number): number {
    const nth = this.#nth;
    if (nth === undefined || this.#changes < nth.first || this.#changes > nth.last) return length;
    const { to, code } = nth;
    if (to !== undefined && (code === undefined || this.#changes === nth.first)) {
      if (operation !== 'pwrite' || length <= to) return length;
      this.#struck.push({ operation, path });
      return to;
    }
    if (code === undefined) return length;
    this.#nthFailed = true;
    this.#struck.push({ operation, path });
    throw new FsError(operation, path, code);
  }
}

/** What was written to each file since its last good fdatasync, so that it can be taken back. */
class Unsynced {
  readonly #inner: Fs;
  readonly #writes = new Map<string, { readonly position: number; readonly before: Buffer }[]>();

  constructor(inner: Fs) {
    this.#inner = inner;
  }

  /** Notes what is at a place before it is written. */
  note(handle: FileHandle, length: number, position: number): void {
    const before = Buffer.alloc(length);
    handle.pread(before, 0, length, position);
    const writes = this.#writes.get(handle.path) ?? [];
    this.#writes.set(handle.path, writes);
    writes.push({ position, before });
  }

  synced(path: string): void {
    this.#writes.delete(path);
  }

  renamed(from: string, to: string): void {
    const writes = this.#writes.get(from);
    this.#writes.delete(from);
    if (writes === undefined) this.#writes.delete(to);
    else this.#writes.set(to, writes);
  }

  /** The fdatasync failed. */
  drop(path: string): void {
    const writes = this.#writes.get(path) ?? [];
    this.#writes.delete(path);
    if (this.#inner.stat(path) === undefined) return;
    const handle = this.#inner.open(path, 'update');
    for (const { position, before } of writes.reverse()) handle.pwrite(before, 0, before.length, position);
    handle.close();
  }
}

interface NthEffect {
  readonly code?: string;
  readonly to?: number;
}

type NthRule = NthEffect & { readonly first: number; readonly last: number };

/** The calls that {@link FaultFs.hitNth} counts; an open only when it may create the file. */
const CHANGING: ReadonlySet<FaultOperation> = new Set<FaultOperation>([
  'open',
  'mkdir',
  'rename',
  'unlink',
  'rmdir',
  'fsyncDir',
  'pwrite',
  'truncate',
  'fdatasync',
  'setMtime',
  'setAccess',
]);

/** The names a rule can give; the asynchronous form of a call has the same name. */
export type FaultOperation =
  | 'open'
  | 'stat'
  | 'list'
  | 'mkdir'
  | 'rename'
  | 'unlink'
  | 'rmdir'
  | 'fsyncDir'
  | 'statfs'
  | 'readFile'
  | 'pread'
  | 'pwrite'
  | 'truncate'
  | 'fdatasync'
  | 'setMtime'
  | 'setAccess';

/** Which calls a rule hits: matching ones after the first `skip` (0), `times` (1) of them. */
export interface Where {
  readonly operation: FaultOperation;
  readonly path: RegExp;
  readonly skip?: number;
  readonly times?: number;
}

type Effect =
  | { readonly kind: 'fail'; readonly code: string }
  | { readonly kind: 'shorten'; readonly to: number }
  | { readonly kind: 'delay'; readonly until: Promise<unknown> };

interface Rule {
  readonly operation: FaultOperation;
  readonly path: RegExp;
  readonly effect: Effect;
  skip: number;
  times: number;
}

interface Strike {
  readonly length: number;
  readonly wait: Promise<unknown> | undefined;
}

class FaultFileHandle implements FileHandle {
  readonly path: string;
  readonly #inner: FileHandle;
  readonly #strike: (operation: FaultOperation, length?: number) => Strike;
  readonly #unsynced: Unsynced | undefined;
  #underWay = 0;
  #closing = false;

  constructor(
    inner: FileHandle,
    strike: (operation: FaultOperation, length?: number) => Strike,
    unsynced: Unsynced | undefined,
  ) {
    this.path = inner.path;
    this.#inner = inner;
    this.#strike = strike;
    this.#unsynced = unsynced;
  }

  pread(target: Uint8Array, targetStart: number, length: number, position: number): number {
    return this.#inner.pread(target, targetStart, this.#strike('pread', length).length, position);
  }

  pwrite(source: Uint8Array, sourceStart: number, length: number, position: number): number {
    const most = this.#strike('pwrite', length).length;
    this.#unsynced?.note(this.#inner, most, position);
    return this.#inner.pwrite(source, sourceStart, most, position);
  }

  preadAsync(target: Uint8Array, targetStart: number, length: number, position: number): Promise<number> {
    return this.#later('pread', length, (most) => this.#inner.preadAsync(target, targetStart, most, position));
  }

  pwriteAsync(source: Uint8Array, sourceStart: number, length: number, position: number): Promise<number> {
    return this.#later('pwrite', length, (most) => {
      this.#unsynced?.note(this.#inner, most, position);
      return this.#inner.pwriteAsync(source, sourceStart, most, position);
    });
  }

  truncate(sizeBytes: number): void {
    this.#strike('truncate');
    this.#inner.truncate(sizeBytes);
  }

  fdatasync(): void {
    this.#strikeSync();
    this.#inner.fdatasync();
    this.#unsynced?.synced(this.path);
  }

  fdatasyncAsync(): Promise<void> {
    return this.#later('fdatasync', 0, async () => {
      await this.#inner.fdatasyncAsync();
      this.#unsynced?.synced(this.path);
    });
  }

  #strikeSync(): Strike {
    try {
      return this.#strike('fdatasync');
    } catch (error) {
      this.#unsynced?.drop(this.path);
      throw error;
    }
  }

  stat(): FileStat {
    this.#strike('stat');
    return this.#inner.stat();
  }

  setMtime(mtimeMs: number): void {
    this.#strike('setMtime');
    this.#inner.setMtime(mtimeMs);
  }

  setAccess(access: FileAccess): void {
    this.#strike('setAccess');
    this.#inner.setAccess(access);
  }

  close(): void {
    this.#closing = true;
    if (this.#underWay === 0) this.#inner.close();
  }

  /** A call that waits counts as under way: like a descriptor, the handle is closed only behind it. */
  async #later<T>(operation: FaultOperation, length: number, start: (length: number) => Promise<T>): Promise<T> {
    if (this.#closing) return start(length);
    const strike = operation === 'fdatasync' ? this.#strikeSync() : this.#strike(operation, length);
    this.#underWay += 1;
    try {
      if (strike.wait !== undefined) await strike.wait;
      return await start(strike.length);
    } finally {
      this.#underWay -= 1;
      // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- changes while awaited
      if (this.#closing && this.#underWay === 0) this.#inner.close();
    }
  }
}
