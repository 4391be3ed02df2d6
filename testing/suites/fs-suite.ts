import { describe, expect, it } from 'vitest';
import { type Fs, FsError } from '../../src/util/fs.ts';

/** What every {@link Fs} must do. `makeRoot` gives a fresh, empty, existing directory per case. */
export function fsSuite(name: string, make: () => { readonly fs: Fs; readonly root: string }): void {
  describe(`${name} as Fs`, () => {
    openCases(make);
    transferCases(make);
    metadataCases(make);
    directoryCases(make);
    wholeFileCases(make);
  });
}

type Make = () => { readonly fs: Fs; readonly root: string };

function openCases(make: Make): void {
  it('opens by mode', () => {
    const { fs, root } = make();
    const path = `${root}/a`;
    expect(codeOf(() => fs.open(path, 'read'))).toBe('ENOENT');
    expect(codeOf(() => fs.open(path, 'update'))).toBe('ENOENT');
    fs.open(path, 'create').close();
    expect(codeOf(() => fs.open(path, 'create-new'))).toBe('EEXIST');
    fs.open(path, 'create').close();
    const reader = fs.open(path, 'read');
    expect(codeOf(() => reader.pwrite(bytes('x'), 0, 1, 0))).toBe('EBADF');
    reader.close();
    fs.open(`${root}/b`, 'create-new').close();
    expect(fs.list(root).sort()).toEqual(['a', 'b']);
  });

  it('names operation and path in an error', () => {
    const { fs, root } = make();
    const error = failure(() => fs.open(`${root}/none`, 'read'));
    expect(error).toMatchObject({ name: 'FsError', operation: 'open', path: `${root}/none`, code: 'ENOENT' });
    expect(error.message).toBe(`open ${root}/none: ENOENT`);
  });

  it('refuses everything on a closed handle, and closes twice', () => {
    const { fs, root } = make();
    const handle = fs.open(`${root}/a`, 'create');
    handle.close();
    handle.close();
    expect(codeOf(() => handle.pread(Buffer.alloc(1), 0, 1, 0))).toBe('EBADF');
    expect(codeOf(() => handle.fdatasync())).toBe('EBADF');
    expect(codeOf(() => handle.truncate(1))).toBe('EBADF');
  });
}

function transferCases(make: Make): void {
  it('reads what was written, at any position, and 0 behind the end', () => {
    const { fs, root } = make();
    const handle = fs.open(`${root}/a`, 'create');
    expect(handle.pwrite(bytes('..hello'), 2, 5, 10_000)).toBe(5);
    const target = Buffer.alloc(8, 1);
    expect(handle.pread(target, 1, 7, 9_998)).toBe(7);
    expect([...target]).toEqual([1, 0, 0, ...bytes('hello')]);
    expect(handle.pread(target, 0, 8, 10_003)).toBe(2);
    expect(handle.pread(target, 0, 8, 10_005)).toBe(0);
    expect(handle.pread(target, 0, 8, 20_000)).toBe(0);
    expect(handle.stat().sizeBytes).toBe(10_005);
    handle.close();
  });

  it('does the same on the thread pool, also when closed meanwhile', async () => {
    const { fs, root } = make();
    const handle = fs.open(`${root}/a`, 'create');
    expect(await handle.pwriteAsync(bytes('hello'), 0, 5, 4_094)).toBe(5);
    const target = Buffer.alloc(5);
    const read = handle.preadAsync(target, 0, 5, 4_094);
    const synced = handle.fdatasyncAsync();
    handle.close();
    expect(await read).toBe(5);
    await synced;
    expect(target.toString()).toBe('hello');
    await expect(handle.preadAsync(target, 0, 5, 0)).rejects.toMatchObject({ code: 'EBADF' });
  });

  it('truncates down and up, leaving zeros', () => {
    const { fs, root } = make();
    const handle = fs.open(`${root}/a`, 'create');
    handle.pwrite(Buffer.alloc(9_000, 7), 0, 9_000, 0);
    handle.truncate(4_100);
    handle.truncate(10_000);
    const target = Buffer.alloc(10_000, 1);
    expect(handle.pread(target, 0, 10_000, 0)).toBe(10_000);
    expect(target.equals(Buffer.concat([Buffer.alloc(4_100, 7), Buffer.alloc(5_900)]))).toBe(true);
    handle.fdatasync();
    handle.close();
  });

  it('keeps a removed file readable through its handle', () => {
    const { fs, root } = make();
    const handle = fs.open(`${root}/a`, 'create');
    handle.pwrite(bytes('x'), 0, 1, 0);
    fs.unlink(`${root}/a`);
    expect(handle.pread(Buffer.alloc(1), 0, 1, 0)).toBe(1);
    expect(fs.stat(`${root}/a`)).toBeUndefined();
    handle.close();
  });
}

function metadataCases(make: Make): void {
  it('sets the modification time to the millisecond', () => {
    const { fs, root } = make();
    const handle = fs.open(`${root}/a`, 'create');
    handle.setMtime(1_795_352_551_171);
    expect(Math.round(handle.stat().mtimeMs)).toBe(1_795_352_551_171);
    expect(Math.round(fs.stat(`${root}/a`)?.mtimeMs ?? 0)).toBe(1_795_352_551_171);
    handle.close();
  });

  it('says who may do what with a file', () => {
    const { fs, root } = make();
    const handle = fs.open(`${root}/a`, 'create');
    const before = handle.stat().access;
    expect(before.mode & 0o600).toBe(0o600);
    handle.setAccess({ ...before, mode: 0o640 });
    expect(handle.stat().access).toEqual({ ...before, mode: 0o640 });
    handle.pwrite(bytes('x'), 0, 1, 0);
    fs.rename(`${root}/a`, `${root}/b`);
    expect(fs.stat(`${root}/b`)?.access).toEqual({ ...before, mode: 0o640 });
    handle.close();
    expect(codeOf(() => handle.setAccess(before))).toBe('EBADF');
  });
}

function directoryCases(make: Make): void {
  it('makes, lists and removes directories', () => {
    const { fs, root } = make();
    expect(fs.list(`${root}/none`)).toEqual([]);
    fs.mkdir(`${root}/d/e`);
    fs.mkdir(`${root}/d/e`);
    fs.open(`${root}/d/e/f`, 'create').close();
    expect(fs.list(`${root}/d`)).toEqual(['e']);
    expect(fs.stat(`${root}/d`)?.isDirectory).toBe(true);
    expect(codeOf(() => fs.rmdir(`${root}/d/e`))).toBe('ENOTEMPTY');
    fs.unlink(`${root}/d/e/f`);
    fs.unlink(`${root}/d/e/f`);
    fs.rmdir(`${root}/d/e`);
    fs.rmdir(`${root}/d/e`);
    expect(fs.list(`${root}/d`)).toEqual([]);
    expect(codeOf(() => fs.open(`${root}/none/f`, 'create'))).toBe('ENOENT');
    fs.open(`${root}/f`, 'create').close();
    expect(codeOf(() => fs.mkdir(`${root}/f`))).toBe('EEXIST');
    expect(codeOf(() => fs.list(`${root}/f`))).toBe('ENOTDIR');
  });

  it('renames over an existing file and keeps the inode', () => {
    const { fs, root } = make();
    fs.open(`${root}/a`, 'create').close();
    fs.open(`${root}/b`, 'create').close();
    const ino = fs.stat(`${root}/a`)?.ino;
    fs.rename(`${root}/a`, `${root}/b`);
    expect(fs.list(root)).toEqual(['b']);
    expect(fs.stat(`${root}/b`)?.ino).toBe(ino);
    expect(codeOf(() => fs.rename(`${root}/a`, `${root}/c`))).toBe('ENOENT');
    fs.mkdir(`${root}/d`);
    expect(codeOf(() => fs.rename(`${root}/b`, `${root}/d`))).toBe('EISDIR');
  });

  it('syncs a directory and removes on the thread pool', async () => {
    const { fs, root } = make();
    fs.open(`${root}/a`, 'create').close();
    fs.fsyncDir(root);
    await fs.fsyncDirAsync(root);
    expect(codeOf(() => fs.fsyncDir(`${root}/none`))).toBe('ENOENT');
    await fs.unlinkAsync(`${root}/a`);
    await fs.unlinkAsync(`${root}/a`);
    expect(fs.list(root)).toEqual([]);
  });

  it('knows the partition', () => {
    const { fs, root } = make();
    const space = fs.statfs(root);
    expect(space.totalBytes).toBeGreaterThan(space.freeBytes);
    expect(space.freeBytes).toBeGreaterThanOrEqual(space.availableBytes);
  });
}

function wholeFileCases(make: Make): void {
  it('reads a small file whole and refuses a larger one', () => {
    const { fs, root } = make();
    expect(fs.readFile(`${root}/a`, 10)).toBeUndefined();
    const handle = fs.open(`${root}/a`, 'create');
    expect(fs.readFile(`${root}/a`, 0)?.length).toBe(0);
    handle.pwrite(bytes('0123456789'), 0, 10, 0);
    handle.close();
    expect(fs.readFile(`${root}/a`, 10)?.toString()).toBe('0123456789');
    expect(codeOf(() => fs.readFile(`${root}/a`, 9))).toBe('EFBIG');
    expect(codeOf(() => fs.readFile(root, 10))).toBe('EISDIR');
  });
}

function failure(action: () => unknown): FsError {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(FsError);
    return error as FsError;
  }
  return expect.fail('expected an FsError');
}

function codeOf(action: () => unknown): string {
  return failure(action).code;
}

function bytes(text: string): Buffer {
  return Buffer.from(text);
}
