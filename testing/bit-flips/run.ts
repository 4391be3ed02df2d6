import { SeededRandom } from '../seeded-random.ts';
import { LargestAllocation } from './allocations.ts';
import { type CaseOutcome, runCase, type Times, timesOf } from './case.ts';
import { EXT_PART, type Flip, PARTS, type Part, pickFlip } from './flips.ts';
import { type Stop, sampleStore } from './sample-store.ts';

/** The sample has files of 4 KiB; a read of the log takes 2 MiB at most, whatever a length says. */
const MOST_BYTES_AT_ONCE = 4 << 20;
/** Time on the processor for one case; it needs about a hundredth. */
const MOST_CASE_MS = 5_000;
const MOST_PROBLEMS = 50;

export interface BitFlipOptions {
  readonly count: number;
  readonly seed: number;
  /** With extension files and bit maps. */
  readonly ext?: boolean;
  readonly say?: (line: string) => void;
}

export interface BitFlipReport {
  readonly seed: number;
  readonly cases: number;
  readonly seconds: number;
  readonly rows: ReadonlyMap<string, FlipRow>;
  readonly largestBytes: number;
  readonly slowestMs: number;
  readonly problems: readonly string[];
}

/** What became of the flips in one field. */
export interface FlipRow {
  flips: number;
  /** Recovery cut the log there. */
  cut: number;
  /** The record was served with the changed bit. */
  pull: number;
  query: number;
  view: number;
  /** Whole messages that no pull or no query found any more, in so many cases. */
  notPulled: number;
  notQueried: number;
  queueHurt: number;
  /** State files, by outcome. */
  readonly stateFile: Map<string, number>;
}

/** Changes `count` single bits, one at a time, in equal parts; every other one in what a kill left. */
export async function runBitFlips({ count, seed, ext = false, say }: BitFlipOptions): Promise<BitFlipReport> {
  const startMs = performance.now();
  const random = new SeededRandom(seed);
  const sample = await sampleStore(seed, ext);
  const times: Record<Stop, Times> = {
    clean: await timesOf(sample, 'clean'),
    crashed: await timesOf(sample, 'crashed'),
  };
  const rows = new Map<string, FlipRow>();
  const parts: readonly Part[] = ext ? [...PARTS, EXT_PART] : PARTS;
  const problems: string[] = [];
  const allocation = new LargestAllocation();
  let slowestMs = 0;
  let cases = 0;
  try {
    for (; cases < count && problems.length < MOST_PROBLEMS; cases++) {
      const part = parts[cases % parts.length] as Part;
      const stop = Math.floor(cases / parts.length) % 2 === 0 ? 'clean' : 'crashed';
      const flip = pickFlip(part, sample, sample.images[stop], random);
      const before = process.cpuUsage();
      const outcome = await outcomeOf(() => runCase(sample, stop, flip, times[stop]));
      const { user, system } = process.cpuUsage(before);
      const usedMs = (user + system) / 1000;
      slowestMs = Math.max(slowestMs, usedMs);
      const found = [...outcome.problems, ...excess(usedMs, allocation.takeBytes())];
      const where = `case ${cases}, ${stop}, bit ${flip.bit} of ${flip.path} (${flip.field})`;
      problems.push(...found.map((text) => `${where}: ${text}`));
      noteOutcome(rows, flip, outcome);
      if (cases > 0 && cases % 1_000 === 0) say?.(`${cases} bits, ${problems.length} problems`);
    }
  } finally {
    allocation.stop();
  }
  const seconds = (performance.now() - startMs) / 1000;
  return { ...{ seed, cases, seconds, rows, slowestMs, problems }, largestBytes: allocation.mostBytes };
}

function excess(usedMs: number, bytes: number): string[] {
  const found: string[] = [];
  if (usedMs > MOST_CASE_MS) found.push(`took ${usedMs.toFixed(0)} ms`);
  if (bytes > MOST_BYTES_AT_ONCE) found.push(`took ${bytes} bytes of memory at once`);
  return found;
}

/** What `npm run test:flips` prints. */
export function reportLines({ seed, cases, seconds, rows, ...report }: BitFlipReport): string[] {
  const head =
    'part, field: bits | log cut | served changed by pull, query, view | ' +
    'cases with messages not pulled, not queried, with a hurt queue';
  return [
    `seed ${seed}: ${cases} changed bits in ${seconds.toFixed(0)} s`,
    head,
    ...[...rows]
      .sort(([a], [b]) => order(a) - order(b) || a.localeCompare(b))
      .map(([name, row]) => {
        const { flips, cut, pull, query, view, notPulled, notQueried, queueHurt, stateFile } = row;
        const files = [...stateFile].map(([outcome, cases]) => `, ${outcome} ${cases}`).join('');
        const served = `${pull}, ${query}, ${view}`;
        return `${name}: ${flips} | ${cut} | ${served} | ${notPulled}, ${notQueried}, ${queueHurt}${files}`;
      }),
    `most memory taken at once: ${report.largestBytes} bytes; slowest case: ${report.slowestMs.toFixed(0)} ms of CPU`,
    ...report.problems.map((problem) => `PROBLEM ${problem}`),
  ];
}

function order(name: string): number {
  return PARTS.findIndex((part) => name.startsWith(part));
}

const FAILED: CaseOutcome = {
  ...{ problems: [], cut: false, notPulled: 0, notQueried: 0, queueHurt: false, stateFile: undefined },
  servedChanged: new Set(),
};

async function outcomeOf(run: () => Promise<CaseOutcome>): Promise<CaseOutcome> {
  try {
    return await run();
  } catch (error) {
    return { ...FAILED, problems: [error instanceof Error ? (error.stack ?? error.message) : String(error)] };
  }
}

function noteOutcome(rows: Map<string, FlipRow>, { part, field }: Flip, outcome: CaseOutcome): void {
  const name = `${part}, ${field}`;
  const none = { flips: 0, cut: 0, pull: 0, query: 0, view: 0, notPulled: 0, notQueried: 0, queueHurt: 0 };
  const row = rows.get(name) ?? { ...none, stateFile: new Map<string, number>() };
  rows.set(name, row);
  row.flips += 1;
  if (outcome.cut) row.cut += 1;
  for (const read of outcome.servedChanged) row[read] += 1;
  if (outcome.notPulled > 0) row.notPulled += 1;
  if (outcome.notQueried > 0) row.notQueried += 1;
  if (outcome.queueHurt) row.queueHurt += 1;
  if (outcome.stateFile !== undefined) {
    row.stateFile.set(outcome.stateFile, (row.stateFile.get(outcome.stateFile) ?? 0) + 1);
  }
}
