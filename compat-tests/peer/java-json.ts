/** A value in the JSON that Java writes; a scalar is its text as it stands there, quotes included. */
export type JavaValue =
  | { readonly kind: 'object'; readonly members: readonly (readonly [key: JavaValue, value: JavaValue])[] }
  | { readonly kind: 'list'; readonly items: readonly JavaValue[] }
  | { readonly kind: 'scalar'; readonly text: string };

/**
 * Reads a body in Java's JSON. Keys may be bare or objects (fastjson writes queues that way). Throws on text that is no
 * such JSON. Shares no line with src/codec, so that a mistake there cannot hide itself.
 */
export function javaValueOf(text: string): JavaValue {
  const reader = new Reader(text);
  const value = reader.value();
  reader.end();
  return value;
}

/**
 * A body in Java's JSON with everything that has no order in an order: members of objects and items of lists sorted,
 * the rest of the text as it is. Text that is no such JSON comes back as it is.
 */
export function sorted(text: string): string {
  try {
    return sortedValue(javaValueOf(text));
  } catch {
    return text;
  }
}

/** As {@link sorted}, of a value that was read. */
export function sortedValue(value: JavaValue): string {
  if (value.kind === 'scalar') return value.text;
  if (value.kind === 'list') return `[${value.items.map(sortedValue).sort().join(',')}]`;
  return `{${value.members
    .map(([key, held]) => `${sortedValue(key)}:${sortedValue(held)}`)
    .sort()
    .join(',')}}`;
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(): JavaValue {
    const first = this.#text[this.#at];
    if (first === '{') return { kind: 'object', members: this.#many('{', '}', () => this.#member()) };
    if (first === '[') return { kind: 'list', items: this.#many('[', ']', () => this.value()) };
    return { kind: 'scalar', text: this.#match(first === '"' ? /"(?:[^"\\]|\\.)*"/y : /[^{}[\]:,"]+/y) };
  }

  end(): void {
    if (this.#at !== this.#text.length) throw new Error(`more after the end at ${this.#at}: ${this.#text}`);
  }

  #member(): [JavaValue, JavaValue] {
    const key = this.value();
    this.#take(':');
    return [key, this.value()];
  }

  #many<Item>(open: string, close: string, item: () => Item): Item[] {
    this.#take(open);
    const items: Item[] = [];
    while (this.#text[this.#at] !== close) {
      if (items.length > 0) this.#take(',');
      items.push(item());
    }
    this.#take(close);
    return items;
  }

  #take(token: string): void {
    if (this.#text[this.#at] !== token) throw new Error(`no ${token} at ${this.#at}: ${this.#text}`);
    this.#at += 1;
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found === undefined) throw new Error(`no value at ${this.#at}: ${this.#text}`);
    this.#at += found.length;
    return found;
  }
}
