import type { Clock, Timer } from '../../src/util/clock.ts';

/** The clock of one life of a process: when that is killed, none of its tasks runs any more. */
export class MortalClock implements Clock {
  readonly #clock: Clock;
  #isDead = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  kill(): void {
    this.#isDead = true;
  }

  now(): number {
    return this.#clock.now();
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  setTimeout(task: () => void, delayMs: number): Timer {
    return this.#clock.setTimeout(this.#whileAlive(task), delayMs);
  }

  setInterval(task: () => void, periodMs: number): Timer {
    const timer = this.#clock.setInterval(() => (this.#isDead ? timer.cancel() : task()), periodMs);
    return timer;
  }

  atTurnEnd(task: () => void): void {
    this.#clock.atTurnEnd(this.#whileAlive(task));
  }

  #whileAlive(task: () => void): () => void {
    return () => {
      if (!this.#isDead) task();
    };
  }
}
