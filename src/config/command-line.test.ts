import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Option, parseCommandLine, parseWords } from './command-line.ts';

interface JavaLine {
  words: string[];
  options?: Record<string, string | true>;
  error?: string;
}

/** What commons-cli made of each command line, recorded by testdata/RecordConfig.java. */
const recorded = (
  JSON.parse(readFileSync(new URL('./testdata/java-4.6.0.json', import.meta.url), 'utf8')) as {
    commandLines: JavaLine[];
  }
).commandLines;

const options: Option[] = [
  { short: 'c', long: 'configFile', takesValue: true, doc: '' },
  { short: 'h', long: 'help', takesValue: false, doc: '' },
  { short: 'm', long: 'printImportantConfig', takesValue: false, doc: '' },
  { short: 'n', long: 'namesrvAddr', takesValue: true, doc: '' },
  { short: 'p', long: 'printConfigItem', takesValue: false, doc: '' },
];

describe('parseWords', () => {
  it.each(recorded)('reads $words as Java does', ({ words, options: java }) => {
    const given = parseWords(words, options);
    expect(given && Object.fromEntries(given)).toEqual(java);
  });
});

describe('parseCommandLine', () => {
  it('names what was given', () => {
    expect(parseCommandLine(['-c', 'f', '-pm'], options)).toEqual({
      configFile: 'f',
      namesrvAddr: undefined,
      help: false,
      printAll: true,
      printImportant: true,
    });
    expect(parseCommandLine(['-x'], options)).toBeUndefined();
  });
});
