import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../testing/fake-clock.ts';
import { FaultFs } from '../../testing/fault-fs.ts';
import { type JavaStoreMessage, javaStoreManifest, unpackJavaStore } from '../../testing/java-store.ts';
import { MemFs } from '../../testing/mem-fs.ts';
import { SeededRandom } from '../../testing/seeded-random.ts';
import { shortSeed } from '../../testing/short-seed.ts';
import {
  bodyOf,
  openTestStore,
  propertiesOf,
  put,
  readAll,
  splitRecords,
  type TestStore,
} from '../../testing/store-fixture.ts';
import { parseProperties } from '../codec/message-properties.ts';
import type { MessageStoreConfig } from '../config/message-store-config.ts';
import { BloomFilter, setBits } from '../util/bloom-filter.ts';
import { javaStringHash } from '../util/java-hash.ts';
import { silentLogger } from '../util/logger.ts';
import { ConsumeQueueEntries } from './consume-queue-entries.ts';
import { deleteExpired } from './consume-queue-expiry.ts';
import { CqExtUnit, extOffset, isExtAddress } from './consume-queue-ext-unit.ts';
import { ConsumeQueueTable } from './consume-queue-table.ts';
import { OpenFiles } from './open-files.ts';
import type { FilterBitMap, MessageFilter } from './ports.ts';
import { StoreIoError } from './store-errors.ts';

/** Sizes the Java store with extension files was written with, and a clock of its time. */
const JAVA_SIZES = {
  enableConsumeQueueExt: true,
  mappedFileSizeConsumeQueueExt: 2_048,
  mappedFileSizeConsumeQueue: 600,
  mappedFileSizeCommitLog: 262_144,
  maxHashSlotNum: 500,
  maxIndexNum: 1_500,
  messageDelayLevel: '1s 2h',
} as const;

const SMALL = { enableConsumeQueueExt: true, mappedFileSizeConsumeQueueExt: 200 } as const;

describe('the store with extension files of Java 4.6.0', () => {
  const { messages } = javaStoreManifest('ext');

  it('has the unit that the manifest names for every entry', () => {
    const fs = new MemFs();
    unpackJavaStore(fs, 'ext', '/store');
    const table = tableOf(fs);
    table.load();
    table.recover(false);
    const unit = new CqExtUnit();
    for (const message of messages) {
      const entry = entryOf(table, message.topic, message.queueId, message.queueOffset);
      expect(entry).toMatchObject({ phyOffset: message.physicalOffset, size: message.size, ext: message.extOffset });
      expect(table.find(message.topic, message.queueId)?.ext?.get(entry.high, entry.low, unit)).toBe(true);
      expect(unit.msgStoreTime).toBe(message.storeTimestamp);
      expect(unit.tagsCodeHigh * 2 ** 32 + (unit.tagsCodeLow >>> 0)).toBe(message.tagsCode);
      expect(Buffer.from(unit.bitMap).toString('hex')).toBe(message.bitMap);
    }
    // Bit maps of two filters on one topic, of one on another, and none.
    expect(new Set(messages.map(({ bitMap }) => bitMap)).size).toBe(5);
  });

  it('is written again byte for byte from the log alone', async () => {
    const fs = new MemFs();
    unpackJavaStore(fs, 'ext', '/store');
    const before = queueFiles(fs);
    for (const path of before.keys()) fs.unlink(path);
    const { store } = open(fs, JAVA_SIZES, { filterBitMap: fixtureFilters(messages) });
    await store.shutdown();
    const after = queueFiles(fs);
    expect([...after.keys()]).toEqual([...before.keys()]);
    expect(before.size).toBe(30);
    for (const [path, bytes] of before) expect([path, after.get(path)]).toEqual([path, bytes]);
  });

  it('goes on where Java stopped', async () => {
    const fs = new MemFs();
    unpackJavaStore(fs, 'ext', '/store');
    const { store, clock } = open(fs, JAVA_SIZES);
    for (let index = 0; index < 30; index += 1)
      put(store, { topic: 'ExtTags', properties: { TAGS: `New${index % 2}` } });
    clock.endTurn();
    await store.shutdown();
    const { store: again } = open(fs, JAVA_SIZES);
    const wanted = messages.filter(({ topic, tags }) => topic === 'ExtTags' && tags === 'Tag1').length;
    expect(await pullTags(again, 'ExtTags', 'Tag1')).toHaveLength(wanted);
    expect(await pullTags(again, 'ExtTags', 'New1')).toHaveLength(15);
    await again.shutdown();
  });
});

describe('a store with enableConsumeQueueExt', () => {
  it('gives every message a unit: with tags, without, of IPv4 and IPv6 hosts. Java: ConsumeQueueTest', async () => {
    const fs = new MemFs();
    const { store, clock } = open(fs, SMALL);
    for (let index = 0; index < 200; index += 1) {
      put(store, { v6: index % 2 === 1, properties: index % 3 === 0 ? {} : { TAGS: `Tag${index % 5}` } });
      if (index % 7 === 0) clock.endTurn();
    }
    clock.endTurn();
    await store.shutdown();
    const table = tableOf(fs, 400, 200);
    table.load();
    table.recover(false);
    const unit = new CqExtUnit();
    for (let index = 0; index < 200; index += 1) {
      const entry = entryOf(table, 'TopicA', 0, index);
      expect(isExtAddress(entry.high, entry.low)).toBe(true);
      expect(table.find('TopicA', 0)?.ext?.get(entry.high, entry.low, unit)).toBe(true);
      expect(unit.tagsCodeLow).toBe(index % 3 === 0 ? 0 : javaStringHash(`Tag${index % 5}`));
      expect([unit.size, unit.msgStoreTime > 0]).toEqual([20, true]);
    }
  });

  it('filters by tag and never shows a filter an address, from memory, from files and after a start', async () => {
    const fs = new MemFs();
    let { store, clock } = open(fs, SMALL);
    for (let index = 0; index < 90; index += 1)
      put(store, { body: `${index}`, properties: { TAGS: `Tag${index % 3}` } });
    clock.endTurn();
    const expected = Array.from({ length: 30 }, (_, index) => `${index * 3 + 1}`);
    expect(await pullTags(store, 'TopicA', 'Tag1')).toEqual(expected);
    await clock.advance(60_000);
    expect(await pullTags(store, 'TopicA', 'Tag1')).toEqual(expected);
    await store.shutdown();
    ({ store, clock } = open(fs, SMALL));
    expect(await pullTags(store, 'TopicA', 'Tag1')).toEqual(expected);
    expect(await pullTags(store, 'TopicA', 'None')).toEqual([]);
    await store.shutdown();
  });

  it('switched off passes what it cannot look up, as Java does, and leaves the files alone', async () => {
    const fs = new MemFs();
    const on = open(fs, SMALL);
    for (let index = 0; index < 20; index += 1) put(on.store, { body: `${index}`, properties: { TAGS: 'TagA' } });
    on.clock.endTurn();
    await on.store.shutdown();
    const before = extFiles(fs);
    const off = open(fs, { ...SMALL, enableConsumeQueueExt: false });
    for (let index = 20; index < 40; index += 1) put(off.store, { body: `${index}`, properties: { TAGS: 'TagB' } });
    off.clock.endTurn();
    expect(await pullTags(off.store, 'TopicA', 'TagB')).toEqual(Array.from({ length: 40 }, (_, index) => `${index}`));
    await off.store.shutdown();
    expect(extFiles(fs)).toEqual(before);
    const again = open(fs, SMALL);
    put(again.store, { body: '40', properties: { TAGS: 'TagA' } });
    again.clock.endTurn();
    const tagA = [...Array.from({ length: 20 }, (_, index) => `${index}`), '40'];
    expect(await pullTags(again.store, 'TopicA', 'TagA')).toEqual(tagA);
    await again.store.shutdown();
  });

  it('keeps messages and their tags when extension files cannot be written', async () => {
    const mem = new MemFs();
    const fs = new FaultFs(mem);
    fs.fail({ operation: 'open', path: /consumequeue_ext/, code: 'ENOSPC', times: 1_000 });
    const { store, clock } = openTestStore(fs, '/store', { changes: { ...SMALL, mappedFileSizeConsumeQueueExt: 64 } });
    for (let index = 0; index < 20; index += 1)
      put(store, { body: `${index}`, properties: { TAGS: `Tag${index % 2}` } });
    clock.endTurn();
    expect(await pullTags(store, 'TopicA', 'Tag0')).toHaveLength(10);
    expect(await readAll(store)).toHaveLength(20);
    fs.heal();
    await store.shutdown();
    const again = open(mem, { ...SMALL, mappedFileSizeConsumeQueueExt: 64 });
    expect(await pullTags(again.store, 'TopicA', 'Tag0')).toHaveLength(10);
    await again.store.shutdown();
  });

  it('is rebuilt when its directory or the queues are gone', async () => {
    for (const lost of ['/store/consumequeue/', '/store/consumequeue_ext/', '/store/consumequeue']) {
      const fs = new MemFs();
      const first = open(fs, SMALL);
      for (let index = 0; index < 60; index += 1) put(first.store, { properties: { TAGS: `Tag${index % 3}` } });
      first.clock.endTurn();
      await first.store.shutdown();
      for (const path of fs.files()) if (path.startsWith(lost)) fs.unlink(path);
      const { store, clock } = open(fs, SMALL);
      for (let index = 60; index < 120; index += 1) put(store, { properties: { TAGS: `Tag${index % 3}` } });
      clock.endTurn();
      // Without their units the first 60 pass, the others are told apart.
      const passed = lost === '/store/consumequeue_ext/' ? 60 : 20;
      expect(await pullTags(store, 'TopicA', 'Tag1')).toHaveLength(passed + 20);
      await store.shutdown();
    }
  });

  it('removes leading extension files with the messages', async () => {
    const fs = new MemFs();
    const table = tableOf(fs, 200, 64);
    const queue = table.findOrCreate('T', 0);
    for (let index = 0; index < 40; index += 1) queue.put(index, index * 100, 100, 0, index, 5_000);
    expect(await deleteExpired(queue, 2_550)).toBe(2);
    expect(queue.minOffset).toBe(26);
    // Three units of 20 bytes leave 4 of 64: the unit of entry 26 is the last one of file 8.
    expect(queue.ext?.minOffset).toBe(8 * 64);
    expect(entryOf(table, 'T', 0, 26)).toMatchObject({ ext: 8 * 64 + 40 });
    expect(queue.ext?.unitAt(8 * 64 + 40, new CqExtUnit())).toBe(true);
  });

  it('writes no entry whose unit may not be on disk, after a failed fdatasync either', async () => {
    const mem = new MemFs();
    const fs = new FaultFs(mem);
    fs.fail({ operation: 'fdatasync', path: /consumequeue_ext/, code: 'EIO', times: 1 });
    const table = tableOf(fs, 200, 64);
    const queue = table.findOrCreate('T', 0);
    for (let index = 0; index < 20; index += 1) queue.put(index, index * 100, 100, 0, index, 5_000);
    await expect(table.flushAsync()).rejects.toMatchObject({ operation: 'fdatasync' });
    // The kernel may have dropped the units; nobody has them any more, so only a new start can go on (ADR 0026).
    await expect(table.flushAsync()).rejects.toMatchObject({ operation: 'rewrite' });
    expect(() => queue.writeDirty()).toThrow(StoreIoError);
    expect(mem.files().filter((path) => path.startsWith('/store/consumequeue/'))).toEqual([]);
    expect(entryOf(table, 'T', 0, 19)).toMatchObject({ phyOffset: 1_900 });
    expect(queue.ext?.unitAt(6 * 64 + 20, new CqExtUnit())).toBe(true);
  });

  it('goes with its queue', () => {
    const fs = new MemFs();
    const table = tableOf(fs, 200, 64);
    for (const topic of ['T', 'U']) table.findOrCreate(topic, 0).put(0, 0, 100, 0, 7, 5_000);
    table.flush();
    table.remove('T', 0);
    expect(fs.files()).toEqual([
      '/store/consumequeue/U/0/00000000000000000000',
      '/store/consumequeue_ext/U/0/00000000000000000000',
    ]);
    // A queue of the same name begins anew.
    table.findOrCreate('T', 0).put(0, 100, 100, 0, 7, 5_000);
    expect(entryOf(table, 'T', 0, 0)).toMatchObject({ ext: 0 });
  });

  it('asks for the bit map of each message with its properties, and only with extension files', async () => {
    const asked: unknown[] = [];
    const filterBitMap: FilterBitMap = {
      bitMapOf(topic, bytes, start, end) {
        const properties = parseProperties(bytes.toString('utf8', start, end));
        asked.push([topic, properties.get('a')]);
        return topic === 'TopicA' ? Buffer.from([Number(properties.get('a')), 255]) : undefined;
      },
    };
    const seen: unknown[] = [];
    const filter: MessageFilter = {
      isMatchedByConsumeQueue: (_high, _low, unit) => seen.push(unit && Buffer.from(unit.bitMap).toString('hex')) > 0,
    };
    const fs = new MemFs();
    const { store, clock } = open(fs, SMALL, { filterBitMap });
    for (const topic of ['TopicA', 'TopicB']) {
      for (const a of ['1', '2']) put(store, { topic, properties: { a } });
    }
    clock.endTurn();
    for (const topic of ['TopicA', 'TopicB']) await store.getMessage(requestOf(topic, 0), filter);
    await store.shutdown();
    expect(asked.splice(0)).toEqual([
      ['TopicA', '1'],
      ['TopicA', '2'],
      ['TopicB', '1'],
      ['TopicB', '2'],
    ]);
    expect(seen).toEqual(['01ff', '02ff', '', '']);
    const off = open(new MemFs(), {}, { filterBitMap });
    put(off.store);
    off.clock.endTurn();
    await off.store.shutdown();
    expect(asked).toEqual([]);
  });

  // The two numbers: a killed run had made the first files, and a power loss took their names (a start in between).
  it.each([1_489_578_478, 958_761_319, shortSeed])(
    'leads every entry to the unit of its message, over stops, kills and power losses, seed %i',
    async (seed) => {
      const random = new SeededRandom(seed);
      let fs = new MemFs();
      const clock = new FakeClock();
      let sent = 0;
      for (let round = 0; round < 40; round += 1) {
        const { store } = openTestStore(fs, '/store', { changes: { ...SMALL, flushDiskType: 'SYNC_FLUSH' }, clock });
        const held = await tagsOf(store);
        expect({ round, held }).toEqual({ round, held: held.map(({ tag }) => ({ tag, seen: tag })) });
        for (let turn = random.below(6); turn > 0; turn -= 1) {
          for (let index = random.below(9); index > 0; index -= 1) {
            sent += 1;
            const body = String(sent);
            put(store, { body, properties: { TAGS: body } });
          }
          clock.endTurn();
          if (random.below(2) === 0) await clock.advance(random.below(70_000));
        }
        const end = random.below(4);
        if (end === 0) await store.shutdown();
        else if (end === 1) fs.kill();
        else fs.crash({ random: () => random.next(), keep: random.next() });
        // What died lives on in here and goes on with its timers: not on this disk.
        fs = fs.fork();
      }
    },
  );
});

/**
 * Every message of the queue: the tag in its record, and the tag that its unit has, undefined without a unit. A power
 * loss may have torn the properties off a message that nobody was told is stored.
 */
async function tagsOf(store: TestStore['store']): Promise<{ tag: string; seen: string | undefined }[]> {
  const rows: { tag: string; hash: number | undefined }[] = [];
  for (let offset = 0; ; offset += 1) {
    let hash: number | undefined;
    const filter: MessageFilter = {
      isMatchedByConsumeQueue(_high, low) {
        hash = low;
        return true;
      },
    };
    const result = await store.getMessage({ ...requestOf('TopicA', offset), maxMsgNums: 1 }, filter);
    const [record] = splitRecords(result?.body);
    if (record === undefined) break;
    rows.push({ tag: propertiesOf(record).get('TAGS') ?? '', hash });
  }
  const byHash = new Map(rows.map(({ tag }) => [javaStringHash(tag), tag]));
  return rows.map(({ tag, hash }) => ({ tag, seen: hash === undefined ? undefined : byHash.get(hash) }));
}

function requestOf(topic: string, offset: number) {
  return { topic, queueId: 0, offset, maxMsgNums: 32 };
}

/** Bodies of a queue that have the tag, as a pull with that subscription gets them. */
async function pullTags(store: TestStore['store'], topic: string, tag: string): Promise<string[]> {
  const wanted = javaStringHash(tag);
  const filter: MessageFilter = {
    isMatchedByConsumeQueue(high, low) {
      expect(isExtAddress(high, low)).toBe(false);
      return low === wanted;
    },
  };
  const bodies: string[] = [];
  for (let offset = 0; ; ) {
    const result = await store.getMessage(requestOf(topic, offset), filter);
    if (result === undefined || (result.status !== 'FOUND' && result.status !== 'NO_MATCHED_MESSAGE')) return bodies;
    bodies.push(...splitRecords(result.body).map(bodyOf));
    offset = result.nextBeginOffset;
  }
}

function open(fs: MemFs, changes: Partial<MessageStoreConfig>, ports: { filterBitMap?: FilterBitMap } = {}): TestStore {
  return openTestStore(fs, '/store', { changes, ports });
}

function tableOf(fs: MemFs | FaultFs, fileSize = 600, extFileSize = 2_048): ConsumeQueueTable {
  return new ConsumeQueueTable({
    openFiles: new OpenFiles(fs),
    dir: '/store/consumequeue',
    fileSize,
    clock: new FakeClock(),
    log: silentLogger,
    ext: { dir: '/store/consumequeue_ext', fileSize: extFileSize },
  });
}

function entryOf(table: ConsumeQueueTable, topic: string, queueId: number, queueOffset: number) {
  const entries = new ConsumeQueueEntries(1);
  expect(table.find(topic, queueId)?.entriesFrom(queueOffset, 1, entries)).toBe(1);
  const [high, low] = [entries.tagsCodeHigh[0] as number, entries.tagsCodeLow[0] as number];
  return { phyOffset: entries.phyOffset[0], size: entries.size[0], high, low, ext: extOffset(high, low) };
}

function queueFiles(fs: MemFs): Map<string, string> {
  return contents(fs, (path) => path.startsWith('/store/consumequeue'));
}

function extFiles(fs: MemFs): Map<string, string> {
  return contents(fs, (path) => path.startsWith('/store/consumequeue_ext'));
}

function contents(fs: MemFs, wanted: (path: string) => boolean): Map<string, string> {
  const paths = fs.files().filter(wanted);
  return new Map(paths.map((path) => [path, fs.readFile(path, 1_000_000)?.toString('hex') ?? '']));
}

/**
 * The filters that were registered while Java wrote the fixture, evaluated here by hand; from which message on they
 * were there, its manifest tells.
 */
function fixtureFilters(messages: readonly JavaStoreMessage[]): FilterBitMap {
  const bloom = new BloomFilter(20, 32);
  const filters = [
    { topic: 'ExtSql', group: 'g1', matches: (a: number) => a > 5 },
    { topic: 'ExtSql', group: 'g2', matches: (a: number, colour?: string) => a > 5 && colour === 'red' },
    { topic: 'ExtMixed', group: 'g1m', matches: (a: number) => a > 5 },
  ];
  const withFilter = new Set(messages.filter(({ bitMap }) => bitMap !== '').map(({ uniqKey }) => uniqKey));
  return {
    bitMapOf(topic, bytes, start, end) {
      const properties = parseProperties(bytes.toString('utf8', start, end));
      if (!withFilter.has(properties.get('UNIQ_KEY') ?? '')) return undefined;
      const bitMap = new Uint8Array(bloom.bitCount / 8);
      for (const filter of filters) {
        if (filter.topic !== topic || !filter.matches(Number(properties.get('a')), properties.get('colour'))) continue;
        setBits(bitMap, bloom.positionsOf(`${filter.group}#${topic}`));
      }
      return bitMap;
    },
  };
}
