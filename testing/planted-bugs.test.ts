import { expect, it } from 'vitest';
import type { Fs } from '../src/util/fs.ts';
import { MemFs } from './mem-fs.ts';
import { plantedFs } from './planted-bugs.ts';
import { openTestStore, put, readAll } from './store-fixture.ts';
import { settle } from './suites/store-suite.ts';

/** Longer than the test: what is late never happens before the crash. */
const NEVER_MS = 60_000;

/** Acknowledges a message as the settings promise, crashes, and tells whether the message is still there. */
async function survives(
  flushDiskType: 'ASYNC_FLUSH' | 'SYNC_FLUSH',
  crash: 'kill' | 'power loss',
  plant: (fs: Fs) => Fs,
): Promise<boolean> {
  const memory = new MemFs();
  const test = openTestStore(plant(memory), '/store', { changes: { flushDiskType } });
  const { endOffset } = put(test.store, { body: 'acknowledged' });
  test.clock.endTurn();
  await settle(test, 0);
  const { written, flushed } = test.store.marks;
  expect(flushDiskType === 'SYNC_FLUSH' ? flushed : written).toBe(endOffset);
  memory.crash({ random: () => 0.5, keep: crash === 'kill' ? 1 : 0 });
  const again = openTestStore(memory, '/store');
  const found = await readAll(again.store);
  await again.store.shutdown();
  return found.length === 1;
}

it('survives without a bug', async () => {
  expect(await survives('ASYNC_FLUSH', 'kill', (fs) => fs)).toBe(true);
  expect(await survives('SYNC_FLUSH', 'power loss', (fs) => fs)).toBe(true);
});

it('loses messages over a kill when replies go out before the write', async () => {
  expect(await survives('ASYNC_FLUSH', 'kill', (fs) => plantedFs(fs, 'reply-before-write', NEVER_MS))).toBe(false);
});

it('loses messages over a power loss when replies go out before fdatasync', async () => {
  expect(await survives('SYNC_FLUSH', 'kill', (fs) => plantedFs(fs, 'reply-before-fdatasync', NEVER_MS))).toBe(true);
  expect(await survives('SYNC_FLUSH', 'power loss', (fs) => plantedFs(fs, 'reply-before-fdatasync', NEVER_MS))).toBe(
    false,
  );
});
