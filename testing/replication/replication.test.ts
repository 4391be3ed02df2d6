import { describe, expect, it } from 'vitest';
import { shortSeed } from '../short-seed.ts';
import { PLANTS } from './plants.ts';
import { runReplication } from './run.ts';

describe('replication', () => {
  it('keeps the log of a slave a beginning of its master’s, equal when all is calm', async () => {
    const { counts, problems } = await runReplication({ count: 20, seed: shortSeed });
    expect(problems).toEqual([]);
    expect(Object.entries(counts).filter(([, times]) => times < 3)).toEqual([]);
    expect(Object.keys(counts).sort()).toEqual([
      'cut connections',
      'failed writes of the master',
      'failed writes of the slave',
      'kills of the slave',
      'messages',
      'packets that came twice',
      'refused messages',
      'restarts of the master',
      'restarts of the slave',
    ]);
  });

  it.each(Object.keys(PLANTS) as (keyof typeof PLANTS)[])('is red with the planted bug: %s', async (plant) => {
    const { problems } = await runReplication({ count: 60, seed: shortSeed, plant, mostProblems: 1 });
    expect(problems).not.toEqual([]);
  });
});
