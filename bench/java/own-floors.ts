import { loadAverage } from '../machine.ts';
import { type Spread, spread } from '../statistics.ts';
import type { Options } from './options.ts';
import { measureFirstSend, measureIdle, measureSoak } from './our-process.ts';
import { type Row, verdictOf } from './rows.ts';

/** Names of what is measured on ours alone, for --only. */
export const ownNames = ['start', 'idle', 'soak'] as const;

type OwnName = (typeof ownNames)[number];

const most = { firstSendMs: 1_000, idleMb: 120, loadedMb: 350, growth: 1.05 } as const;

/** Measures one thing that has a floor of its own instead of a ratio to Java. */
export async function measureOurs(name: OwnName, options: Options, say: (line: string) => void): Promise<Row[]> {
  switch (name) {
    case 'start':
      say(`start: from the exec of node to the first message taken, ${options.starts} times`);
      return [ownRow('first message taken', 'ms', await measureFirstSend(options.starts), most.firstSendMs)];
    case 'idle':
      say(`idle: memory of npm start's process after ${options.idleMs / 1_000} s`);
      return [ownRow('npm start, idle', 'RSS MB', spread([await measureIdle(options.idleMs)]), most.idleMb)];
    case 'soak': {
      say(`soak: memory of npm start's process, stock producer, 64 threads, ${options.soakMs / 60_000} minutes`);
      const soak = await measureSoak(options.soakMs);
      const what = 'npm start under load';
      return [
        ownRow(what, 'highest RSS MB', spread([soak.highestMb]), most.loadedMb),
        ownRow(what, 'RSS MB, 30–50 %', spread([soak.earlyMb]), undefined),
        ownRow(what, 'RSS MB, 80–100 %', spread([soak.lateMb]), soak.earlyMb * most.growth),
        ownRow(what, 'tps', spread([soak.tps]), undefined),
      ];
    }
  }
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
