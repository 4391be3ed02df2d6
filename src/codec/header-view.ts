import { assert } from '../util/assert.ts';
import type { FieldKind, FieldRow, HeaderSchema, HeaderValues } from './header.ts';
import { unescapeJsonInto } from './json-text.ts';
import { MOST_SLOTS, ScannedCommand, sameBytes } from './scanned-command.ts';

/** A header schema compiled to slots: field number i of the schema is slot i of its view. */
export class HeaderPlan<S extends HeaderSchema = HeaderSchema> {
  readonly schema: S;
  readonly names: readonly (keyof S & string)[];
  readonly rows: readonly FieldRow[];
  /** Slot of a field by its name in the schema. */
  readonly slot: { readonly [F in keyof S]: number };
  private readonly wireBytes: readonly Buffer[];
  /** Slot by the one letter of its wire name, -1 where none. */
  private readonly byLetter = new Int8Array(256).fill(-1);

  constructor(schema: S) {
    this.schema = schema;
    this.names = Object.keys(schema) as (keyof S & string)[];
    assert(this.names.length <= MOST_SLOTS, 'a schema has a slot for each field');
    this.rows = this.names.map((name) => schema[name] as FieldRow);
    this.slot = Object.fromEntries(this.names.map((name, at) => [name, at])) as { [F in keyof S]: number };
    this.wireBytes = this.names.map((name) => Buffer.from(schema[name]?.wire ?? name, 'utf8'));
    this.wireBytes.forEach((bytes, at) => {
      if (bytes.length === 1) this.byLetter[bytes[0] as number] = at;
    });
  }

  /** Slot of the field whose wire name is `bytes[start, end)`, or -1. */
  slotOf(bytes: Buffer, start: number, end: number): number {
    const length = end - start;
    if (length === 1) return this.byLetter[bytes[start] as number] as number;
    const first = bytes[start];
    const known = this.wireBytes;
    for (let at = 0; at < known.length; at++) {
      const name = known[at] as Buffer;
      if (name.length === length && name[0] === first && sameBytes(name, bytes, start)) return at;
    }
    return -1;
  }
}

/** What a view is besides its typed fields: byte accessors for the hot path, a copy for what outlives the handler. */
export interface HeaderSpans<S extends HeaderSchema> {
  readonly plan: HeaderPlan<S>;
  /** The bytes all spans point into. */
  readonly bytes: Buffer;
  /** Where a field's value begins; -1 when it is absent. */
  startOf(slot: number): number;
  endOf(slot: number): number;
  /** True when the span holds JSON escapes. */
  isEscaped(slot: number): boolean;
  /** A frozen plain object with copies, for everything that outlives the synchronous part of a handler. */
  detach(): HeaderValues<S>;
}

export type HeaderView<S extends HeaderSchema> = HeaderValues<S> & HeaderSpans<S>;

/** Binds scanned extFields to a schema; one per schema and dispatcher, reused for every frame. */
export interface HeaderBinder<S extends HeaderSchema> {
  readonly view: HeaderView<S>;
  /**
   * Points the view at a scanned command.
   * @returns the remark of the refusal when a required field is missing or not a number, else undefined.
   */
  bind(scanned: ScannedCommand): string | undefined;
}

const ABSENT = -1;
const ALL_FIELDS = -1;
/** What a view points at before it is bound: nothing writes to it. */
const UNBOUND = new ScannedCommand();
UNBOUND.fieldOf.fill(ABSENT);

/** Compiles a schema into a reusable view with one getter per field. */
export function headerBinder<S extends HeaderSchema>(schema: S): HeaderBinder<S> {
  const plan = new HeaderPlan(schema);
  const view = new SlotView(plan);
  plan.rows.forEach((row, slot) => {
    const name = plan.names[slot] as string;
    Object.defineProperty(view, name, { get: getterFor(view, row, slot), enumerable: true });
  });
  return { view: view as unknown as HeaderView<S>, bind: (scanned) => view.bind(scanned) };
}

class SlotView<S extends HeaderSchema> implements HeaderSpans<S> {
  readonly plan: HeaderPlan<S>;
  scanned = UNBOUND;

  constructor(plan: HeaderPlan<S>) {
    this.plan = plan;
  }

  get bytes(): Buffer {
    return this.scanned.bytes;
  }

  bind(scanned: ScannedCommand): string | undefined {
    this.scanned = scanned;
    const isRepeated = scanned.boundBy === this;
    if (isRepeated && scanned.changed === 0) return undefined;
    if (!isRepeated) this.locate(scanned);
    const problem = this.parse(scanned, isRepeated ? scanned.changed : ALL_FIELDS);
    scanned.boundBy = problem === undefined ? this : undefined;
    scanned.changed = 0;
    return problem;
  }

  /** Finds the field of each slot. */
  private locate(scanned: ScannedCommand): void {
    const { plan } = this;
    const { bytes, fieldOf } = scanned;
    const slots = plan.rows.length;
    // A loop: for a dozen slots the call of `fill` is dearer.
    for (let slot = 0; slot < slots; slot++) fieldOf[slot] = ABSENT;
    const count = scanned.fieldCount;
    for (let at = 0; at < count; at++) {
      const slot = plan.slotOf(bytes, scanned.keyStart[at] as number, scanned.keyEnd[at] as number);
      if (slot >= 0) fieldOf[slot] = at;
    }
  }

  /** Reads the numbers among the fields in `changed`, a bit each; gives the remark of the refusal, if any. */
  private parse(scanned: ScannedCommand, changed: number): string | undefined {
    const { plan } = this;
    const { fieldOf, numbers } = scanned;
    const rows = plan.rows;
    for (let slot = 0; slot < rows.length; slot++) {
      const row = rows[slot] as FieldRow;
      const at = fieldOf[slot] as number;
      let value = Number.NaN;
      if (at === ABSENT) {
        if (row.need === 'required') return `field ${plan.names[slot]} missing`;
      } else {
        if (row.kind === 'string' || (changed & (1 << at)) === 0) continue;
        value = parseField(row.kind, scanned, at);
        if (Number.isNaN(value) && row.need === 'required') return `field ${plan.names[slot]} not a number`;
      }
      numbers[slot] = Number.isNaN(value) && row.need === 'primitive' ? 0 : value;
    }
    return undefined;
  }

  startOf(slot: number): number {
    const at = this.scanned.fieldOf[slot] as number;
    return at === ABSENT ? ABSENT : (this.scanned.valueStart[at] as number);
  }

  endOf(slot: number): number {
    const at = this.scanned.fieldOf[slot] as number;
    return at === ABSENT ? ABSENT : (this.scanned.valueEnd[at] as number);
  }

  isEscaped(slot: number): boolean {
    const at = this.scanned.fieldOf[slot] as number;
    return at !== ABSENT && this.scanned.valueEscaped[at] === 1;
  }

  detach(): HeaderValues<S> {
    const out: Record<string, unknown> = {};
    for (const name of this.plan.names) out[name] = (this as unknown as Record<string, unknown>)[name];
    return Object.freeze(out) as HeaderValues<S>;
  }
}

function getterFor<S extends HeaderSchema>(view: SlotView<S>, row: FieldRow, slot: number): () => unknown {
  if (row.kind === 'string') {
    return () => {
      const at = view.scanned.fieldOf[slot] as number;
      return at === ABSENT ? undefined : view.scanned.valueText(at);
    };
  }
  const isBoolean = row.kind === 'boolean';
  return () => {
    const value = view.scanned.numbers[slot] as number;
    if (Number.isNaN(value)) return undefined;
    return isBoolean ? value === 1 : value;
  };
}

/** A field's value as a number (booleans 0 or 1); NaN when Java could not parse it. */
function parseField(kind: FieldKind, scanned: ScannedCommand, at: number): number {
  if (scanned.valueEscaped[at] === 1) return parseText(kind, scanned.valueText(at));
  const { bytes } = scanned;
  const value = parseSpan(kind, bytes, scanned.valueStart[at] as number, scanned.valueEnd[at] as number);
  return Number.isNaN(value) ? parseText(kind, scanned.valueText(at)) : value;
}

/** As parseSpan, and integers in the decimal digits of any script, `１` as well as `1`. */
function parseText(kind: FieldKind, text: string): number {
  const isRead = kind === 'double' || text.length > MOST_FOREIGN_CHARACTERS;
  const bytes = Buffer.from(isRead ? text : text.replaceAll(DIGITS, asciiDigit), 'utf8');
  return parseSpan(kind, bytes, 0, bytes.length);
}

/** What nobody sends is looked at so far, that a long text costs nothing. */
const MOST_FOREIGN_CHARACTERS = 64;
const DIGITS = /\p{Nd}/gu;
const DIGIT = /\p{Nd}/u;

/**
 * Digits come in runs of ten, from nought to nine. Those of two UTF-16 units stay: they are none for Java.
 * Java: Character#digit(char, 10).
 */
function asciiDigit(digit: string): string {
  if (digit.length > 1) return digit;
  let value = 0;
  while (DIGIT.test(String.fromCharCode(digit.charCodeAt(0) - value - 1))) value++;
  return String(value % 10);
}

function parseSpan(kind: FieldKind, bytes: Buffer, start: number, end: number): number {
  switch (kind) {
    case 'int':
      return parseInteger(bytes, start, end, INT_MAX);
    case 'long':
      return parseLong(bytes, start, end);
    case 'boolean':
      return isTrue(bytes, start, end) ? 1 : 0;
    default:
      return parseDouble(bytes.toString('utf8', start, end));
  }
}

const INT_MAX = 0x7fffffff;
const TRUE = Buffer.from('true', 'latin1');

/** Java: Boolean#parseBoolean. */
function isTrue(bytes: Buffer, start: number, end: number): boolean {
  if (end - start !== TRUE.length) return false;
  for (let i = 0; i < TRUE.length; i++) if (((bytes[start + i] as number) | 0x20) !== TRUE[i]) return false;
  return true;
}

/** Java: Integer#parseInt over ASCII bytes; NaN when it would throw. `most` is 2^31 − 1. */
export function parseInteger(bytes: Buffer, start: number, end: number, most: number): number {
  let at = start;
  const sign = bytes[at];
  if (sign === 0x2d || sign === 0x2b) at++;
  if (at >= end || end - at > 16)
    return end - at > 16 ? parseLongDigits(bytes, at, end, sign === 0x2d, most) : Number.NaN;
  let value = 0;
  for (; at < end; at++) {
    const digit = (bytes[at] as number) - 0x30;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  if (sign === 0x2d) return value > most + 1 ? Number.NaN : 0 - value;
  return value > most ? Number.NaN : value;
}

const MOST_SAFE_DIGITS = 15;
const LONG_MAX = 2n ** 63n - 1n;

/** Java: Long#parseLong over ASCII bytes; NaN when it would throw, rounded to a double beyond 2^53. */
export function parseLong(bytes: Buffer, start: number, end: number): number {
  if (end - start <= MOST_SAFE_DIGITS) return parseInteger(bytes, start, end, Number.MAX_SAFE_INTEGER);
  const sign = bytes[start];
  const digits = sign === 0x2d || sign === 0x2b ? start + 1 : start;
  return parseLongDigits(bytes, digits, end, sign === 0x2d, Number.MAX_VALUE);
}

function parseLongDigits(bytes: Buffer, start: number, end: number, negative: boolean, most: number): number {
  let at = start;
  while (at < end - 1 && bytes[at] === 0x30) at++;
  if (at >= end || end - at > 19) return Number.NaN;
  for (let i = at; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte < 0x30 || byte > 0x39) return Number.NaN;
  }
  const value = BigInt(bytes.toString('latin1', at, end));
  if (value > (negative ? LONG_MAX + 1n : LONG_MAX)) return Number.NaN;
  const number = Number(value);
  if (number > (negative ? most + 1 : most)) return Number.NaN;
  return negative ? 0 - number : number;
}

/** Java: Double#parseDouble for plain decimal text; NaN for everything else. */
function parseDouble(text: string): number {
  const trimmed = text.trim();
  return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[dDfF]?$/.test(trimmed) ? Number.parseFloat(trimmed) : Number.NaN;
}

/**
 * Copies a string field's value, escapes undone, to `target`; an absent one is empty.
 * @returns the position behind it, or -1 when it does not fit
 */
export function copyField<S extends HeaderSchema>(
  view: HeaderSpans<S>,
  slot: number,
  target: Buffer,
  position: number,
): number {
  const start = view.startOf(slot);
  if (start < 0) return position;
  const end = view.endOf(slot);
  if (view.isEscaped(slot)) return unescapeJsonInto(view.bytes, start, end, target, position);
  if (position + end - start > target.length) return -1;
  view.bytes.copy(target, position, start, end);
  return position + end - start;
}
