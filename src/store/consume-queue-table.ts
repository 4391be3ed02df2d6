import type { Clock } from '../util/clock.ts';
import type { Logger } from '../util/logger.ts';
import { ConsumeQueue, type ConsumeQueueParts } from './consume-queue.ts';
import { isDurableBelow } from './consume-queue-expiry.ts';
import { type ConsumeQueueExt, type ConsumeQueueExtParts, ExtWindow } from './consume-queue-ext.ts';
import { recoverConsumeQueueExt } from './consume-queue-ext-recovery.ts';
import {
  type DoubtfulQueue,
  doubtConsumeQueue,
  dropSplitEntry,
  recoverConsumeQueue,
  truncateConsumeQueue,
} from './consume-queue-recovery.ts';
import { EntryMemory } from './entry-memory.ts';
import type { OpenFiles } from './open-files.ts';
import { StoreLoadError } from './store-errors.ts';
import { syncNames } from './sync-names.ts';

/**
 * All consume queues of a store, by topic and queue id. Looking one up costs no file: files appear when entries are
 * written. Java: DefaultMessageStore#consumeQueueTable.
 */
export class ConsumeQueueTable {
  readonly #parts: ConsumeQueueParts;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #topics = new Map<string, Map<number, ConsumeQueue>>();
  /** Queues with entries that are not on disk. */
  readonly #dirty = new Set<ConsumeQueue>();

  constructor(options: ConsumeQueueTableOptions) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#parts = {
      openFiles: options.openFiles,
      dir: options.dir,
      fileSize: options.fileSize,
      memory: options.memory ?? new EntryMemory(),
      log: options.log,
      onDirty: (queue) => this.#dirty.add(queue),
      ...(options.ext === undefined
        ? {}
        : { ext: { ...options.ext, openFiles: options.openFiles, log: options.log, window: new ExtWindow() } }),
    };
  }

  /**
   * Finds the queues on disk, named as whoever wrote them named them; directories that are no queue id are skipped, as
   * Java does. Throws StoreLoadError for a file that is not one of ours. Java: DefaultMessageStore#loadConsumeQueue.
   */
  load(): void {
    const { fs } = this.#parts.openFiles;
    for (const topic of fs.list(this.#parts.dir).sort()) {
      if (fs.stat(`${this.#parts.dir}/${topic}`)?.isDirectory !== true) continue;
      for (const name of fs.list(`${this.#parts.dir}/${topic}`)) {
        const queueId = toQueueId(name);
        if (queueId === undefined || fs.stat(`${this.#parts.dir}/${topic}/${name}`)?.isDirectory !== true) {
          this.#log.warn({ topic, name }, 'this entry of the consumequeue directory is no queue and is ignored');
          continue;
        }
        const queue = this.#create(topic, queueId);
        queue.files.load();
        queue.ext?.load();
      }
    }
  }

  /** A queue that was used before, or undefined. */
  find(topic: string, queueId: number): ConsumeQueue | undefined {
    return this.#topics.get(topic)?.get(queueId);
  }

  /** A queue, made when it is unknown; makes no file. The caller has checked both names. */
  findOrCreate(topic: string, queueId: number): ConsumeQueue {
    const known = this.#topics.get(topic)?.get(queueId);
    if (known !== undefined) return known;
    const queue = this.#create(topic, queueId);
    if (queue.ext !== undefined) adoptFiles(queue.ext);
    return queue;
  }

  #create(topic: string, queueId: number): ConsumeQueue {
    let queues = this.#topics.get(topic);
    if (queues === undefined) {
      queues = new Map();
      this.#topics.set(topic, queues);
    }
    const queue = new ConsumeQueue(this.#parts, topic, queueId);
    queues.set(queueId, queue);
    return queue;
  }

  /** The queues of a topic by queue id. */
  queuesOf(topic: string): ReadonlyMap<number, ConsumeQueue> | undefined {
    return this.#topics.get(topic);
  }

  topics(): IterableIterator<string> {
    return this.#topics.keys();
  }

  *[Symbol.iterator](): Generator<ConsumeQueue> {
    for (const queues of this.#topics.values()) yield* queues.values();
  }

  /**
   * Finds the end of every queue and gives what cannot be right in them. Throws StoreIoError.
   * Java: DefaultMessageStore#recoverConsumeQueue.
   */
  recover(afterCrash: boolean): DoubtfulQueue[] {
    const { ext, openFiles } = this.#parts;
    if (afterCrash && ext !== undefined) syncNames(openFiles.fs, ext.dir);
    const found: DoubtfulQueue[] = [];
    for (const queue of this) {
      const { zeroed, doubtful } = recoverConsumeQueue(queue, afterCrash);
      const { topic, queueId, maxOffset } = queue;
      if (zeroed > 0) this.#log.warn({ topic, queueId, maxOffset, zeroed }, 'zeroed entries behind the end of a queue');
      if (doubtful.length > 0) found.push({ queue, runs: doubtful });
    }
    return found;
  }

  /** End of the newest message that any queue knows, −1 for none. */
  maxPhysicOffset(): number {
    let max = -1;
    for (const queue of this) max = Math.max(max, queue.maxPhysicOffset);
    return max;
  }

  /** After a crash, before the log is indexed again from `phyOffset` on: see {@link dropSplitEntry}. */
  dropSplitEntries(phyOffset: number): void {
    for (const queue of this) if (dropSplitEntry(queue, phyOffset)) this.#dirty.add(queue);
  }

  /** Cuts every queue to a CommitLog that ends at `phyOffset`. Throws StoreIoError. */
  truncateDirtyLogicFiles(phyOffset: number): void {
    for (const queue of this) truncateConsumeQueue(queue, phyOffset);
  }

  /**
   * After a crash: entries of messages at or behind `phyOffset` may not be on disk, whoever wrote them; the next
   * {@link flushAsync} forces them before the checkpoint may move. Throws StoreIoError.
   */
  doubtFrom(phyOffset: number): void {
    const { dir, openFiles } = this.#parts;
    syncNames(openFiles.fs, dir);
    for (const queue of this) if (doubtConsumeQueue(queue, phyOffset)) this.#dirty.add(queue);
  }

  /** Java: ConsumeQueue#correctMinOffset, over all queues. Throws StoreIoError. */
  correctMinOffset(minPhyOffset: number): void {
    for (const queue of this) queue.correctMinOffset(minPhyOffset);
  }

  /** Removes the files of every queue; the CommitLog is empty. Java: DefaultMessageStore#destroyLogics. */
  destroyLogics(): void {
    for (const queue of this) queue.destroy();
    this.#dirty.clear();
  }

  /** Removes a queue with its files. True when it was there. */
  remove(topic: string, queueId: number): boolean {
    const queues = this.#topics.get(topic);
    const queue = queues?.get(queueId);
    if (queues === undefined || queue === undefined) return false;
    queue.destroy();
    this.#dirty.delete(queue);
    queues.delete(queueId);
    if (queues.size > 0) return true;
    this.#topics.delete(topic);
    const { fs } = this.#parts.openFiles;
    if (fs.list(`${this.#parts.dir}/${topic}`).length === 0) fs.rmdir(`${this.#parts.dir}/${topic}`);
    return true;
  }

  /** Queues with entries that are not on disk. */
  get dirtyQueues(): number {
    return this.#dirty.size;
  }

  /** Bytes of memory that entries take; bounded by the budget of {@link EntryMemory}. */
  get memoryBytes(): number {
    return this.#parts.memory.allocatedBytes;
  }

  /**
   * Takes the entries of the queues with at least `leastPages` unwritten pages to the files, in turns that give way to
   * others. The other queues stay in memory: a thousand small writes a second cost more than the messages. Forces only
   * queues that have left a file: nothing needs the others on disk before {@link flushAsync}, and to force a thousand
   * files in turn keeps the disk from the CommitLog. Throws StoreIoError. Java: FlushConsumeQueueService#doFlush.
   */
  writeAsync(leastPages: number): Promise<void> {
    return this.#inTurns(async (queue) => {
      if (queue.unwrittenPages >= leastPages) await queue.writeDirtyAsync();
      if (queue.hasUnflushedFullFile) await queue.flushAsync();
    });
  }

  /**
   * Writes and forces everything that was there at the call, in turns that give way to others; the checkpoint may move
   * behind it. Nothing is lost by a crash before: the CommitLog has it. Throws StoreIoError.
   */
  flushAsync(): Promise<void> {
    return this.#inTurns(async (queue) => {
      await queue.flushAsync();
      if (!queue.isUnflushed) this.#dirty.delete(queue);
    });
  }

  /** Writes and forces everything, blocking: for shutdown. Throws StoreIoError. */
  flush(): void {
    for (const queue of this.#dirty) queue.flush();
    this.#dirty.clear();
  }

  /**
   * Forces the queues that a crash would take messages below `phyOffset` from, and only those. Rejects with
   * StoreIoError.
   */
  async flushBelow(phyOffset: number): Promise<void> {
    await this.#inTurns((queue) => (isDurableBelow(queue, phyOffset) ? undefined : queue.flushAsync()));
  }

  async #inTurns(work: (queue: ConsumeQueue) => Promise<void> | undefined): Promise<void> {
    let looked = 0;
    for (const queue of [...this.#dirty]) {
      looked += 1;
      if (looked % QUEUES_PER_TURN === 0) await new Promise<void>((resolve) => this.#clock.atTurnEnd(resolve));
      await work(queue);
    }
  }
}

export interface ConsumeQueueTableOptions {
  readonly openFiles: OpenFiles;
  /** The consumequeue directory. */
  readonly dir: string;
  /** Bytes of a file, a multiple of 20: see `roundUpToEntries`. */
  readonly fileSize: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** Shared by all queues; a default budget otherwise. */
  readonly memory?: EntryMemory;
  /** The consumequeue_ext directory and the bytes of a file in it, with enableConsumeQueueExt. */
  readonly ext?: Pick<ConsumeQueueExtParts, 'dir' | 'fileSize'>;
}

/** Writing one queue takes some microseconds; so many of them are no pause anybody notices. */
const QUEUES_PER_TURN = 64;

/**
 * A queue that is made while messages are indexed may have extension files: of its life before consumequeue/ was
 * removed, and maybe of a run that was killed. No entry names their units, and new ones are added behind.
 */
function adoptFiles(ext: ConsumeQueueExt): void {
  try {
    ext.load();
    recoverConsumeQueueExt(ext, -1, true);
  } catch (error) {
    if (!(error instanceof StoreLoadError)) throw error;
    ext.refuse(error);
  }
}

/** Java: Integer.parseInt of the directory's name, but only the form in which Java writes it. */
function toQueueId(name: string): number | undefined {
  if (!/^-?\d{1,10}$/.test(name)) return undefined;
  const value = Number(name);
  return String(value) === name && value === (value | 0) ? value : undefined;
}
