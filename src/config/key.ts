import type { Environment } from './environment.ts';

/**
 * One setting: the only place where its name, kind, default, unit, bounds, sentence and effect are written down. Types,
 * parsing, `-p` and `-m` output, GET_BROKER_CONFIG and docs/reference/configuration.md derive from it.
 */
export interface KeyRow<V extends Value = Value> {
  readonly kind: Kind;
  /** A value, or what computes it from the surroundings of the process. */
  readonly default: V | ((environment: Environment) => V);
  /** Text for the documentation in place of a computed default. */
  readonly defaultText?: string;
  readonly effect: Effect;
  readonly doc: string;
  readonly unit?: string;
  /** Values outside are refused at start: Java cannot run with them either. */
  readonly min?: number;
  readonly max?: number;
  /** The values of a `oneOf`. */
  readonly choices?: readonly string[];
  /** Spellings of other versions: they have no effect, but a notice names this key. */
  readonly lookalikes?: readonly string[];
  /** What else to say to somebody who used a lookalike. */
  readonly lookalikeNote?: string;
  /** Printed by `-m`. Java: the ImportantField annotation. */
  readonly important?: boolean;
  /**
   * `address`: a comment or a blank behind the value refuses the start. `path`, `class` and `trust` (whom clients are
   * sent to): never changed by UPDATE_BROKER_CONFIG or UPDATE_NAMESRV_CONFIG (CVE-2023-33246, CVE-2023-37582).
   */
  readonly role?: 'address' | 'path' | 'class' | 'trust';
  /** What is wrong with a text that Java's parser takes, or undefined. */
  check?(given: string): Mistake | undefined;
  /**
   * What a reader of the setting gets, where Java's getter does not return its field as it is. Printing shows the
   * stored value, because Java prints fields.
   */
  read?(stored: V, config: Readonly<Record<string, Value>>): V;
}

/** `unusable`: the server could not run with it, so it does not start. `odd`: it runs, but hardly as meant. */
export interface Mistake {
  readonly kind: 'unusable' | 'odd';
  readonly why: string;
}

export type Value = number | boolean | string | undefined;
export type Kind = 'int' | 'long' | 'bool' | 'text' | 'oneOf';
/**
 * `live`: read at each use, a change by UPDATE_BROKER_CONFIG works at once. `restart`: read at start. Otherwise the key
 * is accepted for compatibility and has no effect here, for the reason given.
 */
export type Effect = 'live' | 'restart' | { readonly accepted: string };
export type Table = Readonly<Record<string, KeyRow>>;
/** The typed, mutable settings object of a table. Read it at use time: live settings change under way. */
export type ConfigOf<T extends Table> = { -readonly [K in keyof T]: ValueOf<T[K]> };
type ValueOf<R> = R extends KeyRow<infer V> ? V : never;

/** Optional columns of a row. */
type Columns<V extends Value> = Partial<
  Pick<
    KeyRow<V>,
    'unit' | 'min' | 'max' | 'lookalikes' | 'lookalikeNote' | 'important' | 'role' | 'check' | 'read' | 'defaultText'
  >
>;
type Default<V> = V | ((environment: Environment) => V);

/** A row of 32 bits. Java: int. */
export function int(
  value: Default<number>,
  effect: Effect,
  doc: string,
  columns: Columns<number> = {},
): KeyRow<number> {
  return { kind: 'int', default: value, effect, doc, ...columns };
}

/** A row of 64 bits; values beyond 2^53 are cut to it. Java: long. */
export function long(value: number, effect: Effect, doc: string, columns: Columns<number> = {}): KeyRow<number> {
  return { kind: 'long', default: value, effect, doc, ...columns };
}

/** A row that is true or false. Java: boolean. */
export function bool(
  value: Default<boolean>,
  effect: Effect,
  doc: string,
  columns: Columns<boolean> = {},
): KeyRow<boolean> {
  return { kind: 'bool', default: value, effect, doc, ...columns };
}

/** A row of any text. Java: String. */
export function text(
  value: Default<string>,
  effect: Effect,
  doc: string,
  columns: Columns<string> = {},
): KeyRow<string> {
  return { kind: 'text', default: value, effect, doc, ...columns };
}

/** A text that Java leaves null when nobody sets it; printed as nothing. */
export function optionalText(
  value: Default<string | undefined>,
  effect: Effect,
  doc: string,
  columns: Columns<string | undefined> = {},
): KeyRow<string | undefined> {
  return { kind: 'text', default: value, effect, doc, ...columns };
}

/** One of a few names, compared exactly. Java: an enum. */
export function oneOf<const C extends string>(
  choices: readonly C[],
  value: NoInfer<C>,
  effect: Effect,
  doc: string,
  columns: Columns<C> = {},
): KeyRow<C> {
  return { kind: 'oneOf', choices, default: value, effect, doc, ...columns };
}

/** Stored values of the keys with a `read` column, kept beside the object that shows the read ones. */
const STORED = Symbol('stored values');
type Stored = { [STORED]: Record<string, Value> };

/**
 * A settings object with every default in place. Settings are read per message, so it keeps V8's fast form: made from
 * entries, not by assignment, and with the readers on its prototype, because an own property that becomes one costs
 * that form.
 */
export function createConfig<T extends Table>(table: T, environment: Environment): ConfigOf<T> {
  const readers: object = {};
  const stored: Record<string, Value> = {};
  const values: [string, Value][] = [];
  for (const [key, row] of Object.entries(table)) {
    const value = defaultOf(row, environment);
    const { read } = row;
    if (read === undefined) {
      values.push([key, value]);
      continue;
    }
    stored[key] = value;
    Object.defineProperty(readers, key, {
      enumerable: true,
      get: () => read(stored[key], config),
      set: (changed: Value) => {
        stored[key] = changed;
      },
    });
  }
  const config: Record<string, Value> = Object.fromEntries(values);
  Object.setPrototypeOf(config, readers);
  Object.defineProperty(config, STORED, { value: stored, enumerable: false });
  return config as ConfigOf<T>;
}

/** The default of a row in these surroundings. */
export function defaultOf(row: KeyRow, environment: Environment): Value {
  return typeof row.default === 'function' ? row.default(environment) : row.default;
}

/** The value that was set, before any clamp of a reader. Java: the field behind the getter. */
export function storedValue(config: object, key: string): Value {
  const stored = (config as Partial<Stored>)[STORED];
  return stored !== undefined && key in stored ? stored[key] : (config as Record<string, Value>)[key];
}

/** Sets a value that {@link parseValue} returned. */
export function setValue(config: object, key: string, value: Value): void {
  (config as Record<string, Value>)[key] = value;
}

/** A value as Java prints it; a missing one is empty. */
export function printValue(value: Value): string {
  return value === undefined ? '' : String(value);
}

export type ParsedValue =
  | { readonly kind: 'value'; readonly value: Value; readonly remark?: string }
  | { readonly kind: 'kept'; readonly why: string }
  | { readonly kind: 'out-of-bounds'; readonly why: string };

/**
 * Text of a file or a command → value of a row. `kept`: Java would keep the old value silently, so do we, and `why`
 * says what is wrong. `remark`: the value is taken, but its text is unusual. Java: MixAll#properties2Object.
 */
export function parseValue(row: KeyRow, given: string): ParsedValue {
  switch (row.kind) {
    case 'int':
      return parseNumber(row, given, -(2n ** 31n), 2n ** 31n - 1n);
    case 'long':
      return parseNumber(row, given, -(2n ** 63n), 2n ** 63n - 1n);
    case 'bool':
      return parseBool(given);
    case 'oneOf':
      return row.choices?.includes(given) === true
        ? { kind: 'value', value: given }
        : { kind: 'kept', why: `is none of ${row.choices?.join(', ')}` };
    case 'text':
      return parseText(row, given);
  }
}

function parseText(row: KeyRow, given: string): ParsedValue {
  const mistake = row.check?.(given);
  if (mistake?.kind === 'unusable') return { kind: 'out-of-bounds', why: mistake.why };
  return { kind: 'value', value: given, ...(mistake === undefined ? {} : { remark: mistake.why }) };
}

function parseNumber(row: KeyRow, given: string, lowest: bigint, highest: bigint): ParsedValue {
  // Longer digit strings are out of range whatever they say; leading zeros beyond 40 digits are nobody's setting.
  if (!/^[+-]?[0-9]{1,40}$/.test(given)) return { kind: 'kept', why: 'is not a whole number' };
  const exact = BigInt(given.replace(/^\+/, ''));
  if (exact < lowest || exact > highest) return { kind: 'kept', why: `is outside ${lowest}..${highest}` };
  const { min, max } = row;
  if ((min !== undefined && exact < min) || (max !== undefined && exact > max)) {
    return { kind: 'out-of-bounds', why: `is outside ${min ?? lowest}..${max ?? highest}` };
  }
  const safe = exact > SAFE ? SAFE : exact < -SAFE ? -SAFE : exact;
  return safe === exact
    ? { kind: 'value', value: Number(safe) }
    : { kind: 'value', value: Number(safe), remark: `is taken as ${safe}` };
}

const SAFE = BigInt(Number.MAX_SAFE_INTEGER);

function parseBool(given: string): ParsedValue {
  const lower = given.toLowerCase();
  if (lower === 'true' || lower === 'false') return { kind: 'value', value: lower === 'true' };
  return { kind: 'value', value: false, remark: 'reads as false: only "true" is true' };
}
