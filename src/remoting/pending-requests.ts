import type { Clock, Timer } from '../util/clock.ts';
import { type Answer, RemotingError } from './reply.ts';

interface Pending {
  readonly settle: (answer: Answer) => void;
  readonly fail: (error: RemotingError) => void;
  readonly timeoutMs: number;
  readonly deadlineMs: number;
}

/**
 * Requests of ours on one connection that wait for their answer, by our opaque. One timer for all of them, set to the
 * earliest deadline. Java: NettyRemotingAbstract#responseTable, #scanResponseTable.
 */
export class PendingRequests {
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #peer: string;
  readonly #waiting = new Map<number, Pending>();
  #timer: Timer | undefined;
  #timerAtMs = 0;

  constructor(clock: Clock, limit: number, peer: string) {
    this.#clock = clock;
    this.#limit = limit;
    this.#peer = peer;
  }

  get size(): number {
    return this.#waiting.size;
  }

  get isFull(): boolean {
    return this.#waiting.size >= this.#limit;
  }

  /** Waits for the answer to `opaque`; rejects with {@link RemotingError}. Check {@link isFull} first. */
  add(opaque: number, timeoutMs: number): Promise<Answer> {
    const deadlineMs = this.#clock.monotonicMs() + timeoutMs;
    const answered = new Promise<Answer>((settle, fail) => {
      this.#waiting.set(opaque, { settle, fail, timeoutMs, deadlineMs });
    });
    this.#armFor(deadlineMs);
    return answered;
  }

  /** True when somebody waited for this answer. */
  settle(opaque: number, answer: Answer): boolean {
    const pending = this.#waiting.get(opaque);
    if (pending === undefined) return false;
    this.#waiting.delete(opaque);
    if (this.#waiting.size === 0) this.#disarm();
    pending.settle(answer);
    return true;
  }

  /** The connection is gone: nobody will be answered. */
  failAll(reason: string): void {
    this.#disarm();
    const all = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const pending of all) pending.fail(new RemotingError('closed', `channel <${this.#peer}> closed: ${reason}`));
  }

  #armFor(deadlineMs: number): void {
    if (this.#timer !== undefined && this.#timerAtMs <= deadlineMs) return;
    this.#disarm();
    this.#timerAtMs = deadlineMs;
    const delayMs = Math.max(0, deadlineMs - this.#clock.monotonicMs());
    this.#timer = this.#clock.setTimeout(() => this.#sweep(), delayMs);
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #sweep(): void {
    this.#timer = undefined;
    const nowMs = this.#clock.monotonicMs();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const [opaque, pending] of this.#waiting) {
      if (pending.deadlineMs > nowMs) {
        nextMs = Math.min(nextMs, pending.deadlineMs);
        continue;
      }
      this.#waiting.delete(opaque);
      const text = `wait response on the channel <${this.#peer}> timeout, ${pending.timeoutMs}(ms)`;
      pending.fail(new RemotingError('timeout', text));
    }
    if (nextMs !== Number.POSITIVE_INFINITY) this.#armFor(nextMs);
  }
}
