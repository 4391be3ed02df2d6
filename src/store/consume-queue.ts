import { assert } from '../util/assert.ts';
import type { Logger } from '../util/logger.ts';
import { ConsumeQueueEntries, CQ_ENTRY_BYTES, encodeEntry, FILLER_SIZE } from './consume-queue-entries.ts';
import { ConsumeQueueExt, type ConsumeQueueExtParts } from './consume-queue-ext.ts';
import { fillBefore } from './consume-queue-fill.ts';
import { readEntries } from './consume-queue-read.ts';
import { rewriteEntries } from './consume-queue-rewrite.ts';
import { type ChunkOwner, ENTRIES_PER_CHUNK, type EntryChunk, type EntryMemory } from './entry-memory.ts';
import type { MappedFile } from './mapped-file.ts';
import { MappedFileQueue } from './mapped-file-queue.ts';
import type { OpenFiles } from './open-files.ts';

/**
 * The index of one queue of one topic: entry n tells where message n lies in the CommitLog. Offsets named queueOffset
 * count entries; those named logicOffset are bytes of the queue's linear space, 20 per entry, as in Java.
 *
 * The newest entries live in memory; {@link writeDirty} takes them to the files, later than Java does, which is safe
 * because the CommitLog can always rebuild them. Java: ConsumeQueue; docs/store/consume-queue.md.
 */
export class ConsumeQueue implements ChunkOwner {
  readonly topic: string;
  readonly queueId: number;
  readonly files: MappedFileQueue;
  /** Units to which the entries hold addresses; undefined with enableConsumeQueueExt off. */
  readonly ext: ConsumeQueueExt | undefined;
  readonly #memory: EntryMemory;
  readonly #log: Logger;
  readonly #onDirty: (queue: ConsumeQueue) => void;
  /** Oldest first, without gaps; the last one takes the next entry unless it is full. */
  #chunks: EntryChunk[] = [];
  /** The last one, by itself: with a thousand queues every step to it is a cache miss. */
  #tail: EntryChunk | undefined;
  /** First entry of the file behind the one that holds the last entry; 0 makes the next put find out. */
  #nextFileStart = 0;
  /** First entry that memory holds; everything below is in the files. */
  #memoryStart = 0;
  /** First entry that is not in the files yet. */
  #writtenEnd = 0;
  /** Entry behind the last. */
  #end = 0;
  #minLogicOffset = 0;
  #maxPhysicOffset = -1;
  /** When the newest entry came, and per file start the same for its last entry. Java: mtime of the file. */
  #lastAppendMs = 0;
  readonly #mtimes = new Map<number, number>();
  #dirty = false;

  constructor(parts: ConsumeQueueParts, topic: string, queueId: number) {
    assert(parts.fileSize % CQ_ENTRY_BYTES === 0, 'consume queue files hold whole entries');
    this.topic = topic;
    this.queueId = queueId;
    this.files = new MappedFileQueue(parts.openFiles, `${parts.dir}/${topic}/${queueId}`, parts.fileSize);
    this.ext = parts.ext === undefined ? undefined : new ConsumeQueueExt(parts.ext, topic, queueId);
    this.#memory = parts.memory;
    this.#log = parts.log;
    this.#onDirty = parts.onDirty;
  }

  /** First offset that can be read. Java: ConsumeQueue#getMinOffsetInQueue. */
  get minOffset(): number {
    return Math.floor(this.#minLogicOffset / CQ_ENTRY_BYTES);
  }

  /** Offset of the next message. Java: ConsumeQueue#getMaxOffsetInQueue. */
  get maxOffset(): number {
    return this.#end;
  }

  get minLogicOffset(): number {
    return this.#minLogicOffset;
  }

  /** End of the newest message indexed, −1 when unknown. Java: ConsumeQueue#maxPhysicOffset. */
  get maxPhysicOffset(): number {
    return this.#maxPhysicOffset;
  }

  /** True when entries wait for {@link writeDirty}. */
  get isUnwritten(): boolean {
    return this.#writtenEnd < this.#end;
  }

  /** Pages between what is in the files and the end, counted as Java's isAbleToFlush does. */
  get unwrittenPages(): number {
    const pageOf = (entry: number): number => Math.floor((entry * CQ_ENTRY_BYTES) / PAGE_BYTES);
    return pageOf(this.#end) - pageOf(this.#writtenEnd);
  }

  /** True when not everything is on disk. */
  get isUnflushed(): boolean {
    return this.files.flushedWhere < this.#end * CQ_ENTRY_BYTES;
  }

  /** True when a file before the last is not on disk: recovery takes those before the third-last as complete. */
  get hasUnflushedFullFile(): boolean {
    return this.files.flushedWhere < (this.files.lastFile?.fileFromOffset ?? 0);
  }

  /**
   * Indexes a message. Only the first entry of a queue that does not start at 0, and memory that is used up, touch
   * the disk: then it throws StoreIoError and nothing was added. With an extension the message gets a unit there,
   * with the filter bit map if it has one. Java: ConsumeQueue#putMessagePositionInfo.
   */
  put(
    queueOffset: number,
    phyOffset: number,
    sizeBytes: number,
    tagsCodeHigh: number,
    tagsCodeLow: number,
    nowMs: number,
    bitMap?: Uint8Array,
  ): ConsumeQueuePutOutcome {
    if (phyOffset + sizeBytes <= this.#maxPhysicOffset) return 'already-built';
    let outcome: ConsumeQueuePutOutcome = 'appended';
    if (queueOffset !== this.#end && queueOffset !== 0) {
      if (queueOffset < this.#end) return 'repeated';
      if (this.#end === 0 && this.files.lastFile === undefined) this.#startAt(queueOffset);
      else outcome = this.#wrongOrder(queueOffset, phyOffset);
    }
    const entry = this.#end;
    const inChunk = entry % ENTRIES_PER_CHUNK;
    let chunk = this.#tail;
    if (inChunk === 0 || chunk === undefined) chunk = this.#addChunk();
    const { ext } = this;
    if (ext?.put(tagsCodeHigh, tagsCodeLow, nowMs, bitMap) === true) {
      encodeEntry(chunk.bytes, inChunk * CQ_ENTRY_BYTES, phyOffset, sizeBytes, ext.addressHigh, ext.addressLow);
    } else {
      encodeEntry(chunk.bytes, inChunk * CQ_ENTRY_BYTES, phyOffset, sizeBytes, tagsCodeHigh, tagsCodeLow);
    }
    chunk.used = true;
    if (entry >= this.#nextFileStart) this.#enterFile(entry);
    this.#lastAppendMs = nowMs;
    this.#maxPhysicOffset = phyOffset + sizeBytes;
    this.#end = entry + 1;
    if (!this.#dirty) {
      this.#dirty = true;
      this.#onDirty(this);
    }
    return outcome;
  }

  /**
   * Reads entries from `queueOffset` on into `into`, at most `maxEntries`, and only those of the one file that holds
   * it; returns their number, 0 when the offset is not there. Throws StoreIoError. Java: ConsumeQueue#getIndexBuffer.
   */
  entriesFrom(queueOffset: number, maxEntries: number, into: ConsumeQueueEntries): number {
    into.count = 0;
    if (queueOffset < this.#firstEntry || queueOffset >= this.#end) return 0;
    const last = Math.min(this.#end, this.#fileEndOf(queueOffset), queueOffset + Math.min(maxEntries, into.capacity));
    let entry = queueOffset;
    if (entry < this.#memoryStart) entry = readEntries(this.files, entry, Math.min(last, this.#memoryStart), into);
    if (entry >= this.#memoryStart) this.#readMemory(entry, last, into);
    return into.count;
  }

  /** Offset of the first entry of the file behind the one that holds `queueOffset`. Java: #rollNextFile. */
  nextFileOffset(queueOffset: number): number {
    return this.#fileEndOf(queueOffset);
  }

  /** Where the last message ends, −1 when there is none. Java: ConsumeQueue#getLastOffset. */
  lastPhyOffset(): number {
    if (this.#end === this.#firstEntry || this.entriesFrom(this.#end - 1, 1, SINGLE) === 0) return -1;
    const size = SINGLE.size[0] as number;
    return size > 0 && size !== FILLER_SIZE ? (SINGLE.phyOffset[0] as number) + size : -1;
  }

  /**
   * Takes everything in memory to the files (the kernel's cache), in one write per 4 KiB. Blocks when there is an
   * extension: units are on disk before the entries that name them (ADR 0026). Throws StoreIoError.
   */
  writeDirty(): void {
    this.ext?.flush();
    this.#writeTo(this.#end);
  }

  /** As {@link writeDirty}, for what was there at the call, but forces units on the thread pool; at once without. */
  async writeDirtyAsync(): Promise<void> {
    const end = this.#end;
    if (this.ext !== undefined) await this.ext.flushAsync();
    this.#writeTo(Math.min(end, this.#end));
  }

  #writeTo(end: number): void {
    while (this.#writtenEnd < end) {
      const entry = this.#writtenEnd;
      const chunk = this.#chunkOf(entry);
      const inChunk = entry % ENTRIES_PER_CHUNK;
      const last = Math.min(end, entry - inChunk + ENTRIES_PER_CHUNK, this.#fileEndOf(entry));
      const file = this.files.fileForAppend(entry * CQ_ENTRY_BYTES);
      file.append(chunk.bytes, inChunk * CQ_ENTRY_BYTES, (last - entry) * CQ_ENTRY_BYTES);
      this.#writtenEnd = last;
      if (last === this.#end || last === this.#fileEndOf(entry)) {
        if (last === this.#end) this.#mtimes.set(file.fileFromOffset, this.#lastAppendMs);
        file.setMtime(this.#mtimes.get(file.fileFromOffset) ?? this.#lastAppendMs);
      }
    }
  }

  /** Writes and forces everything, blocking: for shutdown. Throws StoreIoError. */
  flush(): void {
    this.writeDirty();
    this.#rewrite();
    this.files.flush();
    this.#dirty = this.isUnflushed;
  }

  /** Writes, then forces on the thread pool what was there at the call. Throws StoreIoError. */
  async flushAsync(): Promise<void> {
    await this.writeDirtyAsync();
    this.#rewrite();
    await this.files.flushAsync();
    this.#dirty = this.isUnflushed;
  }

  /**
   * Sets the min offset to the first entry of the first file whose message is not below `minPhyOffset`; without such
   * an entry it stays. Throws StoreIoError. Java: ConsumeQueue#correctMinOffset.
   */
  correctMinOffset(minPhyOffset: number): void {
    const first = this.#firstEntry;
    const last = Math.min(this.#end, this.#fileEndOf(first));
    if (minPhyOffset <= 0) {
      // The first entry will do, a filler too as in Java: nothing needs to be read of ten thousand queues.
      if (first < last) this.#minLogicOffset = first * CQ_ENTRY_BYTES;
      return;
    }
    // What lay below it before lies below it now.
    for (let entry = Math.max(first, this.minOffset); entry < last; ) {
      const count = this.entriesFrom(entry, BATCH.capacity, BATCH);
      if (count === 0) return;
      for (let index = 0; index < count; index += 1) {
        if ((BATCH.phyOffset[index] as number) < minPhyOffset) continue;
        this.#minLogicOffset = (entry + index) * CQ_ENTRY_BYTES;
        return;
      }
      entry += count;
    }
  }

  /** Removes the first file; see {@link MappedFileQueue.removeFirst}. */
  async removeFirstFile(): Promise<void> {
    this.#mtimes.delete(this.files.minOffset);
    await this.files.removeFirst();
  }

  /** Gives back the memory of the newest entries, after writing them. Throws StoreIoError. */
  releaseMemory(): void {
    if (this.#tail !== undefined) this.release(this.#tail);
  }

  /** Removes the files and the directory; the queue is empty as if new. Java: ConsumeQueue#destroy. */
  destroy(): void {
    this.#dropMemory();
    this.files.destroy();
    this.ext?.destroy();
    this.#mtimes.clear();
    this.#memoryStart = 0;
    this.#writtenEnd = 0;
    this.#end = 0;
    this.#minLogicOffset = 0;
    this.#maxPhysicOffset = -1;
    this.#dirty = false;
  }

  /** When the file's last entry was appended, milliseconds since the epoch; all entries must be written. */
  mtimeOf(file: MappedFile): number {
    let mtimeMs = this.#mtimes.get(file.fileFromOffset);
    if (mtimeMs === undefined) {
      mtimeMs = file.mtimeMs();
      this.#mtimes.set(file.fileFromOffset, mtimeMs);
    }
    return mtimeMs;
  }

  /** Recovery has decided where the queue ends: nothing is in memory, the files are truncated to there. */
  endAt(logicOffset: number, maxPhysicOffset: number): void {
    assert(logicOffset % CQ_ENTRY_BYTES === 0, 'end of a consume queue');
    this.#dropMemory();
    this.files.truncateTo(logicOffset);
    this.files.flushedWhere = logicOffset;
    this.#mtimes.clear();
    this.#end = logicOffset / CQ_ENTRY_BYTES;
    this.#writtenEnd = this.#end;
    this.#memoryStart = this.#end;
    this.#maxPhysicOffset = maxPhysicOffset;
  }

  release(chunk: EntryChunk): void {
    const index = this.#chunks.indexOf(chunk);
    assert(index >= 0, 'a chunk is released by its owner');
    if (this.#writtenEnd < (chunk.chunkNumber + 1) * ENTRIES_PER_CHUNK) this.writeDirty();
    for (const old of this.#chunks.splice(0, index + 1)) this.#memory.give(old);
    if (this.#chunks.length === 0) this.#tail = undefined;
    this.#memoryStart = Math.min(this.#end, (chunk.chunkNumber + 1) * ENTRIES_PER_CHUNK);
  }

  #rewrite(): void {
    rewriteEntries(this.files, this.#chunks, this.#memoryStart, this.#writtenEnd);
  }

  /** First entry of the first file; what was indexed but not written may have no file yet. */
  get #firstEntry(): number {
    const first = this.files.firstFile;
    return first === undefined ? 0 : first.fileFromOffset / CQ_ENTRY_BYTES;
  }

  #fileEndOf(entry: number): number {
    const perFile = this.files.fileSize / CQ_ENTRY_BYTES;
    return (Math.floor(entry / perFile) + 1) * perFile;
  }

  /** The first entry ever is not number 0: what is before it in its file is filled. Java: #fillPreBlank. */
  #startAt(queueOffset: number): void {
    const logicOffset = queueOffset * CQ_ENTRY_BYTES;
    fillBefore(this.files, logicOffset);
    this.#minLogicOffset = logicOffset;
    this.#end = queueOffset;
    this.#writtenEnd = queueOffset;
    this.#memoryStart = queueOffset;
  }

  #wrongOrder(queueOffset: number, phyOffset: number): ConsumeQueuePutOutcome {
    const { topic, queueId } = this;
    const fields = { topic, queueId, queueOffset, phyOffset, expected: this.#end };
    this.#log.warn(fields, 'logic queue order maybe wrong: the message is indexed at the next free offset');
    return 'out-of-order';
  }

  #addChunk(): EntryChunk {
    const chunkNumber = Math.floor(this.#end / ENTRIES_PER_CHUNK);
    // Getting memory may take this queue's own chunks, so where memory starts is known only afterwards.
    const chunk = this.#memory.acquire(this, chunkNumber);
    if (this.#chunks.length === 0) this.#memoryStart = this.#end;
    this.#chunks.push(chunk);
    this.#tail = chunk;
    return chunk;
  }

  /** The first entry of a file, or since {@link endAt}: remembers when the file before got its last entry. */
  #enterFile(entry: number): void {
    this.#nextFileStart = this.#fileEndOf(entry);
    const start = entry * CQ_ENTRY_BYTES;
    const before = start - this.files.fileSize;
    if (start % this.files.fileSize === 0 && before >= 0 && this.#lastAppendMs > 0) {
      this.#mtimes.set(before, this.#lastAppendMs);
    }
  }

  #chunkOf(entry: number): EntryChunk {
    const oldest = this.#chunks[0];
    const chunk =
      oldest === undefined ? undefined : this.#chunks[Math.floor(entry / ENTRIES_PER_CHUNK) - oldest.chunkNumber];
    assert(chunk !== undefined, 'entries from the start of memory are in memory');
    return chunk;
  }

  #readMemory(from: number, to: number, into: ConsumeQueueEntries): void {
    for (let entry = from; entry < to; ) {
      const chunk = this.#chunkOf(entry);
      chunk.used = true;
      const inChunk = entry % ENTRIES_PER_CHUNK;
      const count = Math.min(to - entry, ENTRIES_PER_CHUNK - inChunk);
      into.decode(chunk.bytes, inChunk * CQ_ENTRY_BYTES, count);
      entry += count;
    }
  }

  #dropMemory(): void {
    for (const chunk of this.#chunks) this.#memory.give(chunk);
    this.#chunks = [];
    this.#tail = undefined;
    this.#nextFileStart = 0;
    this.#memoryStart = this.#end;
  }
}

/** What became of a message that was to be indexed. */
export type ConsumeQueuePutOutcome = 'appended' | 'already-built' | 'repeated' | 'out-of-order';

/** What all queues of a store share. */
export interface ConsumeQueueParts {
  readonly openFiles: OpenFiles;
  /** The consumequeue directory. */
  readonly dir: string;
  /** Bytes of a file, whole entries: see `roundUpToEntries`. */
  readonly fileSize: number;
  readonly memory: EntryMemory;
  readonly log: Logger;
  /** Given when enableConsumeQueueExt is on. */
  readonly ext?: ConsumeQueueExtParts;
  /** Told once when a queue gets entries that are not on disk, again after each flush. */
  readonly onDirty: (queue: ConsumeQueue) => void;
}

const PAGE_BYTES = 4096;
const BATCH = new ConsumeQueueEntries(ENTRIES_PER_CHUNK);
const SINGLE = new ConsumeQueueEntries(1);
