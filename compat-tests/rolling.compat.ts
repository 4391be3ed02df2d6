import { describe, expect, it } from 'vitest';
import { plantedRoot } from '../testing/planted-mqbroker.ts';
import { isMissing } from './peer/peer.ts';
import { consumedAgain, lostOffsets, notConsumed } from './rolling/checks.ts';
import { changed, wentBack } from './rolling/offsets.ts';
import { type RollingReport, reportLines, runRolling } from './rolling/run.ts';
import type { Consumed } from './rolling/traffic.ts';

/** The short form of `npm run test:rolling`; a seed of one's own by WENCHANG_ROLLING_SEED. */
const seed = Number(process.env['WENCHANG_ROLLING_SEED'] ?? '460');
const say = (line: string): void => console.log(line);
const java = { kind: 'java' } as const;
const ours = { kind: 'wenchang' } as const;

describe.skipIf(isMissing('java'))('rolling replacement under traffic', () => {
  it('three Java brokers become ours one at a time, and Java again: nothing lost, offsets kept', async () => {
    const report = await runRolling({
      name: 'rolling',
      brokers: 3,
      namesrvs: 1,
      base: java,
      cycles: [ours],
      seed,
      say,
    });
    const lines = reportLines(report).join('\n');
    console.log(lines);
    expect(report.problems, lines).toEqual([]);
    expect(report.replacements).toBe(6);
    expect(report.acknowledged).toBeGreaterThan(600);
    expect([...report.again.keys()].sort()).toEqual(['java → wenchang', 'wenchang → java']);
  });

  const planted = (plant: string): Promise<RollingReport> => {
    const cycles = [{ ...ours, program: plantedRoot, env: { WENCHANG_PLANT: plant } }];
    const name = `rolling-${plant}`;
    return runRolling({ name, brokers: 1, namesrvs: 1, base: ours, cycles, seed, drainLimitMs: 3_000, say: () => {} });
  };

  it('the planted bug offsets-not-saved turns the check of offsets red', async () => {
    const { problems } = await planted('offsets-not-saved');
    expect(problems.join('\n')).toMatch(/^offsets: .* → wenchang: queue \d: committed \d+, the file has \d+$/m);
  });

  it('the planted bug reply-before-write turns the check of the ledger red', async () => {
    const { problems } = await planted('reply-before-write');
    expect(problems.join('\n')).toMatch(/^lost: broker-a: .*acknowledged/m);
  });
});

describe('the checks of deliveries', () => {
  const at = (queueOffset: number, key = `k-${queueOffset}`): Consumed => {
    return { broker: 'broker-a', queueId: 0, queueOffset, key };
  };
  const handover = { kinds: 'java → wenchang', label: 'x', broker: 'broker-a', position: 3, committed: [2] };
  const again = (...consumed: Consumed[]): [below: number, repeated: number | undefined] => {
    const { below, byKinds } = consumedAgain(consumed, [handover]);
    return [below.length, byKinds.get(handover.kinds)?.deliveries];
  };

  it.each([
    ['nothing twice', [at(0), at(1), at(2), at(3)], [0, 0]],
    ['the last one twice, it was not committed', [at(0), at(1), at(2), at(2), at(3)], [0, 1]],
    ['one below the committed offset', [at(0), at(1), at(2), at(1), at(3)], [1, 1]],
    ['everything from the beginning', [at(0), at(1), at(2), at(0), at(1), at(2)], [2, 3]],
    ['twice before the replacement', [at(0), at(0), at(1), at(2)], [0, 0]],
  ] as const)('%s', (_, consumed, found) => {
    expect(again(...consumed)).toEqual(found);
  });

  it('name what was never delivered, and a group that is not at the end', () => {
    const sent = [0, 1, 2].map((queueOffset) => ({ ...at(queueOffset), msgId: '' }));
    expect(notConsumed(sent, [at(0), at(2)])).toEqual(['k-1 (broker-a 0 at 1)']);
    expect(notConsumed(sent, [at(0), at(1), at(2)])).toEqual([]);
    expect(lostOffsets(new Map([[0, 3]]), [3])).toEqual([]);
    expect(lostOffsets(new Map([[0, 3]]), [2])).toHaveLength(1);
    expect(lostOffsets(new Map([[0, 3]]), [undefined])).toHaveLength(1);
  });
});

describe('the checks of offsets', () => {
  it('offsets of a busy group may only rise, those of an idle one stay', () => {
    const risen = { before: [1, 2], inFile: [1, 3], after: [2, 3] };
    expect(wentBack(risen)).toEqual([]);
    expect(wentBack({ ...risen, inFile: [0, 3] })).toHaveLength(1);
    expect(wentBack({ ...risen, inFile: [undefined, undefined] })).toHaveLength(2);
    expect(wentBack({ ...risen, after: [1, 2] })).toHaveLength(1);
    const nothingCommitted = { before: [0], inFile: [undefined], after: [0] };
    expect(wentBack(nothingCommitted)).toEqual([]);
    expect(wentBack({ ...nothingCommitted, before: [1] })).toHaveLength(1);
    const same = { before: [7], inFile: [7], after: [7] };
    expect(changed(same, [7])).toEqual([]);
    expect(changed({ ...same, after: [8] }, [7])).toHaveLength(1);
    expect(changed({ ...same, inFile: [undefined] }, [7])).toHaveLength(1);
  });
});
