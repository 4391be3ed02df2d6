import { expect, it } from 'vitest';
import { FakeClock } from './fake-clock.ts';

it('fires timers in the order of their times, each at its own time', () => {
  const clock = new FakeClock(1_000);
  const seen: string[] = [];
  clock.setTimeout(() => seen.push(`b${clock.now()}`), 20);
  clock.setTimeout(() => seen.push(`a${clock.now()}`), 10);
  clock.setInterval(() => seen.push(`i${clock.now()}`), 15);
  const never = clock.setTimeout(() => seen.push('never'), 5);
  never.cancel();
  clock.advance(30);
  expect(seen).toEqual(['a1010', 'i1015', 'b1020', 'i1030']);
  expect(clock.now()).toBe(1_030);
  expect(clock.monotonicMs()).toBe(30);
  expect(clock.pendingTimers).toBe(1);
});

it('runs the end of a turn before time moves', () => {
  const clock = new FakeClock(0);
  const seen: number[] = [];
  clock.atTurnEnd(() => clock.atTurnEnd(() => seen.push(clock.now())));
  clock.advance(5);
  expect(seen).toEqual([0]);
});

it('lets promises settle between steps', async () => {
  const clock = new FakeClock(0);
  const waited = new Promise<void>((resolve) => {
    clock.setTimeout(resolve, 10);
  }).then(() => clock.setTimeout(() => undefined, 1));
  await clock.advanceAsync(20, 10);
  await waited;
  expect(clock.pendingTimers).toBe(0);
});
