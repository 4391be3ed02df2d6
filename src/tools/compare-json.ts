/** A JSON text with the members of every object in one order, and numbers that tell of time taken out. */
export interface OrderedJson {
  readonly text: string;
  /** Characters that were taken out. */
  readonly maskedChars: number;
}

/**
 * Puts the members of every object in the order of their text, so that two files are equal when they differ in the
 * order of maps only; white space counts. Undefined when the text is not of the kind that Java writes, which is then
 * compared as it is.
 */
export function orderJson(text: string): OrderedJson | undefined {
  const reader = new OrderReader(text);
  const ordered = reader.whole();
  return ordered === undefined ? undefined : { text: ordered, maskedChars: reader.maskedChars };
}

/** Members of the state files whose values are times: dataVersion, and the filters of consumers. */
const TIMES: ReadonlySet<string> = new Set(['"timestamp"', '"bornTime"', '"deadTime"', '"clientVersion"']);
const MAX_DEPTH = 50;

const SPACE = /[ \t\r\n]*/y;
const STRING = /"(?:[^"\\]|\\.)*"/y;
const TOKEN = /[^\s,:{}[\]"]+/y;

class OrderReader {
  maskedChars = 0;
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): string | undefined {
    const before = this.#match(SPACE);
    const value = this.#value('');
    if (value === undefined) return undefined;
    const after = this.#match(SPACE);
    return this.#at === this.#text.length ? `${before}${value}${after}` : undefined;
  }

  #value(key: string): string | undefined {
    const letter = this.#text[this.#at];
    if (letter === '{') return this.#list('}', () => this.#member(), true);
    if (letter === '[') return this.#list(']', () => this.#value(''), false);
    if (letter === '"') return this.#match(STRING);
    const token = this.#match(TOKEN);
    if (token === undefined || !TIMES.has(key) || !/^\d+$/.test(token)) return token;
    this.maskedChars += token.length;
    return '*';
  }

  #member(): string | undefined {
    const key = this.#match(this.#text[this.#at] === '"' ? STRING : TOKEN);
    const before = this.#match(SPACE);
    if (key === undefined || this.#text[this.#at] !== ':') return undefined;
    this.#at += 1;
    const after = this.#match(SPACE);
    const value = this.#value(key);
    return value === undefined ? undefined : `${key}${before}:${after}${value}`;
  }

  /** Items up to the closing bracket, each with the white space before it. */
  #list(close: string, item: () => string | undefined, sorted: boolean): string | undefined {
    const open = this.#text[this.#at];
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) return undefined;
    this.#at += 1;
    const items: string[] = [];
    let space = this.#match(SPACE);
    if (this.#text[this.#at] !== close) {
      for (;;) {
        const found = item();
        if (found === undefined) return undefined;
        items.push(`${space}${found}`);
        space = this.#match(SPACE);
        if (this.#text[this.#at] !== ',') break;
        this.#at += 1;
        space = this.#match(SPACE);
      }
    }
    if (this.#text[this.#at] !== close) return undefined;
    this.#at += 1;
    this.#depth -= 1;
    if (sorted) items.sort();
    return `${open}${items.join(',')}${space}${close}`;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }
}
