import type { Clock } from '../util/clock.ts';
import type { Logger } from '../util/logger.ts';
import { IndexFile, type IndexLayout, type IndexQuery, indexFileBytes } from './index-file.ts';
import type { OpenFiles } from './open-files.ts';
import type { StoreCheckpoint } from './store-checkpoint.ts';
import { StoreIoError } from './store-errors.ts';
import { syncNames } from './sync-names.ts';

/**
 * The index of messages by key: files filled one after another, each message's keys added in the order of the
 * CommitLog. Java: IndexService; docs/store/index-file.md.
 */
export class IndexService {
  readonly #parts: IndexServiceParts;
  #files: IndexFile[] = [];
  /** Full files that are not all on disk yet, oldest first. */
  #toClose: IndexFile[] = [];
  #closing: Promise<void> | undefined;
  #needsRebuild = false;
  #rebuildFallback: number | undefined;
  /** The greatest name in the directory: the next one must be greater. */
  #lastName = '';

  constructor(parts: IndexServiceParts) {
    this.#parts = parts;
  }

  /**
   * Opens the files. After a crash a file whose newest message is newer than the checkpoint cannot be trusted: it is
   * removed, as Java does, and {@link needsRebuildFrom} tells what is missing (ADR 0013).
   * With `ownCrash` the crashed run was ours, whose order of writes leaves a file that can be repaired and kept.
   * Throws StoreIoError. Java: IndexService#load.
   */
  load(options: { readonly lastExitOk: boolean; readonly ownCrash: boolean }): void {
    const names = this.#parts.openFiles.fs.list(this.#parts.dir).sort();
    const files = names.flatMap((name) => this.#open(name) ?? []);
    if (options.lastExitOk) {
      this.#files = files;
      return;
    }
    syncNames(this.#parts.openFiles.fs, this.#parts.dir);
    const kept = options.ownCrash ? countFilled(files) : this.#countTrusted(files);
    this.#files = files.slice(0, kept);
    const untrusted = files.slice(kept);
    this.#needsRebuild = files.length > 0;
    if (options.ownCrash) this.#files.at(-1)?.repair();
    else this.#rebuildFallback = untrusted[0]?.beginPhyOffset;
    for (const file of untrusted) {
      this.#parts.log.warn({ file: file.name }, 'index file removed after a crash; its messages are indexed again');
      file.destroy();
    }
  }

  /**
   * Physical offset from which on messages must be given to {@link putRecord} again, in the order of the log and
   * before any other; undefined when nothing is missing. Messages that are in the index already are recognised.
   * Ask after {@link truncateTo}.
   */
  get needsRebuildFrom(): number | undefined {
    if (!this.#needsRebuild) return undefined;
    return this.#files.at(-1)?.endPhyOffset ?? this.#rebuildFallback ?? 0;
  }

  /** The files, oldest first, for tests and tools. */
  get files(): readonly IndexFile[] {
    return this.#files;
  }

  /** Times and offset of the newest indexed message, 0 without files. Java: QueryOffsetResult. */
  get lastUpdate(): { readonly timestamp: number; readonly phyOffset: number } {
    const last = this.#files.at(-1);
    return { timestamp: last?.endTimestamp ?? 0, phyOffset: last?.endPhyOffset ?? 0 };
  }

  /**
   * Adds the first `count` key hashes ({@link toIndexKeyHash} of `topic#key`) of one message. Messages older than the
   * newest indexed one are skipped. Throws StoreIoError when a file cannot be made or written: the index then lacks
   * this message and its owner sets the error flag. Java: IndexService#buildIndex.
   */
  putRecord(phyOffset: number, storeTimestamp: number, keyHashes: Int32Array, count: number): void {
    let file = this.#files[this.#files.length - 1];
    if (file !== undefined && phyOffset <= file.endPhyOffset) {
      if (phyOffset < file.endPhyOffset) return;
      this.#putMissing(phyOffset, storeTimestamp, keyHashes, count);
      return;
    }
    for (let index = 0; index < count; index += 1) {
      if (file?.put(keyHashes[index] as number, phyOffset, storeTimestamp) === true) continue;
      file = this.#roll(file);
      file.put(keyHashes[index] as number, phyOffset, storeTimestamp);
    }
  }

  /**
   * Physical offsets of messages that may have the key, newest first per file: only hashes are compared, the caller
   * looks at the messages. Gives way to others on long chains. Throws StoreIoError. Java: IndexService#queryOffset.
   */
  async query(request: IndexQuery): Promise<number[]> {
    const found: number[] = [];
    let turns = 0;
    for (const file of [...this.#files].reverse()) {
      if (file.isTimeMatched(request.beginMs, request.endMs) && !file.isDestroyed) {
        let next = file.newestOf(request.keyHash);
        while (next > 0) {
          next = file.select(request, next, STEPS_PER_TURN, found);
          if (next === 0) break;
          turns += 1;
          if (turns === MAX_TURNS) return found;
          await new Promise<void>((resolve) => this.#parts.clock.atTurnEnd(resolve));
          // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- changes while awaited
          if (file.isDestroyed) break;
        }
      }
      if (file.beginTimestamp < request.beginMs || found.length >= request.maxNum) break;
    }
    return found;
  }

  /** Takes out what points behind the end of the CommitLog, so that new messages there are indexed. */
  truncateTo(logEnd: number): void {
    for (let last = this.#files.at(-1); last !== undefined; last = this.#files.at(-1)) {
      if (last.endPhyOffset < logEnd) return;
      if (last.beginPhyOffset < logEnd && last.unwindTo(logEnd)) return;
      this.#files.pop();
      last.destroy();
    }
  }

  /**
   * Removes the oldest files whose messages all lie below `minPhyOffset`, never the last file; gives their number.
   * Java: IndexService#deleteExpiredFile.
   */
  async deleteExpired(minPhyOffset: number): Promise<number> {
    let removed = 0;
    for (;;) {
      const [first, second] = this.#files;
      if (first === undefined || second === undefined || first.endPhyOffset >= minPhyOffset) return removed;
      this.#toClose = this.#toClose.filter((file) => file !== first);
      await first.destroyAsync();
      // Not before: a removal that fails is tried again.
      this.#files = this.#files.filter((file) => file !== first);
      removed += 1;
    }
  }

  /** Writes and forces everything on the thread pool. Throws StoreIoError; the next call tries again. */
  async flushAsync(): Promise<void> {
    await this.#closeFullFiles();
    await this.#files.at(-1)?.flushAsync();
  }

  /** Removes all files: the log is empty. Java: IndexService#destroy. */
  destroy(): void {
    for (const file of this.#files) file.destroy();
    this.#files = [];
    this.#toClose = [];
  }

  /** The newest message once more, as after a crash: what of it is missing is added. */
  #putMissing(phyOffset: number, storeTimestamp: number, keyHashes: Int32Array, count: number): void {
    let file = this.#files.at(-1);
    const before = this.#files.at(-2);
    for (let index = 0; index < count; index += 1) {
      const keyHash = keyHashes[index] as number;
      if (file?.hasNewest(keyHash, phyOffset) === true || before?.hasNewest(keyHash, phyOffset) === true) continue;
      if (file?.put(keyHash, phyOffset, storeTimestamp) === true) continue;
      file = this.#roll(file);
      file.put(keyHash, phyOffset, storeTimestamp);
    }
  }

  /** Begins the next file and lets the full one go to disk. Java: IndexService#getAndCreateLastIndexFile. */
  #roll(full: IndexFile | undefined): IndexFile {
    const { openFiles, dir, layout } = this.#parts;
    if ((this.#toClose.length + 1) * layout.maxHashSlotNum > MAX_UNCLOSED_SLOTS) {
      throw new StoreIoError('roll', dir, 0, 'EBUSY');
    }
    const end = { phyOffset: full?.endPhyOffset ?? 0, timestamp: full?.endTimestamp ?? 0 };
    const file = IndexFile.create(openFiles, dir, this.#nextName(), layout, end);
    this.#files.push(file);
    if (full === undefined) return file;
    this.#toClose.push(full);
    this.#closeFullFiles().catch((error: unknown) => {
      this.#parts.log.error(
        { err: error, file: full.name },
        'writing a full index file failed; the next flush tries again',
      );
    });
    return file;
  }

  #closeFullFiles(): Promise<void> {
    this.#closing ??= this.#closeInOrder().finally(() => {
      this.#closing = undefined;
    });
    return this.#closing;
  }

  /** Only a full file on disk moves the checkpoint, and only behind it. Java: IndexService#flush. */
  async #closeInOrder(): Promise<void> {
    for (let file = this.#toClose[0]; file !== undefined; file = this.#toClose[0]) {
      await file.flushAsync();
      if (this.#toClose[0] !== file) continue;
      this.#closed(file);
      await this.#parts.checkpoint.flushAsync();
    }
  }

  #closed(file: IndexFile): void {
    this.#toClose.shift();
    const { checkpoint } = this.#parts;
    checkpoint.indexMsgTimestamp = Math.max(checkpoint.indexMsgTimestamp, file.endTimestamp);
  }

  /** Java's rule: what is newer than the checkpoint cannot be trusted, nor what tells nothing. */
  #countTrusted(files: readonly IndexFile[]): number {
    const { indexMsgTimestamp } = this.#parts.checkpoint;
    const first = files.findIndex((file) => file.endTimestamp > indexMsgTimestamp || file.indexCount <= 1);
    return first < 0 ? files.length : first;
  }

  #open(name: string): IndexFile | undefined {
    const { openFiles, dir, layout, log } = this.#parts;
    const path = `${dir}/${name}`;
    const stat = openFiles.fs.stat(path);
    if (!/^\d+$/.test(name) || stat === undefined || stat.isDirectory) {
      log.warn({ path }, 'this entry of the index directory is no index file and is ignored');
      return undefined;
    }
    if (name > this.#lastName) this.#lastName = name;
    const sizeBytes = indexFileBytes(layout);
    if (stat.sizeBytes === sizeBytes) return IndexFile.load(openFiles, dir, name, layout);
    if (stat.sizeBytes === 0) {
      // A crash between creation and sizing leaves it; it holds nothing.
      openFiles.fs.unlink(path);
      return undefined;
    }
    // Java would read it with the wrong layout and find nothing or nonsense.
    const fields = { path, sizeBytes: stat.sizeBytes, expectedBytes: sizeBytes };
    log.warn(fields, 'index file of other maxHashSlotNum or maxIndexNum is ignored: its messages are not found by key');
    return undefined;
  }

  /** Local time to the millisecond, later than every name before: names are the order at the next start. */
  #nextName(): string {
    const now = localTimeName(this.#parts.clock.now());
    const before = this.#lastName;
    this.#lastName = before === '' || now > before ? now : String(BigInt(before) + 1n).padStart(before.length, '0');
    return this.#lastName;
  }
}

export interface IndexServiceParts {
  readonly openFiles: OpenFiles;
  /** The index directory. */
  readonly dir: string;
  readonly layout: IndexLayout;
  readonly checkpoint: StoreCheckpoint;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A walk over a chain reads 20 bytes at a time from the page cache: so many are about a millisecond. */
const STEPS_PER_TURN = 1_000;
/** A query gives up on what it has after a million entries. */
const MAX_TURNS = 1_000;
/** Full files keep their slots until they are on disk; when the disk does not keep up, 240 MB of them are enough. */
const MAX_UNCLOSED_SLOTS = 60_000_000;

/**
 * How many files of a crashed run of ours are to be kept: all full ones, and the one that was being filled. Its header
 * goes to disk last, so a file that is not full misses entries even when a newer one exists; and an empty one tells
 * nothing, not even whether the file before it survived.
 */
function countFilled(files: readonly IndexFile[]): number {
  const last = files.findIndex((file) => !file.isFull);
  if (last < 0) return files.length;
  return (files[last] as IndexFile).indexCount > 1 ? last + 1 : last;
}

/** yyyyMMddHHmmssSSS in local time. Java: UtilAll#timeMillisToHumanString. */
function localTimeName(nowMs: number): string {
  const time = new Date(nowMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = `${String(time.getFullYear()).padStart(4, '0')}${two(time.getMonth() + 1)}${two(time.getDate())}`;
  const clock = `${two(time.getHours())}${two(time.getMinutes())}${two(time.getSeconds())}`;
  return `${date}${clock}${String(time.getMilliseconds()).padStart(3, '0')}`;
}
