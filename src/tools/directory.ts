import { posix } from 'node:path';
import type { Fs } from '../util/fs.ts';

/** Names of the plain files in a directory, sorted as Java sorts them. */
export function fileNames(fs: Fs, dir: string): string[] {
  return fs
    .list(dir)
    .filter((name) => fs.stat(posix.join(dir, name))?.isDirectory === false)
    .sort();
}

/** Names of the directories in a directory, sorted. */
export function directoryNames(fs: Fs, dir: string): string[] {
  return fs
    .list(dir)
    .filter((name) => fs.stat(posix.join(dir, name))?.isDirectory === true)
    .sort();
}

/** Paths of all files below a directory, relative to it, sorted; at most `maxDepth` levels down. */
export function filesBelow(fs: Fs, dir: string, maxDepth = MAX_DEPTH): string[] {
  const found = fileNames(fs, dir);
  if (maxDepth <= 1) return found;
  for (const name of directoryNames(fs, dir)) {
    for (const path of filesBelow(fs, posix.join(dir, name), maxDepth - 1)) found.push(`${name}/${path}`);
  }
  return found.sort();
}

const MAX_DEPTH = 6;
