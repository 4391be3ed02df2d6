import { peekRecord, RecordPeek } from '../codec/message.ts';
import type { ConsumeQueue } from './consume-queue.ts';
import { ConsumeQueueEntries } from './consume-queue-entries.ts';
import { isMatchedByEntry } from './consume-queue-ext.ts';
import {
  type GetMessageParts,
  getAnswer,
  isBatchFull,
  MAX_SCAN_ENTRIES,
  MIN_SCAN_ENTRIES,
  noteImpossible,
} from './get-answer.ts';
import type { MessageFilter, RecordFilter } from './ports.ts';
import type { FetchedRecords } from './record-fetch.ts';
import { RecordPlaces } from './record-places.ts';
import type { GetMessageRequest, GetMessageResult } from './results.ts';

/** Entries, and bytes of records, fetched at a time. */
const MIN_WAVE_ENTRIES = 16;
const WAVE_ENTRIES = 64;
const WAVE_BYTES = 1 << 20;
/** Bytes of records one read fetches; a reader who found nothing by then comes again at once. */
const MOST_BYTES = 16 << 20;

/**
 * One read with a filter that looks into the records. It goes through the queue in waves: the records of some entries
 * are fetched, then each entry is judged in its order exactly as without such a filter. The memory is its own, because
 * a wave of old records takes time in which other reads run. Java: DefaultMessageStore#getMessage.
 */
export class FilteredRead {
  readonly #parts: GetMessageParts;
  readonly #queue: ConsumeQueue;
  readonly #request: GetMessageRequest;
  readonly #filter: MessageFilter;
  readonly #byRecord: RecordFilter;
  readonly #min: number;
  readonly #max: number;
  readonly #limit: number;
  readonly #entries = new ConsumeQueueEntries(WAVE_ENTRIES);
  /** 1 for the entries of the wave that the queue's entry does not rule out. */
  readonly #wanted = new Uint8Array(WAVE_ENTRIES);
  readonly #places = new RecordPlaces();
  readonly #found: Buffer[] = [];
  #foundBytes = 0;
  #nextOffset: number;
  #lastScanned = 0;
  #scanned = 0;
  #fetchedBytes = 0;
  #fetchedRecords = 0;
  #removing = false;
  #full = false;

  constructor(parts: GetMessageParts, queue: ConsumeQueue, request: GetMessageRequest, filter: FilterByRecord) {
    this.#parts = parts;
    this.#queue = queue;
    this.#request = request;
    this.#filter = filter;
    this.#byRecord = filter.byRecord;
    this.#min = queue.minOffset;
    this.#max = queue.maxOffset;
    this.#nextOffset = request.offset;
    this.#limit = Math.min(Math.max(MIN_SCAN_ENTRIES, request.maxMsgNums), MAX_SCAN_ENTRIES);
  }

  /** A promise only when old records are read. Throws or rejects with StoreIoError. */
  run(): GetMessageResult | Promise<GetMessageResult> {
    while (this.#nextWave()) {
      const fetched = this.#places.count === 0 ? NONE : this.#parts.fetch.fetch(this.#places);
      if (fetched instanceof Promise) {
        return fetched.then((records) => {
          this.#judge(records);
          return this.run();
        });
      }
      this.#judge(fetched);
    }
    return this.#finish();
  }

  /** Reads entries and notes the places of records that may match; false when there is nothing more to look at. */
  #nextWave(): boolean {
    const request = this.#request;
    const entries = this.#entries;
    const fileEnd = this.#queue.nextFileOffset(request.offset);
    const recordsLeft = this.#byRecord.mostRecords - this.#fetchedRecords;
    const entriesLeft = Math.min(this.#limit - this.#scanned, fileEnd - this.#nextOffset);
    if (this.#full || recordsLeft <= 0 || entriesLeft <= 0 || this.#fetchedBytes >= MOST_BYTES) return false;
    const wanted = Math.min(entriesLeft, WAVE_ENTRIES, Math.max(MIN_WAVE_ENTRIES, 2 * request.maxMsgNums));
    if (this.#queue.entriesFrom(this.#nextOffset, wanted, entries) === 0) return false;
    const places = this.#places;
    places.clear(this.#queue.topic, this.#queue.queueId);
    for (let at = 0; at < entries.count; at++) {
      if (places.count >= recordsLeft || places.totalBytes >= WAVE_BYTES) {
        entries.count = at;
        break;
      }
      const [phyOffset, size] = [entries.phyOffset[at] as number, entries.size[at] as number];
      const isWanted = this.#isWanted(at);
      this.#wanted[at] = isWanted ? 1 : 0;
      if (isWanted && this.#parts.fetch.isPossible(phyOffset, size)) {
        places.add(phyOffset, size, this.#nextOffset + at);
      }
    }
    this.#fetchedBytes += places.totalBytes;
    this.#fetchedRecords += places.count;
    this.#scanned += entries.count;
    return true;
  }

  #isWanted(at: number): boolean {
    const { tagsCodeHigh, tagsCodeLow } = this.#entries;
    return isMatchedByEntry(this.#filter, this.#queue.ext, tagsCodeHigh[at] as number, tagsCodeLow[at] as number);
  }

  /** Goes through the entries of the wave in order; fetched records are those of its places that are whole. */
  #judge({ bytes, sizes }: FetchedRecords): void {
    const { config, log } = this.#parts;
    const entries = this.#entries;
    const onDiskBelow = log.writtenEnd - this.#parts.inMemoryBytes();
    let record = 0;
    let position = 0;
    for (let at = 0; at < entries.count; at++) {
      const phyOffset = entries.phyOffset[at] as number;
      const size = entries.size[at] as number;
      this.#lastScanned = phyOffset;
      const { length: count } = this.#found;
      const { maxMsgNums } = this.#request;
      if (isBatchFull(config, count, this.#foundBytes, size, maxMsgNums, phyOffset < onDiskBelow)) {
        this.#full = true;
        return;
      }
      this.#nextOffset++;
      if (this.#wanted[at] === 0) continue;
      const length = sizes[record] ?? 0;
      if (record < sizes.length && this.#isRecordOf(bytes, position, length, phyOffset)) {
        this.#take(bytes, position, length);
        position += length;
        record++;
      } else this.#missing(phyOffset, size);
    }
  }

  #isRecordOf(bytes: Buffer, position: number, length: number, phyOffset: number): boolean {
    return peekRecord(bytes, position, position + length, PEEK) === 'ok' && PEEK.phyOffset === phyOffset;
  }

  /** Keeps the record that was just looked at when it matches. */
  #take(bytes: Buffer, position: number, length: number): void {
    const { propertiesStart, propertiesLength } = PEEK;
    if (!this.#byRecord.isMatchedByCommitLog(bytes, propertiesStart, propertiesStart + propertiesLength)) return;
    this.#found.push(bytes.subarray(position, position + length));
    this.#foundBytes += length;
  }

  #missing(phyOffset: number, size: number): void {
    this.#removing = true;
    const { damaged, fetch, log } = this.#parts;
    // What is possible was noted when it could not be fetched.
    if (fetch.isPossible(phyOffset, size)) return;
    const { topic, queueId } = this.#queue;
    noteImpossible(damaged, log.minOffset, topic, queueId, this.#nextOffset - 1, phyOffset, size);
  }

  #finish(): GetMessageResult {
    const behind = this.#parts.log.writtenEnd - this.#lastScanned > this.#parts.inMemoryBytes();
    const without = this.#removing ? 'MESSAGE_WAS_REMOVING' : 'NO_MATCHED_MESSAGE';
    const { length: count } = this.#found;
    if (count === 0) return getAnswer(without, this.#nextOffset, this.#min, this.#max, undefined, behind);
    const found = { bytes: Buffer.concat(this.#found, this.#foundBytes), sizes: new Int32Array(count) };
    return getAnswer('FOUND', this.#nextOffset, this.#min, this.#max, found, behind);
  }
}

/** A filter that has to look into records. */
export type FilterByRecord = MessageFilter & { readonly byRecord: RecordFilter };

/** Whether a filter is one of those. */
export function looksIntoRecords(filter: MessageFilter | undefined): filter is FilterByRecord {
  return filter?.byRecord !== undefined;
}

/** One for all: nobody keeps it beyond a record. */
const PEEK = new RecordPeek();
const NONE: FetchedRecords = { bytes: Buffer.alloc(0), sizes: new Int32Array(0) };
