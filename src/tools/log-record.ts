import { crc32 } from 'node:zlib';
import { BLANK_HEAD_BYTES, BLANK_MAGIC, MESSAGE_MAGIC, RECORD_AT, RECORD_OVERHEAD_BYTES } from '../codec/message.ts';
import { readInt32, readInt64 } from '../codec/message-bytes.ts';
import { hostBytes } from '../codec/message-id.ts';
import { MessageSysFlag } from '../codec/sys-flags.ts';
import { type FileWindow, MAX_VIEW_BYTES } from './file-window.ts';

/**
 * What stands at a position of a log file. `ok`: a record whose lengths are right. `blank`: the rest of the file is
 * unused. `zero`: nothing was written here. `magic`, `lengths`: damage.
 */
export type RecordStatus = 'ok' | 'blank' | 'zero' | 'magic' | 'lengths';

/**
 * One record of the CommitLog, read in pieces so that its length costs no memory; used again from record to record.
 * Positions are positions in the file. The layout stands in codec/message.ts.
 */
export class LogRecord {
  position = 0;
  totalSize = 0;
  bodyCrc = 0;
  queueId = 0;
  flag = 0;
  queueOffset = 0;
  phyOffset = 0;
  sysFlag = 0;
  bornTimestamp = 0;
  bornHost: Buffer = EMPTY;
  storeTimestamp = 0;
  storeHost: Buffer = EMPTY;
  reconsumeTimes = 0;
  preparedTransactionOffset = 0;
  bodyPosition = 0;
  bodyLength = 0;
  /** Holds until the window is read again. */
  topic: Buffer = EMPTY;
  /** Holds until the window is read again. */
  properties: Buffer = EMPTY;

  /**
   * Reads the record at `position`; does not look at the body. After `lengths` the field totalSize is what TOTALSIZE
   * says, and `partsEnd` where the parts end by their own lengths, -1 when they lead out of the file.
   */
  read(window: FileWindow, position: number): RecordStatus {
    this.position = position;
    this.partsEnd = -1;
    const room = window.sizeBytes - position;
    const head = window.view(position, FIXED_BYTES);
    if (head.length < BLANK_HEAD_BYTES) return head.every((byte) => byte === 0) ? 'zero' : 'magic';
    this.totalSize = readInt32(head, 0);
    const magic = readInt32(head, 4);
    if (magic === BLANK_MAGIC) return 'blank';
    if (magic !== MESSAGE_MAGIC) return magic === 0 && this.totalSize === 0 ? 'zero' : 'magic';
    if (room < RECORD_OVERHEAD_BYTES) return 'lengths';
    const bodyAt = this.#readFixed(head);
    if (bodyAt < 0) return 'lengths';
    this.bodyPosition = position + bodyAt;
    const topicPosition = this.bodyPosition + this.bodyLength;
    if (topicPosition + MIN_TAIL_BYTES > window.sizeBytes) return 'lengths';
    const topicLength = window.view(topicPosition, 1).readInt8(0);
    const lengthAt = topicPosition + 1 + topicLength;
    if (topicLength < 0 || lengthAt + 2 > window.sizeBytes) return 'lengths';
    const propertiesLength = Math.max(0, window.view(lengthAt, 2).readInt16BE(0));
    const end = lengthAt + 2 + propertiesLength;
    if (end <= window.sizeBytes) this.partsEnd = end;
    if (end !== position + this.totalSize || end > window.sizeBytes) return 'lengths';
    const tail = window.view(topicPosition, end - topicPosition);
    this.topic = tail.subarray(1, 1 + topicLength);
    this.properties = tail.subarray(3 + topicLength);
    return 'ok';
  }

  partsEnd = -1;

  /** Whether the body has the checksum that the record tells; reads the whole body, then `topic` is gone. */
  isBodyIntact(window: FileWindow): boolean {
    // Java: a record without a body is not checked.
    if (this.bodyLength === 0) return true;
    let crc = 0;
    for (let done = 0; done < this.bodyLength; ) {
      const piece = window.view(this.bodyPosition + done, Math.min(MAX_VIEW_BYTES, this.bodyLength - done));
      if (piece.length === 0) return false;
      crc = crc32(piece, crc);
      done += piece.length;
    }
    return (crc & 0x7fffffff) === this.bodyCrc;
  }

  /** Where the record ends. */
  get end(): number {
    return this.position + this.totalSize;
  }

  /** Fields before the body; gives the body's distance from the record's begin, -1 when it is out of the head. */
  #readFixed(head: Buffer): number {
    this.bodyCrc = readInt32(head, RECORD_AT.bodyCrc);
    this.queueId = readInt32(head, RECORD_AT.queueId);
    this.flag = readInt32(head, RECORD_AT.flag);
    this.queueOffset = readInt64(head, RECORD_AT.queueOffset);
    this.phyOffset = readInt64(head, RECORD_AT.phyOffset);
    this.sysFlag = readInt32(head, RECORD_AT.sysFlag);
    this.bornTimestamp = readInt64(head, RECORD_AT.bornTimestamp);
    const bornLength = hostBytes(this.sysFlag & MessageSysFlag.BORNHOST_V6_FLAG);
    const storeLength = hostBytes(this.sysFlag & MessageSysFlag.STOREHOSTADDRESS_V6_FLAG);
    const storeTimeAt = RECORD_AT.bornHost + bornLength;
    const reconsumeAt = storeTimeAt + 8 + storeLength;
    if (reconsumeAt + 16 > head.length) return -1;
    this.bornHost = Buffer.from(head.subarray(RECORD_AT.bornHost, storeTimeAt));
    this.storeTimestamp = readInt64(head, storeTimeAt);
    this.storeHost = Buffer.from(head.subarray(storeTimeAt + 8, reconsumeAt));
    this.reconsumeTimes = readInt32(head, reconsumeAt);
    this.preparedTransactionOffset = readInt64(head, reconsumeAt + 4);
    this.bodyLength = Math.max(0, readInt32(head, reconsumeAt + 12));
    return reconsumeAt + 16;
  }
}

const EMPTY = Buffer.alloc(0);
/** Everything before the body when both hosts are IPv6. */
const FIXED_BYTES = 112;
const MIN_TAIL_BYTES = 3;
