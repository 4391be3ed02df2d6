import { parseArgs } from 'node:util';
import type { Kind } from '../../compat-tests/peer/peer.ts';
import type { Times } from './scenario.ts';

export interface Options extends Times {
  readonly only: readonly string[];
  readonly kinds: readonly Kind[];
  readonly pairs: number;
  readonly idleMs: number;
  readonly soakMs: number;
  readonly starts: number;
  /** Free memory stays free before scenarios that write much, instead of being filled with page cache. */
  readonly cold: boolean;
}

/** The text for who asked wrongly. */
export function usage(names: readonly string[]): string {
  return `usage: npm run bench:java -- [OPTIONS]
  --only NAMES      comma list of ${names.join(', ')}; default all
  --side SIDE       drive only java or wenchang
  --pairs N         alternating pairs (3)
  --warmup S        seconds before each measurement (20)
  --seconds S       seconds of each measurement (20)
  --half MINUTES    at half of the capacity (10)
  --backlog N       messages of the catch-up (1000000)
  --idle S          seconds of doing nothing before the idle memory is read (60)
  --soak MINUTES    of memory under load (10)
  --starts N        starts until the first message is taken (10)
  --cold            do not fill free memory with page cache before 16k
`;
}

/** Reads the command line. Throws with one line when it is not understood. */
export function readOptions(args: readonly string[], names: readonly string[]): Options {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: text,
      side: text,
      pairs: text,
      warmup: text,
      seconds: text,
      half: text,
      backlog: text,
      idle: text,
      soak: text,
      starts: text,
      cold: { type: 'boolean', default: false },
    },
  });
  const only = values.only?.split(',') ?? names;
  const unknown = only.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`--only ${unknown}: not one of ${names.join(', ')}`);
  const { side } = values;
  if (side !== undefined && side !== 'java' && side !== 'wenchang') throw new Error(`--side ${side}: no such side`);
  return {
    only,
    kinds: side === undefined ? ['wenchang', 'java'] : [side],
    pairs: count('pairs', values.pairs, 3, 100),
    warmupMs: amount('warmup', values.warmup, 20, 3_600) * 1_000,
    measuredMs: amount('seconds', values.seconds, 20, 3_600) * 1_000,
    halfMs: amount('half', values.half, 10, 1_440) * 60_000,
    backlog: count('backlog', values.backlog, 1_000_000, 100_000_000),
    idleMs: amount('idle', values.idle, 60, 3_600) * 1_000,
    soakMs: amount('soak', values.soak, 10, 1_440) * 60_000,
    starts: count('starts', values.starts, 10, 1_000),
    cold: values.cold,
  };
}

function count(name: string, given: string | undefined, otherwise: number, most: number): number {
  const value = amount(name, given, otherwise, most);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} ${given}: a whole number from 1 on`);
  return value;
}

function amount(name: string, given: string | undefined, otherwise: number, most: number): number {
  const value = given === undefined ? otherwise : Number(given);
  if (given === '' || !(value >= 0 && value <= most)) throw new Error(`--${name} ${given}: 0 to ${most}`);
  return value;
}
