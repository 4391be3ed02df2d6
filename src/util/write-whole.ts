import { type FileAccess, type FileHandle, type Fs, FsError } from './fs.ts';

/**
 * Replaces a small file: its content is on disk before it takes the place of the old one. It keeps the mode, owner and
 * group of `like`, the old one unless told, as far as this process may. Throws FsError.
 */
export function writeWhole(fs: Fs, path: string, bytes: Buffer, like = path): void {
  const file = writeTemporary(fs, path, bytes, fs.stat(like)?.access);
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
 * closes it and renames it. Nobody reads a byte whom `access` keeps out. Throws FsError; then nothing is open.
 */
export function writeTemporary(fs: Fs, path: string, bytes: Buffer, access?: FileAccess): FileHandle {
  makeDirectory(fs, directoryOf(path));
  // One that a crash left may be somebody else's, or closed to its owner.
  if (access !== undefined) fs.unlink(`${path}.tmp`);
  const file = fs.open(`${path}.tmp`, 'create');
  try {
    file.truncate(0);
    if (access !== undefined) file.setAccess(access);
    writeAll(file, bytes);
  } catch (error) {
    file.close();
    throw error;
  }
  return file;
}

/**
 * Writes all bytes at `position`, however short the single transfers are. Throws FsError, EIO for a disk that takes
 * nothing.
 */
export function writeAll(file: FileHandle, bytes: Uint8Array, position = 0): void {
  for (let done = 0; done < bytes.length; ) {
    const count = file.pwrite(bytes, done, bytes.length - done, position + done);
    if (count <= 0) throw new FsError('pwrite', file.path, 'EIO');
    done += count;
  }
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
