import { describe, expect, it } from 'vitest';
import { leaks, runConnections } from '../testing/connections/run.ts';

/** The short form of `npm run test:connections`. */
const seed = 460;
const say = (line: string): void => console.log(line);

describe.skipIf(process.platform !== 'linux')('connections that are opened, asked and closed', () => {
  it('leave no descriptor, no timer and nothing in a table', async () => {
    const report = await runConnections({
      ...{ roundVisits: 250, rounds: 1, perSecond: 50, seed, settleLimitMs: 60_000, say },
    });
    expect(leaks(report)).toEqual([]);
    expect(report.visits).toBe(500);
    expect(report.messages).toBeGreaterThan(20);
  });

  it('the planted leaks are found: a descriptor, a timer, a connection that is never forgotten', async () => {
    // Longer than the 5 s between two scans of held pulls: before one, they hide what else is held.
    const report = await runConnections({
      ...{ roundVisits: 60, rounds: 1, perSecond: 50, seed, settleLimitMs: 9_000, withLeaks: true, say: () => {} },
    });
    expect(leaks(report).map((line) => line.split(':')[0])).toEqual(['descriptors', 'timers', 'connections']);
  });
});
