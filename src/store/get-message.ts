import type { ConsumeQueue } from './consume-queue.ts';
import { ConsumeQueueEntries } from './consume-queue-entries.ts';
import { isMatchedByEntry } from './consume-queue-ext.ts';
import { type FilterByRecord, FilteredRead, looksIntoRecords } from './filtered-read.ts';
import {
  type GetMessageParts,
  getAnswer,
  isBatchFull,
  MAX_SCAN_ENTRIES,
  MIN_SCAN_ENTRIES,
  noteImpossible,
} from './get-answer.ts';
import type { MessageFilter } from './ports.ts';
import type { FetchedRecords } from './record-fetch.ts';
import { RecordPlaces } from './record-places.ts';
import type { GetMessageRequest, GetMessageResult, GetMessageStatus } from './results.ts';

/** Entries fetched first; most answers are full before they are used up. */
const FIRST_SCAN_ENTRIES = 64;

/** Reads messages from a queue. Java: DefaultMessageStore#getMessage. */
export class GetMessage {
  readonly #parts: GetMessageParts;
  readonly #entries = new ConsumeQueueEntries(MIN_SCAN_ENTRIES);
  readonly #places = new RecordPlaces();
  /** Outcome of the scan under way. */
  #nextOffset = 0;
  #lastScanned = 0;
  #removing = false;

  constructor(parts: GetMessageParts) {
    this.#parts = parts;
  }

  /** The messages at the offset that pass the filter. A promise only when old records are read. Throws StoreIoError. */
  get(request: GetMessageRequest, filter: MessageFilter | undefined): GetMessageResult | Promise<GetMessageResult> {
    const queue = this.#parts.consumeQueues.find(request.topic, request.queueId);
    const min = queue?.minOffset ?? 0;
    const max = queue?.maxOffset ?? 0;
    const { offset } = request;
    if (queue === undefined || max === 0) return this.#nothing('NO_MESSAGE_IN_QUEUE', offset, 0, min, max);
    if (offset < min) return this.#nothing('OFFSET_TOO_SMALL', offset, min, min, max);
    if (offset === max) return this.#nothing('OFFSET_OVERFLOW_ONE', offset, offset, min, max);
    if (offset > max) return this.#nothing('OFFSET_OVERFLOW_BADLY', offset, min === 0 ? min : max, min, max);
    if (looksIntoRecords(filter)) return this.#getFiltered(queue, request, filter);
    const likely = Math.min(Math.max(request.maxMsgNums, 1) + 1, FIRST_SCAN_ENTRIES);
    const first = queue.entriesFrom(offset, likely, this.#entries);
    if (first === 0) return this.#nothing('OFFSET_FOUND_NULL', offset, queue.nextFileOffset(offset), min, max);

    this.#begin(queue.topic, queue.queueId, offset);
    const limit = Math.min(Math.max(MIN_SCAN_ENTRIES, request.maxMsgNums), MAX_SCAN_ENTRIES);
    const fileEnd = queue.nextFileOffset(offset);
    for (let scanned = first; this.#scan(queue, request, filter); ) {
      if (scanned >= limit || this.#nextOffset >= Math.min(max, fileEnd)) break;
      const count = queue.entriesFrom(this.#nextOffset, Math.min(limit - scanned, MIN_SCAN_ENTRIES), this.#entries);
      if (count === 0) break;
      scanned += count;
    }
    return this.#finish(min, max, request.into);
  }

  #getFiltered(queue: ConsumeQueue, request: GetMessageRequest, filter: FilterByRecord) {
    const { minOffset, maxOffset } = queue;
    const { offset } = request;
    if (queue.entriesFrom(offset, 1, this.#entries) === 0) {
      return this.#nothing('OFFSET_FOUND_NULL', offset, queue.nextFileOffset(offset), minOffset, maxOffset);
    }
    return new FilteredRead(this.#parts, queue, request, filter).run();
  }

  #begin(topic: string, queueId: number, offset: number): void {
    this.#places.clear(topic, queueId);
    this.#nextOffset = offset;
    this.#lastScanned = 0;
    this.#removing = false;
  }

  /** Goes through the entries at hand; false when the answer is full. */
  #scan(queue: ConsumeQueue, request: GetMessageRequest, filter: MessageFilter | undefined): boolean {
    const { log, fetch } = this.#parts;
    const entries = this.#entries;
    const places = this.#places;
    const onDiskBelow = log.writtenEnd - this.#parts.inMemoryBytes();
    for (let at = 0; at < entries.count; at++) {
      const phyOffset = entries.phyOffset[at] as number;
      const size = entries.size[at] as number;
      this.#lastScanned = phyOffset;
      if (this.#isFull(size, request.maxMsgNums, phyOffset < onDiskBelow)) return false;
      this.#nextOffset++;
      if (filter !== undefined) {
        const tagsHigh = entries.tagsCodeHigh[at] as number;
        if (!isMatchedByEntry(filter, queue.ext, tagsHigh, entries.tagsCodeLow[at] as number)) continue;
      }
      if (fetch.isPossible(phyOffset, size)) places.add(phyOffset, size, this.#nextOffset - 1);
      else this.#impossible(phyOffset, size);
    }
    return true;
  }

  /** No message of the log. */
  #impossible(phyOffset: number, size: number): void {
    this.#removing = true;
    const { damaged, log } = this.#parts;
    const { topic, queueId } = this.#places;
    noteImpossible(damaged, log.minOffset, topic, queueId, this.#nextOffset - 1, phyOffset, size);
  }

  #isFull(size: number, maxMsgNums: number, inDisk: boolean): boolean {
    const { count, totalBytes } = this.#places;
    return isBatchFull(this.#parts.config, count, totalBytes, size, maxMsgNums, inDisk);
  }

  #finish(min: number, max: number, into: Buffer | undefined): GetMessageResult | Promise<GetMessageResult> {
    const { log, fetch } = this.#parts;
    const nextBeginOffset = this.#nextOffset;
    const behind = log.writtenEnd - this.#lastScanned > this.#parts.inMemoryBytes();
    const without = this.#removing ? 'MESSAGE_WAS_REMOVING' : 'NO_MATCHED_MESSAGE';
    if (this.#places.count === 0) return getAnswer(without, nextBeginOffset, min, max, undefined, behind);
    const fetched = fetch.fetch(this.#places, into);
    if (fetched instanceof Promise) return fetched.then((found) => toResult(found, nextBeginOffset, min, max, behind));
    return toResult(fetched, nextBeginOffset, min, max, behind);
  }

  /** Java: #nextOffsetCorrection: a slave does not correct the reader's offset unless told to. */
  #nothing(status: GetMessageStatus, asked: number, corrected: number, min: number, max: number): GetMessageResult {
    const { config } = this.#parts;
    const next = config.brokerRole !== 'SLAVE' || config.offsetCheckInSlave ? corrected : asked;
    return getAnswer(status, next, min, max, undefined, false);
  }
}

function toResult(found: FetchedRecords, next: number, min: number, max: number, behind: boolean): GetMessageResult {
  const status = found.sizes.length > 0 ? 'FOUND' : 'MESSAGE_WAS_REMOVING';
  return getAnswer(status, next, min, max, found, behind);
}
