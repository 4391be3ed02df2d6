import { describe, expect, it } from 'vitest';
import { codeRules } from './tidy/code-rules.ts';
import { markdownRules } from './tidy/markdown-rules.ts';
import { sourceFiles } from './tidy/source-files.ts';
import { LONG_FILES, treeRules } from './tidy/tree-rules.ts';

/** The house rules that no other tool checks. One test, one plain line per violation: `path:line: what is wrong`. */
describe('tidy', () => {
  it('every file keeps the house rules', () => {
    const files = sourceFiles();
    const violations = [...files.flatMap(codeRules), ...treeRules(files, LONG_FILES), ...markdownRules()];
    expect(violations.sort().join('\n')).toBe('');
  });
});
