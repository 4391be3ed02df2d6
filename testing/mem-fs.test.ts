import { describe, expect, it } from 'vitest';
import { MemFs, SECTOR_BYTES } from './mem-fs.ts';
import { SeededRandom } from './seeded-random.ts';
import { fsSuite } from './suites/fs-suite.ts';

fsSuite('MemFs', () => {
  const fs = new MemFs();
  fs.mkdir('/root');
  return { fs, root: '/root' };
});

describe('MemFs.crash', () => {
  it('keeps bytes only after fdatasync and names only after fsyncDir', () => {
    const fs = prepared();
    const named = fs.open('/d/named', 'create');
    const unnamed = fs.open('/d/unnamed', 'create');
    named.pwrite(Buffer.from('lost'), 0, 4, 0);
    unnamed.pwrite(Buffer.from('lost'), 0, 4, 0);
    unnamed.fdatasync();
    fs.unlink('/d/unnamed');
    fs.fsyncDir('/d');
    fs.open('/d/unnamed', 'create').fdatasync();
    fs.crash();
    expect(fs.files()).toEqual(['/d/named']);
    expect(fs.readFile('/d/named', 9)?.length).toBe(0);
  });

  it('keeps what was written, not the memory it came from', () => {
    const fs = prepared();
    const file = fs.open('/d/file', 'create');
    fs.fsyncDir('/d');
    const memory = Buffer.from('written');
    file.pwrite(memory, 0, 7, 0);
    memory.fill('x');
    fs.crash({ random: () => 0, keep: 1 });
    expect(fs.readFile('/d/file', 9)?.toString()).toBe('written');
  });

  it('brings back what was overwritten, truncated, removed or replaced without a sync', () => {
    const fs = prepared();
    for (const name of ['over', 'cut', 'gone', 'old', 'new']) fs.install(`/d/${name}`, Buffer.from(name.repeat(2000)));
    fs.open('/d/over', 'update').pwrite(Buffer.alloc(5000), 0, 5000, 0);
    fs.open('/d/cut', 'update').truncate(1);
    fs.unlink('/d/gone');
    fs.rename('/d/new', '/d/old');
    fs.crash();
    for (const name of ['over', 'cut', 'gone', 'old', 'new']) {
      expect(fs.readFile(`/d/${name}`, 99_999)?.toString()).toBe(name.repeat(2000));
    }
  });

  it('drops files of a directory whose own name was not durable', () => {
    const fs = prepared();
    fs.mkdir('/d/e');
    fs.open('/d/e/f', 'create').fdatasync();
    fs.fsyncDir('/d/e');
    fs.crash();
    expect(fs.list('/d')).toEqual([]);
    expect(fs.files()).toEqual([]);
  });

  it('fails every handle of the time before', () => {
    const fs = prepared();
    const handle = fs.open('/d/a', 'create');
    fs.crash();
    expect(() => handle.pwrite(Buffer.alloc(1), 0, 1, 0)).toThrow('EIO');
  });

  it('can tear a write by sectors, and repeats itself for one seed', () => {
    const results = [1, 1, 2].map((seed) => {
      const fs = prepared();
      fs.install('/d/a', Buffer.alloc(64 * SECTOR_BYTES, 1));
      fs.open('/d/a', 'update').pwrite(Buffer.alloc(64 * SECTOR_BYTES, 2), 0, 64 * SECTOR_BYTES, 0);
      const random = new SeededRandom(seed);
      let drawn = 0;
      // The first draw decides on the whole write: not it, then on its sectors one by one.
      fs.crash({ random: () => (drawn++ === 0 ? 0.99 : random.next()), keep: 0.5 });
      return fs.readFile('/d/a', 99_999)?.toString('latin1') ?? '';
    });
    expect(results[0]).toBe(results[1]);
    expect(results[0]).not.toBe(results[2]);
    expect(new Set(results.flatMap((text) => [...text]))).toEqual(new Set(['\u0001', '\u0002']));
  });

  it('can let everything survive', () => {
    const fs = prepared();
    fs.open('/d/a', 'create').pwrite(Buffer.from('kept'), 0, 4, 0);
    fs.crash({ random: () => 0, keep: 1 });
    expect(fs.readFile('/d/a', 9)?.toString()).toBe('kept');
  });
});

function prepared(): MemFs {
  const fs = new MemFs();
  fs.mkdir('/d');
  fs.fsyncDir('/');
  return fs;
}

describe('MemFs as the disk of a recorded run', () => {
  it('forks: neither side sees what the other changes, and both can lose the same power', () => {
    const fs = prepared();
    fs.install('/d/a', Buffer.from('old'));
    const handle = fs.open('/d/a', 'update');
    handle.pwrite(Buffer.from('new'), 0, 3, 0);
    const copy = fs.fork();
    expect(copy.differences(fs)).toEqual([]);
    handle.pwrite(Buffer.from('xyz'), 0, 3, 0);
    copy.open('/d/b', 'create');
    expect(copy.differences(fs)).toEqual(['/d/a', '/d/b']);
    expect(copy.readFile('/d/a', 9)?.toString()).toBe('new');
    copy.crash();
    expect(copy.readFile('/d/a', 9)?.toString()).toBe('old');
    expect(fs.readFile('/d/a', 9)?.toString()).toBe('xyz');
  });

  it('keeps exactly the changes that were chosen', () => {
    const fs = prepared();
    const handle = fs.open('/d/a', 'create');
    handle.pwrite(Buffer.from('one'), 0, 3, 0);
    handle.pwrite(Buffer.from('two'), 0, 3, 3);
    fs.rename('/d/a', '/d/b');
    const pending = fs.pending();
    expect(pending.map(({ kind, path }) => [kind, path])).toEqual([
      ['name', '/d/a'],
      ['data', '/d/b'],
      ['data', '/d/b'],
      ['name', '/d/a'],
    ]);
    fs.crashWith(({ sequence }) => (sequence === pending[1]?.sequence ? 'lost' : 'kept'));
    expect(fs.files()).toEqual(['/d/b']);
    expect(fs.readFile('/d/b', 9)?.toString()).toBe('\0\0\0two');
  });

  it('lets a process die without a loss, and fails what it had under way', async () => {
    const fs = prepared();
    const handle = fs.open('/d/a', 'create');
    handle.pwrite(Buffer.from('seen'), 0, 4, 0);
    fs.syncTakes = () => new Promise((resolve) => setImmediate(resolve));
    const syncs = [handle.fdatasyncAsync(), fs.fsyncDirAsync('/d')];
    fs.kill();
    for (const sync of syncs) await expect(sync).rejects.toThrow('EIO');
    expect(fs.readFile('/d/a', 9)?.toString()).toBe('seen');
    fs.crash();
    expect(fs.files()).toEqual([]);
  });

  it('covers with a sync what was changed before its begin, and asks before each operation', async () => {
    const fs = prepared();
    const operations: string[] = [];
    fs.onOperation = (kind) => operations.push(kind);
    const handle = fs.open('/d/a', 'create');
    handle.pwrite(Buffer.from('in'), 0, 2, 0);
    fs.syncTakes = () => new Promise((resolve) => setImmediate(resolve));
    const syncs = [handle.fdatasyncAsync(), fs.fsyncDirAsync('/d')];
    handle.pwrite(Buffer.from('out'), 0, 3, 2);
    fs.open('/d/b', 'create');
    await Promise.all(syncs);
    expect(operations).toEqual(['change', 'change', 'change', 'change', 'sync', 'sync']);
    fs.crash();
    expect(fs.files()).toEqual(['/d/a']);
    expect(fs.readFile('/d/a', 9)?.toString()).toBe('in');
  });
});
