import { IS_LITTLE_ENDIAN } from '../util/endian.ts';
import { BACKSLASH, escapeBytes } from './json-text.ts';

/** Longer headers, and those with more fields, are scanned each time. */
const MOST_BYTES = 2048;
const MOST_FIELDS = 31;
/** Four words. */
const GROUP_BYTES = 16;

/** What may stand at a place of the learned header: the same byte, a digit of the opaque, text of field n − FIELD. */
const SAME = 0;
const OPAQUE = 1;
const FIELD = 2;

const QUOTE = 0x22;
const SPACE = 0x20;
const ZERO = 0x30;
const NINE = 0x39;
const INT_MAX = 0x7fffffff;
const NOTHING = new ArrayBuffer(0);

/** What a scan has found out about a header: the part of ScannedCommand that stays true for one like it. */
export interface ScannedSpans {
  /** Number of the scan. */
  readonly scan: number;
  readonly hasOpaque: boolean;
  readonly opaque: number;
  readonly opaqueStart: number;
  readonly opaqueEnd: number;
  readonly remarkStart: number;
  readonly fieldCount: number;
  readonly valueStart: Int32Array;
  readonly valueEnd: Int32Array;
  /** The same fields `by` bytes further on in other bytes, the values of those in `changed` (a bit each) changed. */
  moveTo(bytes: Buffer, by: number, opaque: number, changed: number): void;
}

/**
 * A client's headers are alike: the next differs from the last in a few digits of a few values. Such a header need not
 * be scanned again: its bytes are compared with the learned ones, and the spans of the command move to where it lies.
 * Learned is a header when two of its length have come in a row, and only from the compact form of the fast scanner.
 */
export class RepeatedHeader {
  readonly #known = new Uint8Array(MOST_BYTES);
  readonly #words = new Int32Array(this.#known.buffer);
  /** The bytes of the last header, nearly always those of the next, and their memory word by word. */
  #viewed: Buffer | undefined;
  #view = new DataView<ArrayBufferLike>(NOTHING);
  readonly #places = new Uint8Array(MOST_BYTES);
  /** Length of the learned header, -1 without one. */
  #length = -1;
  /** The scan that was learned: any other into the same command overwrites its spans. */
  #scan = -1;
  /** Where the spans of the command point to now. */
  #start = 0;
  #lastLength = -1;

  /**
   * Takes the header in `bytes[start, end)` when it has the learned form. `out`, which must be the command that was
   * learned from, then tells what a scan would have told.
   * @returns false, with `out` as it was, when the header has to be scanned.
   */
  take(bytes: Buffer, start: number, end: number, out: ScannedSpans): boolean {
    if (end - start !== this.#length || out.scan !== this.#scan) return false;
    const opaque = opaqueIn(bytes, out, start - this.#start);
    const changed = opaque < 0 ? -1 : this.#compare(bytes, start);
    if (changed < 0) {
      this.#length = -1;
      return false;
    }
    out.moveTo(bytes, start - this.#start, opaque, changed);
    this.#start = start;
    return true;
  }

  /** Told of every header that the fast scanner took. */
  scanned(bytes: Buffer, start: number, end: number, out: ScannedSpans): void {
    const length = end - start;
    const isCandidate = length === this.#lastLength;
    this.#lastLength = length;
    this.#length = -1;
    if (!isCandidate || length > MOST_BYTES || out.fieldCount > MOST_FIELDS) return;
    if (!out.hasOpaque || out.opaque < 0 || out.remarkStart >= 0) return;
    this.#known.set(bytes.subarray(start, end));
    this.#learn(bytes, start, out);
    this.#length = length;
    this.#scan = out.scan;
    this.#start = start;
  }

  #learn(bytes: Buffer, start: number, out: ScannedSpans): void {
    const places = this.#places;
    places.fill(SAME);
    places.fill(OPAQUE, out.opaqueStart - start, out.opaqueEnd - start);
    for (let field = 0; field < out.fieldCount; field++) {
      const end = out.valueEnd[field] as number;
      for (let at = out.valueStart[field] as number; at < end; at++) {
        // The bytes of an escape stay as they are, so that no new ones arise and none goes.
        if (bytes[at] === BACKSLASH) at += escapeBytes(bytes, at) - 1;
        else places[at - start] = FIELD + field;
      }
    }
  }

  /** A bit per field whose value changed, or -1 for another form. In groups of words as long as they are the same. */
  #compare(bytes: Buffer, start: number): number {
    const words = this.#words;
    const length = this.#length;
    const groupEnd = length - (length % GROUP_BYTES);
    const view = this.#viewOf(bytes);
    const base = bytes.byteOffset + start;
    let changed = 0;
    for (let at = 0; at < groupEnd; at += GROUP_BYTES) {
      const word = at >> 2;
      const here = base + at;
      const difference =
        (view.getInt32(here, IS_LITTLE_ENDIAN) ^ (words[word] as number)) |
        (view.getInt32(here + 4, IS_LITTLE_ENDIAN) ^ (words[word + 1] as number)) |
        (view.getInt32(here + 8, IS_LITTLE_ENDIAN) ^ (words[word + 2] as number)) |
        (view.getInt32(here + 12, IS_LITTLE_ENDIAN) ^ (words[word + 3] as number));
      if (difference === 0) continue;
      changed |= this.#compareBytes(bytes, start, at, at + GROUP_BYTES);
      if (changed < 0) return -1;
    }
    return changed | this.#compareBytes(bytes, start, groupEnd, length);
  }

  #viewOf(bytes: Buffer): DataView {
    if (this.#viewed !== bytes) {
      this.#viewed = bytes;
      // A call each: that is why they are not asked for every header.
      const { buffer } = bytes;
      if (this.#view.buffer !== buffer) this.#view = new DataView(buffer);
    }
    return this.#view;
  }

  #compareBytes(bytes: Buffer, start: number, from: number, to: number): number {
    const known = this.#known;
    const places = this.#places;
    let changed = 0;
    for (let at = from; at < to; at++) {
      const byte = bytes[start + at] as number;
      if (byte === known[at]) continue;
      const place = places[at] as number;
      if (place >= FIELD) {
        if (byte < SPACE || byte === QUOTE || byte === BACKSLASH) return -1;
        changed |= 1 << (place - FIELD);
      } else if (place === SAME) {
        return -1;
      }
      // What the values are does not matter to the form, so a comparison that ends early leaves no harm.
      known[at] = byte;
    }
    return changed;
  }
}

/** The opaque of a header whose command was scanned `by` bytes before it, or -1 when that is no number there. */
function opaqueIn(bytes: Buffer, scanned: ScannedSpans, by: number): number {
  const end = scanned.opaqueEnd + by;
  let value = 0;
  for (let at = scanned.opaqueStart + by; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte < ZERO || byte > NINE) return -1;
    value = value * 10 + byte - ZERO;
  }
  return value > INT_MAX ? -1 : value;
}
