import type { Clock } from '../util/clock.ts';

/** The waits of work in the background: all of them end at once when the store stops. */
export class Pacer {
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();
  #stopped = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** True from {@link stop} on: who has waited looks at it before going on. */
  hasStopped(): boolean {
    return this.#stopped;
  }

  /** Waits `delayMs`; not at all for 0 or less. */
  async pause(delayMs: number): Promise<void> {
    if (delayMs <= 0) return;
    let cancel = (): void => {};
    await this.#wait((done) => {
      const timer = this.#clock.setTimeout(done, delayMs);
      cancel = () => timer.cancel();
    });
    cancel();
  }

  /** Gives way to everything else of this turn. */
  async giveWay(): Promise<void> {
    await this.#wait((done) => this.#clock.atTurnEnd(done));
  }

  stop(): void {
    this.#stopped = true;
    for (const done of [...this.#waiting]) done();
  }

  #wait(begin: (done: () => void) => void): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done);
        resolve();
      };
      this.#waiting.add(done);
      begin(done);
    });
  }
}
