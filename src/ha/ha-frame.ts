import { readInt64, writeInt64 } from '../codec/message-bytes.ts';

/** Bytes of a transfer header: physical offset (8), size of the body (4). Java: HAConnection. */
export const TRANSFER_HEADER_BYTES = 12;
/** Bytes of an offset report. */
export const OFFSET_REPORT_BYTES = 8;
/** A Java slave reads into a buffer of 4 MiB: a longer packet would never be whole. Java: READ_MAX_BUFFER_SIZE. */
export const MAX_BODY_BYTES = 4 * 1024 * 1024 - TRANSFER_HEADER_BYTES;

/** Writes the header of a packet with `sizeBytes` of the log from `phyOffset` on; 0 is a heartbeat. */
export function writeTransferHeader(target: Buffer, phyOffset: number, sizeBytes: number): void {
  writeInt64(target, 0, phyOffset);
  target.writeInt32BE(sizeBytes, 8);
}

/** What a slave says: where its log ends. */
export function offsetReport(maxPhyOffset: number): Buffer {
  const bytes = Buffer.allocUnsafe(OFFSET_REPORT_BYTES);
  writeInt64(bytes, 0, maxPhyOffset);
  return bytes;
}

/**
 * The reports of a slave out of a stream of bytes: nothing but int64 values. Java: HAConnection.ReadSocketService.
 * What is no offset makes the stream invalid for good.
 */
export class OffsetReportDecoder {
  readonly #part = Buffer.alloc(OFFSET_REPORT_BYTES);
  #held = 0;
  #isInvalid = false;

  /** The last value that is complete with these bytes; earlier ones are worth nothing any more, as in Java. */
  feed(bytes: Buffer): number | 'incomplete' | 'invalid' {
    if (this.#isInvalid) return 'invalid';
    const { length } = bytes;
    const behindLast = (this.#held + length) % OFFSET_REPORT_BYTES;
    const lastEnd = length - behindLast;
    let latest: number | 'incomplete' | 'invalid' = 'incomplete';
    if (lastEnd >= OFFSET_REPORT_BYTES) latest = readOffset(bytes, lastEnd - OFFSET_REPORT_BYTES);
    else if (lastEnd > 0) {
      bytes.copy(this.#part, OFFSET_REPORT_BYTES - lastEnd, 0, lastEnd);
      latest = readOffset(this.#part, 0);
    }
    bytes.copy(this.#part, lastEnd > 0 ? 0 : this.#held, Math.max(0, lastEnd), length);
    this.#held = behindLast;
    this.#isInvalid = latest === 'invalid';
    return latest;
  }
}

/** What {@link TransferDecoder} finds. */
export interface TransferSink {
  /** A header, as soon as it is there; false ends the stream. */
  onHeader(phyOffset: number, sizeBytes: number): boolean;
  /** A whole body of at least one byte; the view is good during the call. False ends the stream. */
  onBody(phyOffset: number, body: Buffer): boolean;
}

/**
 * The packets of a master out of a stream of bytes. A body is held only until it is whole, and only one at a time.
 * Java: HAService.HAClient#dispatchReadRequest.
 */
export class TransferDecoder {
  readonly #sink: TransferSink;
  readonly #header = Buffer.alloc(TRANSFER_HEADER_BYTES);
  #headerHeld = 0;
  #phyOffset = 0;
  #bodyBytes = 0;
  /** The body under way, when it came in more than one piece. */
  #body: Buffer | undefined;
  #bodyHeld = 0;
  #isOver = false;

  constructor(sink: TransferSink) {
    this.#sink = sink;
  }

  /** Takes what arrived. `invalid`: no packet of a master. `ended`: the sink wants no more. Both for good. */
  feed(bytes: Buffer): 'ok' | 'ended' | 'invalid' {
    if (this.#isOver) return 'ended';
    for (let at = 0; at < bytes.length; ) {
      if (this.#headerHeld < TRANSFER_HEADER_BYTES) {
        at += this.#takeHeader(bytes, at);
        if (this.#headerHeld < TRANSFER_HEADER_BYTES) break;
        const outcome = this.#onHeader();
        if (outcome !== 'ok') return this.#over(outcome);
      } else {
        const body = this.#takeBody(bytes, at);
        at += body.taken;
        if (body.whole === undefined) break;
        if (!this.#sink.onBody(this.#phyOffset, body.whole)) return this.#over('ended');
        this.#headerHeld = 0;
      }
    }
    return 'ok';
  }

  #over(outcome: 'ended' | 'invalid'): 'ended' | 'invalid' {
    this.#isOver = true;
    this.#body = undefined;
    return outcome;
  }

  #takeHeader(bytes: Buffer, at: number): number {
    const count = Math.min(TRANSFER_HEADER_BYTES - this.#headerHeld, bytes.length - at);
    bytes.copy(this.#header, this.#headerHeld, at, at + count);
    this.#headerHeld += count;
    return count;
  }

  #onHeader(): 'ok' | 'ended' | 'invalid' {
    const phyOffset = readOffset(this.#header, 0);
    const sizeBytes = this.#header.readInt32BE(8);
    if (phyOffset === 'invalid' || sizeBytes < 0 || sizeBytes > MAX_BODY_BYTES) return 'invalid';
    this.#phyOffset = phyOffset;
    this.#bodyBytes = sizeBytes;
    if (sizeBytes === 0) this.#headerHeld = 0;
    return this.#sink.onHeader(phyOffset, sizeBytes) ? 'ok' : 'ended';
  }

  #takeBody(bytes: Buffer, at: number): { readonly taken: number; readonly whole: Buffer | undefined } {
    const count = Math.min(this.#bodyBytes - this.#bodyHeld, bytes.length - at);
    if (count === this.#bodyBytes) return { taken: count, whole: bytes.subarray(at, at + count) };
    this.#body ??= Buffer.allocUnsafe(this.#bodyBytes);
    bytes.copy(this.#body, this.#bodyHeld, at, at + count);
    this.#bodyHeld += count;
    if (this.#bodyHeld < this.#bodyBytes) return { taken: count, whole: undefined };
    const whole = this.#body;
    this.#body = undefined;
    this.#bodyHeld = 0;
    return { taken: count, whole };
  }
}

/** Offsets are safe integers here; a log never comes near 2^53 bytes. */
function readOffset(bytes: Buffer, at: number): number | 'invalid' {
  const offset = readInt64(bytes, at);
  return offset >= 0 && Number.isSafeInteger(offset) ? offset : 'invalid';
}
