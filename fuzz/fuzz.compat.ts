import { expect, it } from 'vitest';
import { shortSeed } from '../testing/short-seed.ts';
import { reportLines, runFuzz } from './run.ts';

/** The short form of `npm run test:fuzz`. */
const count = 20_000;
const seed = shortSeed;

it(`${count} mutated frames harm neither the servers nor another client`, { timeout: 600_000 }, async () => {
  const report = await runFuzz({ count, seed });
  const lines = reportLines(report).join('\n');
  console.log(lines);
  expect(report.problems, lines).toEqual([]);
  expect(report.sent).toBe(count);
});
