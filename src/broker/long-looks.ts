import { RequestError } from '../codec/response-codes.ts';
import type { Clock } from '../util/clock.ts';

/** Queues that are looked at before others get their turn: each may cost some reads of the disk. */
const QUEUES_PER_TURN = 256;
/** Queues in one answer: about as many as fit into a frame that official clients take, 16 MiB. */
const MOST_QUEUES_TOLD = 100_000;
/** Looks that wait for the one at work; each holds the rows of its first turn. */
const MOST_WAITING = 64;

/** Counts what a look has seen. */
export interface Look {
  /** After each so many queues. @throws RequestError when the answer would become too long, or too many looks wait. */
  took(queues: number): Promise<void>;
}

/**
 * The looks at many queues that administrators ask for. A short one is over in its first turn. Of the long ones only
 * one is at work, so that their tables do not add up, and in turns, so that sends and pulls do not wait for it.
 */
export class LongLooks {
  readonly #clock: Clock;
  readonly #waiting: (() => void)[] = [];
  #isBusy = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs `work`, which tells its look what it took; gives back what it resolves with, or rejects as it does. */
  async run<T>(work: (look: Look) => Promise<T>): Promise<T> {
    const pace = { told: 0, sinceTurn: 0, isLong: false };
    const took = async (queues: number): Promise<void> => {
      pace.told += queues;
      pace.sinceTurn += queues;
      if (pace.told > MOST_QUEUES_TOLD) {
        throw new RequestError('SYSTEM_ERROR', `more than ${MOST_QUEUES_TOLD} queues of groups: ask for single groups`);
      }
      if (pace.sinceTurn < QUEUES_PER_TURN) return;
      pace.sinceTurn = 0;
      if (!pace.isLong) await this.#enter();
      pace.isLong = true;
      await new Promise<void>((resolve) => this.#clock.atTurnEnd(resolve));
    };
    try {
      return await work({ took });
    } finally {
      if (pace.isLong) this.#leave();
    }
  }

  async #enter(): Promise<void> {
    if (!this.#isBusy) {
      this.#isBusy = true;
      return;
    }
    if (this.#waiting.length >= MOST_WAITING) {
      throw new RequestError('SYSTEM_BUSY', `${MOST_WAITING} looks at many queues wait already: ask again later`);
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** The next one goes on, if any. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#isBusy = false;
    else next();
  }
}
