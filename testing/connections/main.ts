import { jobOptions } from '../job-options.ts';
import { leaks, runConnections } from './run.ts';

/** Ten minutes. */
const FULL_COUNT = 30_000;
const PER_SECOND = 50;
const ROUND_VISITS = 60 * PER_SECOND;
const MOST_GROWTH = 1.05;

/**
 * `npm run test:connections [-- --count N --seed N]`: N connections opened, asked and closed, 50 in a second, beside
 * steady traffic. Descriptors, timers and connections that anything refers to have to be as after the first minute;
 * heap and RSS within 5 %.
 */
async function main(): Promise<void> {
  const { count, seed } = jobOptions({ name: 'test:connections', fullCount: FULL_COUNT, leastCount: 2 });
  const roundVisits = Math.min(ROUND_VISITS, Math.floor(count / 2));
  const rounds = Math.ceil(count / roundVisits) - 1;
  const say = (line: string): void => console.log(line);
  say(`seed ${seed}, ${count} connections, ${PER_SECOND} in a second`);
  const startMs = Date.now();
  const report = await runConnections({ roundVisits, rounds, perSecond: PER_SECOND, seed, settleLimitMs: 60_000, say });
  const problems = leaks(report);
  const [first, last] = [report.counts[0], report.counts.at(-1)];
  for (const name of ['heapBytes', 'rssBytes'] as const) {
    const [before = 0, after = 0] = [first?.[name], last?.[name]];
    if (after > before * MOST_GROWTH) problems.push(`${name}: ${before}, then ${after}`);
  }
  for (const problem of problems) say(`FAIL ${problem}`);
  say(`${report.visits} visits, ${problems.length} problems in ${Math.round((Date.now() - startMs) / 1000)} s`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}

await main();
