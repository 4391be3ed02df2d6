import { readInt32 } from './message-bytes.ts';

/**
 * A client's batch body: per member totalSize, magic (0), CRC (0), flag, body length and body, properties length
 * (int16) and properties. The broker ignores the first three. Java: MessageDecoder#encodeMessage.
 */
const MEMBER_HEAD_BYTES = 20;
const MEMBER_OVERHEAD_BYTES = 22;

/** What {@link BatchCursor.next} found. */
export type BatchStep = 'message' | 'end' | 'malformed';

/** Walks a batch body member by member without allocation; reused from batch to batch. Never reads outside its span. */
export class BatchCursor {
  flag = 0;
  bodyStart = 0;
  bodyEnd = 0;
  propertiesStart = 0;
  propertiesEnd = 0;
  #bytes: Uint8Array = EMPTY;
  #at = 0;
  #end = 0;

  /** Starts at the first member of bytes[start, end). */
  reset(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /**
   * Moves to the next member and sets the fields. `malformed`: a length is negative or leaves the span; the cursor then
   * stays where it is (Java answers code 1 with a BufferUnderflowException text).
   */
  next(): BatchStep {
    if (this.#at === this.#end) return 'end';
    const bytes = this.#bytes;
    const at = this.#at;
    if (this.#end - at < MEMBER_OVERHEAD_BYTES) return 'malformed';
    const bodyLength = readInt32(bytes, at + 16);
    if (bodyLength < 0 || bodyLength > this.#end - at - MEMBER_OVERHEAD_BYTES) return 'malformed';
    const bodyEnd = at + MEMBER_HEAD_BYTES + bodyLength;
    const propertiesLength = ((bytes[bodyEnd] as number) << 8) | (bytes[bodyEnd + 1] as number);
    if (propertiesLength > 0x7fff || propertiesLength > this.#end - bodyEnd - 2) return 'malformed';
    this.flag = readInt32(bytes, at + 12);
    this.bodyStart = at + MEMBER_HEAD_BYTES;
    this.bodyEnd = bodyEnd;
    this.propertiesStart = bodyEnd + 2;
    this.propertiesEnd = bodyEnd + 2 + propertiesLength;
    this.#at = this.propertiesEnd;
    return 'message';
  }
}

/** A member as a client hands it over. */
export interface BatchMember {
  flag: number;
  body: Uint8Array;
  /** Properties text in UTF-8, at most 32767 bytes. */
  properties: Uint8Array;
}

/** Encodes a batch body as the official client does. Throws RangeError when properties exceed 32767 bytes. */
export function encodeBatch(members: readonly BatchMember[]): Buffer {
  let size = 0;
  for (const member of members) size += MEMBER_OVERHEAD_BYTES + member.body.length + member.properties.length;
  const bytes = Buffer.alloc(size);
  let at = 0;
  for (const { flag, body, properties } of members) {
    bytes.writeInt32BE(MEMBER_OVERHEAD_BYTES + body.length + properties.length, at);
    bytes.writeInt32BE(flag, at + 12);
    bytes.writeInt32BE(body.length, at + 16);
    bytes.set(body, at + MEMBER_HEAD_BYTES);
    at += MEMBER_HEAD_BYTES + body.length;
    bytes.writeInt16BE(properties.length, at);
    bytes.set(properties, at + 2);
    at += 2 + properties.length;
  }
  return bytes;
}

const EMPTY = new Uint8Array(0);
