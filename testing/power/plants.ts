import { basename, dirname } from 'node:path';
import type { FileHandle, Fs } from '../../src/util/fs.ts';
import { overridden } from '../trace-ports.ts';

/** Promises of the disk that a store could forget to ask for; each must be seen by the check. */
export const PLANTS = {
  /** The checkpoint is on disk before the consume queues that it speaks of. */
  'checkpoint before the queues': (fs: Fs) => unforced(fs, (path) => path.includes('/consumequeue/')),
  /** A new CommitLog file is named in the kernel only. */
  'no fsync of the directory after a roll': (fs: Fs) => {
    const isLog = (dir: string): boolean => basename(dir) === 'commitlog';
    return overridden(fs, {
      fsyncDir: (dir) => (isLog(dir) ? undefined : fs.fsyncDir(dir)),
      fsyncDirAsync: async (dir) => (isLog(dir) ? undefined : fs.fsyncDirAsync(dir)),
    });
  },
  /** Recovery reads and zeroes the log, and forces none of it. */
  'recovered log not forced': (fs: Fs) =>
    unforced(fs, (path) => basename(dirname(path)) === 'commitlog', ['fdatasync']),
  /** An index file's header can reach the disk before the entries it counts. */
  'index written in any order': (fs: Fs) => unforced(fs, (path) => basename(dirname(path)) === 'index'),
  /** A state file takes the old one's place before its bytes are on disk. */
  'state file renamed before it is forced': (fs: Fs) => unforced(fs, (path) => path.endsWith('.tmp')),
  /** SYNC_FLUSH answers, and nothing was forced. */
  'log not forced': (fs: Fs) => unforced(fs, (path) => basename(dirname(path)) === 'commitlog'),
} satisfies Record<string, (fs: Fs) => Fs>;

const BOTH = ['fdatasync', 'fdatasyncAsync'] as const;

/** Syncs of the matching files return and have done nothing. */
function unforced(fs: Fs, matches: (path: string) => boolean, calls: readonly (typeof BOTH)[number][] = BOTH): Fs {
  const planted = (handle: FileHandle): FileHandle =>
    overridden(handle, {
      ...(calls.includes('fdatasync') ? { fdatasync: () => undefined } : {}),
      ...(calls.includes('fdatasyncAsync') ? { fdatasyncAsync: async () => undefined } : {}),
    });
  return overridden(fs, {
    open: (path, mode) => (matches(path) ? planted(fs.open(path, mode)) : fs.open(path, mode)),
  });
}
