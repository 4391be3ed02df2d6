import { isSafePathSegment } from '../codec/names.ts';
import { CQ_ENTRY_BYTES, encodeEntry, FILLER_SIZE } from '../store/consume-queue-entries.ts';
import { offsetToFileName } from '../store/mapped-file.ts';
import type { Fs } from '../util/fs.ts';
import { FileWindow } from './file-window.ts';

/** One entry of a ConsumeQueue; numbers beyond 2^53, which only damage makes, are the nearest double. */
export interface QueueEntry {
  readonly phyOffset: number;
  readonly size: number;
  readonly tagsHigh: number;
  readonly tagsLow: number;
}

/** Reads the entry at a position of a queue file. */
export function decodeEntry(bytes: Buffer, at: number): QueueEntry {
  return {
    phyOffset: bytes.readInt32BE(at) * TWO_POW_32 + bytes.readUInt32BE(at + 4),
    size: bytes.readInt32BE(at + 8),
    tagsHigh: bytes.readInt32BE(at + 12),
    tagsLow: bytes.readInt32BE(at + 16),
  };
}

/** The 20 bytes of an entry. */
export function toBytes(entry: QueueEntry): Buffer {
  const bytes = Buffer.alloc(CQ_ENTRY_BYTES);
  encodeEntry(bytes, 0, entry.phyOffset, entry.size, entry.tagsHigh, entry.tagsLow);
  return bytes;
}

/** Where Java fills the places before the first entry of a queue: offset 0 and the greatest size. */
export function isPreFill(entry: QueueEntry): boolean {
  return entry.phyOffset === 0 && entry.size === FILLER_SIZE;
}

/** Reads single entries of all queues, a bounded number of files open. Throws FsError. */
export class QueueFiles {
  readonly #fs: Fs;
  readonly #dir: string;
  readonly #fileBytes: number;
  readonly #windows = new Map<string, FileWindow | undefined>();
  /** The file asked for last: mostly the next one is the same. */
  #last = { topic: '', queueId: -1, from: -1, path: '', file: '' };

  /** `dir` is the directory of all queues. */
  constructor(fs: Fs, dir: string, fileBytes: number) {
    this.#fs = fs;
    this.#dir = dir;
    this.#fileBytes = fileBytes;
  }

  /** The file that holds an entry and the entry's position in it; undefined when the name is none for a file. */
  place(topic: string, queueId: number, number: number): { path: string; file: string; at: number } | undefined {
    if (!isSafePathSegment(topic) || number < 0) return undefined;
    const position = number * CQ_ENTRY_BYTES;
    if (!Number.isSafeInteger(position)) return undefined;
    const from = position - (position % this.#fileBytes);
    const last = this.#last;
    if (last.topic !== topic || last.queueId !== queueId || last.from !== from) {
      const name = `${topic}/${queueId}/${offsetToFileName(from)}`;
      this.#last = { topic, queueId, from, path: `consumequeue/${name}`, file: `${this.#dir}/${name}` };
    }
    return { path: this.#last.path, file: this.#last.file, at: position - from };
  }

  /** An entry, undefined when its file is missing or ends before it. */
  entry(topic: string, queueId: number, number: number): QueueEntry | undefined {
    const place = this.place(topic, queueId, number);
    if (place === undefined) return undefined;
    const bytes = this.#window(place.file)?.view(place.at, CQ_ENTRY_BYTES);
    return bytes?.length === CQ_ENTRY_BYTES ? decodeEntry(bytes, 0) : undefined;
  }

  /** Forgets what was read of a file that has changed. */
  forget(file: string): void {
    this.#windows.get(file)?.close();
    this.#windows.delete(file);
  }

  close(): void {
    for (const file of [...this.#windows.keys()]) this.forget(file);
  }

  #window(file: string): FileWindow | undefined {
    if (this.#windows.has(file)) {
      const window = this.#windows.get(file);
      this.#windows.delete(file);
      this.#windows.set(file, window);
      return window;
    }
    if (this.#windows.size >= MOST_OPEN) {
      const [oldest] = this.#windows.keys();
      if (oldest !== undefined) this.forget(oldest);
    }
    const window = FileWindow.ofFile(this.#fs, file, READ_BYTES);
    this.#windows.set(file, window);
    return window;
  }
}

const TWO_POW_32 = 0x100000000;
const MOST_OPEN = 256;
const READ_BYTES = 8_000;
