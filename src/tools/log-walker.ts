import { posix } from 'node:path';
import { type Fs, FsError } from '../util/fs.ts';
import { FileWindow } from './file-window.ts';
import { type DamagedPlace, placesIn } from './log-places.ts';
import { LogRecord } from './log-record.ts';
import { OFFSET_NAME, type StoreLayout } from './store-layout.ts';

/** Who looks at a log while it is walked over. */
export interface LogVisitor {
  /** An intact record; its topic and properties hold until this returns. */
  record(record: LogRecord, place: RecordPlace): void;
  /** Damage: `path` below the store, `offset` in the file. `place`: the bytes, when it is about bytes. */
  damage(path: string, offset: number, what: string, place?: LogDamage): void;
  /** True when nothing more is wanted. */
  isDone?(): boolean;
}

/** Where a record stands. */
export interface RecordPlace {
  readonly window: FileWindow;
  readonly path: string;
  readonly fileFrom: number;
}

/** Damaged bytes of the log. */
export interface LogDamage extends DamagedPlace {
  readonly file: string;
  readonly fileFrom: number;
  readonly fileBytes: number;
}

/** What a walk found. */
export interface LogSummary {
  /** Physical offset of the first file. */
  minOffset: number;
  /** Physical offset behind the last intact record, or behind its file when a blank follows. */
  end: number;
  records: number;
  files: number;
  newestStoreTimestamp: number;
  oldestStoreTimestamp: number;
}

/**
 * Walks over all files of a log in order and shows every record and every damage, in the order in which they stand.
 * Uses little memory whatever the length of the log. A file that cannot be read is damage. `from`: files that end
 * before it are left out.
 */
export function walkLog(fs: Fs, layout: StoreLayout, visitor: LogVisitor, from = 0): LogSummary {
  const walk = new Walk(fs, layout, visitor);
  for (const name of fs.list(layout.commitLogDir).sort()) {
    if (OFFSET_NAME.test(name) && Number(name) + layout.logFileBytes <= from) continue;
    if (visitor.isDone?.() === true) break;
    walk.file(name);
  }
  return walk.summary;
}

class Walk {
  readonly summary: LogSummary = {
    minOffset: 0,
    end: 0,
    records: 0,
    files: 0,
    newestStoreTimestamp: 0,
    oldestStoreTimestamp: 0,
  };
  readonly #fs: Fs;
  readonly #layout: StoreLayout;
  readonly #visitor: LogVisitor;
  readonly #record = new LogRecord();
  /** The place where the log ended in a file before; what follows makes it damage. */
  #open: LogDamage | undefined;
  #openPath = '';
  /** Where the next file must begin. */
  #expected = 0;

  constructor(fs: Fs, layout: StoreLayout, visitor: LogVisitor) {
    this.#fs = fs;
    this.#layout = layout;
    this.#visitor = visitor;
  }

  file(name: string): void {
    const { commitLogDir, logFileBytes } = this.#layout;
    const path = `commitlog/${name}`;
    const file = posix.join(commitLogDir, name);
    const stat = this.#fs.stat(file);
    if (!OFFSET_NAME.test(name) || stat === undefined || stat.isDirectory) {
      this.#visitor.damage(path, 0, 'is no log file; a broker does not start with it');
      return;
    }
    const fileFrom = Number(name);
    if (this.summary.files === 0) {
      this.summary.minOffset = fileFrom;
      this.summary.end = fileFrom;
    } else if (fileFrom !== this.#expected) {
      this.#visitor.damage(path, 0, `the log has a gap: bytes ${this.#expected} to ${fileFrom} are in no file`);
    }
    this.#expected = fileFrom + logFileBytes;
    this.summary.files += 1;
    if (stat.sizeBytes !== logFileBytes) {
      this.#visitor.damage(path, stat.sizeBytes, `the file has ${stat.sizeBytes} bytes in place of ${logFileBytes}`);
    }
    try {
      const window = new FileWindow(this.#fs, file);
      try {
        this.#places({ window, path, fileFrom }, file);
      } finally {
        window.close();
      }
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
      this.#visitor.damage(path, 0, `cannot be read: ${error.code}`);
    }
  }

  #places(place: RecordPlace, file: string): void {
    const { window, path, fileFrom } = place;
    const { summary } = this;
    const fileEnd = fileFrom + window.sizeBytes;
    if (window.sizeBytes === 0) return;
    for (const found of placesIn(window, fileFrom, this.#record)) {
      if (found.kind === 'end') {
        this.#open ??= {
          kind: 'damaged',
          from: found.from,
          to: fileEnd,
          what: 'zeros to the end of the file, but the log goes on in the next one',
          tail: true,
          file,
          fileFrom,
          fileBytes: window.sizeBytes,
        };
        this.#openPath ||= path;
        return;
      }
      this.#closeOpen();
      if (found.kind === 'record') {
        this.#note(fileFrom);
        this.#visitor.record(this.#record, place);
        if (this.#visitor.isDone?.() === true) return;
      } else if (found.kind === 'damaged') {
        const damage = { ...found, file, fileFrom, fileBytes: window.sizeBytes };
        this.#visitor.damage(path, found.from - fileFrom, describe(found), damage);
      } else summary.end = fileEnd;
    }
  }

  /** The log ended before, but it goes on. */
  #closeOpen(): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    this.#visitor.damage(this.#openPath, open.from - open.fileFrom, describe(open), open);
    this.#openPath = '';
  }

  #note(fileFrom: number): void {
    const { summary } = this;
    const { storeTimestamp } = this.#record;
    summary.end = fileFrom + this.#record.end;
    summary.records += 1;
    summary.newestStoreTimestamp = Math.max(summary.newestStoreTimestamp, storeTimestamp);
    if (summary.oldestStoreTimestamp === 0) summary.oldestStoreTimestamp = storeTimestamp;
  }
}

function describe({ what, from, to, tail }: DamagedPlace): string {
  const behind = tail ? 'nothing intact follows in this file' : `the next intact record is at ${to}`;
  return `no intact record at physical offset ${from}: ${what}; ${behind}`;
}
