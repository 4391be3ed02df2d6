import { writeInt32 } from '../codec/message-bytes.ts';
import { IndexSlots } from './index-slots.ts';
import { MappedFile } from './mapped-file.ts';
import type { OpenFiles } from './open-files.ts';

/**
 * One file of the index by message key: header, hash slots, entries chained newest first (docs/store/index-file.md).
 * While a file is being filled its header, its slots and its newest entries live in memory and go to disk with
 * {@link flushAsync}, entries before the slots that point to them before the header that counts them, so that a crash
 * leaves a file that {@link repair} can finish. Throws StoreIoError. Java: IndexFile, IndexHeader.
 */
export class IndexFile {
  readonly name: string;
  readonly #layout: IndexLayout;
  readonly #file: MappedFile;
  /** In memory while the file is filled or changed. */
  #slots: IndexSlots | undefined;
  #fresh: boolean;
  #beginTimestamp = 0;
  #endTimestamp = 0;
  #beginPhyOffset = 0;
  #endPhyOffset = 0;
  #hashSlotCount = 0;
  /** The number the next entry gets; entry 0 is never used. */
  #indexCount = 1;
  #tail: Buffer | undefined;
  /** Number of the first entry in `#tail`, and of the first that is not in the file. */
  #tailStart = 1;
  #writtenEnd = 1;
  #headerDirty = false;
  #destroyed = false;
  #flushing: Promise<void> | undefined;

  private constructor(file: MappedFile, name: string, layout: IndexLayout, fresh: boolean) {
    this.#file = file;
    this.name = name;
    this.#layout = layout;
    this.#fresh = fresh;
  }

  /** Creates a file that goes on where the previous full one ended; both are 0 when there is none. */
  static create(
    files: OpenFiles,
    dir: string,
    name: string,
    layout: IndexLayout,
    previousEnd: { readonly phyOffset: number; readonly timestamp: number },
  ): IndexFile {
    const file = MappedFile.create(files, dir, 0, indexFileBytes(layout), name);
    // A power loss must not leave it shorter, or a younger one without it.
    file.flush();
    const index = new IndexFile(file, name, layout, true);
    index.#beginPhyOffset = previousEnd.phyOffset;
    index.#endPhyOffset = previousEnd.phyOffset;
    index.#beginTimestamp = previousEnd.timestamp;
    index.#endTimestamp = previousEnd.timestamp;
    file.write(index.#encodeHeader(), 0, HEADER_BYTES, 0);
    return index;
  }

  /** Opens a file of the right length and reads its header. */
  static load(files: OpenFiles, dir: string, name: string, layout: IndexLayout): IndexFile {
    const file = MappedFile.existing(files, dir, 0, indexFileBytes(layout), name);
    const index = new IndexFile(file, name, layout, false);
    const header = Buffer.alloc(HEADER_BYTES);
    file.read(header, 0, HEADER_BYTES, 0);
    index.#beginTimestamp = Number(header.readBigInt64BE(0));
    index.#endTimestamp = Number(header.readBigInt64BE(8));
    index.#beginPhyOffset = Number(header.readBigInt64BE(16));
    index.#endPhyOffset = Number(header.readBigInt64BE(24));
    index.#hashSlotCount = header.readInt32BE(32);
    index.#indexCount = Math.max(1, Math.min(header.readInt32BE(36), layout.maxIndexNum));
    index.#tailStart = index.#indexCount;
    index.#writtenEnd = index.#indexCount;
    return index;
  }

  get beginTimestamp(): number {
    return this.#beginTimestamp;
  }

  get endTimestamp(): number {
    return this.#endTimestamp;
  }

  get beginPhyOffset(): number {
    return this.#beginPhyOffset;
  }

  /** Physical offset of the newest message in the file. */
  get endPhyOffset(): number {
    return this.#endPhyOffset;
  }

  /** One more than the number of entries. */
  get indexCount(): number {
    return this.#indexCount;
  }

  get hashSlotCount(): number {
    return this.#hashSlotCount;
  }

  /** Java: IndexFile#isWriteFull. */
  get isFull(): boolean {
    return this.#indexCount >= this.#layout.maxIndexNum;
  }

  /** True when something waits for a flush. */
  get isDirty(): boolean {
    return this.#headerDirty;
  }

  /** Adds one key of a message; false when the file is full. Java: IndexFile#putKey. */
  put(keyHash: number, phyOffset: number, storeTimestamp: number): boolean {
    if (this.isFull) return false;
    const slots = this.#slotsInMemory();
    const slot = keyHash % this.#layout.maxHashSlotNum;
    const newest = slots.get(slot);
    const number = this.#indexCount;
    const previous = newest > 0 && newest < number ? newest : 0;
    const at = this.#tailPosition(number);
    const tail = this.#tail as Buffer;
    writeInt32(tail, at, keyHash);
    writeInt32(tail, at + 4, Math.floor(phyOffset / TWO_POW_32));
    writeInt32(tail, at + 8, phyOffset | 0);
    writeInt32(tail, at + 12, timeDiffSeconds(this.#beginTimestamp, storeTimestamp));
    writeInt32(tail, at + 16, previous);
    slots.set(slot, number);
    if (number <= 1) {
      this.#beginPhyOffset = phyOffset;
      this.#beginTimestamp = storeTimestamp;
    }
    this.#hashSlotCount += 1;
    this.#indexCount = number + 1;
    this.#endPhyOffset = phyOffset;
    this.#endTimestamp = storeTimestamp;
    this.#headerDirty = true;
    return true;
  }

  /** Whether the file's times overlap [begin, end]. Java: IndexFile#isTimeMatched. */
  isTimeMatched(beginMs: number, endMs: number): boolean {
    return beginMs <= this.#endTimestamp && endMs >= this.#beginTimestamp;
  }

  /** Number of the newest entry in the slot of a key, 0 for none. */
  newestOf(keyHash: number): number {
    const slot = keyHash % this.#layout.maxHashSlotNum;
    const newest = this.#slots === undefined ? this.#readSlot(slot) : this.#slots.get(slot);
    return newest > 0 && newest < this.#indexCount ? newest : 0;
  }

  /**
   * Walks a chain from entry `from`, at most `maxSteps` entries, and adds the offsets of messages with this hash and
   * a time in [beginMs, endMs] to `found` until it holds `maxNum`. Times have second precision. Gives the entry to go
   * on with, 0 at the end. Only the hash is compared. Java: IndexFile#selectPhyOffset.
   */
  select(query: IndexQuery, from: number, maxSteps: number, found: number[]): number {
    let number = from;
    for (let steps = 0; number > 0 && found.length < query.maxNum; steps += 1) {
      if (steps === maxSteps) return number;
      this.#readEntry(number);
      if (ENTRY.timeDiff < 0) return 0;
      const time = this.#timeOf(number);
      if (ENTRY.keyHash === query.keyHash && time >= query.beginMs && time <= query.endMs) found.push(ENTRY.phyOffset);
      // An entry points to an older one; anything else is damage and could lead in a circle.
      if (time < query.beginMs || ENTRY.previous >= number) return 0;
      number = ENTRY.previous;
    }
    return 0;
  }

  /** Whether the file has an entry for this key of the message at `phyOffset`, its newest message. */
  hasNewest(keyHash: number, phyOffset: number): boolean {
    for (let number = this.#indexCount - 1; number > 0; number -= 1) {
      this.#readEntry(number);
      if (ENTRY.phyOffset !== phyOffset) return false;
      if (ENTRY.keyHash === keyHash) return true;
    }
    return false;
  }

  /**
   * Takes out the entries of messages at or behind `logEnd`, newest first, so that every chain is as it was before
   * them. False when none is left.
   */
  unwindTo(logEnd: number): boolean {
    const slots = this.#slotsInMemory();
    this.#writeEntries();
    while (this.#indexCount > 1) {
      const number = this.#indexCount - 1;
      this.#readEntry(number);
      if (ENTRY.phyOffset < logEnd) {
        this.#endPhyOffset = ENTRY.phyOffset;
        // The exact time is not in the entry; the end of its second is never too early.
        this.#endTimestamp = Math.min(this.#endTimestamp, this.#timeOf(number) + 999);
        return true;
      }
      slots.set(ENTRY.keyHash % this.#layout.maxHashSlotNum, ENTRY.previous);
      this.#indexCount = number;
      this.#hashSlotCount -= 1;
      this.#tailStart = number;
      this.#writtenEnd = number;
      this.#headerDirty = true;
    }
    return false;
  }

  /**
   * Finishes a file that our own crashed run was filling: slots may point to entries that the header does not count
   * yet; these were on disk before the slots, so their chains lead back to counted ones. The next flush forces it all.
   */
  repair(): void {
    const slots = this.#slotsInMemory();
    this.#headerDirty = true;
    for (let slot = 0; slot < this.#layout.maxHashSlotNum; slot += 1) {
      let number = slots.get(slot);
      if (number < this.#indexCount) continue;
      while (number >= this.#indexCount && number < this.#layout.maxIndexNum) {
        this.#readStored(number);
        number = ENTRY.previous < number ? ENTRY.previous : 0;
      }
      slots.set(slot, number < this.#indexCount ? number : 0);
    }
  }

  /**
   * Writes and forces everything on the thread pool, in the order that {@link repair} relies on. A second call waits
   * for the first.
   */
  async flushAsync(): Promise<void> {
    while (this.#flushing !== undefined) await this.#flushing.catch(() => undefined);
    this.#flushing = this.#flushOnce().finally(() => {
      this.#flushing = undefined;
    });
    await this.#flushing;
  }

  /** Removes the file on the thread pool. */
  async destroyAsync(): Promise<void> {
    this.#destroyed = true;
    await this.#file.destroyAsync();
  }

  /** Removes the file. */
  destroy(): void {
    this.#destroyed = true;
    this.#file.destroy();
  }

  get isDestroyed(): boolean {
    return this.#destroyed;
  }

  async #flushOnce(): Promise<void> {
    if (!this.#headerDirty || this.#destroyed) return;
    const header = this.#encodeHeader();
    const counted = this.#indexCount;
    this.#headerDirty = false;
    try {
      this.#writeEntries();
      await this.#file.flushAsync();
      await this.#slots?.writeAsync(counted, (number) => this.#previousOf(number));
      await this.#file.flushAsync();
      this.#file.write(header, 0, HEADER_BYTES, 0);
      await this.#file.flushAsync();
    } catch (error) {
      this.#headerDirty = true;
      if (!this.isDestroyed) throw error;
    }
    this.#forgetWhenFull();
  }

  #slotsInMemory(): IndexSlots {
    this.#slots ??= new IndexSlots(this.#file, HEADER_BYTES, this.#layout.maxHashSlotNum, this.#fresh);
    return this.#slots;
  }

  /** Position in the tail for an entry, after making room for it. */
  #tailPosition(number: number): number {
    this.#tail ??= Buffer.alloc(Math.min(TAIL_ENTRIES, this.#layout.maxIndexNum) * ENTRY_BYTES);
    if ((number - this.#tailStart) * ENTRY_BYTES >= this.#tail.length) {
      this.#writeEntries();
      this.#tailStart = number;
    }
    return (number - this.#tailStart) * ENTRY_BYTES;
  }

  #writeEntries(): void {
    const count = this.#indexCount - this.#writtenEnd;
    if (count === 0) return;
    const start = (this.#writtenEnd - this.#tailStart) * ENTRY_BYTES;
    this.#file.write(this.#tail as Buffer, start, count * ENTRY_BYTES, this.#entryPosition(this.#writtenEnd));
    this.#writtenEnd = this.#indexCount;
  }

  #readEntry(number: number): void {
    if (this.#tail !== undefined && number >= this.#tailStart && number < this.#indexCount) {
      decodeEntry(this.#tail, (number - this.#tailStart) * ENTRY_BYTES);
    } else this.#readStored(number);
  }

  #previousOf(number: number): number {
    this.#readEntry(number);
    return ENTRY.previous < number ? ENTRY.previous : 0;
  }

  /** Begin of the second of the entry read last, which is `number`. */
  #timeOf(number: number): number {
    // The first entry counts from the end of the file before, as Java writes it; its own time is the begin.
    return this.#beginTimestamp + (number === 1 ? 0 : ENTRY.timeDiff * 1000);
  }

  #readStored(number: number): void {
    SCRATCH.fill(0);
    this.#file.read(SCRATCH, 0, ENTRY_BYTES, this.#entryPosition(number));
    decodeEntry(SCRATCH, 0);
  }

  #readSlot(slot: number): number {
    SCRATCH.fill(0);
    this.#file.read(SCRATCH, 0, SLOT_BYTES, HEADER_BYTES + slot * SLOT_BYTES);
    return SCRATCH.readInt32BE(0);
  }

  #entryPosition(number: number): number {
    return HEADER_BYTES + this.#layout.maxHashSlotNum * SLOT_BYTES + number * ENTRY_BYTES;
  }

  #encodeHeader(): Buffer {
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeBigInt64BE(BigInt(this.#beginTimestamp), 0);
    header.writeBigInt64BE(BigInt(this.#endTimestamp), 8);
    header.writeBigInt64BE(BigInt(this.#beginPhyOffset), 16);
    header.writeBigInt64BE(BigInt(this.#endPhyOffset), 24);
    header.writeInt32BE(this.#hashSlotCount, 32);
    header.writeInt32BE(this.#indexCount, 36);
    return header;
  }

  /** A full file is only read from now on: its 20 MB of slots go back. */
  #forgetWhenFull(): void {
    if (!this.isFull || this.#headerDirty) return;
    this.#slots = undefined;
    this.#tail = undefined;
    this.#fresh = false;
  }
}

/** Sizes of an index file. Java: maxHashSlotNum, maxIndexNum. */
export interface IndexLayout {
  readonly maxHashSlotNum: number;
  readonly maxIndexNum: number;
}

/** What {@link IndexFile.select} looks for. */
export interface IndexQuery {
  readonly keyHash: number;
  readonly maxNum: number;
  readonly beginMs: number;
  readonly endMs: number;
}

/** Length of an index file in bytes. */
export function indexFileBytes(layout: IndexLayout): number {
  return HEADER_BYTES + SLOT_BYTES * layout.maxHashSlotNum + ENTRY_BYTES * layout.maxIndexNum;
}

/** From `String.hashCode()` of `topic#key` to the hash of an index key. Java: IndexFile#indexKeyHashMethod. */
export function toIndexKeyHash(javaHash: number): number {
  const hash = Math.abs(javaHash);
  return hash > MAX_INT ? 0 : hash;
}

const HEADER_BYTES = 40;
const SLOT_BYTES = 4;
const ENTRY_BYTES = 20;
const TAIL_ENTRIES = 3_276;
const MAX_INT = 0x7fffffff;
const TWO_POW_32 = 0x100000000;
const SCRATCH = Buffer.alloc(ENTRY_BYTES);

/** The entry read last: one is looked at at a time, and none is kept. */
const ENTRY = { keyHash: 0, phyOffset: 0, timeDiff: 0, previous: 0 };

function decodeEntry(bytes: Buffer, at: number): void {
  ENTRY.keyHash = bytes.readInt32BE(at);
  ENTRY.phyOffset = bytes.readInt32BE(at + 4) * TWO_POW_32 + bytes.readUInt32BE(at + 8);
  ENTRY.timeDiff = bytes.readInt32BE(at + 12);
  ENTRY.previous = bytes.readInt32BE(at + 16);
}

function timeDiffSeconds(beginTimestamp: number, storeTimestamp: number): number {
  if (beginTimestamp <= 0) return 0;
  return Math.max(0, Math.min(MAX_INT, Math.trunc((storeTimestamp - beginTimestamp) / 1000)));
}
