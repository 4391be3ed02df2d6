import { jobOptions } from '../testing/job-options.ts';
import { reportLines, runFuzz } from './run.ts';

const FULL_COUNT = 1_000_000;

/**
 * `npm run test:fuzz [-- --count N --seed N --program FILE]`: mutated frames against a live broker and name server.
 * FILE is another build of them, such as one with a planted bug.
 */
async function main(): Promise<void> {
  const { count, seed, texts } = jobOptions({ name: 'test:fuzz', fullCount: FULL_COUNT, texts: ['program'] });
  const say = (line: string): void => console.log(line);
  say(`seed ${seed}, ${count} mutants`);
  const report = await runFuzz({ count, seed, say, program: texts['program'] });
  for (const line of reportLines(report)) say(line);
  process.exitCode = report.problems.length === 0 ? 0 : 1;
}

await main();
