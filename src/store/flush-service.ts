import type { MessageStoreConfig } from '../config/message-store-config.ts';
import type { Clock, Timer } from '../util/clock.ts';
import type { Logger } from '../util/logger.ts';
import type { CommitLog } from './commit-log.ts';

/** A page of the settings `…LeastPages`. Java: MappedFile.OS_PAGE_SIZE. */
const PAGE_BYTES = 4096;
/** Written and not yet on disk: from here on a flush is started without waiting for its time. */
const EARLY_FLUSH_BYTES = 8 << 20;
/** After so long without a put the memory for the newest part of the log is let go. */
const IDLE_RELEASE_MS = 30_000;

/** What the service flushes and tells. */
export interface FlushParts {
  readonly clock: Clock;
  readonly config: MessageStoreConfig;
  readonly logger: Logger;
  readonly log: CommitLog;
  /** Nothing was put for a while: memory can be let go. */
  onIdle(): void;
  /** Store timestamp of the newest record that is written. */
  lastTimestamp(): number;
  /** Everything below the log's `flushedEnd`, stored up to `storeTimestamp`, is on disk. */
  onFlushed(storeTimestamp: number): void;
  /** An fdatasync failed: what was written since the last good one may be lost, and nobody may be told it is safe. */
  onFailed(error: unknown): void;
}

/**
 * Brings the CommitLog to disk, on the thread pool. ASYNC_FLUSH: by time and amount. SYNC_FLUSH: one fdatasync in
 * flight, everything written meanwhile shares the next. Java: FlushRealTimeService, GroupCommitService.
 */
export class FlushService {
  readonly #parts: FlushParts;
  readonly #sync: boolean;
  #timer: Timer | undefined;
  #inFlight: Promise<void> | undefined;
  #again = false;
  #failed = false;
  #stopped = false;
  #lastFlushMs = 0;
  #lastEnd = 0;
  #lastGrowthMs = 0;
  #released = false;

  constructor(parts: FlushParts) {
    this.#parts = parts;
    this.#sync = parts.config.flushDiskType === 'SYNC_FLUSH';
  }

  start(): void {
    this.#lastFlushMs = this.#parts.clock.monotonicMs();
    this.#lastGrowthMs = this.#lastFlushMs;
    this.#schedule();
  }

  /** Bytes that a power loss would take. */
  get unflushedBytes(): number {
    const { log } = this.#parts;
    return log.writtenEnd - log.flushedEnd;
  }

  /** Called after each write of a turn; `waited` when a ticket of it needs the flush. */
  onWritten(waited: boolean): void {
    if ((this.#sync && waited) || this.unflushedBytes >= EARLY_FLUSH_BYTES) this.#flush();
  }

  /** Flushes what is left and ends the service; nothing may be written any more. A failure is told as always. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#inFlight;
    if (!this.#failed && this.unflushedBytes > 0) await this.#run();
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
    const unflushed = this.unflushedBytes;
    if (unflushed === 0) return;
    const thorough = nowMs - this.#lastFlushMs >= config.flushCommitLogThoroughInterval;
    if (this.#sync || thorough || unflushed >= config.flushCommitLogLeastPages * PAGE_BYTES) this.#flush();
  }

  #flush(): void {
    if (this.#inFlight !== undefined) {
      this.#again = true;
      return;
    }
    if (this.#failed) return;
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
    const { log, logger } = this.#parts;
    try {
      await log.files.flushAsync();
      return true;
    } catch (error) {
      // The kernel may have dropped the pages that it could not write; a later success would prove nothing.
      this.#failed = true;
      logger.error({ err: error, flushed: log.flushedEnd, written: log.writtenEnd }, 'flushing the commit log failed');
      this.#parts.onFailed(error);
      return false;
    }
  }
}
