import { assert } from '../util/assert.ts';

const HEX_UPPER = Buffer.from('0123456789ABCDEF', 'latin1');
const DIGITS = new Uint8Array(20);
const SAFE_HIGH = 2 ** 32;

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

  /** Appends constant bytes. Short runs are copied by hand: a native call costs more below some 32 bytes. */
  raw(source: Uint8Array): void {
    const count = source.length;
    this.reserve(count);
    if (count <= 32) {
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
    let count = 0;
    do {
      const next = rest < SAFE_HIGH ? (rest / 10) >>> 0 : Math.floor(rest / 10);
      DIGITS[count++] = 0x30 + (rest - next * 10);
      rest = next;
    } while (rest > 0);
    while (count > 0) this.bytes[this.length++] = DIGITS[--count] as number;
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
    this.length += this.bytes.write(value, this.length, 'utf8');
  }
}
