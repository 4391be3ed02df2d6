import { runSeries, type SeriesReport, type Writer } from './series.ts';

/** A whole run. */
export interface DoorOptions {
  /** Cycles of Java writes, ours writes; at least two. */
  readonly count: number;
  readonly seed: number;
  readonly say: (line: string) => void;
}

/** What both series did and found. */
export interface DoorReport {
  readonly problems: readonly string[];
  readonly series: readonly (readonly [string, SeriesReport])[];
}

const writers: readonly Writer[] = [{ kind: 'java' }, { kind: 'wenchang' }];

/**
 * Two directories at once, half of the cycles each: in series one (`safe`) all brokers run with messageIndexSafe=true
 * and must find every key of the log; in series two (`unsafe`) with false, and ours is compared with Java alone.
 */
export async function runDoor({ count, seed, say }: DoorOptions): Promise<DoorReport> {
  const half = Math.ceil(count / 2);
  const plans = [
    { name: 'safe', cycles: half, messageIndexSafe: true, seed },
    { name: 'unsafe', cycles: count - half, messageIndexSafe: false, seed: seed + 1 },
  ];
  const reports = await Promise.all(plans.map((plan) => runSeries({ ...plan, writers, say })));
  const series = plans.map(({ name }, index) => [name, reports[index] as SeriesReport] as const);
  const problems = series.flatMap(([name, report]) => report.problems.map((line) => `${name}: ${line}`));
  return { problems, series };
}

/** What a run tells at its end. */
export function reportLines({ problems, series }: DoorReport): string[] {
  const lines = series.map(([name, report]) => {
    const { turns, kills, acknowledged, records, files, keysAsked } = report;
    const { commitlog, consumequeue, index } = files;
    const parts = [
      `${turns} turns, ${kills} kills, ${acknowledged} acknowledged, ${records} records`,
      `files: ${commitlog} log, ${consumequeue} queue, ${index} index`,
      `${keysAsked} keys asked`,
    ];
    const { comparedWithJava, moreThanJava, refusedByJava } = report;
    if (comparedWithJava > 0) {
      parts.push(`beside Java alone after its kill ${comparedWithJava} keys, ours found more for ${moreThanJava}`);
    }
    if (refusedByJava > 0) parts.push(`Java alone could not open ${refusedByJava} directories it had left`);
    return `${name}: ${parts.join('; ')}`;
  });
  for (const [name, { keptDir }] of series) if (keptDir !== undefined) lines.push(`${name}: kept in ${keptDir}`);
  return [...lines, ...problems.map((problem) => `FAIL ${problem}`)];
}
