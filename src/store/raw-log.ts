import type { MessageStoreConfig } from '../config/message-store-config.ts';
import { assert } from '../util/assert.ts';
import type { Logger } from '../util/logger.ts';
import type { CommitLog } from './commit-log.ts';
import type { DiskTrouble } from './disk-trouble.ts';
import type { LogDispatch } from './log-dispatch.ts';
import { RawDispatch } from './raw-dispatch.ts';
import { StoreIoError } from './store-errors.ts';

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
  #isClosed = false;

  constructor(parts: RawLogParts) {
    const { log, logger, config, dispatch } = parts;
    this.#parts = parts;
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

  /** Whether bytes from `phyOffset` on are what this log lacks; an empty one may begin with any file. */
  expects(phyOffset: number): boolean {
    const { log } = this.#parts;
    return phyOffset === log.writtenEnd || (log.writtenEnd === 0 && phyOffset % log.fileSizeBytes === 0);
  }

  /** Adds bytes of a master at the end of a slave's log: in the kernel when this returns, whole records dispatched. */
  append(phyOffset: number, bytes: Uint8Array): RawAppendOutcome {
    const { log, config, trouble } = this.#parts;
    assert(config.brokerRole === 'SLAVE' && bytes.length > 0, 'raw bytes for a log that has its own');
    if (!this.#parts.isOpen() || trouble.isAny) return 'refused';
    if (!this.expects(phyOffset)) return 'mismatch';
    if (bytes.length > (phyOffset === log.writtenEnd ? log.rawRoom : log.fileSizeBytes)) return 'over-file-end';
    const wasEmpty = phyOffset !== log.writtenEnd;
    try {
      log.appendRaw(phyOffset, bytes);
    } catch (error) {
      if (!(error instanceof StoreIoError)) throw error;
      trouble.begin('log-write', error);
      return 'refused';
    }
    if (wasEmpty) this.#parts.dispatched.end = phyOffset;
    this.#parts.onAppended();
    try {
      this.dispatch();
    } catch (error) {
      if (!(error instanceof StoreIoError)) throw error;
      trouble.begin('dispatch', error);
    }
    return 'appended';
  }

  /** Brings records of a slave's log into queues and index, as far as they are whole. Throws StoreIoError. */
  dispatch(): void {
    const { config, dispatched } = this.#parts;
    if (config.brokerRole !== 'SLAVE') return;
    this.#dispatch.run(dispatched.end, (end) => {
      dispatched.end = end;
    });
  }

  /** The files are being closed: nothing is read any more. */
  close(): void {
    this.#isClosed = true;
  }
}
