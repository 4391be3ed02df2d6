/** Rows of the options of mqadmin's commands; parsing, usage texts, documents and types derive from them. */

/** How the text of an option is read. A flag has no text. */
export type OptionKind = 'text' | 'int' | 'long' | 'bool' | 'flag';
/** `either`: exactly one of the options of the command that are marked so. */
export type OptionNeed = 'required' | 'either' | 'optional';

export interface OptionRow<K extends OptionKind = OptionKind, N extends OptionNeed = OptionNeed> {
  readonly short: string;
  readonly kind: K;
  readonly need: N;
  readonly doc: string;
}

/** Options of one command by long name, in Java's spelling. */
export type OptionRows = Readonly<Record<string, OptionRow>>;

type KindValue = { text: string; int: number; long: number; bool: boolean; flag: boolean };

/** The values a handler sees: required options and flags are always there. */
export type OptionValues<R extends OptionRows> = {
  readonly [N in keyof R]: R[N]['need'] extends 'required'
    ? KindValue[R[N]['kind']]
    : R[N]['kind'] extends 'flag'
      ? boolean
      : KindValue[R[N]['kind']] | undefined;
};

const row =
  <K extends OptionKind, N extends OptionNeed>(kind: K, need: N) =>
  (short: string, doc: string): OptionRow<K, N> => ({ short, kind, need, doc });

/** Makers of rows: `option.text('t', 'topic name')`, `option.required.int(…)`. */
export const option = {
  text: row('text', 'optional'),
  int: row('int', 'optional'),
  long: row('long', 'optional'),
  bool: row('bool', 'optional'),
  flag: row('flag', 'optional'),
  either: row('text', 'either'),
  required: {
    text: row('text', 'required'),
    int: row('int', 'required'),
    long: row('long', 'required'),
  },
} as const;
