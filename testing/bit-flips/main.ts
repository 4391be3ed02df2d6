import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { pullCostLines } from './pull-cost.ts';
import { reportLines, runBitFlips } from './run.ts';

const FULL_COUNT = 10_000;

/** `npm run test:flips [-- --count N --seed N]`: single changed bits in a store directory, each read in every way. */
async function main(): Promise<void> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ options: { count: text, seed: text } });
  const count = Number(values.count ?? FULL_COUNT);
  const seed = Number(values.seed ?? randomInt(0x7fffffff));
  if (!(count >= 1) || !Number.isSafeInteger(count) || !Number.isSafeInteger(seed)) {
    throw new Error('usage: test:flips [--count N] [--seed N]');
  }
  const say = (line: string): void => console.log(line);
  say(`seed ${seed}, ${count} changed bits`);
  const report = await runBitFlips({ count, seed, say });
  for (const line of reportLines(report)) say(line);
  if (report.problems.length === 0) for (const line of await pullCostLines()) say(line);
  process.exitCode = report.problems.length === 0 ? 0 : 1;
}

await main();
