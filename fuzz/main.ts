import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { reportLines, runFuzz } from './run.ts';

const FULL_COUNT = 1_000_000;

/**
 * `npm run test:fuzz [-- --count N --seed N --program FILE]`: mutated frames against a live broker and name server.
 * FILE is another build of them, such as one with a planted bug.
 */
async function main(): Promise<void> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ options: { count: text, seed: text, program: text } });
  const count = Number(values.count ?? FULL_COUNT);
  const seed = Number(values.seed ?? randomInt(0x7fffffff));
  if (!(count >= 1) || !Number.isSafeInteger(count) || !Number.isSafeInteger(seed)) {
    throw new Error('usage: test:fuzz [--count N] [--seed N] [--program FILE]');
  }
  const say = (line: string): void => console.log(line);
  say(`seed ${seed}, ${count} mutants`);
  const report = await runFuzz({ count, seed, say, program: values.program });
  for (const line of reportLines(report)) say(line);
  process.exitCode = report.problems.length === 0 ? 0 : 1;
}

await main();
