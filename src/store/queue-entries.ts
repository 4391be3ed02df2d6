import type { ConsumeQueue } from './consume-queue.ts';
import { ConsumeQueueEntries } from './consume-queue-entries.ts';
import { CqExtUnit, isExtAddress } from './consume-queue-ext-unit.ts';

/** One entry of a consume queue as an administrator looks at it. The halves of tagsCode are signed 32-bit numbers. */
export interface QueueEntry {
  readonly phyOffset: number;
  readonly sizeBytes: number;
  readonly tagsCodeHigh: number;
  readonly tagsCodeLow: number;
  /** The unit of the extension that tagsCode is the address of. */
  readonly unit?: CqExtUnit | 'missing';
}

/** Entries of a queue, and what its ends are. */
export interface QueueEntries {
  readonly minOffset: number;
  readonly maxOffset: number;
  /** undefined when no entry is at the first place asked for. */
  readonly entries: readonly QueueEntry[] | undefined;
}

/** Java gives all of a file that are asked for, up to 300,000; nobody reads so many. */
export const MOST_ENTRIES = 10_000;

/**
 * Entries from `queueOffset` on, at most `count` and {@link MOST_ENTRIES}, and only those of one file. Throws
 * StoreIoError. Java: AdminBrokerProcessor#queryConsumeQueue.
 */
export function queueEntries(queue: ConsumeQueue, queueOffset: number, count: number): QueueEntries {
  const { minOffset, maxOffset } = queue;
  const most = Math.max(0, Math.min(count, MOST_ENTRIES));
  const columns = new ConsumeQueueEntries(Math.max(1, most));
  if (queueOffset < minOffset || queue.entriesFrom(queueOffset, Math.max(1, most), columns) === 0) {
    return { minOffset, maxOffset, entries: undefined };
  }
  const entries: QueueEntry[] = [];
  for (let at = 0; at < Math.min(columns.count, most); at++) entries.push(entryAt(queue, columns, at));
  return { minOffset, maxOffset, entries };
}

function entryAt(queue: ConsumeQueue, columns: ConsumeQueueEntries, at: number): QueueEntry {
  const tagsCodeHigh = columns.tagsCodeHigh[at] as number;
  const tagsCodeLow = columns.tagsCodeLow[at] as number;
  const phyOffset = columns.phyOffset[at] as number;
  const entry = { phyOffset, sizeBytes: columns.size[at] as number, tagsCodeHigh, tagsCodeLow };
  if (!isExtAddress(tagsCodeHigh, tagsCodeLow)) return entry;
  const unit = new CqExtUnit();
  if (queue.ext?.get(tagsCodeHigh, tagsCodeLow, unit) !== true) return { ...entry, unit: 'missing' };
  // The bit map lies in memory that the next read uses again.
  unit.bitMap = Uint8Array.from(unit.bitMap);
  return { ...entry, unit };
}
