import { describe, expect, it } from 'vitest';
import { FaultFs } from './fault-fs.ts';
import { MemFs } from './mem-fs.ts';
import { fsSuite } from './suites/fs-suite.ts';

fsSuite('FaultFs without rules', () => {
  const inner = new MemFs();
  inner.mkdir('/root');
  return { fs: new FaultFs(inner), root: '/root' };
});

describe('FaultFs', () => {
  it('fails the n-th matching call with the code, and nothing else', () => {
    const fs = new FaultFs(new MemFs());
    const a = fs.open('/a', 'create');
    const b = fs.open('/b', 'create');
    fs.fail({ operation: 'pwrite', path: /a$/, code: 'ENOSPC', skip: 1, times: 2 });
    const write = (handle: typeof a): number => handle.pwrite(Buffer.alloc(1), 0, 1, 0);
    expect([write(a), write(b)]).toEqual([1, 1]);
    expect(() => write(a)).toThrow('pwrite /a: ENOSPC');
    expect(write(b)).toBe(1);
    expect(() => write(a)).toThrow('pwrite /a: ENOSPC');
    expect(fs.pendingRules).toBe(0);
    expect(write(a)).toBe(1);
  });

  it('fails whole-file operations and asynchronous ones', async () => {
    const fs = new FaultFs(new MemFs());
    const names = [
      'open',
      'stat',
      'list',
      'mkdir',
      'rename',
      'unlink',
      'rmdir',
      'fsyncDir',
      'statfs',
      'readFile',
    ] as const;
    for (const operation of names) fs.fail({ operation, path: /^\/x/, code: 'EIO' });
    const calls = [
      () => fs.open('/x', 'create'),
      () => fs.stat('/x'),
      () => fs.list('/x'),
      () => fs.mkdir('/x'),
      () => fs.rename('/x', '/y'),
      () => fs.unlink('/x'),
      () => fs.rmdir('/x'),
      () => fs.fsyncDir('/x'),
      () => fs.statfs('/x'),
      () => fs.readFile('/x', 1),
    ];
    for (const call of calls) expect(call).toThrow('EIO');
    const handle = fs.open('/a', 'create');
    for (const operation of ['pread', 'pwrite', 'fdatasync'] as const) fs.fail({ operation, path: /a/, code: 'EIO' });
    await expect(handle.preadAsync(Buffer.alloc(1), 0, 1, 0)).rejects.toThrow('EIO');
    await expect(handle.pwriteAsync(Buffer.alloc(1), 0, 1, 0)).rejects.toThrow('EIO');
    await expect(handle.fdatasyncAsync()).rejects.toThrow('EIO');
  });

  it('shortens a transfer', () => {
    const fs = new FaultFs(new MemFs());
    const handle = fs.open('/a', 'create');
    fs.shorten({ operation: 'pwrite', path: /a/, to: 2 });
    expect(handle.pwrite(Buffer.from('hello'), 0, 5, 0)).toBe(2);
    expect(handle.stat().sizeBytes).toBe(2);
  });

  it('delays an asynchronous call until told', async () => {
    const fs = new FaultFs(new MemFs());
    const handle = fs.open('/a', 'create');
    let proceed = (): void => undefined;
    const until = new Promise<void>((resolve) => {
      proceed = resolve;
    });
    fs.delay({ operation: 'fdatasync', path: /a/, until });
    let done = false;
    const synced = handle.fdatasyncAsync().then(() => {
      done = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(done).toBe(false);
    proceed();
    await synced;
    expect(done).toBe(true);
  });

  it('heals', () => {
    const fs = new FaultFs(new MemFs());
    fs.fail({ operation: 'open', path: /a/, code: 'EIO', times: 9 });
    fs.heal();
    fs.open('/a', 'create').close();
    expect(fs.pendingRules).toBe(0);
  });

  it('hits changing calls by their number: fails them, shortens them, or tears a write', () => {
    const fs = new FaultFs(new MemFs());
    const file = fs.open('/a', 'create');
    const write = (): number => file.pwrite(Buffer.alloc(10, 1), 0, 10, 0);
    expect(fs.changes).toBe(1);
    fs.hitNth({ first: 3, times: 2, code: 'EIO' });
    expect(write()).toBe(10);
    expect(write).toThrow('pwrite /a: EIO');
    expect(() => file.truncate(3)).toThrow('truncate /a: EIO');
    expect(file.pread(Buffer.alloc(20), 0, 20, 0)).toBe(10);
    expect([write(), fs.changes, fs.hasFailed]).toEqual([10, 5, true]);
    expect(fs.struck.map(({ operation }) => operation)).toEqual(['pwrite', 'truncate']);
    fs.hitNth({ first: 6, to: 4 });
    expect([write(), write()]).toEqual([4, 10]);
    fs.hitNth({ first: 8, times: 2, to: 4, code: 'ENOSPC' });
    expect(write()).toBe(4);
    expect(write).toThrow('ENOSPC');
    fs.hitNth({ first: 10, code: 'EIO' });
    fs.heal();
    expect(write()).toBe(10);
  });

  it('drops with a failed fdatasync what was written since the last good one, when asked to', async () => {
    const memory = new MemFs();
    const fs = new FaultFs(memory, { dropsUnsynced: true });
    const file = fs.open('/a', 'create');
    file.pwrite(Buffer.from('safe....'), 0, 8, 0);
    file.fdatasync();
    file.pwrite(Buffer.from('lost'), 0, 4, 4);
    await file.pwriteAsync(Buffer.from('gone'), 0, 4, 2);
    fs.fail({ operation: 'fdatasync', path: /a/, code: 'EIO', times: 2 });
    await expect(file.fdatasyncAsync()).rejects.toMatchObject({ code: 'EIO' });
    await file.fdatasyncAsync().catch(() => undefined);
    await file.fdatasyncAsync();
    expect(memory.readFile('/a', 100)?.toString()).toBe('safe....');
  });
});
