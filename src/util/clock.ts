import { performance } from 'node:perf_hooks';

/** Time as a port: production passes {@link systemClock}, tests a fake that is advanced by hand. */
export interface Clock {
  /** Milliseconds since the epoch, wall clock. */
  now(): number;
  /** Milliseconds that never go backwards; only differences mean anything. */
  monotonicMs(): number;
  /** Runs `task` once after `delayMs`; does not keep the process alive. */
  setTimeout(task: () => void, delayMs: number): Timer;
  /** Runs `task` every `periodMs`, first after one period; does not keep the process alive. */
  setInterval(task: () => void, periodMs: number): Timer;
  /** Runs `task` once at the end of this turn of the event loop, after all socket events of the turn. */
  atTurnEnd(task: () => void): void;
}

/** A pending timer. */
export interface Timer {
  /** Prevents any further run. Idempotent. */
  cancel(): void;
}

/** The real clock of the process. */
export const systemClock: Clock = {
  now: Date.now,
  // Imported: the global of this name is a getter, and this is asked a hundred thousand times a second.
  monotonicMs: () => performance.now(),
  setTimeout(task, delayMs) {
    const handle = setTimeout(task, delayMs);
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
  setInterval(task, periodMs) {
    const handle = setInterval(task, periodMs);
    handle.unref();
    return { cancel: () => clearInterval(handle) };
  },
  atTurnEnd(task) {
    setImmediate(task);
  },
};
