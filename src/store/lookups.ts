import { decodeRecord, MESSAGE_MAGIC, type MessageExt, RECORD_AT, RECORD_OVERHEAD_BYTES } from '../codec/message.ts';
import { readInt64 } from '../codec/message-bytes.ts';
import { hostBytes } from '../codec/message-id.ts';
import { isBodyWhole } from '../codec/record-check.ts';
import { MessageSysFlag } from '../codec/sys-flags.ts';
import type { MessageStoreConfig } from '../config/message-store-config.ts';
import { javaStringHash } from '../util/java-hash.ts';
import type { CommitLog } from './commit-log.ts';
import { ConsumeQueueEntries } from './consume-queue-entries.ts';
import type { ConsumeQueueTable } from './consume-queue-table.ts';
import { offsetInQueueByTime } from './consume-queue-time.ts';
import type { DamagedReads } from './damaged-reads.ts';
import { toIndexKeyHash } from './index-file.ts';
import type { IndexService } from './index-service.ts';
import type { RecordFetch } from './record-fetch.ts';
import { RecordKeys } from './record-keys.ts';
import { RecordPlaces } from './record-places.ts';
import type { QueryMessageResult } from './results.ts';

/** Bytes of a record up to and with STORETIMESTAMP, for the longest born host. */
const HEAD_BYTES = 76;
const QUERY_ROUNDS = 3;

/** What the look-ups read. */
export interface LookupParts {
  readonly config: MessageStoreConfig;
  readonly log: CommitLog;
  readonly consumeQueues: ConsumeQueueTable;
  readonly index: IndexService;
  readonly fetch: RecordFetch;
  readonly damaged: DamagedReads;
  /** Bytes behind the end of the log that count as in memory. */
  inMemoryBytes(): number;
}

/** Reads of single messages and of times. Everything throws StoreIoError. Java: DefaultMessageStore, CommitLog. */
export class Lookups {
  readonly #parts: LookupParts;
  readonly #entry = new ConsumeQueueEntries(1);
  readonly #head = Buffer.alloc(HEAD_BYTES);
  readonly #keys = new RecordKeys();

  constructor(parts: LookupParts) {
    this.#parts = parts;
  }

  /**
   * The bytes of the record that begins at the physical offset; undefined when none does. Java gives what lies there,
   * whatever it is. Java: #selectOneMessageByOffset.
   */
  async selectOneMessageByOffset(phyOffset: number): Promise<Buffer | 'damaged' | undefined> {
    const { fetch, log } = this.#parts;
    const size = await fetch.head(phyOffset);
    if (size === 'none') return undefined;
    if (size === 'damaged') return this.#noteDamaged(phyOffset);
    const places = new RecordPlaces();
    places.add(phyOffset, size);
    const { bytes, sizes } = await fetch.fetch(places);
    if (sizes.length === 1) return bytes;
    return phyOffset < log.minOffset ? undefined : 'damaged';
  }

  /** The message that begins at the physical offset, or undefined. Java: #lookMessageByOffset. */
  lookMessageByOffset(phyOffset: number): MessageExt | undefined {
    const { log, fetch } = this.#parts;
    const size = fetch.headNow(phyOffset);
    if (typeof size === 'string') return undefined;
    const record = Buffer.allocUnsafe(size);
    if (!log.read(phyOffset, size, record, 0)) return undefined;
    const message = decodeRecord(record, 0);
    if (typeof message === 'string' || !isBodyWhole(record, 0)) {
      this.#noteDamaged(phyOffset);
      return undefined;
    }
    return message;
  }

  /** Store time of a message by its place in the log, −1 when none is there. Java: CommitLog#pickupStoreTimestamp. */
  storeTimeAt(phyOffset: number, size: number): number {
    const { log } = this.#parts;
    if (size < RECORD_OVERHEAD_BYTES || phyOffset < log.minOffset) return -1;
    const length = Math.min(size, HEAD_BYTES);
    if (!log.read(phyOffset, length, this.#head, 0)) return -1;
    if (this.#head.readInt32BE(RECORD_AT.magic) !== MESSAGE_MAGIC) return -1;
    if (readInt64(this.#head, RECORD_AT.phyOffset) !== phyOffset) return -1;
    const v6Bit = this.#head.readInt32BE(RECORD_AT.sysFlag) & MessageSysFlag.BORNHOST_V6_FLAG;
    return readInt64(this.#head, RECORD_AT.bornHost + hostBytes(v6Bit));
  }

  /** Store time of the message at a queue offset, −1 without it. Java: #getMessageStoreTimeStamp. */
  storeTimestampInQueue(topic: string, queueId: number, queueOffset: number): number {
    const place = this.#placeOf(topic, queueId, queueOffset);
    return place === undefined ? -1 : this.storeTimeAt(place.phyOffset, place.size);
  }

  /** Store time of the first message of a queue, −1 without one. Java: #getEarliestMessageTime(topic, queueId). */
  earliestInQueue(topic: string, queueId: number): number {
    const queue = this.#parts.consumeQueues.find(topic, queueId);
    return queue === undefined ? -1 : this.storeTimestampInQueue(topic, queueId, queue.minOffset);
  }

  /**
   * Store time of the first message of the log, −1 without one. Java reads it through a window of 8 MiB and says −1
   * until so much is written; the true time is what its callers want. Java: #getEarliestMessageTime().
   */
  earliest(): number {
    const { log } = this.#parts;
    return log.writtenEnd > log.minOffset ? this.storeTimeAt(log.minOffset, RECORD_OVERHEAD_BYTES) : -1;
  }

  /** Physical offset of the message at a queue offset, 0 without it. Java: #getCommitLogOffsetInQueue. */
  commitLogOffsetInQueue(topic: string, queueId: number, queueOffset: number): number {
    return this.#placeOf(topic, queueId, queueOffset)?.phyOffset ?? 0;
  }

  /** Queue offset by store time, 0 for an unknown queue. Java: #getOffsetInQueueByTime. */
  offsetInQueueByTime(topic: string, queueId: number, timestampMs: number): number {
    const queue = this.#parts.consumeQueues.find(topic, queueId);
    if (queue === undefined) return 0;
    const { minOffset } = this.#parts.log;
    return offsetInQueueByTime(queue, timestampMs, minOffset, (phyOffset, size) => this.storeTimeAt(phyOffset, size));
  }

  /** Whether a message is so far back that it counts as on disk only. Java: #checkInDiskByConsumeOffset. */
  isInDisk(topic: string, queueId: number, queueOffset: number): boolean {
    const place = this.#placeOf(topic, queueId, queueOffset);
    return place !== undefined && this.#parts.log.writtenEnd - place.phyOffset > this.#parts.inMemoryBytes();
  }

  /**
   * Messages of a topic by key, with store times in [begin, end] to the second; only the hash of the key is compared,
   * the caller's client filters. Java: #queryMessage.
   */
  async queryMessage(
    topic: string,
    key: string,
    maxNum: number,
    begin: number,
    end: number,
  ): Promise<QueryMessageResult> {
    const { index, config } = this.#parts;
    const keyHash = toIndexKeyHash(javaStringHash(`${topic}#${key}`));
    let until = end;
    for (let round = 0; round < QUERY_ROUNDS; round++) {
      const most = Math.min(maxNum, config.maxMsgsNumBatch);
      const found = await index.query({ keyHash, maxNum: most, beginMs: begin, endMs: until });
      if (found.length === 0) break;
      const buffers = await this.#recordsWithKey(
        found.sort((a, b) => a - b),
        keyHash,
      );
      if (buffers.length > 0) {
        const { timestamp, phyOffset } = index.lastUpdate;
        return {
          indexLastUpdateTimestamp: timestamp,
          indexLastUpdatePhyoffset: phyOffset,
          buffers,
          sizeBytes: buffers.reduce((sum, { length }) => sum + length, 0),
        };
      }
      const first = this.storeTimeAt(found[0] as number, RECORD_OVERHEAD_BYTES);
      if (first < begin) break;
      until = first;
    }
    return { indexLastUpdateTimestamp: 0, indexLastUpdatePhyoffset: 0, buffers: [], sizeBytes: 0 };
  }

  /** Those of the records at the physical offsets that have a key with this hash, as the index says they do. */
  async #recordsWithKey(phyOffsets: readonly number[], keyHash: number): Promise<Buffer[]> {
    const { fetch, log } = this.#parts;
    const places = new RecordPlaces();
    for (const phyOffset of phyOffsets) {
      const size = await fetch.head(phyOffset);
      if (typeof size === 'number') places.add(phyOffset, size);
      else if (phyOffset < 0 || phyOffset >= log.minOffset) this.#noteDamaged(phyOffset);
    }
    if (places.count === 0) return [];
    const { bytes, sizes } = await fetch.fetch(places);
    return slices(bytes, sizes).filter((record) => {
      if (this.#keys.hasHash(record, keyHash)) return true;
      this.#noteDamaged(readInt64(record, RECORD_AT.phyOffset));
      return false;
    });
  }

  #noteDamaged(phyOffset: number): 'damaged' {
    this.#parts.damaged.noteRecord({ phyOffset });
    return 'damaged';
  }

  #placeOf(topic: string, queueId: number, queueOffset: number): { phyOffset: number; size: number } | undefined {
    const queue = this.#parts.consumeQueues.find(topic, queueId);
    if (queue === undefined || queue.entriesFrom(queueOffset, 1, this.#entry) === 0) return undefined;
    return { phyOffset: this.#entry.phyOffset[0] as number, size: this.#entry.size[0] as number };
  }
}

function slices(bytes: Buffer, sizes: Int32Array): Buffer[] {
  let at = 0;
  return Array.from(sizes, (size) => {
    at += size;
    return bytes.subarray(at - size, at);
  });
}
