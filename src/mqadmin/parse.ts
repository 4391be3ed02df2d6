import { type Option, parseWords } from '../config/command-line.ts';
import { type AdminCommandName, type AdminCommandRow, adminCommands } from './admin-commands.ts';
import type { OptionRow } from './option.ts';
import { JSON_OPTION, shownOptions } from './usage.ts';

/** What was asked of a command. */
export type Parsed =
  | { readonly kind: 'help' }
  /** The usage is to be printed, and why. */
  | { readonly kind: 'wrong'; readonly why: string }
  | {
      readonly kind: 'run';
      readonly namesrvAddr: string | undefined;
      readonly json: boolean;
      /** By long name, as the rows of the command say. */
      readonly values: Readonly<Record<string, string | number | boolean | undefined>>;
    };

/** Reads the words behind the name of a command. Java: ServerUtil#parseCmdLine, commons-cli. */
export function parseOptions(name: AdminCommandName, words: readonly string[]): Parsed {
  const options: Option[] = [...shownOptions(name), JSON_OPTION];
  const others: string[] = [];
  const given = parseWords(words, options, (word) => others.push(word));
  if (given === undefined) return { kind: 'wrong', why: 'an option is unknown or lacks its value' };
  if (given.has('h')) return { kind: 'help' };
  if (others.length > 0)
    return { kind: 'wrong', why: `${others.join(' ')}: no option takes this; are quotes missing?` };
  const rows = Object.entries((adminCommands[name] as AdminCommandRow).options);
  const missing = missingOptions(rows, (short) => given.has(short));
  if (missing !== undefined) return { kind: 'wrong', why: missing };
  const values: Record<string, string | number | boolean | undefined> = {};
  for (const [long, row] of rows) {
    const text = given.get(row.short);
    const value = text === undefined && row.kind !== 'flag' ? undefined : read(row, text);
    if (value instanceof Wanted)
      return { kind: 'wrong', why: `-${row.short} ${String(text)}: ${long} is ${value.text}` };
    values[long] = value;
  }
  const addresses = given.get('n');
  const namesrvAddr = typeof addresses === 'string' ? addresses.trim() : undefined;
  return { kind: 'run', namesrvAddr, json: given.has('json'), values };
}

type Rows = readonly (readonly [string, OptionRow])[];

function missingOptions(rows: Rows, isGiven: (short: string) => boolean): string | undefined {
  const absent = rows.filter(([, { need, short }]) => need === 'required' && !isGiven(short));
  if (absent.length > 0) return `missing: ${absent.map(shown).join(', ')}`;
  const either = rows.filter(([, { need }]) => need === 'either');
  const count = either.filter(([, { short }]) => isGiven(short)).length;
  if (either.length === 0 || count === 1) return undefined;
  return `give one of ${either.map(shown).join(' and ')}`;
}

function shown([long, { short }]: readonly [string, OptionRow]): string {
  return `-${short} (${long})`;
}

/** What the text should have been. */
class Wanted {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

const INT_MAX = 0x7fffffff;

/** Java takes any other text than `true` for false; a typing error should not switch something off. */
function read({ kind }: OptionRow, given: string | true | undefined): string | number | boolean | Wanted {
  if (kind === 'flag') return given === true;
  const text = String(given).trim();
  if (kind === 'text') return text;
  if (kind === 'bool')
    return /^(true|false)$/i.test(text) ? text.toLowerCase() === 'true' : new Wanted('true or false');
  const number = /^[+-]?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  const most = kind === 'int' ? INT_MAX : Number.MAX_SAFE_INTEGER;
  return Math.abs(number) <= most ? number : new Wanted(kind === 'int' ? 'a 32-bit integer' : 'an integer');
}
