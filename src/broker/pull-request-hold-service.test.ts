import { describe, expect, it } from 'vitest';
import { testConnection, testWorld } from '../../testing/broker-fixture.ts';
import { javaStringHash } from '../util/java-hash.ts';
import { tagFilter } from './filter/tag-filter.ts';
import { type HeldPull, PullRequestHoldService } from './pull-request-hold-service.ts';

function setUp(limit = 100) {
  const settings = { longPollingEnable: true, shortPollingTimeMills: 1000 };
  const { clock } = testWorld();
  const ends = new Map<number, number>();
  const holds = new PullRequestHoldService({
    clock,
    limit,
    maxOffset: (_topic, queueId) => ends.get(queueId) ?? 0,
    settings,
  });
  const woken: string[] = [];
  const pull = (name: string, more: Partial<HeldPull> = {}): HeldPull => ({
    connection: testConnection(),
    topic: 'T',
    queueId: 0,
    offset: 5,
    suspendedAtMs: clock.now(),
    timeoutMs: 15_000,
    filter: undefined,
    rerun: () => woken.push(name),
    refuse: () => woken.push(`${name} refused`),
    ...more,
  });
  return { clock, holds, ends, woken, pull };
}

/** No filter here looks into a record. */
const NO_RECORDS = { passes: () => false };

describe('PullRequestHoldService', () => {
  it('wakes nobody while it stops, and refuses what it holds at the end', () => {
    const { clock, holds, woken, pull } = setUp();
    const gone = testConnection();
    holds.suspend(pull('woken'));
    holds.arriving('T', 0, 6, 0, 0, 0, NO_RECORDS, 0);
    holds.suspend(pull('held', { queueId: 1 }));
    holds.suspend(pull('gone', { connection: gone }));
    gone.destroy('closed by peer');
    holds.shutdown();
    expect(holds.suspend(pull('late'))).toBe(true);
    holds.arriving('T', 1, 6, 0, 0, 0, NO_RECORDS, 0);
    clock.endTurn();
    clock.advance(60_000);
    expect(woken).toEqual([]);
    holds.refuseAll();
    expect(woken.sort()).toEqual(['held refused', 'late refused', 'woken refused']);
    expect(holds.count).toBe(0);
    holds.refuseAll();
    expect(woken).toHaveLength(3);
  });

  it('wakes a pull when a message at its offset arrives, at the end of the turn', () => {
    const { clock, holds, woken, pull } = setUp();
    holds.suspend(pull('a'));
    holds.arriving('T', 0, 5, 0, 0, 0, NO_RECORDS, 0);
    holds.arriving('T', 1, 6, 0, 0, 0, NO_RECORDS, 0);
    holds.arriving('U', 0, 6, 0, 0, 0, NO_RECORDS, 0);
    expect(holds.count).toBe(1);
    holds.arriving('T', 0, 6, 0, 0, 0, NO_RECORDS, 0);
    expect([holds.count, woken]).toEqual([0, []]);
    clock.endTurn();
    expect(woken).toEqual(['a']);
  });

  it('leaves a pull alone whose filter does not match, until its time is over', () => {
    const { clock, holds, woken, pull } = setUp();
    const filter = tagFilter([javaStringHash('TagA'), javaStringHash('TagB')]);
    holds.suspend(pull('a', { filter, timeoutMs: 1000 }));
    holds.arriving('T', 0, 6, 0, javaStringHash('TagC'), 0, NO_RECORDS, 0);
    expect(holds.count).toBe(1);
    clock.advance(1000);
    holds.arriving('T', 0, 7, 0, javaStringHash('TagC'), 0, NO_RECORDS, 0);
    clock.endTurn();
    expect(woken).toEqual(['a']);
    holds.suspend(pull('b', { filter }));
    holds.arriving('T', 0, 6, 0, javaStringHash('TagB'), 0, NO_RECORDS, 0);
    clock.endTurn();
    expect(woken).toEqual(['a', 'b']);
  });

  it('answers by time only in the scan every five seconds', () => {
    const { clock, holds, woken, pull } = setUp();
    holds.start();
    holds.suspend(pull('a', { timeoutMs: 3000 }));
    holds.suspend(pull('b', { timeoutMs: 6000 }));
    clock.advance(4999);
    clock.endTurn();
    expect(woken).toEqual([]);
    clock.advance(1);
    clock.endTurn();
    expect(woken).toEqual(['a']);
    clock.advance(5000);
    clock.endTurn();
    expect(woken).toEqual(['a', 'b']);
  });

  it('wakes whatever the tag in the scan when the queue has grown', () => {
    const { holds, clock, ends, woken, pull } = setUp();
    holds.suspend(pull('a', { filter: tagFilter([1]) }));
    ends.set(0, 6);
    holds.scan();
    clock.endTurn();
    expect(woken).toEqual(['a']);
  });

  it('holds no more than its limit, drops closed connections, and wakes many over several turns', () => {
    const { clock, holds, woken, pull } = setUp(600);
    for (let n = 0; n < 600; n++) expect(holds.suspend(pull(String(n)))).toBe(true);
    expect(holds.suspend(pull('one too many'))).toBe(false);
    const turns: number[] = [];
    const atTurnEnd = clock.atTurnEnd.bind(clock);
    clock.atTurnEnd = (task) =>
      atTurnEnd(() => {
        task();
        turns.push(woken.length);
      });
    holds.arriving('T', 0, 6, 0, 0, 0, NO_RECORDS, 0);
    clock.endTurn();
    expect(turns).toEqual([256, 512, 600]);
    const gone = pull('gone');
    holds.suspend(gone);
    gone.connection.destroy('test');
    holds.scan();
    clock.endTurn();
    expect([holds.count, woken.includes('gone')]).toEqual([0, false]);
  });
});
