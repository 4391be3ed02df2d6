/**
 * The 20 bytes of a ConsumeQueue entry: commitLogOffset int64, size int32, tagsCode int64, big-endian.
 * Java: ConsumeQueue#CQ_STORE_UNIT_SIZE; docs/store/consume-queue.md.
 */
export const CQ_ENTRY_BYTES = 20;

/** Java: MessageStoreConfig#getMappedFileSizeConsumeQueue. */
export function roundUpToEntries(fileSizeBytes: number): number {
  return Math.ceil(fileSizeBytes / CQ_ENTRY_BYTES) * CQ_ENTRY_BYTES;
}

/** Size field of the entries that fill the space before the first real one. Java: ConsumeQueue#fillPreBlank. */
export const FILLER_SIZE = 0x7fffffff;

/**
 * Decoded entries in columns, made once and filled again by each read: a pull looks at hundreds of entries and must
 * not allocate one. The halves of tagsCode are signed 32-bit numbers.
 */
export class ConsumeQueueEntries {
  readonly capacity: number;
  readonly phyOffset: Float64Array;
  readonly size: Int32Array;
  readonly tagsCodeHigh: Int32Array;
  readonly tagsCodeLow: Int32Array;
  /** Entries valid, from index 0. */
  count = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.phyOffset = new Float64Array(capacity);
    this.size = new Int32Array(capacity);
    this.tagsCodeHigh = new Int32Array(capacity);
    this.tagsCodeLow = new Int32Array(capacity);
  }

  /** Appends `entries` entries that lie encoded at `start` of `bytes`. */
  decode(bytes: Uint8Array, start: number, entries: number): void {
    let at = start;
    for (let index = this.count; index < this.count + entries; index += 1) {
      this.phyOffset[index] = int32At(bytes, at) * TWO_POW_32 + (int32At(bytes, at + 4) >>> 0);
      this.size[index] = int32At(bytes, at + 8);
      this.tagsCodeHigh[index] = int32At(bytes, at + 12);
      this.tagsCodeLow[index] = int32At(bytes, at + 16);
      at += CQ_ENTRY_BYTES;
    }
    this.count += entries;
  }
}

/** Writes one entry; allocates nothing. `phyOffset` is a safe integer, negative ones included. */
export function encodeEntry(
  target: Uint8Array,
  at: number,
  phyOffset: number,
  sizeBytes: number,
  tagsCodeHigh: number,
  tagsCodeLow: number,
): void {
  setInt32(target, at, Math.floor(phyOffset / TWO_POW_32));
  setInt32(target, at + 4, phyOffset | 0);
  setInt32(target, at + 8, sizeBytes);
  setInt32(target, at + 12, tagsCodeHigh);
  setInt32(target, at + 16, tagsCodeLow);
}

function setInt32(target: Uint8Array, at: number, value: number): void {
  target[at] = value >>> 24;
  target[at + 1] = value >>> 16;
  target[at + 2] = value >>> 8;
  target[at + 3] = value;
}

function int32At(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}

const TWO_POW_32 = 0x100000000;
