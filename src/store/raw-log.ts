import type { MessageStoreConfig } from '../config/message-store-config.ts';
import { assert } from '../util/assert.ts';
import type { Logger } from '../util/logger.ts';
import type { CommitLog } from './commit-log.ts';
import type { DiskTrouble } from './disk-trouble.ts';
import type { LogDispatch } from './log-dispatch.ts';
import { maxRecordBytes } from './log-walk.ts';
import { RawDispatch } from './raw-dispatch.ts';
import { StoreIoError } from './store-errors.ts';
import { WholeRecords } from './whole-records.ts';

/**
 * What became of bytes of a master: `mismatch`: they do not belong at the end of this log. `over-file-end`: the files
 * of the two logs differ in size. `refused`: the store takes nothing at the moment.
 */
export type RawAppendOutcome = 'appended' | 'mismatch' | 'over-file-end' | 'refused';

/** What {@link RawLog} works on and tells. */
export interface RawLogParts {
  readonly log: CommitLog;
  readonly logger: Logger;
  readonly config: MessageStoreConfig;
  readonly dispatch: LogDispatch;
  /** Everything below `end` is in the consume queues and the index. */
  readonly dispatched: { end: number };
  /** While it lasts, nothing is taken. */
  readonly trouble: DiskTrouble;
  isOpen(): boolean;
  /** The written end has moved. */
  onAppended(): void;
}

/**
 * The CommitLog as bytes, without a look at messages: what replication reads of a master's log and adds to a slave's.
 * Java: DefaultMessageStore#getCommitLogData, #appendToCommitLog.
 */
export class RawLog {
  readonly #parts: RawLogParts;
  readonly #dispatch: RawDispatch;
  readonly #records: WholeRecords;
  /** Bytes of a record whose end has not come; it is to lie at #partOffset, the end of the log. */
  #part: Buffer = Buffer.alloc(0);
  #partLength = 0;
  #partOffset = 0;
  #isClosed = false;

  constructor(parts: RawLogParts) {
    const { log, logger, config, dispatch } = parts;
    this.#parts = parts;
    this.#records = new WholeRecords(log.fileSizeBytes, maxRecordBytes(config.maxMessageSize));
    this.#dispatch = new RawDispatch(log, logger, config.maxMessageSize, (bytes, peek) => {
      dispatch.dispatchRecord(bytes, peek);
    });
  }

  /** Physical offset behind the last visible byte. What is staged is not there yet. */
  get endOffset(): number {
    return this.#parts.log.writtenEnd;
  }

  get fileSizeBytes(): number {
    return this.#parts.log.fileSizeBytes;
  }

  /**
   * How many visible bytes follow `phyOffset` without a gap and in one file, at most `most`; 0 when it lies outside of
   * the log. Fewer than there are where memory ends, so that {@link read} need not wait for a disk.
   */
  readableBytes(phyOffset: number, most: number): number {
    const { log } = this.#parts;
    if (this.#isClosed || phyOffset < log.minOffset || phyOffset >= log.writtenEnd) return 0;
    const file = log.files.findByOffset(phyOffset);
    if (file === undefined) return 0;
    const chunk = log.window.holding(phyOffset);
    const held = chunk === undefined ? most : chunk.startOffset + chunk.written - phyOffset;
    return Math.min(most, held, log.writtenEnd - phyOffset, file.fileFromOffset + log.fileSizeBytes - phyOffset);
  }

  /**
   * Copies bytes that {@link readableBytes} has counted in this turn to `target`; false when they are gone. A promise
   * only when they are not in memory. Throws or rejects with StoreIoError.
   */
  read(phyOffset: number, length: number, target: Buffer, targetStart: number): boolean | Promise<boolean> {
    const { log } = this.#parts;
    const file = log.files.findByOffset(phyOffset);
    if (file === undefined) return false;
    if (log.window.find(phyOffset, length) !== undefined) return log.read(phyOffset, length, target, targetStart);
    const position = phyOffset - file.fileFromOffset;
    return file.readAsync(target, targetStart, length, position).then((count) => count === length);
  }

  /** Where bytes of a master have to begin now: behind the log, and what is there in part. */
  get nextOffset(): number {
    return this.#partLength === 0 ? this.endOffset : this.#partOffset + this.#partLength;
  }

  /** Whether bytes from `phyOffset` on are what this log lacks; an empty one may begin with any file. */
  expects(phyOffset: number): boolean {
    return phyOffset === this.nextOffset || (this.nextOffset === 0 && phyOffset % this.fileSizeBytes === 0);
  }

  /**
   * Adds bytes of a master to a slave's log: in the kernel and dispatched when this returns, as far as records are
   * whole. The rest waits in memory: a recovery cannot always tell a record that ends in zeros from one that lacks its
   * end (docs/adr/0063-what-counts-as-replicated.md).
   */
  append(phyOffset: number, bytes: Buffer): RawAppendOutcome {
    const { config, trouble } = this.#parts;
    assert(config.brokerRole === 'SLAVE' && bytes.length > 0, 'raw bytes for a log that has its own');
    if (!this.#parts.isOpen() || trouble.isAny) return 'refused';
    if (!this.expects(phyOffset)) return 'mismatch';
    if ((phyOffset % this.fileSizeBytes) + bytes.length > this.fileSizeBytes) return 'over-file-end';
    if (this.#partLength === 0) return this.#appendWhole(phyOffset, bytes, bytes.length);
    this.#keep(bytes, 0);
    const length = this.#partLength;
    this.#partLength = 0;
    return this.#appendWhole(this.#partOffset, this.#part, length);
  }

  /** Forgets what is there in part: the master is asked again from the end of the log. */
  dropPart(): void {
    this.#partLength = 0;
  }

  /** Appends what is whole of the first `length` of `bytes` and keeps the rest. */
  #appendWhole(phyOffset: number, bytes: Buffer, length: number): RawAppendOutcome {
    const { log, trouble } = this.#parts;
    const whole = this.#records.count(bytes, length, phyOffset);
    try {
      if (whole > 0) log.appendRaw(phyOffset, bytes.subarray(0, whole));
    } catch (error) {
      if (!(error instanceof StoreIoError)) throw error;
      trouble.begin('log-write', error);
      return 'refused';
    }
    this.#partOffset = phyOffset + whole;
    if (whole < length) this.#keep(bytes.subarray(0, length), whole);
    if (whole === 0) return 'appended';
    this.#parts.onAppended();
    try {
      this.dispatch();
    } catch (error) {
      if (!(error instanceof StoreIoError)) throw error;
      trouble.begin('dispatch', error);
    }
    return 'appended';
  }

  /** Puts bytes from `start` on behind the part; they may lie in its own buffer when it is empty. */
  #keep(bytes: Buffer, start: number): void {
    const length = this.#partLength + bytes.length - start;
    if (length > this.#part.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(FIRST_PART_BYTES, 2 ** Math.ceil(Math.log2(length))));
      this.#part.copy(grown, 0, 0, this.#partLength);
      bytes.copy(grown, this.#partLength, start);
      this.#part = grown;
    } else bytes.copy(this.#part, this.#partLength, start);
    this.#partLength = length;
  }

  /** Brings records of a slave's log into queues and index, as far as they are whole. Throws StoreIoError. */
  dispatch(): void {
    const { log, config, dispatched } = this.#parts;
    if (config.brokerRole !== 'SLAVE') return;
    // Behind an empty log there may be one that begins with a later file.
    dispatched.end = Math.max(dispatched.end, log.minOffset);
    this.#dispatch.run(dispatched.end, (end) => {
      dispatched.end = end;
    });
  }

  /** The files are being closed: nothing is read any more. */
  close(): void {
    this.#isClosed = true;
  }
}

const FIRST_PART_BYTES = 65_536;
