import type { StateFile } from '../util/state-file.ts';
import type { Marks } from '../util/ticket.ts';
import { type DelayOffsets, decodeDelayOffsets, encodeDelayOffsets } from './delay-offset-file.ts';

/**
 * How far each level is delivered, `config/delayOffset.json`. What is saved is never ahead of the disk: offsets go to
 * the file when the messages delivered below them are flushed, so that a power loss repeats messages and loses none
 * (ADR 0034). Java: ScheduleMessageService#offsetTable, which is saved as it is.
 */
export class DelayOffsetTable {
  readonly #file: StateFile;
  readonly #table = new Map<number, number>();
  /** Where the newest delivered message ends in the log. */
  #deliveredEnd = 0;
  #dirty = false;
  /** A copy that waits for what it speaks of to be flushed. */
  #waiting: { readonly offsets: DelayOffsets; readonly end: number } | undefined;

  constructor(file: StateFile) {
    this.#file = file;
  }

  /** @throws StateFileError */
  load(): void {
    for (const [level, offset] of this.#file.load(decodeDelayOffsets) ?? []) this.#table.set(level, offset);
  }

  /** By level, as Java's map of small numbers goes. */
  get offsets(): DelayOffsets {
    return new Map([...this.#table].sort(([a], [b]) => a - b));
  }

  offsetOf(level: number): number {
    return this.#table.get(level) ?? 0;
  }

  /** The level is delivered below `offset`; the last message of it, if there was one, ends at `end` in the log. */
  set(level: number, offset: number, end = 0): void {
    this.#deliveredEnd = Math.max(this.#deliveredEnd, end);
    if (this.#table.get(level) === offset) return;
    this.#table.set(level, offset);
    this.#dirty = true;
  }

  /**
   * Saves what changed, as soon as the disk has it: false when that is not yet so. Java: #persist.
   */
  persist(marks: Marks): boolean {
    if (this.#dirty && this.#waiting === undefined) {
      this.#dirty = false;
      this.#waiting = { offsets: this.offsets, end: this.#deliveredEnd };
      this.onMarks(marks);
    }
    return this.#waiting === undefined;
  }

  /** To be told of every change of the marks. */
  onMarks(marks: Marks): void {
    if (this.#waiting !== undefined && marks.flushed >= this.#waiting.end) this.#save(this.#waiting.offsets);
  }

  /** Saves at once, as an act of the stop; a store that could not flush leaves the file as it is. Throws FsError. */
  persistNow(marks: Marks): void {
    if ((!this.#dirty && this.#waiting === undefined) || marks.flushed < this.#deliveredEnd) return;
    this.#waiting = undefined;
    this.#file.saveNow(encodeDelayOffsets(this.offsets));
    this.#dirty = false;
  }

  #save(offsets: DelayOffsets): void {
    this.#waiting = undefined;
    void this.#file
      .save(() => encodeDelayOffsets(offsets))
      .then((saved) => {
        if (!saved) this.#dirty = true;
      });
  }
}
