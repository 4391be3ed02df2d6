import { OutputBuffer } from '../codec/output-buffer.ts';
import type { Clock } from '../util/clock.ts';

/** Who has output waiting. */
export interface TurnWriter {
  /** True while it stands in the turn's list. Written by {@link LoopTurn} alone. */
  waitsForFlush: boolean;
  /** Hands all waiting output to the socket. */
  flush(): void;
}

/** Who has frames left over. */
export interface TurnReader {
  /** Goes on with them. */
  continueReading(): void;
}

/** A spare output buffer larger than this is not kept. */
const LARGEST_SPARE_BYTES = 262_144;
const MOST_SPARE_BUFFERS = 64;
const FIRST_BUFFER_BYTES = 4096;

/**
 * What all connections of a process share in one turn of the event loop: who has output waiting, who has frames left
 * over, and the spare output buffers. Its own task runs at the end of a turn only when somebody asked for it, so that
 * a turn of sends costs nothing here: the store's release flushes them.
 */
export class LoopTurn {
  /** Changes at least once between any two turns in which a connection used up its share. */
  id = 0;
  readonly #clock: Clock;
  #dirty: TurnWriter[] = [];
  #flushing: TurnWriter[] = [];
  #leftOver: TurnReader[] = [];
  #isScheduled = false;
  readonly #spare: OutputBuffer[] = [];
  readonly #task = (): void => this.#endTurn();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Output was written outside the writer's own reading: it leaves at the end of the turn, or with {@link flush}. */
  addDirty(writer: TurnWriter): void {
    if (writer.waitsForFlush) return;
    writer.waitsForFlush = true;
    this.#dirty.push(writer);
    this.#schedule();
  }

  /** As {@link addDirty} for a caller that calls {@link flush} itself before it returns. */
  addDirtyForFlush(writer: TurnWriter): void {
    if (writer.waitsForFlush) return;
    writer.waitsForFlush = true;
    this.#dirty.push(writer);
  }

  /** The reader wants to go on in the next turn. */
  addLeftOver(reader: TurnReader): void {
    this.#leftOver.push(reader);
    this.#schedule();
  }

  /** Every connection with waiting output writes it, each once. */
  flush(): void {
    this.id = (this.id + 1) | 0;
    const writers = this.#dirty;
    if (writers.length === 0) return;
    this.#dirty = this.#flushing;
    this.#flushing = writers;
    for (let i = 0; i < writers.length; i++) {
      const writer = writers[i] as TurnWriter;
      writer.waitsForFlush = false;
      writer.flush();
    }
    writers.length = 0;
  }

  takeBuffer(): OutputBuffer {
    return this.#spare.pop() ?? new OutputBuffer(FIRST_BUFFER_BYTES);
  }

  /** Takes back a buffer that nobody reads any more. */
  giveBack(buffer: OutputBuffer): void {
    if (this.#spare.length >= MOST_SPARE_BUFFERS || buffer.bytes.length > LARGEST_SPARE_BYTES) return;
    buffer.length = 0;
    this.#spare.push(buffer);
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#clock.atTurnEnd(this.#task);
  }

  #endTurn(): void {
    this.#isScheduled = false;
    this.flush();
    const readers = this.#leftOver;
    if (readers.length === 0) return;
    this.#leftOver = [];
    for (const reader of readers) reader.continueReading();
  }
}
