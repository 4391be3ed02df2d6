import { describe, expect, it } from 'vitest';
import { BloomFilter, hasBits, setBits } from './bloom-filter.ts';

/** Java's defaults: maxErrorRateOfBloomFilter 20, expectConsumerNumUseFilter 32. */
const filter = new BloomFilter(20, 32);

describe('BloomFilter', () => {
  it('has the sizes of Java’s defaults', () => {
    expect([filter.hashCount, filter.bitCount]).toEqual([3, 112]);
  });

  it.each([
    ['g1#T1', [57, 20, 98]],
    ['cg#TopicTest', [51, 88, 13]],
    ['CG_sql#TopicTest', [30, 35, 71]],
  ])('places %s where Java does', (key, positions) => {
    expect(filter.positionsOf(key)).toEqual(positions);
  });

  it('makes the bit map that Java makes', () => {
    const bitMap = new Uint8Array(filter.bitCount / 8);
    setBits(bitMap, filter.positionsOf('cg#TopicTest'));
    expect(Buffer.from(bitMap).toString('hex')).toBe('0020000000000800000000010000');
  });

  it('finds what was set, nothing in an empty or too short map. Java: BloomFilterTest, BitsArrayTest', () => {
    const bitMap = new Uint8Array(filter.bitCount / 8);
    const keys = Array.from({ length: 32 }, (_, index) => `group${index}#Topic`);
    for (const key of keys) expect(hasBits(bitMap, filter.positionsOf(key))).toBe(false);
    for (const key of keys) {
      setBits(bitMap, filter.positionsOf(key));
      expect(filter.positionsOf(key)).toHaveLength(3);
      expect(hasBits(bitMap, filter.positionsOf(key))).toBe(true);
      expect(hasBits(new Uint8Array(0), filter.positionsOf(key))).toBe(false);
    }
    for (const key of keys) expect(hasBits(bitMap, filter.positionsOf(key))).toBe(true);
  });

  it.each([1, 5, 10, 20, 50, 90])('finds at most about %i %% of what was not set', (errorPercent) => {
    const { hashCount, bitCount } = new BloomFilter(errorPercent, 64);
    expect(hashCount).toBe(Math.ceil(-Math.log2(errorPercent / 100)));
    expect(bitCount % 8).toBe(0);
    const other = new BloomFilter(errorPercent, 64);
    const bitMap = new Uint8Array(bitCount / 8);
    for (let index = 0; index < 64; index += 1) setBits(bitMap, other.positionsOf(`set ${index}`));
    const tries = 2_000;
    let hits = 0;
    for (let index = 0; index < tries; index += 1)
      if (hasBits(bitMap, other.positionsOf(`not set ${index}`))) hits += 1;
    // Three standard deviations of the sample, and what rounding the number of hashes up may cost.
    expect(hits / tries).toBeLessThan((errorPercent / 100) * 1.25 + 3 * Math.sqrt(0.25 / tries));
  });
});
