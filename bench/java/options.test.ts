import { describe, expect, it } from 'vitest';
import { readOptions } from './options.ts';

const names = ['stock', 'soak'];

describe('readOptions', () => {
  it('measures everything in full without arguments', () => {
    expect(readOptions([], names)).toEqual({
      only: names,
      kinds: ['wenchang', 'java'],
      pairs: 3,
      warmupMs: 20_000,
      measuredMs: 20_000,
      halfMs: 600_000,
      backlog: 1_000_000,
      idleMs: 60_000,
      soakMs: 600_000,
      starts: 10,
      cold: false,
    });
  });

  it('takes what it is given', () => {
    const options = readOptions(
      ['--only', 'soak', '--soak', '0.5', '--side', 'java', '--warmup', '0', '--cold'],
      names,
    );
    expect(options).toMatchObject({ only: ['soak'], soakMs: 30_000, kinds: ['java'], warmupMs: 0, cold: true });
  });

  it.each([
    [['--only', 'stocks'], '--only stocks: not one of stock, soak'],
    [['--side', 'go'], '--side go: no such side'],
    [['--pairs', '0'], '--pairs 0: a whole number from 1 on'],
    [['--seconds', 'ten'], '--seconds ten: 0 to 3600'],
    [['--colour'], "Unknown option '--colour'"],
  ])('refuses %j', (args, text) => {
    expect(() => readOptions(args, names)).toThrow(text);
  });
});
