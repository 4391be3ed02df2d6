import { assert } from '../util/assert.ts';
import { quoteJson } from './fast-json-writer.ts';

const HEX_UPPER = Buffer.from('0123456789ABCDEF', 'latin1');
/** `00` to `99`. */
const DIGIT_PAIRS = Buffer.from(Array.from({ length: 100 }, (_, n) => String(n).padStart(2, '0')).join(''), 'latin1');
/** Safe integers are written as two parts that fit 32 bits. */
const LOW_DIGITS = 9;
const LOW_PART = 10 ** LOW_DIGITS;
const SAFE_HIGH = 2 ** 32;
/** Up to here a loop costs no more than a native call, which is dearer for strings than for bytes. */
const SHORT_BYTES = 16;
const SHORT_TEXT = 64;

/**
 * A growing byte buffer into which frames are written one behind the other. One per connection; it is handed to the
 * socket as a whole and replaced or reused afterwards.
 */
export class OutputBuffer {
  bytes: Buffer;
  length = 0;

  constructor(initialBytes: number) {
    this.bytes = Buffer.allocUnsafeSlow(initialBytes);
  }

  /** Makes sure that `count` more bytes fit. */
  reserve(count: number): void {
    const need = this.length + count;
    if (need <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(need, this.bytes.length * 2));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }

  /** Appends constant bytes. */
  raw(source: Uint8Array): void {
    const count = source.length;
    this.reserve(count);
    if (count <= SHORT_BYTES) {
      const target = this.bytes;
      const at = this.length;
      for (let i = 0; i < count; i++) target[at + i] = source[i] as number;
    } else {
      this.bytes.set(source, this.length);
    }
    this.length += count;
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  int32(value: number): void {
    this.reserve(4);
    this.putInt32At(this.length, value);
    this.length += 4;
  }

  int16(value: number): void {
    this.reserve(2);
    this.bytes[this.length++] = (value >> 8) & 0xff;
    this.bytes[this.length++] = value & 0xff;
  }

  /** Overwrites four bytes, big-endian. */
  putInt32At(position: number, value: number): void {
    const target = this.bytes;
    target[position] = (value >>> 24) & 0xff;
    target[position + 1] = (value >>> 16) & 0xff;
    target[position + 2] = (value >>> 8) & 0xff;
    target[position + 3] = value & 0xff;
  }

  /** Decimal text of a safe integer. */
  decimal(value: number): void {
    assert(Number.isSafeInteger(value), 'not a safe integer');
    this.reserve(20);
    let rest = value;
    if (rest < 0) {
      this.bytes[this.length++] = 0x2d;
      rest = -rest;
    }
    if (rest < LOW_PART) {
      this.digits(rest, digitCount(rest));
      return;
    }
    const high = Math.floor(rest / LOW_PART);
    this.digits(high, digitCount(high));
    this.digits(rest - high * LOW_PART, LOW_DIGITS);
  }

  /** The last `count` digits of a number below {@link LOW_PART}, two at a time from the right. */
  private digits(value: number, count: number): void {
    const target = this.bytes;
    const start = this.length;
    let at = start + count;
    this.length = at;
    let rest = value >>> 0;
    while (at - start >= 2) {
      const next = (rest / 100) >>> 0;
      const pair = (rest - next * 100) * 2;
      target[--at] = DIGIT_PAIRS[pair + 1] as number;
      target[--at] = DIGIT_PAIRS[pair] as number;
      rest = next;
    }
    if (at > start) target[start] = 0x30 + rest;
  }

  /** Sixteen upper-case hex digits of a non-negative safe integer, as in a message id. */
  hex64(value: number): void {
    this.reserve(16);
    this.hex32(Math.floor(value / SAFE_HIGH));
    this.hex32(value >>> 0);
  }

  private hex32(value: number): void {
    const target = this.bytes;
    let at = this.length;
    for (let shift = 28; shift >= 0; shift -= 4) target[at++] = HEX_UPPER[(value >>> shift) & 15] as number;
    this.length = at;
  }

  /** UTF-8 text as it is. */
  text(value: string): void {
    this.reserve(value.length * 3);
    if (!this.plain(value)) this.length += this.bytes.write(value, this.length, 'utf8');
  }

  /** Text as the inside of a JSON string, escaped as FastJSON does. */
  jsonText(value: string): void {
    this.reserve(value.length * 3);
    if (!this.plain(value)) this.text(quoteJson(value).slice(1, -1));
  }

  /** Appends short text of printable ASCII without quote and backslash; false, and nothing appended, for any other. */
  private plain(value: string): boolean {
    const count = value.length;
    if (count > SHORT_TEXT) return false;
    const target = this.bytes;
    const start = this.length;
    for (let i = 0; i < count; i++) {
      const code = value.charCodeAt(i);
      if (code < 0x20 || code > 0x7e || code === 0x22 || code === 0x5c) return false;
      target[start + i] = code;
    }
    this.length = start + count;
    return true;
  }
}

function digitCount(value: number): number {
  let count = 1;
  for (let bound = 10; value >= bound; bound *= 10) count += 1;
  return count;
}
