import type { Clock, Timer } from '../src/util/clock.ts';

/**
 * A clock that only moves when told. Timers fire in the order of their times, those of one time in the order in which
 * they were set; tasks of {@link atTurnEnd} run in {@link endTurn} and before every step of {@link advance}.
 */
export class FakeClock implements Clock {
  #nowMs: number;
  #monotonicMs = 0;
  #sequence = 0;
  #timers: Pending[] = [];
  #turnEnd: (() => void)[] = [];

  constructor(nowMs = 1_800_000_000_000) {
    this.#nowMs = nowMs;
  }

  now(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  setTimeout(task: () => void, delayMs: number): Timer {
    return this.#add(task, delayMs, undefined);
  }

  setInterval(task: () => void, periodMs: number): Timer {
    return this.#add(task, periodMs, Math.max(1, periodMs));
  }

  atTurnEnd(task: () => void): void {
    this.#turnEnd.push(task);
  }

  /** Timers that have not fired and were not cancelled. */
  get pendingTimers(): number {
    return this.#timers.length;
  }

  /** Runs what waits for the end of the turn, also what that adds. */
  endTurn(): void {
    for (let rounds = 0; this.#turnEnd.length > 0; rounds += 1) {
      if (rounds > MAX_ROUNDS) throw new Error('atTurnEnd tasks add each other without end');
      const tasks = this.#turnEnd;
      this.#turnEnd = [];
      for (const task of tasks) task();
    }
  }

  /** Moves both clocks on and fires what falls due, each timer at its own time. */
  advance(byMs: number): void {
    const target = this.#monotonicMs + byMs;
    for (;;) {
      this.endTurn();
      const next = this.#earliest(target);
      if (next === undefined) break;
      this.#moveTo(next.dueMs);
      if (next.periodMs === undefined) this.#remove(next);
      else {
        next.dueMs += next.periodMs;
        next.sequence = this.#nextSequence();
      }
      next.task();
    }
    this.#moveTo(target);
    this.endTurn();
  }

  /** As {@link advance} in steps of `stepMs`, letting promises settle after each. */
  async advanceAsync(byMs: number, stepMs = byMs): Promise<void> {
    for (let left = byMs; left > 0; left -= stepMs) {
      this.advance(Math.min(stepMs, left));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Sets the wall clock as an operator would; timers do not notice. */
  setWallClock(nowMs: number): void {
    this.#nowMs = nowMs;
  }

  #add(task: () => void, delayMs: number, periodMs: number | undefined): Timer {
    const dueMs = this.#monotonicMs + Math.max(0, delayMs);
    const timer: Pending = { task, dueMs, periodMs, sequence: this.#nextSequence() };
    this.#timers.push(timer);
    return { cancel: () => this.#remove(timer) };
  }

  #nextSequence(): number {
    this.#sequence += 1;
    return this.#sequence;
  }

  #remove(timer: Pending): void {
    const at = this.#timers.indexOf(timer);
    if (at >= 0) this.#timers.splice(at, 1);
  }

  #earliest(untilMs: number): Pending | undefined {
    let best: Pending | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs > untilMs) continue;
      if (best === undefined || timer.dueMs < best.dueMs) best = timer;
      else if (timer.dueMs === best.dueMs && timer.sequence < best.sequence) best = timer;
    }
    return best;
  }

  #moveTo(monotonicMs: number): void {
    this.#nowMs += monotonicMs - this.#monotonicMs;
    this.#monotonicMs = monotonicMs;
  }
}

const MAX_ROUNDS = 10_000;

interface Pending {
  readonly task: () => void;
  dueMs: number;
  readonly periodMs: number | undefined;
  sequence: number;
}
