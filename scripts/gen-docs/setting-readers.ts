import { readdirSync, readFileSync } from 'node:fs';
import { addressServerSection, brokerSections, namesrvSections, type Section } from '../../src/config/configs.ts';

/** Every table of settings once, as docs/reference/configuration.md shows them. */
export const settingSections: readonly Section[] = [...brokerSections, addressServerSection, namesrvSections[0]];

/** Setting → files below src that read it, by their text: `config.key`, `{ key } = config`, `{ key }: XConfig`. */
export function settingReaders(sources: ReadonlyMap<string, string> = productionSources()): Map<string, string[]> {
  const keys = settingSections.flatMap(({ table }) => Object.keys(table));
  const readers = new Map<string, string[]>(keys.map((key) => [key, []]));
  for (const [path, text] of sources) {
    for (const key of keysRead(text)) readers.get(key)?.push(path);
  }
  return readers;
}

/** Files below src that can read a setting: no tests, and of the settings' own folder only what acts on values. */
export function productionSources(): Map<string, string> {
  const root = new URL('../../src/', import.meta.url);
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.ts') && !/\.(test|prop\.test|test-d)\.ts$/.test(path))
    .filter((path) => !path.startsWith('config/') || path === 'config/load.ts')
    // The codec knows no settings: its fields only have names like theirs.
    .filter((path) => !path.startsWith('codec/'))
    .sort();
  return new Map(paths.map((path) => [path, readFileSync(new URL(path, root), 'utf8')]));
}

/** An expression that ends in a settings object: `this.#config`, `parts.configs.brokerConfig`, `settings`. */
const OBJECT = String.raw`\b\w*(?:[cC]onfigs?|[sS]ettings)`;
/** `config.key`, but not `config.key = value`. */
const MEMBER = new RegExp(String.raw`(?<=${OBJECT}\??\.)(\w+)\b(?!\s*=[^=>])`, 'g');
/** `{ a, b: c } = config` and `{ a }: XConfig`. */
const DESTRUCTURED = new RegExp(
  String.raw`\{([^{}]*)\}\s*(?:=[^;={}]*${OBJECT}\s*[;,)]|:\s*\w*(?:Config|Settings)\b)`,
  'g',
);

/** Names that a source text reads from something that looks like a settings object. */
function keysRead(text: string): Set<string> {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '');
  const found = new Set<string>();
  for (const match of code.matchAll(MEMBER)) found.add(match[1] ?? '');
  for (const match of code.matchAll(DESTRUCTURED)) {
    for (const piece of (match[1] ?? '').split(',')) found.add(/^\s*(\w+)/.exec(piece)?.[1] ?? '');
  }
  return found;
}
