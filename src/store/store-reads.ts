import type { MessageStoreConfig } from '../config/message-store-config.ts';
import type { Clock } from '../util/clock.ts';
import type { Logger } from '../util/logger.ts';
import { DamagedReads } from './damaged-reads.ts';
import { GetMessage } from './get-message.ts';
import { maxRecordBytes } from './log-walk.ts';
import { Lookups } from './lookups.ts';
import type { OpenStore } from './open-store.ts';
import type { MessageFilter } from './ports.ts';
import { ReadAhead } from './read-ahead.ts';
import { RecordFetch } from './record-fetch.ts';
import type { GetMessageRequest, GetMessageResult } from './results.ts';
import { ScheduleQueues } from './schedule-queues.ts';
import type { StoreStats } from './stats.ts';

/** The reading half of the store. */
export class StoreReads {
  readonly lookups: Lookups;
  /** What readers met that is not as it was written. */
  readonly damaged: DamagedReads;
  /** Delayed messages. */
  readonly scheduled: ScheduleQueues;
  readonly #get: GetMessage;
  readonly #readAhead: ReadAhead;
  readonly #clock: Clock;
  readonly #stats: StoreStats;

  constructor(open: OpenStore, config: MessageStoreConfig, clock: Clock, stats: StoreStats, logger: Logger) {
    const { commitLog: log, consumeQueues, index, inMemoryBytes } = open;
    this.#clock = clock;
    this.#stats = stats;
    this.#readAhead = new ReadAhead(log);
    this.damaged = new DamagedReads(logger, config.storePathRootDir);
    const { damaged } = this;
    const fetch = new RecordFetch({
      ...{ log, inMemoryBytes, damaged },
      readAhead: this.#readAhead,
      maxRecordBytes: maxRecordBytes(config.maxMessageSize),
    });
    this.#get = new GetMessage({ config, log, consumeQueues, fetch, damaged, inMemoryBytes });
    this.lookups = new Lookups({ config, log, consumeQueues, index, fetch, damaged, inMemoryBytes });
    this.scheduled = new ScheduleQueues({ levels: open.delayLevels, consumeQueues, fetch, lookups: this.lookups });
  }

  /** Reads from a queue, and counts it. A promise only when old messages must come from disk. */
  getMessage(
    request: GetMessageRequest,
    filter: MessageFilter | undefined,
  ): GetMessageResult | Promise<GetMessageResult> {
    const startMs = this.#clock.monotonicMs();
    const result = this.#get.get(request, filter);
    return result instanceof Promise
      ? result.then((late) => this.#counted(late, startMs))
      : this.#counted(result, startMs);
  }

  /** Lets go of what was read ahead of files that are removed. */
  forgetBelow(minOffset: number): void {
    this.#readAhead.forgetBelow(minOffset);
  }

  /** Lets go of what was read ahead; the next reader begins anew. */
  releaseMemory(): void {
    this.#readAhead.clear();
  }

  #counted(result: GetMessageResult, startMs: number): GetMessageResult {
    this.#stats.recordGet(result.messageCount, this.#clock.monotonicMs() - startMs);
    return result;
  }
}
