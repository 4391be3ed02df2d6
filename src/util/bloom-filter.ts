import { assert } from './assert.ts';
import { murmur3Low64 } from './murmur3.ts';

/**
 * Which bits of a bit map stand for a key. Bit p is byte p/8, mask 1 << p%8. A key that was set is always found; one
 * that was not is found by mistake in about `errorPercent` of the cases once `keyCount` keys are set.
 * Java: BloomFilter#createByFn, BitsArray.
 */
export class BloomFilter {
  /** Bits per key. Java: k. */
  readonly hashCount: number;
  /** Bits of a bit map, whole bytes. Java: m. */
  readonly bitCount: number;

  /** `errorPercent` from 1 to 99, `keyCount` at least 1: settings are checked before they come here. */
  constructor(errorPercent: number, keyCount: number) {
    assert(errorPercent >= 1 && errorPercent < 100, 'error rate of a bloom filter in percent');
    assert(keyCount >= 1, 'keys of a bloom filter');
    const errorRate = errorPercent / 100;
    this.hashCount = Math.ceil(logarithm(0.5, errorRate));
    const bits = Math.ceil(keyCount * logarithm(2, 1 / errorRate) * logarithm(2, Math.E));
    this.bitCount = 8 * Math.ceil(bits / 8);
  }

  /** The bits of a key, {@link hashCount} of them; they may repeat. Java: BloomFilter#calcBitPositions. */
  positionsOf(key: string): number[] {
    const { low, high } = murmur3Low64(Buffer.from(key));
    return Array.from({ length: this.hashCount }, (_, index) => {
      const combined = (low + Math.imul(index + 1, high)) | 0;
      return (combined < 0 ? ~combined : combined) % this.bitCount;
    });
  }
}

/** Sets the bits at `positions`; all of them lie in the bit map. Java: BloomFilter#hashTo. */
export function setBits(bitMap: Uint8Array, positions: readonly number[]): void {
  for (const position of positions) {
    assert(position >> 3 < bitMap.length, 'a bit inside of the bit map');
    bitMap[position >> 3] = (bitMap[position >> 3] as number) | (1 << (position & 7));
  }
}

/** Whether all bits at `positions` are set. Java: BloomFilter#isHit. */
export function hasBits(bitMap: Uint8Array, positions: readonly number[]): boolean {
  return positions.every((position) => ((bitMap[position >> 3] ?? 0) & (1 << (position & 7))) !== 0);
}

function logarithm(base: number, value: number): number {
  return Math.log(value) / Math.log(base);
}
