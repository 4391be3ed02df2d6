/** The histories of an item. Java: csListMinute, csListHour, csListDay. */
export type StatsSnapshot = 'minute' | 'hour' | 'day';
/** The two sums of an item. */
export type StatsColumn = 'value' | 'bytes';

/** What a history tells: per second, in all, and per time something was counted. Java: BrokerStatsItem. */
export interface StatsData {
  readonly tps: number;
  readonly sum: number;
  readonly avgpt: number;
}

/** Snapshots that Java keeps: a minute in steps of 10 s, an hour in steps of 10 min, a day in steps of an hour. */
const LENGTHS: Readonly<Record<StatsSnapshot, number>> = { minute: 7, hour: 7, day: 25 };
/** Time, times, value, bytes. */
const COLUMNS = 4;

/** Two sums that grow together, and what they were. Java: StatsItem (one for each sum). */
export class StatsItem {
  times = 0;
  value = 0;
  bytes = 0;
  #minute: History | undefined;
  #hour: History | undefined;
  #day: History | undefined;

  add(value: number, bytes: number): void {
    this.times += 1;
    this.value += value;
    this.bytes += bytes;
  }

  /** As Java counts for the whole broker, without a time: what it comes to per time stays 0. */
  addOnly(value: number): void {
    this.value += value;
  }

  /** Remembers the sums of now; an item that nothing was counted for has no history. */
  take(span: StatsSnapshot, nowMs: number): void {
    if (this.times === 0 && this.value === 0) return;
    if (span === 'minute') this.#minute ??= new History(LENGTHS.minute);
    else if (span === 'hour') this.#hour ??= new History(LENGTHS.hour);
    else this.#day ??= new History(LENGTHS.day);
    this.#history(span)?.push(nowMs, this);
  }

  /** What came between the oldest and the newest snapshot; zeros without one. Java: StatsItem#computeStatsData. */
  data(span: StatsSnapshot, column: StatsColumn): StatsData {
    return this.#history(span)?.data(column) ?? { tps: 0, sum: 0, avgpt: 0 };
  }

  #history(span: StatsSnapshot): History | undefined {
    return span === 'minute' ? this.#minute : span === 'hour' ? this.#hour : this.#day;
  }
}

/** The newest snapshots of an item, in a ring. */
class History {
  readonly #rows: Float64Array;
  readonly #length: number;
  #pushed = 0;

  constructor(length: number) {
    this.#length = length;
    this.#rows = new Float64Array(length * COLUMNS);
  }

  push(nowMs: number, { times, value, bytes }: StatsItem): void {
    this.#rows.set([nowMs, times, value, bytes], (this.#pushed % this.#length) * COLUMNS);
    this.#pushed += 1;
  }

  data(column: StatsColumn): StatsData {
    const at = column === 'value' ? 2 : 3;
    const first = Math.max(0, this.#pushed - this.#length);
    const sum = this.#between(first, at);
    const times = this.#between(first, 1);
    // With one snapshot Java divides zero by zero: FastJSON writes null then.
    return { tps: (sum * 1000) / this.#between(first, 0), sum, avgpt: times > 0 ? sum / times : 0 };
  }

  #between(first: number, column: number): number {
    const value = (row: number): number => this.#rows[(row % this.#length) * COLUMNS + column] as number;
    return value(this.#pushed - 1) - value(first);
  }
}
