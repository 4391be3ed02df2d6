/**
 * A body in Java's JSON with everything that has no order in an order: members of objects and items of lists sorted,
 * the rest of the text as it is. Keys may be bare or objects. Text that is no such JSON comes back as it is. Shares no
 * line with src/codec, so that a mistake there cannot hide itself.
 */
export function sorted(text: string): string {
  if (text === '') return '';
  const reader = new Reader(text);
  try {
    const value = reader.value();
    return reader.isAtEnd ? value : text;
  } catch {
    return text;
  }
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length;
  }

  value(): string {
    const first = this.#text[this.#at];
    if (first === '{') return this.#many('{', '}', () => `${this.value()}${this.#take(':')}${this.value()}`);
    if (first === '[') return this.#many('[', ']', () => this.value());
    return this.#match(first === '"' ? /"(?:[^"\\]|\\.)*"/y : /[^{}[\]:,"]+/y);
  }

  #many(open: string, close: string, item: () => string): string {
    this.#take(open);
    const items: string[] = [];
    while (this.#text[this.#at] !== close) {
      if (items.length > 0) this.#take(',');
      items.push(item());
    }
    this.#take(close);
    return open + items.sort().join(',') + close;
  }

  #take(token: string): string {
    if (this.#text[this.#at] !== token) throw new Error(`no ${token} at ${this.#at}`);
    this.#at += 1;
    return token;
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found === undefined) throw new Error(`nothing at ${this.#at}`);
    this.#at += found.length;
    return found;
  }
}
