import { expect, it } from 'vitest';
import { FakeClock } from '../../testing/fake-clock.ts';
import { Pacer } from './pacer.ts';

it('pauses, gives way, and ends all waits when it is stopped', async () => {
  const clock = new FakeClock();
  const pacer = new Pacer(clock);
  const ended: string[] = [];
  const note = (what: string, wait: Promise<void>): Promise<void> => wait.then(() => void ended.push(what));
  await pacer.pause(0);
  await Promise.all([note('turn', pacer.giveWay()), Promise.resolve().then(() => clock.endTurn())]);
  const waits = [note('short', pacer.pause(10)), note('long', pacer.pause(1000)), note('turn', pacer.giveWay())];
  await clock.advanceAsync(10);
  expect(ended).toEqual(['turn', 'turn', 'short']);
  pacer.stop();
  await Promise.all([...waits, pacer.pause(1000), pacer.giveWay()]);
  expect([ended.at(-1), pacer.hasStopped(), clock.pendingTimers]).toEqual(['long', true, 0]);
});
