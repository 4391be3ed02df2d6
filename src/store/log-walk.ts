import { BLANK_HEAD_BYTES, type CheckStatus, checkRecord, peekRecord, RecordPeek } from '../codec/message.ts';
import type { MappedFile } from './mapped-file.ts';

/** Bytes read from a file at once. */
const READ_BYTES = 2 << 20;
/** Behind a body that was passed over another long one is likely: so much is read at first, then more and more. */
const HEAD_READ_BYTES = 4096;
const READ_GROWTH = 8;
/** The body of a longer record is not read when nobody looks at it. */
const LONG_RECORD_BYTES = 64 << 10;
/** Holds everything in front of a body. */
const HEAD_BYTES = 128;
/** A length field may be garbage; records as long as this are believed whatever maxMessageSize is now. */
const MAX_RECORD_BYTES = 64 << 20;

/**
 * Reads the records of one commit log file one after another, in large bounded reads. After `ok` the record lies at
 * `start` in `buffer`, and `peek` tells its parts as positions in `buffer`; without `checkCrc` the bytes of a long body
 * are not those of the file. Throws StoreIoError.
 */
export class LogWalk {
  readonly peek = new RecordPeek();
  buffer: Buffer = Buffer.alloc(0);
  /** Position in `buffer` of the record found last. */
  start = 0;
  readonly #checkCrc: { readonly checkCrc: boolean };
  readonly #maxRecordBytes: number;
  #file: MappedFile | undefined;
  /** Position in the file of the next record. */
  #position = 0;
  /** Position in the file of `buffer[0]`, and how many bytes of it are read. */
  #bufferFrom = 0;
  #bufferLength = 0;
  #readBytes = READ_BYTES;

  constructor(options: { readonly checkCrc: boolean; readonly maxMessageSize: number }) {
    this.#checkCrc = { checkCrc: options.checkCrc };
    this.#maxRecordBytes = maxRecordBytes(options.maxMessageSize);
  }

  /** Physical offset of the next record. */
  get phyOffset(): number {
    return (this.#file?.fileFromOffset ?? 0) + this.#position;
  }

  /** Goes to a position in a file. */
  seek(file: MappedFile, position: number): void {
    if (this.#file !== file) this.#bufferLength = 0;
    this.#file = file;
    this.#position = position;
  }

  /** Looks at the record at `phyOffset` without passing it. */
  check(): CheckStatus {
    const file = this.#file;
    if (file === undefined) return 'invalid';
    const room = file.fileSize - this.#position;
    this.#fill(file, Math.min(room, BLANK_HEAD_BYTES));
    this.start = this.#position - this.#bufferFrom;
    const status = peekRecord(this.buffer, this.start, this.#bufferLength, this.peek);
    if (status === 'short') {
      const size = this.peek.totalSize;
      if (size === 0 || size > room || size > this.#maxRecordBytes) return this.#invalid();
      if (size > LONG_RECORD_BYTES && !this.#checkCrc.checkCrc) this.#fillAroundBody(file, size);
      else this.#fill(file, size);
      this.start = this.#position - this.#bufferFrom;
    }
    const checked = checkRecord(this.buffer, this.start, this.#bufferLength, this.#checkCrc, this.peek);
    // What is derived from a record leads to where it is, not to where a changed bit says.
    if (checked === 'ok') this.peek.phyOffset = this.phyOffset;
    return checked;
  }

  /** Passes `sizeBytes`, after {@link check} has told how many they are. */
  skip(sizeBytes: number): void {
    this.#position += sizeBytes;
  }

  #invalid(): CheckStatus {
    this.peek.totalSize = 0;
    return 'invalid';
  }

  /** Makes at least `sizeBytes` from the position on available in the buffer, unless the file ends before. */
  #fill(file: MappedFile, sizeBytes: number): void {
    const held = this.#bufferFrom + this.#bufferLength - this.#position;
    if (this.#bufferLength > 0 && this.#position >= this.#bufferFrom && held >= sizeBytes) return;
    this.#reserve(file, sizeBytes);
    const length = Math.min(this.buffer.length, Math.max(sizeBytes, this.#readBytes));
    this.#bufferFrom = this.#position;
    this.#bufferLength = file.read(this.buffer, 0, length, this.#position);
    this.#readBytes = Math.min(READ_BYTES, this.#readBytes * READ_GROWTH);
  }

  /** Reads what stands in front of a body and behind it to where they belong in the buffer. */
  #fillAroundBody(file: MappedFile, sizeBytes: number): void {
    this.#reserve(file, sizeBytes);
    this.#bufferFrom = this.#position;
    this.#bufferLength = file.read(this.buffer, 0, HEAD_BYTES, this.#position);
    if (peekRecord(this.buffer, 0, this.#bufferLength, this.peek) !== 'short') return;
    const bodyEnd = Math.min(sizeBytes, this.peek.bodyStart + this.peek.bodyLength);
    const tailBytes = file.read(this.buffer, bodyEnd, sizeBytes - bodyEnd, this.#position + bodyEnd);
    this.#bufferLength = bodyEnd + tailBytes;
    this.#readBytes = HEAD_READ_BYTES;
  }

  #reserve(file: MappedFile, sizeBytes: number): void {
    if (this.buffer.length >= sizeBytes && this.buffer.length > 0) return;
    this.buffer = Buffer.allocUnsafeSlow(Math.max(sizeBytes, Math.min(READ_BYTES, file.fileSize)));
  }
}

/** The longest record that is believed when a length is read from disk: earlier settings may have allowed more. */
export function maxRecordBytes(maxMessageSize: number): number {
  return Math.max(MAX_RECORD_BYTES, maxMessageSize);
}
