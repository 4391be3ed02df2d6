import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareJavaDoubles, parseJavaDouble, parseJavaInt, parseJavaLong } from './java-parse.ts';

// What Java gives for each was taken from Java 17.
describe('parseJavaInt', () => {
  it.each([
    ['0', 0],
    ['-0', 0],
    ['+7', 7],
    ['0000000000000000000000000000012', 12],
    ['2147483647', 2_147_483_647],
    ['-2147483648', -2_147_483_648],
    ['٣٤', 34],
    ['５', 5],
  ])('%s', (text, value) => expect(parseJavaInt(text)).toBe(value));

  it.each(['', '+', '-', '+-1', ' 1', '1 ', '1.0', '0x1', '1_0', '2147483648', '-2147483649', '𝟏', 'a'])(
    'not %o',
    (text) => expect(parseJavaInt(text)).toBeUndefined(),
  );
});

describe('parseJavaLong', () => {
  it.each([
    ['9223372036854775807', 2n ** 63n - 1n],
    ['-9223372036854775808', -(2n ** 63n)],
    [`+${'0'.repeat(30_000)}9007199254740993`, 9_007_199_254_740_993n],
  ])('%s', (text, value) => expect(parseJavaLong(text)).toBe(value));

  it.each(['9223372036854775808', '-9223372036854775809', '1'.repeat(30_000)])('not %s', (text) =>
    expect(parseJavaLong(text)).toBeUndefined(),
  );
});

describe('parseJavaDouble', () => {
  it.each([
    ['5', 5],
    ['5.', 5],
    ['.5', 0.5],
    ['\t 5e1f\u0001\n', 50],
    ['-5D', -5],
    ['1e400', Number.POSITIVE_INFINITY],
    ['-1e-400', -0],
    ['+Infinity', Number.POSITIVE_INFINITY],
    ['-Infinity', Number.NEGATIVE_INFINITY],
    ['NaN', Number.NaN],
    ['0x1p2', 4],
    ['0X.8P1d', 1],
    ['0x1.8p0', 1.5],
    ['-0x1.fffffffffffffp1023', -Number.MAX_VALUE],
    ['0x1p-1074', Number.MIN_VALUE],
    ['0x1p-1075', 0],
    ['0x1.8p-1075', Number.MIN_VALUE],
    ['0x1.00000000000008p0', 1],
    ['0x1.000000000000080001p0', 1 + Number.EPSILON],
    ['0x1p1024', Number.POSITIVE_INFINITY],
    [`0x${'0'.repeat(50)}1${'0'.repeat(100)}p-400`, 1],
    ['0x0p99999999999', 0],
  ])('%s', (text, value) => expect(parseJavaDouble(text)).toBe(value));

  it.each(['', ' ', '.', '+', 'e5', '1e', '1e+', '5L', '0x1', '0x.p1', '0xp1', 'infinity', '1_0', '5 5', '٥', '1f5'])(
    'not %o',
    (text) => expect(parseJavaDouble(text)).toBeUndefined(),
  );

  it('gives every double back from its decimal text', () => {
    fc.assert(
      fc.property(fc.double(), (value) => {
        expect(parseJavaDouble(String(value))).toBe(value === 0 ? Number(String(value)) : value);
      }),
    );
  });
});

describe('compareJavaDoubles', () => {
  it('has NaN on top and −0 below 0', () => {
    const sorted = [Number.NEGATIVE_INFINITY, -1, -0, 0, 1, Number.POSITIVE_INFINITY, Number.NaN];
    for (const [low, left] of sorted.entries()) {
      for (const [high, right] of sorted.entries()) expect(compareJavaDoubles(left, right)).toBe(Math.sign(low - high));
    }
  });
});
