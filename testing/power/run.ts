import type { Fs } from '../../src/util/fs.ts';
import { SeededRandom } from '../seeded-random.ts';
import { imageOf, type PowerCase, pointOf, prefixCases, randomCases } from './cases.ts';
import { checkImage } from './check.ts';
import { type Recording, record } from './recording.ts';

export interface PowerOptions {
  readonly count: number;
  readonly seed: number;
  /** Of several that share the runs among them: which one, and how many. */
  readonly share?: { readonly index: number; readonly of: number };
  readonly steps?: number;
  readonly plant?: (fs: Fs) => Fs;
  /** Ends the run early; a handful shows what is wrong. */
  readonly mostProblems?: number;
  readonly say?: (line: string) => void;
}

/** What was tried and found; counts add up over shares. */
export interface PowerReport {
  readonly counts: Record<string, number>;
  readonly problems: string[];
}

const STEPS = 220;

/** Records runs, one per seed, and checks what every power loss in them leaves, until `count` cases are done. */
export async function runPower(options: PowerOptions): Promise<PowerReport> {
  const { count, seed, share = { index: 0, of: 1 }, steps = STEPS, plant, say, mostProblems = 20 } = options;
  const left = (): number => (report.problems.length >= mostProblems ? 0 : count - (report.counts['cases'] ?? 0));
  const report: PowerReport = { counts: { cases: 0 }, problems: [] };
  for (let run = share.index; left() > 0; run += share.of) {
    const flushDiskType = run % 2 === 0 ? 'ASYNC_FLUSH' : 'SYNC_FLUSH';
    const recorded = await record({
      seed: seed + run,
      flushDiskType,
      steps,
      ...(plant === undefined ? {} : { plant }),
    });
    const name = `run ${seed + run} ${flushDiskType}`;
    for (const problem of recorded.problems) report.problems.push(`${name}: ${problem}`);
    const random = new SeededRandom(seed + run);
    const prefixes = prefixCases(recorded);
    let cases = [...prefixes, ...randomCases(recorded, prefixes.length, random)];
    if (cases.length > left()) cases = random.shuffled(cases).slice(0, left());
    else add(report, 'runs with every prefix', 1);
    add(report, 'runs', 1);
    add(report, 'crash points', recorded.points.length);
    for (const [step, times] of Object.entries(recorded.done)) add(report, `steps: ${step}`, times);
    for (const each of cases) {
      const problem = left() > 0 ? await runCase(report, recorded, each) : undefined;
      if (problem === undefined) continue;
      report.problems.push(`${name}, ${JSON.stringify(each)}: ${problem}`);
      say?.(report.problems.at(-1) ?? '');
    }
    say?.(`${name}: ${recorded.points.length} crash points, ${cases.length} cases, ${report.problems.length} problems`);
  }
  return report;
}

async function runCase(report: PowerReport, recording: Recording, each: PowerCase): Promise<string | undefined> {
  add(report, 'cases', 1);
  add(report, `cases: ${each.kind}`, 1);
  try {
    const { torn } = await checkImage(imageOf(recording, each), pointOf(recording, each), recording.changes);
    if (torn > 0) add(report, 'records torn where no checksum looks', torn);
    return undefined;
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
}

function add(report: PowerReport, what: string, times: number): void {
  report.counts[what] = (report.counts[what] ?? 0) + times;
}
