import type { Environment } from './environment.ts';

/** Shares of a partition in use, 0 to 1, at which the store acts by itself. */
export interface DiskLevels {
  /** Above it no messages are taken. */
  readonly warningRatio: number;
  /** Above it files are deleted before their time, when `cleanFileForciblyEnable` allows it. */
  readonly cleanForciblyRatio: number;
}

/** Java: DefaultMessageStore.CleanCommitLogService. */
export const DEFAULT_DISK_LEVELS: DiskLevels = { warningRatio: 0.9, cleanForciblyRatio: 0.85 };

/** The two system properties that change the levels; what is no number counts as absent. */
export function diskLevelsOf({ systemProperties }: Environment): DiskLevels {
  const ratio = (name: string, absent: number): number => {
    const given = systemProperties[name]?.trim() ?? '';
    return /^(\d+\.?\d*|\.\d+)$/.test(given) ? Number(given) : absent;
  };
  return {
    warningRatio: ratio('rocketmq.broker.diskSpaceWarningLevelRatio', DEFAULT_DISK_LEVELS.warningRatio),
    cleanForciblyRatio: ratio('rocketmq.broker.diskSpaceCleanForciblyRatio', DEFAULT_DISK_LEVELS.cleanForciblyRatio),
  };
}
