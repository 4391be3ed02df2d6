import { posix } from 'node:path';
import { CQ_ENTRY_BYTES, FILLER_SIZE } from '../store/consume-queue-entries.ts';
import { fileNameToOffset, offsetToFileName } from '../store/mapped-file.ts';
import { OpenFiles } from '../store/open-files.ts';
import { storePath } from '../store/store-path.ts';
import type { Fs } from '../util/fs.ts';
import { writeAll } from '../util/write-whole.ts';
import { Derived } from './derived.ts';
import { directoryNames, fileNames } from './directory.ts';
import { ExtFiles, hasAddress } from './ext-files.ts';
import { LogProbe } from './log-probe.ts';
import type { LogRecord } from './log-record.ts';
import { walkLog } from './log-walker.ts';
import { isPreFill, type QueueEntry, QueueFiles, toBytes } from './queue-files.ts';
import type { RepairChanges } from './repair-changes.ts';
import type { ExtRepair } from './repair-ext.ts';
import { OFFSET_NAME, type StoreLayout } from './store-layout.ts';

/**
 * Makes the ConsumeQueues agree with the log up to `end`: every record gets its entry; an entry whose message is lost
 * repeats a neighbour, so that no place is given out twice and no reader stops (ADR 0028); entries behind the log
 * become zero.
 */
export class QueueRepair {
  readonly #fs: Fs;
  readonly #layout: StoreLayout;
  readonly #changes: RepairChanges;
  readonly #end: number;
  readonly #files: QueueFiles;
  readonly #probe: LogProbe;
  readonly #ext: ExtFiles;
  readonly #root: string;
  /** Entries that get their record, by queue; in a dry run they are not on disk. */
  readonly #written = new Map<string, Map<number, QueueEntry>>();
  readonly #counts = new Map<string, number>();
  readonly #openFiles: OpenFiles;
  /** Files to force to disk at the end. */
  readonly #changed = new Set<string>();
  /** Numbers behind the last entry of each queue that was written to. */
  readonly #ends = new Map<string, number>();
  #minOffset = 0;

  /** `ext`: what becomes of the extension files afterwards. */
  constructor(fs: Fs, layout: StoreLayout, changes: RepairChanges, end: number, ext: ExtRepair) {
    this.#fs = fs;
    this.#layout = layout;
    this.#changes = changes;
    this.#end = end;
    this.#root = storePath.consumeQueue(layout.dir);
    this.#files = new QueueFiles(fs, this.#root, layout.queueFileBytes);
    this.#probe = new LogProbe(fs, layout);
    this.#ext = new ExtFiles(fs, storePath.consumeQueueExt(layout.dir), (queue, offset) => ext.takes(queue, offset));
    this.#openFiles = new OpenFiles(fs);
  }

  run(): void {
    this.#repairFiles();
    const derived = new Derived(this.#layout.delayLevels);
    const summary = walkLog(this.#fs, this.#layout, {
      record: (record) => {
        if (record.phyOffset >= this.#end) return;
        derived.of(record);
        if (!derived.queued) return;
        const { high, low } = derived.tagsCode;
        const { phyOffset, totalSize: size } = record;
        this.#give(derived, record, { phyOffset, size, tagsHigh: high, tagsLow: low });
      },
      damage: () => {},
    });
    this.#minOffset = summary.minOffset;
    for (const topic of directoryNames(this.#fs, this.#root)) {
      for (const queue of directoryNames(this.#fs, posix.join(this.#root, topic))) {
        if (/^\d+$/.test(queue)) this.#queue(topic, Number(queue));
      }
    }
    for (const [queue, count] of this.#counts) this.#changes.step(`write ${count} entries of ${queue}`);
    for (const file of this.#changed) this.#openFiles.handle(file).fdatasync();
    this.#openFiles.closeAll();
    this.#files.close();
    this.#ext.close();
    this.#probe.close();
  }

  /** What is no file of a queue goes; lengths and files that are missing between others. */
  #repairFiles(): void {
    const size = this.#layout.queueFileBytes;
    for (const topic of directoryNames(this.#fs, this.#root)) {
      for (const queue of directoryNames(this.#fs, posix.join(this.#root, topic))) {
        let expected: number | undefined;
        const dir = posix.join(this.#root, topic, queue);
        for (const name of fileNames(this.#fs, dir)) {
          const path = `consumequeue/${topic}/${queue}/${name}`;
          const file = posix.join(dir, name);
          if (fileNameToOffset(name) === undefined) {
            if (this.#changes.step(`move ${path} away: it is no file of a queue`)) this.#changes.moveAway(path, file);
            continue;
          }
          const now = this.#fs.stat(file)?.sizeBytes ?? 0;
          if (now !== size && this.#changes.step(`give ${path} its ${size} bytes in place of ${now}`)) {
            this.#changes.resize(path, file, size);
          }
          for (const from = Number(name); expected !== undefined && expected < from; expected += size) {
            const missing = offsetToFileName(expected);
            if (!this.#changes.step(`make consumequeue/${topic}/${queue}/${missing}, which is missing`)) continue;
            this.#changes.create(posix.join(dir, missing), size);
          }
          expected = Number(name) + size;
        }
      }
    }
  }

  /** An entry that the log asks for. */
  #give({ topic, queueId, tagsCode }: Derived, record: LogRecord, wanted: QueueEntry): void {
    const { queueOffset: number, storeTimestamp } = record;
    const entry = this.#files.entry(topic, queueId, number);
    const keepsAddress =
      entry !== undefined &&
      hasAddress(entry) &&
      this.#ext.problem([topic, queueId], entry, tagsCode, storeTimestamp) === undefined;
    if (entry !== undefined && entry.phyOffset === wanted.phyOffset && entry.size === wanted.size) {
      // Without the files nobody can say what was there, and every reader passes such entries on.
      if (keepsAddress || (hasAddress(entry) && !this.#ext.has(topic, queueId))) return;
      if (entry.tagsHigh === wanted.tagsHigh && entry.tagsLow === wanted.tagsLow) return;
    } else if (entry !== undefined && entry.phyOffset > wanted.phyOffset && entry.phyOffset < this.#end) {
      // The queue began anew later.
      if (this.#leadsTo(entry, topic, queueId, number)) return;
    }
    const { tagsHigh, tagsLow } = keepsAddress ? entry : wanted;
    if (this.#isPlausible(topic, queueId, number)) {
      this.#put(topic, queueId, number, { ...wanted, tagsHigh, tagsLow });
    } else {
      const what = `it says entry ${number} of ${topic}-${queueId}, far behind the others`;
      this.#changes.step(`leave the record at ${wanted.phyOffset} without an entry: ${what}`);
    }
  }

  /** QUEUEOFFSET has no checksum: a number far behind those of its queue is damage, and would cost a file for each. */
  #isPlausible(topic: string, queueId: number, number: number): boolean {
    const queue = `consumequeue/${topic}/${queueId}`;
    let end = this.#ends.get(queue);
    if (end === undefined) {
      const names = fileNames(this.#fs, posix.join(this.#layout.dir, queue)).filter((name) => OFFSET_NAME.test(name));
      const perFile = this.#layout.queueFileBytes / CQ_ENTRY_BYTES;
      const last = names.at(-1);
      end = last === undefined ? number : Number(last) / CQ_ENTRY_BYTES + perFile;
    }
    if (number > end + MOST_JUMP) return false;
    this.#ends.set(queue, Math.max(end, number + 1));
    return true;
  }

  #put(topic: string, queueId: number, number: number, entry: QueueEntry): void {
    const place = this.#files.place(topic, queueId, number);
    if (place === undefined) return;
    const queue = `consumequeue/${topic}/${queueId}`;
    this.#counts.set(queue, (this.#counts.get(queue) ?? 0) + 1);
    if (!this.#changes.write) {
      const written = this.#written.get(queue) ?? new Map<number, QueueEntry>();
      this.#written.set(queue, written.set(number, entry));
      return;
    }
    if (this.#fs.stat(place.file) === undefined) this.#changes.create(place.file, this.#layout.queueFileBytes);
    else this.#changes.copyFile(place.path, place.file);
    writeAll(this.#openFiles.handle(place.file), toBytes(entry), place.at);
    this.#changed.add(place.file);
    this.#files.forget(place.file);
  }

  #entry(topic: string, queueId: number, number: number): QueueEntry | undefined {
    const planned = this.#written.get(`consumequeue/${topic}/${queueId}`)?.get(number);
    return planned ?? this.#files.entry(topic, queueId, number);
  }

  #leadsTo(entry: QueueEntry, topic: string, queueId: number, number: number): boolean {
    const { record } = this.#probe;
    if (entry.phyOffset >= this.#end || !this.#probe.read(entry.phyOffset)) return false;
    const same = record.queueId === queueId && record.queueOffset === number && record.totalSize === entry.size;
    return same && record.topic.toString('utf8') === topic;
  }

  /** Entries without a record: behind the last message they go, between others they repeat a neighbour. */
  #queue(topic: string, queueId: number): void {
    const span = this.#span(topic, queueId);
    if (span === undefined) return;
    let good: QueueEntry | undefined;
    let waiting: number[] = [];
    for (let number = span.first; number < span.last; number += 1) {
      const entry = this.#entry(topic, queueId, number);
      const isOld = entry !== undefined && entry.size > 0 && this.#isOld(entry);
      if (isOld && good === undefined && waiting.length === 0) continue;
      if (entry !== undefined && this.#isGood(entry, topic, queueId, number)) {
        for (const lost of waiting) this.#put(topic, queueId, lost, this.#minOffset > 0 ? PRE_FILL : entry);
        waiting = [];
        good = entry;
      } else if (number >= span.keep) this.#clear(topic, queueId, number, entry);
      else if (good !== undefined) {
        if (entry === undefined || !isSame(entry, good)) this.#put(topic, queueId, number, good);
      } else if (waiting.length < MOST_LEADING) waiting.push(number);
    }
    for (const number of waiting) this.#clear(topic, queueId, number, this.#entry(topic, queueId, number));
  }

  #isOld(entry: QueueEntry): boolean {
    return isPreFill(entry) || (entry.phyOffset >= 0 && entry.phyOffset < this.#minOffset);
  }

  #isGood(entry: QueueEntry, topic: string, queueId: number, number: number): boolean {
    return entry.size > 0 && this.#leadsTo(entry, topic, queueId, number);
  }

  #clear(topic: string, queueId: number, number: number, entry: QueueEntry | undefined): void {
    if (entry === undefined || (entry.size === 0 && entry.phyOffset === 0)) return;
    this.#put(topic, queueId, number, EMPTY);
  }

  /** Numbers of a queue's entries: `keep` is behind the last one that leads into the log. */
  #span(topic: string, queueId: number): { first: number; keep: number; last: number } | undefined {
    const names = fileNames(this.#fs, posix.join(this.#root, topic, String(queueId)));
    const numbers = names.filter((name) => OFFSET_NAME.test(name)).map((name) => Number(name) / CQ_ENTRY_BYTES);
    let first = numbers[0] ?? Number.POSITIVE_INFINITY;
    let last = (numbers.at(-1) ?? Number.NEGATIVE_INFINITY) + this.#layout.queueFileBytes / CQ_ENTRY_BYTES;
    for (const number of this.#written.get(`consumequeue/${topic}/${queueId}`)?.keys() ?? []) {
      first = Math.min(first, number);
      last = Math.max(last, number + 1);
    }
    if (first >= last) return undefined;
    let keep = first;
    for (let number = first; number < last; number += 1) {
      const entry = this.#entry(topic, queueId, number);
      if (entry === undefined || entry.size <= 0) continue;
      if (entry.phyOffset >= 0 && entry.phyOffset < this.#end && !isPreFill(entry)) keep = number + 1;
    }
    return { first, keep, last };
  }
}

function isSame(a: QueueEntry, b: QueueEntry): boolean {
  return a.phyOffset === b.phyOffset && a.size === b.size && a.tagsHigh === b.tagsHigh && a.tagsLow === b.tagsLow;
}

const EMPTY: QueueEntry = { phyOffset: 0, size: 0, tagsHigh: 0, tagsLow: 0 };
/** What Java writes before the first entry of a queue that does not begin with its file. */
const PRE_FILL: QueueEntry = { phyOffset: 0, size: FILLER_SIZE, tagsHigh: 0, tagsLow: 0 };
/** More messages than one lost log file holds. */
const MOST_JUMP = 12_000_000;
const MOST_LEADING = 10_000_000;
