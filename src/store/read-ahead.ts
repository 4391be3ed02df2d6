import type { CommitLog } from './commit-log.ts';
import type { MappedFile } from './mapped-file.ts';

/** Blocks of the log are read and kept whole: a reader far behind wants the neighbours of its record next. */
export const BLOCK_BYTES = 512 << 10;
const MAX_BLOCKS = 16;
/** Reads under way at once: the thread pool has four threads, and the flush of the log needs one of them. */
const MAX_READS = 2;

interface Block {
  readonly bytes: Buffer;
  /** Bytes that were visible when the block was read. */
  length: number;
}

/**
 * Reads old parts of the log on the thread pool, so that a cold disk never stops the event loop. A few blocks are
 * kept, and the block behind the one asked for is fetched along, because readers go forward.
 */
export class ReadAhead {
  readonly #log: CommitLog;
  /** By physical offset of the block; the one used longest ago comes first. */
  readonly #blocks = new Map<number, Promise<Block>>();
  readonly #waiting: (() => void)[] = [];
  #reads = 0;

  constructor(log: CommitLog) {
    this.#log = log;
  }

  /**
   * Copies the visible bytes [phyOffset, phyOffset + length) to `target`; false when they are no longer in the log.
   * Rejects with StoreIoError.
   */
  async read(phyOffset: number, length: number, target: Buffer, targetStart: number): Promise<boolean> {
    let done = 0;
    while (done < length) {
      const at = phyOffset + done;
      const file = this.#log.files.findByOffset(at);
      if (file === undefined || at >= this.#log.writtenEnd) return false;
      const inFile = at - file.fileFromOffset;
      const from = inFile - (inFile % BLOCK_BYTES);
      const block = await this.#block(file, from);
      const start = inFile - from;
      const count = Math.min(length - done, block.length - start);
      if (count <= 0) return this.#log.read(at, length - done, target, targetStart + done);
      block.bytes.copy(target, targetStart + done, start, start + count);
      done += count;
    }
    return true;
  }

  /** Lets go of the blocks of removed files. */
  forgetBelow(offset: number): void {
    for (const key of this.#blocks.keys()) if (key < offset) this.#blocks.delete(key);
  }

  /** Lets go of all blocks. */
  clear(): void {
    this.#blocks.clear();
  }

  #block(file: MappedFile, from: number): Promise<Block> {
    const key = file.fileFromOffset + from;
    const known = this.#blocks.get(key);
    if (known !== undefined) {
      this.#blocks.delete(key);
      this.#blocks.set(key, known);
      return known;
    }
    const block = this.#keep(key, this.#load(file, from));
    const next = from + BLOCK_BYTES;
    // Only a reader that goes forward wants more; a single look-up does not.
    const isForward = this.#blocks.has(key - BLOCK_BYTES) && this.#waiting.length === 0;
    const mayFetchAlong = isForward && key + 2 * BLOCK_BYTES <= this.#log.writtenEnd;
    if (next < file.fileSize && mayFetchAlong && !this.#blocks.has(key + BLOCK_BYTES)) {
      // Nobody waits for it yet: a failure is met again by who does.
      this.#keep(key + BLOCK_BYTES, this.#load(file, next)).catch(() => undefined);
    }
    return block;
  }

  #keep(key: number, block: Promise<Block>): Promise<Block> {
    this.#blocks.set(key, block);
    block.catch(() => this.#blocks.delete(key));
    if (this.#blocks.size > MAX_BLOCKS) {
      const [oldest] = this.#blocks.keys();
      if (oldest !== undefined) this.#blocks.delete(oldest);
    }
    return block;
  }

  async #load(file: MappedFile, from: number): Promise<Block> {
    if (this.#reads >= MAX_READS) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#reads++;
    try {
      const length = Math.min(BLOCK_BYTES, file.fileSize - from, this.#log.writtenEnd - file.fileFromOffset - from);
      const bytes = Buffer.allocUnsafeSlow(length);
      return { bytes, length: await file.readAsync(bytes, 0, length, from) };
    } finally {
      this.#reads--;
      this.#waiting.shift()?.();
    }
  }
}
