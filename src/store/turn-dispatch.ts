import type { LogDispatch } from './log-dispatch.ts';
import type { MessageArrivingListener } from './ports.ts';
import type { StagedTurn } from './staged-turn.ts';
import { StoreIoError } from './store-errors.ts';

/** What {@link TurnDispatch} feeds and tells. */
export interface TurnDispatchParts {
  readonly dispatch: LogDispatch;
  readonly listener: MessageArrivingListener | undefined;
  /** The turn is done with; its tables may be used again. */
  recycle(turn: StagedTurn): void;
  /** A queue or the index could not take a turn: {@link TurnDispatch.retry} does it again. */
  onFailed(error: StoreIoError): void;
  /** Dispatches what a slave's log got as bytes. Throws StoreIoError. */
  retryRaw(): void;
}

/**
 * Brings written turns into queues and index, in order. A gap in a queue could not be filled later, so a turn that
 * failed is kept, and those behind it wait: they are few, because the store takes no messages meanwhile.
 */
export class TurnDispatch {
  /** Everything below is in the consume queues and the index. */
  end: number;
  readonly #parts: TurnDispatchParts;
  readonly #waiting: { readonly turn: StagedTurn; readonly written: number }[] = [];

  constructor(parts: TurnDispatchParts, end: number) {
    this.#parts = parts;
    this.end = end;
  }

  /** Dispatches the records of a turn that end at `written`; false when they wait. */
  run(turn: StagedTurn, written: number): boolean {
    if (this.#waiting.length === 0) {
      try {
        this.#parts.dispatch.dispatchTurn(turn);
        this.end = written;
        return true;
      } catch (error) {
        if (!(error instanceof StoreIoError)) throw error;
        this.#parts.onFailed(error);
      }
    }
    this.#waiting.push({ turn, written });
    return false;
  }

  /** Tells those who wait for the messages of a dispatched turn, and gives the turn back. */
  finish(turn: StagedTurn): void {
    if (this.#parts.listener !== undefined) turn.announce(this.#parts.listener);
    this.#parts.recycle(turn);
  }

  /** Dispatches what waits; entries that are there already are recognised. Throws StoreIoError: the rest waits on. */
  retry(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      this.#parts.dispatch.dispatchTurn(next.turn);
      this.#waiting.shift();
      this.end = next.written;
      this.finish(next.turn);
    }
    this.#parts.retryRaw();
  }
}
