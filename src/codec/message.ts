import { assert } from '../util/assert.ts';
import { bodyCrc } from '../util/crc32.ts';
import { copyBytes, readInt32, readInt64, writeInt32, writeInt64 } from './message-bytes.ts';
import { encodeOffsetMsgId, HOST_V4_BYTES, HOST_V6_BYTES, type HostBytes, hostBytes } from './message-id.ts';
import { type MessageProperties, parseProperties } from './message-properties.ts';
import { MessageSysFlag } from './sys-flags.ts';

/**
 * The stored record, which is also what goes over the wire in answers to 11, 12 and 33 (docs/store/commit-log.md).
 * All numbers are big-endian. B and H are 8 or 20: bytes of born host and store host, as bits 0x10 and 0x20 of
 * SYSFLAG say. Java: CommitLog, MessageDecoder.
 *
 *   0 TOTALSIZE  4 MAGICCODE  8 BODYCRC  12 QUEUEID  16 FLAG  20 QUEUEOFFSET(8)  28 PHYSICALOFFSET(8)  36 SYSFLAG
 *   40 BORNTIMESTAMP(8)  48 BORNHOST(B)  48+B STORETIMESTAMP(8)  56+B STOREHOST(H)  56+B+H RECONSUMETIMES
 *   60+B+H PREPAREDTRANSACTIONOFFSET(8)  68+B+H BODYLEN, body  TOPICLEN(1), topic  PROPERTIESLEN(2), properties
 */
export const MESSAGE_MAGIC = 0xdaa320a7 | 0;
/** Magic of the record that fills a file up to its end. Java: CommitLog.BLANK_MAGIC_CODE. */
export const BLANK_MAGIC = 0xcbd43194 | 0;
/** TOTALSIZE and MAGICCODE: all that counts in a blank record. */
export const BLANK_HEAD_BYTES = 8;
/** Length of a record with IPv4 hosts and empty body, topic and properties. */
export const RECORD_OVERHEAD_BYTES = 91;
/** Where the fields that the store patches or reads by itself lie in a record. */
export const RECORD_AT = {
  totalSize: 0,
  magic: 4,
  bodyCrc: 8,
  queueId: 12,
  flag: 16,
  queueOffset: 20,
  phyOffset: 28,
  sysFlag: 36,
  bornTimestamp: 40,
  bornHost: 48,
} as const;
/** TOPICLEN is a signed byte, PROPERTIESLEN a signed int16. */
export const MAX_TOPIC_BYTES = 127;
export const MAX_PROPERTIES_BYTES = 32767;

/** Length of a record, given the lengths of its variable parts in bytes (hosts 8 or 20). */
export function recordSizeBytes(
  bornHostLength: number,
  storeHostLength: number,
  bodyLength: number,
  topicLength: number,
  propertiesLength: number,
): number {
  return RECORD_OVERHEAD_BYTES - 16 + bornHostLength + storeHostLength + bodyLength + topicLength + propertiesLength;
}

/** What {@link encodeRecord} writes. One object is filled again and again, so that no message costs an allocation. */
export class RecordDraft {
  queueId = 0;
  flag = 0;
  /** Index in the ConsumeQueue. */
  queueOffset = 0;
  /** CommitLog position in bytes. */
  phyOffset = 0;
  /** The two IPv6 bits are set by the encoder from the lengths of the hosts. */
  sysFlag = 0;
  bornTimestamp = 0;
  bornHost: HostBytes = NO_HOST;
  storeTimestamp = 0;
  storeHost: HostBytes = NO_HOST;
  reconsumeTimes = 0;
  preparedTransactionOffset = 0;
  body: Buffer = EMPTY;
  bodyStart = 0;
  bodyEnd = 0;
  /** At most 127 bytes. */
  topic: Buffer = EMPTY;
  topicStart = 0;
  topicEnd = 0;
  /** At most 32767 bytes; {@link encodeRecordHead} does not look at them. */
  properties: Buffer = EMPTY;
  propertiesStart = 0;
  propertiesEnd = 0;
}

/** Writes a whole record at `position`; returns its length. The caller has checked the limits and the room. */
export function encodeRecord(target: Buffer, position: number, draft: RecordDraft): number {
  const propertiesAt = encodeRecordHead(target, position, draft);
  const length = draft.propertiesEnd - draft.propertiesStart;
  assert(propertiesAt + length <= target.length, 'record does not fit its buffer');
  copyBytes(draft.properties, draft.propertiesStart, draft.propertiesEnd, target, propertiesAt);
  return finishRecord(target, position, propertiesAt, length);
}

/**
 * Writes everything before the properties and returns the position where they go; the caller writes them there and
 * calls {@link finishRecord}. Until then TOTALSIZE and PROPERTIESLEN are not set.
 */
export function encodeRecordHead(target: Buffer, position: number, draft: RecordDraft): number {
  const bodyLength = draft.bodyEnd - draft.bodyStart;
  const topicLength = draft.topicEnd - draft.topicStart;
  const bornLength = draft.bornHost.length;
  const storeLength = draft.storeHost.length;
  const size = recordSizeBytes(bornLength, storeLength, bodyLength, topicLength, 0);
  assert(topicLength <= MAX_TOPIC_BYTES, 'topic longer than 127 bytes');
  assert(position >= 0 && position + size <= target.length, 'record does not fit its buffer');
  writeInt32(target, position + 4, MESSAGE_MAGIC);
  writeInt32(target, position + 8, bodyCrc(draft.body, draft.bodyStart, draft.bodyEnd));
  writeInt32(target, position + 12, draft.queueId);
  writeInt32(target, position + 16, draft.flag);
  writeInt64(target, position + 20, draft.queueOffset);
  writeInt64(target, position + 28, draft.phyOffset);
  writeInt32(target, position + 36, withHostBits(draft.sysFlag, bornLength, storeLength));
  writeInt64(target, position + 40, draft.bornTimestamp);
  writeHost(target, position + 48, draft.bornHost);
  let at = position + 48 + bornLength;
  writeInt64(target, at, draft.storeTimestamp);
  writeHost(target, at + 8, draft.storeHost);
  at += 8 + storeLength;
  writeInt32(target, at, draft.reconsumeTimes);
  writeInt64(target, at + 4, draft.preparedTransactionOffset);
  writeInt32(target, at + 12, bodyLength);
  copyBytes(draft.body, draft.bodyStart, draft.bodyEnd, target, at + 16);
  at += 16 + bodyLength;
  target[at] = topicLength;
  copyBytes(draft.topic, draft.topicStart, draft.topicEnd, target, at + 1);
  return at + 1 + topicLength + 2;
}

/** Sets PROPERTIESLEN and TOTALSIZE of a record whose properties now stand at `propertiesAt`; returns its length. */
export function finishRecord(target: Buffer, position: number, propertiesAt: number, propertiesLength: number): number {
  assert(propertiesLength >= 0 && propertiesLength <= MAX_PROPERTIES_BYTES, 'properties longer than 32767 bytes');
  target[propertiesAt - 2] = propertiesLength >>> 8;
  target[propertiesAt - 1] = propertiesLength;
  const total = propertiesAt + propertiesLength - position;
  writeInt32(target, position, total);
  return total;
}

/** Sets the two offsets of an encoded record, when they become known after its encoding (members of a batch). */
export function patchOffsets(target: Buffer, position: number, queueOffset: number, phyOffset: number): void {
  writeInt64(target, position + RECORD_AT.queueOffset, queueOffset);
  writeInt64(target, position + RECORD_AT.phyOffset, phyOffset);
}

/** Writes the 8 bytes of a blank record that stands for the last `size` bytes of a file. Java: CommitLog. */
export function writeBlank(target: Buffer, position: number, size: number): void {
  assert(size >= BLANK_HEAD_BYTES, 'blank record shorter than 8 bytes');
  writeInt32(target, position, size);
  writeInt32(target, position + 4, BLANK_MAGIC);
}

/** `ok`: a record. `blank`: the rest of the file is unused. `short`: cut by the limit. `invalid`: no record. */
export type PeekStatus = 'ok' | 'blank' | 'short' | 'invalid';

/** Sizes and positions (in the buffer that was peeked at) of one record; reused from record to record. */
export class RecordPeek {
  /** TOTALSIZE as read; 0 after `invalid` unless the parts are readable but do not add up to it. */
  totalSize = 0;
  bodyCrc = 0;
  queueId = 0;
  flag = 0;
  queueOffset = 0;
  phyOffset = 0;
  sysFlag = 0;
  bornTimestamp = 0;
  bornHostStart = 0;
  bornHostLength = HOST_V4_BYTES;
  storeTimestamp = 0;
  storeHostStart = 0;
  storeHostLength = HOST_V4_BYTES;
  reconsumeTimes = 0;
  preparedTransactionOffset = 0;
  bodyStart = 0;
  bodyLength = 0;
  topicStart = 0;
  topicLength = 0;
  propertiesStart = 0;
  propertiesLength = 0;
}

/**
 * Reads sizes and positions of the record at `position` without decoding it; looks at nothing at or behind `limit`.
 * Never throws for any bytes. Negative body and properties lengths count as 0, as Java's readers take them.
 */
export function peekRecord(bytes: Uint8Array, position: number, limit: number, out: RecordPeek): PeekStatus {
  out.totalSize = 0;
  const end = Math.min(limit, bytes.length);
  const room = end - position;
  if (position < 0 || room < BLANK_HEAD_BYTES) return 'short';
  const totalSize = readInt32(bytes, position);
  const magic = readInt32(bytes, position + 4);
  if (magic === BLANK_MAGIC) {
    out.totalSize = totalSize;
    return 'blank';
  }
  if (magic !== MESSAGE_MAGIC || totalSize <= 0) return 'invalid';
  if (room >= RECORD_OVERHEAD_BYTES) {
    peekFixed(bytes, position, out);
    const partsEnd = peekParts(bytes, position, end, totalSize, out);
    if (partsEnd === WRONG_LENGTH) return 'invalid';
    if (partsEnd !== BEYOND_LIMIT) {
      out.totalSize = totalSize;
      return partsEnd === position + totalSize ? 'ok' : 'invalid';
    }
  }
  if (totalSize <= room) return 'invalid';
  out.totalSize = totalSize;
  return 'short';
}

const BEYOND_LIMIT = -1;
const WRONG_LENGTH = -2;

function peekFixed(bytes: Uint8Array, position: number, out: RecordPeek): void {
  out.bodyCrc = readInt32(bytes, position + 8);
  out.queueId = readInt32(bytes, position + 12);
  out.flag = readInt32(bytes, position + 16);
  out.queueOffset = readInt64(bytes, position + 20);
  out.phyOffset = readInt64(bytes, position + 28);
  out.sysFlag = readInt32(bytes, position + 36);
  out.bornTimestamp = readInt64(bytes, position + 40);
  out.bornHostStart = position + 48;
  out.bornHostLength = hostBytes(out.sysFlag & MessageSysFlag.BORNHOST_V6_FLAG);
  out.storeHostLength = hostBytes(out.sysFlag & MessageSysFlag.STOREHOSTADDRESS_V6_FLAG);
}

/**
 * The parts behind BORNHOST; returns where the last one ends. A part that alone is longer than the whole record makes
 * Java's reader fail, whatever follows.
 */
function peekParts(bytes: Uint8Array, position: number, end: number, totalSize: number, out: RecordPeek): number {
  const storeTimeAt = position + 48 + out.bornHostLength;
  const reconsumeAt = storeTimeAt + 8 + out.storeHostLength;
  if (reconsumeAt + 16 > end) return BEYOND_LIMIT;
  out.storeTimestamp = readInt64(bytes, storeTimeAt);
  out.storeHostStart = storeTimeAt + 8;
  out.reconsumeTimes = readInt32(bytes, reconsumeAt);
  out.preparedTransactionOffset = readInt64(bytes, reconsumeAt + 4);
  out.bodyStart = reconsumeAt + 16;
  out.bodyLength = Math.max(0, readInt32(bytes, reconsumeAt + 12));
  if (out.bodyLength > totalSize) return WRONG_LENGTH;
  const topicAt = out.bodyStart + out.bodyLength;
  if (topicAt + 1 > end) return BEYOND_LIMIT;
  out.topicStart = topicAt + 1;
  out.topicLength = bytes[topicAt] as number;
  if (out.topicLength > MAX_TOPIC_BYTES || out.topicLength > totalSize) return WRONG_LENGTH;
  const propertiesAt = out.topicStart + out.topicLength;
  if (propertiesAt + 2 > end) return BEYOND_LIMIT;
  out.propertiesStart = propertiesAt + 2;
  const length = ((bytes[propertiesAt] as number) << 8) | (bytes[propertiesAt + 1] as number);
  out.propertiesLength = length > MAX_PROPERTIES_BYTES ? 0 : length;
  if (out.propertiesLength > totalSize) return WRONG_LENGTH;
  const partsEnd = out.propertiesStart + out.propertiesLength;
  return partsEnd > end ? BEYOND_LIMIT : partsEnd;
}

/** Result of {@link checkRecord}. */
export type CheckStatus = 'ok' | 'blank' | 'invalid';

/**
 * Recovery's check of the record at `position`: magic, lengths and, with `checkCrc`, the body. out.totalSize is the
 * record's length; after `invalid` it is positive only when the lengths inside do not add up to TOTALSIZE, which a
 * dispatcher skips, and 0 when the place cannot be read at all. Java: CommitLog#checkMessageAndReturnSize.
 */
export function checkRecord(
  bytes: Uint8Array,
  position: number,
  limit: number,
  options: { checkCrc: boolean },
  out: RecordPeek,
): CheckStatus {
  const status = peekRecord(bytes, position, limit, out);
  if (status === 'blank') return 'blank';
  if (status === 'short' || out.totalSize === 0) return unreadable(out);
  const bodyEnd = out.bodyStart + out.bodyLength;
  if (options.checkCrc && out.bodyLength > 0 && bodyCrc(bytes, out.bodyStart, bodyEnd) !== out.bodyCrc) {
    return unreadable(out);
  }
  return status;
}

function unreadable(out: RecordPeek): CheckStatus {
  out.totalSize = 0;
  return 'invalid';
}

/** A record as plain values; nothing in it points into the buffer it came from. Java: MessageExt. */
export interface MessageExt {
  totalSize: number;
  bodyCrc: number;
  queueId: number;
  flag: number;
  queueOffset: number;
  phyOffset: number;
  sysFlag: number;
  bornTimestamp: number;
  bornHost: Buffer;
  storeTimestamp: number;
  storeHost: Buffer;
  reconsumeTimes: number;
  preparedTransactionOffset: number;
  /** As stored: still compressed when sysFlag bit 0 is set. */
  body: Buffer;
  topic: string;
  propertiesText: string;
  properties: MessageProperties;
  offsetMsgId: string;
}

/** Decodes the record at `position`, or says why there is none. Does not check the CRC. */
export function decodeRecord(
  bytes: Buffer,
  position: number,
  limit = bytes.length,
): MessageExt | Exclude<PeekStatus, 'ok'> {
  const peek = new RecordPeek();
  const status = peekRecord(bytes, position, limit, peek);
  if (status !== 'ok') return status;
  const slice = (start: number, length: number) => Buffer.from(bytes.subarray(start, start + length));
  const storeHost = slice(peek.storeHostStart, peek.storeHostLength);
  const { propertiesStart, propertiesLength, topicStart } = peek;
  const propertiesText = bytes.toString('utf8', propertiesStart, propertiesStart + propertiesLength);
  return {
    totalSize: peek.totalSize,
    bodyCrc: peek.bodyCrc,
    queueId: peek.queueId,
    flag: peek.flag,
    queueOffset: peek.queueOffset,
    phyOffset: peek.phyOffset,
    sysFlag: peek.sysFlag,
    bornTimestamp: peek.bornTimestamp,
    bornHost: slice(peek.bornHostStart, peek.bornHostLength),
    storeTimestamp: peek.storeTimestamp,
    storeHost,
    reconsumeTimes: peek.reconsumeTimes,
    preparedTransactionOffset: peek.preparedTransactionOffset,
    body: slice(peek.bodyStart, peek.bodyLength),
    topic: bytes.toString('utf8', topicStart, topicStart + peek.topicLength),
    propertiesText,
    properties: parseProperties(propertiesText),
    offsetMsgId: encodeOffsetMsgId(storeHost, peek.phyOffset),
  };
}

/** Points a draft at the parts of a peeked record, to write it again with changes (codes 39 and 309). */
export function draftFrom(bytes: Buffer, peek: RecordPeek, draft: RecordDraft): void {
  draft.queueId = peek.queueId;
  draft.flag = peek.flag;
  draft.queueOffset = peek.queueOffset;
  draft.phyOffset = peek.phyOffset;
  draft.sysFlag = peek.sysFlag;
  draft.bornTimestamp = peek.bornTimestamp;
  draft.bornHost = bytes.subarray(peek.bornHostStart, peek.bornHostStart + peek.bornHostLength);
  draft.storeTimestamp = peek.storeTimestamp;
  draft.storeHost = bytes.subarray(peek.storeHostStart, peek.storeHostStart + peek.storeHostLength);
  draft.reconsumeTimes = peek.reconsumeTimes;
  draft.preparedTransactionOffset = peek.preparedTransactionOffset;
  draft.body = bytes;
  draft.bodyStart = peek.bodyStart;
  draft.bodyEnd = peek.bodyStart + peek.bodyLength;
  draft.topic = bytes;
  draft.topicStart = peek.topicStart;
  draft.topicEnd = peek.topicStart + peek.topicLength;
  draft.properties = bytes;
  draft.propertiesStart = peek.propertiesStart;
  draft.propertiesEnd = peek.propertiesStart + peek.propertiesLength;
}

const EMPTY = Buffer.alloc(0);
const NO_HOST: HostBytes = new Uint8Array(HOST_V4_BYTES);

function withHostBits(sysFlag: number, bornLength: number, storeLength: number): number {
  const born = bornLength === HOST_V6_BYTES ? MessageSysFlag.BORNHOST_V6_FLAG : 0;
  const store = storeLength === HOST_V6_BYTES ? MessageSysFlag.STOREHOSTADDRESS_V6_FLAG : 0;
  return (sysFlag & ~(MessageSysFlag.BORNHOST_V6_FLAG | MessageSysFlag.STOREHOSTADDRESS_V6_FLAG)) | born | store;
}

function writeHost(target: Buffer, at: number, host: HostBytes): void {
  assert(host.length === HOST_V4_BYTES || host.length === HOST_V6_BYTES, 'host is not 8 or 20 bytes');
  for (let index = 0; index < host.length; index++) target[at + index] = host[index] as number;
}
