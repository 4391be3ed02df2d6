import { CQ_ENTRY_BYTES } from './consume-queue-entries.ts';

/** Entries in one {@link EntryChunk}: 4,080 bytes. Chunk n of a queue holds entries from n × this. */
export const ENTRIES_PER_CHUNK = 204;

/** A piece of a queue's newest entries, encoded as on disk. */
export class EntryChunk {
  readonly bytes: Uint8Array;
  owner: ChunkOwner | undefined;
  /** Which piece of the owner's entry space this is. */
  chunkNumber = 0;
  /** Set by the owner at each use; the sweep spares a chunk that was used since it last came by. */
  used = false;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

/** A queue that holds chunks. */
export interface ChunkOwner {
  /** Gives back this chunk and all older ones, after writing what only they hold. Throws StoreIoError. */
  release(chunk: EntryChunk): void;
}

/**
 * The memory of all consume queues together, bounded: thousands of queues exist and the hot ones get it. When it is
 * used up, a sweep takes the chunk that nobody used for a round (second chance) and its owner reads from disk again.
 */
export class EntryMemory {
  readonly #maxChunks: number;
  readonly #chunks: EntryChunk[] = [];
  readonly #free: EntryChunk[] = [];
  #hand = 0;

  constructor(budgetBytes = DEFAULT_BUDGET_BYTES) {
    this.#maxChunks = Math.max(CHUNKS_PER_SLAB, Math.floor(budgetBytes / CHUNK_BYTES));
  }

  /** A chunk for the owner. Throws StoreIoError when memory is used up and no owner can write what it holds. */
  acquire(owner: ChunkOwner, chunkNumber: number): EntryChunk {
    if (this.#free.length === 0) {
      if (this.#chunks.length < this.#maxChunks) this.#grow();
      else this.#sweep();
    }
    const chunk = this.#free.pop() as EntryChunk;
    chunk.owner = owner;
    chunk.chunkNumber = chunkNumber;
    chunk.used = true;
    return chunk;
  }

  /** Takes a chunk back from its owner. */
  give(chunk: EntryChunk): void {
    chunk.owner = undefined;
    this.#free.push(chunk);
  }

  /** Bytes taken from the system so far; never falls, never passes the budget. */
  get allocatedBytes(): number {
    return this.#chunks.length * CHUNK_BYTES;
  }

  #grow(): void {
    const slab = new ArrayBuffer(CHUNKS_PER_SLAB * CHUNK_BYTES);
    const count = Math.min(CHUNKS_PER_SLAB, this.#maxChunks - this.#chunks.length);
    for (let index = 0; index < count; index += 1) {
      const chunk = new EntryChunk(new Uint8Array(slab, index * CHUNK_BYTES, CHUNK_BYTES));
      this.#chunks.push(chunk);
      this.#free.push(chunk);
    }
  }

  #sweep(): void {
    while (this.#free.length === 0) {
      const chunk = this.#chunks[this.#hand] as EntryChunk;
      this.#hand = (this.#hand + 1) % this.#chunks.length;
      if (chunk.used) chunk.used = false;
      else chunk.owner?.release(chunk);
    }
  }
}

const CHUNK_BYTES = ENTRIES_PER_CHUNK * CQ_ENTRY_BYTES;
const CHUNKS_PER_SLAB = 64;
const DEFAULT_BUDGET_BYTES = 16 * 1024 * 1024;
