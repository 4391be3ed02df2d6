import type { Clock } from '../util/clock.ts';

/** Lines per second about peers that send nonsense. */
export const PEER_LINES_PER_SECOND = 10;

/** Lets through so many log lines per second, so that a flood of bad requests does not become a flood of lines. */
export class LogLimit {
  readonly #clock: Clock;
  readonly #perSecond: number;
  #windowStartMs = Number.NEGATIVE_INFINITY;
  #count = 0;

  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock;
    this.#perSecond = perSecond;
  }

  /** True when one more line may be written now. */
  allows(): boolean {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#windowStartMs >= 1000) {
      this.#windowStartMs = nowMs;
      this.#count = 0;
    }
    this.#count += 1;
    return this.#count <= this.#perSecond;
  }
}
