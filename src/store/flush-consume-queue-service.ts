import type { MessageStoreConfig } from '../config/message-store-config.ts';
import type { Clock, Timer } from '../util/clock.ts';
import type { Logger } from '../util/logger.ts';
import type { ConsumeQueueTable } from './consume-queue-table.ts';
import type { IndexService } from './index-service.ts';
import type { StoreCheckpoint } from './store-checkpoint.ts';
import { StoreIoError } from './store-errors.ts';

/** Index slots are random: writing them more often costs visibly, and a crash can be repaired from the log. */
const INDEX_FLUSH_PERIOD_MS = 10_000;

/** What the service flushes. */
export interface FlushConsumeQueueParts {
  readonly clock: Clock;
  readonly config: MessageStoreConfig;
  readonly logger: Logger;
  readonly consumeQueues: ConsumeQueueTable;
  readonly checkpoint: StoreCheckpoint;
  readonly index: IndexService;
  /** Store time of the newest record in the consume queues, 0 before the first. */
  lastStoreTimestamp(): number;
  /** Writing or flushing failed. What was written only waits for the next try; see {@link QueueFlushFailure}. */
  onFailed(failure: QueueFlushFailure, error: StoreIoError): void;
  /** Everything that was tried worked. */
  onWorked(): void;
}

/**
 * `waits`: nothing is lost, the next try does the same again. `queue` and `index`: an fdatasync failed, what is on disk
 * is not known; `final` when memory does not hold it any more, so that only a new start can rebuild it from the log.
 */
export interface QueueFlushFailure {
  readonly kind: 'waits' | 'queue' | 'index';
  readonly final: boolean;
}

/**
 * Brings consume queues and index to disk now and then, and the checkpoint behind them, on the thread pool. Nothing
 * depends on it but the length of the next recovery. What fails is tried again a period later.
 * Java: DefaultMessageStore.FlushConsumeQueueService.
 */
export class FlushConsumeQueueService {
  readonly #parts: FlushConsumeQueueParts;
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #lastThoroughMs = 0;
  #lastIndexMs = 0;
  #stopped = false;
  #isFailing = false;

  constructor(parts: FlushConsumeQueueParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#lastThoroughMs = this.#parts.clock.monotonicMs();
    this.#lastIndexMs = this.#lastThoroughMs;
    this.#schedule();
  }

  /** Ends the service; what is under way is finished first. The caller flushes the rest. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#running;
  }

  /** The interval is a live setting, so each wait is armed anew. */
  #schedule(): void {
    const { clock, config } = this.#parts;
    this.#timer = clock.setTimeout(
      () => {
        this.#running ??= this.#flush();
        if (!this.#stopped) this.#schedule();
      },
      Math.max(1, config.flushIntervalConsumeQueue),
    );
  }

  async #flush(): Promise<void> {
    const { clock, config, consumeQueues, checkpoint, index } = this.#parts;
    const nowMs = clock.monotonicMs();
    const leastPages = config.flushConsumeQueueLeastPages;
    const thorough = leastPages === 0 || nowMs - this.#lastThoroughMs >= config.flushConsumeQueueThoroughInterval;
    let part: 'queue' | 'index' | 'checkpoint' = 'queue';
    try {
      // The checkpoint must not name what comes in while the files are being flushed.
      const logicsMsgTimestamp = this.#parts.lastStoreTimestamp();
      await (thorough ? consumeQueues.flushAsync() : consumeQueues.writeAsync(leastPages));
      part = 'index';
      if (nowMs - this.#lastIndexMs >= INDEX_FLUSH_PERIOD_MS) {
        await index.flushAsync();
        this.#lastIndexMs = nowMs;
      }
      part = 'checkpoint';
      if (thorough) {
        if (logicsMsgTimestamp > 0) checkpoint.logicsMsgTimestamp = logicsMsgTimestamp;
        await checkpoint.flushAsync();
        this.#lastThoroughMs = nowMs;
      }
      this.#worked();
    } catch (error) {
      if (!(error instanceof StoreIoError)) throw error;
      this.#failed(part, error);
    } finally {
      this.#running = undefined;
    }
  }

  #worked(): void {
    this.#parts.onWorked();
    if (!this.#isFailing) return;
    this.#isFailing = false;
    this.#parts.logger.warn({}, 'writing consume queues, index and checkpoint works again');
  }

  #failed(part: 'queue' | 'index' | 'checkpoint', error: StoreIoError): void {
    if (!this.#isFailing) {
      this.#isFailing = true;
      const fields = { err: error, path: error.path, operation: error.operation, code: error.code };
      this.#parts.logger.error({ part, ...fields }, 'writing consume queues, index or checkpoint failed; tried again');
    }
    // The checkpoint is always written whole; a write that failed changed nothing that memory does not have.
    const isSuspect = error.operation === 'fdatasync' || error.operation === 'rewrite';
    const kind = part === 'checkpoint' || !isSuspect ? 'waits' : part;
    const final = kind === 'index' || (kind === 'queue' && error.operation === 'rewrite');
    this.#parts.onFailed({ kind, final }, error);
  }
}
