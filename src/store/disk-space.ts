import type { Fs } from '../util/fs.ts';

/** How full the partition of a path is. */
export interface DiskSpace {
  readonly path: string;
  /** Share in use, 0 to 1, root's reserve counting as free; −1 when it cannot be told. */
  readonly usedRatio: number;
  readonly totalBytes: number;
  readonly freeBytes: number;
}

/** Asks the file system. Java: UtilAll#getDiskPartitionSpaceUsedPercent. */
export function diskSpaceOf(fs: Fs, path: string): DiskSpace {
  try {
    const { totalBytes, freeBytes } = fs.statfs(path);
    if (totalBytes > 0) return { path, usedRatio: (totalBytes - freeBytes) / totalBytes, totalBytes, freeBytes };
  } catch {
    // As for a path that is not there.
  }
  return { path, usedRatio: -1, totalBytes: 0, freeBytes: 0 };
}

/** Bytes that are left for us on the partition of a path, without root's reserve; undefined when it cannot be told. */
export function availableBytesOf(fs: Fs, path: string): number | undefined {
  try {
    return fs.statfs(path).availableBytes;
  } catch {
    return undefined;
  }
}
