import type { RecordPeek } from '../codec/message.ts';
import { PropertySpans, scanProperties } from '../codec/message-properties.ts';
import { isQueued, MessageSysFlag, transactionValue } from '../codec/sys-flags.ts';
import type { MessageStoreConfig } from '../config/message-store-config.ts';
import type { DelayLevels } from './delay-levels.ts';
import type { LogChunk } from './hot-window.ts';
import { IndexKeys } from './index-keys.ts';
import type { IndexService } from './index-service.ts';
import type { FilterBitMap } from './ports.ts';
import type { QueueState, QueueTable } from './queue-table.ts';
import type { StagedTurn } from './staged-turn.ts';
import { computeTagsCode, type TagsCode } from './tags-code.ts';

/** What the dispatch feeds. */
export interface LogDispatchParts {
  readonly config: MessageStoreConfig;
  readonly queues: QueueTable;
  readonly index: IndexService;
  readonly delayLevels: DelayLevels;
  /** Used with enableConsumeQueueExt; without it messages have no bit maps. */
  readonly filterBitMap?: FilterBitMap | undefined;
}

/**
 * Puts records of the log into ConsumeQueue and IndexFile. One function, two feeders: the turn's write from memory,
 * recovery and reput from disk. Throws StoreIoError. Java: DefaultMessageStore#doDispatch.
 */
export class LogDispatch {
  readonly #parts: LogDispatchParts;
  readonly #spans = new PropertySpans();
  readonly #tagsCode: TagsCode = { high: 0, low: 0 };
  readonly #filterBitMap: FilterBitMap | undefined;
  readonly #keys = new IndexKeys();
  #lastStoreTimestamp = 0;

  constructor(parts: LogDispatchParts) {
    this.#parts = parts;
    this.#filterBitMap = parts.config.enableConsumeQueueExt ? parts.filterBitMap : undefined;
  }

  /** Store time of the newest record in the consume queues, 0 before the first. */
  get lastStoreTimestamp(): number {
    return this.#lastStoreTimestamp;
  }

  /** The records of a turn, which are written now. */
  dispatchTurn(turn: StagedTurn): void {
    const { config } = this.#parts;
    const filterBitMap = this.#filterBitMap;
    const { storeTimestamp } = turn;
    for (let row = 0; row < turn.count; row++) {
      const queue = turn.queues[row] as QueueState;
      const sysFlag = turn.sysFlags[row] as number;
      const phyOffset = turn.phyOffsets[row] as number;
      if (isQueued(sysFlag)) {
        queue.consumeQueue.put(
          turn.queueOffsets[row] as number,
          phyOffset,
          turn.sizes[row] as number,
          turn.tagsHigh[row] as number,
          turn.tagsLow[row] as number,
          storeTimestamp,
          filterBitMap === undefined ? undefined : this.#stagedBitMap(filterBitMap, turn, row),
        );
      }
      if (config.messageIndexEnable) {
        this.#keys.collect(
          (turn.chunks[row] as LogChunk).buffer,
          turn.uniqueStarts[row] as number,
          turn.uniqueEnds[row] as number,
          turn.keysStarts[row] as number,
          turn.keysEnds[row] as number,
          queue.indexSeed,
        );
        this.#putKeys(sysFlag, phyOffset, storeTimestamp);
      }
    }
    this.#lastStoreTimestamp = storeTimestamp;
  }

  /** A record read from disk; `peek` holds positions in `bytes`. */
  dispatchRecord(bytes: Buffer, peek: RecordPeek): void {
    const { config, queues, delayLevels } = this.#parts;
    const queue = queues.ensureByBytes(bytes, peek.topicStart, peek.topicStart + peek.topicLength, peek.queueId);
    if (queue === undefined) return;
    const spans = this.#spans;
    scanProperties(bytes, peek.propertiesStart, peek.propertiesStart + peek.propertiesLength, spans);
    if (isQueued(peek.sysFlag)) {
      const tagsCode = this.#tagsCode;
      computeTagsCode(queue.topic, bytes, spans, peek.storeTimestamp, delayLevels, tagsCode);
      const { queueOffset, phyOffset, totalSize, storeTimestamp } = peek;
      const { high, low } = tagsCode;
      const bitMap = this.#filterBitMap === undefined ? undefined : bitMapOf(this.#filterBitMap, queue, bytes, peek);
      queue.consumeQueue.put(queueOffset, phyOffset, totalSize, high, low, storeTimestamp, bitMap);
      this.#lastStoreTimestamp = storeTimestamp;
    }
    if (config.messageIndexEnable) this.#indexRecord(queue, bytes, peek, spans);
  }

  /** Only the index gets the record: its file was lost, the ConsumeQueue's was not. */
  indexRecord(bytes: Buffer, peek: RecordPeek): void {
    const { queues } = this.#parts;
    const queue = queues.ensureByBytes(bytes, peek.topicStart, peek.topicStart + peek.topicLength, peek.queueId);
    if (queue === undefined) return;
    scanProperties(bytes, peek.propertiesStart, peek.propertiesStart + peek.propertiesLength, this.#spans);
    this.#indexRecord(queue, bytes, peek, this.#spans);
  }

  /** The tagsCode of a record read from disk. The result is good until the next call. */
  tagsCodeOf(topic: string, bytes: Buffer, peek: RecordPeek): Readonly<TagsCode> {
    scanProperties(bytes, peek.propertiesStart, peek.propertiesStart + peek.propertiesLength, this.#spans);
    const { delayLevels } = this.#parts;
    computeTagsCode(topic, bytes, this.#spans, peek.storeTimestamp, delayLevels, this.#tagsCode);
    return this.#tagsCode;
  }

  #stagedBitMap(filterBitMap: FilterBitMap, turn: StagedTurn, row: number): Uint8Array | undefined {
    const { buffer } = turn.chunks[row] as LogChunk;
    return bitMapOf(filterBitMap, turn.queues[row] as QueueState, buffer, turn.peek(row));
  }

  #indexRecord(queue: QueueState, bytes: Buffer, peek: RecordPeek, spans: PropertySpans): void {
    this.#keys.collectFrom(bytes, spans, queue.indexSeed);
    this.#putKeys(peek.sysFlag, peek.phyOffset, peek.storeTimestamp);
  }

  /** Rollbacks are not indexed. Java: IndexService#buildIndex. */
  #putKeys(sysFlag: number, phyOffset: number, storeTimestamp: number): void {
    const { count, hashes } = this.#keys;
    if (count === 0 || transactionValue(sysFlag) === MessageSysFlag.TRANSACTION_ROLLBACK_TYPE) return;
    this.#parts.index.putRecord(phyOffset, storeTimestamp, hashes, count);
  }
}

function bitMapOf(port: FilterBitMap, queue: QueueState, bytes: Buffer, peek: RecordPeek): Uint8Array | undefined {
  return port.bitMapOf(queue.topic, bytes, peek.propertiesStart, peek.propertiesStart + peek.propertiesLength);
}
