import { describe, expect, it } from 'vitest';
import { MemFs } from '../../testing/mem-fs.ts';
import { silentLogger } from '../util/logger.ts';
import { ConsumeQueue } from './consume-queue.ts';
import { recoverConsumeQueue } from './consume-queue-recovery.ts';
import { offsetInQueueByTime } from './consume-queue-time.ts';
import { EntryMemory } from './entry-memory.ts';
import { OpenFiles } from './open-files.ts';

/** Ten entries per file; message n lies at n × 100 and was stored at the n-th of `times`. */
describe('offsetInQueueByTime', () => {
  const steps = Array.from({ length: 25 }, (_, index) => 1_000 + index * 10);

  it('finds a message by its exact time. Java: testGetOffsetInQueueByTime', () => {
    const search = makeSearch(steps);
    for (const [index, time] of steps.entries()) expect(search(time)).toBe(index);
  });

  it('takes the nearer neighbour, ties to the earlier. Java: …TimestampIsSkewing', () => {
    const search = makeSearch(steps);
    expect([search(1_032), search(1_028), search(1_035), search(1_036)]).toEqual([3, 3, 3, 4]);
  });

  it('gives the first message for the time before, the last for the time after. Java: …SkewingIsLarge', () => {
    const search = makeSearch(steps);
    expect([search(0), search(999), search(1_241), search(99_999)]).toEqual([0, 0, 24, 24]);
  });

  it('gives the middle of equal times that the binary search meets', () => {
    expect(makeSearch(Array(9).fill(5_000))(5_000)).toBe(4);
  });

  it('looks at one file only, chosen by modification time', () => {
    // 1_094 is nearest to message 9 (1_090), but the first file was changed before it.
    expect(makeSearch(steps)(1_094)).toBe(10);
    // The mtime may be older than the last store time; then that message is not found either.
    expect(makeSearch(steps, (time) => time - 2)(1_090)).toBe(10);
  });

  it('works the same after a restart', () => {
    const search = makeSearch(steps, (time) => time, true);
    expect([search(1_090), search(1_094), search(99_999)]).toEqual([9, 10, 24]);
  });

  it('skips what has expired and starts at the min offset', () => {
    const search = makeSearch(steps.slice(0, 10), (time) => time, false, 450);
    expect([search(0), search(1_052), search(1_010)]).toEqual([5, 5, 5]);
    expect(makeSearch(steps.slice(0, 10), (time) => time, false, 99_999)(0)).toBe(0);
    expect(makeSearch(steps, (time) => time, false, 99_999)(99_999)).toBe(19);
  });

  it('gives 0 for an empty queue. Java: …ConsumeQueueNotFound1', () => {
    expect(makeSearch([])(1_000)).toBe(0);
  });

  it('passes over messages whose time cannot be read, and gives up with 0 when there are many', () => {
    const damaged = steps.map((time, index) => (index % 3 === 1 ? -1 : time));
    const search = makeSearch(damaged.slice(0, 10));
    for (const [index, time] of damaged.slice(0, 10).entries()) if (time > 0) expect(search(time)).toBe(index);
    expect([search(1_009), search(1_011), search(99_999)]).toEqual([0, 2, 9]);
    expect(makeSearch([1_000, -1, -1])(2_000)).toBe(0);
    expect(makeSearch(Array(9).fill(-1))(2_000)).toBe(0);
  });
});

function makeSearch(
  times: readonly number[],
  mtimeOf = (time: number): number => time,
  restarted = false,
  minPhyOffset = 0,
): (timestampMs: number) => number {
  const fs = new MemFs();
  const open = (): ConsumeQueue =>
    new ConsumeQueue(
      {
        openFiles: new OpenFiles(fs),
        dir: '/cq',
        fileSize: 200,
        memory: new EntryMemory(),
        log: silentLogger,
        onDirty: () => undefined,
      },
      'T',
      0,
    );
  let queue = open();
  for (const [index, time] of times.entries()) queue.put(index, index * 100, 100, 0, 0, mtimeOf(time));
  if (restarted) {
    queue.flush();
    queue = open();
    queue.files.load();
    recoverConsumeQueue(queue, false);
  }
  if (minPhyOffset > 0) queue.correctMinOffset(0);
  const storeTimeAt = (phyOffset: number, size: number): number => {
    expect(size).toBe(100);
    return times[phyOffset / 100] ?? -1;
  };
  return (timestampMs) => offsetInQueueByTime(queue, timestampMs, minPhyOffset, storeTimeAt);
}
