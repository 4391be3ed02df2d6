import { describe, expect, it } from 'vitest';
import { oldVersionName, VERSION_3_0_7_SNAPSHOT, VERSION_3_1_8_SNAPSHOT, versionName } from './client-version.ts';

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

describe('names of all client versions', () => {
  it.each([
    [61, 'V3_1_7'],
    [62, 'V3_1_8_SNAPSHOT'],
    [66, 'V3_2_0_SNAPSHOT'],
    [85, 'V3_2_9'],
    [86, 'V3_3_1_SNAPSHOT'],
    [104, 'V3_4_1_SNAPSHOT'],
    [333, 'V4_6_0'],
    [339, 'V4_6_3'],
    [611, 'V5_9_9'],
    [612, 'HIGHER_VERSION'],
    [2_147_483_647, 'HIGHER_VERSION'],
    [-1, '-1'],
  ])('%i is %s', (version, name) => {
    expect(versionName(version)).toBe(name);
  });
});
