import { describe, expect, it } from 'vitest';
import { type JavaStoreName, unpackJavaStore } from '../../testing/java-store.ts';
import { MemFs } from '../../testing/mem-fs.ts';
import { orderJson } from './compare-json.ts';
import { compareLines, compareStores } from './store-compare.ts';

function copyOf(name: JavaStoreName): MemFs {
  const fs = new MemFs();
  unpackJavaStore(fs, name, '/store');
  return fs;
}

/** Changes bytes of a file in place. */
function poke(fs: MemFs, path: string, at: number, ...bytes: number[]): void {
  const handle = fs.open(path, 'update');
  handle.pwrite(Uint8Array.from(bytes), 0, bytes.length, at);
  handle.close();
}

const LOG = '/store/commitlog/00000000000000000000';
const QUEUE = '/store/consumequeue/FxPlain/0/00000000000000000000';
const WAITING = '/store/consumequeue/SCHEDULE_TOPIC_XXXX/17/00000000000000000000';

/** Planted bugs that these tests were seen to catch: PREPAREDTRANSACTIONOFFSET or RECONSUMETIMES is not compared. */
describe('compareStores', () => {
  it('finds a directory equal to itself and counts every byte', () => {
    const fs = copyOf('clean');
    const report = compareStores(fs, '/store', fs, '/store');
    expect(report).toMatchObject({ equal: true, differenceCount: 0, leftOut: [] });
    let sizes = 0;
    for (const path of fs.files()) sizes += fs.stat(path)?.sizeBytes ?? 0;
    expect(report.comparedBytes + report.maskedBytes).toBe(sizes);
    expect(compareLines(report).at(-1)).toMatch(/^equal: \d+ files, \d+ bytes compared, \d+ masked \(/);
  });

  it.each([
    ['BORNTIMESTAMP', LOG, 40],
    ['BORNHOST', LOG, 48],
    ['STORETIMESTAMP', LOG, 63],
    ['STOREHOST', LOG, 71],
    ['the time a delayed message is due', WAITING, 19],
    ['beginTimestamp of an index file', 'index', 7],
    ['a timestamp of the checkpoint', '/store/checkpoint', 23],
  ])('masks %s', (_, path, at) => {
    const fs = copyOf('clean');
    const changed = copyOf('clean');
    const file = path === 'index' ? changed.files().find((name) => name.startsWith('/store/index/')) : path;
    poke(changed, file ?? '', at, 1);
    expect(compareStores(fs, '/store', changed, '/store').differences).toEqual([]);
  });

  it.each([
    ['TOTALSIZE', LOG, 3],
    ['BODYCRC', LOG, 8],
    ['QUEUEID', LOG, 15],
    ['FLAG', LOG, 19],
    ['QUEUEOFFSET', LOG, 27],
    ['PHYSICALOFFSET', LOG, 35],
    ['SYSFLAG', LOG, 36],
    ['RECONSUMETIMES', LOG, 75],
    ['PREPAREDTRANSACTIONOFFSET', LOG, 83],
    ['BODY', LOG, 90],
    ['entry', QUEUE, 3],
    ['tagsCode of an entry', QUEUE, 19],
    ['offset of a waiting entry', WAITING, 7],
    ['header of the index', 'index', 31],
    ['indexCount', 'index', 39],
    ['hash slots', 'index', 43],
    ['key hash', 'index', 40 + 2000 + 23],
    ['prevIndex', 'index', 40 + 2000 + 39],
    ['rest of the checkpoint', '/store/checkpoint', 30],
  ])('sees a change of %s', (_, path, at) => {
    const fs = copyOf('clean');
    const changed = copyOf('clean');
    const file = path === 'index' ? changed.files().find((name) => name.startsWith('/store/index/')) : path;
    poke(changed, file ?? '', at, 0x5a);
    const report = compareStores(fs, '/store', changed, '/store');
    expect(report.equal).toBe(false);
    expect(report.differences[0]?.path).toBe(file?.slice('/store/'.length));
  });

  it('masks a trailing file of zeros, and only that', () => {
    const fs = copyOf('clean');
    const more = copyOf('clean');
    const logs = more.files().filter((path) => path.startsWith('/store/commitlog/'));
    const next = `/store/commitlog/${String(logs.length * 1_048_576).padStart(20, '0')}`;
    more.install(next, new Uint8Array(1_048_576));
    const report = compareStores(fs, '/store', more, '/store');
    expect(report.equal).toBe(true);
    expect(report.masked.get('trailing zero file')).toBe(1_048_576);
    poke(more, next, 77, 1);
    expect(compareStores(more, '/store', fs, '/store').differences).toMatchObject([{ what: 'file' }]);
  });

  it('masks what stands behind the head of a blank record', () => {
    const fs = copyOf('clean');
    const changed = copyOf('clean');
    poke(changed, LOG, 1_048_575, 0x5a);
    expect(compareStores(fs, '/store', changed, '/store').equal).toBe(true);
  });

  it('leaves out what it is told to, and says so', () => {
    const fs = copyOf('clean');
    const changed = copyOf('clean');
    poke(changed, QUEUE, 3, 1);
    const report = compareStores(fs, '/store', changed, '/store', { leaveOut: (path) => `/store/${path}` === QUEUE });
    expect(report).toMatchObject({ equal: true, leftOut: [QUEUE.slice('/store/'.length)] });
  });
});

describe('orderJson', () => {
  it('makes texts equal that differ in the order of maps and in times only', () => {
    const a = '{\n\t"t":{"b@g":{0:3,1:2\n\t\t},"a":{"timestamp":1234,"x":[1,2]}}\n}';
    const b = '{\n\t"t":{"a":{"x":[1,2],"timestamp":9876},"b@g":{1:2,0:3\n\t\t}}\n}';
    expect(orderJson(a)).toEqual(orderJson(b));
    expect(orderJson(a)?.maskedChars).toBe(4);
  });

  it('sees other values, other white space and other order of lists', () => {
    const ordered = orderJson('{"a":[1,2],"b":3}')?.text;
    for (const other of ['{"a":[2,1],"b":3}', '{"a":[1,2],"b":4}', '{"a":[1,2], "b":3}', '{"a":[1,2]}']) {
      expect(orderJson(other)?.text).not.toBe(ordered);
    }
  });

  it.each(['', '{', '{"a"}', '{"a":1}x', `${'['.repeat(100)}`, '[1,]x'])('does not read %j', (text) => {
    expect(orderJson(text)).toBeUndefined();
  });
});
