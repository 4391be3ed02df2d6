import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { javaDoubleText, javaLongText } from './java-number.ts';

describe('javaDoubleText', () => {
  it.each([
    [0, '0.0'],
    [-0, '-0.0'],
    [1, '1.0'],
    [-1.5, '-1.5'],
    [1 / 3, '0.3333333333333333'],
    [0.001, '0.001'],
    [0.0009, '9.0E-4'],
    [9999999, '9999999.0'],
    [1e7, '1.0E7'],
    [12345678.9, '1.23456789E7'],
    [1e10, '1.0E10'],
    [1e-9, '1.0E-9'],
    [123456.789, '123456.789'],
    [1.7976931348623157e308, '1.7976931348623157E308'],
    [100, '100.0'],
    [Number.NaN, 'NaN'],
    [-Infinity, '-Infinity'],
  ])('of %d is %s', (value, text) => {
    expect(javaDoubleText(value)).toBe(text);
  });

  it('gives the number back', () => {
    fc.assert(fc.property(fc.double({ noNaN: true }), (value) => Object.is(Number(javaDoubleText(value)), value)));
  });
});

describe('javaLongText', () => {
  it('is cut to the range of a long', () => {
    expect([0, -0, -5, 2 ** 53 - 1, 2 ** 60].map(javaLongText)).toEqual([
      '0',
      '0',
      '-5',
      '9007199254740991',
      '1152921504606846976',
    ]);
    expect([2 ** 63, 1e30, -(2 ** 63), -1e30].map(javaLongText)).toEqual([
      '9223372036854775807',
      '9223372036854775807',
      '-9223372036854775808',
      '-9223372036854775808',
    ]);
  });
});
