import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** A file of ours with its text and, for TypeScript and JavaScript, its syntax tree. Paths are relative to the root. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
  readonly tree: ts.SourceFile;
  /** Tests, their data and pure tables may be longer than code. */
  readonly isTest: boolean;
}

export const ROOT: string = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const FOLDERS = ['src', 'testing', 'scripts', 'bench', 'fuzz', 'compat-tests'];
const NOT_OURS = new Set(['node_modules', 'dist', 'build', 'data', 'coverage', '.git']);

/** Every TypeScript and JavaScript file of ours. */
export function sourceFiles(): SourceFile[] {
  return FOLDERS.flatMap((folder) => pathsIn(folder))
    .filter((path) => /\.(ts|mjs)$/.test(path))
    .map((path) => parse(path, readText(path)));
}

/** Every markdown file of ours. */
export function markdownPaths(): string[] {
  return pathsIn('.').filter((path) => path.endsWith('.md'));
}

/** The text of a file of the repository. */
export function readText(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** A file as the rules see it; separate from reading, so that the rules can be tested on made-up files. */
export function parse(path: string, text: string): SourceFile {
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
  return { path, text, lines: text.split('\n'), tree, isTest: /\.(test|test-d|compat)\.ts$/.test(path) };
}

/** Every file below a folder of the repository, sorted, without what is installed, built or written by servers. */
export function pathsIn(folder: string): string[] {
  const found: string[] = [];
  for (const entry of readdirSync(join(ROOT, folder), { withFileTypes: true })) {
    if (NOT_OURS.has(entry.name)) continue;
    const path = posix.join(folder, entry.name);
    if (entry.isDirectory()) found.push(...pathsIn(path));
    else if (entry.isFile()) found.push(path);
  }
  return found.sort();
}
