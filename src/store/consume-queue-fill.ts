import { CQ_ENTRY_BYTES, encodeEntry, FILLER_SIZE } from './consume-queue-entries.ts';
import { ENTRIES_PER_CHUNK } from './entry-memory.ts';
import type { MappedFileQueue } from './mapped-file-queue.ts';

/**
 * Makes the first file of a queue and fills it up to `logicOffset` with entries that belong to no message. Throws
 * StoreIoError, and then there is no file. Java: ConsumeQueue#fillPreBlank.
 */
export function fillBefore(files: MappedFileQueue, logicOffset: number): void {
  const file = files.fileForAppend(logicOffset);
  const fill = Buffer.alloc(ENTRIES_PER_CHUNK * CQ_ENTRY_BYTES);
  for (let at = 0; at < fill.length; at += CQ_ENTRY_BYTES) encodeEntry(fill, at, 0, FILLER_SIZE, 0, 0);
  const end = logicOffset - file.fileFromOffset;
  try {
    while (file.wrotePosition < end) file.append(fill, 0, Math.min(fill.length, end - file.wrotePosition));
  } catch (error) {
    // Half filled, it would make the next message the first one of the queue.
    files.removeLast();
    throw error;
  }
}
