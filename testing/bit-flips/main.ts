import { jobOptions } from '../job-options.ts';
import { pullCostLines } from './pull-cost.ts';
import { reportLines, runBitFlips } from './run.ts';

const FULL_COUNT = 10_000;

/** `npm run test:flips [-- --count N --seed N]`: single changed bits in a store directory, each read in every way. */
async function main(): Promise<void> {
  const { count, seed } = jobOptions({ name: 'test:flips', fullCount: FULL_COUNT });
  const say = (line: string): void => console.log(line);
  say(`seed ${seed}, ${count} changed bits`);
  const report = await runBitFlips({ count, seed, say });
  for (const line of reportLines(report)) say(line);
  if (report.problems.length === 0) for (const line of await pullCostLines()) say(line);
  process.exitCode = report.problems.length === 0 ? 0 : 1;
}

await main();
