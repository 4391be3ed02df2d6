import { describe, expect, it } from 'vitest';
import { answerPlants } from '../testing/planted-answers.ts';
import { plantedRoot } from '../testing/planted-mqbroker.ts';
import { rowsWithoutDeviation } from './diff/explained.ts';
import { canonicalJson } from './diff/java-text.ts';
import { reportLines, runDiff } from './diff/run.ts';
import { isMissing } from './peer/peer.ts';

/** The short form of `npm run test:diff`, always the same requests; others by WENCHANG_DIFF_SEED. */
const seed = Number(process.env['WENCHANG_DIFF_SEED'] ?? '13');
const count = 600;
const quiet = (): void => undefined;

it('every explained difference has a row in COMPATIBILITY.md', () => {
  expect(rowsWithoutDeviation()).toEqual([]);
});

it('reads what FastJSON writes, whatever its order', () => {
  const text = '{"b":[{"y":1},{"x":2}],"a":{{"queueId":1,"brokerName":"n"}:5,0:null}}';
  expect(canonicalJson(text)).toBe('{"a":{0:null,{"brokerName":"n","queueId":1}:5},"b":[{"x":2},{"y":1}]}');
  expect(canonicalJson('{"D1_odd2":{"a":1},"b":["D1_odd3@","c"]}')).toBe('{"b":["c"]}');
  expect(canonicalJson('{"a":1}x')).toBeUndefined();
  expect(canonicalJson('{"a" 1}')).toBeUndefined();
});

describe.skipIf(isMissing('java'))('the same requests to Java and to ours', () => {
  it('leave nothing unexplained', async () => {
    const report = await runDiff({ count, seed, say: quiet });
    const lines = [`seed ${seed}`, ...reportLines(report), ...report.unexplained].join('\n');
    console.log(lines);
    expect(report.unexplained, lines).toEqual([]);
    expect(report.requests).toBeGreaterThanOrEqual(count);
  });

  const told: Readonly<Record<(typeof answerPlants)[number], RegExp>> = {
    'remark-wrong': /^(remark|code) differs[\s\S]*apply first please[\s\S]*apply later please/,
    'record-property-missing': /^stored differs: .* records [\s\S]*"TAGS=[\s\S]*"TAXS=/,
  };

  it.each(answerPlants)('the planted bug %s turns the run red', async (plant) => {
    const planted = { program: plantedRoot, env: { WENCHANG_PLANT: plant } };
    const { unexplained } = await runDiff({ count: 300, seed: 7, say: quiet, onlyCluster: true, ...planted });
    expect(unexplained.filter((text) => told[plant].test(text))).not.toEqual([]);
  });
});
