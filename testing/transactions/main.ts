import { jobOptions } from '../job-options.ts';
import { runTransactions } from './run.ts';

const FULL_COUNT = 10_000;

/** `npm run test:transactions [-- --count N --seed N]`: random interleavings of everything a transaction can meet. */
async function main(): Promise<void> {
  const { count, seed } = jobOptions({ name: 'test:transactions', fullCount: FULL_COUNT });
  const startMs = Date.now();
  console.log(`seed ${seed}, ${count} seeds from there on`);
  const { counts, problems } = await runTransactions({ count, seed, say: (line) => console.log(line) });
  for (const [what, times] of Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1))) {
    console.log(`${String(times).padStart(10)}  ${what}`);
  }
  for (const problem of problems) console.log(problem);
  console.log(`${problems.length} problems in ${Math.round((Date.now() - startMs) / 1000)} s, seed ${seed}`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}

await main();
