import { BLANK_HEAD_BYTES, RECORD_AT, writeBlank } from '../codec/message.ts';
import { assert } from '../util/assert.ts';
import type { Logger } from '../util/logger.ts';
import { HotWindow, type LogChunk } from './hot-window.ts';
import type { MappedFile } from './mapped-file.ts';
import { MappedFileQueue } from './mapped-file-queue.ts';
import type { OpenFiles } from './open-files.ts';
import { StoreIoError } from './store-errors.ts';

/** What {@link CommitLog.roll} did. */
export type RollOutcome = 'rolled' | 'write-failed' | 'create-failed';

/**
 * The log of all messages: files on disk, and its newest part in memory. It has three ends: `stagedEnd` (encoded in
 * memory), `writtenEnd` (in the kernel and visible) and `flushedEnd` (on disk). What is staged never spans two files.
 * Java: CommitLog; docs/store/commit-log-append.md.
 */
export class CommitLog {
  readonly fileSizeBytes: number;
  readonly files: MappedFileQueue;
  readonly window: HotWindow;
  readonly #log: Logger;
  #stagedEnd = 0;
  #writtenEnd = 0;
  /** Offset behind the file that is appended to; equal to `stagedEnd` when the next record needs a new file. */
  #fileEnd = 0;
  /** The chunk that takes the next record, when its end is `stagedEnd`. */
  #tail: LogChunk | undefined;

  constructor(openFiles: OpenFiles, dir: string, fileSizeBytes: number, log: Logger) {
    this.fileSizeBytes = fileSizeBytes;
    this.files = new MappedFileQueue(openFiles, dir, fileSizeBytes);
    this.window = new HotWindow(fileSizeBytes);
    this.#log = log;
  }

  /** Physical offset behind the last record in memory: where the next record goes. */
  get stagedEnd(): number {
    return this.#stagedEnd;
  }

  /** Physical offset behind the last visible record. Java: CommitLog#getMaxOffset. */
  get writtenEnd(): number {
    return this.#writtenEnd;
  }

  /** Physical offset below which everything is on disk. */
  get flushedEnd(): number {
    return this.files.flushedWhere;
  }

  /** Physical offset of the first byte kept. Java: CommitLog#getMinOffset. */
  get minOffset(): number {
    return this.files.minOffset;
  }

  /** Bytes left in the file that is appended to. A record needs its size and 8 bytes for the blank behind it. */
  get room(): number {
    return this.#fileEnd - this.#stagedEnd;
  }

  /** Recovery has found the end: later files go away, what lies behind the end becomes zero (ADR "zeroed tails"). */
  endAt(offset: number): void {
    this.files.truncateTo(offset);
    const zeroed = this.files.zeroTail();
    if (zeroed > 0) this.#log.warn({ offset, zeroed }, 'zeroed what lay behind the end of the commit log');
    const file = this.files.findByOffset(offset);
    this.#stagedEnd = offset;
    this.#writtenEnd = offset;
    this.#fileEnd = file === undefined ? offset : file.fileFromOffset + this.fileSizeBytes;
    this.#tail = undefined;
  }

  /** The chunk that takes a record of `sizeBytes` at `stagedEnd`. The caller has seen that it fits `room`. */
  reserve(sizeBytes: number): LogChunk {
    assert(sizeBytes + BLANK_HEAD_BYTES <= this.room, 'record staged over the end of its file');
    let chunk = this.#tail;
    if (chunk === undefined || chunk.staged + sizeBytes > chunk.buffer.length) {
      chunk = this.window.open(this.#stagedEnd, sizeBytes);
      this.#tail = chunk;
    }
    return chunk;
  }

  /** `sizeBytes` were encoded at the end of `chunk`, which {@link reserve} has given. */
  advance(chunk: LogChunk, sizeBytes: number): void {
    chunk.staged += sizeBytes;
    this.#stagedEnd += sizeBytes;
  }

  /**
   * Writes what is staged and makes it visible. On failure nothing of it is left: memory forgets it, bytes that did
   * reach the file are overwritten with zeros. Throws StoreIoError.
   */
  writeStaged(): void {
    if (this.#stagedEnd === this.#writtenEnd) return;
    const file = this.#fileOf(this.#writtenEnd);
    let position = this.#writtenEnd - file.fileFromOffset;
    const chunks = this.window.chunks;
    let first = chunks.length - 1;
    while (first > 0 && (chunks[first - 1] as LogChunk).staged > (chunks[first - 1] as LogChunk).written) first--;
    try {
      for (let index = first; index < chunks.length; index++) {
        const chunk = chunks[index] as LogChunk;
        file.write(chunk.buffer, chunk.written, chunk.staged - chunk.written, position);
        position += chunk.staged - chunk.written;
      }
    } catch (error) {
      this.#undo(file, error);
      throw error;
    }
    for (let index = first; index < chunks.length; index++) {
      const chunk = chunks[index] as LogChunk;
      chunk.written = chunk.staged;
    }
    file.wrotePosition = position;
    this.#writtenEnd = this.#stagedEnd;
    this.window.evict(this.flushedEnd);
  }

  /**
   * Closes the file with a blank record and begins the next; nothing may be staged. When creating the next file fails,
   * the old one is closed all the same and the next put tries again. Java: DefaultAppendMessageCallback, END_OF_FILE.
   */
  roll(): RollOutcome {
    assert(this.#stagedEnd === this.#writtenEnd, 'roll with staged records');
    const room = this.room;
    try {
      if (room > 0) this.#closeFile(room);
    } catch (error) {
      this.#log.error({ err: error, offset: this.#stagedEnd }, 'writing the blank record failed');
      return 'write-failed';
    }
    try {
      const file = this.files.fileForAppend(this.#stagedEnd);
      // Else a power loss could take this file and leave the next: a log that begins in its middle.
      file.flushName();
      this.#fileEnd = file.fileFromOffset + this.fileSizeBytes;
    } catch (error) {
      this.#log.error({ err: error, offset: this.#stagedEnd }, 'creating the next commit log file failed');
      return 'create-failed';
    }
    return 'rolled';
  }

  /** Lets go of the memory for the newest part, when all of it is safe on disk. */
  releaseMemory(): void {
    this.window.release(this.flushedEnd);
    if (this.window.tail === undefined) this.#tail = undefined;
  }

  /**
   * Copies the visible bytes [phyOffset, phyOffset + length) to `target`, from memory or else from the file; false when
   * they are not all in the log and in one file. Throws StoreIoError.
   */
  read(phyOffset: number, length: number, target: Buffer, targetStart: number): boolean {
    if (phyOffset < this.minOffset || phyOffset + length > this.#writtenEnd) return false;
    const chunk = this.window.find(phyOffset, length);
    if (chunk !== undefined) {
      const start = phyOffset - chunk.startOffset;
      chunk.buffer.copy(target, targetStart, start, start + length);
      return true;
    }
    const file = this.files.findByOffset(phyOffset);
    if (file === undefined || phyOffset + length > file.fileFromOffset + this.fileSizeBytes) return false;
    return file.read(target, targetStart, length, phyOffset - file.fileFromOffset) === length;
  }

  /**
   * The record of `size` bytes at `phyOffset`, or undefined when there is none: the place is not in the log or holds
   * something else. Throws StoreIoError. Java: CommitLog#getMessage.
   */
  readRecord(phyOffset: number, size: number): Buffer | undefined {
    if (size < RECORD_AT.bornHost || size > this.fileSizeBytes) return undefined;
    if (phyOffset < this.minOffset || phyOffset + size > this.#writtenEnd) return undefined;
    const record = Buffer.allocUnsafe(size);
    if (!this.read(phyOffset, size, record, 0)) return undefined;
    return isRecordAt(record, 0, phyOffset, size) ? record : undefined;
  }

  /** TOTALSIZE at `phyOffset`, or undefined when nothing is there. Throws StoreIoError. */
  readSize(phyOffset: number): number | undefined {
    const head = Buffer.allocUnsafe(4);
    return this.read(phyOffset, 4, head, 0) ? head.readInt32BE(0) : undefined;
  }

  #closeFile(room: number): void {
    const file = this.#fileOf(this.#writtenEnd);
    // A record leaves at least 8 bytes; only a foreign file could leave fewer, and then zeros end it.
    if (room >= BLANK_HEAD_BYTES) {
      const blank = Buffer.alloc(BLANK_HEAD_BYTES);
      writeBlank(blank, 0, room);
      file.write(blank, 0, BLANK_HEAD_BYTES, this.#writtenEnd - file.fileFromOffset);
    }
    file.wrotePosition = this.fileSizeBytes;
    this.#stagedEnd += room;
    this.#writtenEnd = this.#stagedEnd;
    this.#tail = undefined;
  }

  #undo(file: MappedFile, error: unknown): void {
    const from = this.#writtenEnd - file.fileFromOffset;
    const reached = error instanceof StoreIoError ? Math.max(from, error.offset) : from;
    this.window.dropStaged();
    this.#stagedEnd = this.#writtenEnd;
    this.#tail = undefined;
    try {
      file.zero(from, reached);
    } catch (zeroError) {
      this.#log.error({ err: zeroError, path: file.path, from, reached }, 'could not zero what a failed write left');
    }
  }

  #fileOf(offset: number): MappedFile {
    const file = this.files.findByOffset(offset);
    assert(file !== undefined, 'the end of the commit log lies in no file');
    return file;
  }
}

/** Whether the bytes at `position` are the record that a ConsumeQueue entry names: same size, same PHYSICALOFFSET. */
export function isRecordAt(bytes: Buffer, position: number, phyOffset: number, size: number): boolean {
  const at = position + RECORD_AT.phyOffset;
  return (
    bytes.readInt32BE(position) === size &&
    bytes.readUInt32BE(at + 4) === phyOffset % TWO_POW_32 &&
    bytes.readInt32BE(at) === Math.floor(phyOffset / TWO_POW_32)
  );
}

const TWO_POW_32 = 0x100000000;
