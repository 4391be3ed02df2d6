import { describe, expect, it } from 'vitest';
import { FaultFs } from '../../testing/fault-fs.ts';
import { MemFs } from '../../testing/mem-fs.ts';
import { writeAll, writeWhole } from './write-whole.ts';

const content = Buffer.from('0123456789');

describe('writeWhole', () => {
  it('replaces a file however short the single transfers are, and makes its directory', () => {
    const fs = new FaultFs(new MemFs());
    fs.shorten({ operation: 'pwrite', path: /state/, times: 20, to: 3 });
    writeWhole(fs, '/dir/sub/state', Buffer.from('former, and longer'));
    writeWhole(fs, '/dir/sub/state', content);
    expect(fs.readFile('/dir/sub/state', 100)).toEqual(content);
    expect(fs.list('/dir/sub')).toEqual(['state']);
  });

  it('keeps the former content when the disk takes nothing', () => {
    const fs = new FaultFs(new MemFs());
    writeWhole(fs, '/dir/state', content);
    fs.shorten({ operation: 'pwrite', path: /state/, times: 2, to: 0 });
    expect(() => writeWhole(fs, '/dir/state', Buffer.from('new'))).toThrow('pwrite /dir/state.tmp: EIO');
    expect(fs.readFile('/dir/state', 100)).toEqual(content);
  });
});

describe('writeAll', () => {
  it('writes at a position', () => {
    const fs = new MemFs();
    const file = fs.open('/file', 'create');
    writeAll(file, content, 5);
    expect(fs.readFile('/file', 100)).toEqual(Buffer.concat([Buffer.alloc(5), content]));
  });
});
