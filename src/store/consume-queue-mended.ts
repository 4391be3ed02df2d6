import type { Logger } from '../util/logger.ts';
import type { ConsumeQueue } from './consume-queue.ts';
import { ConsumeQueueEntries, CQ_ENTRY_BYTES, encodeEntry, FILLER_SIZE } from './consume-queue-entries.ts';
import type { EntryRun } from './consume-queue-recovery.ts';
import type { EntryTrial, EntryValue } from './consume-queue-trial.ts';
import type { MappedFile } from './mapped-file.ts';

/** The entries of one run, and what is found for them. */
export class MendedRun {
  readonly queue: ConsumeQueue;
  readonly first: number;
  readonly behind: number;
  /** Where in the log the messages lie that are not found yet. */
  readonly from: number;
  readonly to: number;
  /** Whether the log was searched there. */
  isSearched = false;
  readonly #found = new Map<number, EntryValue>();
  readonly #trial: EntryTrial;
  readonly #limit: number;
  /** Whether an entry behind the run leads to what recovery does not index by itself. */
  readonly #isInside: boolean;
  #cutAt: number;

  constructor(queue: ConsumeQueue, run: EntryRun, trial: EntryTrial, limit: number) {
    this.queue = queue;
    this.first = run.first;
    this.behind = run.behind;
    this.#cutAt = run.behind;
    this.#trial = trial;
    this.#limit = limit;
    const before = readEntry(queue, run.first - 1);
    const next = readEntry(queue, run.behind);
    this.from = before === undefined || isFiller(before) ? 0 : before.phyOffset;
    this.to = Math.min(next?.phyOffset ?? limit, limit);
    this.#isInside = next !== undefined && next.phyOffset < limit;
    if (run.behind - run.first > MOST_TRIED_ENTRIES) return;
    for (let number = run.first; number < run.behind; number += 1) {
      const mended = trial.mended(queue, number, readEntry(queue, number) ?? NO_ENTRY);
      if (mended !== undefined) this.#found.set(number, mended);
    }
  }

  get isComplete(): boolean {
    return this.#found.size === this.behind - this.first;
  }

  /** A record of the queue, met in the log. */
  see(source: Parameters<EntryTrial['entryOf']>[2]): void {
    const { queueOffset } = source.peek;
    if (queueOffset < this.first || queueOffset >= this.behind || this.#found.has(queueOffset)) return;
    const old = readEntry(this.queue, queueOffset) ?? NO_ENTRY;
    this.#found.set(queueOffset, this.#trial.entryOf(this.queue, old, source));
  }

  /** Ends the queue where the log has no more of it: after a crash recovery goes on there, otherwise it is searched. */
  cut(minOffset: number, afterCrash: boolean): void {
    if (this.#isInside || this.behind < this.queue.maxOffset) {
      if (!afterCrash || this.#isInside) return;
    }
    const isKnown = minOffset === 0 || this.from >= minOffset;
    if (!afterCrash && !(this.isSearched && isKnown)) return;
    let at = this.behind;
    for (let number = this.behind - 1; number >= this.first; number -= 1) {
      const entry = this.#found.get(number);
      if (entry === undefined) at = number;
      else if (entry.phyOffset < this.#limit) break;
    }
    if (at === this.behind) return;
    this.#cutAt = at;
    this.queue.endAt(at * CQ_ENTRY_BYTES, this.queue.maxPhysicOffset);
  }

  /** Writes what differs. */
  write(files: MendedFiles, minOffset: number, logger: Logger, repair: string): void {
    const { topic, queueId } = this.queue;
    let written = 0;
    let lost = 0;
    for (let number = this.first; number < this.#cutAt; number += 1) {
      const old = readEntry(this.queue, number) ?? NO_ENTRY;
      const found = this.#found.get(number);
      if (found !== undefined && found.phyOffset === old.phyOffset && found.size === old.size) continue;
      files.write(this.queue, number, found ?? readEntry(this.queue, number - 1) ?? FILLER);
      if (found !== undefined) written += 1;
      else if (this.to > minOffset && !(old.phyOffset >= 0 && old.phyOffset < minOffset)) lost += 1;
    }
    const fields = { topic, queueId, first: this.first, behind: this.behind };
    if (written > 0) logger.warn({ ...fields, written }, 'wrote damaged entries of a consume queue again from the log');
    if (this.#cutAt < this.behind) {
      const text = 'cut entries at the end of a consume queue that lead to no message of the log';
      logger.warn({ ...fields, end: this.#cutAt }, text);
    }
    if (lost > 0) {
      const why = this.isSearched ? 'the log has no such messages' : 'too much log to search it at a start';
      const text = 'no message was found for damaged entries of a consume queue, readers pass over them';
      logger.error({ ...fields, lost, why, repair }, text);
    }
  }
}

/** Files with entries that were written again. */
export class MendedFiles {
  readonly #mtimes = new Map<MappedFile, number>();
  readonly #bytes = Buffer.alloc(CQ_ENTRY_BYTES);

  write({ files }: ConsumeQueue, number: number, entry: EntryValue): void {
    const file = files.findByOffset(number * CQ_ENTRY_BYTES);
    if (file === undefined) return;
    if (!this.#mtimes.has(file)) this.#mtimes.set(file, file.mtimeMs());
    encodeEntry(this.#bytes, 0, entry.phyOffset, entry.size, entry.tagsHigh, entry.tagsLow);
    file.write(this.#bytes, 0, CQ_ENTRY_BYTES, number * CQ_ENTRY_BYTES - file.fileFromOffset);
  }

  /** The search by time goes by when the last entry was appended, so that stays. */
  flush(): void {
    for (const [file, mtimeMs] of this.#mtimes) {
      file.setMtime(mtimeMs);
      file.flush();
    }
  }
}

/** An entry of a queue, undefined when there is none. Throws StoreIoError. */
export function readEntry(queue: ConsumeQueue, number: number): EntryValue | undefined {
  if (number < 0 || queue.entriesFrom(number, 1, SINGLE) === 0) return undefined;
  return {
    phyOffset: SINGLE.phyOffset[0] as number,
    size: SINGLE.size[0] as number,
    tagsHigh: SINGLE.tagsCodeHigh[0] as number,
    tagsLow: SINGLE.tagsCodeLow[0] as number,
  };
}

/** Whether the entry fills the space before the first of a queue. */
export function isFiller({ phyOffset, size }: EntryValue): boolean {
  return phyOffset === 0 && size === FILLER_SIZE;
}

const SINGLE = new ConsumeQueueEntries(1);
const NO_ENTRY: EntryValue = { phyOffset: -1, size: 0, tagsHigh: 0, tagsLow: 0 };
const FILLER: EntryValue = { phyOffset: 0, size: FILLER_SIZE, tagsHigh: 0, tagsLow: 0 };
/** Of a longer run the log is read at once. */
const MOST_TRIED_ENTRIES = 64;
