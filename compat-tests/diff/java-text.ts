/**
 * Reads what FastJSON writes, which is JSON but for map keys that are numbers or whole objects, into a text in which
 * the order of keys and of list items no longer counts. Entries and items with a name of {@link onceUsed} are left out.
 * Undefined when it is nothing of the kind.
 */
export function canonicalJson(text: string): string | undefined {
  const reader = { text, at: 0 };
  try {
    const value = readValue(reader);
    skipBlanks(reader);
    return reader.at === text.length ? value : undefined;
  } catch (error) {
    if (error instanceof NotJson) return undefined;
    throw error;
  }
}

/** Names of odd requests, which may be refused by one side only, for a reason; no other request has them. */
export const onceUsed = /_odd\d/;

/** What Java makes of a name that is missing or empty, and what is left of an item with a name used once. */
const nameless = /^(null\b|"null@null":|"":|\{"":|\{\}$)/;

class NotJson extends Error {
  override readonly name = 'NotJson';
}

interface Reader {
  readonly text: string;
  at: number;
}

function readValue(reader: Reader): string {
  skipBlanks(reader);
  const first = reader.text[reader.at];
  if (first === '{') return `{${readItems(reader, '}', readPair).join(',')}}`;
  if (first === '[') return `[${readItems(reader, ']', readValue).join(',')}]`;
  return take(reader, first === '"' ? /"(?:[^"\\]|\\.)*"/y : /[^\s,:{}[\]"]+/y);
}

function readPair(reader: Reader): string {
  const key = readValue(reader);
  skipBlanks(reader);
  take(reader, /:/y);
  return `${key}:${readValue(reader)}`;
}

function readItems(reader: Reader, end: string, readItem: (reader: Reader) => string): string[] {
  const items: string[] = [];
  reader.at += 1;
  for (;;) {
    skipBlanks(reader);
    if (reader.text[reader.at] === end) break;
    if (items.length > 0) take(reader, /,/y);
    items.push(readItem(reader));
  }
  reader.at += 1;
  const isName = (item: string): boolean =>
    nameless.test(item) || onceUsed.test(end === '}' ? (item.split('":')[0] ?? '') : item);
  return items.filter((item) => !isName(item)).sort();
}

function take(reader: Reader, pattern: RegExp): string {
  pattern.lastIndex = reader.at;
  const [found] = pattern.exec(reader.text) ?? [];
  if (found === undefined) throw new NotJson(`at ${reader.at}`);
  reader.at += found.length;
  return found;
}

function skipBlanks(reader: Reader): void {
  while (/\s/.test(reader.text[reader.at] ?? '')) reader.at += 1;
}

/** A remark that is the text of a Java exception. */
export function isExceptionText(remark: string | undefined): boolean {
  return /^(java|javax|org\.apache|com\.alibaba|io\.netty)\.[\w.$]*(Exception|Error)\b/.test(remark ?? '');
}
