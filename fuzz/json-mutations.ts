import type { SeededRandom } from '../testing/seeded-random.ts';
import { ODD_NUMBERS, ODD_TEXTS } from './dictionary.ts';

/** Strings, numbers and words, punctuation one by one, white space, anything else. */
const TOKEN = /"(?:[^"\\]|\\[\s\S])*"|[-+]?[0-9][0-9.eE+-]*|[A-Za-z_$]+|\s+|[\s\S]/g;

type Change = (tokens: string[], random: SeededRandom) => void;

/** Changes one to three tokens of a JSON text; some results are still what FastJSON takes, others are not. */
export function mutateJson(text: string, random: SeededRandom): string {
  const tokens = text.match(TOKEN) ?? [];
  if (tokens.length === 0) return random.pick(['{', '[]', 'null', '"', '{}']);
  const rounds = 1 + (random.next() < 0.3 ? random.below(3) : 0);
  for (let round = 0; round < rounds && tokens.length > 0; round++) {
    const changes = random.next() < 0.72 ? MILD : WILD;
    random.pick(changes)(tokens, random);
  }
  return tokens.join('');
}

/** Position of a token that passes, or of any token when none is found quickly. */
function find(tokens: readonly string[], random: SeededRandom, passes: (token: string, at: number) => boolean): number {
  const start = random.below(tokens.length);
  for (let step = 0; step < tokens.length; step++) {
    const at = (start + step) % tokens.length;
    if (passes(tokens[at] as string, at)) return at;
  }
  return start;
}

function isString(token: string): boolean {
  return token.length >= 2 && token.startsWith('"');
}

function isKeyIn(tokens: readonly string[]): (token: string, at: number) => boolean {
  return (token, at) => isString(token) && tokens[at + 1] === ':';
}

function isTextIn(tokens: readonly string[]): (token: string, at: number) => boolean {
  return (token, at) => isString(token) && tokens[at + 1] !== ':';
}

function isValueIn(tokens: readonly string[]): (token: string, at: number) => boolean {
  return (token, at) => at > 0 && tokens[at - 1] === ':' && token !== '{' && token !== '[';
}

function escaped(token: string, random: SeededRandom): string {
  const inside = token.slice(1, -1);
  const at = random.below(Math.max(1, inside.length));
  const code = inside.charCodeAt(at) || 0x41;
  const hex = code.toString(16);
  const changed = random.pick([
    `\\u${hex.padStart(4, '0')}`,
    `\\u${hex.padStart(4, '0').toUpperCase()}`,
    `\\x${hex.slice(-2).padStart(2, '0')}`,
    ...['\\n', '\\/', '\\"', "\\'", '\\0', '\\7', '\\v', '\\u0000', '\\u0001', '\\u007f', '\\u0080', '\\u00e9'],
    ...['\\ud83d\\ude00', '\\ud800', '\\udc00', '\\uFFFF', '\\t', '\\b', '\\f', '\\F'],
  ]);
  return `"${inside.slice(0, at)}${changed}${inside.slice(at + 1)}"`;
}

/** What FastJSON mostly takes. */
const MILD: readonly Change[] = [
  (tokens, random) => {
    const at = find(tokens, random, isString);
    tokens[at] = escaped(tokens[at] as string, random);
  },
  (tokens, random) => {
    const at = find(tokens, random, isValueIn(tokens));
    tokens[at] = random.pick(['null', 'true', 'false', '""', '"null"', '"1"', '{}', '[]', '[1,2]', '{"a":"b"}']);
  },
  (tokens, random) => {
    const at = find(tokens, random, (token) => /^[-+]?[0-9]/.test(token));
    tokens[at] = random.pick(['0', '1', '-1', '007', '1.0', '1e2', '5L', '"12"', '"-3"', String(random.below(70_000))]);
  },
  (tokens, random) => {
    const at = find(tokens, random, isTextIn(tokens));
    tokens[at] = JSON.stringify(random.pick(ODD_TEXTS));
  },
  (tokens, random) => {
    const at = random.below(tokens.length);
    const space = random.pick([' ', '\n', '\t', '\r\n', '/**/', '/* x */', '//\n', '\f', '\b', ',', ',,']);
    if (/^[{},:[\]]$/.test(tokens[at] as string)) tokens.splice(at + 1, 0, space);
  },
  (tokens, random) => {
    const at = find(tokens, random, isKeyIn(tokens));
    const key = tokens[at] as string;
    tokens[at] = random.pick([key.toUpperCase(), key.replace('"', '"_'), key.replaceAll('"', "'"), key.slice(1, -1)]);
  },
  (tokens, random) => {
    // A second pair of the same key, with the value that follows it in the text.
    const at = find(tokens, random, isKeyIn(tokens));
    const value = random.pick([tokens[at + 2] ?? '1', '1', '"x"', 'null', '{}']);
    const simple = /^[{[]$/.test(value) ? 'null' : value;
    tokens.splice(at, 0, tokens[at] as string, ':', simple, ',');
  },
  (tokens, random) => {
    const at = find(tokens, random, (token) => token === '{');
    const name = random.pick(['x', '', '__proto__', 'extFields', 'code', '订', '@type', '$ref', 'class']);
    const value = random.pick(['1', 'null', '"v"', '{}', '[[]]', '{"$ref":"$"}', '"java.lang.Object"', '1e400']);
    tokens.splice(at + 1, 0, `${JSON.stringify(name)}:${value}`, ...(tokens[at + 1] === '}' ? [] : [',']));
  },
];

/** What FastJSON mostly refuses, and what strains a parser. */
const WILD: readonly Change[] = [
  (tokens, random) => {
    tokens.splice(random.below(tokens.length), 1);
  },
  (tokens, random) => {
    const at = random.below(tokens.length);
    const other = random.below(tokens.length);
    [tokens[at], tokens[other]] = [tokens[other] as string, tokens[at] as string];
  },
  (tokens, random) => {
    tokens.length = Math.max(1, random.below(tokens.length));
  },
  (tokens, random) => {
    const depth = random.pick([2, 10, 31, 32, 33, 64, 500, 20_000]);
    const at = find(tokens, random, isValueIn(tokens));
    const [open, close] = random.pick([
      ['[', ']'],
      ['{"a":', '}'],
      ['{{', '}:1}'],
    ] as const);
    const shut = random.next() < 0.8 ? close.repeat(depth) : '';
    tokens[at] = `${open.repeat(depth)}${tokens[at]}${shut}`;
  },
  (tokens, random) => {
    const at = find(tokens, random, (token) => /^[-+]?[0-9]/.test(token));
    tokens[at] = random.pick(ODD_NUMBERS);
  },
  (tokens, random) => {
    tokens.splice(
      random.below(tokens.length + 1),
      0,
      random.pick(['}', ']', '{', '[', ':', '"', "'", '\\', '/*', '\0', 'Z']),
    );
  },
  (tokens, random) => {
    const at = random.below(tokens.length);
    const piece = tokens.slice(at, at + 1 + random.below(12));
    tokens.splice(random.below(tokens.length), 0, ...piece);
  },
  (tokens, random) => {
    const at = find(tokens, random, isString);
    tokens[at] = random.pick(['"\\u12"', '"\\q"', '"\\', '"', '"\\u00zz"', '"\\x4"', '"\u0000"', '"a\nb"']);
  },
];
