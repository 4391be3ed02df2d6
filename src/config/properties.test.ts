import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { editProperties, formatProperties, parseProperties } from './properties.ts';

/** What java.util.Properties made of each text, recorded by testdata/RecordConfig.java. */
const recorded = (
  JSON.parse(readFileSync(new URL('./testdata/java-4.6.0.json', import.meta.url), 'utf8')) as {
    properties: { text: string; values?: Record<string, string>; error?: string }[];
  }
).properties;

function valuesOf(text: string): Record<string, string> | string {
  const parsed = parseProperties(text);
  if (parsed.kind === 'malformed') return 'malformed';
  return Object.fromEntries(parsed.entries.map((entry) => [entry.key, entry.value]));
}

describe('parseProperties', () => {
  it.each(recorded)('reads $text as Java does', ({ text, values }) => {
    expect(valuesOf(text)).toEqual(values ?? 'malformed');
  });

  it('names the line an entry starts in, with every kind of line end and continuation', () => {
    const text = '# c\r\n\r\na=1\rb=2\\\n  3\n\nc=4';
    const parsed = parseProperties(text);
    expect(parsed.kind === 'entries' && parsed.entries.map((entry) => [entry.key, entry.line])).toEqual([
      ['a', 3],
      ['b', 4],
      ['c', 7],
    ]);
  });

  it('names the line of a broken escape', () => {
    expect(parseProperties('a=1\nb=\\u12')).toMatchObject({ kind: 'malformed', line: 2 });
  });

  it('keeps every entry of a repeated key, in file order', () => {
    const parsed = parseProperties('a=1\nb=2\na=3');
    expect(parsed.kind === 'entries' && parsed.entries.map((entry) => entry.value)).toEqual(['1', '2', '3']);
  });
});

describe('formatProperties', () => {
  it('writes lines without escaping, as Java sends them', () => {
    expect(
      formatProperties([
        ['a', 'x=y\\'],
        ['b', ''],
      ]),
    ).toBe('a=x=y\\\nb=\n');
  });
});

describe('editProperties', () => {
  it('changes only the given keys, keeps comments and order, adds what is missing', () => {
    const text = '# site\nbrokerName = broker-a\n\nlistenPort=1\nlistenPort: 2\nx=1\\\n 2\n# end';
    const edited = editProperties(
      text,
      new Map([
        ['listenPort', '3'],
        ['x', '9'],
        ['new', ' v'],
      ]),
    );
    expect(edited).toBe('# site\nbrokerName = broker-a\n\nlistenPort=1\nlistenPort=3\nx=9\n# end\nnew=\\ v\n');
  });

  it('leaves an entry alone whose value is already the wanted one', () => {
    expect(editProperties('a : 1\n', new Map([['a', '1']]))).toBe('a : 1\n');
    // Found by the property test: the last line is a lone backslash behind a line that continues.
    expect(editProperties('a\\\r\\', new Map([['b', '2']]))).toBe('a\nb=2\n');
  });

  it('refuses a malformed text', () => {
    expect(editProperties('a=\\u1', new Map([['a', '1']]))).toBeUndefined();
  });
});
