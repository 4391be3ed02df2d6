import { beforeAll, describe, expect, it } from 'vitest';
import { FakeClock } from '../../testing/fake-clock.ts';
import { FaultFs } from '../../testing/fault-fs.ts';
import { type JavaStoreName, javaStoreManifest, unpackJavaStore } from '../../testing/java-store.ts';
import { MemFs } from '../../testing/mem-fs.ts';
import { SeededRandom } from '../../testing/seeded-random.ts';
import { openTestStore, put } from '../../testing/store-fixture.ts';
import { bytesOf, flip, javaStore, ourLayout, ourStore, poke } from '../../testing/store-images.ts';
import { FileWindow } from './file-window.ts';
import { damageLine } from './findings.ts';
import { LogRecord } from './log-record.ts';
import { storeLayout } from './store-layout.ts';
import { verifyStore } from './store-verify.ts';

/** Damages of a store of ours, or of Java's, as lines. */
function damagesOf(fs: MemFs, ours = true): string[] {
  const layout = ours ? ourLayout(fs) : storeLayout(fs, '/store');
  return verifyStore(fs, layout).findings.damages.map(damageLine);
}

/** Where the n-th record of a log file stands. */
function recordAt(fs: MemFs, path: string, count: number): LogRecord {
  const window = new FileWindow(fs, path);
  const record = new LogRecord();
  for (let at = 0, left = count; left >= 0; left -= 1, at = record.end) record.read(window, at);
  window.close();
  return record;
}

/** Where the blank record of a log file begins. */
function blankAt(fs: MemFs, path: string): number {
  const window = new FileWindow(fs, path);
  const record = new LogRecord();
  let at = 0;
  while (record.read(window, at) === 'ok') at = record.end;
  window.close();
  return at;
}

const LOG0 = '/store/commitlog/00000000000000000000';
const LOG1 = '/store/commitlog/00000000000000004096';
const QUEUE = '/store/consumequeue/TopicA/1/00000000000000000000';

/**
 * Planted bugs that these tests were seen to catch: the body's checksum is not compared; a wrong queue entry is not
 * reported.
 */
describe('verifyStore on directories of Java', () => {
  it('finds no damage in the clean one', () => {
    const fs = javaStore();
    const { findings, log } = verifyStore(fs, storeLayout(fs, '/store'));
    expect(findings).toMatchObject({ damageCount: 0, notes: [] });
    const { messages, commitLog } = javaStoreManifest('clean');
    expect(log).toMatchObject({ records: messages.length, minOffset: commitLog.minOffset, end: commitLog.maxOffset });
  });

  it('takes what a start will add for no damage in the crashed one', () => {
    const fs = new MemFs();
    unpackJavaStore(fs, 'crashed', '/store');
    const { findings, log } = verifyStore(fs, storeLayout(fs, '/store'));
    expect(findings.damages).toEqual([]);
    expect(findings.notes[0]).toBe('186 records wait for their queue entry: a start adds them');
    expect(log.records).toBe(javaStoreManifest('crashed').messages.length);
  });

  it('names the record at which the torn one ends', () => {
    const fs = new MemFs();
    unpackJavaStore(fs, 'torn', '/store');
    const end = javaStoreManifest('torn').commitLog.maxOffset;
    const file = 3 * 1_048_576;
    expect(damagesOf(fs, false)).toEqual([
      expect.stringMatching(
        new RegExp(`^commitlog/0*${file}:${end - file}: no intact record at physical offset ${end}`),
      ),
    ]);
  });

  it.each<JavaStoreName>(['clean', 'crashed', 'torn'])('changes nothing in the %s one', (name) => {
    const fs = new MemFs();
    unpackJavaStore(fs, name, '/store');
    const before = fs.files().map((path) => [path, bytesOf(fs, path).toString('base64')]);
    damagesOf(fs, false);
    expect(fs.files().map((path) => [path, bytesOf(fs, path).toString('base64')])).toEqual(before);
  });
});

/** One key a message, 49 in an index file, and a minute's pause before one of the messages. */
async function storeWithPause(before = 49): Promise<MemFs> {
  const clock = new FakeClock();
  const fs = new MemFs({ now: () => clock.now() });
  const { store } = openTestStore(fs, '/store', { clock });
  for (let number = 0; number < 120; number += 1) {
    if (number === before) clock.advance(60_000);
    put(store, { properties: { UNIQ_KEY: `u${number}` } });
    clock.advance(100);
  }
  await store.shutdown();
  return fs;
}

describe('verifyStore on index files with a pause between them', () => {
  const firstTimeDiff = 40 + 80 + 20 + 12;
  const indexNames = (fs: MemFs): string[] => fs.files().filter((name) => name.startsWith('/store/index/'));

  it('takes the time of the first entry as counted from the end of the file before', async () => {
    const fs = await storeWithPause();
    expect(indexNames(fs).map((name) => bytesOf(fs, name).readInt32BE(firstTimeDiff))).toEqual([0, 60, 0]);
    expect(damagesOf(fs)).toEqual([]);
    const [, second = ''] = indexNames(fs);
    flip(fs, second, firstTimeDiff + 3);
    expect(damagesOf(fs)).toEqual([
      expect.stringMatching(/entry 1 is 44 s behind the end of the file before, its record 60 s$/),
    ]);
  });

  it('believes the first entry when the file before is gone, unless it lies before that', async () => {
    const fs = await storeWithPause();
    const [first = '', second = ''] = indexNames(fs);
    fs.unlink(first);
    expect(damagesOf(fs)).toEqual([]);
    poke(fs, second, firstTimeDiff, Buffer.of(0xff));
    expect(damagesOf(fs)).toEqual([expect.stringMatching(/entry 1 is -\d+ s behind the end of the file before$/)]);
  });

  it('names a file that is missing before a pause by its keys only', async () => {
    const fs = await storeWithPause(98);
    fs.unlink(indexNames(fs)[1] ?? '');
    expect(damagesOf(fs)).toEqual([expect.stringMatching(/behind this entry the keys of 49 records/)]);
  });
});

describe('verifyStore on a directory of ours', () => {
  let image: () => MemFs;

  beforeAll(async () => {
    const fs = await ourStore();
    const files = fs.files().map((path) => [path, bytesOf(fs, path)] as const);
    image = () => {
      const copy = new MemFs();
      for (const [path, bytes] of files) copy.install(path, bytes);
      return copy;
    };
  });

  it('finds no damage', () => {
    const fs = image();
    const { findings, log } = verifyStore(fs, ourLayout(fs));
    expect(findings).toMatchObject({ damages: [], notes: [] });
    expect(log.records).toBe(120);
    expect(log.files).toBe(5);
  });

  it('reads the sizes from the files when it is not told them', () => {
    const layout = storeLayout(image(), '/store');
    expect(layout).toMatchObject({ logFileBytes: 4096, queueFileBytes: 400 });
    expect(layout.index).toEqual({ maxHashSlotNum: 20, maxIndexNum: 50 });
    expect(layout.assumptions).toHaveLength(3);
  });

  it('names a log that goes on behind one that does not end: every damaged place has its offset', () => {
    const fs = image();
    const blank = blankAt(fs, LOG0);
    poke(fs, LOG0, blank, Buffer.alloc(4096 - blank));
    expect(damagesOf(fs)[0]).toMatch(new RegExp(`^commitlog/0{20}:${blank}: .*the log goes on in the next one`));
  });

  describe.each([
    ['MAGICCODE', 4, 'MAGICCODE is none'],
    ['TOTALSIZE', 2, 'which the lengths inside do not add up to'],
    ['PHYSICALOFFSET', 34, 'PHYSICALOFFSET is'],
    ['BODYCRC', 9, 'the body does not have the checksum'],
    ['BODYLEN', 86, 'which the lengths inside do not add up to'],
    ['body', 89, 'the body does not have the checksum'],
    ['TOPICLEN', 92, 'which the lengths inside do not add up to'],
  ])('a changed %s', (_, at, what) => {
    it('is named first, with its place and the place where readable records go on', () => {
      const fs = image();
      const record = recordAt(fs, LOG1, 3);
      const body = recordAt(fs, LOG1, 3).bodyLength;
      flip(fs, LOG1, record.position + at + (at === 92 ? body - 4 : 0));
      const [first] = damagesOf(fs);
      expect(first).toContain(`commitlog/00000000000000004096:${record.position}: no intact record`);
      expect(first).toContain(what);
      expect(first).toContain(`the next intact record is at ${4096 + record.end}`);
    });
  });

  it('names every changed body, whichever bit it is', () => {
    const seeded = new SeededRandom(28);
    const random = (): number => seeded.next();
    const fs = image();
    for (let round = 0; round < 25; round += 1) {
      const record = recordAt(fs, LOG1, Math.floor(random() * 20));
      const at = record.bodyPosition + Math.floor(random() * record.bodyLength);
      const mask = 1 << Math.floor(random() * 8);
      flip(fs, LOG1, at, mask);
      expect(damagesOf(fs)[0]).toContain(`commitlog/00000000000000004096:${record.position}: `);
      flip(fs, LOG1, at, mask);
    }
    expect(damagesOf(fs)).toEqual([]);
  });

  it.each([
    ['the offset', 7, 'leads to'],
    ['the size', 11, 'says'],
    ['the tagsCode', 19, 'has tagsCode'],
  ])('names a queue entry with another value of %s', (_, at, what) => {
    const fs = image();
    flip(fs, QUEUE, 5 * 20 + at);
    const [first, second] = damagesOf(fs);
    expect(first).toContain(`consumequeue/TopicA/1/00000000000000000000:100: entry 5 ${what}`);
    expect(second).toBeUndefined();
  });

  it.each([
    ['an entry that is gone', 60, 20, ':60: entry 3 is empty, but consumequeue/TopicA/1 goes on with entry 4'],
    ['entries that are gone at the end', 19 * 20, 20, 'entry 19 is empty'],
  ])('names %s', (_, at, length, what) => {
    const fs = image();
    poke(fs, QUEUE, at, Buffer.alloc(length));
    expect(damagesOf(fs).join('\n')).toContain(what);
  });

  it('names records without entries at the end of a queue, but not after a crash', () => {
    const fs = image();
    const last = '/store/consumequeue/TopicA/1/00000000000000000400';
    poke(fs, last, 18 * 20, Buffer.alloc(40));
    expect(damagesOf(fs)).toEqual([expect.stringContaining('0400:360: no entry 38 for the record at')]);
    fs.install('/store/abort', Buffer.alloc(0));
    const { findings } = verifyStore(fs, ourLayout(fs));
    expect(findings.damages).toEqual([]);
    expect(findings.notes).toContain('2 records wait for their queue entry: a start adds them');
  });

  it('names entries behind the end of the log', () => {
    const fs = image();
    const entry = Buffer.alloc(20);
    entry.writeBigInt64BE(1_000_000n, 0);
    entry.writeInt32BE(100, 8);
    poke(fs, '/store/consumequeue/TopicA/2/00000000000000000400', 0, entry);
    expect(damagesOf(fs).join('\n')).toContain('entry 20 leads to 1000000');
  });

  it.each([
    ['begin time', 7, ':0: beginTimestamp is'],
    ['end time', 15, ':8: endTimestamp is'],
    ['begin offset', 23, ':16: beginPhyOffset is'],
    ['end offset', 31, ':24: endPhyOffset is'],
    ['number of slots', 35, ':32: hashSlotCount is'],
    ['number of entries', 37, ':36: indexCount is'],
    ['a slot', 40 + 3, 'slot 0 holds'],
    ['a key hash', 40 + 80 + 20 * 4 + 3, 'has key hash'],
    ['an offset', 40 + 80 + 20 * 4 + 11, 'entry 4 leads to'],
    ['a time', 40 + 80 + 20 * 4 + 15, 'entry 4 is'],
    ['a chain', 40 + 80 + 20 * 4 + 19, 'entry 4 points to entry'],
  ])('names %s of an index file that changed', (_, at, what) => {
    const fs = image();
    const path = fs.files().find((name) => name.startsWith('/store/index/')) ?? '';
    flip(fs, path, at);
    expect(damagesOf(fs).join('\n')).toContain(what);
    expect(damagesOf(fs)[0]).toContain(path.slice('/store/'.length));
  });

  it('names a missing index file by the keys that are not found', () => {
    const fs = image();
    const names = fs.files().filter((name) => name.startsWith('/store/index/'));
    fs.unlink(names[2] ?? '');
    expect(damagesOf(fs)).toEqual([
      expect.stringMatching(/^index\/\d+:\d+: behind this entry the keys of \d+ records/),
    ]);
  });

  it.each([
    ['a time of the checkpoint that the log has not reached', '/store/checkpoint', 2, 'checkpoint:0: physicMsg'],
    ['bytes behind the times of the checkpoint', '/store/checkpoint', 999, 'checkpoint:999: has bytes'],
  ])('names %s', (_, path, at, what) => {
    const fs = image();
    flip(fs, path, at);
    expect(damagesOf(fs)).toEqual([expect.stringContaining(what)]);
  });

  it('names a state file that cannot be decoded, with its place, and what a broker takes in its place', () => {
    const fs = image();
    fs.install('/store/config/consumerOffset.json', Buffer.from('{"offsetTable":{"a@g":{0:1'));
    fs.install('/store/config/consumerOffset.json.bak', Buffer.from('{"offsetTable":{"a@g":{0:1}}}'));
    fs.install('/store/config/topics.json', Buffer.from('[]'));
    fs.install('/store/config/delayOffset.json', Buffer.alloc(0));
    expect(damagesOf(fs)).toEqual([
      'config/topics.json:0: is no JSON object',
      expect.stringMatching(/^config\/consumerOffset.json:26: cannot be decoded.*takes consumerOffset.json.bak$/),
      'config/delayOffset.json:0: is empty',
    ]);
  });

  it.each([
    ['commitlog/core.1234', 'is no log file'],
    ['consumequeue/TopicA/1/core', 'is no file of a queue'],
  ])('names a foreign file: %s', (path, what) => {
    const fs = image();
    fs.install(`/store/${path}`, Buffer.from('x'));
    expect(damagesOf(fs)).toEqual([expect.stringContaining(`${path}:0: ${what}`)]);
  });

  it('names files of another length and files that are missing', () => {
    const fs = image();
    const handle = fs.open(QUEUE, 'update');
    handle.truncate(401);
    handle.close();
    fs.unlink(LOG1);
    const lines = damagesOf(fs).join('\n');
    expect(lines).toContain('the log has a gap: bytes 4096 to 8192 are in no file');
    expect(lines).toContain(':401: the file has 401 bytes in place of 400');
  });

  it('names a file that cannot be read, and goes on', () => {
    const fs = image();
    const faulty = new FaultFs(fs);
    faulty.fail({ operation: 'pread', path: /4096$/, code: 'EIO', times: 1_000 });
    const { findings } = verifyStore(faulty, ourLayout(fs));
    expect(findings.damages[0]).toMatchObject({ path: 'commitlog/00000000000000004096', what: 'cannot be read: EIO' });
  });
});
