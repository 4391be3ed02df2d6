import type { ConsumeQueue } from './consume-queue.ts';
import { ConsumeQueueEntries, CQ_ENTRY_BYTES, FILLER_SIZE } from './consume-queue-entries.ts';
import { recoverConsumeQueueExt } from './consume-queue-ext-recovery.ts';
import { extOffset, isExtAddress } from './consume-queue-ext-unit.ts';
import type { MappedFile } from './mapped-file.ts';

/**
 * Finds the end of a loaded queue: entries are taken from the third-last file on while they look valid. With
 * `afterCrash` everything behind the end is made zero, because a torn write may have left entries behind a gap.
 * Gives the bytes zeroed. Throws StoreIoError. Java: ConsumeQueue#recover.
 */
export function recoverConsumeQueue(queue: ConsumeQueue, afterCrash: boolean): number {
  const { files } = queue;
  const index = Math.max(0, files.files.length - FILES_TO_CHECK);
  const scan = new ValidScan(Number.MAX_SAFE_INTEGER);
  let end = files.files[index]?.fileFromOffset ?? 0;
  for (const file of files.files.slice(index)) {
    end = file.fileFromOffset + scan.run(file);
    if (end !== file.fileFromOffset + file.fileSize) break;
  }
  queue.endAt(end, scan.maxPhysicOffset);
  // Nothing valid in the files looked at: older files still know where the last message ended.
  if (scan.maxPhysicOffset < 0) queue.endAt(end, queue.lastPhyOffset());
  if (queue.ext !== undefined) recoverConsumeQueueExt(queue.ext, scan.maxExtOffset, afterCrash);
  // Every page before the end holds entries, and none of them is zero.
  const zeroed = afterCrash ? (files.lastFile?.zeroTailOfDense() ?? 0) : 0;
  // Else another power loss brings back what lay here, when the queue has grown up to it.
  if (zeroed > 0) files.lastFile?.flush();
  return zeroed;
}

/**
 * Cuts off the entries of messages at or behind `phyOffset`, where the CommitLog ends. What was cut becomes zero on
 * disk (ADR 0014). Throws StoreIoError. Java: ConsumeQueue#truncateDirtyLogicFiles; unlike there a file
 * whose first entry is empty keeps no entry.
 */
export function truncateConsumeQueue(queue: ConsumeQueue, phyOffset: number): void {
  queue.writeDirty();
  const { files } = queue;
  for (;;) {
    const file = files.lastFile;
    if (file === undefined) {
      queue.endAt(0, phyOffset);
      return;
    }
    const before = file.wrotePosition;
    const scan = new ValidScan(phyOffset);
    const kept = scan.run(file);
    if (kept === 0 && (scan.stoppedAtLimit || files.files.length > 1)) {
      files.removeLast();
      continue;
    }
    if (before > kept && file.zeroWhereDirty(kept, before) > 0) file.flush();
    queue.endAt(file.fileFromOffset + kept, scan.maxPhysicOffset < 0 ? phyOffset : scan.maxPhysicOffset);
    return;
  }
}

/**
 * After a crash: what a killed process wrote about messages at or behind `phyOffset` may be in the kernel only. It
 * counts as unflushed again; true when there is such. Throws StoreIoError.
 */
export function doubtConsumeQueue(queue: ConsumeQueue, phyOffset: number): boolean {
  if (queue.maxPhysicOffset <= phyOffset) return false;
  const { files } = queue.files;
  for (const file of [...files].reverse()) {
    file.doubtFrom(0);
    queue.files.flushedWhere = Math.min(queue.files.flushedWhere, file.fileFromOffset);
    ENTRIES.count = 0;
    const count = queue.entriesFrom(file.fileFromOffset / CQ_ENTRY_BYTES, 1, ENTRIES);
    if (count > 0 && (ENTRIES.phyOffset[0] as number) < phyOffset) break;
  }
  return true;
}

/** Java checks three files; older ones were complete when these were begun. */
const FILES_TO_CHECK = 3;
/** Most of ten thousand queues hold little: the first read is a page, each later one four times the one before. */
const FIRST_READ_BYTES = 204 * CQ_ENTRY_BYTES;
const READ_GROWTH = 4;
const ENTRIES_PER_READ = 3_276;
const BUFFER = Buffer.alloc(ENTRIES_PER_READ * CQ_ENTRY_BYTES);
const ENTRIES = new ConsumeQueueEntries(ENTRIES_PER_READ);

/** Walks the valid entries of files, in order, up to a physical offset. */
class ValidScan {
  /** End of the last valid message, −1 without one. */
  maxPhysicOffset = -1;
  /** Greatest offset in the extension that a valid entry names, −1 without one. */
  maxExtOffset = -1;
  /** Whether an entry at or behind the limit ended the walk. */
  stoppedAtLimit = false;
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes of the file's leading valid entries. */
  run(file: MappedFile): number {
    let readBytes = FIRST_READ_BYTES;
    for (let at = 0, length = 0; at < file.fileSize; at += length) {
      length = Math.min(readBytes, BUFFER.length, file.fileSize - at);
      readBytes *= READ_GROWTH;
      // A file that ends early ends the queue there: what is missing is read as zeros.
      BUFFER.fill(0, file.read(BUFFER, 0, length, at), length);
      ENTRIES.count = 0;
      ENTRIES.decode(BUFFER, 0, Math.floor(length / CQ_ENTRY_BYTES));
      for (let index = 0; index < ENTRIES.count; index += 1) {
        if (!this.#accepts(index)) return at + index * CQ_ENTRY_BYTES;
      }
    }
    return file.fileSize;
  }

  #accepts(index: number): boolean {
    const phyOffset = ENTRIES.phyOffset[index] as number;
    const size = ENTRIES.size[index] as number;
    if (phyOffset < 0 || size <= 0) return false;
    if (phyOffset >= this.#limit) {
      this.stoppedAtLimit = true;
      return false;
    }
    // Filler entries belong to no message.
    if (size !== FILLER_SIZE || phyOffset !== 0) this.maxPhysicOffset = phyOffset + size;
    const high = ENTRIES.tagsCodeHigh[index] as number;
    const low = ENTRIES.tagsCodeLow[index] as number;
    if (isExtAddress(high, low)) this.maxExtOffset = Math.max(this.maxExtOffset, extOffset(high, low));
    return true;
  }
}
