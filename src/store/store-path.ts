/**
 * Where things lie below storePathRootDir. The commit log is not here: storePathCommitLog is a setting of its own.
 * Java: StorePathConfigHelper.
 */
export const storePath = {
  consumeQueue: (rootDir: string): string => `${rootDir}/consumequeue`,
  consumeQueueExt: (rootDir: string): string => `${rootDir}/consumequeue_ext`,
  index: (rootDir: string): string => `${rootDir}/index`,
  checkpoint: (rootDir: string): string => `${rootDir}/checkpoint`,
  abort: (rootDir: string): string => `${rootDir}/abort`,
  lock: (rootDir: string): string => `${rootDir}/lock`,
  config: (rootDir: string): string => `${rootDir}/config`,
} as const;
