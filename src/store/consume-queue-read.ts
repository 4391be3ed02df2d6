import { type ConsumeQueueEntries, CQ_ENTRY_BYTES } from './consume-queue-entries.ts';
import type { MappedFileQueue } from './mapped-file-queue.ts';

/**
 * Appends entries [from, to) of one file to `into`. Gives the entry behind the last one read, −1 when the file ends
 * before, `from` when there is no file. Throws StoreIoError.
 */
export function readEntries(files: MappedFileQueue, from: number, to: number, into: ConsumeQueueEntries): number {
  const file = files.findByOffset(from * CQ_ENTRY_BYTES);
  if (file === undefined) return from;
  let entry = from;
  while (entry < to) {
    const wanted = Math.min(to - entry, SCRATCH.length / CQ_ENTRY_BYTES);
    const count = file.read(SCRATCH, 0, wanted * CQ_ENTRY_BYTES, entry * CQ_ENTRY_BYTES - file.fileFromOffset);
    into.decode(SCRATCH, 0, Math.floor(count / CQ_ENTRY_BYTES));
    if (count < wanted * CQ_ENTRY_BYTES) return -1;
    entry += wanted;
  }
  return entry;
}

const SCRATCH = Buffer.alloc(800 * CQ_ENTRY_BYTES);
