import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ExpiryFixture, HOUR_MS, thisHour } from '../../testing/expiry-fixture.ts';
import { FakeClock } from '../../testing/fake-clock.ts';
import { FaultFs } from '../../testing/fault-fs.ts';
import { draftOf, openTestStore, put, readAll } from '../../testing/store-fixture.ts';
import { nodeFs } from '../util/node-fs.ts';

const LOG_FILE = /\/commitlog\/\d+$/;
const MESSAGES = 55;
const ENTRIES_PER_FILE = 7;

/** Files left after each run: CommitLog, ConsumeQueue. */
async function runs(test: ExpiryFixture, count: number): Promise<[number, number][]> {
  const left: [number, number][] = [];
  for (let run = 0; run < count; run++) {
    await (run === 0 ? test.firstRun() : test.nextRun());
    left.push([test.logFiles().length, test.queueFiles().length]);
  }
  return left;
}

/** What the official test expects after `deleted` files. */
const leftAfter = (deleted: number): [number, number] => [
  MESSAGES - deleted,
  Math.ceil(MESSAGES / ENTRIES_PER_FILE) - Math.floor(deleted / ENTRIES_PER_FILE),
];

describe('Java: DefaultMessageStoreCleanFilesTest', () => {
  it('ByTimeUp: in the hour of deleteWhen ten old files go per run, and the queue files that end below', async () => {
    const clock = new FakeClock();
    const test = new ExpiryFixture({ clock, changes: { deleteWhen: thisHour(clock) } });
    await test.fill(MESSAGES);
    expect(test.logFiles().length).toBe(MESSAGES);
    test.age(15);
    expect(await runs(test, 3)).toEqual([leftAfter(10), leftAfter(15), leftAfter(15)]);
    expect(await readAll(test.store, 'test', 0, 15)).toHaveLength(40);
    await test.store.shutdown();
  });

  it('BySpaceFull: at any hour when the disk is used beyond diskMaxUsedSpaceRatio', async () => {
    const test = new ExpiryFixture({ changes: { diskMaxUsedSpaceRatio: 10 } });
    test.use(0.2);
    await test.fill(MESSAGES);
    test.age(15);
    expect(await runs(test, 3)).toEqual([leftAfter(10), leftAfter(15), leftAfter(15)]);
    await test.store.shutdown();
  });

  it('ImmediatelyBySpaceFull: whatever their age beyond the forcible level, never the last file', async () => {
    const changes = { diskMaxUsedSpaceRatio: 10, cleanFileForciblyEnable: true };
    const test = new ExpiryFixture({ changes, diskLevels: { cleanForciblyRatio: 0.01 } });
    test.use(0.2);
    await test.fill(MESSAGES);
    expect(await runs(test, 7)).toEqual([10, 20, 30, 40, 50, 54, 54].map(leftAfter));
    expect(test.store.getMinOffsetInQueue('test', 0)).toBe(54);
    expect(await readAll(test.store, 'test', 0, 54)).toEqual([expect.stringMatching(/^54\./)]);
    await test.store.shutdown();
  });

  it('Manually: at any hour for twenty runs after it was asked for', async () => {
    const test = new ExpiryFixture();
    await test.fill(MESSAGES);
    test.store.cleaning.executeDeleteFilesManually();
    test.age(15);
    expect(await runs(test, 3)).toEqual([leftAfter(10), leftAfter(15), leftAfter(15)]);
    for (let run = 3; run < 20; run++) await test.nextRun();
    test.age(20);
    await test.nextRun();
    expect(test.logFiles().length).toBe(40);
    await test.store.shutdown();
  });
});

describe('expiry of the CommitLog', () => {
  it('stops at the first that is too young. Java: MappedFileQueueTest#testDeleteExpiredFileByTime', async () => {
    const clock = new FakeClock();
    const test = new ExpiryFixture({ clock, changes: { deleteWhen: `1;${thisHour(clock)}` } });
    await test.fill(50);
    const files = test.logFiles();
    for (const [index, path] of files.entries()) {
      if (index < 5 || index > 20) test.fs.open(path, 'update').setMtime(clock.now() - HOUR_MS);
    }
    await test.firstRun();
    await test.nextRun();
    expect(test.logFiles()).toEqual(files.slice(5));
    expect(test.store.getMinPhyOffset()).toBe(5 * 128);
    await test.store.shutdown();
  });

  it('waits for the hour, and for the age', async () => {
    const test = new ExpiryFixture();
    await test.fill(5);
    test.age(3);
    await test.firstRun();
    expect(test.logFiles().length).toBe(5);
    test.config.deleteWhen = thisHour(test.clock);
    test.config.fileReservedTime = 3;
    await test.nextRun();
    expect(test.logFiles().length).toBe(5);
    test.config.fileReservedTime = 2;
    await test.nextRun();
    expect(test.logFiles().length).toBe(2);
    await test.store.shutdown();
  });

  it('keeps young files on a full disk when cleanFileForciblyEnable is off, and says so once', async () => {
    const test = new ExpiryFixture({ changes: { cleanFileForciblyEnable: false } });
    test.use(0.96);
    await test.fill(5);
    await test.firstRun();
    await test.nextRun();
    expect(test.logFiles().length).toBe(5);
    expect(test.told(/no commit log file may be deleted/)).toEqual([
      { path: '/store/commitlog', usedRatio: 0.96, totalBytes: 1e6, freeBytes: 40_000, files: 5, fileReservedTime: 1 },
    ]);
    await test.store.shutdown();
  });

  it('pauses between two files, and a stop does not wait for the pause', async () => {
    const clock = new FakeClock();
    const changes = { deleteWhen: thisHour(clock), deleteCommitLogFilesInterval: 1_000_000 };
    const test = new ExpiryFixture({ clock, changes });
    await test.fill(5);
    test.age(3);
    await test.firstRun();
    expect(test.logFiles().length).toBe(4);
    await test.store.shutdown();
    expect(test.logFiles().length).toBe(4);
  });

  it('warns once of a deleteWhen that cannot be read', async () => {
    const test = new ExpiryFixture({ changes: { deleteWhen: '4am' } });
    await test.firstRun();
    await test.nextRun();
    expect(test.told(/deleteWhen is not hours/)).toEqual([{ deleteWhen: '4am' }]);
    await test.store.shutdown();
  });

  it('tells a reader of a removed offset where to go on', async () => {
    const clock = new FakeClock();
    const test = new ExpiryFixture({ clock, changes: { deleteWhen: thisHour(clock) } });
    await test.fill(10);
    test.age(9);
    await test.settle(60_000);
    // The log has lost its first file, the queue is cleaned behind it: its entry leads nowhere.
    expect(test.store.getMinPhyOffset()).toBe(128);
    const get = (offset: number) => test.store.getMessage({ topic: 'test', queueId: 0, offset, maxMsgNums: 1 });
    expect(await get(0)).toMatchObject({ status: 'FOUND', nextBeginOffset: 2, minOffset: 0 });
    await test.nextRun();
    expect(await get(0)).toMatchObject({ status: 'OFFSET_TOO_SMALL', nextBeginOffset: 9, minOffset: 9 });
    expect(await get(9)).toMatchObject({ status: 'FOUND', nextBeginOffset: 10 });
    expect(await test.store.selectOneMessageByOffset(0)).toBeUndefined();
    await test.store.shutdown();
  });

  it('answers MESSAGE_WAS_REMOVING while the queue still has only entries of removed messages', async () => {
    const faults: FaultFs[] = [];
    const disk = (fs: ConstructorParameters<typeof FaultFs>[0]) => {
      faults.push(new FaultFs(fs));
      return faults[0] as FaultFs;
    };
    const clock = new FakeClock();
    const test = new ExpiryFixture({ clock, disk, changes: { deleteWhen: thisHour(clock) } });
    await test.fill(8);
    await test.fill(1, { topic: 'next' });
    test.age(8);
    faults[0]?.fail({ operation: 'unlink', path: /consumequeue/, code: 'EIO', times: 100 });
    await test.firstRun();
    const found = await test.store.getMessage({ topic: 'test', queueId: 0, offset: 0, maxMsgNums: 32 });
    expect(found).toMatchObject({ status: 'MESSAGE_WAS_REMOVING', nextBeginOffset: 7, messageCount: 0 });
    await test.store.shutdown();
  });
});

describe('a full disk', () => {
  it('stops sends above the warning level until use is at the forcible level, told once each way', async () => {
    const test = new ExpiryFixture({ diskLevels: { cleanForciblyRatio: 0.85 } });
    await test.fill(3);
    test.use(0.92);
    await test.firstRun();
    await test.nextRun();
    const remark =
      'the disk of commitlog is full: 0.9200 of it in use, 80000 bytes free, sends are taken again at 0.85';
    const refusal = { accepted: false, status: 'SERVICE_NOT_AVAILABLE', remark };
    expect(test.store.putMessage(draftOf({}))).toMatchObject(refusal);
    expect(await readAll(test.store, 'test')).toHaveLength(3);
    expect(test.logFiles().length).toBe(3);
    test.use(0.86);
    await test.nextRun();
    expect(test.store.putMessage(draftOf({}))).toMatchObject({ remark: expect.stringMatching(/0.8600 of it in use/) });
    test.use(0.85);
    await test.nextRun();
    expect(test.store.putMessage(draftOf({})).accepted).toBe(true);
    const levels = { warningRatio: 0.9, cleanForciblyRatio: 0.85 };
    const space = { path: '/store/commitlog', totalBytes: 1e6, ...levels };
    expect(test.told(/so mark disk full/)).toEqual([{ ...space, usedRatio: 0.92, freeBytes: 80_000 }]);
    expect(test.told(/so mark disk ok/)).toEqual([{ ...space, usedRatio: 0.85, freeBytes: 150_000 }]);
    await test.store.shutdown();
  });

  it('of the queues alone counts too, told once although the disk of the log is not full', async () => {
    const clock = new FakeClock();
    const statfs = (path: string) => {
      const freeBytes = path.endsWith('consumequeue') ? 50 : 500;
      return { totalBytes: 1000, freeBytes, availableBytes: freeBytes };
    };
    const test = new ExpiryFixture({ clock, disk: (fs) => Object.assign(new FaultFs(fs), { statfs }) });
    await test.firstRun();
    await test.nextRun();
    const remark = expect.stringMatching(/^the disk of consumequeue is full: 0.9500/);
    expect(test.store.putMessage(draftOf({}))).toMatchObject({ accepted: false, remark });
    expect([test.told(/so mark disk full/).length, test.told(/so mark disk ok/).length]).toEqual([1, 0]);
    await test.store.shutdown();
  });

  it('is left by deleting young files once diskMaxUsedSpaceRatio, lowered live, allows it', async () => {
    const test = new ExpiryFixture({ diskLevels: { warningRatio: 0.1, cleanForciblyRatio: 0.05 } });
    test.use(0.12);
    await test.fill(5);
    await test.firstRun();
    expect(test.logFiles().length).toBe(5);
    test.config.diskMaxUsedSpaceRatio = 5;
    await test.nextRun();
    expect(test.logFiles().length).toBe(1);
    expect(test.store.putMessage(draftOf({})).accepted).toBe(false);
    await test.store.shutdown();
  });
});

describe('a file that cannot be removed', () => {
  function withFaults(changes = {}) {
    const clock = new FakeClock();
    const faults: FaultFs[] = [];
    const test = new ExpiryFixture({
      clock,
      changes: { deleteWhen: thisHour(clock), ...changes },
      disk: (fs) => {
        faults.push(new FaultFs(fs));
        return faults[0] as FaultFs;
      },
    });
    return { test, faults: faults[0] as FaultFs };
  }

  it('stays the first one, readable, and is tried again at the next run', async () => {
    const { test, faults } = withFaults();
    await test.fill(5);
    test.age(3);
    faults.fail({ operation: 'unlink', path: LOG_FILE, code: 'EBUSY', times: 2 });
    await test.firstRun();
    await test.nextRun();
    expect([test.logFiles().length, test.store.getMinPhyOffset()]).toEqual([5, 0]);
    expect(await readAll(test.store, 'test')).toHaveLength(5);
    expect(test.told(/removing a commit log file failed/)).toEqual([
      { err: expect.objectContaining({ operation: 'unlink', code: 'EBUSY' }) },
    ]);
    await test.nextRun();
    expect([test.logFiles().length, test.store.getMinPhyOffset(), faults.pendingRules]).toEqual([2, 384, 0]);
    await test.store.shutdown();
  });

  it('is tried again at any hour after redeleteHangedFileInterval', async () => {
    const { test, faults } = withFaults({ redeleteHangedFileInterval: 300_000 });
    await test.fill(5);
    test.age(3);
    faults.fail({ operation: 'unlink', path: LOG_FILE, code: 'EIO' });
    await test.firstRun();
    test.config.deleteWhen = '';
    await test.settle(200_000);
    expect(test.logFiles().length).toBe(5);
    await test.settle(60_000);
    expect(test.logFiles().length).toBe(4);
    await test.settle(400_000);
    expect(test.logFiles().length).toBe(4);
    await test.store.shutdown();
  });

  it('stops the run when its removal is not on disk: no second file goes before', async () => {
    const { test, faults } = withFaults();
    await test.fill(5);
    test.age(3);
    faults.fail({ operation: 'fsyncDir', path: /commitlog$/, code: 'EIO', times: 2 });
    await test.firstRun();
    await test.nextRun();
    expect([test.logFiles().length, test.store.getMinPhyOffset()]).toEqual([4, 128]);
    await test.nextRun();
    expect(test.logFiles().length).toBe(2);
    await test.store.shutdown();
  });

  it('gives a reader that comes too late nothing, and nobody an error', async () => {
    const first = new ExpiryFixture();
    await first.fill(5);
    await first.store.shutdown();
    const faults = new FaultFs(first.fs);
    const changes = { deleteWhen: thisHour(first.clock) };
    const test = new ExpiryFixture({ fs: first.fs, clock: first.clock, changes, disk: () => faults });
    test.age(3);
    let go: () => void = () => {};
    const until = new Promise<void>((resolve) => {
      go = resolve;
    });
    // Two reads are under way at a time; the third has its file already and waits.
    faults.delay({ operation: 'pread', path: /0(384|512)$/, until, times: 2 });
    const reading = [384, 512, 0].map((offset) => test.store.selectOneMessageByOffset(offset));
    await test.firstRun();
    expect([test.logFiles().length, faults.pendingRules]).toEqual([2, 0]);
    go();
    expect(await Promise.all(reading)).toEqual([expect.any(Buffer), expect.any(Buffer), undefined]);
    await test.store.shutdown();
  });
});

describe('on a real file system', () => {
  const root = mkdtempSync(join(tmpdir(), 'expiry-'));
  afterAll(() => rmSync(root, { recursive: true }));

  it('files of the log, of queues and of the index go', async () => {
    const clock = new FakeClock();
    const changes = { deleteWhen: thisHour(clock), maxIndexNum: 4 };
    const { store } = openTestStore(nodeFs, root, { clock, changes });
    for (let index = 0; index < 80; index++) {
      put(store, { body: 'x'.repeat(1800), properties: { KEYS: `k${index}` } });
      clock.endTurn();
    }
    // The clock is further on than the files' time by more than fileReservedTime.
    const counts = () =>
      ['commitlog', 'consumequeue/TopicA/0', 'index'].map((dir) => nodeFs.list(`${root}/${dir}`).length);
    for (let round = 0; round < 20_000 && counts().join() !== '1,1,1'; round++) await clock.advanceAsync(100);
    expect(counts()).toEqual([1, 1, 1]);
    expect([store.getMinOffsetInQueue('TopicA', 0), store.getMinPhyOffset()]).toEqual([78, 39 * 4096]);
    expect(await readAll(store, 'TopicA', 0, 78)).toHaveLength(2);
    await store.shutdown();
  });
});
