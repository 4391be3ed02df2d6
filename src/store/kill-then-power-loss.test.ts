import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../testing/fake-clock.ts';
import { MemFs } from '../../testing/mem-fs.ts';
import { openTestStore, put, readAll, type TestStore } from '../../testing/store-fixture.ts';
import { settle } from '../../testing/suites/store-suite.ts';
import { FsError } from '../util/fs.ts';
import { silentLogger } from '../util/logger.ts';
import { StateFile } from '../util/state-file.ts';

const SYNC = { flushDiskType: 'SYNC_FLUSH' } as const;

function fill({ store, clock }: TestStore, count: number): void {
  for (let index = 0; index < count; index++) {
    put(store, { body: `m${index}`, properties: { UNIQ_KEY: `u${index}` } });
    clock.advance(1);
  }
  clock.endTurn();
}

/** The process dies, the kernel lives on, and another one takes the directory. */
function killAndOpen(fs: MemFs, { clock }: TestStore): TestStore {
  fs.onOperation = undefined;
  fs.kill();
  return openTestStore(fs, '/store', { clock: new FakeClock(clock.now() + 11_000), changes: SYNC });
}

/** Found by `npm run test:power`; see ADR 0025. */
describe('a kill, then a power loss', () => {
  it('finds every key when the index had begun its next file and the full one was not on disk', async () => {
    const fs = new MemFs();
    const first = openTestStore(fs, '/store', { changes: SYNC });
    // From here on no sync of the first process comes back.
    fs.syncTakes = () => new Promise(() => undefined);
    fill(first, 60);
    expect(fs.list('/store/index')).toHaveLength(2);
    fs.syncTakes = undefined;
    const second = killAndOpen(fs, first);
    for (let index = 0; index < 60; index++) {
      const { buffers } = await second.store.queryMessage('TopicA', `u${index}`, 8, 0, second.clock.now());
      expect([index, buffers.length]).toEqual([index, 1]);
    }
    await second.store.shutdown();
  });

  it('keeps what was flushed to a file that was made right before the kill', async () => {
    const fs = new MemFs();
    const first = openTestStore(fs, '/store', { changes: SYNC });
    const secondFile = '/store/commitlog/00000000000000004096';
    fs.onOperation = () => {
      if (fs.stat(secondFile)?.sizeBytes === 4096) throw new FsError('killed', secondFile, 'EIO');
    };
    for (let index = 0; index < 40; index++) {
      try {
        put(first.store, { body: `m${index}`, properties: { UNIQ_KEY: `u${index}` } });
        first.clock.endTurn();
      } catch {
        break;
      }
    }
    expect(fs.stat(secondFile)?.sizeBytes).toBe(4096);
    const second = killAndOpen(fs, first);
    const before = (await readAll(second.store)).length;
    fill(second, 30);
    await settle(second, 0);
    expect(second.store.marks.flushed).toBe(second.store.marks.written);
    expect(second.store.marks.flushed).toBeGreaterThan(4096);
    fs.crash();
    const third = openTestStore(fs, '/store', { clock: new FakeClock(second.clock.now() + 11_000) });
    expect(await readAll(third.store)).toHaveLength(before + 30);
    await third.store.shutdown();
  });

  it('keeps queue entries that the killed process had written and not forced', async () => {
    const fs = new MemFs();
    const first = openTestStore(fs, '/store', { changes: SYNC });
    fill(first, 50);
    await settle(first, 59_000);
    // The thorough flush writes the entries; none of its syncs comes back.
    fs.syncTakes = () => new Promise(() => undefined);
    await first.clock.advanceAsync(3_000, 500);
    expect(fs.list('/store/consumequeue/TopicA/0')).toHaveLength(3);
    fs.syncTakes = undefined;
    const second = killAndOpen(fs, first);
    put(second.store, { queueId: 1 });
    await settle(second, 140_000);
    fs.crash();
    const third = openTestStore(fs, '/store', { clock: new FakeClock(second.clock.now() + 11_000) });
    expect(await readAll(third.store)).toHaveLength(50);
    await third.store.shutdown();
  });
});

it('keeps a state file in a directory that was made for it', () => {
  const fs = new MemFs();
  const file = new StateFile({ fs, log: silentLogger, path: '/new/config/topics.json' });
  file.saveNow('{}');
  fs.crash();
  expect(file.load((text) => text)).toBe('{}');
});
