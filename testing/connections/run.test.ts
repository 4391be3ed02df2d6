import { describe, expect, it } from 'vitest';
import type { ServerCounts } from './counted-servers.ts';
import { leaks } from './run.ts';

const counts = { descriptors: 37, timers: 20, connections: 6, heapBytes: 14e6, rssBytes: 100e6 };
const found = (...more: Partial<ServerCounts>[]): string[] => {
  return leaks({ visits: 1, messages: 1, counts: more.map((each) => ({ ...counts, ...each })) });
};

describe('the comparison of counts', () => {
  it('is silent when descriptors, timers and connections are as they were', () => {
    expect(found({}, { heapBytes: 15e6 }, { rssBytes: 90e6 })).toEqual([]);
    expect(found({}, { timers: 25 }, {})).toEqual([]);
  });

  it('names what is more or less than after the first round', () => {
    expect(found({}, { descriptors: 38 })).toEqual(['descriptors: 37, then 38']);
    expect(found({}, { timers: 19, connections: 7 })).toEqual(['timers: 20, then 19', 'connections: 6, then 7']);
    expect(leaks({ visits: 0, messages: 0, counts: [] })).toEqual(['nothing was counted']);
  });
});
