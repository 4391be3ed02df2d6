import { describe, expect, it } from 'vitest';
import { mean, spread } from './statistics.ts';
import { formatNumber, formatTable } from './table.ts';

describe('spread', () => {
  it('takes the middle of an odd and an even number of values', () => {
    expect(spread([9, 1, 5])).toEqual({ median: 5, min: 1, max: 9 });
    expect(spread([10, 2, 4, 8])).toEqual({ median: 6, min: 2, max: 10 });
    expect(() => spread([])).toThrow('no value');
  });

  it('goes with a mean', () => {
    expect(mean([1, 2, 6])).toBe(3);
  });
});

describe('formatTable', () => {
  it('lays out columns', () => {
    expect(
      formatTable(
        ['', 'tps'],
        [
          ['ours', formatNumber(21_650.5)],
          ['Java', formatNumber(9.456)],
        ],
      ),
    ).toBe(['         tps', '----  ------', 'ours  21 651', 'Java    9.46'].join('\n'));
  });
});
