import Long from 'long';

/**
 * The JSON that FastJSON 1.2.61 reads, as Java values would be: integers beyond 2^53 are a `Long`, objects are maps.
 * Keys that were bare integers or words are their text; a key that was an object is that object's map.
 */
export type JsonValue = null | boolean | number | Long | string | JsonValue[] | JsonObject;
export type JsonKey = string | JsonObject;
export type JsonObject = Map<JsonKey, JsonValue>;

/** Why bytes could not be decoded. A value, not thrown: wrong input is expected. */
export class DecodeError {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

/** Most bytes a text may have: four times the largest frame, for state files of very many topics. */
export const MAX_JSON_BYTES = 64 * 1024 * 1024;
/** Deepest nesting; 4.6.0's own bodies need 8. */
export const MAX_JSON_DEPTH = 100;

/**
 * Parses what Java's FastJSON accepts: besides JSON also comments, single quotes, unquoted and object keys, extra
 * commas, raw control characters, `\x41`, `\v`, `\'`, octal `\0`–`\7`, leading `+` and zeros, `1.`, number suffixes,
 * NaN and undefined (both null). Empty text is null; the last of two equal keys wins. Not taken: `new Date(…)`,
 * `Set[…]`, `x'…'`. `$ref` and `@type` have no meaning. Never throws for any input.
 * Java: JSON#parse, recorded in compat-tests/vectors.
 */
export function parseJson(source: string | Buffer): JsonValue | DecodeError {
  if (source.length > MAX_JSON_BYTES) return new DecodeError(`JSON of ${source.length} bytes is too long`);
  const parser = new Parser(typeof source === 'string' ? source : source.toString('utf8'));
  try {
    return parser.parse();
  } catch (error) {
    if (error instanceof JsonSyntaxProblem) return new DecodeError(error.message);
    throw error;
  }
}

/** Leaves the recursion; caught in `parseJson` and nowhere else. */
class JsonSyntaxProblem extends Error {}

const QUOTE = 0x22;
const APOSTROPHE = 0x27;
const COMMA = 0x2c;
const COLON = 0x3a;
const SLASH = 0x2f;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Letters that may stand behind a number to name its Java type: B D F L S. */
const NUMBER = /[+-]?\d+(\.\d*)?([eE][+-]?\d+)?[BDFLS]?/y;
const WORD = /[A-Za-z_$\u0100-\uffff][A-Za-z0-9_$\u0100-\uffff]*/y;

class Parser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    if (text.charCodeAt(0) === 0xfeff) this.#at = 1;
  }

  parse(): JsonValue {
    this.#skipSpace();
    if (this.#at === this.#text.length) return null;
    const value = this.#value();
    this.#skipSpaceAndCommas();
    if (this.#at < this.#text.length) this.#fail('text behind the value');
    return value;
  }

  #fail(what: string): never {
    throw new JsonSyntaxProblem(`JSON: ${what} at position ${this.#at}`);
  }

  #peek(): number {
    return this.#at < this.#text.length ? this.#text.charCodeAt(this.#at) : -1;
  }

  #value(): JsonValue {
    const code = this.#peek();
    if (code === QUOTE || code === APOSTROPHE) return this.#string(code);
    if (code === OPEN_OBJECT) return this.#object();
    if (code === OPEN_LIST) return this.#list();
    if (code === 0x2b || code === 0x2d || isDigit(code)) return this.#number();
    return this.#word();
  }

  #object(): JsonObject {
    const object: JsonObject = new Map();
    this.#enter();
    for (;;) {
      this.#skipSpaceAndCommas();
      if (this.#peek() === CLOSE_OBJECT) break;
      const key = this.#key();
      this.#skipSpace();
      if (this.#peek() !== COLON) this.#fail("no ':' behind a key");
      this.#at++;
      this.#skipSpace();
      object.set(key, this.#value());
      this.#skipSpace();
      const next = this.#peek();
      if (next !== COMMA && next !== CLOSE_OBJECT) this.#fail("neither ',' nor '}'");
    }
    this.#leave();
    return object;
  }

  #list(): JsonValue[] {
    const list: JsonValue[] = [];
    this.#enter();
    for (;;) {
      this.#skipSpaceAndCommas();
      if (this.#peek() === CLOSE_LIST) break;
      list.push(this.#value());
    }
    this.#leave();
    return list;
  }

  #enter(): void {
    this.#at++;
    this.#depth++;
    if (this.#depth > MAX_JSON_DEPTH) this.#fail(`nested deeper than ${MAX_JSON_DEPTH}`);
  }

  #leave(): void {
    this.#at++;
    this.#depth--;
  }

  #key(): JsonKey {
    const code = this.#peek();
    if (code === QUOTE || code === APOSTROPHE) return this.#string(code);
    if (code === OPEN_OBJECT) return this.#object();
    const found = this.#match(isDigit(code) || code === 0x2d ? NUMBER : WORD);
    return found ?? this.#fail('no key');
  }

  #number(): JsonValue {
    const found = this.#match(NUMBER);
    if (found === undefined) this.#fail('no number');
    return numberOf(found);
  }

  #word(): JsonValue {
    const word = this.#match(WORD);
    switch (word) {
      case 'true':
        return true;
      case 'false':
        return false;
      case 'null':
      case 'NaN':
      case 'undefined':
        return null;
      default:
        return this.#fail('no value');
    }
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #string(quote: number): string {
    const text = this.#text;
    let start = ++this.#at;
    let value = '';
    for (;;) {
      const code = this.#peek();
      if (code === -1) this.#fail('unclosed string');
      if (code === quote) {
        value += text.slice(start, this.#at++);
        return value;
      }
      if (code === BACKSLASH) {
        value += text.slice(start, this.#at++) + this.#escape();
        start = this.#at;
      } else {
        this.#at++;
      }
    }
  }

  #escape(): string {
    const letter = this.#text[this.#at++] ?? this.#fail('unclosed string');
    if (letter === 'u') return this.#hexEscape(4);
    if (letter === 'x') return this.#hexEscape(2);
    const plain = ESCAPES.get(letter);
    return plain ?? this.#fail('unknown escape');
  }

  #hexEscape(length: number): string {
    const hex = this.#text.slice(this.#at, this.#at + length);
    if (hex.length !== length || !/^[0-9a-fA-F]+$/.test(hex)) this.#fail('bad hex escape');
    this.#at += length;
    return String.fromCharCode(Number.parseInt(hex, 16));
  }

  #skipSpace(): void {
    for (;;) {
      const code = this.#peek();
      if (code === SLASH) this.#skipComment();
      else if (isSpace(code)) this.#at++;
      else return;
    }
  }

  #skipSpaceAndCommas(): void {
    this.#skipSpace();
    while (this.#peek() === COMMA) {
      this.#at++;
      this.#skipSpace();
    }
  }

  #skipComment(): void {
    const text = this.#text;
    const kind = text[this.#at + 1];
    if (kind !== '/' && kind !== '*') this.#fail('no comment');
    const end = text.indexOf(kind === '/' ? '\n' : '*/', this.#at + 2);
    if (end < 0 && kind === '*') this.#fail('unclosed comment');
    this.#at = end < 0 ? text.length : end + (kind === '/' ? 1 : 2);
  }
}

const ESCAPES = new Map([
  ['"', '"'],
  ["'", "'"],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['F', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
  ...Array.from({ length: 8 }, (_, digit): [string, string] => [String(digit), String.fromCharCode(digit)]),
]);

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x08 && code <= 0x0d && code !== 0x0b);
}

/** A number token; an integer of 64 bits that a double cannot hold becomes a Long, a longer one the nearest double. */
function numberOf(token: string): JsonValue {
  const text = /[A-Z]$/.test(token) ? token.slice(0, -1) : token;
  const value = Number(text);
  if (value === 0) return 0;
  if (Number.isSafeInteger(value) || !/^[+-]?\d+$/.test(text)) return value;
  const big = BigInt(text.replace(/^\+/, ''));
  return BigInt.asIntN(64, big) === big ? Long.fromString(big.toString()) : value;
}
