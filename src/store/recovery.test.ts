import { describe, expect, it } from 'vitest';
import { collectingLogger } from '../../testing/collecting-logger.ts';
import { FakeClock } from '../../testing/fake-clock.ts';
import { MemFs } from '../../testing/mem-fs.ts';
import { bodyOf, openTestStore, put, readAll, splitRecords, type TestStore } from '../../testing/store-fixture.ts';
import { settle } from '../../testing/suites/store-suite.ts';

const RECORD_BYTES = 411;
const PER_FILE = 9;

const keyOf = (index: number): string => `u${String(index).padStart(3, '0')}`;

/** Records of 411 bytes, half a second apart; a file of 4 KiB holds nine. */
function fill(test: TestStore, count: number, from = 0): void {
  for (let index = from; index < from + count; index++) {
    put(test.store, { body: String(index).padEnd(300, '.'), properties: { UNIQ_KEY: keyOf(index) } });
    test.clock.advance(500);
  }
}

function kill(fs: MemFs): void {
  fs.crash({ random: () => 0, keep: 1 });
}

/** Opens again after a kill; gives the store and the commit log files that recovery looked at. */
function reopen(fs: MemFs, before: TestStore, changes = {}): { test: TestStore; checked: string[] } {
  const log = collectingLogger();
  const test = openTestStore(fs, '/store', { clock: new FakeClock(before.clock.now() + 1), log, changes });
  const checked = log.lines
    .filter(({ text }) => text === 'checking a commit log file')
    .map(({ fields }) => String(fields['path']).slice(-5));
  return { test, checked };
}

/** Overwrites bytes of the log. */
function damage(fs: MemFs, phyOffset: number, bytes: Buffer): void {
  const start = phyOffset - (phyOffset % 4096);
  const handle = fs.open(`/store/commitlog/${String(start).padStart(20, '0')}`, 'update');
  handle.pwrite(bytes, 0, bytes.length, phyOffset - start);
  handle.close();
}

describe('the first file of a recovery', () => {
  it('is the first one of all without a checkpoint', async () => {
    const fs = new MemFs();
    const first = openTestStore(fs, '/store');
    fill(first, 35);
    kill(fs);
    const { test, checked } = reopen(fs, first);
    expect(checked).toEqual(['00000', '04096', '08192', '12288']);
    expect(await readAll(test.store)).toHaveLength(35);
    await test.store.shutdown();
  });

  it('is the newest one whose first message is not younger than the checkpoint', async () => {
    const fs = new MemFs();
    const first = openTestStore(fs, '/store');
    fill(first, 35);
    await settle(first, 70_000);
    fill(first, 20, 35);
    kill(fs);
    const { test, checked } = reopen(fs, first);
    expect(checked).toEqual(['12288', '16384', '20480', '24576']);
    expect(await readAll(test.store)).toHaveLength(55);
    expect((await test.store.queryMessage('TopicA', keyOf(1), 9, 0, Number.MAX_SAFE_INTEGER)).buffers).toHaveLength(1);
    await test.store.shutdown();
  });

  it('is the third-last after a clean stop', async () => {
    const fs = new MemFs();
    const first = openTestStore(fs, '/store');
    fill(first, 55);
    await first.store.shutdown();
    const { test, checked } = reopen(fs, first);
    expect(checked).toEqual(['16384', '20480', '24576']);
    await test.store.shutdown();
  });
});

describe('damage', () => {
  it.each(['clean', 'kill'])(
    'of a body leaves one message out after a clean stop, and cuts after a kill: %s',
    async (stop) => {
      const fs = new MemFs();
      const first = openTestStore(fs, '/store');
      fill(first, 35);
      const end = first.store.getMaxPhyOffset();
      if (stop === 'clean') await first.store.shutdown();
      else kill(fs);
      const offset = 4096 + 3 * RECORD_BYTES;
      const damaged = PER_FILE + 3;
      damage(fs, offset + 100, Buffer.from('#'));
      const { test } = reopen(fs, first);
      expect(test.store.getMaxPhyOffset()).toBe(stop === 'clean' ? end : offset);
      const bodies = (await readAll(test.store)).map((body) => Number.parseInt(body, 10));
      const kept = [...Array(35).keys()].filter((index) => (stop === 'clean' ? index !== damaged : index < damaged));
      expect(bodies).toEqual(kept);
      await test.store.shutdown();
    },
  );

  it('of a head in the checked files cuts everything behind, also whole files', async () => {
    const fs = new MemFs();
    const first = openTestStore(fs, '/store');
    fill(first, 35);
    await first.store.shutdown();
    const offset = 4096 + 3 * RECORD_BYTES;
    damage(fs, offset + 4, Buffer.from('#'));
    const { test } = reopen(fs, first);
    expect(test.store.getMaxPhyOffset()).toBe(offset);
    expect(fs.list('/store/commitlog')).toHaveLength(2);
    const left = await readAll(test.store);
    expect(left).toHaveLength(PER_FILE + 3);
    expect(test.store.getMaxOffsetInQueue('TopicA', 0)).toBe(PER_FILE + 3);
    const last = await test.store.queryMessage('TopicA', keyOf(34), 9, 0, Number.MAX_SAFE_INTEGER);
    expect(last.buffers).toEqual([]);
    fill(test, 10, left.length);
    expect((await readAll(test.store)).map((body) => Number.parseInt(body, 10))).toEqual([
      ...Array(left.length + 10).keys(),
    ]);
    const found = await test.store.queryMessage('TopicA', keyOf(left.length), 9, 0, Number.MAX_SAFE_INTEGER);
    expect(found.buffers).toHaveLength(1);
    await test.store.shutdown();
  });

  it('of an old record is not served, the others of the same answer are', async () => {
    const fs = new MemFs();
    const first = openTestStore(fs, '/store');
    fill(first, 60);
    await first.store.shutdown();
    damage(fs, 3 * RECORD_BYTES + 28, Buffer.alloc(8, 0xff));
    const { test } = reopen(fs, first);
    expect(test.store.lookMessageByOffset(2 * RECORD_BYTES)?.queueOffset).toBe(2);
    const result = await test.store.getMessage({ topic: 'TopicA', queueId: 0, offset: 0, maxMsgNums: 6 });
    const bodies = splitRecords(result?.body).map((record) => Number.parseInt(bodyOf(record), 10));
    expect(bodies).toEqual([0, 1, 2, 4, 5]);
    expect(result).toMatchObject({ status: 'FOUND', messageCount: 5, nextBeginOffset: 6 });
    const alone = await test.store.getMessage({ topic: 'TopicA', queueId: 0, offset: 3, maxMsgNums: 1 });
    expect(alone).toMatchObject({ status: 'MESSAGE_WAS_REMOVING', messageCount: 0, nextBeginOffset: 4 });
    await test.store.shutdown();
  });

  it('by a length field beyond any record ends the log without allocating it', async () => {
    const fs = new MemFs();
    const changes = { mappedFileSizeCommitLog: 256 << 20 };
    const first = openTestStore(fs, '/store', { changes });
    const { endOffset } = put(first.store);
    await first.store.shutdown();
    const handle = fs.open('/store/commitlog/00000000000000000000', 'update');
    handle.pwrite(Buffer.from('0c800000daa320a7', 'hex'), 0, 8, endOffset);
    handle.close();
    const again = openTestStore(fs, '/store', { changes });
    expect(again.store.getMaxPhyOffset()).toBe(endOffset);
    await again.store.shutdown();
  });
});

it('reads a file that is one blank record, as Java 4.6.0 can leave it', async () => {
  const fs = new MemFs();
  const first = openTestStore(fs, '/store');
  fill(first, PER_FILE);
  await first.store.shutdown();
  const blank = Buffer.alloc(4096);
  blank.writeInt32BE(4096, 0);
  blank.writeUInt32BE(0xcbd43194, 4);
  fs.install('/store/commitlog/00000000000000004096', Buffer.from(blank));
  fs.install('/store/commitlog/00000000000000008192', Buffer.alloc(4096));
  const end = first.store.getMaxPhyOffset();
  const head = Buffer.alloc(8);
  head.writeInt32BE(4096 - end, 0);
  head.writeUInt32BE(0xcbd43194, 4);
  damage(fs, end, head);
  const { test } = reopen(fs, first);
  expect(test.store.getMaxPhyOffset()).toBe(8192);
  fill(test, 1, PER_FILE);
  expect(await readAll(test.store)).toHaveLength(PER_FILE + 1);
  await test.store.shutdown();
});

it('gives every acknowledged message a dense offset after many kills', async () => {
  const fs = new MemFs();
  let test = openTestStore(fs, '/store');
  for (let round = 0; round < 8; round++) {
    fill(test, 13, round * 13);
    kill(fs);
    test = reopen(fs, test).test;
  }
  expect((await readAll(test.store)).map((body) => Number.parseInt(body, 10))).toEqual([...Array(104).keys()]);
  await test.store.shutdown();
});

it('indexes the last message of a queue again when a power loss tore its entry between two sectors', async () => {
  const fs = new MemFs();
  const first = openTestStore(fs, '/store', { changes: { mappedFileSizeConsumeQueue: 1_000 } });
  for (let index = 0; index < 26; index++)
    put(first.store, { body: String(index), properties: { TAGS: `tag${index}` } });
  await settle(first, 70_000);
  kill(fs);
  const path = '/store/consumequeue/TopicA/0/00000000000000000000';
  const written = fs.readFile(path, 1_000) as Buffer;
  expect(written.readBigInt64BE(512)).not.toBe(0n);
  const handle = fs.open(path, 'update');
  handle.pwrite(Buffer.alloc(8), 0, 8, 512);
  handle.close();
  const { test } = reopen(fs, first, { mappedFileSizeConsumeQueue: 1_000 });
  expect(await readAll(test.store)).toHaveLength(26);
  await test.store.shutdown();
  expect(fs.readFile(path, 1_000)?.equals(written)).toBe(true);
});
