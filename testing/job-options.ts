import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

/** What a long job is asked for: how many cases, and the seed that repeats them. */
export interface JobOptions {
  readonly count: number;
  readonly seed: number;
  /** The further options of this job that were given. */
  readonly texts: Readonly<Record<string, string | undefined>>;
}

/**
 * Reads `--count N --seed N` and the job's own `texts`, such as `program`, from the command line. Without a seed a
 * random one is taken. Throws an Error with the usage when a number is none or below `leastCount`.
 */
export function jobOptions(
  job: { readonly name: string; readonly fullCount: number; readonly leastCount?: number; readonly texts?: string[] },
  args = process.argv.slice(2),
): JobOptions {
  const { name, fullCount, leastCount = 1, texts = [] } = job;
  const text = { type: 'string' } as const;
  const known = Object.fromEntries(['count', 'seed', ...texts].map((option) => [option, text]));
  const { count: countText, seed: seedText, ...given } = parseArgs({ args, options: known }).values;
  const count = Number(countText ?? fullCount);
  const seed = Number(seedText ?? randomInt(SEEDS));
  if (!(count >= leastCount) || !Number.isSafeInteger(count) || !Number.isSafeInteger(seed)) {
    const further = texts.map((option) => ` [--${option} TEXT]`).join('');
    throw new Error(`usage: ${name} [--count N (at least ${leastCount})] [--seed N]${further}`);
  }
  return { count, seed, texts: given };
}

/** Leaves room in 31 bits for the seeds that a job derives by counting up. */
const SEEDS = 0x7fff0000;
