import { type CommitLog, isRecordAt } from './commit-log.ts';
import type { ReadAhead } from './read-ahead.ts';

/** One read covers several records while it stays below this, and below eight times what is wanted of it. */
const MAX_SPAN_BYTES = 1 << 20;
const MAX_SPAN_FACTOR = 8;
const SIZE_BYTES = 4;

/** Places of records: physical offset and size of each, in the order in which they are wanted. */
export class RecordPlaces {
  count = 0;
  phyOffsets = new Float64Array(64);
  sizes = new Int32Array(64);
  /** Sum of the sizes. */
  totalBytes = 0;

  clear(): void {
    this.count = 0;
    this.totalBytes = 0;
  }

  add(phyOffset: number, size: number): void {
    if (this.count === this.sizes.length) this.#grow();
    this.phyOffsets[this.count] = phyOffset;
    this.sizes[this.count] = size;
    this.count++;
    this.totalBytes += size;
  }

  #grow(): void {
    const phyOffsets = new Float64Array(this.count * 2);
    const sizes = new Int32Array(this.count * 2);
    phyOffsets.set(this.phyOffsets);
    sizes.set(this.sizes);
    this.phyOffsets = phyOffsets;
    this.sizes = sizes;
  }
}

/** Records as stored, back to back; `sizes` has one entry per record found. */
export interface FetchedRecords {
  readonly bytes: Buffer;
  readonly sizes: Int32Array;
  /** Records that were not at their place any more. */
  readonly missing: number;
}

/**
 * Fetches records by their places: from memory, with one read for neighbours, and on the thread pool where the page
 * cache cannot be counted on. A record is given only if what lies there says it is that record.
 */
export class RecordFetch {
  readonly #log: CommitLog;
  readonly #readAhead: ReadAhead;
  /** Below this physical offset lies what was written before this process started. */
  readonly #startEnd: number;
  readonly #memoryBytes: () => number;
  #scratch: Buffer | undefined;

  /** `memoryBytes`: how far back the page cache is taken to reach. */
  constructor(log: CommitLog, readAhead: ReadAhead, memoryBytes: () => number) {
    this.#log = log;
    this.#readAhead = readAhead;
    this.#startEnd = log.writtenEnd;
    this.#memoryBytes = memoryBytes;
  }

  /**
   * All places must lie in the log. A promise only when old records are among them; otherwise the records lie in `into`
   * when it is given and large enough. Throws StoreIoError.
   */
  fetch(places: RecordPlaces, into?: Buffer): FetchedRecords | Promise<FetchedRecords> {
    if (this.#isCold(places)) return this.#fetchCold(places, Buffer.allocUnsafe(places.totalBytes));
    const fits = into !== undefined && into.length >= places.totalBytes;
    const target = fits ? into.subarray(0, places.totalBytes) : Buffer.allocUnsafe(places.totalBytes);
    let filled = 0;
    for (let first = 0; first < places.count; ) {
      const behind = this.#spanBehind(places, first);
      this.#readSpan(places, first, behind, target, filled);
      for (; first < behind; first++) filled += places.sizes[first] as number;
    }
    return this.#verified(places.phyOffsets, places.sizes.slice(0, places.count), target);
  }

  /** TOTALSIZE at a physical offset, or undefined when nothing is there. Throws or rejects with StoreIoError. */
  sizeAt(phyOffset: number): number | undefined | Promise<number | undefined> {
    if (phyOffset < this.#log.minOffset || phyOffset + SIZE_BYTES > this.#log.writtenEnd) return undefined;
    if (phyOffset >= this.#coldEnd()) return this.#log.readSize(phyOffset);
    const head = Buffer.allocUnsafe(SIZE_BYTES);
    return this.#readAhead
      .read(phyOffset, SIZE_BYTES, head, 0)
      .then((found) => (found ? head.readInt32BE(0) : undefined));
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

  #readSpan(places: RecordPlaces, first: number, behind: number, target: Buffer, filled: number): void {
    const start = places.phyOffsets[first] as number;
    const last = behind - 1;
    const length = (places.phyOffsets[last] as number) + (places.sizes[last] as number) - start;
    const chunk = this.#log.window.find(start, length);
    if (chunk === undefined && behind - first === 1) {
      if (!this.#log.read(start, length, target, filled)) target.fill(0, filled, filled + length);
      return;
    }
    if (chunk !== undefined) {
      for (let at = first; at < behind; at++) {
        const from = (places.phyOffsets[at] as number) - chunk.startOffset;
        filled += chunk.buffer.copy(target, filled, from, from + (places.sizes[at] as number));
      }
      return;
    }
    this.#scratch ??= Buffer.allocUnsafeSlow(MAX_SPAN_BYTES);
    const scratch = this.#scratch;
    if (!this.#log.read(start, length, scratch, 0)) scratch.fill(0, 0, length);
    // Moving within a buffer is much cheaper than copying between two, so that is done once.
    let packed = 0;
    for (let at = first; at < behind; at++) {
      const from = (places.phyOffsets[at] as number) - start;
      const size = places.sizes[at] as number;
      if (from !== packed) scratch.copyWithin(packed, from, from + size);
      packed += size;
    }
    scratch.copy(target, filled, 0, packed);
  }

  async #fetchCold(places: RecordPlaces, target: Buffer): Promise<FetchedRecords> {
    // The caller's columns are filled again by the next read, before this one is done.
    const phyOffsets = places.phyOffsets.slice(0, places.count);
    const sizes = places.sizes.slice(0, places.count);
    let filled = 0;
    for (let at = 0; at < sizes.length; at++) {
      const size = sizes[at] as number;
      const found = await this.#readAhead.read(phyOffsets[at] as number, size, target, filled);
      if (!found) target.fill(0, filled, filled + size);
      filled += size;
    }
    return this.#verified(phyOffsets, sizes, target);
  }

  /** Closes the gaps that records no longer there have left. */
  #verified(phyOffsets: Float64Array, sizes: Int32Array, bytes: Buffer): FetchedRecords {
    let from = 0;
    let filled = 0;
    let found = 0;
    for (let at = 0; at < sizes.length; at++) {
      const size = sizes[at] as number;
      if (isRecordAt(bytes, from, phyOffsets[at] as number, size)) {
        if (filled !== from) bytes.copyWithin(filled, from, from + size);
        sizes[found++] = size;
        filled += size;
      }
      from += size;
    }
    const missing = sizes.length - found;
    if (missing === 0) return { bytes, sizes, missing };
    return { bytes: bytes.subarray(0, filled), sizes: sizes.subarray(0, found), missing };
  }
}
