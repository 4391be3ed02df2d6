import { BLANK_HEAD_BYTES, writeBlank } from '../codec/message.ts';
import { assert } from '../util/assert.ts';
import type { Logger } from '../util/logger.ts';
import { HotWindow, type LogChunk } from './hot-window.ts';
import type { MappedFile } from './mapped-file.ts';
import { MappedFileQueue } from './mapped-file-queue.ts';
import type { OpenFiles } from './open-files.ts';
import { StoreIoError } from './store-errors.ts';

/** Why {@link CommitLog.roll} did not: the blank record could not be written, or the next file not be made. */
export interface RollFailure {
  readonly step: 'write' | 'create';
  readonly error: StoreIoError;
}

/** What {@link CommitLog.rewriteUnflushed} did. */
export type RewriteOutcome = 'rewritten' | 'not-in-memory';

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
  /** Where blank records begin that were written and may not be on disk; they lie in no chunk. Oldest first. */
  #blanks: number[] = [];
  /** What a failed write left behind `writtenEnd` and could not be made zero yet; physical offsets. */
  #leftover: { readonly from: number; readonly to: number } | undefined;

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
    return this.#chunkFor(sizeBytes);
  }

  #chunkFor(sizeBytes: number): LogChunk {
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
      const stagedEnd = this.#stagedEnd;
      this.window.dropStaged();
      this.#stagedEnd = this.#writtenEnd;
      this.#tail = undefined;
      this.#eraseBehindEnd(stagedEnd);
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
   * Writes bytes of another log at the same place, whatever they are, and makes them visible; they fit `rawRoom`.
   * An empty log begins with the file that begins at `phyOffset`. Throws StoreIoError, and then nothing of them is
   * there. Java: CommitLog#appendData.
   */
  appendRaw(phyOffset: number, bytes: Uint8Array): void {
    assert(this.#stagedEnd === this.#writtenEnd, 'raw bytes behind staged records');
    if (this.#writtenEnd === 0 && phyOffset > 0) this.#beginAt(phyOffset);
    assert(phyOffset === this.#writtenEnd && bytes.length <= this.rawRoom, 'raw bytes out of place');
    if (this.room === 0) {
      const failure = this.roll();
      if (failure !== undefined) throw failure.error;
      this.#tail = undefined;
    }
    const chunk = this.#chunkFor(bytes.length);
    chunk.buffer.set(bytes, chunk.staged);
    this.advance(chunk, bytes.length);
    this.writeStaged();
  }

  /** Bytes that {@link appendRaw} takes at once: up to the end of a file. */
  get rawRoom(): number {
    return this.room === 0 ? this.fileSizeBytes : this.room;
  }

  /** Nothing was ever written here: files that were made all the same go, and the log begins at the offset. */
  #beginAt(phyOffset: number): void {
    assert(phyOffset % this.fileSizeBytes === 0, 'a log begins with a whole file');
    this.#fileEnd = 0;
    while (this.files.lastFile !== undefined) this.files.removeLast();
    this.#stagedEnd = phyOffset;
    this.#writtenEnd = phyOffset;
    this.#fileEnd = phyOffset;
    // Nothing lies below: there is nothing to flush.
    this.files.flushedWhere = phyOffset;
  }

  /**
   * Closes the file with a blank record and begins the next; nothing may be staged. When creating the next file fails,
   * the old one is closed all the same, and the next call tries again. Undefined when it worked.
   * Java: DefaultAppendMessageCallback, END_OF_FILE.
   */
  roll(): RollFailure | undefined {
    assert(this.#stagedEnd === this.#writtenEnd, 'roll with staged records');
    const room = this.room;
    try {
      if (room > 0) this.#closeFile(room);
    } catch (error) {
      this.#eraseBehindEnd(this.#writtenEnd + Math.min(room, BLANK_HEAD_BYTES));
      return { step: 'write', error: asStoreIoError(error) };
    }
    try {
      const file = this.files.fileForAppend(this.#stagedEnd);
      // Else a power loss could take this file and leave the next: a log that begins in its middle.
      file.flushName();
      this.#fileEnd = file.fileFromOffset + this.fileSizeBytes;
    } catch (error) {
      return { step: 'create', error: asStoreIoError(error) };
    }
    return undefined;
  }

  /** True while bytes of a failed write lie behind the end and could not be made zero: nothing may be written there. */
  get hasLeftover(): boolean {
    return this.#leftover !== undefined;
  }

  /**
   * After a failed write: makes zero what it left, and tries the place where the next records go with up to
   * `sizeBytes` of zeros, which also takes the room for them on the disk. Nothing may be staged. Throws StoreIoError.
   */
  tryEnd(sizeBytes: number): void {
    assert(this.#stagedEnd === this.#writtenEnd, 'the end of the log is tried with staged records');
    const { room } = this;
    if (room === 0) {
      const failure = this.roll();
      if (failure !== undefined) throw failure.error;
      return;
    }
    const file = this.#fileOf(this.#writtenEnd);
    if (this.#leftover !== undefined) this.#erase(file, this.#leftover.from, this.#leftover.to);
    this.#leftover = undefined;
    const from = this.#writtenEnd - file.fileFromOffset;
    file.zero(from, from + Math.min(room, sizeBytes));
  }

  /**
   * Writes everything from `flushedEnd` to `writtenEnd` once more from memory: after a failed fdatasync the kernel may
   * hold pages for clean that never reached the disk, and only a new write makes it try again. Throws StoreIoError.
   */
  async rewriteUnflushed(): Promise<RewriteOutcome> {
    const end = this.#writtenEnd;
    for (let at = this.flushedEnd; at < end; ) {
      const file = this.#fileOf(at);
      const position = at - file.fileFromOffset;
      const chunk = this.window.holding(at);
      if (chunk !== undefined) {
        const start = at - chunk.startOffset;
        await file.writeAsync(chunk.buffer, start, chunk.written - start, position);
        at = chunk.startOffset + chunk.written;
      } else if (this.#blanks.includes(at)) {
        const blank = blankOf(file.fileSize - position);
        await file.writeAsync(blank, 0, blank.length, position);
        at = file.fileFromOffset + file.fileSize;
      } else return 'not-in-memory';
    }
    for (const file of this.files.files) file.rewritten();
    return 'rewritten';
  }

  /** Everything below `flushedEnd` is on disk: memory that was kept for it may go. */
  onFlushed(): void {
    this.window.evict(this.flushedEnd);
    while (this.#blanks.length > 0 && (this.#blanks[0] as number) < this.flushedEnd) this.#blanks.shift();
  }

  /** Lets go of the memory for the newest part, when all of it is safe on disk. */
  releaseMemory(): void {
    if (this.window.release(this.flushedEnd)) this.#tail = undefined;
  }

  /** Uses the memory for the newest part anew from its beginning, when all of it is safe on disk; else false. */
  reuseMemory(): boolean {
    const isReused = this.window.reuse(this.flushedEnd);
    if (isReused) this.#tail = undefined;
    return isReused;
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

  #closeFile(room: number): void {
    const file = this.#fileOf(this.#writtenEnd);
    // A record leaves at least 8 bytes; only a foreign file could leave fewer, and then zeros end it.
    const blank = blankOf(room);
    file.write(blank, 0, blank.length, this.#writtenEnd - file.fileFromOffset);
    this.#blanks.push(this.#writtenEnd);
    file.wrotePosition = this.fileSizeBytes;
    this.#stagedEnd += room;
    this.#writtenEnd = this.#stagedEnd;
    this.#tail = undefined;
  }

  /** A write of [writtenEnd, to) failed: none of it may be found there by a later start. */
  #eraseBehindEnd(to: number): void {
    const from = this.#writtenEnd;
    const file = this.#fileOf(from);
    try {
      this.#erase(file, from, to);
    } catch (error) {
      this.#leftover = { from, to };
      this.#log.error({ err: error, path: file.path, from, to }, 'could not zero what a failed write left');
    }
  }

  /** Writes only where something lies: on a full disk there is no room for zeros where nothing was written. */
  #erase(file: MappedFile, from: number, to: number): void {
    for (let at = from; at < to; at += PIECE.length) {
      const length = Math.min(PIECE.length, to - at);
      file.read(PIECE, 0, length, at - file.fileFromOffset);
      const last = lastNonZero(PIECE, length);
      if (last >= 0) file.zero(at - file.fileFromOffset, at - file.fileFromOffset + last + 1);
    }
  }

  #fileOf(offset: number): MappedFile {
    const file = this.files.findByOffset(offset);
    assert(file !== undefined, 'the end of the commit log lies in no file');
    return file;
  }
}

/** What a failed write left is looked at in pieces of a page, in which the disk has room for all or nothing. */
const PIECE = Buffer.alloc(4096);

/** The head of a blank record that ends a file with `room` bytes left; empty when even that does not fit. */
function blankOf(room: number): Buffer {
  const blank = Buffer.alloc(room >= BLANK_HEAD_BYTES ? BLANK_HEAD_BYTES : 0);
  if (blank.length > 0) writeBlank(blank, 0, room);
  return blank;
}

function lastNonZero(bytes: Buffer, length: number): number {
  let last = length - 1;
  while (last >= 0 && bytes[last] === 0) last--;
  return last;
}

/** Anything else is a mistake of ours and goes on its way. */
function asStoreIoError(error: unknown): StoreIoError {
  if (error instanceof StoreIoError) return error;
  throw error;
}
