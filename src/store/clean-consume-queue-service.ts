import { HALF_TOPIC, OP_TOPIC, SCHEDULE_TOPIC } from '../codec/system-topics.ts';
import type { MessageStoreConfig } from '../config/message-store-config.ts';
import type { Fs } from '../util/fs.ts';
import type { Logger } from '../util/logger.ts';
import type { CommitLog } from './commit-log.ts';
import type { ConsumeQueue } from './consume-queue.ts';
import { deleteExpired } from './consume-queue-expiry.ts';
import type { ConsumeQueueTable } from './consume-queue-table.ts';
import type { IndexService } from './index-service.ts';
import type { Pacer } from './pacer.ts';
import type { QueueTable } from './queue-table.ts';
import { StoreIoError, toStoreIoError } from './store-errors.ts';
import { storePath } from './store-path.ts';

/** Topics whose queues are never removed as a whole: what lies in them is on its way to another topic. */
const KEPT_TOPICS: ReadonlySet<string> = new Set([SCHEDULE_TOPIC]);
/** Of these Java removes what topics.json does not know; half messages would be lost with them (ADR 0022). */
const TRANSACTION_TOPICS: ReadonlySet<string> = new Set([HALF_TOPIC, OP_TOPIC]);

/** What the service cleans. */
export interface CleanConsumeQueueParts {
  readonly fs: Fs;
  readonly config: MessageStoreConfig;
  readonly logger: Logger;
  readonly log: CommitLog;
  readonly consumeQueues: ConsumeQueueTable;
  readonly queues: QueueTable;
  readonly index: IndexService;
  readonly pacer: Pacer;
  /** Writes what is staged: a staged message holds on to its queue. */
  commitTurn(): void;
}

/**
 * Follows the CommitLog: what points below its min offset goes. One queue at a time, giving way in between.
 * Java: DefaultMessageStore.CleanConsumeQueueService, #cleanExpiredConsumerQueue, #cleanUnusedTopic.
 */
export class CleanConsumeQueueService {
  readonly #parts: CleanConsumeQueueParts;
  #lastMinOffset = 0;
  /** A queue's leading files are being removed: no queue may go, or come again under the same names, meanwhile. */
  #underWay: Promise<void> | undefined;
  #toldFailure = '';

  constructor(parts: CleanConsumeQueueParts) {
    this.#parts = parts;
  }

  /** One run; gives the number of files removed. Trouble with files is logged, the next run tries again. */
  async run(): Promise<number> {
    const minOffset = this.#parts.log.minOffset;
    if (minOffset <= this.#lastMinOffset) return 0;
    const { config, consumeQueues, index, pacer, logger } = this.#parts;
    let removed = 0;
    let failures = 0;
    const failedWith = (error: unknown): void => {
      failures += 1;
      this.#tellFailure(error);
    };
    for (const queue of [...consumeQueues]) {
      const here = await this.#exclusive(queue, minOffset).catch(failedWith);
      removed += here ?? 0;
      if ((here ?? 0) > 0) await pacer.pause(config.deleteConsumeQueueFilesInterval);
      else await pacer.giveWay();
      if (pacer.hasStopped()) return removed;
    }
    removed += (await index.deleteExpired(minOffset).catch(failedWith)) ?? 0;
    if (removed > 0) logger.info({ removed, minOffset }, 'removed files of consume queues and index');
    if (failures > 0) return removed;
    this.#lastMinOffset = minOffset;
    this.#toldFailure = '';
    return removed;
  }

  /** Removes queues all of whose messages are gone; their counters start again. Gives their number. */
  cleanExpiredConsumerQueue(): Promise<number> {
    const { log, logger } = this.#parts;
    const minCommitLogOffset = log.minOffset;
    return this.#removeQueues((queue) => {
      if (KEPT_TOPICS.has(queue.topic)) return false;
      const lastOffset = queue.lastPhyOffset();
      if (lastOffset >= 0) return lastOffset < minCommitLogOffset;
      const { topic, queueId } = queue;
      logger.debug({ topic, queueId }, 'maybe the consume queue was created just now: it has no message');
      return false;
    });
  }

  /** Removes the queues of topics that are not in `topics`. Gives their number. */
  cleanUnusedTopic(topics: ReadonlySet<string>): Promise<number> {
    return this.#removeQueues(({ topic }) => {
      return !topics.has(topic) && !KEPT_TOPICS.has(topic) && !TRANSACTION_TOPICS.has(topic);
    });
  }

  /** The removal is on disk when this is done. Rejects with StoreIoError; what was removed before stays removed. */
  async #removeQueues(mayGo: (queue: ConsumeQueue) => boolean): Promise<number> {
    const { consumeQueues, queues, logger, pacer, log } = this.#parts;
    const dirs = new Set<string>();
    let removed = 0;
    for (const queue of [...consumeQueues]) {
      while (this.#underWay !== undefined) await this.#underWay;
      if (pacer.hasStopped()) break;
      const { topic, queueId, maxOffset } = queue;
      this.#parts.commitTurn();
      if (consumeQueues.find(topic, queueId) !== queue || !mayGo(queue)) continue;
      queues.forget(topic, queueId);
      consumeQueues.remove(topic, queueId);
      dirs.add(topic);
      removed += 1;
      logger.info({ topic, queueId, maxOffset, minPhyOffset: log.minOffset }, 'consume queue removed');
      await pacer.giveWay();
    }
    if (removed > 0) await this.#syncDirs(dirs);
    return removed;
  }

  async #exclusive(queue: ConsumeQueue, minOffset: number): Promise<number> {
    const work = deleteExpired(queue, minOffset);
    this.#underWay = work.then(
      () => {},
      () => {},
    );
    try {
      return await work;
    } finally {
      this.#underWay = undefined;
    }
  }

  /** Else files of a queue that begins again could stand beside old ones after a power loss. */
  async #syncDirs(topics: ReadonlySet<string>): Promise<void> {
    const { fs, config } = this.#parts;
    const dir = storePath.consumeQueue(config.storePathRootDir);
    for (const path of [...[...topics].map((topic) => `${dir}/${topic}`), dir]) {
      // A queue that was never written has no directory, and one that was the topic's last has taken it along.
      if (fs.stat(path) === undefined) continue;
      try {
        await fs.fsyncDirAsync(path);
      } catch (error) {
        throw toStoreIoError('fsyncDir', path, 0, error);
      }
    }
  }

  #tellFailure(error: unknown): void {
    if (!(error instanceof StoreIoError)) throw error;
    if (this.#toldFailure === error.message) return;
    this.#toldFailure = error.message;
    this.#parts.logger.error({ err: error }, 'cleaning consume queues or index failed; it is tried again');
  }
}
