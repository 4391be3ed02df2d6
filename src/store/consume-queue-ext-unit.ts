import { assert } from '../util/assert.ts';

/**
 * One unit of a ConsumeQueueExt, read. Reused from unit to unit: whoever keeps a value copies it. The halves of
 * tagsCode are signed 32-bit numbers. Java: ConsumeQueueExt.CqExtUnit; docs/store/consume-queue-ext.md.
 */
export class CqExtUnit {
  /** Bytes of the whole unit. */
  size = 0;
  tagsCodeHigh = 0;
  tagsCodeLow = 0;
  /** Store time of the message, milliseconds since the epoch. */
  msgStoreTime = 0;
  /** Which filters the message passes; empty when nobody computed it. */
  bitMap: Uint8Array = NO_BIT_MAP;

  /**
   * Reads the unit at `at`, of which nothing lies at or behind `end`. False when the bytes are no unit: too short, a
   * size that its parts do not add up to, or no store time, which every unit has. Then the fields mean nothing.
   */
  decode(bytes: Buffer, at: number, end: number): boolean {
    if (end - at < MIN_UNIT_BYTES) return false;
    const size = bytes.readInt16BE(at);
    const bitMapBytes = bytes.readInt16BE(at + 18);
    if (size !== MIN_UNIT_BYTES + bitMapBytes || bitMapBytes < 0 || size > end - at) return false;
    const timeHigh = bytes.readInt32BE(at + 10);
    const timeLow = bytes.readUInt32BE(at + 14);
    if (timeHigh < 0 || (timeHigh === 0 && timeLow === 0)) return false;
    this.size = size;
    this.tagsCodeHigh = bytes.readInt32BE(at + 2);
    this.tagsCodeLow = bytes.readInt32BE(at + 6);
    this.msgStoreTime = timeHigh * TWO_POW_32 + timeLow;
    this.bitMap = bitMapBytes === 0 ? NO_BIT_MAP : bytes.subarray(at + MIN_UNIT_BYTES, at + size);
    return true;
  }
}

/** Writes a unit and gives its size; the caller has checked that it fits. */
export function encodeExtUnit(
  target: Buffer,
  at: number,
  tagsCodeHigh: number,
  tagsCodeLow: number,
  msgStoreTime: number,
  bitMap: Uint8Array,
): number {
  const size = MIN_UNIT_BYTES + bitMap.length;
  assert(size <= MAX_UNIT_BYTES, 'the size of a unit is a positive int16');
  target.writeInt16BE(size, at);
  target.writeInt32BE(tagsCodeHigh, at + 2);
  target.writeInt32BE(tagsCodeLow, at + 6);
  target.writeInt32BE(Math.floor(msgStoreTime / TWO_POW_32), at + 10);
  target.writeInt32BE(msgStoreTime | 0, at + 14);
  target.writeInt16BE(bitMap.length, at + 18);
  target.set(bitMap, at + MIN_UNIT_BYTES);
  return size;
}

/**
 * Whether a queue entry's tagsCode is an address in the extension: below what 32 bits can be as a signed number.
 * Java: ConsumeQueueExt#isExtAddr.
 */
export function isExtAddress(high: number, low: number): boolean {
  return high < -1 || (high === -1 && low >= 0);
}

/** Upper half of the address of an offset: Java's smallest long plus the offset. Java: ConsumeQueueExt#decorate. */
export function extAddressHigh(offset: number): number {
  return Math.floor(offset / TWO_POW_32) + SMALLEST_HIGH;
}

/** Lower half of the address of an offset. */
export function extAddressLow(offset: number): number {
  return offset | 0;
}

/** The offset that an address stands for; exact up to 2^53, above that somewhere near. Java: #unDecorate. */
export function extOffset(high: number, low: number): number {
  return (high - SMALLEST_HIGH) * TWO_POW_32 + (low >>> 0);
}

/** Size, tagsCode, store time and length of the bit map. Java: CqExtUnit.MIN_EXT_UNIT_SIZE. */
export const MIN_UNIT_BYTES = 20;
/** Java: CqExtUnit.MAX_EXT_UNIT_SIZE. */
export const MAX_UNIT_BYTES = 32_767;
/** What a unit without a bit map has in its place. */
export const NO_BIT_MAP: Uint8Array = new Uint8Array(0);

const TWO_POW_32 = 0x100000000;
const SMALLEST_HIGH = -0x80000000;
