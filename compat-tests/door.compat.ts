import { describe, expect, it } from 'vitest';
import { filePlants } from '../testing/planted-files.ts';
import { plantedRoot } from '../testing/planted-mqbroker.ts';
import { shortSeed } from '../testing/short-seed.ts';
import { reportLines, runDoor } from './door/run.ts';
import { runScripted } from './door/scripted-run.ts';
import { runSeries } from './door/series.ts';
import { isMissing } from './peer/peer.ts';

/** The short form of `npm run test:door`. */
const seed = shortSeed;
const quiet = (): void => undefined;

describe.skipIf(isMissing('java'))('one directory, java and ours in turn', () => {
  it('two cycles lose nothing that was acknowledged', async () => {
    const report = await runDoor({ count: 2, seed, say: quiet });
    const lines = [`seed ${seed}`, ...reportLines(report)].join('\n');
    console.log(lines);
    expect(report.problems, lines).toEqual([]);
    expect(report.series.map(([, { turns }]) => turns)).toEqual([3, 3]);
  });

  it('the same requests leave the same bytes', async () => {
    const { compared, lines } = await runScripted(seed);
    console.log([`seed ${seed}`, ...lines].join('\n'));
    expect(compared.differences, lines.join('\n')).toEqual([]);
    expect(compared.comparedBytes).toBeGreaterThan(200_000);
  });
});

describe('the checks of a directory', () => {
  const ours = { kind: 'wenchang' } as const;
  const options = { cycles: 1, seed, messageIndexSafe: true, filesApart: true, say: quiet };
  const series = async (plant: string): Promise<readonly [inFiles: string, served: string]> => {
    const planted = { ...ours, program: plantedRoot, env: { WENCHANG_PLANT: plant } };
    const name = `planted-${plant}`;
    const { fileProblems, problems } = await runSeries({ ...options, name, writers: [planted, ours] });
    return [fileProblems.join('\n'), problems.join('\n')];
  };

  it('are silent about a broker without a planted bug', async () => {
    expect(await series('none')).toEqual(['', '']);
  });

  const told: Readonly<Record<(typeof filePlants)[number], readonly [inFiles: RegExp, served: RegExp]>> = {
    'queue-entry-left-out': [/^files: consumequeue .*: entry 3 is/, /offset/],
    'queue-offset-off-by-one': [/^files: record at \d+: queue offset/, /^acknowledged .*: queueOffset is/],
    'index-entry-left-out': [/^files: index: \d+ of \d+ keys missing/, /^key .*: wenchang .*lacks \[\d+/],
  };

  it.each(filePlants)('the planted bug %s turns both red: files, and what is served', async (plant) => {
    const [inFiles, served] = await series(plant);
    expect(inFiles).toMatch(told[plant][0]);
    expect(served).toMatch(told[plant][1]);
  });

  it('the planted bug reply-before-write and a kill turn the ledger red', async () => {
    const planted = { ...ours, program: plantedRoot, env: { WENCHANG_PLANT: 'reply-before-write' } };
    // Without messageIndexSafe the only turn of a writer ends by a kill.
    const { problems, kills } = await runSeries({
      ...options,
      name: 'planted-reply-before-write',
      writers: [planted, ours],
      messageIndexSafe: false,
    });
    expect(problems.join('\n')).toMatch(/^lost: acknowledged/);
    expect(kills).toBe(1);
  });

  it.each(filePlants)('the planted bug %s turns the comparison of bytes red', async (plant) => {
    const planted = { ...ours, program: plantedRoot, env: { WENCHANG_PLANT: plant } };
    const { compared } = await runScripted(seed, [ours, planted]);
    const folder = { 'queue-entry': 'consumequeue', 'queue-offset': 'commitlog', 'index-entry': 'index' };
    const [, expected] = Object.entries(folder).find(([name]) => plant.startsWith(name)) ?? [];
    expect(new Set(compared.differences.map(({ path }) => path.split('/')[0]))).toEqual(new Set([expected]));
  });
});
