import { assert } from '../util/assert.ts';
import { IS_LITTLE_ENDIAN } from '../util/endian.ts';
import type { MappedFile } from './mapped-file.ts';

/**
 * The hash slots of the index file that is being filled, in pages that appear when they are touched: the full table
 * is 20 MB, an idle broker touches none of it. Changed pages are written by the flush, neighbours together.
 */
export class IndexSlots {
  readonly #file: MappedFile;
  readonly #position: number;
  readonly #count: number;
  /** True when untouched slots are known to be 0, because the file was just made. */
  readonly #fresh: boolean;
  readonly #pages: (Int32Array | undefined)[];
  readonly #dirty: Uint8Array;
  #dirtyPages = 0;

  constructor(file: MappedFile, position: number, count: number, fresh: boolean) {
    this.#file = file;
    this.#position = position;
    this.#count = count;
    this.#fresh = fresh;
    const pages = Math.ceil(count / SLOTS_PER_PAGE);
    this.#pages = new Array<Int32Array | undefined>(pages).fill(undefined);
    this.#dirty = new Uint8Array(pages);
  }

  /** Index number of the newest entry of a slot, 0 when it is empty. Throws StoreIoError. */
  get(slot: number): number {
    return this.#page(slot)[slot % SLOTS_PER_PAGE] as number;
  }

  /** Throws StoreIoError, then nothing is changed. */
  set(slot: number, value: number): void {
    const number = Math.floor(slot / SLOTS_PER_PAGE);
    this.#page(slot)[slot % SLOTS_PER_PAGE] = value;
    this.#mark(number);
  }

  get dirtyPages(): number {
    return this.#dirtyPages;
  }

  /**
   * Writes the changed pages on the thread pool; those changed meanwhile stay changed. A slot that got an entry with a
   * number of `limit` or more meanwhile is written as it was before: entries must reach the disk before slots that
   * point to them. Throws StoreIoError.
   */
  async writeAsync(limit: number, previousOf: (number: number) => number): Promise<void> {
    const buffer = Buffer.allocUnsafe(this.#dirtyPages === 0 ? 0 : PAGES_PER_WRITE * PAGE_BYTES);
    for (let first = this.#nextDirty(0), last = 0; first >= 0; first = this.#nextDirty(last)) {
      last = this.#runFrom(first);
      const length = this.#take(first, last, buffer, limit, previousOf);
      try {
        await this.#file.writeAsync(buffer, 0, length, this.#position + first * PAGE_BYTES);
      } catch (error) {
        for (let page = first; page < last; page += 1) this.#mark(page);
        throw error;
      }
    }
  }

  #page(slot: number): Int32Array {
    assert(slot >= 0 && slot < this.#count, 'hash slot');
    const number = Math.floor(slot / SLOTS_PER_PAGE);
    return this.#pages[number] ?? this.#load(number);
  }

  #load(number: number): Int32Array {
    const page = new Int32Array(SLOTS_PER_PAGE);
    if (!this.#fresh) {
      const length = Math.min(PAGE_BYTES, (this.#count - number * SLOTS_PER_PAGE) * SLOT_BYTES);
      const bytes = Buffer.alloc(PAGE_BYTES);
      this.#file.read(bytes, 0, length, this.#position + number * PAGE_BYTES);
      for (let index = 0; index < SLOTS_PER_PAGE; index += 1) page[index] = bytes.readInt32BE(index * SLOT_BYTES);
    }
    this.#pages[number] = page;
    return page;
  }

  #mark(page: number): void {
    if (this.#dirty[page] === 1) return;
    this.#dirty[page] = 1;
    this.#dirtyPages += 1;
  }

  #nextDirty(from: number): number {
    return this.#dirty.indexOf(1, from);
  }

  /** The page behind the run of changed pages that begins with `first`. */
  #runFrom(first: number): number {
    let last = first + 1;
    while (last - first < PAGES_PER_WRITE && this.#dirty[last] === 1) last += 1;
    return last;
  }

  /** Encodes the pages [first, last) into `buffer` and takes them for written; gives the bytes. */
  #take(first: number, last: number, buffer: Buffer, limit: number, previousOf: (number: number) => number): number {
    for (let number = first; number < last; number += 1) {
      const page = this.#pages[number];
      assert(page !== undefined, 'a changed page is in memory');
      const encoded = new Int32Array(buffer.buffer, buffer.byteOffset + (number - first) * PAGE_BYTES, SLOTS_PER_PAGE);
      encoded.set(page);
      this.#dirty[number] = 0;
      this.#dirtyPages -= 1;
      for (let slot = 0; slot < SLOTS_PER_PAGE; slot += 1) {
        let entry = encoded[slot] as number;
        if (entry < limit) continue;
        while (entry >= limit) entry = previousOf(entry);
        encoded[slot] = entry;
        this.#mark(number);
      }
    }
    const length = Math.min((last - first) * SLOTS_PER_PAGE, this.#count - first * SLOTS_PER_PAGE) * SLOT_BYTES;
    if (IS_LITTLE_ENDIAN) buffer.subarray(0, length).swap32();
    return length;
  }
}

const SLOT_BYTES = 4;
const PAGE_BYTES = 4096;
const SLOTS_PER_PAGE = PAGE_BYTES / SLOT_BYTES;
const PAGES_PER_WRITE = 64;
