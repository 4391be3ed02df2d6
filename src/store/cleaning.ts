import type { Timer } from '../util/clock.ts';
import type { Logger } from '../util/logger.ts';
import { type CleanCommitLogParts, CleanCommitLogService } from './clean-commit-log-service.ts';
import { type CleanConsumeQueueParts, CleanConsumeQueueService } from './clean-consume-queue-service.ts';
import type { MappedFileQueue } from './mapped-file-queue.ts';
import { Pacer } from './pacer.ts';
import type { PutRefusal } from './results.ts';

/** Java: DefaultMessageStore#addScheduleTask. */
const FIRST_RUN_MS = 60_000;
const FIRST_SELF_CHECK_MS = 60_000;
const SELF_CHECK_PERIOD_MS = 600_000;
/** A directory with more gaps than this is told with their number. */
const MOST_GAPS_TOLD = 10;

export type CleaningParts = Omit<CleanCommitLogParts, 'pacer' | 'makeQueuesDurableBelow'> &
  Omit<CleanConsumeQueueParts, 'pacer'> & {
    /** Messages below `minOffset` are gone: what was read ahead of them can be let go. */
    onRemoved(minOffset: number): void;
  };

/**
 * Runs the cleaning services from time to time, never two runs at once.
 * Java: DefaultMessageStore#cleanFilesPeriodically.
 */
export class Cleaning {
  readonly #parts: CleaningParts;
  readonly #pacer: Pacer;
  readonly #commitLog: CleanCommitLogService;
  readonly #queues: CleanConsumeQueueService;
  #timer: Timer | undefined;
  #selfCheck: Timer | undefined;
  readonly #running = new Set<Promise<unknown>>();

  constructor(parts: CleaningParts) {
    this.#parts = parts;
    this.#pacer = new Pacer(parts.clock);
    const makeQueuesDurableBelow = (phyOffset: number): Promise<void> => parts.consumeQueues.flushBelow(phyOffset);
    this.#commitLog = new CleanCommitLogService({ ...parts, pacer: this.#pacer, makeQueuesDurableBelow });
    this.#queues = new CleanConsumeQueueService({ ...parts, pacer: this.#pacer });
  }

  start(): void {
    this.#schedule(FIRST_RUN_MS);
    this.#scheduleSelfCheck(FIRST_SELF_CHECK_MS);
  }

  /** Ends the services; the file that is being removed is finished first. Idempotent. */
  async stop(): Promise<void> {
    this.#pacer.stop();
    this.#timer?.cancel();
    this.#selfCheck?.cancel();
    await Promise.allSettled(this.#running);
  }

  /** See {@link CleanCommitLogService.refusal}. */
  get refusal(): PutRefusal | undefined {
    return this.#commitLog.refusal;
  }

  /** See {@link CleanCommitLogService.executeDeleteFilesManually}. */
  executeDeleteFilesManually(): void {
    this.#commitLog.executeDeleteFilesManually();
  }

  /** See {@link CleanConsumeQueueService.cleanExpiredConsumerQueue}. Rejects with StoreIoError. */
  cleanExpiredConsumerQueue(): Promise<number> {
    return this.#counted(this.#queues.cleanExpiredConsumerQueue());
  }

  /** See {@link CleanConsumeQueueService.cleanUnusedTopic}. Rejects with StoreIoError. */
  cleanUnusedTopic(topics: ReadonlySet<string>): Promise<number> {
    return this.#counted(this.#queues.cleanUnusedTopic(topics));
  }

  /** Each wait is armed when the run before it is done: the period is a live setting and a run may take longer. */
  #schedule(delayMs: number): void {
    const { clock, config } = this.#parts;
    this.#timer = clock.setTimeout(() => {
      void this.#counted(this.#run()).then(() => {
        if (!this.#pacer.hasStopped()) this.#schedule(Math.max(1, config.cleanResourceInterval));
      });
    }, delayMs);
  }

  async #run(): Promise<void> {
    const { log, onRemoved } = this.#parts;
    if ((await this.#commitLog.run()) > 0) {
      log.window.forgetBelow(log.minOffset);
      onRemoved(log.minOffset);
    }
    if (!this.#pacer.hasStopped()) await this.#queues.run();
  }

  #counted<T>(work: Promise<T>): Promise<T> {
    this.#running.add(work);
    const done = (): void => {
      this.#running.delete(work);
    };
    work.then(done, done);
    return work;
  }

  #scheduleSelfCheck(delayMs: number): void {
    this.#selfCheck = this.#parts.clock.setTimeout(() => {
      void this.#counted(this.#checkSelf()).then(() => {
        if (!this.#pacer.hasStopped()) this.#scheduleSelfCheck(SELF_CHECK_PERIOD_MS);
      });
    }, delayMs);
  }

  /** Java: DefaultMessageStore#checkSelf. */
  async #checkSelf(): Promise<void> {
    const { log, consumeQueues, logger } = this.#parts;
    tellGaps(log.files, logger);
    for (const queue of [...consumeQueues]) {
      if (queue.files.files.length < 2) continue;
      tellGaps(queue.files, logger);
      await this.#pacer.giveWay();
      if (this.#pacer.hasStopped()) return;
    }
  }
}

function tellGaps(files: MappedFileQueue, logger: Logger): void {
  const gaps = files.gaps();
  if (gaps.length === 0) return;
  const told = gaps.slice(0, MOST_GAPS_TOLD);
  logger.error({ dir: files.dir, gaps: told, count: gaps.length }, 'bytes are missing between two files of the store');
}
