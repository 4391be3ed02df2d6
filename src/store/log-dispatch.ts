import { peekRecord, RecordPeek } from '../codec/message.ts';
import { PropertySlot, PropertySpans, scanProperties } from '../codec/message-properties.ts';
import { isQueued, MessageSysFlag, transactionValue } from '../codec/sys-flags.ts';
import type { MessageStoreConfig } from '../config/message-store-config.ts';
import { assert } from '../util/assert.ts';
import { javaStringHashOfUtf8 } from '../util/java-hash.ts';
import type { DelayLevels } from './delay-levels.ts';
import type { LogChunk } from './hot-window.ts';
import { toIndexKeyHash } from './index-file.ts';
import type { IndexService } from './index-service.ts';
import type { FilterBitMap } from './ports.ts';
import type { QueueState, QueueTable } from './queue-table.ts';
import type { StagedTurn } from './staged-turn.ts';
import { computeTagsCode, type TagsCode } from './tags-code.ts';

const KEY_SEPARATOR = 0x20;

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
  readonly #peek = new RecordPeek();
  #keyHashes = new Int32Array(64);
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
        this.#putKeys(
          queue,
          (turn.chunks[row] as { buffer: Buffer }).buffer,
          turn.uniqueStarts[row] as number,
          turn.uniqueEnds[row] as number,
          turn.keysStarts[row] as number,
          turn.keysEnds[row] as number,
          sysFlag,
          phyOffset,
          storeTimestamp,
        );
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

  #stagedBitMap(filterBitMap: FilterBitMap, turn: StagedTurn, row: number): Uint8Array | undefined {
    const { buffer, startOffset } = turn.chunks[row] as LogChunk;
    const position = (turn.phyOffsets[row] as number) - startOffset;
    const status = peekRecord(buffer, position, position + (turn.sizes[row] as number), this.#peek);
    assert(status === 'ok', 'a staged record is whole');
    return bitMapOf(filterBitMap, turn.queues[row] as QueueState, buffer, this.#peek);
  }

  #indexRecord(queue: QueueState, bytes: Buffer, peek: RecordPeek, spans: PropertySpans): void {
    this.#putKeys(
      queue,
      bytes,
      spans.start(PropertySlot.UNIQ_KEY),
      spans.end(PropertySlot.UNIQ_KEY),
      spans.start(PropertySlot.KEYS),
      spans.end(PropertySlot.KEYS),
      peek.sysFlag,
      peek.phyOffset,
      peek.storeTimestamp,
    );
  }

  /** Java: IndexService#buildIndex: rollbacks are not indexed; the unique key first, then each of KEYS. */
  #putKeys(
    queue: QueueState,
    bytes: Buffer,
    uniqueStart: number,
    uniqueEnd: number,
    keysStart: number,
    keysEnd: number,
    sysFlag: number,
    phyOffset: number,
    storeTimestamp: number,
  ): void {
    if (uniqueStart < 0 && keysStart < 0) return;
    if (transactionValue(sysFlag) === MessageSysFlag.TRANSACTION_ROLLBACK_TYPE) return;
    const seed = queue.indexSeed;
    let count = 0;
    if (uniqueStart >= 0)
      this.#keyHashes[count++] = toIndexKeyHash(javaStringHashOfUtf8(bytes, uniqueStart, uniqueEnd, seed));
    if (keysStart >= 0) {
      let start = keysStart;
      for (let at = keysStart; at <= keysEnd; at++) {
        if (at < keysEnd && bytes[at] !== KEY_SEPARATOR) continue;
        if (at > start) {
          if (count === this.#keyHashes.length) this.#growHashes();
          this.#keyHashes[count++] = toIndexKeyHash(javaStringHashOfUtf8(bytes, start, at, seed));
        }
        start = at + 1;
      }
    }
    if (count > 0) this.#parts.index.putRecord(phyOffset, storeTimestamp, this.#keyHashes, count);
  }

  /** A message has as many keys as fit its properties. */
  #growHashes(): void {
    const grown = new Int32Array(this.#keyHashes.length * 2);
    grown.set(this.#keyHashes);
    this.#keyHashes = grown;
  }
}

function bitMapOf(port: FilterBitMap, queue: QueueState, bytes: Buffer, peek: RecordPeek): Uint8Array | undefined {
  return port.bitMapOf(queue.topic, bytes, peek.propertiesStart, peek.propertiesStart + peek.propertiesLength);
}
