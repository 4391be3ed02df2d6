import { posix } from 'node:path';
import { CQ_ENTRY_BYTES } from '../store/consume-queue-entries.ts';
import { offsetToFileName } from '../store/mapped-file.ts';
import { storePath } from '../store/store-path.ts';
import { type Fs, FsError } from '../util/fs.ts';
import type { Derived } from './derived.ts';
import { directoryNames } from './directory.ts';
import { ExtFiles, hasAddress } from './ext-files.ts';
import { FileWindow } from './file-window.ts';
import type { Findings } from './findings.ts';
import { LogProbe } from './log-probe.ts';
import type { LogRecord } from './log-record.ts';
import type { LogSummary } from './log-walker.ts';
import { decodeEntry, isPreFill, type QueueEntry, QueueFiles } from './queue-files.ts';
import { OFFSET_NAME, type StoreLayout } from './store-layout.ts';

/** What the log says about one queue. */
interface QueueFacts {
  /** Records whose entry is right. */
  matched: number;
  /** Records without an entry, and the first of them. */
  missing: number;
  firstMissing: number;
  firstMissingPhyOffset: number;
  /** Entries that were reported while the log was read. */
  readonly reported: Set<number>;
}

/**
 * Checks ConsumeQueues against the log in both directions: every record has its entry, at its place, with its size and
 * tagsCode; every entry leads to its record.
 */
export class QueueCheck {
  readonly #fs: Fs;
  readonly #layout: StoreLayout;
  readonly #findings: Findings;
  readonly #afterCrash: boolean;
  readonly #files: QueueFiles;
  readonly #probe: LogProbe;
  readonly #ext: ExtFiles;
  readonly #queues = new Map<string, QueueFacts>();
  #superseded = 0;
  #lost = 0;
  #behind = 0;
  #withoutFiles = 0;

  constructor(fs: Fs, layout: StoreLayout, findings: Findings, afterCrash: boolean) {
    this.#fs = fs;
    this.#layout = layout;
    this.#findings = findings;
    this.#afterCrash = afterCrash;
    this.#files = new QueueFiles(fs, storePath.consumeQueue(layout.dir), layout.queueFileBytes);
    this.#probe = new LogProbe(fs, layout);
    this.#ext = new ExtFiles(fs, storePath.consumeQueueExt(layout.dir));
  }

  /** An intact record of the log, in the order of the log. */
  record(record: LogRecord, derived: Derived): void {
    if (!derived.queued) return;
    const { topic, queueId } = derived;
    const number = record.queueOffset;
    const facts = this.#factsOf(topic, queueId);
    const place = this.#files.place(topic, queueId, number);
    if (place === undefined) {
      this.#findings.note(`the record at ${record.phyOffset} is of ${topic}-${queueId}, which can have no queue`);
      return;
    }
    const entry = this.#files.entry(topic, queueId, number);
    if (entry === undefined || entry.size === 0) {
      if (facts.missing === 0) {
        facts.firstMissing = number;
        facts.firstMissingPhyOffset = record.phyOffset;
      }
      facts.missing += 1;
      return;
    }
    const problem = this.#problem(entry, record, derived);
    if (problem === undefined) return;
    if (facts.reported.size < MOST_REPORTED) facts.reported.add(number);
    this.#findings.damage(place.path, place.at, `entry ${number} ${problem}`);
  }

  /** Looks at the files of all queues, after the log. */
  finish(summary: LogSummary): void {
    const root = storePath.consumeQueue(this.#layout.dir);
    for (const topic of directoryNames(this.#fs, root)) {
      for (const name of directoryNames(this.#fs, posix.join(root, topic))) {
        if (!/^\d+$/.test(name)) {
          this.#findings.note(`consumequeue/${topic}/${name} is no queue and is ignored by a broker`);
          continue;
        }
        this.#queue(topic, Number(name), summary);
        this.#queues.delete(`${topic}/${name}`);
      }
    }
    for (const [name, facts] of this.#queues) this.#missing(`consumequeue/${name}`, facts, 0);
    if (this.#superseded > 0) this.#findings.note(`${this.#superseded} records are of queues that began anew later`);
    if (this.#lost > 0)
      this.#findings.note(`${this.#lost} entries repeat a neighbour: their messages were lost before`);
    if (this.#behind > 0) this.#findings.note(`${this.#behind} records wait for their queue entry: a start adds them`);
    if (this.#withoutFiles > 0) {
      this.#findings.note(`${this.#withoutFiles} entries hold addresses of extension files that are not there`);
    }
    this.#files.close();
    this.#probe.close();
    this.#ext.close();
  }

  #factsOf(topic: string, queueId: number): QueueFacts {
    const key = `${topic}/${queueId}`;
    let facts = this.#queues.get(key);
    if (facts === undefined) {
      facts = { matched: 0, missing: 0, firstMissing: 0, firstMissingPhyOffset: 0, reported: new Set() };
      this.#queues.set(key, facts);
    }
    return facts;
  }

  #problem(entry: QueueEntry, record: LogRecord, derived: Derived): string | undefined {
    const { phyOffset, totalSize, queueOffset } = record;
    if (entry.phyOffset !== phyOffset) {
      // A topic that was removed and made again counts from 0 once more: the later record has the place.
      if (entry.phyOffset > phyOffset && this.#leadsTo(entry, derived.topic, derived.queueId, queueOffset)) {
        this.#superseded += 1;
        return undefined;
      }
      return `leads to ${entry.phyOffset}, its record stands at ${phyOffset}`;
    }
    if (entry.size !== totalSize) return `says ${entry.size} bytes, its record at ${phyOffset} has ${totalSize}`;
    const { high, low } = derived.tagsCode;
    if (hasAddress(entry)) {
      const problem = this.#addressProblem(entry, record, derived);
      if (problem !== undefined) return problem;
    } else if (entry.tagsHigh !== high || entry.tagsLow !== low) {
      return `has tagsCode ${long(entry.tagsHigh, entry.tagsLow)}, its record at ${phyOffset} has ${long(high, low)}`;
    }
    this.#factsOf(derived.topic, derived.queueId).matched += 1;
    return undefined;
  }

  #addressProblem(entry: QueueEntry, record: LogRecord, derived: Derived): string | undefined {
    const { topic, queueId, tagsCode } = derived;
    if (this.#ext.has(topic, queueId)) {
      return this.#ext.problem([topic, queueId], entry, tagsCode, record.storeTimestamp);
    }
    this.#withoutFiles += 1;
    return undefined;
  }

  #leadsTo(entry: QueueEntry, topic: string, queueId: number, number: number): boolean {
    const { record } = this.#probe;
    if (!this.#probe.read(entry.phyOffset)) return false;
    const same = record.queueId === queueId && record.queueOffset === number && record.totalSize === entry.size;
    return same && record.topic.toString('utf8') === topic;
  }

  #queue(topic: string, queueId: number, summary: LogSummary): void {
    const path = `consumequeue/${topic}/${queueId}`;
    const facts = this.#factsOf(topic, queueId);
    try {
      const names = this.#fileNames(path);
      const found = { live: 0, end: 0 };
      for (const row of this.#rows(path, names)) this.#shape(path, row, found, summary);
      if (found.live !== facts.matched) {
        for (const row of this.#rows(path, names)) this.#leads(topic, queueId, row, facts, summary);
      }
      this.#missing(path, facts, found.end);
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
      this.#findings.damage(path, 0, `cannot be read: ${error.code}`);
    }
  }

  /** Names of the files, in order; everything else in the directory stops a broker's start. */
  #fileNames(path: string): string[] {
    const names: string[] = [];
    const dir = posix.join(this.#layout.dir, path);
    for (const name of this.#fs.list(dir).sort()) {
      const stat = this.#fs.stat(posix.join(dir, name));
      if (!OFFSET_NAME.test(name) || stat === undefined || stat.isDirectory) {
        this.#findings.damage(`${path}/${name}`, 0, 'is no file of a queue; a broker does not start with it');
        continue;
      }
      const size = this.#layout.queueFileBytes;
      if (stat.sizeBytes !== size) {
        const what = `the file has ${stat.sizeBytes} bytes in place of ${size}`;
        this.#findings.damage(`${path}/${name}`, stat.sizeBytes, what);
      }
      const before = names.at(-1);
      if (before !== undefined && Number(name) !== Number(before) + size) {
        this.#findings.damage(
          `${path}/${name}`,
          0,
          `the queue has a gap before this file: ${before} is the one before`,
        );
      }
      names.push(name);
    }
    return names;
  }

  *#rows(path: string, names: readonly string[]): Generator<Row> {
    for (const name of names) {
      const window = new FileWindow(this.#fs, posix.join(this.#layout.dir, path, name), ROWS_AT_ONCE_BYTES);
      for (let at = 0; at + CQ_ENTRY_BYTES <= window.sizeBytes; at += CQ_ENTRY_BYTES) {
        const entry = decodeEntry(window.view(at, CQ_ENTRY_BYTES), 0);
        yield { file: `${path}/${name}`, at, number: (Number(name) + at) / CQ_ENTRY_BYTES, entry };
      }
      window.close();
    }
  }

  /** Entries stand without a hole; before them only what leads to files that are gone. */
  #shape(path: string, row: Row, found: { live: number; end: number; hole?: Row }, summary: LogSummary): void {
    const { entry, number } = row;
    if (isEmpty(entry)) {
      found.hole ??= row;
      return;
    }
    if (found.hole !== undefined) {
      const { file, at, number: hole } = found.hole;
      this.#findings.damage(file, at, `entry ${hole} is empty, but ${path} goes on with entry ${number}`);
      delete found.hole;
    }
    found.end = number + 1;
    const isOld = isPreFill(entry) || (entry.phyOffset >= 0 && entry.phyOffset < summary.minOffset);
    if (!isOld || found.live > 0) found.live += 1;
  }

  #before: QueueEntry | undefined;

  /** Not every entry was met by its record: those that lead elsewhere. */
  #leads(topic: string, queueId: number, row: Row, facts: QueueFacts, summary: LogSummary): void {
    const { entry, number, file, at } = row;
    const before = number === 0 || at === 0 ? this.#files.entry(topic, queueId, number - 1) : this.#before;
    this.#before = entry;
    if (isEmpty(entry) || facts.reported.has(number) || isPreFill(entry)) return;
    if (entry.phyOffset >= 0 && entry.phyOffset < summary.minOffset) return;
    if (this.#leadsTo(entry, topic, queueId, number)) return;
    if (repeats(entry, before) || repeats(entry, this.#files.entry(topic, queueId, number + 1))) {
      this.#lost += 1;
      return;
    }
    const where = entry.phyOffset >= summary.end ? `, behind the end of the log at ${summary.end}` : '';
    this.#findings.damage(file, at, `entry ${number} leads to ${entry.phyOffset}${where}: not its record`);
  }

  #missing(path: string, facts: QueueFacts, end: number): void {
    if (facts.missing === 0) return;
    if (this.#afterCrash && facts.firstMissing >= end) {
      this.#behind += facts.missing;
      return;
    }
    const { firstMissing, firstMissingPhyOffset: phyOffset } = facts;
    const at = (firstMissing * CQ_ENTRY_BYTES) % this.#layout.queueFileBytes;
    const file = offsetToFileName(firstMissing * CQ_ENTRY_BYTES - at);
    const more = facts.missing > 1 ? ` and ${facts.missing - 1} more` : '';
    this.#findings.damage(`${path}/${file}`, at, `no entry ${firstMissing} for the record at ${phyOffset}${more}`);
  }
}

interface Row {
  readonly file: string;
  readonly at: number;
  readonly number: number;
  readonly entry: QueueEntry;
}

function isEmpty(entry: QueueEntry): boolean {
  return entry.size === 0 && entry.phyOffset === 0;
}

/** A repair puts a neighbour's entry where a message was lost. */
function repeats(entry: QueueEntry, other: QueueEntry | undefined): boolean {
  return other !== undefined && other.phyOffset === entry.phyOffset && other.size === entry.size;
}

function long(high: number, low: number): string {
  return String((BigInt(high) << 32n) | BigInt(low >>> 0));
}

const MOST_REPORTED = 1_000;
const ROWS_AT_ONCE_BYTES = 60_000;
