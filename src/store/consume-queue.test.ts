import { describe, expect, it } from 'vitest';
import { FaultFs } from '../../testing/fault-fs.ts';
import { MemFs } from '../../testing/mem-fs.ts';
import { silentLogger } from '../util/logger.ts';
import { ConsumeQueue } from './consume-queue.ts';
import { ConsumeQueueEntries, FILLER_SIZE, roundUpToEntries } from './consume-queue-entries.ts';
import { deleteExpired } from './consume-queue-expiry.ts';
import { recoverConsumeQueue, truncateConsumeQueue } from './consume-queue-recovery.ts';
import { EntryMemory } from './entry-memory.ts';
import { OpenFiles } from './open-files.ts';
import { StoreIoError } from './store-errors.ts';

/** Entries per file in these tests. */
const PER_FILE = 10;

describe('ConsumeQueue.put', () => {
  it('writes the bytes that Java writes', () => {
    const { fs, queue } = make();
    put(queue, 0, 0x1234_5678_9abc, 231, 0, 2_598_919);
    put(queue, 1, 0x1234_5678_9abc + 231, 100, -1, -2);
    queue.flush();
    const file = fs.readFile('/cq/T/3/00000000000000000000', 1_000);
    expect(file?.length).toBe(PER_FILE * 20);
    expect(file?.toString('hex', 0, 60)).toBe(
      `0000123456789abc000000e7000000000027a8070000123456789ba300000064fffffffffffffffe${'00'.repeat(20)}`,
    );
  });

  it('gives back every tagsCode of 64 bits, from memory and from the files', () => {
    const codes: [number, number][] = [
      [0, 0],
      [-1, -1],
      [418, 0x2f3a_1c00],
      [0x7fff_ffff, -1],
      [-0x8000_0000, 0],
    ];
    const { fs, queue } = make();
    for (const [index, [high, low]] of codes.entries()) put(queue, index, index * 100, 100, high, low);
    const check = (read: ConsumeQueue): void => {
      const entries = new ConsumeQueueEntries(10);
      expect(read.entriesFrom(0, 10, entries)).toBe(5);
      for (const [index, [high, low]] of codes.entries()) {
        expect([entries.tagsCodeHigh[index], entries.tagsCodeLow[index]]).toEqual([high, low]);
      }
    };
    check(queue);
    queue.flush();
    check(reopen(fs));
  });

  it('gives back every physical offset, on both sides of 32 bits', () => {
    const offsets = [0x7fff_ff00, 0x8000_0000, 0xffff_ffff, 2 ** 32, 2 ** 40 + 0x9000_0001, 2 ** 52];
    const { fs, queue } = make();
    for (const [index, offset] of offsets.entries()) put(queue, index, offset, 0xff);
    queue.flush();
    const entries = new ConsumeQueueEntries(10);
    for (const read of [queue, reopen(fs)]) {
      read.entriesFrom(0, 10, entries);
      expect([...entries.phyOffset.subarray(0, entries.count)]).toEqual(offsets);
      expect(read.maxPhysicOffset).toBe(2 ** 52 + 0xff);
    }
  });

  it('creates no file before it must, and names files by byte offset', () => {
    const { fs, queue } = make();
    for (let index = 0; index < 25; index += 1) put(queue, index, index * 100, 100);
    expect(fs.files()).toEqual([]);
    expect([queue.minOffset, queue.maxOffset]).toEqual([0, 25]);
    queue.writeDirty();
    expect(fs.list('/cq/T/3')).toEqual(['00000000000000000000', '00000000000000000200', '00000000000000000400']);
  });

  it('takes a message at or below the newest one for built. Java: ConsumeQueueTest', () => {
    const { queue } = make();
    for (let index = 0; index < 5; index += 1) put(queue, index, index * 100, 100);
    expect(put(queue, 0, 0, 100)).toBe('already-built');
    expect(put(queue, 4, 400, 100)).toBe('already-built');
    expect(put(queue, 5, 400, 101)).toBe('appended');
    expect(queue.maxOffset).toBe(6);
  });

  it('ignores a repeated offset and appends after a gap, with a warning', () => {
    const { queue, warnings } = make();
    for (let index = 0; index < 5; index += 1) put(queue, index, index * 100, 100);
    expect(put(queue, 3, 900, 100)).toBe('repeated');
    expect([queue.maxOffset, queue.maxPhysicOffset]).toEqual([5, 500]);
    expect(put(queue, 9, 900, 100)).toBe('out-of-order');
    expect([queue.maxOffset, queue.maxPhysicOffset]).toEqual([6, 1_000]);
    expect(warnings).toEqual([{ topic: 'T', queueId: 3, queueOffset: 9, phyOffset: 900, expected: 5 }]);
    // Java does not look at the order when the offset is 0.
    expect(put(queue, 0, 2_000, 100)).toBe('appended');
  });

  it('fills the space before a first offset that is not 0', () => {
    const { fs, queue } = make();
    expect(put(queue, 27, 5_000, 100, 0, 7)).toBe('appended');
    expect([queue.minOffset, queue.maxOffset]).toEqual([27, 28]);
    queue.flush();
    expect(fs.list('/cq/T/3')).toEqual(['00000000000000000400']);
    const entries = new ConsumeQueueEntries(20);
    expect(queue.entriesFrom(20, 20, entries)).toBe(8);
    expect([...entries.size.subarray(0, 8)]).toEqual([...Array(7).fill(FILLER_SIZE), 100]);
    expect([...entries.phyOffset.subarray(0, 8)]).toEqual([0, 0, 0, 0, 0, 0, 0, 5_000]);
    expect(queue.entriesFrom(19, 1, entries)).toBe(0);
    const after = reopen(fs);
    expect([after.minOffset, after.maxOffset, after.maxPhysicOffset]).toEqual([0, 28, 5_100]);
    after.correctMinOffset(4_000);
    expect(after.minOffset).toBe(27);
    after.correctMinOffset(0);
    expect(after.minOffset).toBe(20);
  });

  it('adds nothing when the fill fails, and tries again', () => {
    const mem = new MemFs();
    const fs = new FaultFs(mem);
    const { queue } = make(fs);
    fs.fail({ operation: 'pwrite', path: /\/cq\//, code: 'ENOSPC' });
    expect(() => put(queue, 27, 5_000, 100)).toThrow(StoreIoError);
    expect([queue.maxOffset, queue.maxPhysicOffset, mem.files().length]).toEqual([0, -1, 0]);
    expect(put(queue, 27, 5_000, 100)).toBe('appended');
    expect([queue.minOffset, queue.maxOffset]).toEqual([27, 28]);
  });
});

describe('ConsumeQueue.entriesFrom', () => {
  it('reads only in the file that holds the offset, and at most what was asked', () => {
    const { queue } = make();
    for (let index = 0; index < 25; index += 1) put(queue, index, index * 100, 100);
    const entries = new ConsumeQueueEntries(8);
    const read = (from: number, max: number): number[] => {
      queue.entriesFrom(from, max, entries);
      return [...entries.phyOffset.subarray(0, entries.count)].map((offset) => offset / 100);
    };
    for (const write of [() => undefined, () => queue.writeDirty(), () => queue.flush()]) {
      write();
      expect(read(0, 3)).toEqual([0, 1, 2]);
      expect(read(7, 100)).toEqual([7, 8, 9]);
      expect(read(10, 100)).toEqual([10, 11, 12, 13, 14, 15, 16, 17]);
      expect(read(24, 100)).toEqual([24]);
      expect(read(25, 100)).toEqual([]);
      expect(read(-1, 100)).toEqual([]);
    }
    expect([queue.nextFileOffset(0), queue.nextFileOffset(9), queue.nextFileOffset(10)]).toEqual([10, 10, 20]);
    expect(queue.lastPhyOffset()).toBe(2_500);
  });
});

describe('the memory of all queues', () => {
  it('is bounded; queues that lose theirs read from their files', () => {
    const fs = new MemFs();
    const memory = new EntryMemory(64 * 4_080);
    const parts = makeParts(fs, memory, 20_000);
    const queues = Array.from({ length: 100 }, (_, id) => new ConsumeQueue(parts, 'T', id));
    for (let round = 0; round < 500; round += 1) {
      for (const [id, queue] of queues.entries()) queue.put(round, (round * 100 + id) * 50, 50, id, round, 1);
    }
    expect(memory.allocatedBytes).toBe(64 * 4_080);
    const entries = new ConsumeQueueEntries(600);
    for (const [id, queue] of queues.entries()) {
      expect(queue.maxOffset).toBe(500);
      expect(queue.entriesFrom(0, 600, entries)).toBe(500);
      let wrong = 0;
      for (let round = 0; round < 500; round += 1) {
        if (entries.phyOffset[round] !== (round * 100 + id) * 50 || entries.tagsCodeLow[round] !== round) wrong += 1;
      }
      expect(wrong).toBe(0);
    }
  });

  it('never drops entries that could not be written', () => {
    const fs = new FaultFs(new MemFs());
    const parts = makeParts(fs, new EntryMemory(64 * 4_080), 20_000);
    const queues = Array.from({ length: 65 }, (_, id) => new ConsumeQueue(parts, 'T', id));
    fs.fail({ operation: 'pwrite', path: /\/cq\//, code: 'EIO', times: 1_000 });
    for (const queue of queues.slice(0, 64)) queue.put(0, 0, 50, 0, 0, 1);
    const last = queues[64] as ConsumeQueue;
    expect(() => last.put(0, 0, 50, 0, 0, 1)).toThrow(StoreIoError);
    expect(last.maxOffset).toBe(0);
    fs.heal();
    last.put(0, 0, 50, 0, 0, 1);
    const entries = new ConsumeQueueEntries(1);
    for (const queue of queues) expect(queue.entriesFrom(0, 1, entries)).toBe(1);
  });
});

describe('ConsumeQueue on disk', () => {
  it('has after a crash what was flushed', async () => {
    const { fs, queue } = make();
    for (let index = 0; index < 15; index += 1) put(queue, index, index * 100, 100);
    const flushed = queue.flushAsync();
    put(queue, 15, 1_500, 100);
    expect(queue.isUnwritten).toBe(true);
    await flushed;
    expect([queue.isUnwritten, queue.isUnflushed]).toEqual([true, true]);
    queue.writeDirty();
    fs.crash();
    const after = reopen(fs);
    expect([after.maxOffset, after.maxPhysicOffset]).toEqual([15, 1_500]);
    expect(put(after, 15, 1_500, 100)).toBe('appended');
    expect(after.lastPhyOffset()).toBe(1_600);
  });

  it('counts unwritten pages as Java counts unflushed ones', () => {
    const { queue } = make(new MemFs(), 20_000);
    for (let index = 0; index < 204; index += 1) put(queue, index, index * 100, 100);
    expect([queue.unwrittenPages, queue.isUnflushed]).toEqual([0, true]);
    put(queue, 204, 20_400, 100);
    expect(queue.unwrittenPages).toBe(1);
    queue.writeDirty();
    expect([queue.unwrittenPages, queue.isUnflushed]).toEqual([0, true]);
    queue.flush();
    expect([queue.unwrittenPages, queue.isUnflushed]).toEqual([0, false]);
  });

  it('has the time of its last entry as modification time, however late it is written', () => {
    const { fs, queue } = make();
    for (let index = 0; index < 25; index += 1) put(queue, index, index * 100, 100, 0, 0, 1_000_000 + index);
    const mtimes = (): (number | undefined)[] =>
      fs
        .list('/cq/T/3')
        .sort()
        .map((name) => fs.stat(`/cq/T/3/${name}`)?.mtimeMs);
    queue.writeDirty();
    expect(mtimes()).toEqual([1_000_009, 1_000_019, 1_000_024]);
    for (let index = 25; index < 31; index += 1) put(queue, index, index * 100, 100, 0, 0, 1_000_000 + index);
    queue.flush();
    expect(mtimes()).toEqual([1_000_009, 1_000_019, 1_000_029, 1_000_030]);
  });

  it('is recovered from its third-last file on', () => {
    const { fs, queue } = make();
    for (let index = 0; index < 45; index += 1) put(queue, index, index * 100, 100);
    queue.flush();
    // Damage in an older file is not noticed, as in Java.
    fs.open('/cq/T/3/00000000000000000200', 'update').pwrite(Buffer.alloc(40), 0, 40, 0);
    const after = reopen(fs);
    expect([after.maxOffset, after.maxPhysicOffset, after.isUnflushed]).toEqual([45, 4_500, false]);
  });

  it('has doubts about a gap; after a crash it ends there, removes later files and zeroes what follows', () => {
    const { fs, queue } = make();
    for (let index = 0; index < 45; index += 1) put(queue, index, index * 100, 100);
    queue.flush();
    fs.open('/cq/T/3/00000000000000000600', 'update').pwrite(Buffer.alloc(20), 0, 20, 100);
    const clean = reopen(fs);
    expect([clean.maxOffset, clean.maxPhysicOffset, fs.list('/cq/T/3').length]).toEqual([45, 4_500, 5]);
    expect(recoverConsumeQueue(clean, false).doubtful).toEqual([{ first: 35, behind: 36 }]);
    const crashed = reopen(fs, true);
    expect([crashed.maxOffset, crashed.maxPhysicOffset, fs.list('/cq/T/3').length]).toEqual([35, 3_500, 4]);
    const tail = fs.readFile('/cq/T/3/00000000000000000600', 1_000)?.subarray(100);
    expect(tail?.every((byte) => byte === 0)).toBe(true);
  });

  it('knows where its last message ends when the files checked are all empty', () => {
    const { fs, queue } = make();
    for (let index = 0; index < 10; index += 1) put(queue, index, index * 100, 100);
    queue.flush();
    for (const start of ['200', '400', '600']) fs.install(`/cq/T/3/${start.padStart(20, '0')}`, Buffer.alloc(200));
    const after = reopen(fs);
    expect([after.maxOffset, after.maxPhysicOffset]).toEqual([10, 1_000]);
  });
});

describe('ConsumeQueue cut to the end of the CommitLog', () => {
  it('loses the entries at and behind it, in memory and on disk', () => {
    for (const cut of [0, 1, 950, 1_000, 1_001, 2_450, 4_500, 9_999]) {
      const { fs, queue } = make();
      for (let index = 0; index < 45; index += 1) {
        put(queue, index, index * 100, 100);
        if (index === 30) queue.flush();
      }
      truncateConsumeQueue(queue, cut);
      const kept = Math.min(45, Math.ceil(cut / 100));
      expect(queue.maxOffset, `cut ${cut}`).toBe(kept);
      expect(queue.maxPhysicOffset, `cut ${cut}`).toBe(kept === 0 ? cut : kept * 100);
      const left = fs
        .list('/cq/T/3')
        .sort()
        .map((name) => fs.readFile(`/cq/T/3/${name}`, 1_000) ?? Buffer.alloc(0));
      expect(
        Buffer.concat(left)
          .subarray(kept * 20)
          .every((byte) => byte === 0),
        `cut ${cut}`,
      ).toBe(true);
      expect(put(queue, kept, 50_000, 100)).toBe('appended');
      queue.flush();
      expect(reopen(fs).maxOffset).toBe(kept + 1);
    }
  });

  it('does not bring old entries of equal size back at a later start (deviation: zeroed tails)', () => {
    const { fs, queue } = make();
    for (let index = 0; index < 9; index += 1) put(queue, index, index * 100, 100);
    queue.flush();
    truncateConsumeQueue(queue, 300);
    put(queue, 3, 300, 100);
    queue.flush();
    expect(reopen(fs).maxOffset).toBe(4);
  });

  it('keeps no entry of a file whose first entry is empty', () => {
    const { fs, queue } = make();
    for (let index = 0; index < 10; index += 1) put(queue, index, index * 100, 100);
    queue.flush();
    fs.install('/cq/T/3/00000000000000000200', Buffer.alloc(200));
    const after = reopen(fs);
    truncateConsumeQueue(after, 550);
    expect([after.maxOffset, after.maxPhysicOffset]).toEqual([6, 600]);
    const empty = make();
    empty.fs.install('/cq/T/3/00000000000000000400', Buffer.alloc(200));
    const only = reopen(empty.fs);
    truncateConsumeQueue(only, 550);
    expect([only.maxOffset, only.maxPhysicOffset]).toEqual([20, 550]);
  });

  it('does not take filler for messages', () => {
    const { queue } = make();
    put(queue, 5, 5_000, 100);
    truncateConsumeQueue(queue, 4_000);
    expect([queue.maxOffset, queue.maxPhysicOffset]).toEqual([5, 4_000]);
    expect(put(queue, 5, 4_000, 100)).toBe('appended');
  });
});

describe('ConsumeQueue expiry', () => {
  it('removes leading files whose last message has gone, never the last, and corrects the min offset', async () => {
    const { fs, queue } = make();
    for (let index = 0; index < 45; index += 1) put(queue, index, index * 100, 100);
    expect(await deleteExpired(queue, 900)).toBe(0);
    expect(queue.minOffset).toBe(9);
    expect(await deleteExpired(queue, 901)).toBe(1);
    expect(queue.minOffset).toBe(10);
    expect(await deleteExpired(queue, 2_550)).toBe(1);
    expect([queue.minOffset, queue.maxOffset]).toEqual([26, 45]);
    expect(fs.list('/cq/T/3').length).toBe(3);
    expect(queue.entriesFrom(19, 1, new ConsumeQueueEntries(1))).toBe(0);
    expect(await deleteExpired(queue, 99_999)).toBe(2);
    // Nothing in the last file qualifies, so the min offset stays where the file before it had put it.
    expect([queue.minOffset, queue.maxOffset, fs.list('/cq/T/3').length]).toEqual([26, 45, 1]);
    put(queue, 45, 4_500, 100);
    queue.correctMinOffset(4_450);
    expect(queue.minOffset).toBe(45);
  });

  it('removes everything', () => {
    const { fs, queue } = make();
    for (let index = 0; index < 45; index += 1) put(queue, index, index * 100, 100);
    queue.flush();
    queue.destroy();
    expect([queue.minOffset, queue.maxOffset, queue.maxPhysicOffset, fs.stat('/cq/T/3')]).toEqual([
      0,
      0,
      -1,
      undefined,
    ]);
    expect(put(queue, 0, 0, 100)).toBe('appended');
  });
});

it('rounds the file size up to whole entries. Java: getMappedFileSizeConsumeQueue', () => {
  expect([410, 420, 1, 6_000_000].map(roundUpToEntries)).toEqual([420, 420, 20, 6_000_000]);
});

function makeParts(
  fs: MemFs | FaultFs,
  memory = new EntryMemory(),
  fileSize = PER_FILE * 20,
  warnings: unknown[] = [],
) {
  fs.mkdir('/cq');
  fs.fsyncDir('/');
  const log = { ...silentLogger, warn: (fields: unknown) => void warnings.push(fields) };
  return { openFiles: new OpenFiles(fs), dir: '/cq', fileSize, memory, log, onDirty: () => undefined };
}

function make<F extends MemFs | FaultFs = MemFs>(fs = new MemFs() as F, fileSize = PER_FILE * 20) {
  const warnings: unknown[] = [];
  const queue = new ConsumeQueue(makeParts(fs, new EntryMemory(), fileSize, warnings), 'T', 3);
  fs.mkdir('/cq/T/3');
  for (const dir of ['/cq', '/cq/T']) fs.fsyncDir(dir);
  return { fs, queue, warnings };
}

/** The queue as another process finds it. */
function reopen(fs: MemFs, afterCrash = false): ConsumeQueue {
  const queue = new ConsumeQueue(makeParts(fs), 'T', 3);
  queue.files.load();
  recoverConsumeQueue(queue, afterCrash);
  return queue;
}

function put(queue: ConsumeQueue, at: number, phy: number, size: number, high = 0, low = 0, nowMs = 1_000): string {
  return queue.put(at, phy, size, high, low, nowMs);
}
