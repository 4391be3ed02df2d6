import { describe, expect, it } from 'vitest';
import { newReport } from './report.mjs';

function recorded(): { lines: string[]; report: ReturnType<typeof newReport> } {
  const lines: string[] = [];
  return { lines, report: newReport((text: string) => lines.push(text)) };
}

describe('newReport', () => {
  it('ends with the sum and exit code 0 when nothing failed', () => {
    const { lines, report } = recorded();
    report.pass('format', 1200);
    report.addTests('unit tests', { passed: 7, failed: [], skipped: [{ name: 'a', reason: 'no Java' }] }, 'noise', 10);
    expect(report.finish()).toBe(0);
    expect(lines).toContain('ok    format  (1.2 s)');
    expect(lines).toContain('skipped: unit tests: a: no Java');
    expect(lines.join('\n')).not.toContain('noise');
    expect(lines.at(-1)).toBe('8 passed, 0 failed, 1 skipped');
  });

  it('prints what failed in full, names it again at the end, and gives exit code 1', () => {
    const { lines, report } = recorded();
    report.fail('types', 'x.ts(1,1): error\nmore', 5);
    report.addTests('unit tests', { passed: 1, failed: ['a.test.ts > b'], skipped: [] }, 'expected 1\n\nto be 2', 5);
    report.skip('unit tests on Node 22', 'no network');
    expect(report.finish()).toBe(1);
    expect(lines).toContain('      x.ts(1,1): error\n      more');
    expect(lines).toContain('      expected 1\n\n      to be 2');
    expect(lines).toContain('failed:  unit tests: a.test.ts > b');
    expect(lines.at(-1)).toBe('1 passed, 2 failed, 1 skipped');
  });
});
