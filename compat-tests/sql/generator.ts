import type { SeededRandom } from '../../testing/seeded-random.ts';

/** One expression and the messages it is asked about. */
export interface SqlCase {
  readonly expression: string;
  readonly messages: readonly Readonly<Record<string, string>>[];
}

/** A case for the referee: about every sixth expression is damaged, and most of those do not compile. */
export function sqlCase(random: SeededRandom, messageCount: number): SqlCase {
  const used: string[] = [];
  let expression = spaced(random, condition(random, used, 3));
  if (random.below(6) === 0) expression = damaged(random, expression);
  const messages = Array.from({ length: messageCount }, () => message(random, used));
  return { expression, messages };
}

const NAMES = ['a', 'b', 'c', '$d', '_e1', 'TAGS', 'A', 'Not_', 'in1'];
const WORDS = ['x', 'abc', "it's", '', 'true', 'TRUE', 'false', '中文', '5', '5.0', 'NaN', '-3', 'tag"q', '1e1'];
const INTS = ['0', '1', '5', '42', '100', '2147483647', '2147483648', '5L', '3000000000l', '9223372036854775807'];
const WRONG_INTS = ['9223372036854775808', '99999999999999999999', '007', '0L'];
const FLOATS = ['5.0', '5.', '.5', '5E1', '5e-1', '1.5E+2', '00.25', '1e-310', '1e308', '9007199254740993.0'];
const WRONG_FLOATS = ['0.0', '1e400', '1e-400', '.e', '5E'];
/** Values only messages have: how Java reads numbers shows in them. */
const ODD_VALUES = [
  ...[
    '+5',
    '-0',
    '05',
    '-2147483648',
    '-9223372036854775808',
    '9223372036854775808',
    ' 5',
    '5 ',
    '٥',
    '５',
    '5L',
    '5f',
  ],
  ...[
    '5d',
    '0x5',
    '0x1p2',
    '0x.8p1',
    '-0x1.fffffffffffffp1023',
    'Infinity',
    '-Infinity',
    '+NaN',
    '-0.0',
    '1e',
    '.',
    '+',
  ],
  ...[
    '-',
    'TrUe',
    '1e400',
    '-1e400',
    '1_0',
    '0x1p-1080',
    '0x1p',
    '5e0x',
    '5 5',
    '\t5\n',
    '٠.٥',
    '1.0E2',
    '0x1.00000000000008p0',
  ],
];

function condition(random: SeededRandom, used: string[], depth: number): string[] {
  switch (random.below(depth > 0 ? 12 : 7)) {
    case 0:
      return [...operand(random, used), ...equality(random), ...operand(random, used)];
    case 1:
      return [...operand(random, used), random.pick(['>', '>=', '<', '<=']), ...operand(random, used)];
    case 2:
      return [...property(random, used), random.pick(['>', '>=', '<', '<=']), number(random, used)];
    case 3:
      return [...property(random, used), ...isNull(random)];
    case 4:
      return [...property(random, used), ...between(random, used)];
    case 5:
      return [...property(random, used), ...isIn(random, used)];
    case 6:
      return leaf(random, used);
    case 7:
      return ['NOT', ...parenthesised(condition(random, used, depth - 1))];
    case 8:
      return [
        ...parenthesised(condition(random, used, depth - 1)),
        ...equality(random),
        ...boolean(random, used, depth),
      ];
    case 9:
      return parenthesised(condition(random, used, depth - 1));
    default:
      return [...condition(random, used, depth - 1), random.pick(['AND', 'OR']), ...condition(random, used, depth - 1)];
  }
}

/** The shortest conditions, some of which are none. */
function leaf(random: SeededRandom, used: string[]): string[] {
  switch (random.below(6)) {
    case 0:
      return [random.pick(['TRUE', 'FALSE', 'NULL'])];
    case 1:
      return property(random, used);
    case 2:
      return ['NOT', ...property(random, used)];
    case 3:
      return ['NOT', ...property(random, used), '=', ...operand(random, used)];
    case 4:
      return [...operand(random, used), ...equality(random), ...operand(random, used), ...isNull(random)];
    default:
      return [...operand(random, used), ...isNull(random)];
  }
}

function boolean(random: SeededRandom, used: string[], depth: number): string[] {
  if (random.below(3) > 0) return [random.pick(['TRUE', 'FALSE'])];
  return random.below(2) === 0 ? property(random, used) : parenthesised(condition(random, used, depth - 1));
}

function equality(random: SeededRandom): string[] {
  return [random.pick(['=', '<>'])];
}

function isNull(random: SeededRandom): string[] {
  return random.pick([
    ['IS', 'NULL'],
    ['IS', 'NOT', 'NULL'],
  ]);
}

function between(random: SeededRandom, used: string[]): string[] {
  const not = random.below(2) === 0 ? ['NOT'] : [];
  const bound = (): string[] => (random.below(8) === 0 ? operand(random, used) : [number(random, used)]);
  return [...not, 'BETWEEN', ...bound(), 'AND', ...bound()];
}

function isIn(random: SeededRandom, used: string[]): string[] {
  const not = random.below(2) === 0 ? ['NOT'] : [];
  const elements = Array.from({ length: 1 + random.below(7) }, () => string(random, used));
  return [...not, 'IN', '(', ...elements.flatMap((element, at) => (at === 0 ? [element] : [',', element])), ')'];
}

function operand(random: SeededRandom, used: string[]): string[] {
  switch (random.below(12)) {
    case 0:
      return [string(random, used)];
    case 1:
    case 2:
      return [number(random, used)];
    case 3:
      return ['-', ...operand(random, used)];
    case 4:
      return random.below(3) === 0 ? ['+', ...operand(random, used)] : ['-', number(random, used)];
    case 5:
      return random.below(2) === 0 ? [random.pick(['TRUE', 'FALSE', 'NULL'])] : parenthesised(property(random, used));
    default:
      return property(random, used);
  }
}

function property(random: SeededRandom, used: string[]): string[] {
  const name = random.pick(NAMES);
  used.push(name);
  return [name];
}

function number(random: SeededRandom, used: string[]): string {
  const text = random.pick(
    random.below(40) === 0 ? [...WRONG_INTS, ...WRONG_FLOATS] : random.pick([INTS, INTS, FLOATS]),
  );
  used.push(`=${text.replace(/l$/i, '')}`);
  return random.below(6) === 0 ? `-${text}` : text;
}

function string(random: SeededRandom, used: string[]): string {
  const text = random.pick(WORDS);
  used.push(`=${text}`);
  return `'${text.replaceAll("'", "''")}'`;
}

function parenthesised(tokens: readonly string[]): string[] {
  return ['(', ...tokens, ')'];
}

/** Tokens with white space, comments and letter cases as somebody might write them. */
function spaced(random: SeededRandom, tokens: readonly string[]): string {
  const plain = random.below(3) > 0;
  const spelt = tokens.map((token) => {
    if (plain || !/^[A-Z]+$/.test(token) || NAMES.includes(token)) return token;
    return random.below(2) === 0 ? token.toLowerCase() : token.charAt(0) + token.slice(1).toLowerCase();
  });
  if (plain) return spelt.join(' ');
  return spelt.reduce(
    (text, token) => text + random.pick([' ', '  ', '\t', '\n', '\r\n', ' /* * c **/ ', ' -- c\n', ' ']) + token,
  );
}

/** One letter or token taken out, doubled, or put in. */
function damaged(random: SeededRandom, text: string): string {
  const at = random.below(text.length + 1);
  const before = text.slice(0, at);
  const behind = text.slice(at);
  switch (random.below(5)) {
    case 0:
      return before + behind.slice(1);
    case 1:
      return before + random.pick([...`'"()=<>,.;?!#/*-+0e$@\\\u0001\u000b\u00a0é中😀`]) + behind;
    case 2:
      return (
        before +
        random.pick([' NOT ', ' AND ', ' IS ', ' IN ', ' NULL ', ' BETWEEN ', " 'x' ", ' 5 ', ' ( ', ' + ']) +
        behind
      );
    case 3:
      return before;
    default:
      return before + behind.slice(1 + random.below(6));
  }
}

/** Values mostly near to what the expression asks for. */
function message(random: SeededRandom, used: readonly string[]): Record<string, string> {
  const names = new Set(used.filter((each) => !each.startsWith('=')));
  const constants = used.filter((each) => each.startsWith('=')).map((each) => each.slice(1));
  const properties: Record<string, string> = {};
  for (const name of [...names, random.pick(NAMES)]) {
    if (random.below(6) === 0) continue;
    properties[name] = value(random, constants);
  }
  return properties;
}

function value(random: SeededRandom, constants: readonly string[]): string {
  const kind = random.below(10);
  if (kind < 5 && constants.length > 0) {
    const constant = random.pick(constants);
    if (constant === '' || random.below(2) === 0) return constant === '' ? 'x' : constant;
    const near = Number(constant) + random.pick([-1, 0, 1]);
    return Number.isFinite(near) ? String(near) : constant;
  }
  if (kind < 7) return random.pick(ODD_VALUES);
  return random.pick([...WORDS.filter((word) => word !== ''), ...INTS]);
}
