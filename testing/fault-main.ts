import { allCases, countOperations, runCase } from './fault-run.ts';
import { jobOptions } from './job-options.ts';
import { SeededRandom } from './seeded-random.ts';

/**
 * `npm run test:faults [-- --count N --seed N]`: a run of the store in which the n-th operation on the disk fails, for
 * every n, or N cases of them, chosen by the seed.
 */
async function main(): Promise<void> {
  const operations = await countOperations();
  const all = [...allCases(operations)];
  const { count, seed } = jobOptions({ name: 'test:faults', fullCount: all.length });
  const cases = count >= all.length ? all : new SeededRandom(seed).shuffled(all).slice(0, count);
  console.log(`seed ${seed}, ${operations} operations, ${cases.length} of ${all.length} cases`);
  let bad = 0;
  const startMs = performance.now();
  for (const [index, one] of cases.entries()) {
    const problems = await runCase(one);
    if (problems.length > 0) bad += 1;
    for (const problem of problems.slice(0, 3)) console.log(`${JSON.stringify(one)}: ${problem}`);
    if (index % 500 === 499) console.log(`${index + 1} cases, ${bad} bad`);
  }
  const seconds = Math.round((performance.now() - startMs) / 1000);
  console.log(`${cases.length} cases in ${seconds} s, ${bad} bad`);
  process.exitCode = bad === 0 ? 0 : 1;
}

await main();
