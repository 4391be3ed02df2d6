/**
 * What is compared of a body in Java's JSON: keys, and the kinds of values. An object keeps its keys, objects as keys
 * (fastjson writes queues that way) and bare numbers included; a list keeps the kinds of its items. `int` and `decimal`
 * are told apart, because Java reads a field as the one or the other. Throws on text that is no such JSON.
 */
export function shapeOf(text: string): string {
  const reader = new Reader(text);
  const shape = reader.shape();
  reader.end();
  return shape;
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  shape(): string {
    const first = this.#text[this.#at];
    if (first === '{') return this.#object(true);
    if (first === '[') return `[${[...new Set(this.#many('[', ']', () => this.shape()))].sort().join('|')}]`;
    return kindOf(this.#scalar());
  }

  end(): void {
    if (this.#at !== this.#text.length) throw new Error(`more after the end at ${this.#at}: ${this.#text}`);
  }

  /** An object; as a key (`withKinds` false) with its values, which make it the key that it is. */
  #object(withKinds: boolean): string {
    const members = this.#many('{', '}', () => {
      const key = this.#text[this.#at] === '{' ? this.#object(false) : this.#scalar();
      this.#take(':');
      return `${key}:${withKinds ? this.shape() : this.#scalar()}`;
    });
    return `{${members.sort().join(',')}}`;
  }

  #many(open: string, close: string, item: () => string): string[] {
    this.#take(open);
    const items: string[] = [];
    while (this.#text[this.#at] !== close) {
      if (items.length > 0) this.#take(',');
      items.push(item());
    }
    this.#take(close);
    return items;
  }

  #scalar(): string {
    const pattern = this.#text[this.#at] === '"' ? /"(?:[^"\\]|\\.)*"/y : /[^{}[\]:,"]+/y;
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found === undefined) throw new Error(`no value at ${this.#at}: ${this.#text}`);
    this.#at += found.length;
    return found;
  }

  #take(token: string): void {
    if (this.#text[this.#at] !== token) throw new Error(`no ${token} at ${this.#at}: ${this.#text}`);
    this.#at += 1;
  }
}

function kindOf(scalar: string): string {
  if (scalar.startsWith('"')) return 'string';
  if (scalar === 'true' || scalar === 'false') return 'boolean';
  if (scalar === 'null') return 'null';
  if (/^-?\d+$/.test(scalar)) return 'int';
  if (/^-?\d+\.\d+(E-?\d+)?$/.test(scalar)) return 'decimal';
  throw new Error(`what is ${scalar}?`);
}

/** The format of a value: numbers as N, decimals as F, sizes (`6.4 KiB`, `0 B`) as SIZE. */
export function formatOf(text: string): string {
  return text
    .replaceAll(/-?\d+\.\d+ [KMGT]iB|\d+ B\b/g, 'SIZE')
    .replaceAll(/-?\d+\.\d+(E-?\d+)?/g, 'F')
    .replaceAll(/-?\d+/g, 'N');
}
