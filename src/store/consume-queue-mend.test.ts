import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CollectingLogger, collectingLogger } from '../../testing/collecting-logger.ts';
import { FakeClock } from '../../testing/fake-clock.ts';
import { MemFs } from '../../testing/mem-fs.ts';
import { openTestStore, put, readAll, type TestStore } from '../../testing/store-fixture.ts';
import { settle } from '../../testing/suites/store-suite.ts';
import type { MessageStoreConfig } from '../config/message-store-config.ts';

const DIR = '/store/consumequeue/TopicA/0';
const PER_FILE = 20;

interface Filled {
  readonly fs: MemFs;
  readonly clock: FakeClock;
  /** The entries of queue 0 of TopicA, as they were written. */
  readonly entries: Buffer;
}

/** Two queues; a clean stop, or a kill when the last five messages are in no queue file. */
async function filled(count: number, crashed = false, changes: Partial<MessageStoreConfig> = {}): Promise<Filled> {
  const clock = new FakeClock();
  const fs = new MemFs({ now: () => clock.now() });
  const test = openTestStore(fs, '/store', { clock, changes });
  for (let index = 0; index < count; index++) {
    if (crashed && index === count - 5) await settle(test, 70_000);
    put(test.store, { body: `a${index}`, properties: { TAGS: `t${index % 3}` } });
    if (index % 4 === 0) put(test.store, { topic: 'TopicB', queueId: 3, body: `b${index}`.padEnd(200, '.') });
    clock.advance(200);
  }
  if (crashed) fs.crash({ random: () => 0, keep: 1 });
  else await test.store.shutdown();
  return { fs, clock, entries: entriesOf(fs) };
}

function entriesOf(fs: MemFs, dir = DIR): Buffer {
  const names = fs.list(dir).sort();
  return Buffer.concat(names.map((name) => fs.readFile(`${dir}/${name}`, 4_000) ?? Buffer.alloc(0)));
}

/** Changes an entry on disk. */
function change(fs: MemFs, number: number, edit: (entry: Buffer) => void): void {
  const start = Math.floor(number / PER_FILE) * PER_FILE;
  const path = `${DIR}/${String(start * 20).padStart(20, '0')}`;
  const content = Buffer.from(fs.readFile(path, 4_000) as Buffer);
  edit(content.subarray((number - start) * 20, (number - start + 1) * 20));
  fs.install(path, content);
}

function reopen(
  { fs, clock }: Filled,
  changes: Partial<MessageStoreConfig> = {},
): TestStore & { log: CollectingLogger } {
  const log = collectingLogger();
  return { ...openTestStore(fs, '/store', { clock: new FakeClock(clock.now() + 1), log, changes }), log };
}

const bodies = (count: number): string[] => Array.from({ length: count }, (_, index) => `a${index}`);

/** Everything is there, in the files too; a new message gets the next place; the next start finds all of it. */
async function expectWhole(store: Filled, count: number, changes: Partial<MessageStoreConfig> = {}): Promise<void> {
  const test = reopen(store, changes);
  expect(test.store.getMaxOffsetInQueue('TopicA', 0)).toBe(count);
  expect(await readAll(test.store)).toEqual(bodies(count));
  expect(put(test.store, { body: `a${count}` }).queueOffset).toBe(count);
  test.clock.endTurn();
  await test.store.shutdown();
  const indexed = Math.floor(store.entries.length / 20);
  const before = store.entries.subarray(0, indexed * 20);
  const used = before.length - [...before].reverse().findIndex((byte) => byte !== 0);
  expect(entriesOf(store.fs).subarray(0, used)).toEqual(store.entries.subarray(0, used));
  const again = reopen(store, changes);
  expect(await readAll(again.store)).toEqual(bodies(count + 1));
  expect(again.log.lines.filter(({ level }) => level === 'error')).toEqual([]);
  await again.store.shutdown();
}

describe('the last entry of a queue', () => {
  it.each([false, true])('with a greater size does not keep new messages out (crash: %s)', async (crashed) => {
    for (const size of [0x100, 0x4000, 0x40000000]) {
      const store = await filled(30, crashed);
      const last = crashed ? 24 : 29;
      change(store.fs, last, (entry) => entry.writeInt32BE(entry.readInt32BE(8) + size, 8));
      await expectWhole(store, 30);
    }
  });

  it.each([false, true])('that leads behind the log leads to its message again (crash: %s)', async (crashed) => {
    const store = await filled(30, crashed);
    change(store.fs, crashed ? 24 : 29, (entry) => entry.writeUInt8(1, 2));
    await expectWhole(store, 30);
  });

  it('goes when the log has no message for it, and its place is given to the next', async () => {
    const store = await filled(30);
    change(store.fs, 30, (entry) => store.entries.copy(entry, 0, 0, 20));
    await expectWhole(store, 30);
  });
});

describe('entries in the middle of a queue', () => {
  it.each([false, true])('are written again where they belong (crash: %s)', async (crashed) => {
    const edits: ((entry: Buffer) => void)[] = [
      (entry) => entry.writeUInt8(0x80, 0),
      (entry) => entry.writeUInt8(0x80, 8),
      (entry) => entry.writeInt32BE(0, 8),
      (entry) => entry.writeUInt8(3, 3),
      (entry) => entry.writeInt32BE(0x10000, 8),
      (entry) => entry.fill(0xff),
      (entry) => entry.fill(0x11),
    ];
    for (const edit of edits) {
      const store = await filled(50, crashed);
      change(store.fs, 17, edit);
      await expectWhole(store, 50);
    }
  });

  it('are found when neighbours are wrong in the same way', async () => {
    for (const by of [1 << 24, -400]) {
      const store = await filled(50);
      for (const number of [21, 22, 23, 24]) {
        change(store.fs, number, (entry) => entry.writeInt32BE(entry.readInt32BE(4) + by, 4));
      }
      await expectWhole(store, 50);
    }
  });

  it('keep the time of their file, by which messages are found', async () => {
    const store = await filled(50);
    const path = `${DIR}/${'400'.padStart(20, '0')}`;
    const before = store.fs.stat(path)?.mtimeMs;
    change(store.fs, 25, (entry) => entry.writeUInt8(0x80, 0));
    const handle = store.fs.open(path, 'update');
    handle.setMtime(before as number);
    handle.close();
    const test = reopen(store);
    expect(store.fs.stat(path)?.mtimeMs).toBe(before);
    await test.store.shutdown();
  });

  it('keep the addresses of their units', async () => {
    const changes = { enableConsumeQueueExt: true, mappedFileSizeConsumeQueueExt: 512 };
    const store = await filled(50, false, changes);
    change(store.fs, 25, (entry) => entry.writeUInt8(0x80, 0));
    change(store.fs, 49, (entry) => entry.writeUInt8(0x80, 0));
    await expectWhole(store, 50, changes);
  });
});

describe('an entry whose message is not found', () => {
  it('repeats the one before it, readers pass over it, and the log names the command', async () => {
    const store = await filled(50);
    const record = Number(store.entries.readBigInt64BE(20 * 17));
    const path = `/store/commitlog/${String(record - (record % 4096)).padStart(20, '0')}`;
    const content = Buffer.from(store.fs.readFile(path, 4_096) as Buffer);
    content.fill(0x55, (record % 4096) + 20, (record % 4096) + 36);
    store.fs.install(path, content);
    change(store.fs, 17, (entry) => entry.fill(0xff));
    const test = reopen(store);
    expect(test.log.lines.find(({ level }) => level === 'error')?.fields).toMatchObject({
      ...{ topic: 'TopicA', queueId: 0, first: 17, behind: 18, lost: 1, why: 'the log has no such messages' },
      repair: 'wenchang store repair /store --write',
    });
    expect(test.store.getMaxOffsetInQueue('TopicA', 0)).toBe(50);
    expect(await readAll(test.store)).toEqual(bodies(50).filter((body) => body !== 'a17'));
    await test.store.shutdown();
    expect(entriesOf(store.fs).subarray(340, 360)).toEqual(store.entries.subarray(320, 340));
    const again = reopen(store);
    expect(again.log.lines.filter(({ level }) => level === 'warn')).toEqual([]);
    await again.store.shutdown();
  });
});

describe('any damage of some entries', () => {
  const garbage = fc.constantFrom(...['negative offset', 'negative size', 'far', 'ones', 'first message', 'zero']);

  it('is undone at the start', async () => {
    const damages = fc.uniqueArray(fc.record({ number: fc.integer({ min: 5, max: 49 }), kind: garbage }), {
      ...{ minLength: 1, maxLength: 8 },
      selector: ({ number }) => number,
    });
    await fc.assert(
      fc.asyncProperty(damages, fc.boolean(), async (list, crashed) => {
        const store = await filled(50, crashed);
        for (const { number, kind } of list) {
          // After a crash a zero entry is where the queue ended, and so is one behind which nothing comes.
          if (crashed ? number > 44 : number === 49 && kind === 'zero') continue;
          if (crashed && kind === 'zero') continue;
          change(store.fs, number, DAMAGE[kind] as (entry: Buffer) => void);
        }
        if (list.some(({ kind }) => kind === 'zero') && !crashed) change(store.fs, 49, (entry) => entry);
        await expectWhole(store, 50);
      }),
      { numRuns: 40 },
    );
  });
});

const DAMAGE: Readonly<Record<string, (entry: Buffer) => void>> = {
  'negative offset': (entry) => entry.writeUInt8(0x80, 0),
  'negative size': (entry) => entry.writeUInt8(0x80, 8),
  far: (entry) => entry.writeUInt8(7, 2),
  ones: (entry) => entry.fill(0xff),
  'first message': (entry) => entry.fill(0, 0, 8),
  zero: (entry) => entry.fill(0),
};
