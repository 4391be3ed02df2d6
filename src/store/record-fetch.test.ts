import { describe, expect, it } from 'vitest';
import { type CollectingLogger, collectingLogger } from '../../testing/collecting-logger.ts';
import { MemFs } from '../../testing/mem-fs.ts';
import { bodyOf, openTestStore, put, splitRecords, type TestStore } from '../../testing/store-fixture.ts';
import { settle } from '../../testing/suites/store-suite.ts';
import type { MessageStoreConfig } from '../config/message-store-config.ts';

const ROOT = '/store';
const CHANGES = { mappedFileSizeCommitLog: 1 << 20 };
const ASK = { topic: 'TopicA', queueId: 0, maxMsgNums: 32 };

/** Five messages in queue 0; record n begins at n × SIZE. */
describe('a record with a changed byte', () => {
  it('is served from memory, where it is as it was appended', async () => {
    const test = filled();
    change(test.fs, 2 * SIZE + BODY_AT);
    expect(await pulled(test)).toEqual(BODIES);
    expect(test.store.damagedReads).toBe(0);
    await test.store.shutdown();
  });

  it('is left out when it was read from disk, by 11, 12 and 33; the others are served', async () => {
    // What this process wrote last counts as in the page cache: here nothing does.
    const test = filled(new MemFs(), { accessMessageInMemoryMaxRatio: 0 });
    await forgotten(test);
    change(test.fs, 2 * SIZE + BODY_AT);
    expect(await pulled(test)).toEqual(BODIES.filter((body) => body !== BODIES[2]));
    expect(await test.store.getMessage({ ...ASK, offset: 2, maxMsgNums: 1 })).toMatchObject({
      status: 'MESSAGE_WAS_REMOVING',
      nextBeginOffset: 3,
      messageCount: 0,
    });
    expect(await test.store.selectOneMessageByOffset(2 * SIZE)).toBe('damaged');
    expect(test.store.lookMessageByOffset(2 * SIZE)).toBeUndefined();
    expect((await test.store.queryMessage('TopicA', 'id2', 9, 0, Number.MAX_SAFE_INTEGER)).buffers).toEqual([]);
    expect((await test.store.queryMessage('TopicA', 'id3', 9, 0, Number.MAX_SAFE_INTEGER)).buffers).toHaveLength(1);
    const lines = test.log.lines.filter(({ level }) => level === 'error');
    expect(lines).toHaveLength(1);
    expect(lines[0]?.fields).toMatchObject({ phyOffset: 2 * SIZE, sizeBytes: SIZE, topic: 'TopicA', queueOffset: 2 });
    // Two pulls, two look-ups, and the three rounds of a query that finds nothing.
    expect(test.store.damagedReads).toBe(7);
    await test.store.shutdown();
  });

  it('is left out when it is old and read on the thread pool', async () => {
    const before = filled();
    await before.store.shutdown();
    change(before.fs, 2 * SIZE + BODY_AT);
    // A body that recovery looks at would cut the log.
    const test = filled(before.fs, { checkCRCOnRecover: false });
    expect(await pulled(test)).toEqual([...BODIES.filter((body) => body !== BODIES[2]), ...BODIES]);
    expect(await test.store.selectOneMessageByOffset(2 * SIZE)).toBe('damaged');
    await test.store.shutdown();
  });

  it.each([
    ['TOTALSIZE', 3],
    ['MAGICCODE', 7],
    ['QUEUEID', 15],
    ['QUEUEOFFSET', 27],
    ['PHYSICALOFFSET', 35],
    ['the topic', 88 + 99 + 2],
  ])('is left out by a pull when it is in %s', async (_field, byte) => {
    const test = filled();
    await forgotten(test);
    change(test.fs, 2 * SIZE + byte);
    expect(await pulled(test)).toEqual(BODIES.filter((body) => body !== BODIES[2]));
    await test.store.shutdown();
  });
});

describe('an entry that leads to no record of its queue', () => {
  it('is passed over, and takes no memory for the size that it claims', async () => {
    const test = filled();
    const path = `${ROOT}/consumequeue/TopicA/0/00000000000000000000`;
    await test.store.shutdown();
    const entry = (index: number): number => index * 20;
    const again = openTestStore(test.fs, ROOT, { changes: CHANGES, log: test.log });
    // Before the start, it would have been written again.
    change(test.fs, entry(1) + 7, path);
    change(test.fs, entry(3) + 9, path);
    const asked = { store: again.store };
    expect(await pulled(asked)).toEqual(BODIES.filter((_, index) => index !== 1 && index !== 3));
    await again.store.shutdown();
  });
});

describe('a look-up by physical offset', () => {
  it('finds nothing inside a record, and nothing behind the log', async () => {
    const test = filled();
    await forgotten(test);
    for (const offset of [-1, 1, 50, 2 * SIZE + 4, 5 * SIZE - 4, 5 * SIZE, 2 ** 52]) {
      expect(await test.store.selectOneMessageByOffset(offset)).toBeUndefined();
      expect(test.store.lookMessageByOffset(offset)).toBeUndefined();
    }
    expect(test.store.damagedReads).toBe(0);
    await test.store.shutdown();
  });
});

const BODIES = Array.from({ length: 5 }, (_, index) => `${index}`.repeat(99));
const BODY_AT = 88;
const SIZE = 91 + 99 + 'TopicA'.length + 'UNIQ_KEY_id0_'.length;

interface Filled extends TestStore {
  readonly fs: MemFs;
  readonly log: CollectingLogger;
}

function filled(fs = new MemFs(), changes: Partial<MessageStoreConfig> = {}): Filled {
  const log = collectingLogger();
  const test = openTestStore(fs, ROOT, { changes: { ...CHANGES, ...changes }, log });
  for (const [index, body] of BODIES.entries()) {
    expect(put(test.store, { body, properties: { UNIQ_KEY: `id${index}` } }).wroteBytes).toBe(SIZE);
  }
  test.clock.endTurn();
  return { ...test, fs, log };
}

/** An idle store lets go of its memory: what is read then comes from the files. */
async function forgotten(test: TestStore): Promise<void> {
  await settle(test, 60_000);
}

async function pulled({ store }: Pick<TestStore, 'store'>): Promise<string[]> {
  const bodies: string[] = [];
  for (let offset = 0; offset < store.getMaxOffsetInQueue('TopicA', 0); ) {
    const result = await store.getMessage({ ...ASK, offset });
    expect(result?.nextBeginOffset).toBeGreaterThan(offset);
    bodies.push(...splitRecords(result?.body).map(bodyOf));
    offset = result?.nextBeginOffset ?? Number.POSITIVE_INFINITY;
  }
  return bodies;
}

function change(fs: MemFs, byte: number, path = `${ROOT}/commitlog/00000000000000000000`): void {
  const file = fs.open(path, 'update');
  const content = Buffer.alloc(1);
  file.pread(content, 0, 1, byte);
  file.pwrite(Buffer.from([(content[0] as number) ^ 0x10]), 0, 1, byte);
  file.close();
}
