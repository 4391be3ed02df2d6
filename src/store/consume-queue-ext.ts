import { assert } from '../util/assert.ts';
import type { Logger } from '../util/logger.ts';
import {
  CqExtUnit,
  encodeExtUnit,
  extAddressHigh,
  extAddressLow,
  extOffset,
  isExtAddress,
  MAX_UNIT_BYTES,
  MIN_UNIT_BYTES,
  NO_BIT_MAP,
} from './consume-queue-ext-unit.ts';
import { MappedFileQueue } from './mapped-file-queue.ts';
import type { OpenFiles } from './open-files.ts';
import type { MessageFilter } from './ports.ts';
import { StoreIoError, type StoreLoadError, toStoreIoError } from './store-errors.ts';

/**
 * What does not fit the entries of one queue: per message a unit with tagsCode, store time and filter bit map, to
 * which the entry holds the address. Offsets count bytes of the linear space of units; an address is Java's smallest
 * long plus an offset.
 *
 * New units wait in memory until {@link flush}; the queue writes an entry only after its unit is on disk, so that
 * no power loss leaves an address that leads elsewhere (ADR 0026). Java: ConsumeQueueExt.
 */
export class ConsumeQueueExt {
  readonly topic: string;
  readonly queueId: number;
  readonly files: MappedFileQueue;
  /** Address of the unit put last. */
  addressHigh = 0;
  addressLow = 0;
  readonly #parts: ConsumeQueueExtParts;
  /** Units that are not in the files: those in [writtenEnd, end). */
  #pending: Buffer | undefined;
  #writtenEnd = 0;
  #end = 0;
  /** Files that were found when the queue was in use already, and are not ours: nothing is put. */
  #unusable = false;
  #failureLogged = false;

  constructor(parts: ConsumeQueueExtParts, topic: string, queueId: number) {
    assert(parts.fileSize > 0, 'file size');
    this.topic = topic;
    this.queueId = queueId;
    this.files = new MappedFileQueue(parts.openFiles, `${parts.dir}/${topic}/${queueId}`, parts.fileSize);
    this.#parts = parts;
  }

  /** Offset of the first unit kept. Java: ConsumeQueueExt#getMinAddress, without the sign bit. */
  get minOffset(): number {
    return this.files.minOffset;
  }

  /** Offset of the next unit, unless that needs another file. Java: ConsumeQueueExt#getMaxAddress. */
  get maxOffset(): number {
    return this.#end;
  }

  /**
   * Adds a unit, whose address is then {@link addressHigh} and {@link addressLow}. False when it cannot be kept; the
   * entry then holds the tagsCode itself, as in Java. Never throws. Java: ConsumeQueueExt#put.
   */
  put(tagsCodeHigh: number, tagsCodeLow: number, msgStoreTime: number, bitMap: Uint8Array = NO_BIT_MAP): boolean {
    const size = MIN_UNIT_BYTES + bitMap.length;
    const { fileSize } = this.files;
    if (this.#unusable) return false;
    if (size > MAX_UNIT_BYTES || size > fileSize - END_ROOM_BYTES) {
      return this.#notKept({ size, fileSize }, 'a unit is too long for an extension file');
    }
    try {
      if (size > fileSize - (this.#end % fileSize) - END_ROOM_BYTES) this.#roll();
      if (this.#end - this.#writtenEnd + size > PENDING_BYTES) this.write();
    } catch (error) {
      if (!(error instanceof StoreIoError)) throw error;
      return this.#notKept({ err: error }, 'writing an extension file failed');
    }
    this.#pending = roomFor(this.#pending, this.#end - this.#writtenEnd, size);
    encodeExtUnit(this.#pending, this.#end - this.#writtenEnd, tagsCodeHigh, tagsCodeLow, msgStoreTime, bitMap);
    this.addressHigh = extAddressHigh(this.#end);
    this.addressLow = extAddressLow(this.#end);
    this.#end += size;
    return true;
  }

  /**
   * Reads the unit at an address. False when none is there, or none that can be read. The unit is good until the
   * next call for any queue. Java: ConsumeQueueExt#get.
   */
  get(high: number, low: number, into: CqExtUnit): boolean {
    const found = this.#read(extOffset(high, low), into);
    if (!found) this.#notFound({ high, low }, 'an entry has the address of a unit that is not there');
    return found;
  }

  /** True when units are not on disk. */
  get isUnflushed(): boolean {
    return this.#writtenEnd < this.#end || this.files.flushedWhere < this.files.maxOffset;
  }

  /** Takes the units in memory to the file (the kernel's cache). Throws StoreIoError. */
  write(): void {
    if (this.#pending === undefined || this.#writtenEnd === this.#end) return;
    const file = this.files.fileForAppend(this.#writtenEnd);
    file.append(this.#pending, 0, this.#end - this.#writtenEnd);
    this.#writtenEnd = this.#end;
    this.#pending = undefined;
  }

  /** Everything put is on disk when this returns. Blocks. Throws StoreIoError. */
  flush(): void {
    if (!this.isUnflushed) return;
    this.write();
    this.files.flush();
  }

  /** As {@link flush} on the thread pool, for what was put before the call. Throws StoreIoError. */
  async flushAsync(): Promise<void> {
    if (!this.isUnflushed) return;
    this.write();
    await this.files.flushAsync();
  }

  /** Finds the files; {@link endAt} says where they end. Throws StoreLoadError. Java: ConsumeQueueExt#load. */
  load(): void {
    this.files.load();
    this.#end = this.files.maxOffset;
    this.#writtenEnd = this.#end;
  }

  /** Files found when the queue is in use already cannot stop the start any more: messages then get no units. */
  refuse(error: StoreLoadError): void {
    this.#unusable = true;
    this.#notKept({ err: error }, 'the extension files of a queue cannot be used');
  }

  /** Reads the unit at an offset, as {@link get}, without a word when none is there. */
  unitAt(offset: number, into: CqExtUnit): boolean {
    return this.#read(offset, into);
  }

  /** Units end at `offset`, where the next one is put; nothing waits in memory. Throws StoreIoError. */
  endAt(offset: number): void {
    this.#pending = undefined;
    this.files.truncateTo(offset);
    this.#end = offset;
    this.#writtenEnd = offset;
    if (this.#parts.window.owner === this) this.#parts.window.owner = undefined;
  }

  /**
   * Makes what is behind the end of the last file zero: units that no entry knows lie there after a crash, and Java,
   * which walks by their sizes, would fail at one that a new unit has cut in two. Throws StoreIoError.
   */
  zeroBehindEnd(): void {
    const file = this.files.lastFile;
    if (file === undefined || file.isFull) return;
    try {
      const handle = this.#parts.openFiles.handle(file.path);
      // Shorter and longer again: the rest becomes a hole, however long, without a read.
      handle.truncate(file.wrotePosition);
      handle.truncate(file.fileSize);
    } catch (error) {
      throw toStoreIoError('truncate', file.path, file.wrotePosition, error);
    }
  }

  /**
   * Sees to it that the next unit lies behind `offset`: entries hold addresses up to there, although their units are
   * gone. False when that is too far to be true. Throws StoreIoError.
   */
  passOver(offset: number): boolean {
    const { fileSize } = this.files;
    const next = (Math.floor(offset / fileSize) + 1) * fileSize;
    if (next > MAX_OFFSET) return false;
    if (this.files.lastFile === undefined) this.endAt(next);
    else if (next - this.#end > MAX_FILES_PASSED * fileSize) return false;
    while (this.#end < next) this.#roll();
    return true;
  }

  /**
   * Removes leading files that end below the offset of the first unit in use, never the last file. Throws
   * StoreIoError. Java: ConsumeQueueExt#truncateByMinAddress.
   */
  async truncateByMinOffset(offset: number): Promise<void> {
    for (;;) {
      const [first, second] = this.files.files;
      if (first === undefined || second === undefined) return;
      if (first.fileFromOffset + this.files.fileSize >= offset) return;
      await this.files.removeFirst();
    }
  }

  /** Removes the files and the directory. Throws StoreIoError. Java: ConsumeQueueExt#destroy. */
  destroy(): void {
    this.endAt(0);
    this.files.destroy();
  }

  /** Ends the file: the mark, and what is behind it is empty. Java: ConsumeQueueExt#fullFillToEnd. */
  #roll(): void {
    this.write();
    const file = this.files.fileForAppend(this.#end);
    file.write(END_MARK, 0, END_MARK.length, file.wrotePosition);
    file.wrotePosition = file.fileSize;
    this.#end = file.fileFromOffset + file.fileSize;
    this.#writtenEnd = this.#end;
  }

  #read(offset: number, into: CqExtUnit): boolean {
    if (offset < 0 || offset >= this.#end) return false;
    if (offset >= this.#writtenEnd) {
      const pending = this.#pending;
      return pending !== undefined && into.decode(pending, offset - this.#writtenEnd, this.#end - this.#writtenEnd);
    }
    const { window } = this.#parts;
    const at = offset - window.from;
    if (window.owner === this && at >= 0 && at < window.length && into.decode(window.bytes, at, window.length)) {
      return true;
    }
    this.#fill(window, offset, USUAL_READ_BYTES);
    if (into.decode(window.bytes, 0, window.length)) return true;
    if (window.length < MIN_UNIT_BYTES || window.bytes.readInt16BE(0) <= USUAL_READ_BYTES) return false;
    this.#fill(window, offset, window.bytes.length);
    return into.decode(window.bytes, 0, window.length);
  }

  /** Reads what is written from `offset` on, at most to the end of its file; nothing when that fails. */
  #fill(window: ExtWindow, offset: number, wantedBytes: number): void {
    window.owner = this;
    window.from = offset;
    window.length = 0;
    const file = this.files.findByOffset(offset);
    if (file === undefined) return;
    const position = offset - file.fileFromOffset;
    const length = Math.min(wantedBytes, file.wrotePosition - position);
    try {
      if (length > 0) window.length = file.read(window.bytes, 0, length, position);
    } catch (error) {
      if (!(error instanceof StoreIoError)) throw error;
      this.#notFound({ err: error }, 'reading an extension file failed');
    }
  }

  #notKept(fields: object, text: string): false {
    const { topic, queueId } = this;
    if (!this.#failureLogged) this.#parts.log.error({ ...fields, topic, queueId }, `${text}: entries hold tags codes`);
    this.#failureLogged = true;
    return false;
  }

  #notFound(fields: object, text: string): void {
    const { topic, queueId } = this;
    if (!this.#failureLogged) this.#parts.log.error({ ...fields, topic, queueId }, `${text}: clients filter by tag`);
    this.#failureLogged = true;
  }
}

/**
 * Asks a filter about an entry, with the tagsCode of the unit when the entry holds an address. An address without a
 * unit, which with enableConsumeQueueExt off is any, passes as in Java: the client compares tags again.
 * Java: DefaultMessageStore#getMessage.
 */
export function isMatchedByEntry(
  filter: MessageFilter,
  ext: ConsumeQueueExt | undefined,
  tagsCodeHigh: number,
  tagsCodeLow: number,
): boolean {
  if (!isExtAddress(tagsCodeHigh, tagsCodeLow)) return filter.isMatchedByConsumeQueue(tagsCodeHigh, tagsCodeLow);
  if (ext === undefined || !ext.get(tagsCodeHigh, tagsCodeLow, UNIT)) return true;
  // No tag has such a code: a bit of the unit has changed.
  if (isExtAddress(UNIT.tagsCodeHigh, UNIT.tagsCodeLow)) return true;
  return filter.isMatchedByConsumeQueue(UNIT.tagsCodeHigh, UNIT.tagsCodeLow, UNIT);
}

/** What the extensions of all queues of a store share. */
export interface ConsumeQueueExtParts {
  readonly openFiles: OpenFiles;
  /** The consumequeue_ext directory. */
  readonly dir: string;
  /** Bytes of a file. */
  readonly fileSize: number;
  readonly log: Logger;
  readonly window: ExtWindow;
}

/** A piece of some extension's files: a reader of a queue asks for one unit after the other. */
export class ExtWindow {
  readonly bytes = Buffer.alloc(MAX_UNIT_BYTES + 1);
  owner: ConsumeQueueExt | undefined;
  /** Offset of the first byte, and how many there are. */
  from = 0;
  length = 0;
}

function roomFor(pending: Buffer | undefined, used: number, more: number): Buffer {
  if (pending !== undefined && used + more <= pending.length) return pending;
  const grown = Buffer.alloc(Math.max(FIRST_PENDING_BYTES, Math.min(4 * used, PENDING_BYTES), used + more));
  pending?.copy(grown, 0, 0, used);
  return grown;
}

/** One for all: a filter is done with it when it has answered. */
const UNIT = new CqExtUnit();
/** Bytes a file always keeps free at its end, of which the mark takes two. Java: END_BLANK_DATA_LENGTH. */
const END_ROOM_BYTES = 4;
/** A size of −1: the next unit is in the next file. */
const END_MARK = Buffer.from([0xff, 0xff]);
/** A queue with few messages takes little; no queue takes more, except for one unit that is longer. */
const FIRST_PENDING_BYTES = 256;
const PENDING_BYTES = 4_096;
const USUAL_READ_BYTES = 16_384;
const MAX_FILES_PASSED = 64;
/** Beyond it only a damaged entry points. */
const MAX_OFFSET = 2 ** 50;
