import { escaped, SqlError, SqlErrorClass } from './sql-error.ts';

/** Token kinds with the numbers that order them in Java's error texts. Java: SelectorParserConstants. */
export const TokenKind = {
  EOF: 0,
  NOT: 8,
  AND: 9,
  OR: 10,
  BETWEEN: 11,
  IN: 12,
  TRUE: 13,
  FALSE: 14,
  NULL: 15,
  IS: 16,
  DECIMAL: 17,
  FLOAT: 18,
  STRING: 20,
  ID: 21,
  EQUAL: 22,
  NOT_EQUAL: 23,
  GREATER: 24,
  GREATER_EQUAL: 25,
  LESS: 26,
  LESS_EQUAL: 27,
  OPEN: 28,
  COMMA: 29,
  CLOSE: 30,
  PLUS: 31,
  MINUS: 32,
} as const;
export type TokenKind = (typeof TokenKind)[keyof typeof TokenKind];

/** A token, its text, and where it begins: line and column count from 1. */
export interface Token {
  readonly kind: TokenKind;
  readonly image: string;
  readonly line: number;
  readonly column: number;
}

/** How a kind is named in error texts. Java: SelectorParserConstants#tokenImage. */
export function tokenName(kind: TokenKind): string {
  return KIND_NAMES.get(kind) ?? `"${KIND_TEXTS.get(kind) ?? ''}"`;
}

/** Cuts an expression into tokens, the longest match each time. Java: SelectorParserTokenManager. */
export class SqlLexer {
  readonly #text: string;
  readonly #places: Places;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#places = new Places(text);
  }

  /** The next token, EOF again and again at the end. Throws SqlError. */
  next(): Token {
    this.#skip();
    const start = this.#at;
    if (start >= this.#text.length) {
      // The generated parser places the end where the last character is.
      const { line, column } = start === 0 ? { line: 0, column: 0 } : this.#places.of(start - 1);
      return { kind: TokenKind.EOF, image: '', line, column };
    }
    const { kind, length } = this.#match(start);
    this.#at = start + length;
    return { kind, image: this.#text.slice(start, this.#at), ...this.#places.of(start) };
  }

  /** White space and comments. A line comment counts only with its end of line, or its dashes are minus signs. */
  #skip(): void {
    for (let length = -1; length !== 0; this.#at += length) length = this.#length(SKIPPED);
  }

  #match(start: number): { kind: TokenKind; length: number } {
    const word = this.#length(WORD);
    if (word > 0) {
      const kind = KEYWORDS.get(this.#text.slice(start, start + word).toUpperCase()) ?? TokenKind.ID;
      return { kind, length: word };
    }
    const float = this.#length(FLOAT);
    if (float > 0) return { kind: TokenKind.FLOAT, length: float };
    const decimal = this.#length(DECIMAL);
    if (decimal > 0) return { kind: TokenKind.DECIMAL, length: decimal };
    const string = this.#length(STRING);
    if (string > 0) return { kind: TokenKind.STRING, length: string };
    const sign = this.#length(SIGN);
    const kind = SIGNS.get(this.#text.slice(start, start + sign));
    if (kind === undefined) throw this.#lexicalError(start);
    return { kind, length: sign };
  }

  /** Length of what a sticky pattern matches here, 0 for nothing. */
  #length(pattern: RegExp): number {
    pattern.lastIndex = this.#at;
    return pattern.test(this.#text) ? pattern.lastIndex - this.#at : 0;
  }

  /** Java: TokenMgrError#LexicalError, and where its token manager has read to when it gives up. */
  #lexicalError(start: number): SqlError {
    const text = this.#text;
    const first = text.charAt(start);
    let end = start + 1;
    if (first === "'" || text.startsWith('/*', start)) end = text.length;
    else if (first === '.' || first === '/') end = Math.min(start + 2, text.length);
    const last = text.charAt(end - 1);
    let { line, column } = this.#places.of(end - 1);
    const atEnd = end === text.length;
    if (atEnd && (last === '\n' || last === '\r')) [line, column] = [line + 1, 0];
    else if (atEnd) column += 1;
    const met = atEnd ? '<EOF> ' : `"${escaped(last)}" (${last.charCodeAt(0)}), `;
    const after = end - start <= 1 ? '' : text.slice(start, atEnd ? end : end - 1);
    const where = `line ${line}, column ${column}`;
    return new SqlError(
      SqlErrorClass.token,
      `Lexical error at ${where}.  Encountered: ${met}after : "${escaped(after)}"`,
    );
  }
}

/** Lines and columns, with tabs to every eighth column. Asked for growing positions. Java: SimpleCharStream. */
class Places {
  readonly #text: string;
  #next = 0;
  #line = 1;
  #column = 0;

  constructor(text: string) {
    this.#text = text;
  }

  of(position: number): { line: number; column: number } {
    if (position < this.#next - 1) [this.#next, this.#line, this.#column] = [0, 1, 0];
    for (; this.#next <= position; this.#next++) this.#take(this.#text.charAt(this.#next));
    return { line: this.#line, column: this.#column };
  }

  #take(letter: string): void {
    const before = this.#next === 0 ? '' : this.#text.charAt(this.#next - 1);
    this.#column += 1;
    if (before === '\n' || (before === '\r' && letter !== '\n')) {
      this.#line += 1;
      this.#column = 1;
    }
    if (letter === '\t') this.#column += TAB_COLUMNS - 1 - ((this.#column - 1) % TAB_COLUMNS);
  }
}

const TAB_COLUMNS = 8;
const SKIPPED = /[ \t\n\r\f]|--[^\n\r]*(?:\r\n|\n|\r)|\/\*[^*]*\*(?:[^/*][^*]*\*|\*)*\//y;
const WORD = /[a-z_$][a-z0-9_$]*/iy;
const FLOAT = /[0-9]+\.[0-9]*(?:e[+-]?[0-9]+)?|\.[0-9]+(?:e[+-]?[0-9]+)?|[0-9]+e[+-]?[0-9]+/iy;
const DECIMAL = /0|[1-9][0-9]*l?/iy;
const STRING = /'(?:''|[^'])*'/y;
const SIGN = /<>|<=|>=|[=<>(),+-]/y;

const KIND_TEXTS: ReadonlyMap<TokenKind, string> = new Map([
  [TokenKind.NOT, 'NOT'],
  [TokenKind.AND, 'AND'],
  [TokenKind.OR, 'OR'],
  [TokenKind.BETWEEN, 'BETWEEN'],
  [TokenKind.IN, 'IN'],
  [TokenKind.TRUE, 'TRUE'],
  [TokenKind.FALSE, 'FALSE'],
  [TokenKind.NULL, 'NULL'],
  [TokenKind.IS, 'IS'],
  [TokenKind.EQUAL, '='],
  [TokenKind.NOT_EQUAL, '<>'],
  [TokenKind.GREATER, '>'],
  [TokenKind.GREATER_EQUAL, '>='],
  [TokenKind.LESS, '<'],
  [TokenKind.LESS_EQUAL, '<='],
  [TokenKind.OPEN, '('],
  [TokenKind.COMMA, ','],
  [TokenKind.CLOSE, ')'],
  [TokenKind.PLUS, '+'],
  [TokenKind.MINUS, '-'],
]);
const KIND_NAMES: ReadonlyMap<TokenKind, string> = new Map([
  [TokenKind.EOF, '<EOF>'],
  [TokenKind.DECIMAL, '<DECIMAL_LITERAL>'],
  [TokenKind.FLOAT, '<FLOATING_POINT_LITERAL>'],
  [TokenKind.STRING, '<STRING_LITERAL>'],
  [TokenKind.ID, '<ID>'],
]);
const byText = [...KIND_TEXTS].map(([kind, text]): [string, TokenKind] => [text, kind]);
const KEYWORDS: ReadonlyMap<string, TokenKind> = new Map(byText.filter(([, kind]) => kind <= TokenKind.IS));
const SIGNS: ReadonlyMap<string, TokenKind> = new Map(byText.filter(([, kind]) => kind >= TokenKind.EQUAL));
