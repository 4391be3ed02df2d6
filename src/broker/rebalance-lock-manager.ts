import type { MessageQueue } from '../codec/bodies/message-queue.ts';
import type { Clock } from '../util/clock.ts';

/** Java: RebalanceLockManager.REBALANCE_LOCK_MAX_LIVE_TIME. */
export const LOCK_MAX_LIVE_MS = 60_000;
/** Queues one group may lock; more than any topic table has, so only an attack meets it. */
const MOST_LOCKS_PER_GROUP = 65_536;
const MOST_GROUPS = 100_000;

interface Lock {
  clientId: string;
  lastUpdateMs: number;
}

/** Who may consume a queue in order: one client per group and queue, until it stops renewing. In memory only. */
export class RebalanceLockManager {
  readonly #clock: Clock;
  readonly #groups = new Map<string, Map<string, Lock>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Locks what is free, expired or the client's own already, and renews it.
   * @returns the queues the client holds now. Java: RebalanceLockManager#tryLockBatch.
   */
  lock(group: string, clientId: string, queues: readonly MessageQueue[]): MessageQueue[] {
    const now = this.#clock.now();
    const locks = this.#locksOf(group);
    if (locks === undefined) return [];
    return queues.filter((queue) => {
      const key = keyOf(queue);
      const held = locks.get(key);
      if (held === undefined) {
        if (locks.size >= MOST_LOCKS_PER_GROUP) return false;
        locks.set(key, { clientId, lastUpdateMs: now });
        return true;
      }
      if (held.clientId !== clientId && now - held.lastUpdateMs <= LOCK_MAX_LIVE_MS) return false;
      held.clientId = clientId;
      held.lastUpdateMs = now;
      return true;
    });
  }

  /** Gives back the client's own locks; those of others stay. Java: RebalanceLockManager#unlockBatch. */
  unlock(group: string, clientId: string, queues: readonly MessageQueue[]): void {
    const locks = this.#groups.get(group);
    if (locks === undefined) return;
    for (const queue of queues) {
      const key = keyOf(queue);
      if (locks.get(key)?.clientId === clientId) locks.delete(key);
    }
    if (locks.size === 0) this.#groups.delete(group);
  }

  /** Drops what expired, so that groups that are gone do not stay in memory. Run by the housekeeping. */
  expire(): void {
    const now = this.#clock.now();
    for (const [group, locks] of this.#groups) {
      for (const [key, lock] of locks) if (now - lock.lastUpdateMs > LOCK_MAX_LIVE_MS) locks.delete(key);
      if (locks.size === 0) this.#groups.delete(group);
    }
  }

  #locksOf(group: string): Map<string, Lock> | undefined {
    const known = this.#groups.get(group);
    if (known !== undefined || this.#groups.size >= MOST_GROUPS) return known;
    const locks = new Map<string, Lock>();
    this.#groups.set(group, locks);
    return locks;
  }
}

function keyOf(queue: MessageQueue): string {
  return `${queue.topic ?? ''}\u0000${queue.brokerName ?? ''}\u0000${queue.queueId}`;
}
