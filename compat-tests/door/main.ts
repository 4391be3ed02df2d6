import { jobOptions } from '../../testing/job-options.ts';
import { isMissing } from '../peer/peer.ts';
import { reportLines, runDoor } from './run.ts';
import { runScripted } from './scripted-run.ts';

const fullCount = 50;

/**
 * `npm run test:door [-- --count N --seed N]`: N cycles of Java writes → ours writes → Java …, and a scripted run whose
 * files are compared byte for byte.
 */
async function main(): Promise<void> {
  const { count, seed } = jobOptions({ name: 'test:door', fullCount, leastCount: 2 });
  if (isMissing('java')) throw new Error('test:door needs Java 17 and Maven');
  const say = (line: string): void => console.log(line);
  say(`seed ${seed}, ${count} cycles`);
  const startedMs = Date.now();
  const report = await runDoor({ count, seed, say });
  for (const line of reportLines(report)) say(line);
  say(`${count} cycles in ${Math.round((Date.now() - startedMs) / 1_000)} s`);
  const { compared, lines } = await runScripted(seed);
  for (const line of lines) say(`scripted run: ${line}`);
  process.exitCode = report.problems.length === 0 && compared.equal ? 0 : 1;
}

await main();
