import { expect, it } from 'vitest';
import { diskLevelsOf } from './disk-levels.ts';

const WARNING = 'rocketmq.broker.diskSpaceWarningLevelRatio';
const FORCIBLY = 'rocketmq.broker.diskSpaceCleanForciblyRatio';

function levelsOf(systemProperties: Record<string, string>): [number, number] {
  const rest = { homeDir: '/h', variables: {}, hostName: 'h', localAddress: '127.0.0.1', cpuCount: 1 };
  const { warningRatio, cleanForciblyRatio } = diskLevelsOf({ ...rest, systemProperties });
  return [warningRatio, cleanForciblyRatio];
}

it('are 0.90 and 0.85 unless system properties say otherwise', () => {
  expect(levelsOf({})).toEqual([0.9, 0.85]);
  expect(levelsOf({ [WARNING]: '0.999', [FORCIBLY]: ' .5 ' })).toEqual([0.999, 0.5]);
  expect(levelsOf({ [WARNING]: '90%', [FORCIBLY]: '' })).toEqual([0.9, 0.85]);
});
