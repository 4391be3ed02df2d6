import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { MemFs } from '../../testing/mem-fs.ts';
import type { FileHandle, Fs } from '../util/fs.ts';
import { nodeFs } from '../util/node-fs.ts';
import { MappedFile } from './mapped-file.ts';
import { OpenFiles } from './open-files.ts';

const base = mkdtempSync(join(tmpdir(), 'wenchang-tail-'));
afterAll(() => rmSync(base, { recursive: true }));

const fileSize = 6_000_000;
const entries = Buffer.alloc(2_000, 7);

describe('the tail of a file that is dense before it', () => {
  it('is not read where the file system says that it is a hole', () => {
    const { fs, read } = counting(new MemFs(), 4096);
    const { file } = make(fs, '/q');
    expect([file.zeroTailOfDense(), read.bytes]).toEqual([0, 4096 - 2_000]);
  });

  it.each([undefined, 4097, 8192])('is read when the blocks are %s bytes', (allocatedBytes) => {
    const { fs, read } = counting(new MemFs(), allocatedBytes);
    const { file } = make(fs, '/q');
    expect([file.zeroTailOfDense(), read.bytes]).toEqual([0, fileSize - 2_000]);
  });

  it.each([
    ['in the page of the end', 2_020],
    ['in the next page', 4_100],
    ['at the end of the file', fileSize - 20],
  ])('loses what is stale %s, on a real file system', (_, at) => {
    const { file, fs } = make(nodeFs, mkdtempSync(join(base, 'case-')));
    file.write(entries, 0, 20, at);
    expect(file.zeroTailOfDense()).toBeGreaterThanOrEqual(20);
    const whole = Buffer.alloc(fileSize);
    fs.open(file.path, 'read').pread(whole, 0, fileSize, 0);
    expect(whole.subarray(0, 2_000)).toEqual(entries);
    expect(whole.subarray(2_000).every((byte) => byte === 0)).toBe(true);
  });
});

function make(fs: Fs, dir: string) {
  fs.mkdir(dir);
  const file = MappedFile.create(new OpenFiles(fs), dir, 0, fileSize);
  file.append(entries, 0, entries.length);
  return { file, fs };
}

/** A file system that says how much of every file has blocks, and counts the bytes that are asked for. */
function counting(inner: Fs, allocatedBytes: number | undefined) {
  const read = { bytes: 0 };
  const handleOf = (handle: FileHandle): FileHandle =>
    new Proxy(handle, {
      get(target, name) {
        if (name === 'stat') return () => ({ ...target.stat(), allocatedBytes });
        if (name === 'pread') {
          return (into: Uint8Array, start: number, length: number, position: number) => {
            read.bytes += length;
            return target.pread(into, start, length, position);
          };
        }
        const value = Reflect.get(target, name, target) as unknown;
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  const fs = new Proxy(inner, {
    get(target, name) {
      if (name === 'open') return (...open: Parameters<Fs['open']>) => handleOf(target.open(...open));
      const value = Reflect.get(target, name, target) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return { fs, read };
}
