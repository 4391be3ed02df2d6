import type { Fs } from '../util/fs.ts';
import { directoryOf } from '../util/write-whole.ts';
import { toStoreIoError } from './store-errors.ts';

/**
 * After a crash: what a killed process made in a directory, and the directory itself, may be named in the kernel only,
 * and the next flush of a file there does not know. Makes the names durable; an absent directory has none. Throws
 * StoreIoError.
 */
export function syncNames(fs: Fs, dir: string): void {
  if (fs.stat(dir) === undefined) return;
  try {
    fs.fsyncDir(directoryOf(dir));
    fs.fsyncDir(dir);
  } catch (error) {
    throw toStoreIoError('fsyncDir', dir, 0, error);
  }
}
