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

  it('keeps mode, owner and group of the former file, or takes those of another', () => {
    const fs = new MemFs();
    const access = { mode: 0o640, uid: 7, gid: 8 };
    writeWhole(fs, '/dir/state', content);
    expect(fs.stat('/dir/state')?.access.mode).toBe(0o644);
    fs.open('/dir/state', 'update').setAccess(access);
    writeWhole(fs, '/dir/state', Buffer.from('new'));
    expect(fs.stat('/dir/state')?.access).toEqual(access);
    writeWhole(fs, '/dir/copy', content, '/dir/state');
    expect(fs.stat('/dir/copy')?.access).toEqual(access);
  });

  it('shows nothing of a new file before it has its mode, and trusts no file that a crash left', () => {
    const memory = new MemFs();
    const fs = new FaultFs(memory);
    writeWhole(fs, '/dir/state', content);
    memory.open('/dir/state.tmp', 'create').setAccess({ mode: 0o444, uid: 9, gid: 9 });
    const left = memory.stat('/dir/state.tmp')?.ino;
    fs.fail({ operation: 'setAccess', path: /tmp/, code: 'EIO' });
    expect(() => writeWhole(fs, '/dir/state', Buffer.from('new'))).toThrow('setAccess /dir/state.tmp: EIO');
    expect(memory.stat('/dir/state.tmp')).toMatchObject({ sizeBytes: 0, access: { mode: 0o644 } });
    expect(memory.stat('/dir/state.tmp')?.ino).not.toBe(left);
    expect(fs.readFile('/dir/state', 100)).toEqual(content);
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
