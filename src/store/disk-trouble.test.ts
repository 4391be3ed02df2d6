import { describe, expect, it } from 'vitest';
import { type CollectingLogger, collectingLogger } from '../../testing/collecting-logger.ts';
import { FaultFs } from '../../testing/fault-fs.ts';
import { MemFs } from '../../testing/mem-fs.ts';
import { draftOf, openTestStore, put, readAll } from '../../testing/store-fixture.ts';
import { settle } from '../../testing/suites/store-suite.ts';
import { CommitLog } from './commit-log.ts';
import { OpenFiles } from './open-files.ts';

const LOG = /\/commitlog\/\d+$/;
const FIRST = '/store/commitlog/00000000000000000000';

function faultyStore(changes: NonNullable<Parameters<typeof openTestStore>[2]>['changes'] = {}) {
  const memory = new MemFs();
  const fs = new FaultFs(memory, { dropsUnsynced: true });
  const log = collectingLogger();
  return { ...openTestStore(fs, '/store', { changes, log }), fs, memory, log };
}

type Test = ReturnType<typeof faultyStore>;

/** Texts of warnings and errors, as an operator sees them. */
function alarms(log: CollectingLogger): string[] {
  return log.lines.filter(({ level }) => level === 'error' || level === 'warn').map(({ text }) => text);
}

function contentOf(memory: MemFs, path = FIRST): Buffer {
  return memory.readFile(path, 1 << 20) as Buffer;
}

/** Stops, opens again three times on a disk that works, and gives what a queue then holds. */
async function bodiesAfterRestarts(test: Test): Promise<string[]> {
  test.fs.heal();
  await test.store.shutdown();
  let bodies: string[] = [];
  for (let start = 0; start < 3; start += 1) {
    const again = openTestStore(test.memory, '/store', { clock: test.clock });
    bodies = await readAll(again.store);
    await again.store.shutdown();
  }
  return bodies;
}

describe('a full disk', () => {
  it('is told to senders with the figure, ends by itself, and is logged once each way', async () => {
    const test = faultyStore();
    const { store, clock, fs, memory, log } = test;
    put(store, { body: 'kept' });
    clock.endTurn();
    memory.space = { totalBytes: 8 << 20, freeBytes: 5000, availableBytes: 4096 };
    fs.fail({ operation: 'pwrite', path: LOG, code: 'ENOSPC', times: 1000 });
    const ticket = put(store);
    clock.endTurn();
    expect(ticket.failed).toBe(true);
    await settle(test, 3000);
    const remark =
      'writing to the commit log failed: pwrite of commitlog/00000000000000000000: ENOSPC, for 3 s, 4096 bytes free';
    expect(store.putMessage(draftOf({}))).toEqual({ accepted: false, status: 'SERVICE_NOT_AVAILABLE', remark });
    expect(store.trouble).toBe(remark);
    expect(await readAll(store)).toEqual(['kept']);
    expect(alarms(log)).toEqual([
      'the store takes no more messages until that works again: writing to the commit log failed',
    ]);
    // Room for others comes first: with less than 1 MiB nothing is tried.
    fs.heal();
    await settle(test, 3000);
    expect(store.putMessage(draftOf({})).accepted).toBe(false);
    memory.space = { totalBytes: 8 << 20, freeBytes: 2 << 20, availableBytes: 2 << 20 };
    await settle(test, 1000);
    put(store, { body: 'more' });
    clock.endTurn();
    expect(alarms(log).slice(1)).toEqual(['the store takes messages again']);
    expect(log.lines.at(-1)?.fields).toMatchObject({ kind: 'log-write', lastedMs: 7000, freeBytes: 2 << 20 });
    expect(await bodiesAfterRestarts(test)).toEqual(['kept', 'more']);
  });

  it('is full while the place of the next record cannot be written, whatever statfs says', async () => {
    const test = faultyStore();
    const { store, clock, fs } = test;
    fs.fail({ operation: 'pwrite', path: LOG, code: 'EDQUOT', times: 6 });
    put(store);
    clock.endTurn();
    await settle(test, 5000);
    expect([store.putMessage(draftOf({})).accepted, fs.pendingRules]).toEqual([false, 0]);
    await settle(test, 1000);
    put(store, { body: 'good' });
    expect(await bodiesAfterRestarts(test)).toEqual(['good']);
  });
});

describe('a disk that has become read-only', () => {
  it('ends by itself; what a failed write left is made zero then', async () => {
    const test = faultyStore();
    const { store, clock, fs, memory } = test;
    put(store, { body: 'kept' });
    clock.endTurn();
    const end = store.getMaxPhyOffset();
    fs.shorten({ operation: 'pwrite', path: LOG, to: 60 });
    fs.fail({ operation: 'pwrite', path: LOG, code: 'EROFS', times: 4 });
    put(store);
    clock.endTurn();
    // Zeroing failed, too: half a record lies behind the end, and nothing may be written there.
    expect(
      contentOf(memory)
        .subarray(end, end + 60)
        .some((byte) => byte !== 0),
    ).toBe(true);
    await settle(test, 2000);
    expect(store.putMessage(draftOf({}))).toMatchObject({ remark: expect.stringContaining('EROFS') });
    await settle(test, 1000);
    expect(fs.pendingRules).toBe(0);
    expect(
      contentOf(memory)
        .subarray(end)
        .every((byte) => byte === 0),
    ).toBe(true);
    put(store, { body: 'more' });
    expect(await bodiesAfterRestarts(test)).toEqual(['kept', 'more']);
  });

  it('that stays so leaves half a record, which the next start cuts', async () => {
    const test = faultyStore();
    const { store, clock, fs, memory } = test;
    put(store, { body: 'kept' });
    clock.endTurn();
    const end = store.getMaxPhyOffset();
    fs.shorten({ operation: 'pwrite', path: LOG, to: 60 });
    fs.fail({ operation: 'pwrite', path: LOG, code: 'EROFS', times: 1000 });
    put(store);
    clock.endTurn();
    await store.shutdown();
    expect(memory.stat('/store/abort')).toBeDefined();
    expect(contentOf(memory)[end]).not.toBe(undefined);
    expect(
      contentOf(memory)
        .subarray(end)
        .some((byte) => byte !== 0),
    ).toBe(true);
    expect(await bodiesAfterRestarts(test)).toEqual(['kept']);
    expect(
      contentOf(memory)
        .subarray(end)
        .every((byte) => byte === 0),
    ).toBe(true);
  });

  it('leaves no half blank record either', async () => {
    const test = faultyStore();
    const { store, clock, fs, memory } = test;
    put(store, { body: 'x'.repeat(3000) });
    clock.endTurn();
    const end = store.getMaxPhyOffset();
    fs.shorten({ operation: 'pwrite', path: LOG, to: 6 });
    fs.fail({ operation: 'pwrite', path: LOG, code: 'EIO' });
    expect(store.putMessage(draftOf({ body: 'y'.repeat(3000) }))).toMatchObject({ status: 'SERVICE_NOT_AVAILABLE' });
    expect(
      contentOf(memory)
        .subarray(end)
        .every((byte) => byte === 0),
    ).toBe(true);
    clock.advance(1000);
    expect(put(store, { body: 'y'.repeat(3000) }).phyOffset).toBe(4096);
    expect(await bodiesAfterRestarts(test)).toHaveLength(2);
  });
});

describe('a failed fdatasync of the commit log', () => {
  it('is followed by writing the range again, over files and blanks, before anybody is told', async () => {
    const test = faultyStore({ flushDiskType: 'SYNC_FLUSH' });
    const { store, clock, fs, memory, log } = test;
    put(store, { body: 'safe' });
    clock.endTurn();
    await settle(test, 0);
    const safe = store.marks.flushed;
    fs.fail({ operation: 'fdatasync', path: LOG, code: 'EIO', times: 2 });
    const properties = { WAIT: 'false' };
    for (let file = 0; file < 3; file += 1) put(store, { body: `${file}`.repeat(3000), properties });
    const last = put(store, { body: 'last' });
    clock.endTurn();
    await settle(test, 0);
    expect(store.marks).toMatchObject({ written: last.endOffset, flushed: safe });
    expect(
      contentOf(memory)
        .subarray(safe)
        .every((byte) => byte === 0),
    ).toBe(true);
    expect(await readAll(store)).toHaveLength(5);
    const remark = expect.stringMatching(
      /^flushing the commit log failed: fdatasync of commitlog\/0{20}: EIO, for 0 s/,
    );
    expect(store.putMessage(draftOf({}))).toMatchObject({ status: 'SERVICE_NOT_AVAILABLE', remark });
    // Tried again after 1 s, then after 2 s more.
    await settle(test, 1500);
    expect(fs.pendingRules).toBe(0);
    expect(store.marks.flushed).toBe(safe);
    await settle(test, 1000);
    expect(store.marks.flushed).toBe(safe);
    await settle(test, 1000);
    expect(store.marks.flushed).toBe(last.endOffset);
    expect(alarms(log)).toHaveLength(2);
    put(store, { body: 'next' });
    clock.endTurn();
    await settle(test, 0);
    memory.crash();
    const again = openTestStore(memory, '/store', { clock });
    expect((await readAll(again.store)).map((body) => body.slice(0, 4))).toEqual([
      'safe',
      '0000',
      '1111',
      '2222',
      'last',
      'next',
    ]);
    await again.store.shutdown();
  });

  it('holds for ASYNC_FLUSH: sends are refused until the range is on disk', async () => {
    const test = faultyStore();
    const { store, fs, memory, clock } = test;
    put(store, { body: 'one' });
    fs.fail({ operation: 'fdatasync', path: LOG, code: 'ENOSPC' });
    await settle(test, 10_500);
    expect(store.putMessage(draftOf({})).accepted).toBe(false);
    await settle(test, 1500);
    put(store, { body: 'two' });
    await settle(test, 10_500);
    expect(store.marks.flushed).toBe(store.marks.written);
    memory.crash();
    const again = openTestStore(memory, '/store', { clock });
    expect(await readAll(again.store)).toEqual(['one', 'two']);
    await again.store.shutdown();
  });

  it('is tried a last time by a stop', async () => {
    const test = faultyStore();
    const { store, fs, memory } = test;
    put(store, { body: 'one' });
    fs.fail({ operation: 'fdatasync', path: LOG, code: 'EIO' });
    await settle(test, 10_500);
    await store.shutdown();
    expect(memory.stat('/store/abort')).toBeUndefined();
    memory.crash();
    const again = openTestStore(memory, '/store');
    expect(await readAll(again.store)).toEqual(['one']);
    await again.store.shutdown();
  });

  it('cannot be made good when memory does not hold the range', async () => {
    const openFiles = new OpenFiles(new MemFs());
    const log = new CommitLog(openFiles, '/commitlog', 4096, collectingLogger());
    log.roll();
    const chunk = log.reserve(100);
    chunk.buffer.fill(1, 0, 100);
    log.advance(chunk, 100);
    log.writeStaged();
    expect(await log.rewriteUnflushed()).toBe('rewritten');
    log.window.release(100);
    expect(await log.rewriteUnflushed()).toBe('not-in-memory');
  });

  it('then keeps the store from writing and says that it must be started again', async () => {
    const test = faultyStore();
    const { store, fs, log } = test;
    put(store, { body: 'one' });
    fs.fail({ operation: 'fdatasync', path: LOG, code: 'EIO' });
    const original = CommitLog.prototype.rewriteUnflushed;
    CommitLog.prototype.rewriteUnflushed = async () => 'not-in-memory';
    try {
      await settle(test, 15_000);
    } finally {
      CommitLog.prototype.rewriteUnflushed = original;
    }
    await settle(test, 60_000);
    expect(store.marks.flushed).toBe(0);
    expect(store.putMessage(draftOf({}))).toMatchObject({
      remark: expect.stringMatching(/; the broker must be started again$/),
    });
    expect(alarms(log).at(-1)).toMatch(/until it is started again/);
    await store.shutdown();
    expect(test.memory.stat('/store/abort')).toBeDefined();
    // The disk had dropped the page: this message was never promised to survive it, and the start says where it ends.
    const again = openTestStore(test.memory, '/store', { clock: test.clock });
    expect(again.store.getMaxPhyOffset()).toBe(0);
    await again.store.shutdown();
  });
});

describe('a slow disk', () => {
  it('is told with the bytes and the time of the flush, and logged once each way', async () => {
    const test = faultyStore({ mappedFileSizeCommitLog: 256 << 20, maxMessageSize: 8 << 20 });
    const { store, clock, fs, log } = test;
    let release: () => void = () => undefined;
    const until = new Promise<void>((resolve) => (release = resolve));
    fs.delay({ operation: 'fdatasync', path: LOG, until });
    const body = Buffer.alloc(4 << 20);
    for (let index = 0; index < 17; index += 1) {
      put(store, { body });
      clock.endTurn();
      if (index === 15) break;
    }
    await settle(test, 2000);
    const remark = expect.stringMatching(/^the disk is too slow: 671\d{5} bytes wait .* has taken 2000 ms$/);
    expect(store.putMessage(draftOf({}))).toMatchObject({ status: 'SERVICE_NOT_AVAILABLE', remark });
    expect(store.putMessage(draftOf({})).accepted).toBe(false);
    release();
    await settle(test, 500);
    expect(store.putMessage(draftOf({})).accepted).toBe(true);
    expect(alarms(log)).toEqual([
      'the disk is too slow: sends are refused until it keeps up',
      'the disk keeps up again: sends are taken',
    ]);
    await store.shutdown();
  });
});

describe('queues, index and checkpoint', () => {
  it('wait in memory for a disk that takes their writes again; messages are taken meanwhile', async () => {
    const test = faultyStore();
    const { store, fs, log } = test;
    put(store, { body: 'one' });
    fs.fail({ operation: 'pwrite', path: /consumequeue/, code: 'ENOSPC', times: 1000 });
    await settle(test, 65_000);
    put(store, { body: 'two' });
    test.clock.endTurn();
    expect(await readAll(store)).toEqual(['one', 'two']);
    fs.heal();
    await settle(test, 1000);
    expect(alarms(log)).toEqual([
      'writing consume queues, index or checkpoint failed; tried again',
      'writing consume queues, index and checkpoint works again',
    ]);
    expect(log.lines.find(({ level }) => level === 'error')?.fields).toMatchObject({
      path: '/store/consumequeue/TopicA/0/00000000000000000000',
      operation: 'pwrite',
      code: 'ENOSPC',
    });
    await store.shutdown();
    expect(test.memory.stat('/store/abort')).toBeUndefined();
  });

  it('keep a turn that they cannot take, and take it later: held pulls are told then', async () => {
    const memory = new MemFs();
    const fs = new FaultFs(memory);
    const told: number[] = [];
    const messageArrivingListener = { arriving: (_topic: string, _id: number, next: number) => void told.push(next) };
    const test = openTestStore(fs, '/store', { ports: { messageArrivingListener } });
    const { store, clock } = test;
    const keyed = (body: string) => put(store, { body, properties: { KEYS: body } });
    for (let at = 0; at < 60; at += 1) {
      if (at === 48) fs.fail({ operation: 'truncate', path: /index/, code: 'ENOSPC', times: 3 });
      if (store.trouble === undefined) keyed(`k${at}`);
      clock.endTurn();
    }
    expect(fs.pendingRules).toBe(1);
    const refused = store.putMessage(draftOf({}));
    const remark = expect.stringMatching(
      /^writing a consume queue or an index file failed: create of index\/\d+: ENOSPC/,
    );
    expect(refused).toMatchObject({ status: 'SERVICE_NOT_AVAILABLE', remark });
    expect(store.dispatchBehindBytes()).toBeGreaterThan(0);
    await settle(test, 3000);
    expect(store.dispatchBehindBytes()).toBe(0);
    const count = store.getMaxOffsetInQueue('TopicA', 0);
    expect(told).toEqual(Array.from({ length: count }, (_, at) => at + 1));
    keyed('after');
    clock.endTurn();
    for (const key of ['k0', `k${count - 1}`, 'after']) {
      expect((await store.queryMessage('TopicA', key, 10, 0, Number.MAX_SAFE_INTEGER)).buffers).toHaveLength(1);
    }
    await store.shutdown();
    expect(memory.stat('/store/abort')).toBeUndefined();
  });

  it('write the entries of a queue again after a failed fdatasync, before the checkpoint moves', async () => {
    const test = faultyStore();
    const { store, clock, fs, memory } = test;
    for (let at = 0; at < 50; at += 1) put(store, { body: `${at}` });
    clock.endTurn();
    fs.fail({ operation: 'fdatasync', path: /consumequeue/, code: 'EIO' });
    await settle(test, 60_000);
    expect(fs.pendingRules).toBe(0);
    expect(store.putMessage(draftOf({}))).toMatchObject({ remark: expect.stringMatching(/^flushing a consume queue/) });
    await settle(test, 1000);
    expect(store.putMessage(draftOf({})).accepted).toBe(true);
    await settle(test, 70_000);
    memory.crash();
    const again = openTestStore(memory, '/store', { clock });
    expect(await readAll(again.store)).toHaveLength(51);
    await again.store.shutdown();
  });

  it('wait for the next start after a failed fdatasync of the index; the checkpoint does not move', async () => {
    const test = faultyStore({ maxIndexNum: 20 });
    const { store, clock, fs, memory } = test;
    for (let at = 0; at < 10; at += 1) put(store, { body: `${at}`, properties: { KEYS: `k${at}` } });
    clock.endTurn();
    fs.fail({ operation: 'fdatasync', path: /index/, code: 'EIO' });
    await settle(test, 12_000);
    expect(fs.pendingRules).toBe(0);
    await settle(test, 120_000);
    const remark = expect.stringMatching(/^flushing an index file failed.*the broker must be started again$/);
    expect(store.putMessage(draftOf({}))).toMatchObject({ status: 'SERVICE_NOT_AVAILABLE', remark });
    expect(await readAll(store)).toHaveLength(10);
    await store.shutdown();
    expect(memory.stat('/store/abort')).toBeDefined();
    expect(contentOf(memory, '/store/checkpoint').subarray(8, 24)).toEqual(Buffer.alloc(16));
    const again = openTestStore(memory, '/store', { clock, changes: { maxIndexNum: 20 } });
    for (let at = 0; at < 10; at += 1) {
      const found = await again.store.queryMessage('TopicA', `k${at}`, 10, 0, Number.MAX_SAFE_INTEGER);
      expect(found.buffers).toHaveLength(1);
    }
    await again.store.shutdown();
  });

  it('write the checkpoint again, whole, after any failure', async () => {
    const test = faultyStore();
    const { store, fs, memory } = test;
    put(store);
    fs.fail({ operation: 'fdatasync', path: /checkpoint/, code: 'EIO' });
    await settle(test, 61_000);
    expect(fs.pendingRules).toBe(0);
    expect(store.putMessage(draftOf({})).accepted).toBe(true);
    await settle(test, 2000);
    expect(contentOf(memory, '/store/checkpoint').readBigInt64BE(8)).toBeGreaterThan(0n);
    await store.shutdown();
  });
});
