import { beforeAll, describe, expect, it } from 'vitest';
import { FakeClock } from '../../testing/fake-clock.ts';
import { JAVA_STORE_SIZES, javaStoreManifest, unpackJavaStore } from '../../testing/java-store.ts';
import { MemFs } from '../../testing/mem-fs.ts';
import { openTestStore, put, readAll, testProc } from '../../testing/store-fixture.ts';
import { bodiesOf, bytesOf, flip, MESSAGES_PER_QUEUE, ourLayout, ourStore, poke } from '../../testing/store-images.ts';
import { FileWindow } from './file-window.ts';
import { damageLine } from './findings.ts';
import { LogRecord } from './log-record.ts';
import { storeLayout } from './store-layout.ts';
import { repairStore } from './store-repair.ts';
import { verifyStore } from './store-verify.ts';

const LOG1 = '/store/commitlog/00000000000000004096';
const QUEUE = '/store/consumequeue/TopicA/1/00000000000000000000';

/** Repairs a store of ours; gives what was said. */
async function repair(fs: MemFs, write: boolean): Promise<string[]> {
  const lines: string[] = [];
  const options = { write, say: (line: string) => lines.push(line), clock: new FakeClock(), proc: testProc() };
  await repairStore(fs, ourLayout(fs), options);
  return lines;
}

function damagesOf(fs: MemFs): string[] {
  return verifyStore(fs, ourLayout(fs)).findings.damages.map(damageLine);
}

function everything(fs: MemFs): [string, string][] {
  return fs.files().map((path) => [path, bytesOf(fs, path).toString('base64')]);
}

/** The n-th record of a log file. */
function recordAt(fs: MemFs, path: string, count: number): LogRecord {
  const window = new FileWindow(fs, path);
  const record = new LogRecord();
  for (let at = 0, left = count; left >= 0; left -= 1, at = record.end) record.read(window, at);
  window.close();
  return record;
}

/** Bodies of a queue of {@link ourStore}, without some. */
function expected(queueId: number, without: readonly number[] = []): string[] {
  const all = Array.from({ length: MESSAGES_PER_QUEUE }, (_, number) => number);
  return all.filter((number) => !without.includes(number)).map((number) => `${queueId}:${number}`);
}

/**
 * Planted bugs that these tests were seen to catch: the records put in place of damage are plain messages and come into
 * a queue; damaged bytes are overwritten without a copy.
 */
describe('repairStore', () => {
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

  it('has nothing to do in a store without damage', async () => {
    const fs = image();
    const before = everything(fs);
    expect(await repair(fs, false)).toEqual(['nothing to repair']);
    expect(await repair(fs, true)).toEqual(['nothing to repair']);
    expect(everything(fs).filter(([path]) => path !== '/store/lock')).toEqual(
      before.filter(([path]) => path !== '/store/lock'),
    );
  });

  describe.each([
    ['a body', 89],
    ['TOTALSIZE', 2],
    ['MAGICCODE', 4],
    ['PHYSICALOFFSET', 34],
    ['BODYLEN', 86],
  ])('with %s changed in the middle of the log', (_, at) => {
    let fs: MemFs;
    let lost: { queueId: number; number: number };
    let original: Buffer;
    let position: number;

    beforeAll(() => {
      fs = image();
      const record = recordAt(fs, LOG1, 5);
      lost = { queueId: record.queueId, number: record.queueOffset };
      position = record.position;
      flip(fs, LOG1, position + at);
      original = bytesOf(fs, LOG1).subarray(record.position, record.end);
    });

    it('says what it would do and does nothing', async () => {
      const before = everything(fs);
      const lines = await repair(fs, false);
      expect(lines[0]).toContain(
        `would replace ${original.length} bytes at commitlog/00000000000000004096:${position}`,
      );
      expect(lines.at(-1)).toContain('--write does them');
      expect(everything(fs)).toEqual(before);
    });

    it('bridges it: the store opens with all other messages, the lost one was copied', async () => {
      const lines = await repair(fs, true);
      expect(lines.filter((line) => line.startsWith('left:'))).toEqual([]);
      expect(damagesOf(fs)).toEqual([]);
      const copy = fs.files().find((path) => path.endsWith(`/commitlog/00000000000000004096@${position}`)) ?? '';
      expect(bytesOf(fs, copy)).toEqual(original);
      // Recovery after a crash dispatches the whole log: what stands in the place of a message goes to no queue.
      fs.install('/store/abort', Buffer.alloc(0));
      const bodies = await bodiesOf(fs);
      expect(fs.files().filter((path) => path.includes('/WENCHANG_REPAIR/'))).toEqual([]);
      for (const queueId of [0, 1, 2]) {
        const without = queueId === lost.queueId ? [lost.number] : [];
        // A queue entry without a message repeats a neighbour: Java gives it twice, ours may leave it out.
        expect([...new Set(bodies[queueId])]).toEqual(expected(queueId, without));
      }
    });

    it('gives the next message the place behind the last one, and finds messages by key', async () => {
      const { store } = openTestStore(fs, '/store');
      const before = MESSAGES_PER_QUEUE;
      expect(store.getMaxOffsetInQueue('TopicA', lost.queueId)).toBe(before);
      put(store, { queueId: lost.queueId, body: 'new' });
      await store.shutdown();
      expect(damagesOf(fs)).toEqual([]);
    });
  });

  it('puts a blank record where damage reaches to the end of a file, and the log goes on', async () => {
    const fs = image();
    const last = recordAt(fs, LOG1, 17);
    poke(fs, LOG1, last.position, Buffer.alloc(4096 - last.position, 0xee));
    expect(damagesOf(fs)[0]).toContain('nothing intact follows in this file');
    const lines = await repair(fs, true);
    expect(lines.join('\n')).toContain('write a blank record over the last');
    expect(damagesOf(fs)).toEqual([]);
    const bodies = await bodiesOf(fs);
    expect(bodies.flat()).toContain(`0:${MESSAGES_PER_QUEUE - 1}`);
  });

  it('ends the log at damage behind which nothing can be read, and copies what was there', async () => {
    const fs = image();
    const path = '/store/commitlog/00000000000000016384';
    const record = recordAt(fs, path, 2);
    poke(fs, path, record.position + 60, Buffer.alloc(4096 - record.position - 60));
    const lines = await repair(fs, true);
    expect(lines[0]).toContain(`end the log at ${16_384 + record.position} (commitlog/`);
    expect(damagesOf(fs)).toEqual([]);
    expect((await bodiesOf(fs)).flat()).toHaveLength(everyBodyBefore(fs, 16_384 + record.position));
    expect(
      bytesOf(fs, path)
        .subarray(record.position)
        .every((byte) => byte === 0),
    ).toBe(true);
  });

  it('does not bring back what an older end of the log left behind', async () => {
    const fs = image();
    const path = '/store/commitlog/00000000000000016384';
    const first = recordAt(fs, path, 0);
    const record = recordAt(fs, path, 3);
    // The log was cut at the third record; the queue's places were given out again before it.
    const stale = bytesOf(fs, path).subarray(record.position, record.end);
    stale.writeBigInt64BE(0n, 20);
    poke(fs, path, record.position, stale);
    poke(fs, path, first.end, Buffer.alloc(record.position - first.end));
    poke(fs, path, record.end, Buffer.alloc(4096 - record.end));
    const lines = await repair(fs, true);
    expect(lines[0]).toContain(`end the log at ${16_384 + first.end}`);
    expect(damagesOf(fs)).toEqual([]);
  });

  it('makes a missing log file again as a blank one', async () => {
    const fs = image();
    fs.unlink(LOG1);
    const lines = await repair(fs, true);
    expect(lines[0]).toContain('make commitlog/00000000000000004096, which is missing');
    expect(damagesOf(fs)).toEqual([]);
    expect((await bodiesOf(fs)).flat()).toContain(`2:${MESSAGES_PER_QUEUE - 1}`);
  });

  it('writes queues again from the log, whether entries, files or all of them are gone', async () => {
    const fs = image();
    const before = everything(fs).filter(([path]) => path.startsWith('/store/consumequeue'));
    flip(fs, QUEUE, 47);
    poke(fs, '/store/consumequeue/TopicA/0/00000000000000000000', 100, Buffer.alloc(300));
    for (const path of fs.files()) if (path.startsWith('/store/consumequeue/TopicA/2/')) fs.unlink(path);
    const planned = await repair(fs, false);
    expect(planned.slice(0, -1).sort()).toEqual([
      'would write 1 entries of consumequeue/TopicA/1',
      'would write 15 entries of consumequeue/TopicA/0',
      `would write ${MESSAGES_PER_QUEUE} entries of consumequeue/TopicA/2`,
    ]);
    await repair(fs, true);
    expect(damagesOf(fs)).toEqual([]);
    expect(everything(fs).filter(([path]) => path.startsWith('/store/consumequeue'))).toEqual(before);
  });

  it('gives no entry to a record whose queue offset cannot be, and says so', async () => {
    const fs = image();
    const record = recordAt(fs, LOG1, 5);
    flip(fs, LOG1, record.position + 21, 0x01);
    const lines = await repair(fs, true);
    expect(lines.join('\n')).toMatch(/leave the record at \d+ without an entry: it says entry \d+ of TopicA-/);
    expect(lines.join('\n')).toMatch(/left: consumequeue\/TopicA\/\d\/\d{20}:\d+: no entry \d+ for the record/);
    expect((await bodiesOf(fs)).flat().length).toBeGreaterThanOrEqual(3 * MESSAGES_PER_QUEUE - 1);
  });

  it('cuts queue entries behind the log', async () => {
    const fs = image();
    const path = '/store/consumequeue/TopicA/2/00000000000000000800';
    const entry = Buffer.alloc(400);
    entry.writeBigInt64BE(1_000_000n, 0);
    entry.writeInt32BE(100, 8);
    fs.install(path, entry);
    expect(damagesOf(fs).join()).toContain('entry 40 leads to 1000000');
    await repair(fs, true);
    expect(damagesOf(fs)).toEqual([]);
    expect((await bodiesOf(fs))[2]).toEqual(expected(2));
  });

  it('builds a damaged index again; every key is found', async () => {
    const fs = image();
    const path = fs.files().find((name) => name.startsWith('/store/index/')) ?? '';
    flip(fs, path, 40 + 80 + 20 * 4 + 3);
    const lines = await repair(fs, true);
    expect(lines[0]).toContain('build the index again');
    expect(damagesOf(fs)).toEqual([]);
    const copy = fs.files().find((name) => /\/repair-.*\/index\//.test(name));
    expect(copy).toBeDefined();
    const { store } = openTestStore(fs, '/store');
    for (let number = 0; number < MESSAGES_PER_QUEUE; number += 1) {
      const { buffers } = await store.queryMessage('TopicA', `k${number}`, 64, 0, Number.MAX_SAFE_INTEGER);
      expect(buffers).toHaveLength(3);
    }
    await store.shutdown();
  });

  it('takes state files from their backups, and an unreadable backup away', async () => {
    const fs = image();
    const good = Buffer.from('{"offsetTable":{"a@g":{0:1}}}');
    fs.install('/store/config/consumerOffset.json', Buffer.from('{"offsetTa'));
    fs.install('/store/config/consumerOffset.json.bak', good);
    fs.install('/store/config/topics.json', Buffer.from('{"topicConfigTable":{}}'));
    fs.install('/store/config/topics.json.bak', Buffer.from('{'));
    await repair(fs, true);
    expect(damagesOf(fs)).toEqual([]);
    expect(bytesOf(fs, '/store/config/consumerOffset.json')).toEqual(good);
    expect(fs.stat('/store/config/topics.json.bak')).toBeUndefined();
    expect(fs.files().filter((path) => /repair-.*\/config\//.test(path))).toHaveLength(2);
  });

  it('leaves a state file that nothing can replace, and says so', async () => {
    const fs = image();
    fs.install('/store/config/topics.json', Buffer.from('{'));
    const lines = await repair(fs, true);
    expect(lines.join('\n')).toContain('leave config/topics.json: it cannot be decoded');
    expect(lines.join('\n')).toContain('left: config/topics.json:');
  });

  it('moves foreign files away and gives files their lengths', async () => {
    const fs = image();
    fs.install('/store/commitlog/core', Buffer.from('core'));
    const handle = fs.open(QUEUE, 'update');
    handle.truncate(300);
    handle.close();
    await repair(fs, true);
    expect(damagesOf(fs)).toEqual([]);
    expect((await bodiesOf(fs))[1]).toEqual(expected(1));
  });

  it('writes a checkpoint that cannot be true again', async () => {
    const fs = image();
    const before = bytesOf(fs, '/store/checkpoint');
    flip(fs, '/store/checkpoint', 2);
    await repair(fs, true);
    expect(damagesOf(fs)).toEqual([]);
    expect(bytesOf(fs, '/store/checkpoint').subarray(8)).toEqual(before.subarray(8));
  });

  it('refuses the directory of a running broker', async () => {
    const fs = image();
    const { store } = openTestStore(fs, '/store');
    flip(fs, QUEUE, 47);
    const proc = { ...testProc(), startTimeOf: (pid: number) => String(pid) };
    const options = { write: true, say: () => {}, clock: new FakeClock(), proc };
    await expect(repairStore(fs, ourLayout(fs), options)).rejects.toThrow('is in use');
    await store.shutdown();
  });
});

/** Number of the records that stand before a physical offset, all of which are messages of queues. */
function everyBodyBefore(fs: MemFs, end: number): number {
  const { log } = verifyStore(fs, ourLayout(fs));
  expect(log.end).toBe(end);
  return log.records;
}

describe('repairStore on directories of Java', () => {
  it('makes the torn one whole, with all that Java would keep', async () => {
    const name = 'torn';
    const fs = new MemFs();
    unpackJavaStore(fs, name, '/store');
    const layout = storeLayout(fs, '/store');
    await repairStore(fs, layout, { write: true, say: () => {}, clock: new FakeClock(), proc: testProc() });
    expect(verifyStore(fs, layout).findings.damages).toEqual([]);
    const { store } = openTestStore(fs, '/store', { changes: JAVA_STORE_SIZES });
    const manifest = javaStoreManifest(name);
    for (const { topic, queueId, maxOffset } of manifest.afterJavaRecovery.queues) {
      if (topic === 'FxDelay') continue;
      expect([topic, store.getMaxOffsetInQueue(topic, queueId)]).toEqual([topic, maxOffset]);
      if (topic === 'FxPlain') expect((await readAll(store, topic, queueId)).length).toBe(maxOffset);
    }
    await store.shutdown();
  });
});
