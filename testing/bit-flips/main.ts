import { jobOptions } from '../job-options.ts';
import { pullCostLines } from './pull-cost.ts';
import { reportLines, runBitFlips } from './run.ts';

const FULL_COUNT = 10_000;

/**
 * `npm run test:flips [-- --count N --seed N]`: single changed bits in a store directory, each read in every way, and a
 * quarter as many in one with extension files; with `--ext only` all of them there.
 */
async function main(): Promise<void> {
  const { count, seed, texts } = jobOptions({ name: 'test:flips', fullCount: FULL_COUNT, texts: ['ext'] });
  const say = (line: string): void => console.log(line);
  say(`seed ${seed}, ${count} changed bits`);
  let problems = 0;
  const runs = texts['ext'] === undefined ? [{ count, ext: false }] : [];
  runs.push({ count: texts['ext'] === undefined ? Math.ceil(count / 4) : count, ext: true });
  for (const run of runs) {
    if (run.ext) say('with extension files and bit maps:');
    const report = await runBitFlips({ ...run, seed, say });
    for (const line of reportLines(report)) say(line);
    problems += report.problems.length;
  }
  if (problems === 0) for (const line of await pullCostLines()) say(line);
  process.exitCode = problems === 0 ? 0 : 1;
}

await main();
