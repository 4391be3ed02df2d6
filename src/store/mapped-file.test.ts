import { describe, expect, it } from 'vitest';
import { FaultFs } from '../../testing/fault-fs.ts';
import { MemFs } from '../../testing/mem-fs.ts';
import { fileNameToOffset, MappedFile, offsetToFileName } from './mapped-file.ts';
import { OpenFiles } from './open-files.ts';
import { StoreIoError } from './store-errors.ts';

describe('MappedFile', () => {
  it('is created with full length, zero filled, named by its offset', () => {
    const { fs, file } = make();
    expect(file.path).toBe('/q/00000000000000065536');
    expect(fs.stat(file.path)?.sizeBytes).toBe(65_536);
    expect([file.wrotePosition, file.flushedPosition, file.isFull]).toEqual([0, 0, false]);
    expect(readAll(file).every((byte) => byte === 0)).toBe(true);
  });

  it('reads what it appended. Java: MappedFileTest#testSelectMappedBuffer', () => {
    const { file } = make();
    const text = Buffer.from('..Hello, world! Hello, world!...');
    file.append(text, 2, 27);
    file.append(text, 0, 1);
    expect(file.wrotePosition).toBe(28);
    const target = Buffer.alloc(30);
    expect(file.read(target, 1, 28, 0)).toBe(28);
    expect(target.toString('latin1', 1, 29)).toBe('Hello, world! Hello, world!.');
  });

  it('reads short only at the end of the file, also on the thread pool', async () => {
    const { file } = make();
    expect(file.read(Buffer.alloc(100), 0, 100, 65_500)).toBe(36);
    expect(await file.readAsync(Buffer.alloc(100), 0, 100, 65_500)).toBe(36);
    expect(await file.readAsync(Buffer.alloc(100), 0, 100, 100)).toBe(100);
  });

  it('completes short transfers', () => {
    const mem = new MemFs();
    const fs = new FaultFs(mem);
    fs.shorten({ operation: 'pwrite', path: /^\/q/, to: 3, times: 50 });
    fs.shorten({ operation: 'pread', path: /^\/q/, to: 7, times: 50 });
    const file = MappedFile.create(new OpenFiles(fs), '/q', 0, 1_000);
    const content = Buffer.from(Array.from({ length: 100 }, (_, index) => index));
    file.append(content, 0, 100);
    const target = Buffer.alloc(100);
    expect(file.read(target, 0, 100, 0)).toBe(100);
    expect(target.equals(content)).toBe(true);
  });

  it('turns failures into StoreIoError with operation, path and offset, and moves no position', () => {
    const fs = new FaultFs(new MemFs());
    const file = MappedFile.create(new OpenFiles(fs), '/q', 0, 1_000);
    file.append(Buffer.alloc(10), 0, 10);
    fs.shorten({ operation: 'pwrite', path: /^\/q/, to: 4 });
    fs.fail({ operation: 'pwrite', path: /^\/q/, code: 'ENOSPC' });
    const error = failure(() => file.append(Buffer.alloc(10), 0, 10));
    expect(error).toMatchObject({ operation: 'pwrite', path: file.path, offset: 14, code: 'ENOSPC' });
    expect(error.message).toBe(`pwrite at 14 of ${file.path} failed: ENOSPC`);
    expect(file.wrotePosition).toBe(10);
    fs.fail({ operation: 'fdatasync', path: /^\/q/, code: 'EIO' });
    expect(failure(() => file.flush()).code).toBe('EIO');
    expect(file.flushedPosition).toBe(0);
  });

  it('takes a transfer of 0 bytes for a failure instead of trying for ever', () => {
    const fs = new FaultFs(new MemFs());
    const file = MappedFile.create(new OpenFiles(fs), '/q', 0, 1_000);
    fs.shorten({ operation: 'pwrite', path: /^\/q/, to: 0 });
    expect(failure(() => file.append(Buffer.alloc(10), 0, 10)).code).toBe('EIO');
  });

  it('leaves no half-made file behind', () => {
    const mem = new MemFs();
    const fs = new FaultFs(mem);
    fs.fail({ operation: 'truncate', path: /^\/q/, code: 'ENOSPC' });
    const files = new OpenFiles(fs);
    expect(failure(() => MappedFile.create(files, '/q', 0, 1_000)).code).toBe('ENOSPC');
    expect(mem.files()).toEqual([]);
    MappedFile.create(files, '/q', 0, 1_000);
    expect(failure(() => MappedFile.create(files, '/q', 0, 1_000)).code).toBe('EEXIST');
    expect(mem.files().length).toBe(1);
  });

  it('survives a crash after a flush: content and name', async () => {
    for (const flush of [(file: MappedFile) => file.flush(), (file: MappedFile) => file.flushAsync()]) {
      const { fs, file } = make();
      file.append(Buffer.from('kept'), 0, 4);
      await flush(file);
      expect(file.flushedPosition).toBe(4);
      file.append(Buffer.from('lost'), 0, 4);
      expect(file.flushedPosition).toBe(4);
      fs.crash();
      const after = MappedFile.existing(new OpenFiles(fs), '/q', 65_536, 65_536);
      expect(readAll(after).toString('latin1', 0, 8)).toBe('kept\0\0\0\0');
    }
  });

  it('counts as flushed only what was written before the call', async () => {
    const { file } = make();
    file.append(Buffer.alloc(10), 0, 10);
    const flushed = file.flushAsync();
    file.append(Buffer.alloc(10), 0, 10);
    await flushed;
    expect(file.flushedPosition).toBe(10);
  });

  it('zeroes a range, and a tail only where it is dirty', () => {
    const mem = new MemFs();
    const fs = new FaultFs(mem);
    const file = MappedFile.create(new OpenFiles(fs), '/q', 0, 3_000_000);
    file.write(Buffer.alloc(600_000, 7), 0, 600_000, 0);
    file.write(Buffer.alloc(1, 7), 0, 1, 2_500_000);
    file.zero(100, 200);
    expect(file.zeroWhereDirty(500_000)).toBeLessThanOrEqual(2 * 262_144);
    const content = readAll(file);
    expect(content.subarray(100, 200).every((byte) => byte === 0)).toBe(true);
    expect(content.subarray(200, 500_000).every((byte) => byte === 7)).toBe(true);
    expect(content.subarray(500_000).every((byte) => byte === 0)).toBe(true);
    expect(file.zeroWhereDirty(500_000)).toBe(0);
    expect(file.zeroWhereDirty(3_000_000)).toBe(0);
  });

  it('keeps a modification time and removes itself', async () => {
    const { fs, file } = make();
    file.setMtime(1_795_352_551_171);
    expect(file.mtimeMs()).toBe(1_795_352_551_171);
    file.destroy();
    await file.destroyAsync();
    expect(fs.files()).toEqual([]);
    expect(failure(() => file.read(Buffer.alloc(1), 0, 1, 0)).code).toBe('ENOENT');
  });
});

describe('file names', () => {
  it('are 20-digit start offsets', () => {
    expect(offsetToFileName(0)).toBe('00000000000000000000');
    expect(offsetToFileName(1_073_741_824)).toBe('00000000001073741824');
    expect(fileNameToOffset('00000000001073741824')).toBe(1_073_741_824);
    for (const name of ['1073741824', '0000000000107374182x', '', '99999999999999999999', '.0000000000000000000']) {
      expect(fileNameToOffset(name)).toBeUndefined();
    }
  });
});

function make(): { fs: MemFs; file: MappedFile } {
  const fs = new MemFs();
  fs.mkdir('/q');
  fs.fsyncDir('/');
  return { fs, file: MappedFile.create(new OpenFiles(fs), '/q', 65_536, 65_536) };
}

function readAll(file: MappedFile): Buffer {
  const content = Buffer.alloc(file.fileSize);
  expect(file.read(content, 0, content.length, 0)).toBe(file.fileSize);
  return content;
}

function failure(action: () => unknown): StoreIoError {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(StoreIoError);
    return error as StoreIoError;
  }
  return expect.fail('expected a StoreIoError');
}
