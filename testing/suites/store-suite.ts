import { describe, expect, it } from 'vitest';
import { encodeBatch } from '../../src/codec/message-batch.ts';
import type { MessageStore } from '../../src/store/message-store.ts';
import type { Fs } from '../../src/util/fs.ts';
import {
  bodyOf,
  draftOf,
  openTestStore,
  propertiesOf,
  put,
  readAll,
  splitRecords,
  type TestStore,
} from '../store-fixture.ts';
import { storeReadCases } from './store-read-cases.ts';

type Make = () => { readonly fs: Fs; readonly root: string };

/** What a message store must do on any file system. `make` gives a fresh, empty directory per case. */
export function storeSuite(name: string, make: Make): void {
  describe(`MessageStore on ${name}`, () => {
    putCases(make);
    recordCases(make);
    refusalCases(make);
    batchCases(make);
    storeReadCases(make);
    restartCases(make);
  });
}

/** Flushes take a real turn or more; the fake clock only starts them. */
export async function settle({ clock }: TestStore, byMs = 1000): Promise<void> {
  await clock.advanceAsync(byMs, Math.min(byMs, 500));
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

function putCases(make: Make): void {
  it('shows nothing before the end of the turn and everything after', async () => {
    const { fs, root } = make();
    const { store, clock } = openTestStore(fs, root);
    const ticket = put(store, { body: 'one' });
    put(store, { body: 'two' });
    expect(store.getMaxOffsetInQueue('TopicA', 0)).toBe(0);
    expect(store.getMaxPhyOffset()).toBe(0);
    expect(await store.selectOneMessageByOffset(ticket.phyOffset)).toBeUndefined();
    expect(store.marks.written).toBe(0);
    clock.endTurn();
    expect(store.marks.written).toBe(ticket.wroteBytes * 2);
    expect(store.getMaxOffsetInQueue('TopicA', 0)).toBe(2);
    expect(await readAll(store)).toEqual(['one', 'two']);
    await store.shutdown();
  });

  it('tells the marks, then fills the queues, then tells of each message', async () => {
    const { fs, root } = make();
    const calls: string[] = [];
    const messageArrivingListener = {
      arriving: (topic: string, queueId: number, nextOffset: number) => {
        calls.push(`${topic}-${queueId} ${nextOffset}`);
      },
    };
    const { store, clock } = openTestStore(fs, root, { ports: { messageArrivingListener } });
    const max = (): number => store.getMaxOffsetInQueue('TopicA', 0);
    store.onMarks((marks) => calls.push(`written ${marks.written > 0} max ${max()}`));
    put(store);
    put(store, { queueId: 1 });
    put(store, { sysFlag: 4 });
    clock.endTurn();
    // Replies go out while the queues take the entries; nobody else runs in between, so nobody sees the difference.
    expect(calls).toEqual(['written true max 0', 'TopicA-0 1', 'TopicA-1 1']);
    expect(max()).toBe(1);
    await store.shutdown();
  });

  it('rolls with a blank record and keeps order over many files', async () => {
    const { fs, root } = make();
    const { store, clock } = openTestStore(fs, root);
    const bodies = Array.from({ length: 120 }, (_, index) => `${index} `.repeat((index % 40) + 1));
    for (const body of bodies) {
      put(store, { body });
      if (body.length % 3 === 0) clock.endTurn();
    }
    clock.endTurn();
    expect(store.getMaxPhyOffset()).toBeGreaterThan(3 * 4096);
    expect(await readAll(store)).toEqual(bodies);
    const head = Buffer.alloc(4096);
    fs.open(`${root}/commitlog/00000000000000000000`, 'read').pread(head, 0, 4096, 0);
    let at = 0;
    while (head.readInt32BE(at + 4) === (0xdaa320a7 | 0)) at += head.readInt32BE(at);
    expect(head.readInt32BE(at + 4)).toBe(0xcbd43194 | 0);
    expect(head.readInt32BE(at)).toBe(4096 - at);
    expect(head.subarray(at + 8).every((byte) => byte === 0)).toBe(true);
    await store.shutdown();
  });
}

function recordCases(make: Make): void {
  it('takes a record that leaves exactly the 8 bytes of a blank, and rolls for one byte more', async () => {
    const { fs, root } = make();
    const { store, clock } = openTestStore(fs, root);
    const overhead = 91 + 'TopicA'.length;
    const first = put(store, { body: 'x'.repeat(4096 - 8 - overhead) });
    expect(first.wroteBytes).toBe(4088);
    clock.endTurn();
    expect(put(store).phyOffset).toBe(4096);
    expect(put(store, { body: 'x'.repeat(4096 - 8 - overhead + 1 - 200) }).phyOffset).toBe(4096 + 102);
    clock.endTurn();
    expect(await readAll(store)).toHaveLength(3);
    await store.shutdown();
  });

  it('writes hosts of both families and stores the cluster behind the properties', async () => {
    const { fs, root } = make();
    const { store, clock } = openTestStore(fs, root);
    const draft = draftOf({ v6: true, sysFlag: 1, properties: { TAGS: 'a' } });
    draft.appendProperty = Buffer.from('CLUSTER\u0001c\u0002');
    const ticket = store.putMessage(draft);
    clock.endTurn();
    if (!ticket.accepted) throw new Error(ticket.remark);
    const record = (await store.selectOneMessageByOffset(ticket.phyOffset)) as Buffer;
    expect(record.readInt32BE(36)).toBe(0x31);
    expect(bodyOf(record)).toBe('hello');
    expect([...propertiesOf(record)]).toEqual([
      ['TAGS', 'a'],
      ['CLUSTER', 'c'],
    ]);
    expect(store.lookMessageByOffset(ticket.phyOffset)).toMatchObject({ topic: 'TopicA', flag: 7, queueOffset: 0 });
    expect(store.lookMessageByOffset(ticket.phyOffset + 1)).toBeUndefined();
    expect(store.lookMessageByOffset(ticket.endOffset)).toBeUndefined();
    await store.shutdown();
  });

  it('takes store times once a turn and never backwards, but follows a corrected clock', async () => {
    const { fs, root } = make();
    const { store, clock } = openTestStore(fs, root);
    const start = clock.now();
    expect(put(store).storeTimestamp).toBe(start);
    clock.endTurn();
    clock.setWallClock(start - 5000);
    expect(put(store).storeTimestamp).toBe(start);
    clock.endTurn();
    clock.setWallClock(start - 60_000);
    expect(put(store).storeTimestamp).toBe(start - 60_000);
    clock.endTurn();
    await store.shutdown();
  });
}

function refusalCases(make: Make): void {
  it('refuses what Java refuses or loses', async () => {
    const { fs, root } = make();
    const test = openTestStore(fs, root, { changes: { maxMessageSize: 60_000, mappedFileSizeCommitLog: 50_000 } });
    const { store } = test;
    const refusals = (message: Parameters<typeof draftOf>[0]) => {
      const result = store.putMessage(draftOf(message));
      return result.accepted ? 'accepted' : `${result.status}: ${result.remark}`;
    };
    expect(refusals({ topic: 'x'.repeat(128) })).toBe('MESSAGE_ILLEGAL: the topic has 128 characters');
    expect(refusals({ topic: '\u00e4'.repeat(64) })).toBe(
      'MESSAGE_ILLEGAL: the topic has 128 bytes, at most 127 fit a record',
    );
    expect(refusals({ topic: '\u00e4'.repeat(63) })).toBe('accepted');
    expect(refusals({ body: 'x'.repeat(60_000) })).toMatch(
      /^MESSAGE_ILLEGAL: the stored record has 60097 bytes, maxMess/,
    );
    expect(refusals({ body: 'x'.repeat(49_990) })).toMatch(/^MESSAGE_ILLEGAL: .* 50087 bytes, .* holds at most 49992/);
    expect(refusals({ properties: { a: 'x'.repeat(32_765) } })).toMatch(/^PROPERTIES_SIZE_EXCEEDED: /);
    expect(refusals({ properties: { a: 'x'.repeat(32_764) } })).toBe('accepted');
    expect(refusals({ properties: { a: '\u00e4'.repeat(20_000) } })).toMatch(
      /^MESSAGE_ILLEGAL: the properties have 40003/,
    );
    expect(store.getMaxPhyOffset()).toBe(0);
    test.config.brokerRole = 'SLAVE';
    expect(refusals({})).toBe('SERVICE_NOT_AVAILABLE: this broker is a slave');
    test.config.brokerRole = 'ASYNC_MASTER';
    await store.shutdown();
    expect(refusals({})).toBe('SERVICE_NOT_AVAILABLE: the store has been shut down');
  });
}

function batchCases(make: Make): void {
  const batchOf = (count: number, size = 10) =>
    encodeBatch(
      Array.from({ length: count }, (_, index) => ({
        flag: index,
        body: Buffer.from(String(index).padEnd(size, '.')),
        properties: Buffer.from(`UNIQ_KEY\u0001u${index}\u0002TAGS\u0001t\u0002`),
      })),
    );

  it('stores a batch as records of their own, in one file', async () => {
    const { fs, root } = make();
    const { store, clock } = openTestStore(fs, root);
    put(store, { body: 'x'.repeat(2000) });
    const draft = draftOf({ body: batchOf(12, 100) });
    const ticket = store.putMessages(draft);
    if (!ticket.accepted) throw new Error(ticket.remark);
    expect(ticket).toMatchObject({ phyOffset: 4096, queueOffset: 1, msgNum: 12 });
    expect(ticket.phyOffsets).toHaveLength(12);
    clock.endTurn();
    const result = await store.getMessage({ topic: 'TopicA', queueId: 0, offset: 1, maxMsgNums: 32 });
    const records = splitRecords(result?.body);
    expect(records.map((record) => record.readInt32BE(16))).toEqual([...Array(12).keys()]);
    expect(records.map((record) => Number(record.readBigInt64BE(28)))).toEqual(ticket.phyOffsets);
    expect((await store.queryMessage('TopicA', 'u11', 10, 0, clock.now())).buffers).toHaveLength(1);
    await store.shutdown();
  });

  it.each([
    ['a cut body', batchOf(2).subarray(0, 50), 'UNKNOWN_ERROR: java.nio.BufferUnderflowException'],
    ['an empty body', Buffer.alloc(0), 'UNKNOWN_ERROR: java.nio.BufferUnderflowException'],
    ['records that fit no file', batchOf(40), 'MESSAGE_ILLEGAL: the stored record'],
    [
      'records over the limit together',
      batchOf(70),
      'UNKNOWN_ERROR: java.lang.RuntimeException: message size exceeded',
    ],
    ['a body over the limit', Buffer.alloc(8001), 'MESSAGE_ILLEGAL: the batch body is longer than 8000 bytes'],
  ])('refuses %s', async (_name, body, expected) => {
    const { fs, root } = make();
    const { store, clock } = openTestStore(fs, root, { changes: { maxMessageSize: 8000 } });
    const result = store.putMessages(draftOf({ body }));
    expect(result.accepted ? 'accepted' : `${result.status}: ${result.remark}`.slice(0, expected.length)).toBe(
      expected,
    );
    clock.endTurn();
    expect(store.getMaxPhyOffset()).toBe(0);
    await store.shutdown();
  });

  it('refuses transactional and delayed batches', async () => {
    const { fs, root } = make();
    const { store } = openTestStore(fs, root);
    expect(store.putMessages(draftOf({ body: batchOf(1), sysFlag: 4 }))).toMatchObject({ status: 'MESSAGE_ILLEGAL' });
    const delayed = draftOf({ body: batchOf(1), properties: { DELAY: '3' } });
    expect(store.putMessages(delayed)).toMatchObject({ status: 'MESSAGE_ILLEGAL' });
    await store.shutdown();
  });
}

function restartCases(make: Make): void {
  const fill = (test: TestStore, count: number, from = 0) => {
    for (let index = from; index < from + count; index++) {
      put(test.store, { queueId: index % 2, body: `m${index}`, properties: { UNIQ_KEY: `u${index}` } });
      test.clock.advance(1);
    }
  };
  const all = async (store: MessageStore) => [...(await readAll(store)), ...(await readAll(store, 'TopicA', 1))];

  it('serves everything after a clean restart and goes on', async () => {
    const { fs, root } = make();
    const first = openTestStore(fs, root);
    fill(first, 100);
    await first.store.shutdown();
    expect(fs.stat(`${root}/abort`)).toBeUndefined();
    const second = openTestStore(fs, root, { clock: first.clock });
    expect(second.store.getMaxPhyOffset()).toBe(first.store.getMaxPhyOffset());
    expect(second.store.getMaxOffsetInQueue('TopicA', 0)).toBe(50);
    fill(second, 50, 100);
    expect(await all(second.store)).toHaveLength(150);
    expect((await second.store.queryMessage('TopicA', 'u3', 9, 0, second.clock.now())).buffers).toHaveLength(1);
    await second.store.shutdown();
  });

  it('rebuilds consume queues that were deleted', async () => {
    const { fs, root } = make();
    const first = openTestStore(fs, root);
    fill(first, 100);
    const before = await all(first.store);
    await first.store.shutdown();
    for (const queueId of [0, 1]) {
      const dir = `${root}/consumequeue/TopicA/${queueId}`;
      for (const name of fs.list(dir)) fs.unlink(`${dir}/${name}`);
    }
    const second = openTestStore(fs, root, { clock: first.clock });
    expect(await all(second.store)).toEqual(before);
    await second.store.shutdown();
  });

  it('cuts a damaged tail, zeroes it, and writes on there', async () => {
    const { fs, root } = make();
    const first = openTestStore(fs, root);
    fill(first, 20);
    const end = first.store.getMaxPhyOffset();
    const offset = put(first.store, { queueId: 0, body: 'damaged' }).phyOffset;
    await first.store.shutdown();
    const path = `${root}/commitlog/${String(offset - (offset % 4096)).padStart(20, '0')}`;
    const handle = fs.open(path, 'update');
    handle.pwrite(Buffer.alloc(4, 0xff), 0, 4, (offset % 4096) + 4);
    handle.close();
    const second = openTestStore(fs, root, { clock: first.clock });
    expect(second.store.getMaxPhyOffset()).toBe(end);
    expect(second.store.getMaxOffsetInQueue('TopicA', 0)).toBe(10);
    const tail = Buffer.alloc(4096);
    fs.open(path, 'read').pread(tail, 0, 4096, 0);
    expect(tail.subarray(end % 4096).every((byte) => byte === 0)).toBe(true);
    fill(second, 10, 20);
    expect(await all(second.store)).toHaveLength(30);
    await second.store.shutdown();
  });
}
