import { SeededRandom } from '../seeded-random.ts';
import { Model } from './model.ts';
import { PLANTS, seenStore } from './plants.ts';

export interface TransactionRunOptions {
  readonly count: number;
  readonly seed: number;
  readonly plant?: keyof typeof PLANTS;
  /** Ends the run early; a handful shows what is wrong. */
  readonly mostProblems?: number;
  readonly say?: (line: string) => void;
}

/** What was tried and found. */
export interface TransactionReport {
  readonly counts: Readonly<Record<string, number>>;
  readonly problems: readonly string[];
}

/** One model per seed, from `seed` upwards. */
export async function runTransactions(options: TransactionRunOptions): Promise<TransactionReport> {
  const { count, seed, plant, mostProblems = 10, say } = options;
  const counts: Record<string, number> = { seeds: 0 };
  const problems: string[] = [];
  const see = plant === undefined ? seenStore : PLANTS[plant];
  for (let at = 0; at < count && problems.length < mostProblems; at++) {
    const report = await new Model(new SeededRandom(seed + at), see).run();
    counts['seeds'] = at + 1;
    for (const [what, times] of Object.entries(report.counts)) counts[what] = (counts[what] ?? 0) + times;
    for (const problem of report.problems) problems.push(`seed ${seed + at}: ${problem}`);
    if ((at + 1) % 1000 === 0) say?.(`${at + 1} seeds, ${problems.length} problems`);
  }
  return { counts, problems };
}
