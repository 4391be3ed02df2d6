import { describe, expect, it } from 'vitest';
import { PLANTS } from './plants.ts';
import { runTransactions } from './run.ts';

/** Fixed: a unit test fails for what was changed, not by chance. `npm run test:transactions` takes another one. */
const SEED = 4_600;

describe('transactions', () => {
  it('come to the end that their answers mean', async () => {
    const { counts, problems } = await runTransactions({ count: 60, seed: SEED });
    expect(problems).toEqual([]);
    for (const what of ['checks', 'given up', 'kills', 'power losses', 'restarts', 'commit, late', 'rollback, again']) {
      expect([what, counts[what] ?? 0]).toEqual([what, expect.toSatisfy((times: number) => times > 5)]);
    }
  });

  it.each(Object.keys(PLANTS) as (keyof typeof PLANTS)[])('are red with the planted bug: %s', async (plant) => {
    const { problems } = await runTransactions({ count: 400, seed: SEED, plant, mostProblems: 1 });
    expect(problems).not.toEqual([]);
  });
});
