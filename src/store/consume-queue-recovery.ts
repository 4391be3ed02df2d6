import type { ConsumeQueue } from './consume-queue.ts';
import { ConsumeQueueEntries, CQ_ENTRY_BYTES, FILLER_SIZE } from './consume-queue-entries.ts';
import { recoverConsumeQueueExt } from './consume-queue-ext-recovery.ts';
import { extOffset, isExtAddress } from './consume-queue-ext-unit.ts';
import type { MappedFile } from './mapped-file.ts';

/** What recovery found in the files of one queue. */
export interface RecoveredQueue {
  /** Bytes behind the end that were not zero, and are now. */
  readonly zeroed: number;
  /** Entries that cannot be right: `consume-queue-mend.ts` looks at them. Disjoint, in order. */
  readonly doubtful: EntryRun[];
}

/** A queue with entries that cannot be right. */
export interface DoubtfulQueue {
  readonly queue: ConsumeQueue;
  readonly runs: EntryRun[];
}

/** Entries [first, behind) of a queue. */
export interface EntryRun {
  readonly first: number;
  behind: number;
}

/**
 * Finds the end of a loaded queue, from the third-last file on. It is behind the last entry that is not zero, and
 * entries that cannot be right are named. With `afterCrash` the first zero entry ends it, and everything behind
 * becomes zero, because a torn write may have left entries behind a gap. Throws StoreIoError.
 * Java: ConsumeQueue#recover, for which an entry that cannot be right ends the queue.
 */
export function recoverConsumeQueue(queue: ConsumeQueue, afterCrash: boolean): RecoveredQueue {
  const { files } = queue;
  const index = Math.max(0, files.files.length - FILES_TO_CHECK);
  const scan = new TailScan(files.files[index]?.fileFromOffset ?? 0, queue.ext?.maxOffset ?? 0, afterCrash);
  for (const file of files.files.slice(index)) {
    if (!scan.run(file) && afterCrash) break;
  }
  const { doubtful } = scan;
  const end = scan.end * CQ_ENTRY_BYTES;
  queue.endAt(end, scan.maxPhysicOffset);
  // Nothing valid in the files looked at: older files still know where the last message ended.
  if (scan.maxPhysicOffset < 0) queue.endAt(end, queue.lastPhyOffset());
  if (queue.ext !== undefined) recoverConsumeQueueExt(queue.ext, scan.maxExtOffset, afterCrash);
  // Every page before the end holds entries, and none of them is zero.
  const zeroed = afterCrash ? (files.lastFile?.zeroTailOfDense() ?? 0) : 0;
  // Else another power loss brings back what lay here, when the queue has grown up to it.
  if (zeroed > 0) files.lastFile?.flush();
  return { zeroed, doubtful };
}

/**
 * After a crash: a power loss may have kept the first half of the last entry and not the second, when the two lie in
 * different sectors, and an entry without its tagsCode looks like one. Takes it away when its message lies at or behind
 * `phyOffset`, from where on the log is indexed again; true when there was such. Throws StoreIoError.
 */
export function dropSplitEntry(queue: ConsumeQueue, phyOffset: number): boolean {
  const last = queue.maxOffset - 1;
  const file = queue.files.lastFile;
  if (file === undefined || last < 0 || queue.maxPhysicOffset <= phyOffset) return false;
  const at = last * CQ_ENTRY_BYTES - file.fileFromOffset;
  if (at < 0 || Math.floor(at / SECTOR_BYTES) === Math.floor((at + CQ_ENTRY_BYTES - 1) / SECTOR_BYTES)) return false;
  ENTRIES.count = 0;
  if (queue.entriesFrom(last, 1, ENTRIES) === 0) return false;
  const start = ENTRIES.phyOffset[0] as number;
  if (start < phyOffset) return false;
  file.zero(at, at + CQ_ENTRY_BYTES);
  queue.endAt(last * CQ_ENTRY_BYTES, start);
  return true;
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

/** The least that a disk writes whole. */
const SECTOR_BYTES = 512;
/** Java checks three files; older ones were complete when these were begun. */
const FILES_TO_CHECK = 3;
/** Most of ten thousand queues hold little: the first read is a page, each later one four times the one before. */
const FIRST_READ_BYTES = 204 * CQ_ENTRY_BYTES;
const READ_GROWTH = 4;
const ENTRIES_PER_READ = 3_276;
const BUFFER = Buffer.alloc(ENTRIES_PER_READ * CQ_ENTRY_BYTES);
const ENTRIES = new ConsumeQueueEntries(ENTRIES_PER_READ);

/**
 * Reads a file from its begin on, piece by piece, into {@link ENTRIES}; gives the number in the queue of each piece's
 * first entry. Stop asking, and nothing more is read. Throws StoreIoError.
 */
function* entryPieces(file: MappedFile): Generator<number, void> {
  let readBytes = FIRST_READ_BYTES;
  for (let at = 0, length = 0; at < file.fileSize; at += length) {
    length = Math.min(readBytes, BUFFER.length, file.fileSize - at);
    readBytes *= READ_GROWTH;
    // A file that ends early ends the queue there: what is missing is read as zeros.
    BUFFER.fill(0, file.read(BUFFER, 0, length, at), length);
    ENTRIES.count = 0;
    ENTRIES.decode(BUFFER, 0, Math.floor(length / CQ_ENTRY_BYTES));
    yield (file.fileFromOffset + at) / CQ_ENTRY_BYTES;
  }
}

/**
 * Walks the entries of the last files of a queue. Messages lie in the log in the order of their queue: an entry that
 * leads to a place before the end of the one before it makes both doubtful, unless it repeats it, as the repair of a
 * store leaves it for a lost message.
 */
class TailScan {
  /** Entry behind the last one that is not zero. */
  end: number;
  /** End of the last message whose entry may be right, −1 without one. */
  maxPhysicOffset = -1;
  /** Greatest offset in the extension that an entry names, −1 without one. */
  maxExtOffset = -1;
  readonly doubtful: EntryRun[] = [];
  readonly #extEnd: number;
  readonly #afterCrash: boolean;
  /** The last entry that may be right. */
  #entry = -1;
  #phyOffset = 0;
  #size = 0;
  /** Where the next file should begin; entries of files that are missing between others are not doubtful. */
  #nextFile = -1;
  #contiguousFrom = 0;

  constructor(from: number, extEnd: number, afterCrash: boolean) {
    this.end = from / CQ_ENTRY_BYTES;
    this.#extEnd = extEnd;
    this.#afterCrash = afterCrash;
  }

  /** Goes through a file as far as it is used. False when it is not full. */
  run(file: MappedFile): boolean {
    const firstEntry = file.fileFromOffset / CQ_ENTRY_BYTES;
    if (firstEntry !== this.#nextFile) this.#contiguousFrom = firstEntry;
    this.#nextFile = firstEntry + file.fileSize / CQ_ENTRY_BYTES;
    for (const first of entryPieces(file)) {
      for (let index = 0; index < ENTRIES.count; index += 1) {
        if (ENTRIES.size[index] !== 0 || ENTRIES.phyOffset[index] !== 0) this.#see(first + index, index);
        else if (this.#afterCrash) return false;
      }
      if (this.end < first + ENTRIES.count) return false;
    }
    return true;
  }

  #see(entry: number, index: number): void {
    const phyOffset = ENTRIES.phyOffset[index] as number;
    const size = ENTRIES.size[index] as number;
    const from = Math.max(this.end, this.#contiguousFrom);
    if (entry > from) this.#doubt(from, entry);
    this.end = entry + 1;
    const isPossible = phyOffset >= 0 && size > 0;
    this.#seeAddress(ENTRIES.tagsCodeHigh[index] as number, ENTRIES.tagsCodeLow[index] as number, isPossible);
    if (!isPossible) {
      this.#doubt(entry, entry + 1);
      return;
    }
    // Filler entries belong to no message.
    if (size === FILLER_SIZE && phyOffset === 0) return;
    const isRepeated = phyOffset === this.#phyOffset && size === this.#size;
    if (phyOffset < this.maxPhysicOffset && !isRepeated) this.#doubt(this.#entry, entry + 1);
    this.#entry = entry;
    this.#phyOffset = phyOffset;
    this.#size = size;
    this.maxPhysicOffset = phyOffset + size;
  }

  /** An entry that is wrong elsewhere keeps its unit when there is one; nobody else may be given its place. */
  #seeAddress(high: number, low: number, isPossible: boolean): void {
    if (!isExtAddress(high, low)) return;
    const offset = extOffset(high, low);
    if (isPossible || offset < this.#extEnd) this.maxExtOffset = Math.max(this.maxExtOffset, offset);
  }

  #doubt(first: number, behind: number): void {
    const last = this.doubtful.at(-1);
    if (last !== undefined && (first <= last.behind || this.doubtful.length === MOST_RUNS)) last.behind = behind;
    else this.doubtful.push({ first, behind });
  }
}

/** Beyond, everything from the last run on is doubtful: it is looked up in the log, which is never wrong. */
const MOST_RUNS = 64;

/** Walks the valid entries of files, in order, up to a physical offset. */
class ValidScan {
  /** End of the last valid message, −1 without one. */
  maxPhysicOffset = -1;
  /** Whether an entry at or behind the limit ended the walk. */
  stoppedAtLimit = false;
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes of the file's leading valid entries. */
  run(file: MappedFile): number {
    for (const first of entryPieces(file)) {
      for (let index = 0; index < ENTRIES.count; index += 1) {
        if (!this.#accepts(index)) return (first + index) * CQ_ENTRY_BYTES - file.fileFromOffset;
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
    return true;
  }
}
