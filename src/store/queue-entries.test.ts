import { describe, expect, it } from 'vitest';
import { MemFs } from '../../testing/mem-fs.ts';
import { silentLogger } from '../util/logger.ts';
import { ConsumeQueue } from './consume-queue.ts';
import { EntryMemory } from './entry-memory.ts';
import { OpenFiles } from './open-files.ts';
import { MOST_ENTRIES, queueEntries } from './queue-entries.ts';

/** A queue of `count` messages of 100 bytes, `perFile` entries to a file. */
function queueOf(count: number, perFile: number): ConsumeQueue {
  const openFiles = new OpenFiles(new MemFs());
  const parts = { openFiles, dir: '/cq', fileSize: perFile * 20, memory: new EntryMemory(), log: silentLogger };
  const queue = new ConsumeQueue({ ...parts, onDirty: () => {} }, 'T', 0);
  for (let index = 0; index < count; index++) queue.put(index, index * 100, 100, 0, index, 1);
  return queue;
}

const offsetsOf = (queue: ConsumeQueue, from: number, count: number): number[] | undefined =>
  queueEntries(queue, from, count).entries?.map(({ phyOffset }) => phyOffset);

describe('entries of a queue for an administrator', () => {
  it('are those of one file', () => {
    const queue = queueOf(25, 10);
    expect(offsetsOf(queue, 7, 10)).toEqual([700, 800, 900]);
    expect(offsetsOf(queue, 20, 10)).toHaveLength(5);
  });

  it('begin where messages begin, although older entries are in the file', () => {
    const queue = queueOf(25, 10);
    queue.correctMinOffset(450);
    expect(offsetsOf(queue, 4, 10)).toBeUndefined();
    expect(queueEntries(queue, 5, 1)).toMatchObject({ minOffset: 5, maxOffset: 25, entries: [{ phyOffset: 500 }] });
  });

  it('are not more than an answer may have', () => {
    const queue = queueOf(MOST_ENTRIES + 5, MOST_ENTRIES + 10);
    expect(offsetsOf(queue, 1, 2_147_483_647)).toHaveLength(MOST_ENTRIES);
  });
});
