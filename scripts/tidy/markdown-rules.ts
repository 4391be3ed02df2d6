import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import { markdownPaths, ROOT, readText } from './source-files.ts';

/** Every markdown file has one title, on its first line, and names only files and tests that exist. */
export function markdownRules(): string[] {
  return markdownPaths().flatMap((path) => markdownViolations(path, readText(path)));
}

/** The violations of one markdown text; separate from reading, so that it can be tested. */
export function markdownViolations(path: string, text: string): string[] {
  const prose = text.replaceAll(/^(```|~~~)[\s\S]*?^\1.*$/gm, '').replaceAll(/`[^`\n]*`/g, '');
  const titles = prose.match(/^# .+$/gm)?.length ?? 0;
  const violations: string[] = [];
  if (titles !== 1) violations.push(`${path}: ${titles} titles, exactly one`);
  else if (!/^# /.test(prose)) violations.push(`${path}: the title is not the first line`);
  for (const [, target = ''] of prose.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
    if (/^[a-z]+:/.test(target)) continue;
    if (!existsSync(join(ROOT, posix.dirname(path), target))) violations.push(`${path}: ${target} does not exist`);
  }
  return [...violations, ...namedTests(path, text)];
}

/** A promise is worth the test it names: `` `src/x.test.ts`: "its title" ``. */
function namedTests(path: string, text: string): string[] {
  return [...text.matchAll(/`([\w./-]+\.(?:test|compat)\.ts)`: "([^"]+)"/g)].flatMap(([, file = '', title = '']) => {
    const isThere = existsSync(join(ROOT, file)) && readText(file).includes(title);
    return isThere ? [] : [`${path}: ${file} has no test "${title}"`];
  });
}
