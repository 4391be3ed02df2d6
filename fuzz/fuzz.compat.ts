import { expect, it } from 'vitest';
import { reportLines, runFuzz } from './run.ts';

/** The short form of `npm run test:fuzz`; a seed of one's own by WENCHANG_FUZZ_SEED. */
const count = Number(process.env['WENCHANG_FUZZ_COUNT'] ?? '20000');
const seed = Number(process.env['WENCHANG_FUZZ_SEED'] ?? String(Date.now() % 0x7fffffff));

it(`${count} mutated frames harm neither the servers nor another client`, { timeout: 600_000 }, async () => {
  const report = await runFuzz({ count, seed });
  const lines = reportLines(report).join('\n');
  console.log(lines);
  expect(report.problems, lines).toEqual([]);
  expect(report.sent).toBe(count);
});
