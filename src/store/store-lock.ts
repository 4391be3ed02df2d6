import type { Clock, Timer } from '../util/clock.ts';
import { type FileHandle, type Fs, FsError } from '../util/fs.ts';
import type { Logger } from '../util/logger.ts';
import { type ProcInfo, procInfo } from '../util/proc-info.ts';
import { writeAll } from '../util/write-whole.ts';
import { toStoreIoError } from './store-errors.ts';
import { storePath } from './store-path.ts';

/**
 * The right to use a store directory, taken before anything in it is read. Two things keep others out (ADR 0012): an
 * owner record, which other processes of ours respect, and a directory in place of the file `lock`, which stops a Java
 * broker when it builds its store, before it reads or removes anything.
 */
export class StoreLock {
  /**
   * True when the last user of the directory was a run of ours that did not stop in order: then what the files miss is
   * what our own order of writing leaves out.
   */
  readonly ownCrash: boolean;
  readonly #parts: StoreLockParts;
  readonly #record: string;
  readonly #token: string;
  readonly #handle: FileHandle;
  readonly #timer: Timer;
  #released = false;
  /** The last beat failed, and that was told. */
  #isLate = false;

  private constructor(parts: StoreLockParts, record: string, handle: FileHandle, ownCrash: boolean) {
    this.#parts = parts;
    this.#record = record;
    this.#handle = handle;
    this.#token = tokenOf(parts.proc);
    this.ownCrash = ownCrash;
    this.#timer = parts.clock.setInterval(() => this.#beat(), BEAT_PERIOD_MS);
  }

  /**
   * Takes the directory, making it when it is missing. Throws StoreLockedError, with the reason for the operator, or
   * StoreIoError; then nothing in the directory was read or changed.
   */
  static acquire(options: StoreLockOptions): StoreLock {
    const parts = { ...options, proc: options.proc ?? procInfo(options.fs, process.pid) };
    try {
      parts.fs.mkdir(parts.rootDir);
      refuseIfLocked(parts);
      const stale = takeOverStale(parts);
      const ownCrash = stale !== undefined && !javaRanAfter(parts, stale.mtimeMs);
      const record = encodeRecord(parts.proc);
      const handle = createRecord(parts, record);
      try {
        // Not before: a power loss must not take both records, and with them the knowledge of whose crash it was.
        for (const path of movedRecords(parts)) parts.fs.unlink(path);
        keepJavaOut(parts);
        // Whoever took the lock while we set ours up has won.
        refuseIfLocked(parts);
      } catch (error) {
        undo(() => letJavaIn(parts, tokenOf(parts.proc)));
        handle.close();
        undo(() => parts.fs.unlink(ownerPath(parts)));
        throw error;
      }
      parts.afterDeath?.(LET_JAVA_IN, [parts.rootDir, tokenOf(parts.proc)]);
      return new StoreLock(parts, record, handle, ownCrash);
    } catch (error) {
      throw toStoreIoError('lock', parts.rootDir, 0, error);
    }
  }

  /**
   * Throws StoreLockedError when somebody else has the directory after all: to be asked once more when recovery is
   * done, because a Java broker that was started just before us takes its lock only then.
   */
  verify(): void {
    const { fs } = this.#parts;
    if (fs.readFile(ownerPath(this.#parts), MAX_RECORD_BYTES)?.toString() !== this.#record) {
      throw new StoreLockedError(this.#parts.rootDir, 'another process has taken the directory over');
    }
    refuseIfLocked(this.#parts);
  }

  /**
   * Gives the directory back: a Java broker can open it. Idempotent. With `orderly` false the owner record stays, by
   * which the next start knows that it was a run of ours that left something undone.
   */
  release(orderly = true): void {
    if (this.#released) return;
    this.#released = true;
    this.#timer.cancel();
    try {
      letJavaIn(this.#parts, this.#token);
      this.#handle.close();
      if (!orderly) return;
      this.#parts.fs.unlink(ownerPath(this.#parts));
      this.#parts.fs.fsyncDir(this.#parts.rootDir);
    } catch (error) {
      throw toStoreIoError('unlock', this.#parts.rootDir, 0, error);
    }
  }

  /** Shows processes of other containers that we live, and notices when the directory was taken from us. */
  #beat(): void {
    try {
      this.#handle.setMtime(this.#parts.clock.now());
      this.verify();
    } catch (error) {
      if (error instanceof StoreLockedError) {
        this.#timer.cancel();
        this.#parts.log.error({ err: error }, 'the store directory was taken from us');
        this.#parts.onLost?.(error);
        return;
      }
      if (!(error instanceof FsError)) throw error;
      // What this means for messages is told by those who write them.
      if (!this.#isLate) this.#parts.log.warn({ err: error }, 'the owner record of the store could not be renewed');
      this.#isLate = true;
      return;
    }
    this.#isLate = false;
  }
}

/**
 * Who uses a store directory, as the refusal that {@link StoreLock.acquire} would give; undefined when nobody does.
 * Takes and changes nothing: for tools that only read. Throws FsError.
 */
export function storeHolder(options: StoreLockOptions): StoreLockedError | undefined {
  const parts = { ...options, proc: options.proc ?? procInfo(options.fs, process.pid) };
  try {
    refuseIfLocked(parts);
  } catch (error) {
    if (error instanceof StoreLockedError) return error;
    throw error;
  }
  const record = parts.fs.readFile(ownerPath(parts), MAX_RECORD_BYTES)?.toString();
  const mtimeMs = parts.fs.stat(ownerPath(parts))?.mtimeMs;
  if (record === undefined || mtimeMs === undefined) return undefined;
  const reason = whyAlive(parts, record, mtimeMs);
  return reason === undefined ? undefined : new StoreLockedError(parts.rootDir, reason);
}

/** The directory belongs to somebody else; the message tells to whom and what to do. */
export class StoreLockedError extends Error {
  override readonly name = 'StoreLockedError';
  readonly rootDir: string;

  constructor(rootDir: string, reason: string) {
    super(`the store directory ${rootDir} is in use: ${reason}`);
    this.rootDir = rootDir;
  }
}

export interface StoreLockOptions {
  readonly fs: Fs;
  readonly clock: Clock;
  readonly log: Logger;
  /** Java: storePathRootDir. */
  readonly rootDir: string;
  /** This process and its host; by default what /proc tells. */
  readonly proc?: ProcInfo;
  /** Told once when somebody else took the directory while we run: stop writing at once. */
  readonly onLost?: (reason: StoreLockedError) => void;
  /** Runs a shell script when this process is gone: lets Java in again after a kill. Undefined: nobody does. */
  readonly afterDeath?: (script: string, parameters: readonly string[]) => void;
}

type StoreLockParts = StoreLockOptions & { readonly proc: ProcInfo };

const BEAT_PERIOD_MS = 2_000;
/** A record that cannot be judged by its process counts as alive so long after its last beat. */
const SILENCE_MS = 10_000;
const MAX_RECORD_BYTES = 4_096;

/** Our record, and where Java's lock file waits while a directory is in its place. */
const OWNER = 'wenchang.owner';
const PARKED = 'wenchang.lock';

/** What {@link letJavaIn} does, for the shell: $1 the root directory, $2 the token. Stops when it is not our turn. */
const LET_JAVA_IN = 'cd "$1" && rm "lock/$2" && rmdir lock && mv wenchang.lock lock';

interface OwnerRecord {
  readonly pid: number;
  readonly startTime: string | undefined;
  readonly bootId: string | undefined;
  readonly pidNamespace: number | undefined;
}

function ownerPath(parts: StoreLockParts): string {
  return `${parts.rootDir}/${OWNER}`;
}

function tokenOf(proc: ProcInfo): string {
  return `wenchang-${proc.pid}-${proc.startTimeOf(proc.pid) ?? 'unknown'}`;
}

function encodeRecord(proc: ProcInfo): string {
  const startTime = proc.startTimeOf(proc.pid);
  return `${JSON.stringify({ pid: proc.pid, startTime, bootId: proc.bootId(), pidNamespace: proc.pidNamespace() })}\n`;
}

/** A Java broker holds a record lock on the first byte of `lock`. Java: DefaultMessageStore#start. */
function refuseIfLocked(parts: StoreLockParts): void {
  for (const path of [storePath.lock(parts.rootDir), `${parts.rootDir}/${PARKED}`]) {
    const [holder] = parts.proc.lockHolders(path);
    if (holder === undefined) continue;
    throw new StoreLockedError(parts.rootDir, `${holder} holds the lock on ${path}; stop that broker first`);
  }
}

/** Moves the record of a dead owner away; gives it, or undefined when there is none. Throws when the owner lives. */
function takeOverStale(parts: StoreLockParts): { readonly mtimeMs: number } | undefined {
  const { fs, rootDir } = parts;
  const path = ownerPath(parts);
  const content = fs.readFile(path, MAX_RECORD_BYTES)?.toString();
  const mtimeMs = fs.stat(path)?.mtimeMs;
  if (content === undefined || mtimeMs === undefined) {
    const times = movedRecords(parts).map((moved) => fs.stat(moved)?.mtimeMs ?? 0);
    return times.length === 0 ? undefined : { mtimeMs: Math.max(...times) };
  }
  const reason = whyAlive(parts, content, mtimeMs);
  if (reason !== undefined) throw new StoreLockedError(rootDir, reason);
  // Two starters may judge the same record; only one can move it away, and it sees what it moved.
  const moved = `${path}.${parts.proc.pid}`;
  fs.rename(path, moved);
  if (fs.readFile(moved, MAX_RECORD_BYTES)?.toString() !== content) {
    fs.rename(moved, path);
    throw new StoreLockedError(rootDir, 'another process was started on it at the same moment');
  }
  return { mtimeMs };
}

/** Records that a start has moved away; one that did not get on leaves its own behind. */
function movedRecords({ fs, rootDir }: StoreLockParts): string[] {
  return fs.list(rootDir).flatMap((name) => (name.startsWith(`${OWNER}.`) ? `${rootDir}/${name}` : []));
}

/** Why the owner of a record must be taken for alive, undefined when it is dead. */
function whyAlive(parts: StoreLockParts, content: string, mtimeMs: number): string | undefined {
  const { proc, clock } = parts;
  const record = decodeRecord(content);
  const quietMs = clock.now() - mtimeMs;
  const sameWorld = record.bootId === proc.bootId() && record.pidNamespace === proc.pidNamespace();
  if (sameWorld && record.bootId !== undefined) {
    const alive = record.startTime !== undefined && proc.startTimeOf(record.pid) === record.startTime;
    return alive ? `process ${record.pid} of ours runs on it` : undefined;
  }
  if (Math.abs(quietMs) >= SILENCE_MS) return undefined;
  const seen = `was active ${Math.max(0, Math.round(quietMs / 1000))} s ago`;
  return `process ${record.pid} of another host or container ${seen}; if it is gone, try again in 10 s`;
}

/** An unreadable record has no process: its age decides. */
function decodeRecord(content: string): OwnerRecord {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    value = undefined;
  }
  const fields = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  const text = (field: unknown): string | undefined => (typeof field === 'string' ? field : undefined);
  const number = (field: unknown): number | undefined => (typeof field === 'number' ? field : undefined);
  return {
    pid: number(fields['pid']) ?? -1,
    startTime: text(fields['startTime']),
    bootId: text(fields['bootId']),
    pidNamespace: number(fields['pidNamespace']),
  };
}

/** Java writes into its lock file at each start, so a newer file than the record's last beat tells of a run of Java. */
function javaRanAfter(parts: StoreLockParts, mtimeMs: number): boolean {
  const stat = parts.fs.stat(storePath.lock(parts.rootDir));
  return stat !== undefined && !stat.isDirectory && stat.mtimeMs > mtimeMs;
}

function createRecord(parts: StoreLockParts, record: string): FileHandle {
  let handle: FileHandle;
  try {
    handle = parts.fs.open(ownerPath(parts), 'create-new');
  } catch (error) {
    if (!(error instanceof FsError) || error.code !== 'EEXIST') throw error;
    throw new StoreLockedError(parts.rootDir, 'another process was started on it at the same moment');
  }
  try {
    writeAll(handle, Buffer.from(record));
    handle.setMtime(parts.clock.now());
    handle.fdatasync();
    parts.fs.fsyncDir(parts.rootDir);
  } catch (error) {
    // Half a record would keep everybody out until it is old.
    handle.close();
    undo(() => parts.fs.unlink(ownerPath(parts)));
    throw error;
  }
  return handle;
}

/** Takes back what a failed start has done; the failure to report is the one before. */
function undo(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof FsError)) throw error;
  }
}

/** Puts a directory in the place of `lock`: opening it for writing fails, and Java opens it first of all. */
function keepJavaOut(parts: StoreLockParts): void {
  const { fs, rootDir } = parts;
  const lock = storePath.lock(rootDir);
  const parked = `${rootDir}/${PARKED}`;
  if (fs.stat(lock)?.isDirectory === false) fs.rename(lock, parked);
  else if (fs.stat(parked) === undefined) createLockFile(fs, parked);
  fs.mkdir(lock);
  // Left by a run that was killed; its shell, if it still comes, finds that it is too late.
  for (const name of fs.list(lock)) fs.unlink(`${lock}/${name}`);
  fs.open(`${lock}/${tokenOf(parts.proc)}`, 'create').close();
}

/** Undoes {@link keepJavaOut}, if it is still ours to undo. */
function letJavaIn(parts: StoreLockParts, token: string): void {
  const { fs, rootDir } = parts;
  const lock = storePath.lock(rootDir);
  const parked = `${rootDir}/${PARKED}`;
  if (fs.stat(`${lock}/${token}`) === undefined) return;
  for (const name of fs.list(lock)) fs.unlink(`${lock}/${name}`);
  fs.rmdir(lock);
  if (fs.stat(parked) === undefined) createLockFile(fs, lock);
  else fs.rename(parked, lock);
}

/** As Java leaves it. Java: DefaultMessageStore#start. */
function createLockFile(fs: Fs, path: string): void {
  const handle = fs.open(path, 'create');
  writeAll(handle, Buffer.from('lock'));
  handle.close();
}
