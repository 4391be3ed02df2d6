import { jobOptions } from '../job-options.ts';
import { runDelays } from './run.ts';

const FULL_COUNT = 20_000;
/** Messages per restart. */
const PER_LIFE = 100;

/** `npm run test:delay [-- --count N --seed N]`: delayed messages through restarts, kills and power losses. */
async function main(): Promise<void> {
  const { count, seed } = jobOptions({ name: 'test:delay', fullCount: FULL_COUNT });
  const restarts = Math.max(10, Math.ceil(count / PER_LIFE));
  const startMs = Date.now();
  console.log(`seed ${seed}, ${count} messages, ${restarts} restarts`);
  const report = await runDelays({ count, restarts, seed });
  for (const [what, times] of Object.entries(report.counts)) console.log(`${String(times).padStart(10)}  ${what}`);
  print('late, of those that became due while the broker ran', report.lateness);
  print('late after the start, of those that became due while it was down', report.catchUp);
  for (const problem of report.problems.slice(0, 20)) console.log(problem);
  console.log(`${report.problems.length} problems in ${Math.round((Date.now() - startMs) / 1000)} s, seed ${seed}`);
  process.exitCode = report.problems.length === 0 ? 0 : 1;
}

function print(title: string, histogram: ReadonlyMap<number, number>): void {
  console.log(title);
  for (const [bound, times] of [...histogram].sort(([a], [b]) => a - b)) {
    console.log(`${String(times).padStart(10)}  at most ${bound} ms`);
  }
}

await main();
