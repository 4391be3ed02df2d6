import { expect, it } from 'vitest';
import { FaultFs } from '../../testing/fault-fs.ts';
import { MemFs } from '../../testing/mem-fs.ts';
import { AbortFile } from './abort-file.ts';

it('survives a crash once made, and stays away once removed', () => {
  const fs = new MemFs();
  fs.mkdir('/store');
  fs.fsyncDir('/');
  const abort = new AbortFile(fs, '/store');
  expect(abort.exists).toBe(false);
  abort.create();
  abort.create();
  fs.crash();
  expect(abort.exists).toBe(true);
  expect(fs.stat('/store/abort')?.sizeBytes).toBe(0);
  abort.remove();
  abort.remove();
  fs.crash();
  expect(abort.exists).toBe(false);
});

it('reports trouble as StoreIoError', () => {
  const fs = new FaultFs(new MemFs());
  const abort = new AbortFile(fs, '/store');
  fs.fail({ operation: 'fsyncDir', path: /store/, code: 'EIO', times: 2 });
  expect(() => abort.create()).toThrow(expect.objectContaining({ name: 'StoreIoError', path: '/store/abort' }));
  expect(() => abort.remove()).toThrow(expect.objectContaining({ name: 'StoreIoError', path: '/store/abort' }));
});
