import { describe, expect, it } from 'vitest';
import { MemFs } from '../../testing/mem-fs.ts';
import { bodyOf, openTestStore, put, splitRecords } from '../../testing/store-fixture.ts';
import type { DueMessages } from './schedule-queues.ts';

/** Bodies of what is due, or undefined when nothing is at the offset. */
async function bodies(due: DueMessages | undefined): Promise<string[] | undefined> {
  return due === undefined ? undefined : splitRecords(await due.records).map(bodyOf);
}

describe('the queues of delayed messages', () => {
  it.each([false, true])('tell what is due and when the next is, extension %s', async (enableConsumeQueueExt) => {
    const { store, clock } = openTestStore(new MemFs(), '/store', { changes: { enableConsumeQueueExt } });
    expect(store.scheduled.due(1, 0, clock.now())).toBeUndefined();
    put(store, { body: 'a', properties: { DELAY: '1' } });
    clock.advance(300);
    put(store, { body: 'b', properties: { DELAY: '1' } });
    clock.advance(699);
    const before = store.scheduled.due(1, 0, clock.now());
    expect([await bodies(before), before?.nextOffset, before?.nextDueMs]).toEqual([[], 0, clock.now() + 1]);
    clock.advance(1);
    const now = store.scheduled.due(1, 0, clock.now());
    expect([await bodies(now), now?.nextOffset, now?.nextDueMs]).toEqual([['a'], 1, clock.now() + 300]);
    expect([store.scheduled.minOffset(1), store.scheduled.maxOffset(1)]).toEqual([0, 2]);
  });

  it('take an entry as due that lies further ahead than any message stored now', async () => {
    const { store, clock } = openTestStore(new MemFs(), '/store');
    put(store, { body: 'a', properties: { DELAY: '3' } });
    clock.endTurn();
    expect(await bodies(store.scheduled.due(3, 0, clock.now()))).toEqual([]);
    clock.setWallClock(clock.now() - 1);
    expect(await bodies(store.scheduled.due(3, 0, clock.now()))).toEqual(['a']);
  });

  it.each([12, 16])('take the time from the record when a power loss took it from byte %i on', async (from) => {
    const fs = new MemFs();
    const { store, clock } = openTestStore(fs, '/store');
    put(store, { body: 'a', properties: { DELAY: '4' } });
    clock.endTurn();
    await store.shutdown();
    const entry = fs.open(`/store/consumequeue/SCHEDULE_TOPIC_XXXX/3/${'0'.repeat(20)}`, 'update');
    entry.pwrite(Buffer.alloc(20 - from), 0, 20 - from, from);
    const again = openTestStore(fs, '/store', { clock }).store;
    expect(again.scheduled.due(4, 0, clock.now())).toMatchObject({ nextOffset: 0, nextDueMs: clock.now() + 30_000 });
  });

  it('give a share of a turn', async () => {
    const { store, clock } = openTestStore(new MemFs(), '/store', { changes: { mappedFileSizeConsumeQueue: 20_000 } });
    for (let at = 0; at < 300; at++) put(store, { body: `${at}`, properties: { DELAY: '1' } });
    clock.advance(1000);
    const due = store.scheduled.due(1, 0, clock.now());
    expect(due?.nextOffset).toBe(128);
    expect((await bodies(due))?.at(-1)).toBe('127');
    const rest = store.scheduled.due(1, 256, clock.now());
    expect([rest?.nextOffset, (await bodies(rest))?.at(-1)]).toEqual([300, '299']);
  });
});
