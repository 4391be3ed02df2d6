import { isExtAddress } from '../../src/store/consume-queue-ext-unit.ts';
import type { MessageStore } from '../../src/store/message-store.ts';
import { splitRecords } from '../store-fixture.ts';
import { type Flip, fieldOf } from './flips.ts';
import { type KnownRecord, QUEUES, type SampleStore, type Stop } from './sample-store.ts';

/** How a record was read: codes 11, 12 and 33. */
export type Read = 'pull' | 'query' | 'view';

/** Fields that nothing of the 4.6.0 format lets a reader check; what is checked besides depends on the way to it. */
const UNCOVERED = [
  ...['FLAG', 'SYSFLAG', 'BORNTIMESTAMP', 'BORNHOST', 'STORETIMESTAMP', 'STOREHOST', 'RECONSUMETIMES'],
  ...['PREPAREDTRANSACTIONOFFSET', 'properties'],
];
const UNCHECKED: Readonly<Record<Read, readonly string[]>> = {
  pull: UNCOVERED,
  query: [...UNCOVERED, 'QUEUEID', 'QUEUEOFFSET'],
  view: [...UNCOVERED, 'QUEUEID', 'QUEUEOFFSET', 'topic'],
};

/** What readers got out of a store with one changed bit. */
export class Asked {
  readonly problems: string[] = [];
  /** Ways on which the record of the changed bit was served with it. */
  readonly servedChanged = new Set<Read>();
  /** Physical offsets of what was served on each way. */
  readonly served: Readonly<Record<Read, Set<number>>> = { pull: new Set(), query: new Set(), view: new Set() };
  readonly #store: MessageStore;
  readonly #sample: SampleStore;
  readonly #flip: Flip;
  readonly #stop: Stop;
  readonly #known: Map<number, KnownRecord>;

  constructor(store: MessageStore, sample: SampleStore, stop: Stop, flip: Flip) {
    this.#store = store;
    this.#sample = sample;
    this.#stop = stop;
    this.#flip = flip;
    this.#known = new Map(sample.records.map((record) => [record.phyOffset, record]));
  }

  /** A filter is asked about tags, never about an address in an extension. */
  async #filterAll(topic: string, queueId: number): Promise<void> {
    const isMatchedByConsumeQueue = (high: number, low: number): boolean => {
      if (isExtAddress(high, low)) this.problems.push(`a filter of ${topic} ${queueId} was asked about an address`);
      return true;
    };
    const max = this.#store.getMaxOffsetInQueue(topic, queueId);
    for (let offset = this.#store.getMinOffsetInQueue(topic, queueId); offset < max; ) {
      const request = { topic, queueId, offset, maxMsgNums: 32 };
      const result = await this.#store.getMessage(request, { isMatchedByConsumeQueue });
      if (result === undefined || result.nextBeginOffset <= offset) return;
      offset = result.nextBeginOffset;
    }
  }

  /** Reads everything in every way. */
  async everything(): Promise<void> {
    for (const [topic, queueId] of QUEUES) {
      await this.#pullAll(topic, queueId, 32);
      if (this.#sample.ext) await this.#filterAll(topic, queueId);
      if (this.#flip.part === 'ConsumeQueue') await this.#pullAll(topic, queueId, 1);
    }
    for (const record of this.#sample.records) {
      const found = await this.#store.selectOneMessageByOffset(record.phyOffset);
      if (found instanceof Buffer) this.#compare('view', found, record);
    }
    for (const [topic, key] of this.#keys()) await this.#query(topic, key);
  }

  /** As a consumer does, which goes where it is told to go. */
  async #pullAll(topic: string, queueId: number, maxMsgNums: number): Promise<void> {
    const { problems } = this;
    let last = -1;
    const max = this.#store.getMaxOffsetInQueue(topic, queueId);
    for (let offset = this.#store.getMinOffsetInQueue(topic, queueId); offset < max; ) {
      const result = await this.#store.getMessage({ topic, queueId, offset, maxMsgNums });
      const next = result?.nextBeginOffset ?? -1;
      if (result === undefined || next <= offset || next > max) {
        problems.push(`pull of ${topic} ${queueId} goes from ${offset} to ${next}, the end is ${max}`);
        return;
      }
      for (const bytes of splitRecords(result.body)) {
        const record = this.#known.get(Number(bytes.readBigInt64BE(28)));
        if (record !== undefined && this.#isMoved(record)) {
          this.servedChanged.add('pull');
          continue;
        }
        if (record === undefined || record.topic !== topic || record.queueId !== queueId) {
          problems.push(`pull of ${topic} ${queueId} at ${offset} served a record of another place`);
          continue;
        }
        const isInOrder = record.queueOffset > last && record.queueOffset >= offset && record.queueOffset < next;
        if (!isInOrder) {
          problems.push(`pull of ${topic} ${queueId} at ${offset} served the message at ${record.queueOffset}`);
        }
        last = record.queueOffset;
        this.#compare('pull', bytes, record);
      }
      offset = next;
    }
  }

  /** Recovery after a crash puts a record into the queue that it names, and then they agree. */
  #isMoved(record: KnownRecord): boolean {
    const { field } = this.#flip;
    return this.#stop === 'crashed' && record === this.#flip.record && (field === 'QUEUEID' || field === 'topic');
  }

  async #query(topic: string, key: string): Promise<void> {
    const { buffers } = await this.#store.queryMessage(topic, key, 64, 0, Number.MAX_SAFE_INTEGER);
    for (const bytes of buffers) {
      const record = this.#known.get(Number(bytes.readBigInt64BE(28)));
      const isWanted = record?.topic === topic && record.keys.includes(key);
      if (record === undefined || !(isWanted || record === this.#flip.record)) {
        this.problems.push(`query of ${topic} ${key} served a record without that key`);
      } else this.#compare('query', bytes, record);
    }
  }

  *#keys(): Iterable<[string, string]> {
    const seen = new Set<string>();
    for (const { topic, keys } of this.#sample.records) {
      for (const key of keys) {
        if (seen.has(`${topic}#${key}`)) continue;
        seen.add(`${topic}#${key}`);
        yield [topic, key];
      }
    }
  }

  #compare(read: Read, bytes: Buffer, record: KnownRecord): void {
    this.served[read].add(record.phyOffset);
    const original = record.bytes;
    if (bytes.equals(original)) return;
    const where = `${read} served the record at ${record.phyOffset}`;
    if (record !== this.#flip.record || bytes.length !== original.length) {
      this.problems.push(`${where} other than it was written`);
      return;
    }
    this.servedChanged.add(read);
    for (let byte = 0; byte < original.length; byte++) {
      const field = fieldOf(original, byte);
      if (bytes[byte] === original[byte] || UNCHECKED[read].includes(field)) continue;
      // The CRC of no body is not looked at, as in Java.
      if (field === 'BODYCRC' && original.readInt32BE(8) === 0) continue;
      this.problems.push(`${where} with a changed ${field}`);
      return;
    }
  }
}
