import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../testing/fake-clock.ts';
import { FaultFs } from '../../testing/fault-fs.ts';
import { type JavaStoreName, javaStoreManifest, unpackJavaStore } from '../../testing/java-store.ts';
import { MemFs } from '../../testing/mem-fs.ts';
import type { Fs } from '../util/fs.ts';
import { silentLogger } from '../util/logger.ts';
import { ConsumeQueueEntries } from './consume-queue-entries.ts';
import { deleteExpired } from './consume-queue-expiry.ts';
import { ConsumeQueueTable } from './consume-queue-table.ts';
import { OpenFiles } from './open-files.ts';
import { StoreLoadError } from './store-errors.ts';

describe('ConsumeQueueTable', () => {
  it('makes queues on demand and no files', () => {
    const { fs, table } = make();
    expect(table.find('T', 0)).toBeUndefined();
    const queue = table.findOrCreate('T', 0);
    expect(table.findOrCreate('T', 0)).toBe(queue);
    expect(table.find('T', 0)).toBe(queue);
    expect([queue.minOffset, queue.maxOffset]).toEqual([0, 0]);
    table.findOrCreate('%RETRY%g', 2);
    expect([...table].map((found) => `${found.topic}-${found.queueId}`)).toEqual(['T-0', '%RETRY%g-2']);
    expect([[...table.topics()], table.queuesOf('T')?.size, table.queuesOf('U')]).toEqual([
      ['T', '%RETRY%g'],
      1,
      undefined,
    ]);
    expect(fs.list('/cq')).toEqual([]);
  });

  it('loads what is there, by any name, and skips what is no queue', () => {
    const { fs, table } = make();
    for (const path of ['/cq/%DLQ%g/0', '/cq/a b/7', '/cq/T/12', '/cq/T/-1']) {
      fs.install(`${path}/00000000000000000000`, Buffer.alloc(200));
    }
    for (const path of ['/cq/T/x', '/cq/T/007', '/cq/T/99999999999']) fs.mkdir(path);
    fs.install('/cq/notes.txt', Buffer.alloc(1));
    fs.install('/cq/T/5', Buffer.alloc(1));
    table.load();
    expect([...table].map((queue) => `${queue.topic}-${queue.queueId}`).sort()).toEqual([
      '%DLQ%g-0',
      'T--1',
      'T-12',
      'a b-7',
    ]);
  });

  it('names a foreign file in a queue directory', () => {
    const { fs, table } = make();
    fs.install('/cq/T/0/notes.txt', Buffer.alloc(200));
    expect(() => table.load()).toThrow(StoreLoadError);
    expect(() => table.load()).toThrow('/cq/T/0/notes.txt');
  });

  it('writes the queues with enough unwritten pages and forces none, then forces all', async () => {
    const { fs, table, clock } = make(new MemFs(), 20_000);
    for (let id = 0; id < 150; id += 1) {
      const entries = id === 149 ? 500 : 1;
      for (let index = 0; index < entries; index += 1) {
        table.findOrCreate('T', id).put(index, index * 1_000 + id, 1, 0, 0, 5);
      }
    }
    expect(table.dirtyQueues).toBe(150);
    const some = table.writeAsync(2);
    await clock.advanceAsync(10, 1);
    await some;
    expect([table.find('T', 149)?.isUnwritten, table.dirtyQueues]).toEqual([false, 150]);
    // The others stay in memory: a write a second for each of a thousand queues would cost more than the messages.
    expect(fs.list('/cq/T').length).toBe(1);
    table.findOrCreate('T', 149).put(500, 900_000, 1, 0, 0, 5);
    const all = table.flushAsync();
    await clock.advanceAsync(10, 1);
    await all;
    expect(table.dirtyQueues).toBe(0);
    fs.crash();
    const after = make(fs, 20_000).table;
    after.load();
    expect(after.recover(true)).toEqual([]);
    expect(after.maxPhysicOffset()).toBe(900_001);
    expect([...after].length).toBe(150);
    expect(after.maxPhysicOffset()).toBe(900_001);
  });

  it('forces a queue that has left a file, however much it has written', async () => {
    const { fs, table } = make(new MemFs(), 20_000);
    const queue = table.findOrCreate('T', 0);
    for (let index = 0; index < 3_100; index += 1) queue.put(index, index * 10, 10, 0, 0, 5);
    await table.writeAsync(1);
    expect(queue.isUnflushed).toBe(false);
    for (let index = 3_100; index < 3_900; index += 1) queue.put(index, index * 10, 10, 0, 0, 5);
    await table.writeAsync(1);
    expect(queue.isUnflushed).toBe(true);
    fs.crash();
    const after = make(fs, 20_000).table;
    after.load();
    after.recover(true);
    expect(after.find('T', 0)?.maxOffset).toBeGreaterThanOrEqual(3_100);
  });

  it('keeps a queue dirty when its flush fails or new entries came meanwhile', async () => {
    const fs = new FaultFs(new MemFs());
    const { table } = make(fs);
    const queue = table.findOrCreate('T', 0);
    queue.put(0, 0, 1, 0, 0, 5);
    fs.fail({ operation: 'fdatasync', path: /cq/, code: 'EIO' });
    await expect(table.flushAsync()).rejects.toMatchObject({ name: 'StoreIoError', code: 'EIO' });
    expect(table.dirtyQueues).toBe(1);
    const flushed = table.flushAsync();
    queue.put(1, 1, 1, 0, 0, 5);
    await flushed;
    expect(table.dirtyQueues).toBe(1);
    table.flush();
    expect(table.dirtyQueues).toBe(0);
    queue.put(2, 2, 1, 0, 0, 5);
    expect(table.dirtyQueues).toBe(1);
  });

  it('cuts, corrects, expires and removes over all queues', async () => {
    const { fs, table } = make();
    for (let index = 0; index < 30; index += 1) {
      table.findOrCreate('T', 0).put(index, index * 200, 100, 0, 0, 5);
      table.findOrCreate('U', 0).put(index, index * 200 + 100, 100, 0, 0, 5);
    }
    table.truncateDirtyLogicFiles(5_100);
    expect([...table].map((queue) => queue.maxOffset)).toEqual([26, 25]);
    table.correctMinOffset(1_000);
    expect([...table].map((queue) => queue.minOffset)).toEqual([5, 5]);
    for (const queue of table) expect(await deleteExpired(queue, 2_500)).toBe(1);
    expect([...table].map((queue) => queue.minOffset)).toEqual([13, 12]);
    expect([table.remove('T', 0), table.remove('T', 0)]).toEqual([true, false]);
    expect(fs.list('/cq')).toEqual(['U']);
    table.destroyLogics();
    expect(fs.files()).toEqual([]);
    expect(table.find('U', 0)?.maxOffset).toBe(0);
  });
});

describe('queues written by Java 4.6.0', () => {
  for (const name of ['clean', 'crashed', 'torn'] as const) {
    it(`have the entries that the manifest names: ${name}`, () => {
      const { table, manifest } = loadJava(name);
      const found = [...table].map(({ topic, queueId, minOffset, maxOffset }) => ({
        topic,
        queueId,
        minOffset,
        maxOffset,
      }));
      const expected = manifest.consumeQueues.map(({ topic, queueId, minOffset, maxOffset }) => ({
        topic,
        queueId,
        minOffset,
        maxOffset,
      }));
      expect(sorted(found)).toEqual(sorted(expected));
      const entries = new ConsumeQueueEntries(1);
      let checked = 0;
      for (const message of manifest.messages) {
        if (message.tagsCode === undefined) continue;
        const queue = table.find(message.topic, message.queueId);
        expect(queue?.entriesFrom(message.queueOffset, 1, entries)).toBe(1);
        const tagsCode = (entries.tagsCodeHigh[0] ?? 0) * 2 ** 32 + ((entries.tagsCodeLow[0] ?? 0) >>> 0);
        expect([entries.phyOffset[0], entries.size[0], tagsCode]).toEqual([
          message.physicalOffset,
          message.size,
          message.tagsCode,
        ]);
        checked += 1;
      }
      expect(checked).toBeGreaterThan(1_900);
    });
  }

  it('end where Java ended them once the records behind their end are indexed', () => {
    for (const name of ['crashed', 'torn'] as const) {
      const { table, manifest } = loadJava(name);
      const end = manifest.commitLog.maxOffset;
      if (table.maxPhysicOffset() >= end) table.truncateDirtyLogicFiles(end);
      for (const message of manifest.messages) {
        const queue = table.findOrCreate(message.topic, message.queueId);
        if ((message.sysFlag & 0xc) === 0 || (message.sysFlag & 0xc) === 8) {
          queue.put(message.queueOffset, message.physicalOffset, message.size, 0, 0, 5);
        }
      }
      table.correctMinOffset(manifest.commitLog.minOffset);
      for (const expected of manifest.afterJavaRecovery.queues) {
        const queue = table.find(expected.topic, expected.queueId);
        // An overdue delayed message was delivered when the official broker started.
        const delivered = expected.topic === 'FxDelay' ? expected.maxOffset - (queue?.maxOffset ?? 0) : 0;
        expect([0, 1]).toContain(delivered);
        expect([queue?.minOffset, (queue?.maxOffset ?? 0) + delivered], expected.topic).toEqual([
          expected.minOffset,
          expected.maxOffset,
        ]);
      }
    }
  });
});

function make<F extends Fs = MemFs>(fs = new MemFs() as Fs as F, fileSize = 200, dir = '/cq') {
  fs.mkdir(dir);
  fs.fsyncDir('/');
  const clock = new FakeClock();
  const table = new ConsumeQueueTable({ openFiles: new OpenFiles(fs), dir, fileSize, clock, log: silentLogger });
  return { fs, table, clock };
}

function loadJava(name: JavaStoreName) {
  const fs = new MemFs();
  unpackJavaStore(fs, name, '/store');
  const { table } = make(fs, 6_000, '/store/consumequeue');
  table.load();
  const manifest = javaStoreManifest(name);
  table.recover(name !== 'clean');
  return { table, manifest };
}

function sorted<T extends { readonly topic: string; readonly queueId: number }>(queues: readonly T[]): T[] {
  return [...queues].sort((a, b) => (a.topic === b.topic ? a.queueId - b.queueId : a.topic < b.topic ? -1 : 1));
}
