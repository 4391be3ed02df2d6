/**
 * Header schemas: one row per field of a custom header. TypeScript types, the decoder (views over scanned spans), the
 * encoder and the reference pages all derive from these rows (house.md: one table per fact).
 */

/** Java types a header field can have. `long` is a number: beyond 2^53 it is rounded, which only comparisons meet. */
export type FieldKind = 'string' | 'int' | 'long' | 'boolean' | 'double';

/**
 * `required`: boxed or String, refused before the handler when missing or unparsable. `optional`: boxed or String,
 * undefined when missing or unparsable. `primitive`: Java's default (0, false) when missing or unparsable.
 */
export type FieldNeed = 'required' | 'optional' | 'primitive';

export interface FieldRow<K extends FieldKind = FieldKind, N extends FieldNeed = FieldNeed> {
  readonly kind: K;
  readonly need: N;
  readonly doc: string;
  /** Name on the wire when it differs from the row's key (the one-letter names of SEND_MESSAGE_V2). */
  readonly wire?: string;
}

export type HeaderSchema = Readonly<Record<string, FieldRow>>;

type ValueOf<K extends FieldKind> = K extends 'string' ? string : K extends 'boolean' ? boolean : number;

/** The typed view of a header that a handler reads. */
export type HeaderValues<S extends HeaderSchema> = {
  readonly [F in keyof S]: S[F] extends FieldRow<infer K, infer N>
    ? N extends 'optional'
      ? ValueOf<K> | undefined
      : ValueOf<K>
    : never;
};

type OptionalKeys<S extends HeaderSchema> = {
  [F in keyof S]: S[F]['need'] extends 'optional' ? F : never;
}[keyof S];

/** What is given to encode a header: optional fields may be left out, everything else is named. */
export type HeaderInput<S extends HeaderSchema> = {
  readonly [F in Exclude<keyof S, OptionalKeys<S>>]: ValueOf<S[F]['kind']>;
} & { readonly [F in OptionalKeys<S>]?: ValueOf<S[F]['kind']> | undefined };

type Row<K extends FieldKind, N extends FieldNeed> = (doc: string) => FieldRow<K, N>;

function row<K extends FieldKind, N extends FieldNeed>(kind: K, need: N): Row<K, N> {
  return (doc) => ({ kind, need, doc });
}

/** Field constructors, named as Java's types: `string`, `integer`, `bigLong`, `bool` are boxed and required. */
export const field = {
  string: row('string', 'required'),
  integer: row('int', 'required'),
  boxedLong: row('long', 'required'),
  boxedBoolean: row('boolean', 'required'),
  optionalString: row('string', 'optional'),
  optionalInteger: row('int', 'optional'),
  optionalLong: row('long', 'optional'),
  optionalBoolean: row('boolean', 'optional'),
  int: row('int', 'primitive'),
  long: row('long', 'primitive'),
  boolean: row('boolean', 'primitive'),
  double: row('double', 'primitive'),
} as const;

/** Declares a schema; the identity function that keeps the literal types. */
export function header<const S extends HeaderSchema>(schema: S): S {
  return schema;
}

/** The same header under other wire names. Java: SendMessageRequestHeaderV2. */
export function renamed<const S extends HeaderSchema>(schema: S, wireNames: Readonly<Record<keyof S, string>>): S {
  const out: Record<string, FieldRow> = {};
  for (const [name, fieldRow] of Object.entries(schema)) {
    out[name] = { ...fieldRow, wire: wireNames[name as keyof S] };
  }
  return out as S;
}

/** The header of a command that has none. */
export const noHeader = header({});
