import type { Kind } from '../../compat-tests/peer/peer.ts';
import { loadAverage } from '../machine.ts';
import { type Side, startSide } from '../sides.ts';
import { type Spread, spread } from '../statistics.ts';
import { formatNumber } from '../table.ts';
import type { Options } from './options.ts';
import type { PageCache } from './page-cache.ts';
import { type Row, verdictOf } from './rows.ts';
import type { Figures, Floor, Part, Scenario } from './scenario.ts';

interface Run {
  readonly kind: Kind;
  readonly load: number;
  readonly figures: Figures;
}

/**
 * Runs one scenario: both brokers are up at the same time and are driven one after the other, pair after pair, the
 * order changing from pair to pair so that whatever drifts on the machine meets both. With `cache` a scenario that
 * writes much begins on a machine whose memory is all in use.
 */
export async function runScenario(
  scenario: Scenario,
  options: Options,
  cache: PageCache | undefined,
  say: (line: string) => void,
): Promise<Row[]> {
  say(`${scenario.name}: ${scenario.about}`);
  const runs = new Map<Part, Run[]>(scenario.parts.map((part) => [part, []]));
  const pairs = Array.from({ length: options.pairs }, (_, pair) => pair);
  for (const together of scenario.freshStores === true ? pairs.map((pair) => [pair]) : [pairs]) {
    const filled = scenario.usedMemory === true ? ((await cache?.fill()) ?? 0) : 0;
    if (filled > 0) say(`  filled ${formatNumber(filled / 1e6)} MB of free memory with page cache`);
    await withSides(scenario, options, async (sides) => {
      for (const [part, partRuns] of runs) {
        for (const pair of together) partRuns.push(...(await runPair(part, sides, pair, options, say)));
      }
    });
  }
  return [...runs].flatMap(([part, partRuns]) => rowsOf(part, partRuns));
}

async function withSides(
  scenario: Scenario,
  options: Options,
  work: (sides: readonly Side[]) => Promise<void>,
): Promise<void> {
  const sides: Side[] = [];
  try {
    for (const kind of options.kinds) sides.push(await startSide(kind, scenario.settings(kind)));
    for (const side of sides) await scenario.prepare?.(side, options);
    await work(sides);
  } finally {
    for (const side of sides) await side.end();
  }
}

async function runPair(
  part: Part,
  sides: readonly Side[],
  pair: number,
  options: Options,
  say: (line: string) => void,
): Promise<Run[]> {
  const runs: Run[] = [];
  for (const side of pair % 2 === 0 ? sides : sides.toReversed()) {
    const load = loadAverage();
    const figures = await part.measure(side, options);
    runs.push({ kind: side.kind, load, figures });
    const shown = Object.entries(figures).map(([name, value]) => `${name} ${formatNumber(value)}`);
    say(`  ${part.name}, ${side.kind} ${pair + 1}/${options.pairs}: ${shown.join(', ')}; load ${load.toFixed(1)}`);
  }
  return runs;
}

function rowsOf(part: Part, runs: readonly Run[]): Row[] {
  const loads = runs.map(({ load }) => load);
  const load = [Math.min(...loads), Math.max(...loads)] as const;
  return Object.keys(runs[0]?.figures ?? {}).map((figure) => {
    const ours = spreadOf(runs, 'wenchang', figure);
    const java = spreadOf(runs, 'java', figure);
    const ratio = ours === undefined || java === undefined || java.median === 0 ? undefined : ours.median / java.median;
    const floor = part.floors.find((one) => one.figure === figure);
    const isMet = floor === undefined || ratio === undefined ? undefined : isReached(floor, ratio);
    return {
      what: part.name,
      figure,
      ours,
      java,
      ratio,
      floor: floor === undefined ? '' : floorText(floor),
      verdict: verdictOf(isMet),
      load,
    };
  });
}

function spreadOf(runs: readonly Run[], kind: Kind, figure: string): Spread | undefined {
  const values = runs.filter((run) => run.kind === kind).map((run) => run.figures[figure] ?? Number.NaN);
  return values.length === 0 ? undefined : spread(values);
}

function isReached({ atLeast, atMost }: Floor, ratio: number): boolean {
  return (atLeast === undefined || ratio >= atLeast) && (atMost === undefined || ratio <= atMost);
}

function floorText({ atLeast, atMost }: Floor): string {
  return atLeast === undefined ? `≤ ${atMost} ×` : `≥ ${atLeast} ×`;
}
