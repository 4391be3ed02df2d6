import { posix } from 'node:path';
import ts from 'typescript';
import type { SourceFile } from './source-files.ts';

const MAX_FILE_LINES = 400;

/** Files that may be longer, each with the reason. An entry that is no longer needed fails the test. */
export const LONG_FILES: Readonly<Record<string, string>> = {
  'src/codec/commands.ts': 'one table: every request code of 4.6.0',
  'src/mqadmin/admin-commands.ts': 'one table: every command of mqadmin',
  'scripts/gen-docs/deviations.ts': 'one table: every deliberate difference',
};

/** Programs: nobody imports them, somebody starts them. */
const STARTED = [
  /^src\/(mqadmin|mqbroker|mqnamesrv|wenchang)\.ts$/,
  /^scripts\/[^/]+\.(ts|mjs)$/,
  /^scripts\/run\/(commands|vitest-reporter)\.mjs$/,
  /^testing\/prop-runs\.ts$/,
  /^(bench|fuzz)\/(main|java|start-up)\.ts$/,
  /^compat-tests\/door\/main\.ts$/,
  /^testing\/fault-main\.ts$/,
  /^(testing|compat-tests)\/[\w-]+\/main\.ts$/,
];

/** The rules that need to see all files: lengths with their exceptions, and that every file is imported. */
export function treeRules(files: readonly SourceFile[], longFiles: Readonly<Record<string, string>>): string[] {
  return [...lengthRules(files, longFiles), ...importRules(files)];
}

function lengthRules(files: readonly SourceFile[], longFiles: Readonly<Record<string, string>>): string[] {
  const violations: string[] = [];
  const needed = new Set<string>();
  for (const { path, lines, isTest } of files) {
    const count = lines.length - 1;
    if (isTest || count <= MAX_FILE_LINES) continue;
    if (path in longFiles) needed.add(path);
    else violations.push(`${path}: ${count} lines, at most ${MAX_FILE_LINES}`);
  }
  for (const path of Object.keys(longFiles)) {
    if (!needed.has(path)) violations.push(`${path}: stands in LONG_FILES without need`);
  }
  return violations;
}

/** A file that only its own test imports is dead as well. */
function importRules(files: readonly SourceFile[]): string[] {
  const imported = new Set<string>();
  for (const file of files) {
    const counts = !file.isTest || !file.path.startsWith('src/');
    for (const target of importedPaths(file)) {
      if (counts || !target.startsWith('src/')) imported.add(target);
    }
  }
  return files
    .filter(({ path, isTest }) => !isTest && !imported.has(path) && !STARTED.some((pattern) => pattern.test(path)))
    .map(({ path }) => `${path}: no other file imports it`);
}

function importedPaths({ path, text }: SourceFile): string[] {
  return ts
    .preProcessFile(text, true, true)
    .importedFiles.map(({ fileName }) => fileName)
    .filter((name) => name.startsWith('.'))
    .map((name) => posix.join(posix.dirname(path), name));
}
