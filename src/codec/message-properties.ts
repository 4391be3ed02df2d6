import { BACKSLASH, escapeBytes, escapedByte } from './json-text.ts';
import type { MessageConst } from './message-const.ts';

/** Ends a name in properties text. Java: MessageDecoder.NAME_VALUE_SEPARATOR. */
export const NAME_END = 0x01;
/** Ends a pair in properties text; Java writes it behind the last pair too. Java: MessageDecoder.PROPERTY_SEPARATOR. */
export const PAIR_END = 0x02;

/** Properties of a message by name. Order carries no meaning (Java's is hash order). */
export type MessageProperties = Map<string, string>;

/**
 * Properties text to a map; the last of two equal names wins. A pair counts only when its name is followed by exactly
 * one value, after trailing U+0001 are dropped: `k␁` and `k␁a␁b` vanish, `k␁v␁` and `␁v` (empty name) stay.
 * Java: MessageDecoder#string2messageProperties.
 */
export function parseProperties(text: string): MessageProperties {
  const properties: MessageProperties = new Map();
  let start = 0;
  while (start < text.length) {
    const found = text.indexOf('\u0002', start);
    const end = found < 0 ? text.length : found;
    const nameEnd = text.indexOf('\u0001', start);
    if (nameEnd >= 0 && nameEnd < end) {
      let valueEnd = end;
      while (valueEnd > nameEnd + 1 && text.charCodeAt(valueEnd - 1) === NAME_END) valueEnd--;
      const value = text.slice(nameEnd + 1, valueEnd);
      if (value !== '' && !value.includes('\u0001')) properties.set(text.slice(start, nameEnd), value);
    }
    start = end + 1;
  }
  return properties;
}

/**
 * Map to properties text, each pair ended by U+0002. Names and values are written as they are: a separator inside
 * them changes what a reader gets, as in Java. Java: MessageDecoder#messageProperties2String.
 */
export function serialiseProperties(properties: Iterable<readonly [string, string]>): string {
  let text = '';
  for (const [name, value] of properties) text += `${name}\u0001${value}\u0002`;
  return text;
}

/** Told where a property lies in the bytes of its text. */
export type PropertyVisitor = (nameStart: number, nameEnd: number, valueStart: number, valueEnd: number) => void;

/**
 * Every property that {@link parseProperties} would give for the text bytes[start, end), in order and without
 * allocation; equal names come as often as they stand there.
 */
export function eachProperty(bytes: Uint8Array, start: number, end: number, visit: PropertyVisitor): void {
  let pairStart = start;
  let nameEnd = -1;
  for (let at = start; at <= end; at++) {
    const byte = at === end ? PAIR_END : (bytes[at] as number);
    if (byte === NAME_END && nameEnd < 0) nameEnd = at;
    if (byte !== PAIR_END) continue;
    if (nameEnd >= 0) {
      let valueEnd = at;
      while (valueEnd > nameEnd + 1 && bytes[valueEnd - 1] === NAME_END) valueEnd--;
      if (valueEnd > nameEnd + 1 && !holdsNameEnd(bytes, nameEnd + 1, valueEnd)) {
        visit(pairStart, nameEnd, nameEnd + 1, valueEnd);
      }
    }
    pairStart = at + 1;
    nameEnd = -1;
  }
}

/** The properties the broker looks at, as slots of {@link PropertySpans}. At most 31: presence is a bit mask. */
export const PropertySlot = {
  KEYS: 0,
  TAGS: 1,
  UNIQ_KEY: 2,
  WAIT: 3,
  DELAY: 4,
  TRAN_MSG: 5,
  CLUSTER: 6,
  PGROUP: 7,
  REAL_TOPIC: 8,
  REAL_QID: 9,
  RETRY_TOPIC: 10,
  REPLY_TO_CLIENT: 11,
  MSG_REGION: 12,
  TRACE_ON: 13,
  ORIGIN_MESSAGE_ID: 14,
  RECONSUME_TIME: 15,
  MAX_RECONSUME_TIMES: 16,
  TRANSACTION_CHECK_TIMES: 17,
  TRAN_PREPARED_QUEUE_OFFSET: 18,
  CHECK_IMMUNITY_TIME_IN_SECONDS: 19,
  MSG_TYPE: 20,
  CORRELATION_ID: 21,
  PUSH_REPLY_TIME: 22,
  ARRIVE_TIME: 23,
  INSTANCE_ID: 24,
} as const satisfies Partial<Record<(typeof MessageConst)[keyof typeof MessageConst], number>>;

export type PropertySlot = (typeof PropertySlot)[keyof typeof PropertySlot];

const SLOT_NAMES: Uint8Array[] = [];
for (const [name, slot] of Object.entries(PropertySlot)) SLOT_NAMES[slot] = Buffer.from(name, 'latin1');

/** Where the values of the known properties lie; filled by {@link scanProperties}, reused from message to message. */
export class PropertySpans {
  /**
   * True when every pair is `name␁value␂` with both parts not empty and no name occurs twice: the bytes may be stored
   * as they are and another pair appended, and are what re-serialising would have given.
   */
  canonical = true;
  /** Bit 1 << slot is set for each known property that is there. */
  present = 0;
  readonly #starts = new Int32Array(SLOT_NAMES.length);
  readonly #ends = new Int32Array(SLOT_NAMES.length);

  /** Forgets the last message. */
  clear(): void {
    this.canonical = true;
    this.present = 0;
  }

  has(slot: PropertySlot): boolean {
    return (this.present & (1 << slot)) !== 0;
  }

  /** Position of the value's first byte, or -1 when the property is absent. */
  start(slot: PropertySlot): number {
    return this.has(slot) ? (this.#starts[slot] as number) : -1;
  }

  /** Position behind the value's last byte, or -1 when the property is absent. */
  end(slot: PropertySlot): number {
    return this.has(slot) ? (this.#ends[slot] as number) : -1;
  }

  /** The value as text, or undefined. Allocates: for rare properties and tests. */
  text(slot: PropertySlot, bytes: Buffer): string | undefined {
    return this.has(slot) ? bytes.toString('utf8', this.#starts[slot], this.#ends[slot]) : undefined;
  }

  /** Notes a value; a second one of the same name replaces the first and makes the text not canonical. */
  note(slot: number, start: number, end: number): void {
    if ((this.present & (1 << slot)) !== 0) this.canonical = false;
    this.present |= 1 << slot;
    this.#starts[slot] = start;
    this.#ends[slot] = end;
  }
}

/**
 * Finds the known properties in the text bytes[start, end) in one pass, without allocation; the last of two equal
 * names wins, and what {@link parseProperties} drops is not found. Positions in `out` are positions in `bytes`.
 */
export function scanProperties(bytes: Uint8Array, start: number, end: number, out: PropertySpans): void {
  pairs.begin(start, out);
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte <= PAIR_END) pairs.separator(bytes, byte, at);
  }
  pairs.end(bytes, end);
}

/**
 * As {@link scanProperties} for text inside a JSON string: copies it to `target` from 0 on, escapes undone as by
 * unescapeJsonInto, in the same pass. Positions in `out` are positions in `target`, which holds `end - start` bytes.
 * @returns the bytes copied, or -1 when an escape is malformed
 */
export function unescapeProperties(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  out: PropertySpans,
): number {
  pairs.begin(0, out);
  let length = 0;
  for (let at = start; at < end; at++) {
    let byte = source[at] as number;
    if (byte === BACKSLASH) {
      byte = escapedByte(source, at, end);
      if (byte < 0) return -1;
      at += escapeBytes(source, at) - 1;
    }
    target[length] = byte;
    if (byte <= PAIR_END) pairs.separator(target, byte, length);
    length++;
  }
  pairs.end(target, length);
  return length;
}

/** A walk over the pairs of a text, told of its separators only. */
class PairWalk {
  #out = new PropertySpans();
  #pairStart = 0;
  #nameEnd = -1;
  /** False when the value holds a separator of names. */
  #plain = true;
  #textStart = 0;
  /** How many names nobody knows, and a bit for the hash of each. */
  #others = 0;
  #otherNames = 0;

  begin(start: number, out: PropertySpans): void {
    out.clear();
    this.#out = out;
    this.#textStart = start;
    this.#others = 0;
    this.#otherNames = 0;
    this.#next(start);
  }

  /** A byte up to {@link PAIR_END} at `at`; 0 is none of the two separators. */
  separator(bytes: Uint8Array, byte: number, at: number): void {
    if (byte === PAIR_END) {
      this.#note(bytes, at);
      this.#next(at + 1);
    } else if (byte === NAME_END) {
      if (this.#nameEnd < 0) this.#nameEnd = at;
      else this.#plain = false;
    }
  }

  /** A last pair may lack its end: it counts, but the text cannot be stored as it is. */
  end(bytes: Uint8Array, end: number): void {
    if (this.#pairStart >= end) return;
    this.#note(bytes, end);
    this.#out.canonical = false;
  }

  #next(start: number): void {
    this.#pairStart = start;
    this.#nameEnd = -1;
    this.#plain = true;
  }

  /** The pair that ends before `end`. */
  #note(bytes: Uint8Array, end: number): void {
    const out = this.#out;
    const start = this.#pairStart;
    const nameEnd = this.#nameEnd;
    let valueEnd = end;
    if (nameEnd < 0 || nameEnd === start || nameEnd + 1 === end || !this.#plain) {
      out.canonical = false;
      if (nameEnd < 0) return;
      while (valueEnd > nameEnd + 1 && bytes[valueEnd - 1] === NAME_END) valueEnd--;
      if (valueEnd === nameEnd + 1 || holdsNameEnd(bytes, nameEnd + 1, valueEnd)) return;
    }
    const slot = slotOf(bytes, start, nameEnd);
    if (slot >= 0) out.note(slot, nameEnd + 1, valueEnd);
    else if (out.canonical) out.canonical = !this.#isRepeated(bytes, start, nameEnd);
  }

  /** Whether a name that nobody knows stood there before; perhaps, when there are very many. */
  #isRepeated(bytes: Uint8Array, start: number, end: number): boolean {
    const bit = 1 << (nameHash(bytes, start, end) & 31);
    const isPossible = (this.#otherNames & bit) !== 0;
    this.#otherNames |= bit;
    this.#others++;
    return isPossible && (this.#others > MOST_COMPARED || isNameAmong(bytes, this.#textStart, start, end));
  }
}

/** So many names are compared with each other; the text is written anew in time that grows with its length only. */
const MOST_COMPARED = 24;

/** Whether the name bytes[start, end) begins one of the pairs in bytes[textStart, start). */
function isNameAmong(bytes: Uint8Array, textStart: number, start: number, end: number): boolean {
  const length = end - start;
  for (let pair = textStart; pair < start; pair++) {
    let at = 0;
    while (at < length && bytes[pair + at] === bytes[start + at]) at++;
    if (at === length && bytes[pair + at] === NAME_END) return true;
    while (bytes[pair] !== PAIR_END) pair++;
  }
  return false;
}

/** One for all: a walk ends before the next begins. */
const pairs = new PairWalk();

function holdsNameEnd(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] === NAME_END) return true;
  return false;
}

/** Open-addressed table of the known names: slot + 1 at the hash of length, first and last byte; 0 = free. */
const SLOT_TABLE = new Uint8Array(128);
for (let slot = 0; slot < SLOT_NAMES.length; slot++) {
  const name = SLOT_NAMES[slot] as Uint8Array;
  let at = nameHash(name, 0, name.length);
  while (SLOT_TABLE[at] !== 0) at = (at + 1) & 127;
  SLOT_TABLE[at] = slot + 1;
}

function nameHash(bytes: Uint8Array, start: number, end: number): number {
  return ((end - start) * 5 + (bytes[start] as number) * 3 + (bytes[end - 1] as number) * 11) & 127;
}

function slotOf(bytes: Uint8Array, start: number, end: number): number {
  if (start === end) return -1;
  for (let at = nameHash(bytes, start, end); ; at = (at + 1) & 127) {
    const entry = SLOT_TABLE[at] as number;
    if (entry === 0) return -1;
    if (equalBytes(SLOT_NAMES[entry - 1] as Uint8Array, bytes, start, end)) return entry - 1;
  }
}

function equalBytes(name: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (name.length !== end - start) return false;
  for (let at = 0; at < name.length; at++) if (name[at] !== bytes[start + at]) return false;
  return true;
}
