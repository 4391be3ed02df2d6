import { posix } from 'node:path';
import { CqExtUnit, extOffset, isExtAddress, MIN_UNIT_BYTES } from '../store/consume-queue-ext-unit.ts';
import type { Fs } from '../util/fs.ts';
import { fileNames } from './directory.ts';
import { FileWindow } from './file-window.ts';
import type { QueueEntry } from './queue-files.ts';
import { OFFSET_NAME } from './store-layout.ts';

/** Reads single units of the extensions of all queues, a bounded number of files open. Throws FsError. */
export class ExtFiles {
  readonly #fs: Fs;
  readonly #dir: string;
  readonly #windows = new Map<string, FileWindow | undefined>();
  readonly #isGone: (queue: string, offset: number) => boolean;
  readonly #unit = new CqExtUnit();
  /** The queue asked for last and the length of its files, 0 without files. */
  #queue = '';
  #fileBytes = 0;

  /** `dir` is the directory of all extensions; units that `isGone` are taken for broken. */
  constructor(fs: Fs, dir: string, isGone: (queue: string, offset: number) => boolean = () => false) {
    this.#isGone = isGone;
    this.#fs = fs;
    this.#dir = dir;
  }

  /** Whether the queue has extension files. */
  has(topic: string, queueId: number): boolean {
    return this.#lengthOf(`${topic}/${queueId}`) > 0;
  }

  /** The unit at an address, undefined when none is there; good until the next call. */
  unit(topic: string, queueId: number, tagsHigh: number, tagsLow: number): CqExtUnit | undefined {
    const queue = `${topic}/${queueId}`;
    const fileBytes = this.#lengthOf(queue);
    const offset = extOffset(tagsHigh, tagsLow);
    if (fileBytes === 0 || !Number.isSafeInteger(offset) || this.#isGone(queue, offset)) return undefined;
    const at = offset % fileBytes;
    const window = this.#window(posix.join(this.#dir, queue, String(offset - at).padStart(20, '0')));
    return window !== undefined && unitAt(window, at, this.#unit) ? this.#unit : undefined;
  }

  /** What is wrong with the address in an entry, undefined when it leads to the unit of the message. */
  problem(
    [topic, queueId]: readonly [topic: string, queueId: number],
    { tagsHigh, tagsLow }: QueueEntry,
    tagsCode: { readonly high: number; readonly low: number },
    storeTimestamp: number,
  ): string | undefined {
    const offset = extOffset(tagsHigh, tagsLow);
    const unit = this.unit(topic, queueId, tagsHigh, tagsLow);
    if (unit === undefined) return `holds the address ${offset} in the extension, where no unit is`;
    const isSame = unit.tagsCodeHigh === tagsCode.high && unit.tagsCodeLow === tagsCode.low;
    if (isSame && unit.msgStoreTime === storeTimestamp) return undefined;
    return `holds the address ${offset} in the extension, where the unit of another message is`;
  }

  close(): void {
    for (const window of this.#windows.values()) window?.close();
    this.#windows.clear();
  }

  #lengthOf(queue: string): number {
    if (queue === this.#queue) return this.#fileBytes;
    this.#queue = queue;
    const dir = posix.join(this.#dir, queue);
    const name = fileNames(this.#fs, dir).find((one) => OFFSET_NAME.test(one));
    this.#fileBytes = name === undefined ? 0 : (this.#fs.stat(posix.join(dir, name))?.sizeBytes ?? 0);
    return this.#fileBytes;
  }

  #window(file: string): FileWindow | undefined {
    if (!this.#windows.has(file)) {
      if (this.#windows.size >= MOST_OPEN) this.close();
      const stat = this.#fs.stat(file);
      const window = stat?.isDirectory === false ? new FileWindow(this.#fs, file, READ_BYTES) : undefined;
      this.#windows.set(file, window);
    }
    return this.#windows.get(file);
  }
}

/** Reads the unit at a position of a file; false when none is there. */
export function unitAt(window: FileWindow, at: number, into: CqExtUnit): boolean {
  const head = window.view(at, MIN_UNIT_BYTES);
  if (head.length < MIN_UNIT_BYTES) return false;
  const size = head.readInt16BE(0);
  if (size < MIN_UNIT_BYTES) return false;
  const bytes = window.view(at, size);
  return into.decode(bytes, 0, bytes.length);
}

/** Whether the third field of an entry is an address in the extension. */
export function hasAddress({ tagsHigh, tagsLow }: QueueEntry): boolean {
  return isExtAddress(tagsHigh, tagsLow);
}

const MOST_OPEN = 64;
const READ_BYTES = 65_536;
