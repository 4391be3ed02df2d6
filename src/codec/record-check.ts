import { bodyCrc } from '../util/crc32.ts';
import { MAX_TOPIC_BYTES, MESSAGE_MAGIC, RECORD_AT, RECORD_OVERHEAD_BYTES } from './message.ts';
import { readInt32, readInt64 } from './message-bytes.ts';
import { hostBytes } from './message-id.ts';
import { MessageSysFlag } from './sys-flags.ts';

/**
 * Whether bytes[position, position + size) are the record that a place of `size` bytes at `phyOffset` names: TOTALSIZE,
 * MAGICCODE and PHYSICALOFFSET agree, and the parts add up to the whole. All those bytes must be there. Says nothing
 * about the body: see {@link isBodyWhole}.
 */
export function isRecord(bytes: Uint8Array, position: number, size: number, phyOffset: number): boolean {
  return (
    size >= RECORD_OVERHEAD_BYTES &&
    readInt32(bytes, position) === size &&
    readInt32(bytes, position + RECORD_AT.magic) === MESSAGE_MAGIC &&
    readInt64(bytes, position + RECORD_AT.phyOffset) === phyOffset &&
    topicAt(bytes, position, size) >= 0
  );
}

/**
 * Whether a record, for which {@link isRecord} holds, says that it is the message at `queueOffset` of the queue.
 * Prepared and rolled back messages are in no queue.
 */
export function isOfQueue(
  bytes: Buffer,
  position: number,
  topic: string,
  queueId: number,
  queueOffset: number,
): boolean {
  if (
    readInt32(bytes, position + RECORD_AT.queueId) !== queueId ||
    readInt64(bytes, position + RECORD_AT.queueOffset) !== queueOffset ||
    (readInt32(bytes, position + RECORD_AT.sysFlag) & MessageSysFlag.TRANSACTION_PREPARED_TYPE) !== 0
  ) {
    return false;
  }
  const at = bodyAt(bytes, position);
  return isTopic(bytes, at + readInt32(bytes, at - 4), topic);
}

/** Whether the body of a record, for which {@link isRecord} holds, is the one that its BODYCRC was made of. */
export function isBodyWhole(bytes: Uint8Array, position: number): boolean {
  const at = bodyAt(bytes, position);
  const length = readInt32(bytes, at - 4);
  return length === 0 || bodyCrc(bytes, at, at + length) === readInt32(bytes, position + RECORD_AT.bodyCrc);
}

/** Bytes before the body without the two hosts. */
const BODY_AFTER_HOSTS = 72;

function bodyAt(bytes: Uint8Array, position: number): number {
  const sysFlag = readInt32(bytes, position + RECORD_AT.sysFlag);
  const born = hostBytes(sysFlag & MessageSysFlag.BORNHOST_V6_FLAG);
  const store = hostBytes(sysFlag & MessageSysFlag.STOREHOSTADDRESS_V6_FLAG);
  return position + BODY_AFTER_HOSTS + born + store;
}

/** Where TOPICLEN lies, or -1 when the parts do not add up to `size`. Looks at nothing behind the record. */
function topicAt(bytes: Uint8Array, position: number, size: number): number {
  const body = bodyAt(bytes, position);
  const end = position + size;
  // TOPICLEN and PROPERTIESLEN take three bytes of what follows the body.
  const mostBody = end - body - 3;
  const length = readInt32(bytes, body - 4);
  if (length < 0 || length > mostBody) return -1;
  const at = body + length;
  const topicLength = bytes[at] as number;
  const propertiesAt = at + 1 + topicLength;
  if (topicLength > MAX_TOPIC_BYTES || propertiesAt + 2 > end) return -1;
  const propertiesLength = ((bytes[propertiesAt] as number) << 8) | (bytes[propertiesAt + 1] as number);
  return propertiesAt + 2 + propertiesLength === end ? at : -1;
}

/** Compares letter by letter: nearly all names are ASCII, and no pull should make bytes of its topic. */
function isTopic(bytes: Buffer, at: number, topic: string): boolean {
  const length = bytes[at] as number;
  if (length !== topic.length) return isWideTopic(bytes, at, topic);
  for (let index = 0; index < length; index++) {
    const code = topic.charCodeAt(index);
    if (code >= 0x80) return isWideTopic(bytes, at, topic);
    if (bytes[at + 1 + index] !== code) return false;
  }
  return true;
}

function isWideTopic(bytes: Buffer, at: number, topic: string): boolean {
  return bytes.toString('utf8', at + 1, at + 1 + (bytes[at] as number)) === topic;
}
