import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../testing/fake-clock.ts';
import { FaultFs } from '../../testing/fault-fs.ts';
import {
  JAVA_STORE_SIZES,
  type JavaStoreMessage,
  javaStoreManifest,
  unpackJavaStore,
} from '../../testing/java-store.ts';
import { MemFs } from '../../testing/mem-fs.ts';
import { SeededRandom } from '../../testing/seeded-random.ts';
import { TraceFs } from '../../testing/trace-fs.ts';
import type { Fs } from '../util/fs.ts';
import { javaStringHash } from '../util/java-hash.ts';
import { type LogFields, silentLogger } from '../util/logger.ts';
import { type IndexLayout, toIndexKeyHash } from './index-file.ts';
import { IndexService } from './index-service.ts';
import { OpenFiles } from './open-files.ts';
import { StoreCheckpoint } from './store-checkpoint.ts';

const DIR = '/store/index';
const T0 = 1_795_354_346_000;

describe('index files of Java 4.6.0', () => {
  it('answer every key of every message: clean store', async () => {
    const fs = javaStore('clean');
    const { index } = make(fs, JAVA_STORE_SIZES);
    index.load(CLEAN);
    expect(index.needsRebuildFrom).toBeUndefined();
    const manifest = javaStoreManifest('clean');
    expect(index.files.map(headerOf)).toEqual(manifest.indexFiles.map(({ size: _, ...header }) => header));
    let checked = 0;
    for (const message of manifest.messages) {
      for (const key of keysOf(message)) {
        expect(await find(index, key, 9_999), key).toContain(message.physicalOffset);
        checked += 1;
      }
    }
    expect(checked).toBe(1_499 + 1_499 + 96);
  });

  it('are the files that we write for the same messages, byte for byte', async () => {
    const java = javaStore('clean');
    const { fs, index } = make(new MemFs(), JAVA_STORE_SIZES);
    for (const message of javaStoreManifest('clean').messages) putMessage(index, message);
    await index.flushAsync();
    const names = (from: MemFs): string[] => from.list(DIR).sort();
    expect(names(fs).length).toBe(3);
    for (const [at, name] of names(fs).entries()) {
      const ours = fs.readFile(`${DIR}/${name}`, 99_999);
      expect(ours?.equals(java.readFile(`${DIR}/${names(java)[at]}`, 99_999) ?? Buffer.alloc(0)), name).toBe(true);
    }
  });

  it('lose the newest file in a crash, and all keys are found again after the rebuild', async () => {
    const fs = javaStore('crashed');
    const { index, warnings } = make(fs, JAVA_STORE_SIZES);
    index.load({ lastExitOk: false, ownCrash: false });
    const manifest = javaStoreManifest('crashed');
    expect(index.files.length).toBe(manifest.indexFiles.length - 1);
    expect(warnings.length).toBe(1);
    expect(fs.list(DIR).length).toBe(8);
    const from = index.needsRebuildFrom;
    expect(from).toBe(manifest.indexFiles.at(-2)?.['endPhyOffset']);
    for (const message of manifest.messages) {
      if (message.physicalOffset >= (from ?? 0)) putMessage(index, message);
    }
    for (const message of manifest.messages) {
      for (const key of keysOf(message)) {
        const found = await find(index, key, 9_999);
        // What was in the kept files already must not come twice.
        expect(found.filter((offset) => offset === message.physicalOffset).length, key).toBe(
          keysOf(message).filter((other) => other === key).length,
        );
      }
    }
  });
});

describe('IndexService', () => {
  it('holds at most maxIndexNum − 1 keys per file and splits a message. Java: IndexFileTest', async () => {
    const { fs, index } = make(new MemFs(), { maxHashSlotNum: 100, maxIndexNum: 50 });
    for (let at = 0; at < 60; at += 1) put(index, at * 100, ['T#same', `T#a${at}`, `T#b${at}`]);
    expect(index.files.map((file) => [file.indexCount, file.hashSlotCount])).toEqual([
      [50, 49],
      [50, 49],
      [50, 49],
      [34, 33],
    ]);
    expect(index.files[1]?.beginPhyOffset).toBe(index.files[0]?.endPhyOffset);
    expect(await find(index, 'T#b17')).toEqual([1_700]);
    expect((await find(index, 'T#same', 64)).length).toBe(60);
    expect(await find(index, 'T#same', 3)).toEqual([5_900, 5_800, 5_700]);
    expect(await find(index, 'T#none')).toEqual([]);
    await index.flushAsync();
    expect(fs.list(DIR).every((name) => /^\d{17}$/.test(name))).toBe(true);
    expect(fs.stat(`${DIR}/${fs.list(DIR)[0]}`)?.sizeBytes).toBe(40 + 400 + 1_000);
  });

  it('keeps offsets on both sides of 32 bits', async () => {
    const { fs, index } = make();
    const offsets = [0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 2 ** 32, 2 ** 40 + 0x9000_0001, 2 ** 52];
    for (const offset of offsets) put(index, offset, ['k']);
    await index.flushAsync();
    const read = make(fs).index;
    read.load(CLEAN);
    for (const from of [index, read]) expect(await find(from, 'k')).toEqual([...offsets].reverse());
    expect(read.lastUpdate.phyOffset).toBe(2 ** 52);
  });

  it('seeds a new file with the end of the full one, and counts its first time from there, as Java does', async () => {
    const { fs, index } = make(new MemFs(), { maxHashSlotNum: 10, maxIndexNum: 3 });
    put(index, 100, ['a'], T0);
    put(index, 200, ['b'], T0 + 5_999);
    put(index, 300, ['c'], T0 + 8_500);
    put(index, 400, ['d'], T0 + 8_400);
    await index.flushAsync();
    const [first, second] = fs
      .list(DIR)
      .sort()
      .map((name) => fs.readFile(`${DIR}/${name}`, 999) as Buffer);
    const header = (file: Buffer | undefined): number[] => [
      ...[0, 8, 16, 24].map((at) => Number(file?.readBigInt64BE(at))),
      ...[32, 36].map((at) => file?.readInt32BE(at) ?? -1),
    ];
    expect(header(first)).toEqual([T0, T0 + 5_999, 100, 200, 2, 3]);
    expect(header(second)).toEqual([T0 + 8_500, T0 + 8_400, 300, 400, 2, 3]);
    const timeDiff = (file: Buffer | undefined, number: number): number =>
      file?.readInt32BE(80 + number * 20 + 12) ?? -1;
    expect([timeDiff(first, 1), timeDiff(first, 2)]).toEqual([0, 5]);
    // (8_500 − 5_999) / 1000 = 2 for the first entry, and never negative.
    expect([timeDiff(second, 1), timeDiff(second, 2)]).toEqual([2, 0]);
  });

  it('finds the first message of a file at its own time, also after a pause, where Java does not', async () => {
    const { index } = make(new MemFs(), { maxHashSlotNum: 10, maxIndexNum: 3 });
    put(index, 100, ['a'], T0);
    put(index, 200, ['b'], T0 + 1_000);
    put(index, 300, ['c'], T0 + 60_000);
    put(index, 400, ['c'], T0 + 61_000);
    expect(await find(index, 'c', 64, T0 + 59_000, T0 + 60_500)).toEqual([300]);
    expect(await find(index, 'c', 64, T0, T0 + 62_000)).toEqual([400, 300]);
    expect(await find(index, 'c', 64, T0 + 60_500, T0 + 200_000)).toEqual([400]);
  });

  it('skips messages older than the newest one indexed', async () => {
    const { index } = make();
    put(index, 500, ['a']);
    put(index, 400, ['b']);
    expect(await find(index, 'b')).toEqual([]);
    expect(index.lastUpdate).toEqual({ timestamp: T0, phyOffset: 500 });
  });

  it('finds by time with second precision, and stops at the first file that begins before', async () => {
    const { index } = make(new MemFs(), { maxHashSlotNum: 7, maxIndexNum: 4 });
    for (let at = 0; at < 9; at += 1) put(index, at * 100, ['k'], T0 + at * 1_500);
    const between = (from: number, to: number): Promise<number[]> => find(index, 'k', 64, T0 + from, T0 + to);
    expect(await between(0, 99_999)).toEqual([800, 700, 600, 500, 400, 300, 200, 100, 0]);
    // 1_500 ms are one second after the begin of the file: [0, 1_000].
    expect(await between(0, 1_000)).toEqual([100, 0]);
    expect(await between(1_001, 1_499)).toEqual([]);
    // Entries of the second file begin at 4_500.
    expect(await between(4_500, 7_500)).toEqual([500, 400, 300]);
    expect(await between(99_999, 999_999)).toEqual([]);
  });

  it('reads the same from memory, after a flush and after a restart', async () => {
    const random = new SeededRandom(3);
    const { fs, index } = make(new MemFs(), { maxHashSlotNum: 5_000, maxIndexNum: 20_000 });
    const keys = new Map<string, number[]>();
    for (let at = 0; at < 9_000; at += 1) {
      const key = `key${random.below(2_000)}`;
      keys.set(key, [at * 10, ...(keys.get(key) ?? [])]);
      put(index, at * 10, [key]);
      if (at === 3_000 || at === 7_000) await index.flushAsync();
    }
    const check = async (read: IndexService): Promise<void> => {
      let wrong = 0;
      for (const [key, offsets] of keys) {
        const found = await find(read, key, 64);
        if (found.join() !== offsets.join()) wrong += 1;
      }
      expect(wrong).toBe(0);
    };
    await check(index);
    await index.flushAsync();
    await check(index);
    const again = make(fs, { maxHashSlotNum: 5_000, maxIndexNum: 20_000 }).index;
    again.load(CLEAN);
    await check(again);
    put(again, 90_000, ['key1', 'fresh']);
    expect((await find(again, 'key1', 64))[0]).toBe(90_000);
    expect(await find(again, 'fresh')).toEqual([90_000]);
  });

  it('sets the checkpoint when a full file is on disk, and only then', async () => {
    const { fs, index, checkpoint } = make(new MemFs(), { maxHashSlotNum: 10, maxIndexNum: 3 });
    put(index, 100, ['a', 'b'], T0);
    await index.flushAsync();
    expect(checkpoint.indexMsgTimestamp).toBe(0);
    put(index, 200, ['c'], T0 + 1);
    await index.flushAsync();
    expect(checkpoint.indexMsgTimestamp).toBe(T0);
    fs.fsyncDir('/');
    fs.crash();
    const after = make(fs, { maxHashSlotNum: 10, maxIndexNum: 3 });
    expect(after.checkpoint.indexMsgTimestamp).toBe(T0);
    after.index.load({ lastExitOk: false, ownCrash: false });
    expect(after.index.files.map((file) => file.endPhyOffset)).toEqual([100]);
    expect(after.index.needsRebuildFrom).toBe(100);
  });

  it('moves the checkpoint only behind the data of the file', async () => {
    const fs = new TraceFs(new MemFs());
    const { index } = make(fs, { maxHashSlotNum: 10, maxIndexNum: 30 });
    for (let at = 0; at < 30; at += 1) put(index, at * 100, [`k${at}`]);
    await index.flushAsync();
    const path = `${DIR}/${index.files[0]?.name}`;
    const moved = fs.operations.findIndex(
      ({ operation, path: at }) => operation === 'pwrite' && at.endsWith('checkpoint'),
    );
    expect(moved).toBeGreaterThan(0);
    // Header and slots, then the 29 entries behind the unused one.
    expect([fs.isDurable(path, 0, 80, moved), fs.isDurable(path, 100, 680, moved)]).toEqual([true, true]);
    const entries = fs.operations.findIndex(({ path: at, start }) => at === path && (start ?? 0) >= 100);
    const slots = fs.operations.findIndex(({ path: at, start }) => at === path && start === 40);
    expect(fs.isDurable(path, 100, 680, slots)).toBe(true);
    expect(entries).toBeLessThan(slots);
  });

  it('tries a failed write again with the next flush', async () => {
    const fs = new FaultFs(new MemFs());
    const { index, checkpoint } = make(fs, { maxHashSlotNum: 10, maxIndexNum: 3 });
    put(index, 100, ['a', 'b']);
    fs.fail({ operation: 'pwrite', path: /index/, code: 'ENOSPC', skip: 2, times: 1 });
    await expect(index.flushAsync()).rejects.toMatchObject({ name: 'StoreIoError' });
    expect(checkpoint.indexMsgTimestamp).toBe(0);
    put(index, 200, ['c']);
    await index.flushAsync();
    expect(fs.pendingRules).toBe(0);
    expect(checkpoint.indexMsgTimestamp).toBe(T0);
  });

  it('never trusts a file again whose fdatasync failed: the next start repairs it', async () => {
    const fs = new FaultFs(new MemFs());
    const { index, checkpoint } = make(fs, { maxHashSlotNum: 10, maxIndexNum: 3 });
    put(index, 100, ['a', 'b']);
    fs.fail({ operation: 'fdatasync', path: /index/, code: 'EIO' });
    await expect(index.flushAsync()).rejects.toMatchObject({ operation: 'fdatasync' });
    await expect(index.flushAsync()).rejects.toMatchObject({ operation: 'rewrite' });
    expect(checkpoint.indexMsgTimestamp).toBe(0);
    const again = make(fs, { maxHashSlotNum: 10, maxIndexNum: 3 });
    again.index.load({ lastExitOk: false, ownCrash: true });
    expect(again.index.needsRebuildFrom).toBe(0);
  });

  it('keeps what is written in a file although more comes while it is flushed', async () => {
    const fs = new FaultFs(new MemFs());
    const { index } = make(fs);
    for (let at = 0; at < 40; at += 1) put(index, at, [`k${at % 4}`]);
    let proceed = (): void => undefined;
    const until = new Promise<void>((resolve) => (proceed = resolve));
    fs.delay({ operation: 'fdatasync', path: /index/, until });
    const flushed = index.flushAsync();
    await new Promise((resolve) => setImmediate(resolve));
    expect(fs.pendingRules).toBe(0);
    for (let at = 40; at < 80; at += 1) put(index, at, [`k${at % 4}`]);
    proceed();
    await flushed;
    // As another process would find it: 40 entries are counted, no slot points beyond them.
    const read = make(fs).index;
    read.load(CLEAN);
    for (let key = 0; key < 4; key += 1) {
      expect(await find(read, `k${key}`)).toEqual(Array.from({ length: 10 }, (_, at) => 36 + key - at * 4));
    }
  });

  it('after a crash of our own keeps the file that was being filled and asks for the rest', async () => {
    for (let seed = 1; seed <= 30; seed += 1) {
      const random = new SeededRandom(seed);
      const { fs, index } = make(new MemFs(), { maxHashSlotNum: 60, maxIndexNum: 200 });
      const count = 50 + random.below(120);
      for (let at = 0; at < count; at += 1) {
        put(index, at * 10, [`k${at % 13}`], T0 + at);
        if (random.below(20) === 0) await index.flushAsync();
      }
      const pending = index.flushAsync().catch(() => undefined);
      for (let step = random.below(6); step > 0; step -= 1) await Promise.resolve();
      fs.fsyncDir('/');
      fs.fsyncDir('/store');
      fs.fsyncDir(DIR);
      fs.crash({ random: () => random.next(), keep: 0.5 });
      await pending;
      const after = make(fs, { maxHashSlotNum: 60, maxIndexNum: 200 }).index;
      after.load({ lastExitOk: false, ownCrash: true });
      const from = after.needsRebuildFrom ?? 0;
      for (let at = from / 10; at < count; at += 1) put(after, at * 10, [`k${at % 13}`], T0 + at);
      for (let key = 0; key < 13; key += 1) {
        const expected = Array.from({ length: count }, (_, at) => at).filter((at) => at % 13 === key);
        expect(await find(after, `k${key}`, 64), `seed ${seed}`).toEqual(expected.reverse().map((at) => at * 10));
      }
    }
  });

  it('forgets what points behind the end of the log, and indexes what comes there', async () => {
    for (const end of [0, 50, 450, 500, 501, 1_000, 5_000]) {
      const { fs, index } = make(new MemFs(), { maxHashSlotNum: 4, maxIndexNum: 8 });
      for (let at = 0; at < 20; at += 1) put(index, at * 50, [`k${at % 3}`], T0 + at * 100);
      await index.flushAsync();
      const again = make(fs, { maxHashSlotNum: 4, maxIndexNum: 8 }).index;
      again.load(CLEAN);
      again.truncateTo(end);
      for (let key = 0; key < 3; key += 1) {
        const kept = Array.from({ length: 20 }, (_, at) => at).filter((at) => at % 3 === key && at * 50 < end);
        expect(await find(again, `k${key}`), `end ${end}`).toEqual(kept.reverse().map((at) => at * 50));
      }
      put(again, end, ['new', 'k1'], T0 + 3_000);
      expect(await find(again, 'new')).toEqual([end]);
      expect((await find(again, 'k1'))[0]).toBe(end);
      await again.flushAsync();
      const third = make(fs, { maxHashSlotNum: 4, maxIndexNum: 8 }).index;
      third.load(CLEAN);
      expect((await find(third, 'k1'))[0]).toBe(end);
    }
  });

  it('knows the second in which a file ends that was cut behind its first entry, also after a pause', () => {
    const { index } = make(new MemFs(), { maxHashSlotNum: 10, maxIndexNum: 3 });
    put(index, 100, ['a'], T0);
    put(index, 200, ['b'], T0 + 1_000);
    put(index, 300, ['c'], T0 + 60_000);
    put(index, 400, ['d'], T0 + 75_000);
    index.truncateTo(400);
    expect(index.files.map((file) => file.endTimestamp)).toEqual([T0 + 1_000, T0 + 60_999]);
  });

  it('expires the oldest files, never the last', async () => {
    const { fs, index } = make(new MemFs(), { maxHashSlotNum: 4, maxIndexNum: 6 });
    for (let at = 0; at < 18; at += 1) put(index, at * 100, ['k']);
    expect(index.files.map((file) => file.endPhyOffset)).toEqual([400, 900, 1_400, 1_700]);
    expect(await index.deleteExpired(400)).toBe(0);
    expect(await index.deleteExpired(1_000)).toBe(2);
    expect(await index.deleteExpired(99_999)).toBe(1);
    expect(fs.list(DIR).length).toBe(1);
    expect(await find(index, 'k')).toEqual([1_700, 1_600, 1_500]);
    await index.flushAsync();
    index.destroy();
    expect(fs.list(DIR)).toEqual([]);
  });

  it('ignores what is no index file or has another layout, and never takes its name', () => {
    const { fs, index, warnings } = make();
    fs.install(`${DIR}/notes.txt`, Buffer.alloc(5));
    fs.mkdir(`${DIR}/20261122133226824`);
    fs.install(`${DIR}/99991231235959998`, Buffer.alloc(5));
    fs.install(`${DIR}/20261122133226825`, Buffer.alloc(0));
    index.load(CLEAN);
    expect(warnings.length).toBe(3);
    put(index, 1, ['k']);
    expect(index.files.map((file) => file.name)).toEqual(['99991231235959999']);
    expect(fs.stat(`${DIR}/20261122133226825`)).toBeUndefined();
  });

  it('leaves a damaged chain instead of going round in it', async () => {
    const { fs, index } = make(new MemFs(), { maxHashSlotNum: 1, maxIndexNum: 10 });
    for (let at = 0; at < 5; at += 1) put(index, at, [`k${at}`]);
    await index.flushAsync();
    const path = `${DIR}/${fs.list(DIR)[0]}`;
    const previous = Buffer.from([0, 0, 0, 4]);
    fs.open(path, 'update').pwrite(previous, 0, 4, 44 + 2 * 20 + 16);
    const again = make(fs, { maxHashSlotNum: 1, maxIndexNum: 10 }).index;
    again.load(CLEAN);
    expect(await find(again, 'k4')).toEqual([4]);
    expect(await find(again, 'k0')).toEqual([]);
  });

  it('gives way on a long chain', async () => {
    const { index, clock } = make(new MemFs(), { maxHashSlotNum: 1, maxIndexNum: 10_000 });
    for (let at = 0; at < 5_500; at += 1) put(index, at, [at === 0 ? 'old' : 'new']);
    let done = false;
    const found = find(index, 'old').then((offsets) => {
      done = true;
      return offsets;
    });
    await clock.advanceAsync(1);
    expect(done).toBe(false);
    await clock.advanceAsync(5, 1);
    expect(await found).toEqual([0]);
  });

  it('uses memory only for the slots that it touches', () => {
    const { fs, index } = make(new MemFs(), { maxHashSlotNum: 5_000_000, maxIndexNum: 20_000_000 });
    put(index, 0, ['k']);
    expect(fs.stat(`${DIR}/${fs.list(DIR)[0]}`)?.sizeBytes).toBe(420_000_040);
    const before = process.memoryUsage().arrayBuffers;
    for (let at = 1; at < 100; at += 1) put(index, at, [`k${at}`]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
  });
});

describe('the hash of an index key', () => {
  it('is never negative. Java: IndexFile#indexKeyHashMethod', () => {
    expect([5, -5, 0, -0x8000_0000, 0x7fff_ffff].map(toIndexKeyHash)).toEqual([5, 5, 0, 0, 0x7fff_ffff]);
  });
});

const CLEAN = { lastExitOk: true, ownCrash: false };

function make<F extends Fs = MemFs>(
  fs = new MemFs() as Fs as F,
  sizes: IndexLayout = { maxHashSlotNum: 8, maxIndexNum: 500 },
) {
  fs.mkdir('/store');
  const openFiles = new OpenFiles(fs);
  const checkpoint = StoreCheckpoint.load(openFiles, '/store');
  const warnings: LogFields[] = [];
  const log = { ...silentLogger, warn: (fields: LogFields) => void warnings.push(fields) };
  const layout = { maxHashSlotNum: sizes.maxHashSlotNum, maxIndexNum: sizes.maxIndexNum };
  const clock = new FakeClock();
  return {
    fs,
    checkpoint,
    warnings,
    clock,
    index: new IndexService({ openFiles, dir: DIR, layout, checkpoint, clock, log }),
  };
}

function javaStore(name: 'clean' | 'crashed'): MemFs {
  const fs = new MemFs();
  unpackJavaStore(fs, name, '/store');
  return fs;
}

function hashOf(key: string): number {
  return toIndexKeyHash(javaStringHash(key));
}

function put(index: IndexService, phyOffset: number, keys: readonly string[], storeTimestamp = T0): void {
  index.putRecord(phyOffset, storeTimestamp, Int32Array.from(keys, hashOf), keys.length);
}

function find(index: IndexService, key: string, maxNum = 64, beginMs = 0, endMs = Number.MAX_SAFE_INTEGER) {
  return index.query({ keyHash: hashOf(key), maxNum, beginMs, endMs });
}

function keysOf(message: JavaStoreMessage): string[] {
  if ((message.sysFlag & 0xc) === 0xc) return [];
  const keys = (message.keys ?? '').split(' ').filter((key) => key !== '');
  return [...(message.uniqKey === null ? [] : [message.uniqKey]), ...keys].map((key) => `${message.topic}#${key}`);
}

function putMessage(index: IndexService, message: JavaStoreMessage): void {
  put(index, message.physicalOffset, keysOf(message), message.storeTimestamp);
}

function headerOf(file: IndexService['files'][number]): Record<string, unknown> {
  const { name, beginTimestamp, endTimestamp, beginPhyOffset, endPhyOffset, hashSlotCount, indexCount } = file;
  return { name, beginTimestamp, endTimestamp, beginPhyOffset, endPhyOffset, hashSlotCount, indexCount };
}
