import { describe, expect, it } from 'vitest';
import { MemFs } from './mem-fs.ts';
import { fsSuite } from './suites/fs-suite.ts';
import { TraceFs } from './trace-fs.ts';

fsSuite('TraceFs', () => {
  const inner = new MemFs();
  inner.mkdir('/root');
  return { fs: new TraceFs(inner), root: '/root' };
});

describe('TraceFs', () => {
  it('records changes and syncs in order', async () => {
    const fs = new TraceFs(new MemFs());
    const handle = fs.open('/a', 'create');
    handle.truncate(100);
    handle.pwrite(Buffer.alloc(10), 0, 10, 5);
    await handle.fdatasyncAsync();
    fs.fsyncDir('/');
    fs.rename('/a', '/b');
    fs.unlink('/b');
    expect(fs.operations).toEqual([
      { operation: 'create', path: '/a' },
      { operation: 'truncate', path: '/a', end: 100 },
      { operation: 'pwrite', path: '/a', start: 5, end: 15 },
      { operation: 'fdatasync', path: '/a', covers: 3 },
      { operation: 'fsyncDir', path: '/' },
      { operation: 'rename', path: '/b' },
      { operation: 'unlink', path: '/b' },
    ]);
  });

  it('tells what was durable when: every byte written, and synced after its last write', () => {
    const fs = new TraceFs(new MemFs());
    const handle = fs.open('/a', 'create');
    handle.pwrite(Buffer.alloc(10), 0, 10, 0);
    const promised = fs.note();
    expect(fs.isDurable('/a', 0, 10)).toBe(false);
    handle.fdatasync();
    expect(fs.isDurable('/a', 0, 10)).toBe(true);
    expect(fs.isDurable('/a', 0, 10, promised)).toBe(false);
    expect(fs.isDurable('/a', 5, 11)).toBe(false);
    expect(fs.isDurable('/b', 0, 1)).toBe(false);
    handle.pwrite(Buffer.alloc(1), 0, 1, 3);
    expect([fs.isDurable('/a', 0, 10), fs.isDurable('/a', 4, 10)]).toEqual([false, true]);
  });

  it('does not count a write that came while the sync was under way', async () => {
    const fs = new TraceFs(new MemFs());
    const handle = fs.open('/a', 'create');
    const synced = handle.fdatasyncAsync();
    handle.pwrite(Buffer.alloc(1), 0, 1, 0);
    await synced;
    expect(fs.isDurable('/a', 0, 1)).toBe(false);
  });
});
