import { jobOptions } from '../job-options.ts';
import { runReplication } from './run.ts';

const FULL_COUNT = 2_000;

/** `npm run test:replication [-- --count N --seed N]`: a master and a slave through failures. */
async function main(): Promise<void> {
  const { count, seed } = jobOptions({ name: 'test:replication', fullCount: FULL_COUNT });
  const startMs = Date.now();
  console.log(`seed ${seed}, ${count} cases`);
  const { counts, problems } = await runReplication({ count, seed });
  for (const [what, times] of Object.entries(counts)) console.log(`${String(times).padStart(10)}  ${what}`);
  for (const problem of problems) console.log(problem);
  console.log(`${problems.length} problems in ${Math.round((Date.now() - startMs) / 1000)} s, seed ${seed}`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}

await main();
