import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import { markdownPaths, ROOT, readText } from './source-files.ts';

/** Every markdown file has one title, on its first line, and links only to files that exist. */
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
  return violations;
}
