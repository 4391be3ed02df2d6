import type { Fs } from './fs.ts';

/** Replaces a small file: its content is on disk before it takes the place of the old one. Throws FsError. */
export function writeWhole(fs: Fs, path: string, bytes: Buffer): void {
  const dir = path.slice(0, path.lastIndexOf('/'));
  fs.mkdir(dir);
  const file = fs.open(`${path}.tmp`, 'create');
  try {
    file.truncate(0);
    for (let at = 0; at < bytes.length; ) at += file.pwrite(bytes, at, bytes.length - at, at);
    file.fdatasync();
  } finally {
    file.close();
  }
  fs.rename(`${path}.tmp`, path);
  fs.fsyncDir(dir);
}
