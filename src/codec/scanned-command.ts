import { asciiEscape, shortEscape } from './json-text.ts';
import { RepeatedHeader, type ScannedSpans } from './repeated-header.ts';

/** More extFields than this take the slow path; more than {@link MOST_FIELDS} are malformed. */
const FAST_FIELDS = 64;
export const MOST_FIELDS = 1024;
/** The fields that a schema may have. */
export const MOST_SLOTS = 32;

/** Names of the language byte, by code. Java: LanguageCode. */
export const languages = [
  'JAVA',
  'CPP',
  'DOTNET',
  'PYTHON',
  'DELPHI',
  'ERLANG',
  'RUBY',
  'OTHER',
  'HTTP',
  'GO',
  'PHP',
  'OMS',
] as const;
export type Language = (typeof languages)[number];

/** Ordinal of a language name in any case, or -1. Java: LanguageCode, null for an unknown name. */
export function languageCode(name: string): number {
  const at = languages.indexOf(name as Language);
  return at >= 0 ? at : languages.indexOf(name.toUpperCase() as Language);
}

/**
 * One command header as spans over its bytes. Reused for every frame of a dispatcher: whoever keeps something copies
 * it. extFields are kept as pairs of spans; {@link HeaderView} binds them to a schema.
 *
 * One scanner walks the compact JSON that every client writes; whatever it does not expect (white space, nesting,
 * escapes at or above 0x80, null, upper-case keys, repeated keys) goes to the fall-back (serialize-json.ts), which
 * fills the same arrays over a scratch buffer.
 */
export class ScannedCommand implements ScannedSpans {
  bytes: Buffer = Buffer.alloc(0);
  code = 0;
  /** Ordinal of {@link languages}, or -1 when unknown. */
  language = 0;
  version = 0;
  opaque = 0;
  hasOpaque = false;
  /** Digits of the opaque, as the fast scanner found them. */
  opaqueStart = 0;
  opaqueEnd = 0;
  flag = 0;
  remarkStart = -1;
  remarkEnd = -1;
  remarkEscaped = false;
  /** False when the command had no extFields object at all. */
  hasExtFields = false;
  fieldCount = 0;
  /** True when the last scan needed the fall-back. */
  fellBack = false;
  keyStart = new Int32Array(FAST_FIELDS);
  keyEnd = new Int32Array(FAST_FIELDS);
  valueStart = new Int32Array(FAST_FIELDS);
  valueEnd = new Int32Array(FAST_FIELDS);
  /** 1 where the value's span contains escapes. */
  valueEscaped = new Uint8Array(FAST_FIELDS);
  /** Number of the last scan: another one has other spans. */
  scan = 0;
  /** The view that last bound these fields, and a bit for each field whose value changed since. */
  boundBy: object | undefined = undefined;
  changed = 0;
  /** What that view found, by slot of its schema: the number of the field, -1 without one, and what number it holds. */
  readonly fieldOf = new Int32Array(MOST_SLOTS);
  readonly numbers = new Float64Array(MOST_SLOTS);
  /** What the last scans have in common. */
  readonly repeated: RepeatedHeader = new RepeatedHeader();

  /** Empties the command before a scan over `bytes`. */
  reset(bytes: Buffer): void {
    this.bytes = bytes;
    this.code = 0;
    this.language = 0;
    this.version = 0;
    this.opaque = 0;
    this.hasOpaque = false;
    this.flag = 0;
    this.remarkStart = -1;
    this.remarkEnd = -1;
    this.remarkEscaped = false;
    this.hasExtFields = false;
    this.fieldCount = 0;
    this.fellBack = false;
    this.scan = (this.scan + 1) | 0;
    this.boundBy = undefined;
  }

  moveTo(bytes: Buffer, by: number, opaque: number, changed: number): void {
    this.bytes = bytes;
    this.opaque = opaque;
    this.changed |= changed;
    if (by === 0) return;
    const { fieldCount, keyStart, keyEnd, valueStart, valueEnd } = this;
    this.opaqueStart += by;
    this.opaqueEnd += by;
    for (let at = 0; at < fieldCount; at++) {
      keyStart[at] = (keyStart[at] as number) + by;
      keyEnd[at] = (keyEnd[at] as number) + by;
      valueStart[at] = (valueStart[at] as number) + by;
      valueEnd[at] = (valueEnd[at] as number) + by;
    }
  }

  /** Adds one extField; false when there are too many. */
  addField(keyStart: number, keyEnd: number, valueStart: number, valueEnd: number, escaped: number): boolean {
    const at = this.fieldCount;
    if (at >= this.keyStart.length) {
      if (at >= MOST_FIELDS) return false;
      this.growFields();
    }
    this.keyStart[at] = keyStart;
    this.keyEnd[at] = keyEnd;
    this.valueStart[at] = valueStart;
    this.valueEnd[at] = valueEnd;
    this.valueEscaped[at] = escaped;
    this.fieldCount = at + 1;
    return true;
  }

  private growFields(): void {
    const size = this.keyStart.length * 4;
    for (const name of ['keyStart', 'keyEnd', 'valueStart', 'valueEnd'] as const) {
      const grown = new Int32Array(size);
      grown.set(this[name]);
      this[name] = grown;
    }
    const grown = new Uint8Array(size);
    grown.set(this.valueEscaped);
    this.valueEscaped = grown;
  }

  /** The text of an extField's value, by its number. */
  valueText(at: number): string {
    const text = this.bytes.toString('utf8', this.valueStart[at], this.valueEnd[at]);
    return this.valueEscaped[at] === 1 ? unescapeText(text) : text;
  }

  /** The text of an extField's key, by its number. Keys hold no escapes: the scanner sends those to the fall-back. */
  keyText(at: number): string {
    return this.bytes.toString('utf8', this.keyStart[at], this.keyEnd[at]);
  }

  /** The value of an extField that no schema names, or undefined; the last one wins. */
  ext(name: string): string | undefined {
    for (let at = this.fieldCount - 1; at >= 0; at--) {
      const length = (this.keyEnd[at] as number) - (this.keyStart[at] as number);
      if (length >= name.length && this.keyText(at) === name) return this.valueText(at);
    }
    return undefined;
  }

  /** All extFields, copied. */
  extFields(): Map<string, string> {
    const out = new Map<string, string>();
    for (let at = 0; at < this.fieldCount; at++) out.set(this.keyText(at), this.valueText(at));
    return out;
  }

  /** The remark, or undefined. */
  remark(): string | undefined {
    if (this.remarkStart < 0) return undefined;
    const text = this.bytes.toString('utf8', this.remarkStart, this.remarkEnd);
    return this.remarkEscaped ? unescapeText(text) : text;
  }
}

/** Undoes the escapes that the scanner lets through. */
function unescapeText(text: string): string {
  return JSON.parse(`"${text}"`) as string;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/**
 * Scans a compact JSON header in `bytes[start, end)` into `out`.
 * @returns false when anything unexpected is met; the caller then takes the fall-back (the state of `out` is void).
 */
export function scanJsonHeader(bytes: Buffer, start: number, end: number, out: ScannedCommand): boolean {
  out.reset(bytes);
  let at = start;
  if (end - start < 2 || bytes[at] !== OPEN || bytes[end - 1] !== CLOSE) return false;
  at += 1;
  const limit = end - 1;
  let seen = 0;
  while (at < limit) {
    if (bytes[at] !== QUOTE) return false;
    const key = topKey(bytes, at + 1, limit);
    if (key < 0 || (seen & (1 << key)) !== 0) return false;
    seen |= 1 << key;
    const keyEnd = at + 1 + (TOP_KEY_BYTES[key] as Buffer).length;
    if (bytes[keyEnd + 1] !== COLON) return false;
    at = scanTopValue(bytes, keyEnd + 2, limit, key, out);
    if (at < 0) return false;
    if (at < limit) {
      if (bytes[at] !== COMMA || at + 1 === limit) return false;
      at += 1;
    }
  }
  return at === limit;
}

/** Keys of the top level; the number of a key is its index here. */
const TOP_KEYS = [
  'code',
  'extFields',
  'flag',
  'language',
  'opaque',
  'remark',
  'serializeTypeCurrentRPC',
  'version',
] as const;
const KEY_CODE = 0;
const KEY_EXT_FIELDS = 1;
const KEY_FLAG = 2;
const KEY_LANGUAGE = 3;
const KEY_REMARK = 5;
const KEY_SERIALIZE_TYPE = 6;
const KEY_VERSION = 7;

const TOP_KEY_BYTES = TOP_KEYS.map((name) => Buffer.from(name, 'latin1'));
/** Index in TOP_KEYS by first letter, all of which differ; -1 for other letters. */
const TOP_KEY_BY_LETTER = new Int8Array(256).fill(-1);
TOP_KEY_BYTES.forEach((name, index) => {
  TOP_KEY_BY_LETTER[name[0] as number] = index;
});

/** Index in TOP_KEYS of the key that stands at `start` up to its closing quote, or -1. */
function topKey(bytes: Buffer, start: number, limit: number): number {
  const index = TOP_KEY_BY_LETTER[bytes[start] as number] as number;
  if (index < 0) return -1;
  const known = TOP_KEY_BYTES[index] as Buffer;
  const end = start + known.length;
  return end + 1 < limit && bytes[end] === QUOTE && sameBytes(known, bytes, start) ? index : -1;
}

/** True when `bytes` at `start` continues as `known`. The caller has checked that it is long enough. */
export function sameBytes(known: Uint8Array, bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < known.length; i++) if (known[i] !== bytes[start + i]) return false;
  return true;
}

/** Scans the value of a top-level key; returns the position behind it, or -1. */
function scanTopValue(bytes: Buffer, at: number, limit: number, key: number, out: ScannedCommand): number {
  switch (key) {
    case KEY_EXT_FIELDS:
      return scanExtFields(bytes, at, limit, out);
    case KEY_REMARK:
      return scanRemark(bytes, at, limit, out);
    case KEY_LANGUAGE:
    case KEY_SERIALIZE_TYPE:
      return scanWord(bytes, at, limit, key, out);
    default:
      return scanNumber(bytes, at, limit, key, out);
  }
}

function scanNumber(bytes: Buffer, at: number, limit: number, key: number, out: ScannedCommand): number {
  let i = at;
  const negative = bytes[i] === 0x2d;
  if (negative) i++;
  const digits = i;
  let value = 0;
  while (i < limit) {
    const digit = (bytes[i] as number) - 0x30;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
    i++;
  }
  if (i === digits || i - digits > 10) return -1;
  if (negative) value = 0 - value;
  if (value > 0x7fffffff || value < -0x80000000) return -1;
  if (key === KEY_CODE) out.code = value;
  else if (key === KEY_FLAG) out.flag = value;
  else if (key === KEY_VERSION) out.version = value;
  else {
    out.opaque = value;
    out.hasOpaque = true;
    out.opaqueStart = digits;
    out.opaqueEnd = i;
  }
  return i;
}

function scanWord(bytes: Buffer, at: number, limit: number, key: number, out: ScannedCommand): number {
  if (bytes[at] !== QUOTE) return -1;
  let i = at + 1;
  while (i < limit && bytes[i] !== QUOTE) {
    if (bytes[i] === BACKSLASH) return -1;
    i++;
  }
  if (i >= limit) return -1;
  if (key === KEY_LANGUAGE) {
    const isJava = i - at === 5 && bytes[at + 1] === 0x4a && bytes[at + 2] === 0x41 && bytes[at + 3] === 0x56;
    out.language = isJava ? 0 : languageCode(bytes.toString('utf8', at + 1, i));
  }
  return i + 1;
}

function scanRemark(bytes: Buffer, at: number, limit: number, out: ScannedCommand): number {
  if (bytes[at] !== QUOTE) return -1;
  const end = scanString(bytes, at + 1, limit);
  if (end < 0) return -1;
  out.remarkStart = at + 1;
  out.remarkEnd = end;
  out.remarkEscaped = stringHadEscapes;
  return end + 1;
}

/** Set by {@link scanString}: whether the last string held escapes. Module state saves an allocation per string. */
let stringHadEscapes = false;

/** Position of the closing quote of the string whose text begins at `at`, or -1. */
function scanString(bytes: Buffer, at: number, limit: number): number {
  stringHadEscapes = false;
  let i = at;
  while (i < limit) {
    const byte = bytes[i] as number;
    if (byte === QUOTE) return i;
    if (byte === BACKSLASH) {
      stringHadEscapes = true;
      if (i + 1 >= limit) return -1;
      const next = bytes[i + 1] as number;
      if (next === 0x75) {
        if (i + 5 >= limit || asciiEscape(bytes, i + 2) < 0) return -1;
        i += 6;
      } else {
        if (shortEscape(next) < 0) return -1;
        i += 2;
      }
    } else if (byte < 0x20) {
      return -1;
    } else {
      i++;
    }
  }
  return -1;
}

function scanExtFields(bytes: Buffer, at: number, limit: number, out: ScannedCommand): number {
  if (bytes[at] !== OPEN) return -1;
  out.hasExtFields = true;
  let i = at + 1;
  if (i < limit && bytes[i] === CLOSE) return i + 1;
  while (i < limit) {
    if (bytes[i] !== QUOTE) return -1;
    const keyStart = i + 1;
    i = keyStart;
    while (i < limit && bytes[i] !== QUOTE) {
      if (bytes[i] === BACKSLASH) return -1;
      i++;
    }
    const keyEnd = i;
    if (i + 2 >= limit || bytes[i + 1] !== COLON || bytes[i + 2] !== QUOTE) return -1;
    const valueStart = i + 3;
    const valueEnd = scanString(bytes, valueStart, limit);
    if (valueEnd < 0 || out.fieldCount >= FAST_FIELDS) return -1;
    out.addField(keyStart, keyEnd, valueStart, valueEnd, stringHadEscapes ? 1 : 0);
    i = valueEnd + 1;
    if (i >= limit) return -1;
    if (bytes[i] === CLOSE) return i + 1;
    if (bytes[i] !== COMMA) return -1;
    i++;
  }
  return -1;
}
