import type { LogChunk } from './hot-window.ts';
import type { QueueState } from './queue-table.ts';
import type { PutTicket } from './results.ts';

const FIRST_CAPACITY = 256;

/**
 * The records staged since the last write, column by column, so that the write can be followed by their dispatch
 * without reading them again, and undone when it fails. Reused from turn to turn: no object per record.
 */
export class StagedTurn {
  /** Records staged. */
  count = 0;
  /** Receipts given out, one per put. */
  readonly tickets: PutTicket[] = [];
  /** Queue of record i, and the chunk it lies in. */
  readonly queues: QueueState[] = [];
  readonly chunks: LogChunk[] = [];
  phyOffsets = new Float64Array(FIRST_CAPACITY);
  queueOffsets = new Float64Array(FIRST_CAPACITY);
  sizes = new Int32Array(FIRST_CAPACITY);
  sysFlags = new Int32Array(FIRST_CAPACITY);
  tagsHigh = new Int32Array(FIRST_CAPACITY);
  tagsLow = new Int32Array(FIRST_CAPACITY);
  /** Positions in the chunk's buffer of the values of UNIQ_KEY and KEYS; start -1 when absent. */
  uniqueStarts = new Int32Array(FIRST_CAPACITY);
  uniqueEnds = new Int32Array(FIRST_CAPACITY);
  keysStarts = new Int32Array(FIRST_CAPACITY);
  keysEnds = new Int32Array(FIRST_CAPACITY);

  /** Makes room for one more record and returns its row; the caller fills every column. */
  add(queue: QueueState, chunk: LogChunk): number {
    const row = this.count++;
    if (row === this.sizes.length) this.#grow();
    this.queues[row] = queue;
    this.chunks[row] = chunk;
    return row;
  }

  /** Ready for the next turn. */
  clear(): void {
    this.count = 0;
    this.tickets.length = 0;
  }

  #grow(): void {
    const length = this.sizes.length * 2;
    this.phyOffsets = grown(this.phyOffsets, new Float64Array(length));
    this.queueOffsets = grown(this.queueOffsets, new Float64Array(length));
    this.sizes = grown(this.sizes, new Int32Array(length));
    this.sysFlags = grown(this.sysFlags, new Int32Array(length));
    this.tagsHigh = grown(this.tagsHigh, new Int32Array(length));
    this.tagsLow = grown(this.tagsLow, new Int32Array(length));
    this.uniqueStarts = grown(this.uniqueStarts, new Int32Array(length));
    this.uniqueEnds = grown(this.uniqueEnds, new Int32Array(length));
    this.keysStarts = grown(this.keysStarts, new Int32Array(length));
    this.keysEnds = grown(this.keysEnds, new Int32Array(length));
  }
}

function grown<A extends Float64Array | Int32Array>(from: A, to: A): A {
  to.set(from);
  return to;
}
