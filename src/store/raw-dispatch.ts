import { BLANK_HEAD_BYTES, BLANK_MAGIC, checkRecord, RECORD_AT, RecordPeek } from '../codec/message.ts';
import type { Logger } from '../util/logger.ts';
import type { CommitLog } from './commit-log.ts';
import { maxRecordBytes } from './log-walk.ts';
import type { RecordVisitor } from './reput-message-service.ts';

/**
 * Visits the records of a log that grows by bytes, as soon as they are whole: a master cuts them anywhere. Java: the
 * ReputMessageService of a slave, which waits for the rest of a record. Throws what the visitor throws; the record is
 * visited again then.
 */
export class RawDispatch {
  readonly #log: CommitLog;
  readonly #logger: Logger;
  readonly #visit: RecordVisitor;
  readonly #maxRecordBytes: number;
  readonly #peek = new RecordPeek();
  readonly #head = Buffer.alloc(BLANK_HEAD_BYTES);
  #record: Buffer = Buffer.alloc(0);

  constructor(log: CommitLog, logger: Logger, maxMessageSize: number, visit: RecordVisitor) {
    this.#log = log;
    this.#logger = logger;
    this.#visit = visit;
    this.#maxRecordBytes = maxRecordBytes(maxMessageSize);
  }

  /** Visits from `from` on; `onPassed` is told each offset up to which everything is done. */
  run(from: number, onPassed: (end: number) => void): void {
    const { fileSizeBytes } = this.#log;
    for (let at = from; ; ) {
      const fileEnd = at - (at % fileSizeBytes) + fileSizeBytes;
      const step = this.#step(at, fileEnd);
      if (step === 0) return;
      at += step;
      onPassed(at);
    }
  }

  /** Bytes of what lies at `at` and is done with now; 0 when its end is not here yet. */
  #step(at: number, fileEnd: number): number {
    const log = this.#log;
    const rest = log.writtenEnd >= fileEnd ? fileEnd - at : 0;
    if (at + BLANK_HEAD_BYTES > Math.min(fileEnd, log.writtenEnd)) return rest;
    if (!log.read(at, BLANK_HEAD_BYTES, this.#head, 0)) return 0;
    const size = this.#head.readInt32BE(0);
    if (this.#head.readInt32BE(RECORD_AT.magic) === BLANK_MAGIC) return rest;
    if (size < BLANK_HEAD_BYTES || size > Math.min(fileEnd - at, this.#maxRecordBytes)) return this.#skipFile(at, rest);
    if (at + size > log.writtenEnd) return 0;
    if (this.#record.length < size) this.#record = Buffer.allocUnsafeSlow(Math.max(size, FIRST_RECORD_BYTES));
    if (!log.read(at, size, this.#record, 0)) return 0;
    if (checkRecord(this.#record, 0, size, { checkCrc: false }, this.#peek) === 'ok') {
      // What is derived from a record leads to where it is.
      this.#peek.phyOffset = at;
      this.#visit(this.#record, this.#peek);
    } else if (this.#peek.totalSize > 0) {
      this.#logger.error({ offset: at, size }, 'skipped a record of the commit log whose parts do not add up');
    } else return this.#skipFile(at, rest);
    return size;
  }

  /** Bytes that are no record have no length to go on behind them; without the whole file nothing is done yet. */
  #skipFile(offset: number, rest: number): number {
    if (rest > 0) this.#logger.error({ offset }, 'no record here: skipped the rest of the file');
    return rest;
  }
}

const FIRST_RECORD_BYTES = 16_384;
