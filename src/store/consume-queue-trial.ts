import { MESSAGE_MAGIC, RECORD_AT } from '../codec/message.ts';
import { readInt32, readInt64 } from '../codec/message-bytes.ts';
import { isQueued } from '../codec/sys-flags.ts';
import type { CommitLog } from './commit-log.ts';
import type { ConsumeQueue } from './consume-queue.ts';
import { CqExtUnit, extOffset, isExtAddress } from './consume-queue-ext-unit.ts';
import type { LogDispatch } from './log-dispatch.ts';
import { LogWalk } from './log-walk.ts';

/** A decoded entry of a queue. */
export interface EntryValue {
  readonly phyOffset: number;
  readonly size: number;
  readonly tagsHigh: number;
  readonly tagsLow: number;
}

/**
 * Looks in the log for the record that an entry meant: where it leads, and, as far as there are tries, where it would
 * lead with one bit of its offset changed.
 */
export class EntryTrial {
  readonly #log: CommitLog;
  readonly #dispatch: LogDispatch;
  readonly #walk: LogWalk;
  readonly #head = Buffer.alloc(HEAD_BYTES);
  #tries = MOST_TRIES;

  constructor(log: CommitLog, dispatch: LogDispatch, maxMessageSize: number) {
    this.#log = log;
    this.#dispatch = dispatch;
    this.#walk = new LogWalk({ checkCrc: false, maxMessageSize });
  }

  /** Whether the head of the record at the entry's offset names the place and the size. Throws StoreIoError. */
  isRight(queue: ConsumeQueue, number: number, { phyOffset, size }: EntryValue): boolean {
    return this.#isHead(queue, number, phyOffset) && this.#head.readInt32BE(RECORD_AT.totalSize) === size;
  }

  /** Whether the message of the entry has been removed with its file of the log. */
  isGone({ phyOffset, size }: EntryValue): boolean {
    return phyOffset >= 0 && size > 0 && phyOffset < this.#log.minOffset;
  }

  /** The entry as it should be, undefined when no such record is found. Throws StoreIoError. */
  mended(queue: ConsumeQueue, number: number, entry: EntryValue): EntryValue | undefined {
    const found = this.#recordAt(queue, number, entry.phyOffset, entry);
    if (found !== undefined || this.#tries === 0) return found;
    this.#tries -= 1;
    const from = this.#log.minOffset;
    const behind = this.#log.files.maxOffset;
    for (let bit = 1n; bit <= LARGEST_BIT; bit <<= 1n) {
      const phyOffset = Number(BigInt.asIntN(64, BigInt(entry.phyOffset) ^ bit));
      if (phyOffset < from || phyOffset >= behind) continue;
      const other = this.#recordAt(queue, number, phyOffset, entry);
      if (other !== undefined) return other;
    }
    return undefined;
  }

  /** The entry of a record; the third field stays when it is the address of a unit of that message. */
  entryOf(queue: ConsumeQueue, old: EntryValue, { buffer, peek }: Pick<LogWalk, 'buffer' | 'peek'>): EntryValue {
    const { phyOffset, totalSize: size, storeTimestamp } = peek;
    const { high, low } = this.#dispatch.tagsCodeOf(queue.topic, buffer, peek);
    const { tagsHigh, tagsLow } = old;
    const hasUnit =
      isExtAddress(tagsHigh, tagsLow) &&
      queue.ext?.unitAt(extOffset(tagsHigh, tagsLow), UNIT) === true &&
      UNIT.tagsCodeHigh === high &&
      UNIT.tagsCodeLow === low &&
      UNIT.msgStoreTime === storeTimestamp;
    return hasUnit ? { phyOffset, size, tagsHigh, tagsLow } : { phyOffset, size, tagsHigh: high, tagsLow: low };
  }

  #recordAt(queue: ConsumeQueue, number: number, phyOffset: number, old: EntryValue): EntryValue | undefined {
    if (!this.#isHead(queue, number, phyOffset)) return undefined;
    const file = this.#log.files.findByOffset(phyOffset);
    if (file === undefined) return undefined;
    const walk = this.#walk;
    walk.seek(file, phyOffset - file.fileFromOffset);
    if (walk.check() !== 'ok' || !isQueued(walk.peek.sysFlag)) return undefined;
    const { topicStart, topicLength } = walk.peek;
    const topic = walk.buffer.toString('utf8', topicStart, topicStart + topicLength);
    if (topic !== queue.topic) return undefined;
    return this.entryOf(queue, old, walk);
  }

  #isHead({ queueId }: ConsumeQueue, number: number, phyOffset: number): boolean {
    const file = phyOffset < 0 ? undefined : this.#log.files.findByOffset(phyOffset);
    const head = this.#head;
    if (file === undefined) return false;
    if (file.read(head, 0, HEAD_BYTES, phyOffset - file.fileFromOffset) < HEAD_BYTES) return false;
    return (
      readInt32(head, RECORD_AT.magic) === MESSAGE_MAGIC &&
      readInt32(head, QUEUE_ID_AT) === queueId &&
      readInt64(head, RECORD_AT.queueOffset) === number &&
      readInt64(head, RECORD_AT.phyOffset) === phyOffset
    );
  }
}

const UNIT = new CqExtUnit();
/** Up to PHYSICALOFFSET. */
const HEAD_BYTES = RECORD_AT.phyOffset + 8;
const QUEUE_ID_AT = 12;
/** The sign bit; offsets that are no safe integers fall out of the log. */
const LARGEST_BIT = 1n << 63n;
/** Each costs up to 64 reads of a few bytes. */
const MOST_TRIES = 2_000;
