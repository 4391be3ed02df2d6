import { assert } from '../util/assert.ts';

/** Size of a chunk of the log in memory. One turn of the event loop seldom stages more. */
export const CHUNK_BYTES = 4 << 20;
/** Newest bytes kept for readers even when they are safe on disk. */
export const HOT_WINDOW_BYTES = 32 << 20;
/** Chunk buffers kept for the next chunk, so that steady traffic touches no fresh memory pages. */
const SPARE_CHUNKS = 8;

/** A run of the log in memory. It never spans two files, so that one write puts it on disk. */
export class LogChunk {
  readonly buffer: Buffer;
  /** Physical offset of `buffer[0]`. */
  readonly startOffset: number;
  /** Bytes filled. Only those below `written` may be read by anyone but the append. */
  staged = 0;
  /** Bytes that are in the kernel and visible. */
  written = 0;

  constructor(buffer: Buffer, startOffset: number) {
    this.buffer = buffer;
    this.startOffset = startOffset;
  }
}

/**
 * The newest part of the log in memory: what this turn has staged, what is written but not yet safe on disk, and the
 * last 32 MiB for readers. Buffers are used again after eviction, so nothing outside may keep a view of them.
 */
export class HotWindow {
  readonly #chunkBytes: number;
  readonly #chunks: LogChunk[] = [];
  readonly #spare: Buffer[] = [];
  #heldBytes = 0;

  /** `fileSizeBytes`: a chunk is never longer than a CommitLog file. */
  constructor(fileSizeBytes: number) {
    this.#chunkBytes = Math.min(CHUNK_BYTES, fileSizeBytes);
  }

  /** The chunk that grows, if any. */
  get tail(): LogChunk | undefined {
    return this.#chunks[this.#chunks.length - 1];
  }

  /** Physical offset of the oldest byte held, or undefined when nothing is held. */
  get startOffset(): number | undefined {
    return this.#chunks[0]?.startOffset;
  }

  /** The chunks oldest first; the caller does not change the list. */
  get chunks(): readonly LogChunk[] {
    return this.#chunks;
  }

  /** Bytes of memory in chunks, for tests and the runtime report. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Begins a chunk at `startOffset` with room for at least `sizeBytes`. */
  open(startOffset: number, sizeBytes: number): LogChunk {
    const last = this.tail;
    assert(last === undefined || startOffset >= last.startOffset + last.staged, 'chunks of the log out of order');
    const buffer =
      sizeBytes <= this.#chunkBytes
        ? (this.#spare.pop() ?? Buffer.allocUnsafeSlow(this.#chunkBytes))
        : Buffer.allocUnsafeSlow(sizeBytes);
    const chunk = new LogChunk(buffer, startOffset);
    this.#chunks.push(chunk);
    this.#heldBytes += buffer.length;
    return chunk;
  }

  /** The chunk in which the whole range lies and is visible, or undefined: then it must be read from the file. */
  find(phyOffset: number, sizeBytes: number): LogChunk | undefined {
    const chunks = this.#chunks;
    let low = 0;
    let high = chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((chunks[middle] as LogChunk).startOffset <= phyOffset) low = middle;
      else high = middle - 1;
    }
    const chunk = chunks[low];
    if (chunk === undefined || phyOffset < chunk.startOffset) return undefined;
    return phyOffset + sizeBytes <= chunk.startOffset + chunk.written ? chunk : undefined;
  }

  /** The chunk in which the visible byte at `phyOffset` lies, or undefined: it is in no chunk. */
  holding(phyOffset: number): LogChunk | undefined {
    return this.find(phyOffset, 1);
  }

  /** Forgets what is staged and not written: the turn's write failed. */
  dropStaged(): void {
    for (let index = this.#chunks.length - 1; index >= 0; index--) {
      const chunk = this.#chunks[index] as LogChunk;
      if (chunk.staged === chunk.written) break;
      chunk.staged = chunk.written;
      if (chunk.written === 0) this.#remove(index);
    }
  }

  /** Lets go of the oldest chunks beyond the window, as far as they are safe on disk. */
  evict(flushedOffset: number): void {
    while (this.#chunks.length > 1) {
      const oldest = this.#chunks[0] as LogChunk;
      if (this.#heldBytes - oldest.buffer.length < HOT_WINDOW_BYTES) return;
      if (oldest.startOffset + oldest.staged > flushedOffset) return;
      this.#remove(0);
    }
  }

  /** Lets go of what lies below `offset`: its files are removed, so all of it was on disk. */
  forgetBelow(offset: number): void {
    for (let oldest = this.#chunks[0]; oldest !== undefined && this.#chunks.length > 1; oldest = this.#chunks[0]) {
      if (oldest.startOffset + oldest.staged > offset) return;
      this.#remove(0);
    }
  }

  /**
   * Lets go of all memory, when everything held is written and safe on disk. Readers then use the page cache.
   * @returns false when something is not
   */
  release(flushedOffset: number): boolean {
    const last = this.tail;
    if (last !== undefined && (last.staged > last.written || last.startOffset + last.staged > flushedOffset))
      return false;
    this.#chunks.length = 0;
    this.#spare.length = 0;
    this.#heldBytes = 0;
    return true;
  }

  /** As {@link release}, but keeps the memory that was written to last for what comes next. */
  reuse(flushedOffset: number): boolean {
    const last = this.tail;
    if (!this.release(flushedOffset)) return false;
    if (last?.buffer.length === this.#chunkBytes) this.#spare.push(last.buffer);
    return true;
  }

  #remove(index: number): void {
    const chunk = this.#chunks[index] as LogChunk;
    this.#chunks.splice(index, 1);
    this.#heldBytes -= chunk.buffer.length;
    if (chunk.buffer.length === this.#chunkBytes && this.#spare.length < SPARE_CHUNKS) this.#spare.push(chunk.buffer);
  }
}
