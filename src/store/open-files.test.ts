import { expect, it } from 'vitest';
import { MemFs } from '../../testing/mem-fs.ts';
import { OpenFiles } from './open-files.ts';

it('keeps at most its capacity open and closes the handle used longest ago', () => {
  const fs = new MemFs();
  for (const name of ['a', 'b', 'c']) fs.install(`/${name}`, Buffer.from(name));
  const files = new OpenFiles(fs, { capacity: 2 });
  const a = files.handle('/a');
  const b = files.handle('/b');
  expect(files.handle('/a')).toBe(a);
  files.handle('/c');
  expect(files.size).toBe(2);
  expect(() => b.stat()).toThrow('EBADF');
  expect(files.handle('/a')).toBe(a);
  expect(files.handle('/b')).not.toBe(b);
});

it('closes on request and opens again on use', () => {
  const fs = new MemFs();
  fs.install('/a', Buffer.from('a'));
  const files = new OpenFiles(fs);
  const before = files.handle('/a');
  files.forget('/a');
  files.forget('/a');
  expect(() => before.stat()).toThrow('EBADF');
  const after = files.handle('/a');
  files.closeAll();
  expect(files.size).toBe(0);
  expect(() => after.stat()).toThrow('EBADF');
  expect(files.handle('/a').stat().sizeBytes).toBe(1);
});
