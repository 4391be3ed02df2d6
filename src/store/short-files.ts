import type { Fs } from '../util/fs.ts';
import type { Logger } from '../util/logger.ts';
import { toStoreIoError } from './store-errors.ts';

/**
 * After a power loss the name of a new file can be on disk while its length is not, and loading refuses such a file.
 * What is missing was never flushed, and zeros are what recovery expects there: the file gets its length back. Only
 * for directories whose last run was ours; elsewhere a short file is a mistake of settings. Throws StoreIoError.
 */
export function lengthenShortFiles(fs: Fs, dir: string, fileSizeBytes: number, log: Logger): void {
  for (const name of fs.list(dir)) {
    const path = `${dir}/${name}`;
    const stat = fs.stat(path);
    if (!/^\d{20}$/.test(name) || stat === undefined || stat.isDirectory || stat.sizeBytes >= fileSizeBytes) continue;
    log.warn({ path, sizeBytes: stat.sizeBytes }, 'a power loss took the end of a new file; it gets its length back');
    try {
      const handle = fs.open(path, 'update');
      handle.truncate(fileSizeBytes);
      handle.close();
    } catch (error) {
      throw toStoreIoError('truncate', path, stat.sizeBytes, error);
    }
  }
}

/** As {@link lengthenShortFiles}, for every queue of every topic. */
export function lengthenShortQueues(fs: Fs, dir: string, fileSizeBytes: number, log: Logger): void {
  for (const topic of directoriesIn(fs, dir)) {
    for (const queue of directoriesIn(fs, topic)) lengthenShortFiles(fs, queue, fileSizeBytes, log);
  }
}

function directoriesIn(fs: Fs, dir: string): string[] {
  return fs
    .list(dir)
    .map((name) => `${dir}/${name}`)
    .filter((path) => fs.stat(path)?.isDirectory === true);
}
