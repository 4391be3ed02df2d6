import { isSafePathSegment } from '../codec/names.ts';
import type { Fs } from '../util/fs.ts';
import { FileWindow } from './file-window.ts';
import { QUEUE_ENTRY_BYTES } from './store-layout.ts';

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

/** Writes an entry. */
export function encodeEntry(entry: QueueEntry): Buffer {
  const bytes = Buffer.alloc(QUEUE_ENTRY_BYTES);
  bytes.writeBigInt64BE(BigInt(entry.phyOffset), 0);
  bytes.writeInt32BE(entry.size, 8);
  bytes.writeInt32BE(entry.tagsHigh, 12);
  bytes.writeInt32BE(entry.tagsLow, 16);
  return bytes;
}

/** Where Java fills the places before the first entry of a queue: offset 0 and the greatest size. */
export function isPreFill(entry: QueueEntry): boolean {
  return entry.phyOffset === 0 && entry.size === 0x7fffffff;
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
    const position = number * QUEUE_ENTRY_BYTES;
    const from = position - (position % this.#fileBytes);
    const last = this.#last;
    if (last.topic !== topic || last.queueId !== queueId || last.from !== from) {
      const name = `${topic}/${queueId}/${String(from).padStart(20, '0')}`;
      this.#last = { topic, queueId, from, path: `consumequeue/${name}`, file: `${this.#dir}/${name}` };
    }
    return { path: this.#last.path, file: this.#last.file, at: position - from };
  }

  /** An entry, undefined when its file is missing or ends before it. */
  entry(topic: string, queueId: number, number: number): QueueEntry | undefined {
    const place = this.place(topic, queueId, number);
    if (place === undefined) return undefined;
    const bytes = this.#window(place.file)?.view(place.at, QUEUE_ENTRY_BYTES);
    return bytes?.length === QUEUE_ENTRY_BYTES ? decodeEntry(bytes, 0) : undefined;
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
    const stat = this.#fs.stat(file);
    const exists = stat !== undefined && !stat.isDirectory;
    const window = exists ? new FileWindow(this.#fs, file, READ_BYTES) : undefined;
    this.#windows.set(file, window);
    return window;
  }
}

const TWO_POW_32 = 0x100000000;
const MOST_OPEN = 256;
const READ_BYTES = 8_000;
