import { describe, expect, it } from 'vitest';
import { growthProblems } from './run.ts';

const before = { heapUsed: 100, heapTotal: 300, external: 50, rss: 1000 };

describe('growth of the server', () => {
  it.each([
    [{}, 0],
    [{ heapUsed: 110, rss: 1100 }, 0],
    [{ heapUsed: 50, rss: 500, heapTotal: 900 }, 0],
    [{ heapUsed: 111 }, 1],
    [{ rss: 1101 }, 1],
    [{ heapUsed: 200, rss: 2000 }, 2],
  ])('%j gives %i problems', (change, problems) => {
    expect(growthProblems(before, { ...before, ...change })).toHaveLength(problems);
  });
});
