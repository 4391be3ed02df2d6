import { describe, expect, it } from 'vitest';
import { DelayLevels } from './delay-levels.ts';

describe('DelayLevels', () => {
  it('reads the default levels', () => {
    const levels = DelayLevels.parse('1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h');
    expect(levels?.maxLevel).toBe(18);
    expect(levels?.deliverTimestamp(1, 1000)).toBe(2000);
    expect(levels?.deliverTimestamp(18, 0)).toBe(7_200_000);
  });

  it('takes one second for an unknown level', () => {
    expect(DelayLevels.parse('1d')?.deliverTimestamp(999, 0)).toBe(1000);
  });

  it.each(['', '5', 's', '1x', '1s  2s', '-1s', '999999999999999d'])('refuses %j', (text) => {
    expect(DelayLevels.parse(text)).toBeUndefined();
  });
});
