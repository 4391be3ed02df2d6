import Long from 'long';
import { compareTexts } from '../../util/compare-texts.ts';
import { DecodeError, type JsonKey, type JsonObject, type JsonValue, parseJson } from '../fast-json.ts';
import { type JsonLayout, JsonWriter, writeJsonValue } from '../fast-json-writer.ts';
import { javaDoubleText, javaLongText } from '../java-number.ts';

/**
 * Schemas of JSON bodies: one row per property of a Java class; type, reader and writer derive from it. Reading is as
 * lenient as FastJSON: a missing property or null takes the class's default, unknown properties are skipped, names
 * match without regard to case, `_` and `-`, numbers may be quoted. A value of the wrong shape is a
 * {@link DecodeError}.
 */
export interface Kind<T> {
  /** Throws BodyProblem; `where` names the property for its message. `undefined`: take the default. */
  read(value: JsonValue, where: string): T | undefined;
  write(value: T, out: JsonWriter): void;
}

/** A kind whose values can be keys of a map. */
export interface KeyKind<K> {
  readKey(key: JsonKey, where: string): K;
  /** Bare in Java's form (`{0:1}`); text keys are quoted and take a line of their own in the pretty form. */
  writeKey(key: K, out: JsonWriter): void;
  readonly ownLine: boolean;
  compare(left: K, right: K): number;
}

/** A property: its kind and what it is when missing. */
export interface Property<T, Optional extends boolean = boolean> {
  readonly kind: Kind<T>;
  readonly optional: Optional;
  fallback(): T | undefined;
}

type Properties = Readonly<Record<string, Property<unknown>>>;
type OptionalNames<P> = { [N in keyof P]: P[N] extends Property<unknown, true> ? N : never }[keyof P];

/** The TypeScript type of a bean: optional properties may be absent, all others are there. */
export type BeanOf<P> = {
  [N in Exclude<keyof P, OptionalNames<P>>]: P[N] extends Property<infer T> ? T : never;
} & { [N in OptionalNames<P>]?: P[N] extends Property<infer T> ? T | undefined : never };

/** The type a kind reads and writes. */
export type ValueOf<K> = K extends Kind<infer T> ? T : never;

/** Decodes a body; an empty body or `null` is an error here, handlers that allow it look first. Never throws. */
export function decodeBody<T>(kind: Kind<T>, bytes: string | Buffer): T | DecodeError {
  const value = parseJson(bytes);
  if (value instanceof DecodeError) return value;
  try {
    return kind.read(value, 'body') ?? new DecodeError('body is empty');
  } catch (error) {
    if (error instanceof BodyProblem) return new DecodeError(error.message);
    throw error;
  }
}

/** Encodes a body as text in Java's form. */
export function encodeBodyText<T>(kind: Kind<T>, value: T, layout: JsonLayout = {}): string {
  const out = new JsonWriter(layout);
  kind.write(value, out);
  return out.text();
}

/** Encodes a body as UTF-8 bytes in Java's form. */
export function encodeBody<T>(kind: Kind<T>, value: T, layout: JsonLayout = {}): Buffer {
  return Buffer.from(encodeBodyText(kind, value, layout), 'utf8');
}

/** Leaves the recursion of a reader; caught in `decodeBody` and nowhere else. */
class BodyProblem extends Error {}

function wrong(where: string, wanted: string): never {
  throw new BodyProblem(`${where} is not ${wanted}`);
}

/** A property with Java's default; the default of lists, sets and maps is a function, so that none is shared. */
export function property<T>(kind: Kind<T>, fallback: T | (() => T)): Property<T, false> {
  return { kind, optional: false, fallback: typeof fallback === 'function' ? (fallback as () => T) : () => fallback };
}

/** A property whose Java default is null: absent from the value and from the text. */
export function optional<T>(kind: Kind<T>): Property<T, true> {
  return { kind, optional: true, fallback: () => undefined };
}

/** A Java class with getters and setters: properties in alphabetical order, absent ones left out. */
export function bean<P extends Record<string, Property<unknown>>>(properties: P): Kind<BeanOf<P>> {
  const rows = Object.entries(properties as Properties).sort(([a], [b]) => compareTexts(a, b)) as [
    string,
    Property<unknown>,
  ][];
  const bySmartName = new Map(rows.map(([name]) => [smartName(name), name]));
  return {
    read(value, where) {
      if (value === null) return undefined;
      if (!(value instanceof Map)) return wrong(where, 'an object');
      const given = givenValues(value, bySmartName);
      const result: Record<string, unknown> = {};
      for (const [name, row] of rows) {
        const raw = given.get(name) ?? null;
        const read = raw === null ? row.fallback() : (row.kind.read(raw, `${where}.${name}`) ?? row.fallback());
        if (read !== undefined) result[name] = read;
      }
      return result as BeanOf<P>;
    },
    write(value, out) {
      out.open('{');
      let first = true;
      for (const [name, row] of rows) {
        const item = (value as Record<string, unknown>)[name];
        if (item === undefined) continue;
        if (!first) out.raw(',');
        first = false;
        out.line();
        out.raw(`"${name}":`);
        row.kind.write(item, out);
      }
      if (first) out.line();
      out.close('}', true);
    },
  };
}

/** Values by the declared name; an exact name wins over one that only looks alike. Java: fastjson's smartMatch. */
function givenValues(object: JsonObject, bySmartName: ReadonlyMap<string, string>): Map<string, JsonValue> {
  const given = new Map<string, JsonValue>();
  for (const [key, value] of object) {
    if (typeof key !== 'string') continue;
    const name = bySmartName.get(smartName(key));
    if (name !== undefined && (key === name || !object.has(name))) given.set(name, value);
  }
  return given;
}

function smartName(name: string): string {
  return name.replace(/[_-]/g, '').toLowerCase();
}

const INT_TEXT = /^[+-]?\d+$/;

/** Integer of any number form; undefined for the texts that Java takes as null. */
function integer(value: JsonValue, where: string): number | undefined {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (Long.isLong(value)) return value.toNumber();
  if (typeof value === 'number') return Number.isFinite(value) ? Math.trunc(value) : wrong(where, 'a number');
  if (typeof value !== 'string') return value === null ? undefined : wrong(where, 'a number');
  if (value === '' || value === 'null') return undefined;
  const text = value.replaceAll(',', '');
  return INT_TEXT.test(text) ? Number(text) : wrong(where, 'a number');
}

/** Java's int. */
export const int: Kind<number> = {
  read(value, where) {
    const read = integer(value, where);
    if (read !== undefined && (read | 0) !== read) return wrong(where, 'an int');
    return read;
  },
  write: (value, out) => out.raw(javaLongText(value)),
};

/** Java's long as a number: beyond 2^53 the nearest double, as in header fields and records. */
export const long: Kind<number> = {
  read(value, where) {
    const read = integer(value, where);
    if (read !== undefined && (read > 2 ** 63 || read < -(2 ** 63))) return wrong(where, 'a long');
    return read;
  },
  write: (value, out) => out.raw(javaLongText(value)),
};

/** Java's double; NaN and infinities are written as null and read as Java's 0. */
export const double: Kind<number> = {
  read(value, where) {
    if (value === null) return undefined;
    if (Long.isLong(value)) return value.toNumber();
    if (typeof value === 'number') return value;
    const read = typeof value === 'string' && value !== '' ? Number(value) : Number.NaN;
    return Number.isNaN(read) ? wrong(where, 'a number') : read;
  },
  write: (value, out) => out.raw(Number.isFinite(value) ? javaDoubleText(value) : 'null'),
};

const BOOLEAN_TEXTS = new Map([
  ['true', true],
  ['1', true],
  ['t', true],
  ['y', true],
  ['false', false],
  ['0', false],
  ['f', false],
  ['n', false],
]);

/** Java's boolean. */
export const bool: Kind<boolean> = {
  read(value, where) {
    if (typeof value === 'boolean') return value;
    if (typeof value === 'number') return Math.trunc(value) === 1;
    if (value === null || value === '' || value === 'null') return undefined;
    const read = typeof value === 'string' ? BOOLEAN_TEXTS.get(value.toLowerCase()) : undefined;
    return read ?? wrong(where, 'a boolean');
  },
  write: (value, out) => out.raw(String(value)),
};

/** Java's String; any other value is taken as its JSON text. */
export const text: Kind<string> = {
  read(value) {
    if (typeof value === 'string') return value;
    if (value === null) return undefined;
    const out = new JsonWriter();
    writeJsonValue(value, out);
    return out.text();
  },
  write: (value, out) => out.string(value),
};

/** A Java enum by name (any case) or ordinal; an unknown name is null, an unknown ordinal an error. */
export function oneOf<const N extends readonly string[]>(...names: N): Kind<N[number]> {
  return {
    read(value, where) {
      if (value === null) return undefined;
      if (typeof value === 'number') return names[value] ?? wrong(where, `one of ${names.join(', ')}`);
      if (typeof value !== 'string') return wrong(where, `one of ${names.join(', ')}`);
      return names.find((name) => name === value) ?? names.find((name) => smartName(name) === smartName(value));
    },
    write: (value, out) => out.string(value),
  };
}

function readItems<T>(kind: Kind<T>, value: JsonValue, where: string): T[] | undefined {
  if (value === null) return undefined;
  if (!Array.isArray(value)) return wrong(where, 'a list');
  const items: T[] = [];
  for (const [index, item] of value.entries()) {
    const read = kind.read(item, `${where}[${index}]`);
    if (read !== undefined) items.push(read);
  }
  return items;
}

/** A Java List: a line per item in the pretty form. Null items are dropped. */
export function list<T>(kind: Kind<T>): Kind<readonly T[]> {
  return {
    read: (value, where) => readItems(kind, value, where),
    write(items, out) {
      out.open('[');
      for (const [index, item] of items.entries()) {
        if (index > 0) out.raw(',');
        out.line();
        kind.write(item, out);
      }
      out.close(']', items.length > 0);
    },
  };
}

/** A Java Set or array: on one line in the pretty form. Equal items are kept once when they are texts or numbers. */
export function set<T>(kind: Kind<T>): Kind<readonly T[]> {
  return {
    read(value, where) {
      const items = readItems(kind, value, where);
      return items === undefined ? undefined : [...new Set(items)];
    },
    write(items, out) {
      out.raw('[');
      for (const [index, item] of items.entries()) {
        if (index > 0) out.raw(',');
        kind.write(item, out);
      }
      out.raw(']');
    },
  };
}

/** Text keys. */
export const textKey: KeyKind<string> = {
  readKey: (key, where) => (typeof key === 'string' ? key : wrong(where, 'a map with text keys')),
  writeKey: (key, out) => out.string(key),
  ownLine: true,
  compare: (left, right) => (left < right ? -1 : left > right ? 1 : 0),
};

/** Integer or Long keys, written bare: `{0:1}`. Quoted ones are read too. */
export const integerKey: KeyKind<number> = {
  readKey(key, where) {
    const read = typeof key === 'string' ? integer(key, `key of ${where}`) : undefined;
    return read !== undefined && Number.isSafeInteger(read) ? read : wrong(`key of ${where}`, 'a number');
  },
  writeKey: (key, out) => (out.standardJson ? out.string(String(key)) : out.raw(javaLongText(key))),
  ownLine: false,
  compare: (left, right) => left - right,
};

/** Integer keys: as {@link integerKey}, but a number that is no int of Java's is refused. */
export const intKey: KeyKind<number> = {
  ...integerKey,
  readKey: (key, where) => int.read(integerKey.readKey(key, where), `key of ${where}`) as number,
};

/** Object keys, written as an object literal before the colon: `{{"queueId":0}:1}`. Java reads nothing else either. */
export function beanKey<K>(kind: Kind<K>): KeyKind<K> {
  return {
    readKey(key, where) {
      const read = typeof key === 'string' ? undefined : kind.read(key, `key of ${where}`);
      return read ?? wrong(`key of ${where}`, 'an object');
    },
    writeKey: (key, out) => (out.standardJson ? out.string(encodeBodyText(kind, key)) : kind.write(key, out)),
    ownLine: false,
    compare: (left, right) => textKey.compare(encodeBodyText(kind, left), encodeBodyText(kind, right)),
  };
}

/** A Java Map. Entries keep the order they were read in; the standard form sorts them. */
export function mapOf<K, T>(keys: KeyKind<K>, values: Kind<T>): Kind<ReadonlyMap<K, T>> {
  return {
    read(value, where) {
      if (value === null) return undefined;
      if (!(value instanceof Map)) return wrong(where, 'an object');
      const map = new Map<K, T>();
      for (const [key, item] of value) {
        const read = values.read(item, `${where}.${typeof key === 'string' ? key : '{}'}`);
        if (read !== undefined) map.set(keys.readKey(key, where), read);
      }
      return map;
    },
    write(map, out) {
      const entries = out.standardJson ? [...map].sort(([a], [b]) => keys.compare(a, b)) : map;
      let first = true;
      out.open('{');
      for (const [key, item] of entries) {
        if (!first) out.raw(',');
        first = false;
        if (keys.ownLine) out.line();
        keys.writeKey(key, out);
        out.raw(':');
        values.write(item, out);
      }
      out.close('}', map.size > 0);
    },
  };
}

/** A Java ConcurrentMap, which takes no null: what has one is refused, nothing in it is left out silently. */
export function concurrentMapOf<K, T>(keys: KeyKind<K>, values: Kind<T>): Kind<ReadonlyMap<K, T>> {
  const all = mapOf(keys, values);
  return {
    read(value, where) {
      const read = all.read(value, where);
      // Two spellings of one key, such as 1 and "1", count as one in Java too.
      const isNull = (item: JsonValue): boolean => values.read(item, where) === undefined;
      if (
        read !== undefined &&
        read.size !== (value as JsonObject).size &&
        [...(value as JsonObject).values()].some(isNull)
      ) {
        return wrong(where, 'a map without nulls');
      }
      return read;
    },
    write: all.write,
  };
}
