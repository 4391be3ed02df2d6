import type { FileHandle, Fs } from './fs.ts';

/** Replaces a small file: its content is on disk before it takes the place of the old one. Throws FsError. */
export function writeWhole(fs: Fs, path: string, bytes: Buffer): void {
  const file = writeTemporary(fs, path, bytes);
  try {
    file.fdatasync();
  } finally {
    file.close();
  }
  fs.rename(`${path}.tmp`, path);
  fs.fsyncDir(directoryOf(path));
}

/**
 * Writes `path.tmp`, making the directory when it is missing. Gives the open file: the caller syncs it, in its own way,
 * closes it and renames it. Throws FsError; then nothing is open.
 */
export function writeTemporary(fs: Fs, path: string, bytes: Buffer): FileHandle {
  makeDirectory(fs, directoryOf(path));
  const file = fs.open(`${path}.tmp`, 'create');
  try {
    file.truncate(0);
    for (let at = 0; at < bytes.length; ) at += file.pwrite(bytes, at, bytes.length - at, at);
  } catch (error) {
    file.close();
    throw error;
  }
  return file;
}

/** With its parents, durably: a power loss must not take it away with what is synced inside. Throws FsError. */
export function makeDirectory(fs: Fs, dir: string): void {
  if (fs.stat(dir) !== undefined) return;
  const parent = directoryOf(dir);
  if (parent !== '') makeDirectory(fs, parent);
  fs.mkdir(dir);
  try {
    fs.fsyncDir(parent === '' ? '/' : parent);
  } catch (error) {
    // The next call must not take it for durable.
    fs.rmdir(dir);
    throw error;
  }
}

/** The directory of an absolute path. */
export function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}
