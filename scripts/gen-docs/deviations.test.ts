import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { deviations } from './deviations.ts';

const path = (name: string): URL => new URL(`../../${name}`, import.meta.url);

describe('the deliberate differences', () => {
  it('have numbers of their own, in order', () => {
    const numbers = deviations.map(({ number }) => number);
    expect(numbers).toEqual([...new Set(numbers)].sort((left, right) => left - right));
  });

  it.each(deviations.filter(({ built }) => built))('$number has a decision and a test that exist', ({ adr, test }) => {
    expect([
      adr !== undefined && existsSync(path(`docs/adr/${adr}`)),
      test !== undefined && existsSync(path(test)),
    ]).toEqual([true, true]);
  });

  it('are linked in COMPATIBILITY.md', () => {
    const page = readFileSync(path('COMPATIBILITY.md'), 'utf8');
    for (const { adr, test, built } of deviations) {
      if (!built) continue;
      expect(page).toContain(`[ADR](docs/adr/${adr})`);
      expect(page).toContain(`[test](${test})`);
    }
  });
});
