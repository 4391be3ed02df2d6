import { describe, expect, it } from 'vitest';
import { codeRules } from './code-rules.ts';
import { markdownViolations } from './markdown-rules.ts';
import { parse } from './source-files.ts';
import { treeRules } from './tree-rules.ts';

/** Every rule of the tidy test is shown a text that breaks it and one that keeps it. */
describe('code rules', () => {
  const doc = '/** Says what. */\n';

  it.each([
    ['a long line', `const x = '${'y'.repeat(120)}';`, /133 characters/],
    ['a thing to do without an issue', '// TO\u0044O: later', /number of its issue/],
    ['a long function', `function f() {\n${'  g();\n'.repeat(70)}}`, /f has 72 lines/],
    ['a long method', `class C {\n  m() {\n${'    g();\n'.repeat(70)}  }\n}`, /m has 72 lines/],
    ['a long arrow function', `const f = () => {\n${'  g();\n'.repeat(70)}};`, /a function has 72 lines/],
    ['a banned word in a class name', 'class StoreBase {}', /without "Base"/],
    ['a banned word in a type name', 'type QueueHelper = string;', /without "Helper"/],
    ['a prefix I', 'interface IStore {}', /prefix I/],
    ['a made-up service', 'class FooService {}', /Manager and Service/],
    ['an export without a docstring', 'export function f() {}', /f has no docstring/],
    ['a class without a docstring', 'export class C {}', /C has no docstring/],
  ])('report %s', (_, text, message) => {
    expect(codeRules(parse('src/store/x.ts', text)).join('\n')).toMatch(message);
  });

  it.each([
    ['src/store/store-utils.ts', /without "Utils"/],
    ['src/store/commitLog.ts', /kebab-case/],
  ])('report the file name %s', (path, message) => {
    expect(codeRules(parse(path, '')).join('\n')).toMatch(message);
  });

  it.each([
    ['src/store/x.ts', `${doc}export function f() {\n${'  g();\n'.repeat(68)}}`],
    ['src/store/x.ts', '// TO\u0044O(#12): later'],
    ['src/store/x.ts', 'interface IndexFile {}\ntype IPv6 = string;\nclass ReputMessageService {}\nclass Base64 {}'],
    ['src/store/x.ts', `${doc}export class C {}\nconst base = 1;`],
    ['src/store/x.prop.test.ts', `describe('x', () => {\n${'  g();\n'.repeat(100)}});`],
    ['src/codec/crc32.ts', ''],
    ['testing/mem-fs.ts', 'export function f() {}'],
  ])('are silent on %s %#', (path, text) => {
    expect(codeRules(parse(path, text))).toEqual([]);
  });
});

describe('tree rules', () => {
  const long = parse('src/mqbroker.ts', '\n'.repeat(401));

  it('report a long file', () => {
    expect(treeRules([long], {})).toEqual(['src/mqbroker.ts: 401 lines, at most 400']);
    expect(treeRules([parse('src/mqbroker.ts', '\n'.repeat(400))], {})).toEqual([]);
  });

  it('report an exception that is not needed', () => {
    expect(treeRules([long], { 'src/mqbroker.ts': 'a table' })).toEqual([]);
    expect(treeRules([long], { 'src/mqbroker.ts': 'a table', 'src/gone.ts': 'a table' })).toEqual([
      'src/gone.ts: stands in LONG_FILES without need',
    ]);
  });

  it('report a file that only its test imports', () => {
    const dead = parse('src/store/dead.ts', '');
    const test = parse('src/store/dead.test.ts', "import { x } from './dead.ts';");
    expect(treeRules([dead, test], {})).toEqual(['src/store/dead.ts: no other file imports it']);
    const user = parse('src/mqbroker.ts', "import type { x } from './store/dead.ts';");
    expect(treeRules([dead, test, user], {})).toEqual([]);
  });
});

describe('markdown rules', () => {
  it.each([
    ['no title', 'text\n', /0 titles/],
    ['two titles', '# One\n\n# Two\n', /2 titles/],
    ['a late title', 'text\n\n# One\n', /not the first line/],
    ['a dead link', '# One\n\n[x](no-such-file.md)\n', /no-such-file.md does not exist/],
    ['a test that is not there', '# One\n\n`src/cli.test.ts`: "no such title"\n', /has no test "no such title"/],
    ['a test file that is not there', '# One\n\n`src/gone.test.ts`: "it"\n', /src\/gone.test.ts has no test/],
  ])('report %s', (_, text, message) => {
    expect(markdownViolations('docs/x.md', text).join('\n')).toMatch(message);
  });

  it('are silent on code blocks, web links and files that exist', () => {
    const text =
      '# One\n\n```sh\n# not a title\n```\n\n[a](https://example.org) [b](../package.json#top) `[c](d)`\n' +
      '`scripts/tidy/tidy-rules.test.ts`: "are silent on code blocks"\n';
    expect(markdownViolations('docs/x.md', text)).toEqual([]);
  });
});
