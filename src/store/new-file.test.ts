import { describe, expect, it } from 'vitest';
import { FaultFs } from '../../testing/fault-fs.ts';
import { MemFs } from '../../testing/mem-fs.ts';
import { openTestStore, put } from '../../testing/store-fixture.ts';

import { type Fs, FsError } from '../util/fs.ts';
import { createInPlace, NewFiles } from './new-file.ts';

const PATH = '/store/commitlog/00000000000000000000';

function disk(): MemFs {
  const fs = new MemFs();
  fs.mkdir('/store/commitlog');
  return fs;
}

function failure(act: () => void): FsError {
  try {
    act();
  } catch (error) {
    if (error instanceof FsError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

/** Runs `act` on disks that die at their first, second, … change, until one lives; gives what each left of the file. */
function sizesAfterDeath(act: (fs: Fs) => void, before = disk): (number | undefined)[] {
  const sizes: (number | undefined)[] = [];
  for (let first = 1; ; first++) {
    const fs = before();
    const faults = new FaultFs(fs);
    faults.hitNth({ first, times: 1_000, code: 'EIO' });
    let isDead = false;
    try {
      act(faults);
    } catch {
      isDead = true;
    }
    sizes.push(fs.stat(PATH)?.sizeBytes);
    if (!isDead) return sizes;
  }
}

describe('a new file', () => {
  it('is there with its whole length or not at all, wherever a kill comes', () => {
    const sizes = sizesAfterDeath((fs) => new NewFiles(fs, '/store').create(PATH, 1000));
    expect(sizes.length).toBeGreaterThan(3);
    expect(sizes.slice(0, -1).every((size) => size === undefined)).toBe(true);
    expect(sizes.at(-1)).toBe(1000);
    // The planted bug: made in its place, as it was before, it can be seen without its length.
    expect(sizesAfterDeath((fs) => createInPlace(fs, PATH, 1000))).toContain(0);
  });

  it('takes the place of an empty one and of a leftover, and never of one with content', () => {
    const fs = disk();
    fs.install(PATH, Buffer.alloc(0));
    fs.install('/store/new.commitlog', Buffer.alloc(7));
    const files = new NewFiles(fs, '/store');
    files.create(PATH, 1000);
    expect([fs.stat(PATH)?.sizeBytes, fs.stat('/store/new.commitlog')]).toEqual([1000, undefined]);
    expect(failure(() => files.create(PATH, 1000))).toMatchObject({ code: 'EEXIST', path: PATH });
    expect([fs.stat(PATH)?.sizeBytes, fs.list('/store')]).toEqual([1000, ['commitlog']]);
  });

  it('is made in its place where the root is another file system', () => {
    const faults = new FaultFs(disk());
    faults.fail({ operation: 'rename', path: /new\.commitlog/, code: 'EXDEV' });
    new NewFiles(faults, '/store').create(PATH, 1000);
    expect([faults.stat(PATH)?.sizeBytes, faults.list('/store')]).toEqual([1000, ['commitlog']]);
  });

  it('that could not be made leaves nothing', () => {
    for (const operation of ['truncate', 'rename'] as const) {
      const faults = new FaultFs(disk());
      faults.fail({ operation, path: /new\.commitlog/, code: 'ENOSPC' });
      expect(failure(() => new NewFiles(faults, '/store').create(PATH, 1000)).code).toBe('ENOSPC');
      expect([faults.list('/store'), faults.list('/store/commitlog')]).toEqual([['commitlog'], []]);
    }
  });
});

it('a store makes all its files so, and removes what a kill left of them', async () => {
  const fs = new MemFs();
  for (const kind of ['commitlog', 'consumequeue', 'index', 'checkpoint'])
    fs.install(`/store/new.${kind}`, Buffer.alloc(3));
  const made: string[] = [];
  const faults = new FaultFs(fs);
  const open = faults.open.bind(faults);
  faults.open = (path, mode) => {
    if (path.startsWith('/store/new.')) made.push(path);
    return open(path, mode);
  };
  const { store } = openTestStore(faults, '/store');
  expect(fs.list('/store').filter((name) => name.startsWith('new.'))).toEqual([]);
  put(store, { properties: { KEYS: 'k' } });
  store.commitTurn();
  await store.shutdown();
  expect([...new Set(made)].sort()).toEqual(
    ['checkpoint', 'commitlog', 'consumequeue', 'index'].map((kind) => `/store/new.${kind}`),
  );
  expect(fs.list('/store').filter((name) => name.startsWith('new.'))).toEqual([]);
});
