import { describe, expect, it } from 'vitest';
import { FaultFs } from '../../testing/fault-fs.ts';
import { MemFs } from '../../testing/mem-fs.ts';
import {
  bodyOf,
  draftOf,
  openTestStore,
  put,
  readAll,
  splitRecords,
  type TestStore,
} from '../../testing/store-fixture.ts';
import { encodeBatch } from '../codec/message-batch.ts';
import { encodeOffsetMsgId } from '../codec/message-id.ts';
import { MappedFileQueue } from './mapped-file-queue.ts';
import { OpenFiles } from './open-files.ts';

/**
 * The cases of the official store module's own tests that nail something down, with their figures. Those that other
 * tests hold already are named in the table at the end; the rest is here.
 */

const families = [
  ['IPv4', false],
  ['IPv6', true],
] as const;
const messages = (count: number, body: (index: number) => string, properties: string) =>
  encodeBatch(
    Array.from({ length: count }, (_, index) => ({
      flag: 0,
      body: Buffer.from(body(index)),
      properties: Buffer.from(properties),
    })),
  );

describe('AppendCallbackTest', () => {
  const batch = messages(10, () => 'body', 'TAGS\u0001abc\u0002');

  it.each(families)('%s: a batch that does not fit ends the file with a blank of its whole rest', async (_, v6) => {
    const { store, clock } = openTestStore(new MemFs(), '/s');
    const hosts = v6 ? 24 : 0;
    const filler = put(store, { topic: 'test-topic', body: 'x'.repeat(4096 - 1000 - 91 - 10 - hosts), v6 });
    expect(filler.endOffset).toBe(4096 - 1000);
    const ticket = store.putMessages(draftOf({ topic: 'test-topic', body: batch, v6 }));
    clock.endTurn();
    expect(ticket).toMatchObject({ accepted: true, phyOffset: 4096, queueOffset: 1, msgNum: 10 });
    expect(await readAll(store, 'test-topic', 0, 1)).toEqual(Array(10).fill('body'));
    await store.shutdown();
  });

  it.each(families)('%s: a batch gives ten different ids, offsets in a row and one store time', async (_, v6) => {
    const { store, clock } = openTestStore(new MemFs(), '/s');
    const draft = draftOf({ topic: 'test-topic', body: batch, v6 });
    const ticket = store.putMessages(draft);
    if (!ticket.accepted) throw new Error(ticket.remark);
    clock.endTurn();
    expect(ticket).toMatchObject({ phyOffset: 0, queueOffset: 0, msgNum: 10, endOffset: store.getMaxPhyOffset() });
    const ids = ticket.phyOffsets?.map((phyOffset) => encodeOffsetMsgId(draft.storeHost, phyOffset)) ?? [];
    expect(new Set(ids).size).toBe(10);
    expect(ids.map((id) => id.length)).toEqual(Array(10).fill(v6 ? 56 : 32));
    const stored = ticket.phyOffsets?.map((phyOffset) => store.lookMessageByOffset(phyOffset)) ?? [];
    expect(
      stored.map((message) => [message?.topic, message?.body.toString(), message?.properties.get('TAGS')]),
    ).toEqual(Array(10).fill(['test-topic', 'body', 'abc']));
    expect(stored.map((message) => message?.queueOffset)).toEqual([...Array(10).keys()]);
    expect(new Set(stored.map((message) => message?.storeTimestamp)).size).toBe(1);
    await store.shutdown();
  });
});

describe('BatchPutMessageTest', () => {
  it.each(families)('%s: every record length leads to the next message, every offset is found', async (_, v6) => {
    const changes = { mappedFileSizeCommitLog: 8192, mappedFileSizeConsumeQueue: 4096, flushDiskType: 'SYNC_FLUSH' };
    const { store, clock } = openTestStore(new MemFs(), '/s', { changes: changes as object });
    const properties = 'TAGS\u0001TAG1\u0002KEYS\u0001key\u0002';
    const body = messages(10, (index) => `body${index}`, properties);
    const ticket = store.putMessages(draftOf({ topic: 'batch-topic', body, v6 }));
    clock.endTurn();
    expect(ticket.accepted).toBe(true);
    const size = (v6 ? 115 : 91) + 'body0'.length + 'batch-topic'.length + properties.length;
    for (let index = 0; index < 10; index++) {
      expect(store.lookMessageByOffset(index * size)?.body.toString()).toBe(`body${index}`);
      const found = await store.getMessage({ topic: 'batch-topic', queueId: 0, offset: index, maxMsgNums: 1 });
      expect([found?.status, splitRecords(found?.body).map(bodyOf)]).toEqual(['FOUND', [`body${index}`]]);
    }
    expect(store.lookMessageByOffset(10 * size)).toBeUndefined();
    await store.shutdown();
  });
});

describe('DefaultMessageStoreTest', () => {
  const fill = ({ store, clock }: TestStore, count: number) => {
    const tickets = Array.from({ length: count }, (_, index) => {
      const ticket = put(store, { body: `Once, there was a chance for me! ${index}`, v6: index % 2 === 1 });
      clock.advance(10);
      return ticket;
    });
    clock.endTurn();
    return tickets;
  };

  it('looks up the first and the last message by offset, and none at the end of the log', async () => {
    const test = openTestStore(new MemFs(), '/s');
    const tickets = fill(test, 10);
    for (const index of [0, 9]) {
      const found = test.store.lookMessageByOffset(tickets[index]?.phyOffset ?? -1);
      expect(found?.body.toString()).toBe(`Once, there was a chance for me! ${index}`);
    }
    expect(test.store.lookMessageByOffset(test.store.getMaxPhyOffset())).toBeUndefined();
    await test.store.shutdown();
  });

  it('gives as many messages as are asked for', async () => {
    const test = openTestStore(new MemFs(), '/s', { changes: { mappedFileSizeConsumeQueue: 4000 } });
    fill(test, 32);
    for (const maxMsgNums of [32, 20, 10]) {
      const result = await test.store.getMessage({ topic: 'TopicA', queueId: 0, offset: 0, maxMsgNums });
      expect(result?.messageCount).toBe(maxMsgNums);
    }
    await test.store.shutdown();
  });

  it('has no store time for what is not there', async () => {
    const test = openTestStore(new MemFs(), '/s');
    for (const offset of [0, -1]) expect(test.store.getMessageStoreTimeStamp('FooBar', 0, offset)).toBe(-1);
    const tickets = fill(test, 10);
    expect(tickets.map((_, index) => test.store.getMessageStoreTimeStamp('TopicA', 0, index))).toEqual(
      tickets.map((ticket) => ticket.storeTimestamp),
    );
    for (const offset of [10, -1, -10]) expect(test.store.getMessageStoreTimeStamp('TopicA', 0, offset)).toBe(-1);
    await test.store.shutdown();
  });

  it('finds a queue nobody wrote to empty', async () => {
    const { store } = openTestStore(new MemFs(), '/s');
    const result = await store.getMessage({ topic: 'TOPIC_A', queueId: 0, offset: 0, maxMsgNums: 1024 * 1024 });
    expect(result?.status).toBe('NO_MESSAGE_IN_QUEUE');
    await store.shutdown();
  });

  /** Upstream zeroes 16 bytes from the place of the last record's topic length on. */
  const damageLast = async (abort: boolean) => {
    const fs = new MemFs();
    const test = openTestStore(fs, '/s');
    fill(test, 100);
    const before = [test.store.getMaxPhyOffset(), test.store.getMaxOffsetInQueue('TopicA', 0)];
    const [last] = fill(test, 1);
    await test.store.shutdown();
    const at = (last?.phyOffset ?? 0) + 84 + 4 + 'Once, there was a chance for me! 0'.length;
    const file = fs.open(`/s/commitlog/${String(at - (at % 4096)).padStart(20, '0')}`, 'update');
    file.pwrite(Buffer.alloc(16), 0, 16, at % 4096);
    file.fdatasync();
    file.close();
    if (abort) fs.install('/s/abort', Buffer.alloc(0));
    const again = openTestStore(fs, '/s', { clock: test.clock });
    return { before, again };
  };

  it.each([
    ['after a clean stop', false],
    ['with the abort file', true],
  ])('recovers up to the message before a damaged last one, %s', async (_, abort) => {
    const { before, again } = await damageLast(abort);
    expect([again.store.getMaxPhyOffset(), again.store.getMaxOffsetInQueue('TopicA', 0)]).toEqual(before);
    fill(again, 100);
    expect(await readAll(again.store)).toHaveLength(200);
    await again.store.shutdown();
  });
});

it('DefaultMessageStoreShutDownTest: what is not dispatched keeps the abort file', async () => {
  const fs = new FaultFs(new MemFs());
  const { store, clock } = openTestStore(fs, '/s', { changes: { mappedFileSizeConsumeQueue: 20 } });
  put(store);
  clock.endTurn();
  // A queue that does not start at 0 needs its file at once.
  fs.fail({ operation: 'open', path: /consumequeue/, code: 'EIO', times: 1000 });
  fs.fail({ operation: 'pwrite', path: /consumequeue/, code: 'EIO', times: 1000 });
  await store.shutdown();
  expect(fs.stat('/s/abort')).toBeDefined();
});

describe('MappedFileQueueTest', () => {
  const filled = () => {
    const queue = new MappedFileQueue(new OpenFiles(new MemFs()), '/q', 1024);
    for (let index = 0; index < 1024; index++) queue.fileForAppend(0).append(Buffer.alloc(4), 0, 4);
    return queue;
  };

  it('testGetMappedMemorySize: 1,024 × 4 bytes are 4,096', () => {
    const queue = filled();
    expect([queue.files.length * queue.fileSize, queue.maxOffset]).toEqual([4096, 4096]);
  });

  it('testAppendMessage: a flush covers all that was written, oldest file first', () => {
    const queue = filled();
    expect(queue.flushedWhere).toBe(0);
    queue.flush();
    expect(queue.flushedWhere).toBe(4096);
    expect(queue.files.map((file) => file.flushedPosition)).toEqual([1024, 1024, 1024, 1024]);
  });
});
