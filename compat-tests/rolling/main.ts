import { jobOptions } from '../../testing/job-options.ts';
import { isMissing } from '../peer/peer.ts';
import { reportLines, runRolling } from './run.ts';

const fullCount = 10;

/**
 * `npm run test:rolling [-- --count N --seed N]`: a cluster of three Java brokers and two Java name servers under
 * traffic. First each broker is replaced by Java itself, to see what that alone repeats; then N cycles: all by ours,
 * one at a time, and back to Java, name servers too.
 */
async function main(): Promise<void> {
  const { count, seed } = jobOptions({ name: 'test:rolling', fullCount });
  if (isMissing('java')) throw new Error('test:rolling needs Java 17 and Maven');
  const say = (line: string): void => console.log(line);
  say(`seed ${seed}, ${count} cycles`);
  const startedMs = Date.now();
  const base = { kind: 'java' } as const;
  const cycles = [base, ...Array.from({ length: count }, () => ({ kind: 'wenchang' }) as const)];
  const report = await runRolling({ name: 'rolling-long', brokers: 3, namesrvs: 2, base, cycles, seed, say });
  for (const line of reportLines(report)) say(line);
  say(`${count} cycles in ${Math.round((Date.now() - startedMs) / 1_000)} s`);
  process.exitCode = report.problems.length === 0 ? 0 : 1;
}

await main();
