import { loadAverage } from '../machine.ts';
import { type Spread, spread } from '../statistics.ts';
import type { Options } from './options.ts';
import { measureFirstSend, measureIdle, measureSoak } from './our-process.ts';
import { type Row, verdictOf } from './rows.ts';

/** Names of what is measured on ours alone, for --only. */
export const ownNames = ['start', 'idle', 'soak'] as const;

const most = { firstSendMs: 1_000, idleMb: 120, loadedMb: 350, growth: 1.05 } as const;

/** Measures what has a floor of its own instead of a ratio to Java: start, memory idle and under load. */
export async function measureOurs(options: Options, say: (line: string) => void): Promise<Row[]> {
  const rows: Row[] = [];
  const wants = (name: (typeof ownNames)[number]): boolean => options.only.includes(name);
  if (wants('start')) {
    say(`start: from the exec of node to the first message taken, ${options.starts} times`);
    rows.push(ownRow('first message taken', 'ms', await measureFirstSend(options.starts), most.firstSendMs));
  }
  if (wants('idle')) {
    say(`idle: memory of npm start's process after ${options.idleMs / 1_000} s`);
    rows.push(ownRow('npm start, idle', 'RSS MB', spread([await measureIdle(options.idleMs)]), most.idleMb));
  }
  if (wants('soak')) {
    say(`soak: memory of npm start's process, stock producer, 64 threads, ${options.soakMs / 60_000} minutes`);
    const soak = await measureSoak(options.soakMs);
    const what = 'npm start under load';
    rows.push(ownRow(what, 'highest RSS MB', spread([soak.highestMb]), most.loadedMb));
    rows.push(ownRow(what, 'RSS MB, 30–50 %', spread([soak.earlyMb]), undefined));
    rows.push(ownRow(what, 'RSS MB, 80–100 %', spread([soak.lateMb]), soak.earlyMb * most.growth));
    rows.push(ownRow(what, 'tps', spread([soak.tps]), undefined));
  }
  return rows;
}

function ownRow(what: string, figure: string, ours: Spread, atMost: number | undefined): Row {
  const load = loadAverage();
  return {
    what,
    figure,
    ours,
    java: undefined,
    ratio: undefined,
    floor: atMost === undefined ? '' : `≤ ${atMost.toFixed(0)}`,
    verdict: verdictOf(atMost === undefined ? undefined : ours.median <= atMost),
    load: [load, load],
  };
}
