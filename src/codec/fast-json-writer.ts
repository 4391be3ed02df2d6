import type { JsonKey, JsonValue } from './fast-json.ts';
import { javaDoubleText, javaLongText } from './java-number.ts';

/** How text is laid out. */
export interface JsonLayout {
  /** Tabs and line ends as in Java's state files (docs/protocol/serialization.md). */
  readonly pretty?: boolean;
  /** Quotes every map key and sorts the maps, for clients that ask for standard JSON (acceptStandardJsonOnly). */
  readonly standardJson?: boolean;
}

/**
 * Builds JSON text as FastJSON 1.2.61 writes it: no white space, or the pretty form in which beans, lists and maps with
 * text keys take a line per entry, sets, arrays and maps with other keys stay on one. Java: SerializeWriter.
 */
export class JsonWriter {
  readonly standardJson: boolean;
  readonly #pretty: boolean;
  #text = '';
  #depth = 0;

  constructor(layout: JsonLayout = {}) {
    this.#pretty = layout.pretty ?? false;
    this.standardJson = layout.standardJson ?? false;
  }

  /** What has been written. */
  text(): string {
    return this.#text;
  }

  /** Adds text that is JSON already: a number, a word, a comma. */
  raw(text: string): void {
    this.#text += text;
  }

  /** Adds a quoted string. */
  string(text: string): void {
    this.#text += quoteJson(text);
  }

  /** Opens a bracket and goes one level in. */
  open(bracket: string): void {
    this.#text += bracket;
    this.#depth++;
  }

  /** Goes one level out and closes a bracket, on its own line when `ownLine`. */
  close(bracket: string, ownLine: boolean): void {
    this.#depth--;
    if (ownLine) this.line();
    this.#text += bracket;
  }

  /** Starts a line in the pretty form. */
  line(): void {
    if (this.#pretty) this.#text += `\n${'\t'.repeat(this.#depth)}`;
  }
}

/** Text as a JSON string with FastJSON's escapes: controls, U+007F–U+009F, U+2028 and U+2029, in upper-case hex. */
export function quoteJson(text: string): string {
  return `"${text.replace(ESCAPED, escapeOf)}"`;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are exactly the characters to escape.
const ESCAPED = /["\\\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;
const SHORT = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\b', '\\b'],
  ['\t', '\\t'],
  ['\n', '\\n'],
  ['\f', '\\f'],
  ['\r', '\\r'],
]);

function escapeOf(character: string): string {
  const short = SHORT.get(character);
  if (short !== undefined) return short;
  return `\\u${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
}

/** Writes an untyped value: numbers without a fraction as integers, map keys quoted or as object literals. */
export function writeJsonValue(value: JsonValue, out: JsonWriter): void {
  if (typeof value === 'string') out.string(value);
  else if (typeof value === 'number') out.raw(numberText(value));
  else if (Array.isArray(value)) writeList(value, out);
  else if (value instanceof Map) writeMap(value, out);
  else out.raw(String(value));
}

function numberText(value: number): string {
  if (!Number.isFinite(value)) return 'null';
  return Number.isSafeInteger(value) ? javaLongText(value) : javaDoubleText(value);
}

function writeList(list: readonly JsonValue[], out: JsonWriter): void {
  out.open('[');
  for (const [index, item] of list.entries()) {
    if (index > 0) out.raw(',');
    out.line();
    writeJsonValue(item, out);
  }
  out.close(']', list.length > 0);
}

function writeMap(map: ReadonlyMap<JsonKey, JsonValue>, out: JsonWriter): void {
  out.open('{');
  let first = true;
  for (const [key, value] of map) {
    if (!first) out.raw(',');
    first = false;
    if (typeof key === 'string') {
      out.line();
      out.string(key);
    } else {
      writeMap(key, out);
    }
    out.raw(':');
    writeJsonValue(value, out);
  }
  out.close('}', map.size > 0);
}
