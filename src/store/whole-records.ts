import { BLANK_HEAD_BYTES, BLANK_MAGIC, RECORD_AT } from '../codec/message.ts';

/**
 * Finds where the last whole record ends in bytes that a master has cut anywhere. What is no record, and the filler
 * behind a blank one, is whole byte by byte up to the end of its file.
 */
export class WholeRecords {
  readonly #fileSizeBytes: number;
  readonly #maxRecordBytes: number;
  /** Below this offset bytes are passed on as they come. */
  #fillerEnd = 0;

  constructor(fileSizeBytes: number, maxRecordBytes: number) {
    this.#fileSizeBytes = fileSizeBytes;
    this.#maxRecordBytes = maxRecordBytes;
  }

  /** How many of the first `length` of `bytes`, which lie at `phyOffset` and in one file, are whole. */
  count(bytes: Buffer, length: number, phyOffset: number): number {
    const fileEnd = phyOffset - (phyOffset % this.#fileSizeBytes) + this.#fileSizeBytes;
    let at = 0;
    while (at < length) {
      const rest = length - at;
      const room = fileEnd - phyOffset - at;
      if (phyOffset + at < this.#fillerEnd || room < BLANK_HEAD_BYTES) return length;
      if (rest < BLANK_HEAD_BYTES) return at;
      const size = bytes.readInt32BE(at);
      const isBlank = bytes.readInt32BE(at + RECORD_AT.magic) === BLANK_MAGIC;
      if (isBlank || size < BLANK_HEAD_BYTES || size > Math.min(room, this.#maxRecordBytes)) this.#fillerEnd = fileEnd;
      else if (size > rest) return at;
      else at += size;
    }
    return at;
  }
}
