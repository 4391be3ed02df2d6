import { peekRecord, RecordPeek } from '../codec/message.ts';
import { isQueued } from '../codec/sys-flags.ts';
import { assert } from '../util/assert.ts';
import type { LogChunk } from './hot-window.ts';
import type { ArrivedRecords, MessageArrivingListener, RecordFilter } from './ports.ts';
import type { QueueState } from './queue-table.ts';
import type { PutTicket } from './results.ts';

const FIRST_CAPACITY = 256;

/**
 * The records staged since the last write, column by column, so that the write can be followed by their dispatch
 * without reading them again, and undone when it fails. Reused from turn to turn: no object per record.
 */
export class StagedTurn implements ArrivedRecords {
  /** Records staged. */
  count = 0;
  /** Store timestamp of all its records; 0 before the first. */
  storeTimestamp = 0;
  /** Monotonic ms at which the first record was staged. */
  startMs = 0;
  /** Whether a receipt waits for the disk. */
  needsFlush = false;
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
    this.storeTimestamp = 0;
    this.startMs = 0;
    this.needsFlush = false;
    this.tickets.length = 0;
  }

  /** The write failed: counters go back, receipts are worth nothing. */
  fail(): void {
    for (let row = 0; row < this.count; row++) {
      if (isQueued(this.sysFlags[row] as number)) (this.queues[row] as QueueState).nextOffset--;
    }
    for (const ticket of this.tickets) ticket.failed = true;
  }

  /** Tells of every message that has a place in a queue. */
  announce(listener: MessageArrivingListener): void {
    for (let row = 0; row < this.count; row++) {
      if (!isQueued(this.sysFlags[row] as number)) continue;
      const { topic, queueId } = this.queues[row] as QueueState;
      const nextOffset = (this.queueOffsets[row] as number) + 1;
      listener.arriving(
        topic,
        queueId,
        nextOffset,
        this.tagsHigh[row] as number,
        this.tagsLow[row] as number,
        this.storeTimestamp,
        this,
        row,
      );
    }
  }

  passes(row: number, filter: RecordFilter): boolean {
    const { buffer } = this.chunks[row] as LogChunk;
    const { propertiesStart, propertiesLength } = this.peek(row);
    return filter.isMatchedByCommitLog(buffer, propertiesStart, propertiesStart + propertiesLength);
  }

  /** Where the parts of a row's record lie in the buffer of its chunk; good until the next call. */
  peek(row: number): RecordPeek {
    const { buffer, startOffset } = this.chunks[row] as LogChunk;
    const position = (this.phyOffsets[row] as number) - startOffset;
    const status = peekRecord(buffer, position, position + (this.sizes[row] as number), PEEK);
    assert(status === 'ok', 'a staged record is whole');
    return PEEK;
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

/** One for all turns. */
const PEEK = new RecordPeek();

function grown<A extends Float64Array | Int32Array>(from: A, to: A): A {
  to.set(from);
  return to;
}
