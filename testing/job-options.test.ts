import { describe, expect, it } from 'vitest';
import { jobOptions } from './job-options.ts';

const job = { name: 'test:job', fullCount: 500, leastCount: 2, texts: ['program'] };

describe('jobOptions', () => {
  it('runs the full count with a random seed', () => {
    const { count, seed, texts } = jobOptions(job, []);
    expect(count).toBe(500);
    expect(Number.isSafeInteger(seed) && seed >= 0).toBe(true);
    expect(texts['program']).toBeUndefined();
  });

  it('takes what was given', () => {
    const { count, seed, texts } = jobOptions(job, ['--count', '2', '--seed=-7', '--program', 'FILE']);
    expect({ count, seed, program: texts['program'] }).toEqual({ count: 2, seed: -7, program: 'FILE' });
  });

  it.each([
    ['--count', '1'],
    ['--count', '2.5'],
    ['--count', 'many'],
    ['--seed', '1e300'],
    ['--seed', 'x'],
  ])('refuses %s %s', (option, value) => {
    expect(() => jobOptions(job, [option, value])).toThrow('usage: test:job [--count N (at least 2)] [--seed N]');
  });

  it('refuses an option that the job does not have', () => {
    expect(() => jobOptions({ ...job, texts: [] }, ['--program', 'FILE'])).toThrow('program');
  });
});
