import { RequestError } from '../../codec/response-codes.ts';
import type { Clock } from '../../util/clock.ts';

/** Queues that are looked at before others get their turn: each may cost some reads of the disk. */
const QUEUES_PER_TURN = 256;
/** Queues in one answer: about as many as fit into a frame that official clients take, 16 MiB. */
const MOST_QUEUES_TOLD = 100_000;

/** The pace of a look at many queues: sends and pulls do not wait for it, and no answer is too long for a frame. */
export class Turns {
  readonly #clock: Clock;
  #queues = 0;
  #sinceTurn = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** After each so many queues. @throws RequestError when the answer would become too long. */
  async took(queues: number): Promise<void> {
    this.#queues += queues;
    this.#sinceTurn += queues;
    if (this.#queues > MOST_QUEUES_TOLD) {
      throw new RequestError('SYSTEM_ERROR', `more than ${MOST_QUEUES_TOLD} queues of groups: ask for single groups`);
    }
    if (this.#sinceTurn < QUEUES_PER_TURN) return;
    this.#sinceTurn = 0;
    await new Promise<void>((resolve) => this.#clock.atTurnEnd(resolve));
  }
}
