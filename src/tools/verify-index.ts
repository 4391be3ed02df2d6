import { posix } from 'node:path';
import { indexFileBytes } from '../store/index-file.ts';
import { storePath } from '../store/store-path.ts';
import type { Fs } from '../util/fs.ts';
import type { Derived } from './derived.ts';
import { FileWindow } from './file-window.ts';
import type { Findings } from './findings.ts';
import { type IndexEntry, indexEntries, readHeader } from './index-entries.ts';
import { INDEX_AT } from './index-layout.ts';
import { checkIndexStructure } from './index-structure.ts';
import type { LogRecord } from './log-record.ts';
import type { StoreLayout } from './store-layout.ts';

const NO_NAMES: readonly string[] = [];

/**
 * Checks the index against the log: its entries stand in the order of the log, so both are read side by side. Every
 * entry leads to a record that has its key, and from the index's first entry on every key of the log has its entry.
 */
export class IndexCheck {
  readonly #fs: Fs;
  readonly #layout: StoreLayout;
  readonly #findings: Findings;
  readonly #afterCrash: boolean;
  readonly #minOffset: number;
  readonly #names: readonly string[];
  readonly #entries: Iterator<IndexEntry>;
  #current: IndexEntry | undefined;
  #next: IndexEntry | undefined;
  #lastPhyOffset = -1;
  /** Of the last entry: where keys that are missing belong. */
  #lastPath = 'index';
  #lastAt = 0;
  #started = false;
  #beginIsRight = true;
  readonly #missing = { count: 0, first: 0 };

  /** `minOffset`: where the log begins; entries before it lead to files that are gone. */
  constructor(fs: Fs, layout: StoreLayout, findings: Findings, afterCrash: boolean, minOffset: number) {
    this.#fs = fs;
    this.#layout = layout;
    this.#findings = findings;
    this.#afterCrash = afterCrash;
    this.#minOffset = minOffset;
    const dir = storePath.index(layout.dir);
    this.#names = layout.indexEnabled ? fs.list(dir).filter(isIndexName).sort() : NO_NAMES;
    this.#entries = indexEntries(fs, dir, this.#names, layout.index);
    this.#next = this.#pull();
    this.#advance();
  }

  /** An intact record of the log, in the order of the log. */
  record(record: LogRecord, derived: Derived): void {
    const { phyOffset } = record;
    this.#skipTo(phyOffset);
    const found = new Set<number>();
    const isFirst = !this.#started;
    for (let entry = this.#current; entry?.phyOffset === phyOffset; entry = this.#current) {
      this.#started = true;
      found.add(entry.keyHash);
      this.#entry(entry, record, derived);
      this.#advance();
    }
    if (!this.#started || derived.keyHashes.every((hash) => found.has(hash))) {
      if (found.size > 0) this.#reportMissing();
      return;
    }
    // The oldest file may begin with the last keys of a message whose first ones were in a file that is gone.
    if (isFirst && found.size > 0) return;
    if (this.#missing.count === 0) this.#missing.first = phyOffset;
    this.#missing.count += 1;
  }

  /** After the log: what leads behind its end, the keys at its end, and the files themselves. */
  finish(): void {
    this.#skipTo(Number.POSITIVE_INFINITY);
    const { count, first } = this.#missing;
    if (count > 0 && this.#afterCrash) {
      this.#findings.note(`the keys of ${count} records from ${first} on are not in the index: a start adds them`);
    } else this.#reportMissing();
    const dir = storePath.index(this.#layout.dir);
    for (const name of this.#fs.list(dir).sort()) {
      if (isIndexName(name)) this.#file(dir, name);
      else this.#findings.note(`index/${name} is no index file and is ignored by a broker`);
    }
  }

  #file(dir: string, name: string): void {
    const window = new FileWindow(this.#fs, posix.join(dir, name));
    const expected = indexFileBytes(this.#layout.index);
    const path = `index/${name}`;
    if (window.sizeBytes !== expected) {
      const what = `the file has ${window.sizeBytes} bytes in place of ${expected}: its keys are not found`;
      this.#findings.damage(path, window.sizeBytes, what);
    } else checkIndexStructure(window, path, readHeader(window), this.#layout.index, this.#findings);
    window.close();
  }

  /** Entries before `phyOffset` that no record claimed. */
  #skipTo(phyOffset: number): void {
    for (let entry = this.#current; entry !== undefined && entry.phyOffset < phyOffset; entry = this.#current) {
      if (entry.phyOffset >= this.#minOffset) {
        const what = `entry ${entry.number} leads to ${entry.phyOffset}, where no intact record is`;
        this.#findings.damage(entry.path, entry.at, what);
      }
      this.#started = true;
      this.#advance();
    }
  }

  #entry(entry: IndexEntry, record: LogRecord, derived: Derived): void {
    const { header, number } = entry;
    const say = (what: string): void => this.#findings.damage(entry.path, entry.at, `entry ${number} ${what}`);
    if (!derived.keyHashes.includes(entry.keyHash)) {
      say(`has key hash ${entry.keyHash}, which is of no key of the record at ${entry.phyOffset}`);
    }
    const { beginTimestamp, endTimestamp, indexCount } = header;
    const late = endTimestamp - record.storeTimestamp;
    // Of a file that recovery has cut, the end is known to the second only.
    if (number === indexCount - 1 && (late < 0 || late > 999)) {
      const what = `endTimestamp is ${endTimestamp}, its last message is of ${record.storeTimestamp}`;
      this.#findings.damage(entry.path, INDEX_AT.endTimestamp, what);
    }
    if (number === 1) this.#beginIsRight = beginTimestamp === record.storeTimestamp;
    if (number === 1 && !this.#beginIsRight) {
      const what = `beginTimestamp is ${beginTimestamp}, its first message is of ${record.storeTimestamp}`;
      this.#findings.damage(entry.path, INDEX_AT.beginTimestamp, what);
    }
    if (number === 1) this.#firstTime(entry, record, say);
    else if (this.#beginIsRight) {
      const timeDiff = secondsSince(beginTimestamp, record.storeTimestamp);
      if (entry.timeDiff !== timeDiff) say(`is ${entry.timeDiff} s behind the file's begin, its record ${timeDiff} s`);
    }
  }

  /** The first entry of a file counts from the end of the file before, which may be gone. Java: IndexFile#putKey. */
  #firstTime({ header, timeDiff }: IndexEntry, record: LogRecord, say: (what: string) => void): void {
    const isKnown = header.previousEnd !== undefined && this.#missing.count === 0;
    const expected = isKnown ? secondsSince(header.previousEnd, record.storeTimestamp) : Math.max(0, timeDiff);
    if (timeDiff === expected) return;
    const known = isKnown ? `, its record ${expected} s` : '';
    say(`is ${timeDiff} s behind the end of the file before${known}`);
  }

  /** Keys that are missing between others. */
  #reportMissing(): void {
    const { count, first } = this.#missing;
    if (count === 0) return;
    const what = `behind this entry the keys of ${count} records from ${first} on are missing`;
    this.#findings.damage(this.#lastPath, this.#lastAt, what);
    this.#missing.count = 0;
  }

  /** Goes to the next entry that stands in order; one that does not is damaged, or the one before it was. */
  #advance(): void {
    if (this.#current !== undefined) {
      this.#lastPhyOffset = this.#current.phyOffset;
      this.#lastPath = this.#current.path;
      this.#lastAt = this.#current.at;
    }
    for (;;) {
      this.#current = this.#next;
      this.#next = this.#current === undefined ? undefined : this.#pull();
      const { phyOffset } = this.#current ?? { phyOffset: Number.POSITIVE_INFINITY };
      const next = this.#next?.phyOffset ?? Number.POSITIVE_INFINITY;
      const tooEarly = phyOffset < this.#lastPhyOffset;
      const tooLate = phyOffset > next && next >= this.#lastPhyOffset;
      if (this.#current === undefined || (!tooEarly && !tooLate)) return;
      const { path, at, number } = this.#current;
      this.#findings.damage(path, at, `entry ${number} leads to ${phyOffset}, out of the order of its neighbours`);
    }
  }

  #pull(): IndexEntry | undefined {
    const result = this.#entries.next();
    return result.done === true ? undefined : result.value;
  }
}

function secondsSince(fromMs: number, timeMs: number): number {
  return fromMs <= 0 ? 0 : Math.max(0, Math.min(0x7fffffff, Math.trunc((timeMs - fromMs) / 1000)));
}

function isIndexName(name: string): boolean {
  return /^\d+$/.test(name);
}
