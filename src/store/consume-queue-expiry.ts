import type { ConsumeQueue } from './consume-queue.ts';
import { ConsumeQueueEntries, CQ_ENTRY_BYTES } from './consume-queue-entries.ts';
import { extOffset, isExtAddress } from './consume-queue-ext-unit.ts';

/**
 * Removes leading files of a queue whose last message lies below `minPhyOffset`, never the last file, and corrects the
 * min offset; a queue all of whose messages are gone gives its memory back. Gives the number of files. Rejects with
 * StoreIoError. Java: ConsumeQueue#deleteExpiredFile.
 */
export async function deleteExpired(queue: ConsumeQueue, minPhyOffset: number): Promise<number> {
  const { files } = queue;
  await queue.writeDirtyAsync();
  let removed = 0;
  for (;;) {
    const [first, second] = files.files;
    if (first === undefined || second === undefined) break;
    const lastEntry = second.fileFromOffset / CQ_ENTRY_BYTES - 1;
    if (queue.entriesFrom(lastEntry, 1, SINGLE) === 0 || (SINGLE.phyOffset[0] as number) >= minPhyOffset) break;
    await queue.removeFirstFile();
    removed += 1;
  }
  queue.correctMinOffset(minPhyOffset);
  await truncateByMinAddress(queue);
  if (queue.maxPhysicOffset <= minPhyOffset) queue.releaseMemory();
  return removed;
}

/** Units of entries that are gone go too, by whole files. Java: ConsumeQueueExt#truncateByMinAddress. */
async function truncateByMinAddress(queue: ConsumeQueue): Promise<void> {
  if (queue.ext === undefined || queue.entriesFrom(queue.minOffset, 1, SINGLE) === 0) return;
  const [high, low] = [SINGLE.tagsCodeHigh[0] as number, SINGLE.tagsCodeLow[0] as number];
  if (isExtAddress(high, low)) await queue.ext.truncateByMinOffset(extOffset(high, low));
}

/** Whether a crash leaves the queue everything that it knows of messages below `phyOffset`. Throws StoreIoError. */
export function isDurableBelow(queue: ConsumeQueue, phyOffset: number): boolean {
  if (!queue.isUnflushed) return true;
  const firstUnflushed = Math.floor(queue.files.flushedWhere / CQ_ENTRY_BYTES);
  return queue.entriesFrom(firstUnflushed, 1, SINGLE) === 1 && (SINGLE.phyOffset[0] as number) >= phyOffset;
}

const SINGLE = new ConsumeQueueEntries(1);
