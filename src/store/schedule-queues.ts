import { SCHEDULE_TOPIC } from '../codec/system-topics.ts';
import type { ConsumeQueue } from './consume-queue.ts';
import { ConsumeQueueEntries, FILLER_SIZE } from './consume-queue-entries.ts';
import { CqExtUnit, isExtAddress } from './consume-queue-ext-unit.ts';
import type { ConsumeQueueTable } from './consume-queue-table.ts';
import type { DelayLevels } from './delay-levels.ts';
import type { Lookups } from './lookups.ts';
import type { RecordFetch } from './record-fetch.ts';
import { RecordPlaces } from './record-places.ts';

/** Messages of one level whose time has come. */
export interface DueMessages {
  /** Records as stored, in queue order, back to back. Those that are gone or damaged are not among them. */
  readonly records: Buffer | Promise<Buffer>;
  /** Offset behind the last entry that was looked at and due. */
  readonly nextOffset: number;
  /** When the entry there is due, ms since the epoch; undefined: nobody knows yet. */
  readonly nextDueMs: number | undefined;
}

/** Entries taken at once, and the bytes of their records; at least one record is taken, however long. */
const MOST_ENTRIES = 128;
const MOST_BYTES = 1 << 20;

/**
 * The queues in which delayed messages wait, one per level. Reads only; what happens with the messages is decided
 * above. Everything throws StoreIoError. Java: ScheduleMessageService$DeliverDelayedMessageTimerTask.
 */
export class ScheduleQueues {
  readonly levels: DelayLevels;
  readonly #parts: ScheduleQueuesParts;
  readonly #entries = new ConsumeQueueEntries(MOST_ENTRIES);
  readonly #places = new RecordPlaces();
  readonly #unit = new CqExtUnit();

  constructor(parts: ScheduleQueuesParts) {
    this.#parts = parts;
    this.levels = parts.levels;
  }

  /** First offset of a level's queue. */
  minOffset(level: number): number {
    return this.#queue(level)?.minOffset ?? 0;
  }

  /** Offset of the next message of a level. */
  maxOffset(level: number): number {
    return this.#queue(level)?.maxOffset ?? 0;
  }

  /**
   * The messages of a level from `offset` on that are due at `nowMs`, at most a share of a turn; undefined when there
   * is nothing at the offset. An entry that is due later than any message stored now would be, is due at once: the
   * clock was set back, or the level made shorter. Java: #correctDeliverTimestamp.
   */
  due(level: number, offset: number, nowMs: number): DueMessages | undefined {
    const queue = this.#queue(level);
    if (queue === undefined || offset >= queue.maxOffset) return undefined;
    const count = queue.entriesFrom(offset, MOST_ENTRIES, this.#entries);
    // A hole, which only a lost file leaves: nothing can be delivered from it.
    if (count === 0) return { records: NOTHING, nextOffset: behindHole(queue, offset), nextDueMs: undefined };
    const { phyOffset: phyOffsets, size: sizes } = this.#entries;
    const latestMs = nowMs + this.levels.delayMs(level);
    const places = this.#places;
    places.clear(SCHEDULE_TOPIC, level - 1);
    let nextDueMs: number | undefined;
    let at = 0;
    for (; at < count; at++) {
      const phyOffset = phyOffsets[at] as number;
      const size = sizes[at] as number;
      const dueMs = this.#dueMs(queue, level, at);
      if (dueMs > nowMs && dueMs <= latestMs) {
        nextDueMs = dueMs;
        break;
      }
      if (!this.#parts.fetch.isPossible(phyOffset, size)) continue;
      if (places.count > 0 && places.totalBytes + size > MOST_BYTES) break;
      places.add(phyOffset, size, offset + at);
    }
    return { records: this.#records(), nextOffset: offset + at, nextDueMs };
  }

  #records(): Buffer | Promise<Buffer> {
    if (this.#places.count === 0) return NOTHING;
    const fetched = this.#parts.fetch.fetch(this.#places);
    return fetched instanceof Promise ? fetched.then(({ bytes }) => bytes) : fetched.bytes;
  }

  /**
   * When the entry at hand is due. With an extension the time is in the unit. A unit that is lost, and half of the time
   * that a power loss took (an entry can span two sectors), are made up from the record.
   */
  #dueMs(queue: ConsumeQueue, level: number, at: number): number {
    const { tagsCodeHigh, tagsCodeLow, phyOffset, size } = this.#entries;
    const high = tagsCodeHigh[at] as number;
    const low = tagsCodeLow[at] as number;
    const unit = this.#unit;
    if (!isExtAddress(high, low)) {
      if (high !== 0 && low !== 0) return high * TWO_POW_32 + (low >>> 0);
    } else if (queue.ext?.get(high, low, unit) === true) {
      return unit.tagsCodeHigh * TWO_POW_32 + (unit.tagsCodeLow >>> 0);
    }
    if (size[at] === FILLER_SIZE) return 0;
    const storedMs = this.#parts.lookups.storeTimeAt(phyOffset[at] as number, size[at] as number);
    return this.levels.deliverTimestamp(level, storedMs);
  }

  #queue(level: number): ConsumeQueue | undefined {
    return this.#parts.consumeQueues.find(SCHEDULE_TOPIC, level - 1);
  }
}

/** What {@link ScheduleQueues} reads. */
export interface ScheduleQueuesParts {
  readonly levels: DelayLevels;
  readonly consumeQueues: ConsumeQueueTable;
  readonly fetch: RecordFetch;
  readonly lookups: Lookups;
}

function behindHole(queue: ConsumeQueue, offset: number): number {
  return offset < queue.minOffset ? queue.minOffset : Math.min(queue.nextFileOffset(offset), queue.maxOffset);
}

const NOTHING: Buffer = Buffer.alloc(0);
const TWO_POW_32 = 0x100000000;
