/**
 * What a parked reply waits for. The store publishes marks (positions of the CommitLog); a ticket names the position
 * its record ends at and which marks must have reached it. Neither the store nor remoting imports the other: both
 * know these types (house.md §5, walk of a send).
 */

/** The three positions of the CommitLog, in bytes: written ≥ flushed, written ≥ replicated. */
export interface Marks {
  /** Everything below is in the kernel and readable. */
  readonly written: number;
  /** Everything below is on disk (fdatasync returned). */
  readonly flushed: number;
  /** Everything below is on the slaves that SYNC_MASTER counts. */
  readonly replicated: number;
}

/** Bits of {@link Ticket.needs}. WRITTEN is always needed. */
export const NEEDS_FLUSHED = 1;
export const NEEDS_REPLICATED = 2;

/**
 * The receipt of one append. `endOffset` is set by the append; `failed` is set by the store when the turn's write
 * failed. A ticket is plain data so that the hot path allocates one object per message.
 */
export interface Ticket {
  /** Physical offset behind the record. */
  readonly endOffset: number;
  /** Or-ed NEEDS_ bits. */
  readonly needs: number;
  /** Monotonic ms after which an unmet NEEDS_ bit is answered with its time-out status; 0 = no wait needed. */
  readonly deadlineMs: number;
  /** True when the turn's write failed and the record is gone. */
  failed: boolean;
}
