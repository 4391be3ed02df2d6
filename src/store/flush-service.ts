import type { MessageStoreConfig } from '../config/message-store-config.ts';
import type { Clock, Timer } from '../util/clock.ts';
import type { CommitLog } from './commit-log.ts';
import { StoreIoError } from './store-errors.ts';

/** A page of the settings `…LeastPages`. Java: MappedFile.OS_PAGE_SIZE. */
const PAGE_BYTES = 4096;
/** Written and not yet on disk: from here on a flush is started without waiting for its time. */
const EARLY_FLUSH_BYTES = 8 << 20;
/** After so long without a put the memory for the newest part of the log is let go. */
const IDLE_RELEASE_MS = 30_000;
/** So little in that time, and that memory is used anew: slow traffic does not fill the whole hot window. */
const LITTLE_BYTES = 1 << 20;
/** Waits before a failed flush is tried again: the first, doubled each time, and the longest. */
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;
/** A stop tries so often to flush what is left. Java: RETRY_TIMES_OVER. */
const STOP_TRIES = 3;

/** What the service flushes and tells. */
export interface FlushParts {
  readonly clock: Clock;
  readonly config: MessageStoreConfig;
  readonly log: CommitLog;
  /** Nothing was put for a while: memory can be let go. */
  onIdle(): void;
  /** Store timestamp of the newest record that is written. */
  lastTimestamp(): number;
  /** Everything below the log's `flushedEnd`, stored up to `storeTimestamp`, is on disk. */
  onFlushed(storeTimestamp: number): void;
  /**
   * An fdatasync failed, or the rewrite before the next one: what was written since the last good one may be lost, and
   * nobody may be told it is safe. `lost`: memory does not hold it any more, so only a new start can help.
   */
  onFailed(error: StoreIoError, lost: boolean): void;
}

/**
 * Brings the CommitLog to disk, on the thread pool. ASYNC_FLUSH: by time and amount. SYNC_FLUSH: one fdatasync in
 * flight, everything written meanwhile shares the next. After a failure what may not be on disk is written again
 * from memory before the next fdatasync (ADR 0023). Java: FlushRealTimeService, GroupCommitService.
 */
export class FlushService {
  readonly #parts: FlushParts;
  readonly #sync: boolean;
  #timer: Timer | undefined;
  #inFlight: Promise<void> | undefined;
  #again = false;
  /** Since the last failure nothing was flushed: the kernel may count pages as written that are not. */
  #suspect = false;
  /** The range to write again is not in memory: no fdatasync can prove anything any more. */
  #lost = false;
  #lastError: StoreIoError | undefined;
  #retryMs = FIRST_RETRY_MS;
  #retryAtMs = 0;
  #stopped = false;
  #lastFlushMs = 0;
  #lastEnd = 0;
  #lastGrowthMs = 0;
  #released = false;
  /** Where the log ended when its memory was used anew, or when it last grew by more than a little. */
  #periodEnd = 0;
  #periodMs = 0;

  constructor(parts: FlushParts) {
    this.#parts = parts;
    this.#sync = parts.config.flushDiskType === 'SYNC_FLUSH';
  }

  start(): void {
    this.#lastFlushMs = this.#parts.clock.monotonicMs();
    this.#lastGrowthMs = this.#lastFlushMs;
    this.#periodMs = this.#lastFlushMs;
    this.#schedule();
  }

  /** Bytes that a power loss would take. */
  get unflushedBytes(): number {
    const { log } = this.#parts;
    return log.writtenEnd - log.flushedEnd;
  }

  /** How long the fdatasync under way has taken, 0 without one. */
  get inFlightMs(): number {
    return this.#inFlight === undefined ? 0 : this.#parts.clock.monotonicMs() - this.#lastFlushMs;
  }

  /** Called after each write of a turn; `waited` when a ticket of it needs the flush. */
  onWritten(waited: boolean): void {
    if (this.#suspect) return;
    if ((this.#sync && waited) || this.unflushedBytes >= EARLY_FLUSH_BYTES) this.#flush();
  }

  /** Somebody waits for what is written now to be on disk: it does not wait for its time. */
  flushSoon(): void {
    if (!this.#suspect && !this.#stopped && this.unflushedBytes > 0) this.#flush();
  }

  /** Another process has the files: nothing is written or flushed any more. */
  abandon(): void {
    this.#lost = true;
  }

  /** Flushes what is left and ends the service; nothing may be written any more. A failure is told as always. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#inFlight;
    for (let left = STOP_TRIES; left > 0 && !this.#lost && this.unflushedBytes > 0; left -= 1) await this.#run();
  }

  /** The interval is a live setting, so each wait is armed anew. */
  #schedule(): void {
    const { clock, config } = this.#parts;
    this.#timer = clock.setTimeout(
      () => {
        this.#tick();
        if (!this.#stopped) this.#schedule();
      },
      Math.max(1, config.flushIntervalCommitLog),
    );
  }

  #tick(): void {
    const { clock, config, log } = this.#parts;
    const nowMs = clock.monotonicMs();
    if (log.writtenEnd !== this.#lastEnd) {
      this.#lastEnd = log.writtenEnd;
      this.#lastGrowthMs = nowMs;
      this.#released = false;
    } else if (!this.#released && nowMs - this.#lastGrowthMs >= IDLE_RELEASE_MS) {
      this.#released = true;
      this.#parts.onIdle();
    }
    this.#reuseMemory(nowMs);
    const unflushed = this.unflushedBytes;
    if (unflushed === 0) return;
    if (this.#suspect) {
      if (nowMs >= this.#retryAtMs) this.#flush();
      return;
    }
    const thorough = nowMs - this.#lastFlushMs >= config.flushCommitLogThoroughInterval;
    if (this.#sync || thorough || unflushed >= config.flushCommitLogLeastPages * PAGE_BYTES) this.#flush();
  }

  /** Nothing is waiting for a disk only now and then: it is tried at each tick and after each flush. */
  #reuseMemory(nowMs: number): void {
    const { log } = this.#parts;
    if (log.writtenEnd - this.#periodEnd <= LITTLE_BYTES) {
      const isDue = log.writtenEnd > this.#periodEnd && nowMs - this.#periodMs >= IDLE_RELEASE_MS;
      if (!isDue || !log.reuseMemory()) return;
    }
    this.#periodEnd = log.writtenEnd;
    this.#periodMs = nowMs;
  }

  #flush(): void {
    if (this.#inFlight !== undefined) {
      this.#again = true;
      return;
    }
    if (this.#lost) return;
    this.#inFlight = this.#run();
  }

  async #run(): Promise<void> {
    const { clock } = this.#parts;
    try {
      do {
        this.#lastFlushMs = clock.monotonicMs();
        const storeTimestamp = this.#parts.lastTimestamp();
        if (!(await this.#flushFiles())) return;
        this.#parts.onFlushed(storeTimestamp);
        this.#reuseMemory(clock.monotonicMs());
      } while (this.#takeAgain());
    } finally {
      this.#inFlight = undefined;
    }
  }

  #takeAgain(): boolean {
    const again = this.#again;
    this.#again = false;
    return again;
  }

  async #flushFiles(): Promise<boolean> {
    const { log } = this.#parts;
    try {
      if (this.#suspect && (await log.rewriteUnflushed()) === 'not-in-memory') {
        this.#lost = true;
        this.#parts.onFailed(this.#lastError as StoreIoError, true);
      }
      if (this.#lost) return false;
      await log.files.flushAsync();
    } catch (error) {
      if (!(error instanceof StoreIoError)) throw error;
      this.#failed(error);
      return false;
    }
    this.#suspect = false;
    this.#retryMs = FIRST_RETRY_MS;
    return true;
  }

  #failed(error: StoreIoError): void {
    this.#suspect = true;
    this.#again = false;
    this.#lastError = error;
    this.#retryAtMs = this.#parts.clock.monotonicMs() + this.#retryMs;
    this.#retryMs = Math.min(LONGEST_RETRY_MS, this.#retryMs * 2);
    this.#parts.onFailed(error, false);
  }
}
