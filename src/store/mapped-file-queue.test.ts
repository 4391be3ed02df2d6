import { describe, expect, it } from 'vitest';
import { FaultFs } from '../../testing/fault-fs.ts';
import { MemFs } from '../../testing/mem-fs.ts';
import { MappedFileQueue } from './mapped-file-queue.ts';
import { OpenFiles } from './open-files.ts';
import { StoreLoadError } from './store-errors.ts';

describe('MappedFileQueue', () => {
  it('always has a file to append to. Java: MappedFileQueueTest#testGetLastMappedFile', () => {
    const { queue } = make();
    for (let index = 0; index < 1_024; index += 1) append(queue, 16);
    expect(queue.files.length).toBe(16);
    expect(queue.maxOffset).toBe(16 * 1_024);
    expect(queue.files.map((file) => file.fileFromOffset)).toEqual(queue.files.map((_, index) => index * 1_024));
  });

  it('finds the file of an offset. Java: MappedFileQueueTest#testFindMappedFileByOffset', () => {
    const { queue } = make();
    for (let index = 0; index < 1_024; index += 1) append(queue, 4);
    expect(queue.files.length * 1_024).toBe(4_096);
    for (const offset of [0, 100, 1_024, 1_124, 2_048, 2_148]) {
      expect(queue.findByOffset(offset)?.fileFromOffset).toBe(offset - (offset % 1_024));
    }
    for (const offset of [4_096, 4_196]) expect(queue.findByOffset(offset)).toBeUndefined();
  });

  it('starts where the first offset asks. Java: …_StartOffsetIsNonZero', () => {
    const { queue } = make();
    expect(queue.fileForAppend(1_500).fileFromOffset).toBe(1_024);
    expect(queue.findByOffset(1_025)?.fileFromOffset).toBe(1_024);
    expect(queue.findByOffset(0)).toBeUndefined();
    expect(queue.minOffset).toBe(1_024);
    expect(new MappedFileQueue(new OpenFiles(new MemFs()), '/none', 1_024).findByOffset(0)).toBeUndefined();
  });

  it('flushes, sync and async, up to what was written before the call', async () => {
    const { fs, queue } = make();
    for (let index = 0; index < 100; index += 1) append(queue, 64);
    const flushed = queue.flushAsync();
    append(queue, 64);
    expect(await flushed).toBe(6_400);
    expect(queue.flushedWhere).toBe(6_400);
    queue.flush();
    expect(queue.flushedWhere).toBe(6_464);
    append(queue, 64);
    fs.crash();
    const after = new MappedFileQueue(new OpenFiles(fs), '/q', 1_024);
    after.load();
    after.truncateTo(6_528);
    expect(readAt(after, 6_400, 128)).toEqual([...Array(64).fill(100 % 256), ...Array(64).fill(0)]);
  });

  it('loads a directory as Java does', () => {
    const { fs, queue } = make();
    for (let index = 0; index < 200; index += 1) append(queue, 16);
    queue.flush();
    const loaded = new MappedFileQueue(new OpenFiles(fs), '/q', 1_024);
    loaded.load();
    expect(loaded.files.map((file) => file.wrotePosition)).toEqual([1_024, 1_024, 1_024, 1_024]);
    expect([loaded.minOffset, loaded.maxOffset, loaded.flushedWhere]).toEqual([0, 4_096, 4_096]);
    const absent = new MappedFileQueue(new OpenFiles(fs), '/absent', 1_024);
    absent.load();
    expect(absent.files).toEqual([]);
  });

  it('refuses foreign entries and other lengths by name, and changes nothing', () => {
    const refusals: [string, (fs: MemFs) => void, RegExp][] = [
      [
        'longer',
        (fs) => fs.install('/q/00000000000000001024', Buffer.alloc(1_025)),
        /\/q\/0+1024: length not matched .* its length is 1025, the settings ask for 1024/,
      ],
      [
        'empty, not last',
        (fs) => {
          fs.install('/q/00000000000000001024', Buffer.alloc(0));
          fs.install('/q/00000000000000002048', Buffer.alloc(1_024));
        },
        /length not matched/,
      ],
      ['empty, foreign', (fs) => fs.install('/q/notes.txt', Buffer.alloc(0)), /length not matched/],
      ['stray', (fs) => fs.install('/q/notes.txt', Buffer.alloc(3)), /\/q\/notes\.txt: length not matched/],
      ['name', (fs) => fs.install('/q/x0000000000000001024', Buffer.alloc(1_024)), /not named by a 20-digit offset/],
      ['directory', (fs) => fs.mkdir('/q/lost+found'), /\/q\/lost\+found: is not a file of the store/],
    ];
    for (const [name, plant, message] of refusals) {
      const { fs, queue } = make();
      append(queue, 16);
      plant(fs);
      const before = fs.files();
      const loading = new MappedFileQueue(new OpenFiles(fs), '/q', 1_024);
      expect(() => loading.load(), name).toThrow(StoreLoadError);
      expect(() => loading.load(), name).toThrow(message);
      expect(fs.files()).toEqual(before);
    }
  });

  it('forgives an empty last file, which a crash while creating it leaves', () => {
    const { fs, queue } = make();
    append(queue, 16);
    queue.flush();
    fs.install('/q/00000000000000001024', Buffer.alloc(0));
    const loaded = new MappedFileQueue(new OpenFiles(fs), '/q', 1_024);
    loaded.load();
    expect(loaded.files.map((file) => file.fileFromOffset)).toEqual([0]);
    expect(fs.files()).toEqual(['/q/00000000000000000000']);
  });

  it('does not fail a flush because a file was removed meanwhile', async () => {
    const { queue } = make();
    for (let index = 0; index < 180; index += 1) append(queue, 16);
    const flushed = queue.flushAsync();
    const removed = queue.removeFirst();
    queue.removeLast();
    await removed;
    expect(await flushed).toBe(2_048);
  });

  it('truncates: later files go, positions are set, the tail becomes zero on request', () => {
    const { fs, queue } = make();
    for (let index = 0; index < 200; index += 1) append(queue, 16);
    queue.truncateTo(1_500);
    expect(fs.list('/q').length).toBe(2);
    expect([queue.maxOffset, queue.lastFile?.wrotePosition]).toEqual([1_500, 476]);
    expect(readAt(queue, 1_500, 4)).not.toEqual([0, 0, 0, 0]);
    expect(queue.zeroTail()).toBe(548);
    expect(readAt(queue, 1_496, 8)).toEqual([93, 93, 93, 93, 0, 0, 0, 0]);
    expect(queue.zeroTail()).toBe(0);
    append(queue, 16);
    expect(queue.maxOffset).toBe(1_516);
    queue.truncateTo(1_024);
    expect(queue.files.map((file) => file.wrotePosition)).toEqual([1_024, 0]);
    fs.crash({ random: () => 0.5, keep: 0 });
    expect(fs.list('/q').length).toBeLessThanOrEqual(2);
  });

  it('finds over a gap, and tells of it. Java: testFindMappedFile_ByIteration', async () => {
    const { fs, queue } = make();
    for (let index = 0; index < 300; index += 1) append(queue, 16);
    queue.flush();
    fs.unlink('/q/00000000000000001024');
    const loaded = new MappedFileQueue(new OpenFiles(fs), '/q', 1_024);
    loaded.load();
    expect(loaded.gaps()).toEqual([{ before: '/q/00000000000000000000', after: '/q/00000000000000002048' }]);
    expect(loaded.findByOffset(3_100)?.fileFromOffset).toBe(3_072);
    expect(loaded.findByOffset(1_100)).toBeUndefined();
    await loaded.removeFirst();
    expect([loaded.minOffset, loaded.gaps().length]).toEqual([2_048, 0]);
  });

  it('finds by time: the first changed at or after it, else the last', () => {
    const { queue } = make();
    for (let index = 0; index < 180; index += 1) append(queue, 16);
    const time = (file: { fileFromOffset: number }): number => file.fileFromOffset;
    expect(queue.findByTime(1_000, time)?.fileFromOffset).toBe(1_024);
    expect(queue.findByTime(1_024, time)?.fileFromOffset).toBe(1_024);
    expect(queue.findByTime(9_999, time)?.fileFromOffset).toBe(2_048);
  });

  it('removes the first file for good before the next, and takes a failure back', async () => {
    const memory = new MemFs();
    memory.mkdir('/q');
    memory.fsyncDir('/');
    const fs = new FaultFs(memory);
    const queue = new MappedFileQueue(new OpenFiles(fs), '/q', 1_024);
    for (let index = 0; index < 300; index += 1) append(queue, 16);
    queue.flush();
    fs.fail({ operation: 'unlink', path: /q\/0+$/, code: 'EBUSY' });
    await expect(queue.removeFirst()).rejects.toThrow(/unlink .* EBUSY/);
    expect([queue.minOffset, readAt(queue, 1_023, 1)]).toEqual([0, [63]]);
    fs.fail({ operation: 'fsyncDir', path: /q$/, code: 'EIO', times: 2 });
    await expect(queue.removeFirst()).rejects.toThrow(/fsyncDir .* EIO/);
    expect([queue.minOffset, memory.list('/q').length]).toEqual([1_024, 4]);
    await expect(queue.removeFirst()).rejects.toThrow(/fsyncDir .* EIO/);
    expect([queue.minOffset, memory.list('/q').length]).toEqual([1_024, 4]);
    await queue.removeFirst();
    memory.crash();
    expect(memory.list('/q').sort()).toEqual([2_048, 3_072, 4_096].map((offset) => String(offset).padStart(20, '0')));
  });

  it('does not take a file back into a queue that was destroyed meanwhile', async () => {
    const fs = new FaultFs(new MemFs());
    const queue = new MappedFileQueue(new OpenFiles(fs), '/q', 1_024);
    for (let index = 0; index < 180; index += 1) append(queue, 16);
    fs.fail({ operation: 'unlink', path: /q\/0+$/, code: 'EBUSY' });
    const removal = queue.removeFirst();
    queue.destroy();
    await expect(removal).rejects.toThrow(/EBUSY/);
    expect(queue.files).toEqual([]);
  });

  it('removes files and itself', async () => {
    const { fs, queue } = make();
    for (let index = 0; index < 180; index += 1) append(queue, 16);
    queue.removeLast();
    expect([queue.maxOffset, fs.list('/q').length]).toEqual([2_048, 2]);
    await queue.removeFirst();
    expect([queue.minOffset, queue.maxOffset]).toEqual([1_024, 2_048]);
    queue.destroy();
    expect([queue.files.length, queue.maxOffset, fs.stat('/q')]).toEqual([0, 0, undefined]);
    queue.destroy();
  });
});

function make(): { fs: MemFs; queue: MappedFileQueue } {
  const fs = new MemFs();
  fs.mkdir('/q');
  fs.fsyncDir('/');
  return { fs, queue: new MappedFileQueue(new OpenFiles(fs), '/q', 1_024) };
}

/** Appends `length` bytes of the value that tells which append it was. */
function append(queue: MappedFileQueue, length: number): void {
  const content = Buffer.alloc(length, Math.floor(queue.maxOffset / length) % 256);
  queue.fileForAppend(0).append(content, 0, length);
}

function readAt(queue: MappedFileQueue, offset: number, length: number): number[] {
  const target = Buffer.alloc(length);
  const file = queue.findByOffset(offset);
  file?.read(target, 0, length, offset - file.fileFromOffset);
  return [...target];
}
