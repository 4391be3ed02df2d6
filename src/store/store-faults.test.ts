import { describe, expect, it } from 'vitest';
import { FaultFs } from '../../testing/fault-fs.ts';
import { MemFs } from '../../testing/mem-fs.ts';
import { draftOf, openTestStore, put, readAll } from '../../testing/store-fixture.ts';
import { settle } from '../../testing/suites/store-suite.ts';
import { NEEDS_FLUSHED } from '../util/ticket.ts';
import type { PutTicket } from './results.ts';

const LOG = /\/commitlog\/\d+$/;

function faultyStore(changes: NonNullable<Parameters<typeof openTestStore>[2]>['changes'] = {}) {
  const memory = new MemFs();
  const fs = new FaultFs(memory);
  return { ...openTestStore(fs, '/store', { changes }), fs, memory };
}

describe('a failed write of the commit log', () => {
  it('undoes the whole turn and stops writing', async () => {
    const test = faultyStore();
    const { store, clock, fs } = test;
    put(store, { body: 'kept' });
    clock.endTurn();
    const end = store.getMaxPhyOffset();
    fs.shorten({ operation: 'pwrite', path: LOG, to: 100 });
    fs.fail({ operation: 'pwrite', path: LOG, code: 'ENOSPC' });
    const tickets = [put(store, { body: 'lost1' }), put(store, { body: 'lost2', queueId: 1 })];
    let told = 0;
    store.onMarks((marks) => {
      told++;
      expect(tickets.every((ticket) => ticket.failed)).toBe(true);
      expect(marks.written).toBe(end);
    });
    clock.endTurn();
    expect(told).toBe(1);
    expect(fs.pendingRules).toBe(0);
    expect([store.getMaxPhyOffset(), store.getMaxOffsetInQueue('TopicA', 0)]).toEqual([end, 1]);
    expect(store.getMaxOffsetInQueue('TopicA', 1)).toBe(0);
    expect(store.putMessage(draftOf({}))).toMatchObject({ accepted: false, status: 'SERVICE_NOT_AVAILABLE' });
    expect(await readAll(store)).toEqual(['kept']);
    const bytes = Buffer.alloc(4096);
    test.memory.open('/store/commitlog/00000000000000000000', 'read').pread(bytes, 0, 4096, 0);
    expect(bytes.subarray(end).every((byte) => byte === 0)).toBe(true);
    await store.shutdown();
    expect(test.memory.stat('/store/abort')).toBeDefined();
    const again = openTestStore(test.memory, '/store', { clock });
    expect(put(again.store, { body: 'next' })).toMatchObject({ queueOffset: 1, phyOffset: end });
    await again.store.shutdown();
  });

  it('refuses the message that needs a new file when the turn before it cannot be written', async () => {
    const { store, fs } = faultyStore();
    const first = put(store, { body: 'x'.repeat(3000) });
    fs.fail({ operation: 'pwrite', path: LOG, code: 'EIO' });
    const result = store.putMessage(draftOf({ body: 'y'.repeat(3000) }));
    expect(result).toMatchObject({ accepted: false, status: 'SERVICE_NOT_AVAILABLE' });
    expect(first.failed).toBe(true);
    await store.shutdown();
  });

  it('completes short writes', async () => {
    const { store, clock, fs, memory } = faultyStore();
    fs.shorten({ operation: 'pwrite', path: LOG, to: 7, times: 10 });
    put(store, { body: 'whole' });
    clock.endTurn();
    expect(fs.pendingRules).toBe(0);
    await store.shutdown();
    const again = openTestStore(memory, '/store');
    expect(await readAll(again.store)).toEqual(['whole']);
    await again.store.shutdown();
  });
});

describe('the end of a file', () => {
  it('answers CREATE_MAPEDFILE_FAILED while the next file cannot be made, and goes on when it can', async () => {
    const { store, clock, fs } = faultyStore();
    put(store, { body: 'x'.repeat(3000) });
    fs.fail({ operation: 'open', path: /new\.commitlog/, code: 'EMFILE' });
    const big = draftOf({ body: 'y'.repeat(3000) });
    expect(store.putMessage(big)).toMatchObject({ accepted: false, status: 'CREATE_MAPEDFILE_FAILED' });
    clock.endTurn();
    const remark = expect.stringMatching(/create of commitlog\/00000000000000004096: EMFILE/);
    expect(store.putMessage(big)).toMatchObject({ status: 'CREATE_MAPEDFILE_FAILED', remark });
    clock.advance(1000);
    expect(put(store, { body: 'z' })).toMatchObject({ phyOffset: 4096, queueOffset: 1 });
    clock.endTurn();
    expect(await readAll(store)).toHaveLength(2);
    await store.shutdown();
  });

  it('stops writing when the blank record cannot be written', async () => {
    const { store, clock, fs } = faultyStore();
    put(store, { body: 'x'.repeat(3000) });
    clock.endTurn();
    fs.fail({ operation: 'pwrite', path: LOG, code: 'EIO' });
    expect(store.putMessage(draftOf({ body: 'y'.repeat(3000) }))).toMatchObject({ status: 'SERVICE_NOT_AVAILABLE' });
    expect(store.putMessage(draftOf({}))).toMatchObject({ status: 'SERVICE_NOT_AVAILABLE' });
    expect(await readAll(store)).toHaveLength(1);
    await store.shutdown();
  });
});

describe('SYNC_FLUSH', () => {
  it('moves the flushed mark behind one fdatasync for all that was written before it', async () => {
    const test = faultyStore({ flushDiskType: 'SYNC_FLUSH' });
    const { store, clock } = test;
    const flushed: number[] = [];
    store.onMarks((marks) => flushed.push(marks.flushed));
    const ticket = put(store);
    expect(ticket.needs).toBe(NEEDS_FLUSHED);
    expect(ticket.deadlineMs).toBe(clock.monotonicMs() + 5000);
    clock.endTurn();
    const second = put(store);
    clock.endTurn();
    expect(flushed).toEqual([0, 0]);
    await settle(test, 0);
    expect(store.marks.flushed).toBe(second.endOffset);
    expect(flushed.filter((mark) => mark > 0).length).toBeLessThanOrEqual(2);
    await store.shutdown();
  });

  it('covers the first message of a file, which Java answers FLUSH_DISK_TIMEOUT', async () => {
    const test = faultyStore({ flushDiskType: 'SYNC_FLUSH' });
    put(test.store, { body: 'x'.repeat(3000) });
    const ticket = put(test.store, { body: 'y'.repeat(3000) });
    expect(ticket.phyOffset).toBe(4096);
    test.clock.endTurn();
    await settle(test, 0);
    expect(test.store.marks.flushed).toBe(ticket.endOffset);
    await test.store.shutdown();
  });

  it('does not wait for WAIT=false, and for what is not true', async () => {
    const { store } = faultyStore({ flushDiskType: 'SYNC_FLUSH' });
    const needs = (WAIT: string) => put(store, { properties: { WAIT } }).needs;
    expect(['true', 'TRUE', 'false', 'xyz'].map(needs)).toEqual([1, 1, 0, 0]);
    await store.shutdown();
  });

  it('acknowledges nothing after a failed fdatasync and takes no more until the disk works', async () => {
    const test = faultyStore({ flushDiskType: 'SYNC_FLUSH' });
    const { store, clock, fs } = test;
    fs.fail({ operation: 'fdatasync', path: LOG, code: 'EIO' });
    put(store);
    clock.endTurn();
    await settle(test, 0);
    expect(fs.pendingRules).toBe(0);
    expect(store.marks.flushed).toBe(0);
    expect(store.putMessage(draftOf({}))).toMatchObject({ status: 'SERVICE_NOT_AVAILABLE' });
    fs.fail({ operation: 'fdatasync', path: LOG, code: 'EIO', times: 1000 });
    await settle(test, 20_000);
    expect(store.marks.flushed).toBe(0);
    await store.shutdown();
    expect(test.memory.stat('/store/abort')).toBeDefined();
  });
});

describe('ASYNC_FLUSH', () => {
  it('flushes by amount and by time, and refuses when the disk does not keep up', async () => {
    const test = faultyStore({ mappedFileSizeCommitLog: 256 << 20, maxMessageSize: 8 << 20 });
    const { store, clock, fs } = test;
    put(store);
    clock.endTurn();
    await settle(test, 500);
    expect(store.marks.flushed).toBe(0);
    await settle(test, 10_000);
    expect(store.marks.flushed).toBe(store.marks.written);
    let release: () => void = () => undefined;
    const until = new Promise<void>((resolve) => {
      release = resolve;
    });
    fs.delay({ operation: 'fdatasync', path: LOG, until });
    const body = Buffer.alloc(4 << 20);
    const needs: number[] = [];
    for (let index = 0; index < 16; index++) {
      needs.push(put(store, { body }).needs);
      clock.endTurn();
    }
    // From 32 MiB on the replies wait, at 64 MiB the store refuses.
    expect(needs).toEqual([...Array(8).fill(0), ...Array(8).fill(NEEDS_FLUSHED)]);
    const refused = store.putMessage(draftOf({}));
    expect(refused).toMatchObject({
      status: 'SERVICE_NOT_AVAILABLE',
      remark: expect.stringMatching(/^the disk is too slow/),
    });
    release();
    await settle(test, 500);
    expect(store.marks.flushed).toBe(store.marks.written);
    expect(store.putMessage(draftOf({})).accepted).toBe(true);
    await store.shutdown();
  });
});

describe('an idle store', () => {
  it('lets go of the newest part of the log and reads it from the file', async () => {
    const test = faultyStore();
    put(test.store, { body: 'one' });
    await settle(test, 45_000);
    test.fs.fail({ operation: 'pread', path: LOG, code: 'EIO' });
    await expect(test.store.selectOneMessageByOffset(0)).rejects.toThrow(/EIO/);
    expect(await readAll(test.store)).toEqual(['one']);
    put(test.store, { body: 'two' });
    test.clock.endTurn();
    expect(await readAll(test.store)).toEqual(['one', 'two']);
    await test.store.shutdown();
  });
});

describe('SYNC_MASTER', () => {
  it('answers SLAVE_NOT_AVAILABLE without a slave and waits for the replicated mark with one', async () => {
    let replicated: (offset: number) => void = () => undefined;
    let slaves = 0;
    const replicationGate = {
      isSlaveOk: () => slaves > 0,
      onWritten: () => undefined,
      setListener: (listener: (offset: number) => void) => {
        replicated = listener;
      },
    };
    const test = openTestStore(new MemFs(), '/store', {
      changes: { brokerRole: 'SYNC_MASTER' },
      ports: { replicationGate },
    });
    expect(put(test.store)).toMatchObject({ needs: 0, statusWhenStored: 'SLAVE_NOT_AVAILABLE' });
    expect(put(test.store, { properties: { WAIT: 'false' } }).statusWhenStored).toBe('PUT_OK');
    slaves = 1;
    const ticket: PutTicket = put(test.store);
    expect(ticket).toMatchObject({ needs: 2, statusWhenStored: 'PUT_OK' });
    test.clock.endTurn();
    replicated(ticket.endOffset);
    expect(test.store.marks.replicated).toBe(ticket.endOffset);
    await test.store.shutdown();
  });
});

describe('a topic that would lead out of the store', () => {
  it.each(['..', '../x', 'a/b', '.', '', 'a\0b'])('is refused: %j', async (topic) => {
    const test = faultyStore();
    expect(test.store.putMessage(draftOf({ topic }))).toMatchObject({ accepted: false, status: 'MESSAGE_ILLEGAL' });
    test.clock.endTurn();
    expect(test.memory.files().filter((path) => path.includes('consumequeue'))).toEqual([]);
    await test.store.shutdown();
  });

  it('is not followed when a record on disk has it', async () => {
    const test = faultyStore();
    put(test.store, { topic: 'zzzz' });
    put(test.store, { topic: 'good' });
    await test.store.shutdown();
    const path = '/store/commitlog/00000000000000000000';
    const handle = test.memory.open(path, 'update');
    const bytes = Buffer.alloc(200);
    handle.pread(bytes, 0, 200, 0);
    handle.pwrite(Buffer.from('../x'), 0, 4, bytes.indexOf('zzzz'));
    handle.close();
    for (const file of test.memory.files()) if (file.includes('consumequeue')) test.memory.unlink(file);
    const again = openTestStore(test.memory, '/store');
    expect(await readAll(again.store, 'good')).toEqual(['hello']);
    await again.store.shutdown();
    expect(test.memory.files().filter((file) => file.includes('/x/'))).toEqual([]);
  });
});
