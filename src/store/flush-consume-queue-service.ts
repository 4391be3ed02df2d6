import type { MessageStoreConfig } from '../config/message-store-config.ts';
import type { Clock, Timer } from '../util/clock.ts';
import type { Logger } from '../util/logger.ts';
import type { ConsumeQueueTable } from './consume-queue-table.ts';
import type { IndexService } from './index-service.ts';
import type { StoreCheckpoint } from './store-checkpoint.ts';

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
  /** Writing the consume queues failed: the store takes no more. */
  onFailed(error: unknown): void;
}

/**
 * Brings consume queues and index to disk now and then, and the checkpoint behind them, on the thread pool. Nothing
 * depends on it but the length of the next recovery. Java: DefaultMessageStore.FlushConsumeQueueService.
 */
export class FlushConsumeQueueService {
  readonly #parts: FlushConsumeQueueParts;
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #lastThoroughMs = 0;
  #lastIndexMs = 0;
  #stopped = false;

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
    const { clock, config, consumeQueues, checkpoint, index, logger } = this.#parts;
    const nowMs = clock.monotonicMs();
    const leastPages = config.flushConsumeQueueLeastPages;
    const thorough = leastPages === 0 || nowMs - this.#lastThoroughMs >= config.flushConsumeQueueThoroughInterval;
    try {
      // The checkpoint must not name what comes in while the files are being flushed.
      const logicsMsgTimestamp = this.#parts.lastStoreTimestamp();
      await (thorough ? consumeQueues.flushAsync() : consumeQueues.writeAsync(leastPages));
      if (nowMs - this.#lastIndexMs >= INDEX_FLUSH_PERIOD_MS) {
        this.#lastIndexMs = nowMs;
        await index.flushAsync();
      }
      if (thorough) {
        this.#lastThoroughMs = nowMs;
        if (logicsMsgTimestamp > 0) checkpoint.logicsMsgTimestamp = logicsMsgTimestamp;
        await checkpoint.flushAsync();
      }
    } catch (error) {
      logger.error({ err: error }, 'flushing consume queues or index failed');
      this.#parts.onFailed(error);
    } finally {
      this.#running = undefined;
    }
  }
}
