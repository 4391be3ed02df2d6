import { MESSAGE_MAGIC, RECORD_AT, RECORD_OVERHEAD_BYTES } from '../codec/message.ts';
import { readInt32, readInt64 } from '../codec/message-bytes.ts';
import { isBodyWhole, isOfQueue, isRecord } from '../codec/record-check.ts';
import type { CommitLog } from './commit-log.ts';
import type { DamagedReads } from './damaged-reads.ts';
import type { ReadAhead } from './read-ahead.ts';
import type { RecordPlaces } from './record-places.ts';

/** One read covers several records while it stays below this, and below eight times what is wanted of it. */
const MAX_SPAN_BYTES = 1 << 20;
const MAX_SPAN_FACTOR = 8;
/** TOTALSIZE, MAGICCODE and PHYSICALOFFSET are among the first bytes of a record. */
const HEAD_BYTES = 36;
/** Memory for a longer record is taken only when its head says that it is there. */
const MOST_UNSEEN_BYTES = 256 << 10;

/** So much of what this process wrote last is in the page cache as it was written: it is not read from disk. */
const OWN_BYTES = 1 << 30;

/** Where the bytes of a place came from. What memory holds is as it was appended. */
const FROM_MEMORY = 0;
const FROM_DISK = 1;
/** They are not in the log any more. */
const GONE = 2;

/** Records as stored, back to back; `sizes` has one entry per record found. */
export interface FetchedRecords {
  readonly bytes: Buffer;
  readonly sizes: Int32Array;
}

/** A record of so many bytes begins there; no record does; or one did, and is damaged. */
export type RecordHead = number | 'none' | 'damaged';

/**
 * Fetches records by their places: from memory, with one read for neighbours, and on the thread pool where the page
 * cache cannot be counted on. A record is given only if it agrees with what led to it and, when it was read from disk,
 * if its body has the CRC that was stored with it (docs/adr/0027-records-are-checked-when-read.md).
 */
export class RecordFetch {
  readonly #log: CommitLog;
  readonly #readAhead: ReadAhead;
  /** Below this physical offset lies what was written before this process started. */
  readonly #startEnd: number;
  readonly #memoryBytes: () => number;
  readonly #maxRecordBytes: number;
  readonly #damaged: DamagedReads;
  readonly #head = Buffer.allocUnsafeSlow(HEAD_BYTES);
  #origins = new Uint8Array(64);
  #scratch: Buffer | undefined;

  constructor(parts: RecordFetchParts) {
    this.#log = parts.log;
    this.#readAhead = parts.readAhead;
    this.#startEnd = parts.log.writtenEnd;
    this.#memoryBytes = parts.inMemoryBytes;
    this.#maxRecordBytes = parts.maxRecordBytes;
    this.#damaged = parts.damaged;
  }

  /** Whether a record of `size` bytes can lie at `phyOffset`: whole, in one file of the log, of a believable size. */
  isPossible(phyOffset: number, size: number): boolean {
    const log = this.#log;
    return (
      size >= RECORD_OVERHEAD_BYTES &&
      size <= this.#maxRecordBytes &&
      phyOffset >= log.minOffset &&
      phyOffset + size <= log.writtenEnd &&
      (phyOffset % log.fileSizeBytes) + size <= log.fileSizeBytes
    );
  }

  /**
   * All places must be possible. A promise only when old records are among them; otherwise the records lie in `into`
   * when it is given and large enough. Records that do not agree with their place are left out and noted as damage.
   * Throws or rejects with StoreIoError.
   */
  fetch(places: RecordPlaces, into?: Buffer): FetchedRecords | Promise<FetchedRecords> {
    if (this.#isCold(places)) return this.#fetchCold(places.copy());
    const seen = places.largestBytes > MOST_UNSEEN_BYTES ? this.#seenNow(places) : places;
    const fits = into !== undefined && into.length >= seen.totalBytes;
    const target = fits ? into.subarray(0, seen.totalBytes) : Buffer.allocUnsafe(seen.totalBytes);
    if (this.#origins.length < seen.count) this.#origins = new Uint8Array(seen.sizes.length);
    const ownBytes = Math.min(OWN_BYTES, this.#memoryBytes());
    const ownStart = Math.max(this.#startEnd, this.#log.writtenEnd - ownBytes);
    let filled = 0;
    for (let first = 0; first < seen.count; ) {
      const behind = this.#spanBehind(seen, first);
      const origin = this.#readSpan(seen, first, behind, target, filled, ownStart);
      for (; first < behind; first++) {
        this.#origins[first] = origin;
        filled += seen.sizes[first] as number;
      }
    }
    return this.#verified(seen, this.#origins, target);
  }

  /** What begins at a physical offset. A promise only when it is old. Throws or rejects with StoreIoError. */
  head(phyOffset: number): RecordHead | Promise<RecordHead> {
    if (phyOffset >= this.#coldEnd()) return this.headNow(phyOffset);
    if (!this.isPossible(phyOffset, RECORD_OVERHEAD_BYTES)) return 'none';
    const head = Buffer.allocUnsafe(HEAD_BYTES);
    const read = this.#readAhead.read(phyOffset, HEAD_BYTES, head, 0);
    return read.then((found) => (found ? this.#judged(head, phyOffset) : 'none'));
  }

  /** As {@link head}, blocking. */
  headNow(phyOffset: number): RecordHead {
    if (!this.isPossible(phyOffset, RECORD_OVERHEAD_BYTES)) return 'none';
    return this.#log.read(phyOffset, HEAD_BYTES, this.#head, 0) ? this.#judged(this.#head, phyOffset) : 'none';
  }

  /** Chance does not make a magic or an offset agree: when only part of the head does, a record is damaged. */
  #judged(head: Buffer, phyOffset: number): RecordHead {
    const size = readInt32(head, 0);
    const isMagic = readInt32(head, RECORD_AT.magic) === MESSAGE_MAGIC;
    const isThere = readInt64(head, RECORD_AT.phyOffset) === phyOffset;
    if (!isMagic && !isThere) return 'none';
    return isMagic && isThere && this.isPossible(phyOffset, size) ? size : 'damaged';
  }

  /** What lies below is old enough that reading it could wait for a disk. */
  #coldEnd(): number {
    const horizon = Math.max(this.#startEnd, this.#log.writtenEnd - this.#memoryBytes());
    return Math.min(horizon, this.#log.window.startOffset ?? this.#log.writtenEnd);
  }

  #isCold(places: RecordPlaces): boolean {
    const coldEnd = this.#coldEnd();
    for (let at = 0; at < places.count; at++) if ((places.phyOffsets[at] as number) < coldEnd) return true;
    return false;
  }

  /** How far one read should go: index behind the last record of the span that begins at `first`. */
  #spanBehind(places: RecordPlaces, first: number): number {
    const start = places.phyOffsets[first] as number;
    const fileEnd = start - (start % this.#log.fileSizeBytes) + this.#log.fileSizeBytes;
    let payload = places.sizes[first] as number;
    let at = first + 1;
    for (; at < places.count; at++) {
      const size = places.sizes[at] as number;
      const end = (places.phyOffsets[at] as number) + size;
      payload += size;
      const span = end - start;
      if (span < payload || end > fileEnd || span > MAX_SPAN_BYTES || span > payload * MAX_SPAN_FACTOR) break;
    }
    return at;
  }

  /** Tells where the bytes came from; from `ownStart` on they are ours. */
  #readSpan(
    places: RecordPlaces,
    first: number,
    behind: number,
    target: Buffer,
    filled: number,
    ownStart: number,
  ): number {
    const start = places.phyOffsets[first] as number;
    const last = behind - 1;
    const length = (places.phyOffsets[last] as number) + (places.sizes[last] as number) - start;
    const chunk = this.#log.window.find(start, length);
    const source = start >= ownStart ? FROM_MEMORY : FROM_DISK;
    if (chunk === undefined && behind - first === 1) {
      return this.#log.read(start, length, target, filled) ? source : GONE;
    }
    if (chunk !== undefined) {
      for (let at = first; at < behind; at++) {
        const from = (places.phyOffsets[at] as number) - chunk.startOffset;
        filled += chunk.buffer.copy(target, filled, from, from + (places.sizes[at] as number));
      }
      return FROM_MEMORY;
    }
    this.#scratch ??= Buffer.allocUnsafeSlow(MAX_SPAN_BYTES);
    const scratch = this.#scratch;
    if (!this.#log.read(start, length, scratch, 0)) return GONE;
    // Moving within a buffer is much cheaper than copying between two, so that is done once.
    let packed = 0;
    for (let at = first; at < behind; at++) {
      const from = (places.phyOffsets[at] as number) - start;
      const size = places.sizes[at] as number;
      if (from !== packed) scratch.copyWithin(packed, from, from + size);
      packed += size;
    }
    scratch.copy(target, filled, 0, packed);
    return source;
  }

  /** Takes no memory for what a damaged entry only pretends to be. */
  #seenNow(places: RecordPlaces): RecordPlaces {
    const wrong = new Set<number>();
    for (let at = 0; at < places.count; at++) {
      if ((places.sizes[at] as number) <= MOST_UNSEEN_BYTES) continue;
      this.#judgePlace(places, at, this.headNow(places.phyOffsets[at] as number), wrong);
    }
    return wrong.size === 0 ? places : places.copy(wrong);
  }

  async #seen(places: RecordPlaces): Promise<RecordPlaces> {
    const wrong = new Set<number>();
    for (let at = 0; at < places.count; at++) {
      if ((places.sizes[at] as number) <= MOST_UNSEEN_BYTES) continue;
      this.#judgePlace(places, at, await this.head(places.phyOffsets[at] as number), wrong);
    }
    return wrong.size === 0 ? places : places.copy(wrong);
  }

  #judgePlace(places: RecordPlaces, at: number, head: RecordHead, wrong: Set<number>): void {
    if (head === places.sizes[at]) return;
    wrong.add(at);
    if ((places.phyOffsets[at] as number) >= this.#log.minOffset) this.#noteRecord(places, at);
  }

  /** The places are the caller's no more. */
  async #fetchCold(wanted: RecordPlaces): Promise<FetchedRecords> {
    const places = wanted.largestBytes > MOST_UNSEEN_BYTES ? await this.#seen(wanted) : wanted;
    const target = Buffer.allocUnsafe(places.totalBytes);
    const origins = new Uint8Array(places.count);
    let filled = 0;
    for (let at = 0; at < places.count; at++) {
      const size = places.sizes[at] as number;
      const found = await this.#readAhead.read(places.phyOffsets[at] as number, size, target, filled);
      origins[at] = found ? FROM_DISK : GONE;
      filled += size;
    }
    return this.#verified(places, origins, target);
  }

  /** Closes the gaps that records left which are gone or damaged. */
  #verified(places: RecordPlaces, origins: Uint8Array, bytes: Buffer): FetchedRecords {
    const sizes = places.sizes.slice(0, places.count);
    let from = 0;
    let filled = 0;
    let found = 0;
    for (let at = 0; at < sizes.length; at++) {
      const size = sizes[at] as number;
      if (this.#isGood(places, at, origins[at] as number, bytes, from)) {
        if (filled !== from) bytes.copyWithin(filled, from, from + size);
        sizes[found++] = size;
        filled += size;
      }
      from += size;
    }
    if (found === sizes.length) return { bytes, sizes };
    return { bytes: bytes.subarray(0, filled), sizes: sizes.subarray(0, found) };
  }

  #isGood(places: RecordPlaces, at: number, origin: number, bytes: Buffer, position: number): boolean {
    if (origin === GONE) return false;
    const { topic } = places;
    if (
      !isRecord(bytes, position, places.sizes[at] as number, places.phyOffsets[at] as number) ||
      (topic !== undefined && !isOfQueue(bytes, position, topic, places.queueId, places.queueOffsets[at] as number)) ||
      (origin === FROM_DISK && !isBodyWhole(bytes, position))
    ) {
      this.#noteRecord(places, at);
      return false;
    }
    return true;
  }

  #noteRecord({ phyOffsets, sizes, queueOffsets, topic, queueId }: RecordPlaces, at: number): void {
    const place = { phyOffset: phyOffsets[at] as number, sizeBytes: sizes[at] };
    const fields = topic === undefined ? place : { ...place, topic, queueId, queueOffset: queueOffsets[at] };
    this.#damaged.noteRecord(fields);
  }
}

/** What fetching works on. */
export interface RecordFetchParts {
  readonly log: CommitLog;
  readonly readAhead: ReadAhead;
  /** How far back the page cache is taken to reach. */
  readonly inMemoryBytes: () => number;
  readonly maxRecordBytes: number;
  readonly damaged: DamagedReads;
}
