import { describe, expect, it } from 'vitest';
import { ExpiryFixture, thisHour } from '../../testing/expiry-fixture.ts';
import { FakeClock } from '../../testing/fake-clock.ts';
import { FaultFs } from '../../testing/fault-fs.ts';
import { SeededRandom } from '../../testing/seeded-random.ts';
import { put, readAll } from '../../testing/store-fixture.ts';

/** A store in the hour of its deletions, with its disk's faults. */
function make(changes: ConstructorParameters<typeof ExpiryFixture>[0] = {}) {
  const clock = new FakeClock();
  const faults: FaultFs[] = [];
  const disk = (fs: ConstructorParameters<typeof FaultFs>[0]) => {
    faults.push(new FaultFs(fs));
    return faults[0] as FaultFs;
  };
  const test = new ExpiryFixture({
    clock,
    disk,
    ...changes,
    changes: { deleteWhen: thisHour(clock), ...changes.changes },
  });
  return { test, faults: faults[0] as FaultFs };
}

const SCHEDULE = 'SCHEDULE_TOPIC_XXXX';
const HALF = 'RMQ_SYS_TRANS_HALF_TOPIC';

describe('after the CommitLog has lost its first files', () => {
  it('queues lose the files that end below it, and begin at the first message kept', async () => {
    const { test } = make();
    await test.fill(20);
    await test.fill(3, { topic: 'late' });
    test.age(9);
    await test.firstRun();
    expect(test.queueFiles().map((path) => path.slice(-4))).toEqual(['0140', '0280']);
    expect(test.store.getMinOffsetInQueue('test', 0)).toBe(9);
    expect(test.store.getMinOffsetInQueue('late', 0)).toBe(0);
    expect((await readAll(test.store, 'test', 0, 9)).map((body) => Number.parseInt(body, 10))).toEqual([
      9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
    ]);
    await test.store.shutdown();
  });

  it('keeps a queue file whose last entry leads to the first message kept', async () => {
    const { test } = make();
    await test.fill(20);
    test.age(6);
    await test.firstRun();
    expect([test.store.getMinPhyOffset(), test.queueFiles().length]).toEqual([6 * 128, 3]);
    expect(await readAll(test.store, 'test', 0, 6)).toHaveLength(14);
    await test.store.shutdown();
  });

  it('the index loses its files too, but the last, and what was read ahead is forgotten', async () => {
    const { test } = make({ changes: { maxIndexNum: 4, mappedFileSizeCommitLog: 4096 } });
    for (let index = 0; index < 60; index++) {
      put(test.store, { topic: 'test', body: 'x'.repeat(1800), properties: { KEYS: `k${index}` } });
      test.clock.endTurn();
    }
    await test.settle(1_000);
    const indexFiles = () => test.fs.files().filter((path) => path.startsWith('/store/index/')).length;
    const before = indexFiles();
    test.age(5);
    await test.firstRun();
    expect([before, test.logFiles().length, indexFiles()]).toEqual([20, 25, 17]);
    const find = (key: string) => test.store.queryMessage('test', key, 10, 0, test.clock.now());
    expect((await find('k3')).buffers.length).toBe(0);
    expect((await find('k10')).buffers.length).toBe(1);
    await test.store.shutdown();
  });

  it('a queue without messages gives its memory back and counts on', async () => {
    const { test } = make();
    await test.fill(2);
    await test.fill(3, { topic: 'other' });
    test.age(4);
    await test.firstRun();
    expect(test.store.getMaxOffsetInQueue('test', 0)).toBe(2);
    await test.fill(1, { first: 7 });
    expect(await readAll(test.store, 'test', 0, 2)).toEqual([expect.stringMatching(/^7\./)]);
    await test.store.shutdown();
  });

  it.each([
    ['a queue file', { operation: 'unlink', path: /consumequeue\/test/, code: 'EBUSY' }],
    ['its directory', { operation: 'fsyncDir', path: /consumequeue\/test/, code: 'EIO' }],
    ['what it has in memory', { operation: 'fdatasync', path: /consumequeue\/test/, code: 'EIO' }],
  ] as const)('%s that fails is told once and tried again, the others go on', async (_, fault) => {
    const { test, faults } = make();
    await test.fill(16);
    await test.fill(8, { topic: 'zzzz' });
    await test.fill(1, { topic: 'last' });
    test.age(24);
    // Everything is on disk by the flush of a minute, but for what comes now.
    await test.settle(59_000);
    await test.fill(1);
    faults.fail({ ...fault, times: 3 });
    await test.settle(5_000);
    const files = () => [test.queueFiles().length, test.queueFiles('zzzz').length];
    expect(files()[0]).toBeGreaterThan(1);
    await test.settle(60_000);
    expect([files(), faults.pendingRules]).toEqual([[1, 1], 0]);
    expect(test.told(/(cleaning consume queues or index|removing a commit log file) failed/).length).toBe(1);
    await test.store.shutdown();
  });
});

describe('306: queues all of whose messages are gone', () => {
  it('go with their counters; those with messages, without any, and the schedule stay', async () => {
    const { test } = make();
    await test.fill(2, { topic: 'gone', queueId: 3 });
    await test.fill(1, { topic: SCHEDULE });
    await test.fill(4);
    await test.fill(1, { topic: 'gone', queueId: 1 });
    await test.settle(2_000);
    test.age(5);
    await test.firstRun();
    expect(await test.done(test.store.cleaning.cleanExpiredConsumerQueue())).toBe(1);
    expect(test.fs.list('/store/consumequeue').sort()).toEqual([SCHEDULE, 'gone', 'test']);
    expect(test.fs.list('/store/consumequeue/gone')).toEqual(['1']);
    expect(test.store.getMaxOffsetInQueue('gone', 3)).toBe(0);
    expect(put(test.store, { topic: 'gone', queueId: 3 }).queueOffset).toBe(0);
    expect(put(test.store, { topic: 'gone', queueId: 1 }).queueOffset).toBe(1);
    expect(put(test.store, { topic: SCHEDULE }).queueOffset).toBe(1);
    await test.store.shutdown();
  });

  it('takes the message of this very turn for a message', async () => {
    const { test } = make();
    await test.fill(2, { topic: 'gone' });
    await test.fill(3);
    test.age(3);
    await test.firstRun();
    put(test.store, { topic: 'gone' });
    expect(await test.done(test.store.cleaning.cleanExpiredConsumerQueue())).toBe(0);
    expect(await readAll(test.store, 'gone', 0, 2)).toEqual(['hello']);
    await test.store.shutdown();
  });

  it('removes nothing once the store is stopped', async () => {
    const { test } = make();
    await test.fill(2, { topic: 'gone' });
    await test.fill(3);
    test.age(3);
    await test.firstRun();
    await test.store.shutdown();
    expect(await test.done(test.store.cleaning.cleanExpiredConsumerQueue())).toBe(0);
    expect(test.fs.list('/store/consumequeue')).toContain('gone');
  });

  it('is on disk when it is done', async () => {
    const { test } = make();
    await test.fill(2, { topic: 'gone' });
    await test.fill(3);
    test.age(3);
    await test.firstRun();
    await test.done(test.store.cleaning.cleanExpiredConsumerQueue());
    test.fs.crash();
    expect(test.fs.list('/store/consumequeue')).toEqual(['test']);
  });
});

describe('316: queues of topics that are gone', () => {
  it('go whatever they hold, but for schedule and half messages', async () => {
    const { test } = make();
    for (const topic of ['test', 'gone', SCHEDULE, HALF]) await test.fill(1, { topic });
    await test.settle(62_000);
    expect(await test.done(test.store.cleaning.cleanUnusedTopic(new Set(['test', 'never'])))).toBe(1);
    expect(test.fs.list('/store/consumequeue').sort()).toEqual([HALF, SCHEDULE, 'test'].sort());
    expect(put(test.store, { topic: 'gone' }).queueOffset).toBe(0);
    await test.store.shutdown();
  });

  it('waits for the queue that is being cleaned', async () => {
    const { test, faults } = make();
    await test.fill(9);
    await test.fill(1, { topic: 'last' });
    test.age(9);
    let go: () => void = () => {};
    const until = new Promise<void>((resolve) => {
      go = resolve;
    });
    faults.delay({ operation: 'unlink', path: /consumequeue/, until });
    await test.firstRun();
    const cleaned = test.store.cleaning.cleanUnusedTopic(new Set(['last']));
    await test.settle(1_000);
    expect(test.queueFiles().length).toBe(2);
    go();
    await test.settle(1_000);
    expect([await cleaned, test.queueFiles()]).toEqual([1, []]);
    await test.store.shutdown();
  });
});

describe('checkSelf', () => {
  it('tells every ten minutes of files that are missing in between', async () => {
    const { test: first } = make();
    await first.fill(20);
    await first.store.shutdown();
    first.fs.unlink('/store/commitlog/00000000000000000256');
    const test = new ExpiryFixture({ fs: first.fs, clock: first.clock });
    await test.settle(59_000);
    const gap = { before: '/store/commitlog/00000000000000000128', after: '/store/commitlog/00000000000000000384' };
    expect(test.told(/bytes are missing/)).toEqual([]);
    await test.settle(2_000);
    expect(test.told(/bytes are missing/)).toEqual([{ dir: '/store/commitlog', count: 1, gaps: [gap] }]);
    await test.settle(600_000);
    expect(test.told(/bytes are missing/).length).toBe(2);
    await test.store.shutdown();
  });
});

/**
 * Power is lost before or after the n-th removal, or before the n-th time that a directory is forced; of what was not
 * forced any part survives. Young files are removed, so that the queues are not on disk by themselves.
 */
describe('power that is lost while files are removed', () => {
  const MESSAGES = 30;
  const points = ['unlink', 'fsyncDir'] as const;
  const cases = points.flatMap((operation) => [0, 1, 2, 5, 9, 10, 11, 12].map((skip) => [operation, skip] as const));

  it.each(cases)('at %s %i: nothing above the min offset is lost, no gap, queues count on', async (operation, skip) => {
    for (let seed = 0; seed < 8; seed++) {
      const random = new SeededRandom(seed + skip * 100);
      const { test, faults } = make({
        diskLevels: { cleanForciblyRatio: 0.01 },
        changes: { diskMaxUsedSpaceRatio: 10 },
      });
      test.use(0.2);
      await test.settle(59_000);
      await test.fill(MESSAGES - 6);
      await test.fill(3, { topic: 'side' });
      await test.fill(6, { first: MESSAGES - 6 });
      const never = new Promise<void>(() => {});
      faults.delay({ operation, path: /(commitlog|consumequeue)/, until: never, skip });
      await test.settle(25_000);
      test.fs.crash(seed === 0 ? undefined : { random: () => random.next(), keep: seed / 8 });

      const again = new ExpiryFixture({ fs: test.fs, clock: test.clock });
      expect(again.told(/gap/)).toEqual([]);
      expect(again.store.getMaxPhyOffset()).toBe((MESSAGES + 3) * 128 - 8);
      const first = again.store.getMinPhyOffset() / 128;
      const kept = Array.from({ length: MESSAGES }, (_, index) => index).filter((index) => {
        return (index < MESSAGES - 6 ? index : index + 3) >= first;
      });
      const bodies = await readAll(again.store, 'test', 0, kept[0]);
      expect(bodies.map((body) => Number.parseInt(body, 10))).toEqual(kept);
      expect(put(again.store, { topic: 'test', body: '' }).queueOffset).toBe(MESSAGES);
      expect(put(again.store, { topic: 'side', body: '' }).queueOffset).toBe(3);
      again.clock.endTurn();
      await again.store.shutdown();
    }
  });
});
