import { describe, expect, it } from 'vitest';
import { oldVersionName, VERSION_3_0_7_SNAPSHOT, VERSION_3_1_8_SNAPSHOT } from './client-version.ts';

describe('names of old client versions', () => {
  it.each([
    [0, 'V3_0_0_SNAPSHOT'],
    [8, 'V3_0_0_BETA6'],
    [15, 'V3_0_0_FINAL'],
    [16, 'V3_0_1_SNAPSHOT'],
    [27, 'V3_0_6'],
    [34, 'V3_0_10_SNAPSHOT'],
    [45, 'V3_0_15'],
    [46, 'V3_1_0_SNAPSHOT'],
    [50, 'V3_1_2_SNAPSHOT'],
    [61, 'V3_1_7'],
  ])('%i is %s', (version, name) => {
    expect(oldVersionName(version)).toBe(name);
  });

  it('end where clients take everything; what has no name is given as it is', () => {
    expect(oldVersionName(VERSION_3_0_7_SNAPSHOT)).toBe('V3_0_7_SNAPSHOT');
    expect(oldVersionName(VERSION_3_1_8_SNAPSHOT)).toBe('62');
    expect(oldVersionName(-1)).toBe('-1');
  });
});
