import { CQ_ENTRY_BYTES } from './consume-queue-entries.ts';
import { ENTRIES_PER_CHUNK, type EntryChunk } from './entry-memory.ts';
import type { MappedFileQueue } from './mapped-file-queue.ts';
import { StoreIoError } from './store-errors.ts';

/**
 * After a failed fdatasync: writes the entries from where the files are known to be on disk up to `end` once more,
 * from the chunks, which hold them from entry `memoryStart` on. Throws StoreIoError, with the operation `rewrite` when
 * they are not in memory any more: then only the next start can rebuild the queue, from the log (ADR 0023).
 */
export function rewriteEntries(
  files: MappedFileQueue,
  chunks: readonly EntryChunk[],
  memoryStart: number,
  end: number,
): void {
  const suspect = files.files.filter((file) => file.isSuspect);
  if (suspect.length === 0) return;
  const from = Math.floor(files.flushedWhere / CQ_ENTRY_BYTES);
  if (chunks.length === 0 || from < memoryStart) {
    throw new StoreIoError('rewrite', files.dir, files.flushedWhere, 'EIO');
  }
  const perFile = files.fileSize / CQ_ENTRY_BYTES;
  for (const chunk of chunks) {
    const start = chunk.chunkNumber * ENTRIES_PER_CHUNK;
    const last = Math.min(end, start + ENTRIES_PER_CHUNK);
    for (let entry = Math.max(from, start); entry < last; ) {
      const file = files.findByOffset(entry * CQ_ENTRY_BYTES);
      if (file === undefined) throw new StoreIoError('rewrite', files.dir, entry * CQ_ENTRY_BYTES, 'ENOENT');
      const until = Math.min(last, (Math.floor(entry / perFile) + 1) * perFile);
      const position = entry * CQ_ENTRY_BYTES - file.fileFromOffset;
      file.write(chunk.bytes, (entry - start) * CQ_ENTRY_BYTES, (until - entry) * CQ_ENTRY_BYTES, position);
      entry = until;
    }
  }
  for (const file of suspect) file.rewritten();
}
