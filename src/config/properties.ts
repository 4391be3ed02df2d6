/**
 * Text of a properties file as java.util.Properties reads it: `=`, `:` or blanks between key and value, `#` and `!`
 * start comment lines, a backslash at the end of a line joins the next one, blanks at the end of a value belong to it.
 * The bytes of such a file are Latin-1: decode them so. Java: Properties#load.
 */
export function parseProperties(text: string): ParsedProperties {
  const entries: PropertyEntry[] = [];
  for (const logical of logicalLines(text)) {
    const { keyEnd, valueStart } = splitKey(logical.text);
    const key = withoutEscapes(logical.text.slice(0, keyEnd));
    const value = withoutEscapes(logical.text.slice(valueStart));
    if (key === undefined || value === undefined) {
      return { kind: 'malformed', line: logical.line, why: 'a \\u is not followed by four hexadecimal digits' };
    }
    entries.push({ key, value, line: logical.line, start: logical.start, end: logical.end });
  }
  return { kind: 'entries', entries };
}

/** One `key=value`, in file order. A later entry of the same key wins. */
export interface PropertyEntry {
  readonly key: string;
  readonly value: string;
  /** Line in which the entry starts, from 1. */
  readonly line: number;
  /** Where the entry lies in the text, without the end of its last line. */
  readonly start: number;
  readonly end: number;
}

export type ParsedProperties =
  | { readonly kind: 'entries'; readonly entries: readonly PropertyEntry[] }
  /** Java refuses the whole file. */
  | { readonly kind: 'malformed'; readonly line: number; readonly why: string };

/** `key=value` lines without any escaping, as Java writes and sends settings. Java: MixAll#properties2String. */
export function formatProperties(entries: Iterable<readonly [string, string]>): string {
  let text = '';
  for (const [key, value] of entries) text += `${key}=${value}\n`;
  return text;
}

/**
 * The text with the given keys changed and everything else, comments and order included, as it was. A key that is there
 * several times is changed where it counts, in its last entry; a key that is not there is added at the end. Values are
 * escaped, so that {@link parseProperties} gives them back. A malformed text comes back unchanged as `undefined`.
 */
export function editProperties(text: string, changes: ReadonlyMap<string, string>): string | undefined {
  const parsed = parseProperties(text);
  if (parsed.kind === 'malformed') return undefined;
  const last = new Map(parsed.entries.map((entry) => [entry.key, entry]));
  let edited = '';
  let copied = 0;
  for (const entry of parsed.entries) {
    const value = changes.get(entry.key);
    if (value === undefined || value === entry.value || last.get(entry.key) !== entry) continue;
    edited += text.slice(copied, entry.start) + line(entry.key, value);
    copied = entry.end;
  }
  edited += text.slice(copied);
  const added = [...changes].filter(([key]) => !last.has(key)).map(([key, value]) => `${line(key, value)}\n`);
  return added.length === 0 ? edited : closed(edited) + added.join('');
}

/** The text with its last line ended, so that another line can follow. A backslash that joined nothing goes. */
function closed(text: string): string {
  const body = text.replace(/(?:\r\n|\r|\n)$/, '');
  // What the backslash leaves may be joined itself: `a\` before a line with nothing but a backslash.
  if (hasOpenBackslash(body)) return closed(body.slice(0, -1));
  return text === '' || body !== text ? text : `${text}\n`;
}

interface LogicalLine {
  readonly text: string;
  readonly line: number;
  readonly start: number;
  readonly end: number;
}

/** Lines with their continuations joined; blank lines and comments left out. */
function* logicalLines(text: string): Generator<LogicalLine> {
  let joined = '';
  let first = { line: 0, start: 0 };
  let lastEnd = 0;
  for (const { content, line, start, end, isLast } of physicalLines(text)) {
    const body = content.replace(/^[ \t\f]+/, '');
    // Nothing joined so far: also behind a lone backslash a comment or a blank line is one.
    if (joined === '') {
      if (body === '' || body.startsWith('#') || body.startsWith('!')) continue;
      first = { line, start: start + content.length - body.length };
    }
    const continues = hasOpenBackslash(body);
    joined += continues ? body.slice(0, -1) : body;
    lastEnd = end;
    if (continues && !isLast) continue;
    yield { text: joined, ...first, end };
    joined = '';
  }
  if (joined !== '') yield { text: joined, ...first, end: lastEnd };
}

interface PhysicalLine {
  readonly content: string;
  readonly line: number;
  readonly start: number;
  readonly end: number;
  /** Nothing follows but at most one character of a line end; behind a `\r\n` Java looks for another line. */
  readonly isLast: boolean;
}

function* physicalLines(text: string): Generator<PhysicalLine> {
  const ends = /\r\n|\r|\n/g;
  let start = 0;
  for (let line = 1; start < text.length; line++) {
    const match = ends.exec(text);
    const end = match?.index ?? text.length;
    const next = match === null ? text.length : ends.lastIndex;
    yield { content: text.slice(start, end), line, start, end, isLast: next === text.length && next - end < 2 };
    start = next;
  }
}

/** True when the text ends in an odd number of backslashes. */
function hasOpenBackslash(text: string): boolean {
  let count = 0;
  while (count < text.length && text.charCodeAt(text.length - 1 - count) === BACKSLASH) count++;
  return count % 2 === 1;
}

const BACKSLASH = 0x5c;

/** The key ends at the first unescaped separator; blanks, one `=` or `:` and blanks again lie before the value. */
function splitKey(text: string): { readonly keyEnd: number; readonly valueStart: number } {
  let keyEnd = 0;
  while (keyEnd < text.length && !'=: \t\f'.includes(text.charAt(keyEnd))) {
    keyEnd += text.charCodeAt(keyEnd) === BACKSLASH ? 2 : 1;
  }
  keyEnd = Math.min(keyEnd, text.length);
  const separator = /^[ \t\f]*[=:]?[ \t\f]*/.exec(text.slice(keyEnd));
  return { keyEnd, valueStart: keyEnd + (separator?.[0].length ?? 0) };
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' };

/** Undefined when a `\u` lacks its four digits. */
function withoutEscapes(text: string): string | undefined {
  if (!text.includes('\\')) return text;
  let plain = '';
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character !== '\\') {
      plain += character;
      continue;
    }
    at++;
    const escaped = text.charAt(at);
    if (escaped !== 'u') {
      plain += SHORT_ESCAPES[escaped] ?? escaped;
      continue;
    }
    const digits = text.slice(at + 1, at + 5);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) return undefined;
    plain += String.fromCharCode(Number.parseInt(digits, 16));
    at += 4;
  }
  return plain;
}

function line(key: string, value: string): string {
  return `${withEscapes(key, /[ =:#!]/g)}=${withEscapes(value, /^[ ]/g)}`;
}

const LETTERS: Readonly<Record<string, string>> = { '\t': 't', '\n': 'n', '\r': 'r', '\f': 'f', '\\': '\\' };

function withEscapes(text: string, alsoEscaped: RegExp): string {
  return text
    .replace(/[\\\t\n\r\f]/g, (character) => `\\${LETTERS[character]}`)
    .replace(alsoEscaped, (character) => `\\${character}`)
    .replace(/[^\x20-\xff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
