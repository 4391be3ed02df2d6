import type { Clock } from '../util/clock.ts';

/** Latency classes: all but the first hold what is below their limit in ms; with the labels of code 28. */
const LATENCY_CLASSES: readonly (readonly [number, string])[] = [
  [0, '[<=0ms]'],
  [10, '[0~10ms]'],
  [50, '[10~50ms]'],
  [100, '[50~100ms]'],
  [200, '[100~200ms]'],
  [500, '[200~500ms]'],
  [1000, '[500ms~1s]'],
  [2000, '[1~2s]'],
  [3000, '[2~3s]'],
  [4000, '[3~4s]'],
  [5000, '[4~5s]'],
  [10_000, '[5~10s]'],
  [Number.POSITIVE_INFINITY, '[10s~]'],
];

/** One sample a second, ten minutes of them. */
const SAMPLES = 601;
export const SAMPLE_PERIOD_MS = 1000;
/** The windows of every rate, in samples. */
const WINDOWS = [10, 60, 600] as const;

/** How many messages went in and out of the store. */
export interface StoreTotals {
  readonly putTimes: number;
  readonly transferred: number;
}

/** Counters of the store and their rates, as code 28 reports them. Java: StoreStatsService. */
export class StoreStats implements StoreTotals {
  readonly #clock: Clock;
  readonly #bootTimestamp: number;
  readonly #putLatency = new Float64Array(LATENCY_CLASSES.length);
  readonly #times = new Float64Array(SAMPLES);
  readonly #puts = new Float64Array(SAMPLES);
  readonly #founds = new Float64Array(SAMPLES);
  readonly #misses = new Float64Array(SAMPLES);
  readonly #transfers = new Float64Array(SAMPLES);
  #samples = 0;
  #putTimes = 0;
  #putBytes = 0;
  #putTimeMaxMs = 0;
  #getFound = 0;
  #getMiss = 0;
  #transferred = 0;
  #getTimeMaxMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#bootTimestamp = clock.now();
  }

  /** Messages stored since the start. Java: #getPutMessageTimesTotal. */
  get putTimes(): number {
    return this.#putTimes;
  }

  /** Messages that reads of queues gave since the start. Java: #getGetMessageTransferedMsgCount. */
  get transferred(): number {
    return this.#transferred;
  }

  /** Counts the records that one write has made visible, `elapsedMs` after the first of them was staged. */
  recordPuts(count: number, bytes: number, elapsedMs: number): void {
    this.#putTimes += count;
    this.#putBytes += bytes;
    if (elapsedMs > this.#putTimeMaxMs) this.#putTimeMaxMs = elapsedMs;
    const wholeMs = Math.floor(elapsedMs);
    let at = wholeMs <= 0 ? 0 : 1;
    while (at > 0 && wholeMs >= (LATENCY_CLASSES[at] as readonly [number, string])[0]) at++;
    this.#putLatency[at] = (this.#putLatency[at] as number) + count;
  }

  /** Counts one read that handed over `count` records. */
  recordGet(count: number, elapsedMs: number): void {
    if (count > 0) this.#getFound++;
    else this.#getMiss++;
    this.#transferred += count;
    if (elapsedMs > this.#getTimeMaxMs) this.#getTimeMaxMs = elapsedMs;
  }

  /** Takes one sample of every counter; called every {@link SAMPLE_PERIOD_MS}. */
  sample(): void {
    const at = this.#samples++ % SAMPLES;
    this.#times[at] = this.#clock.now();
    this.#puts[at] = this.#putTimes;
    this.#founds[at] = this.#getFound;
    this.#misses[at] = this.#getMiss;
    this.#transfers[at] = this.#transferred;
  }

  /** The keys of code 28 that come from the counters, in Java's words. Java: StoreStatsService#getRuntimeInfo. */
  runtimeInfo(): Record<string, string> {
    const putTimes = Math.max(this.#putTimes, 1);
    return {
      bootTimestamp: String(this.#bootTimestamp),
      runtime: formatRuntime(this.#clock.now() - this.#bootTimestamp),
      putMessageEntireTimeMax: String(Math.floor(this.#putTimeMaxMs)),
      putMessageTimesTotal: String(putTimes),
      putMessageSizeTotal: String(this.#putBytes),
      putMessageDistributeTime: this.#latencyText(),
      putMessageAverageSize: javaDouble(this.#putBytes / putTimes),
      dispatchMaxBuffer: '0',
      getMessageEntireTimeMax: String(Math.floor(this.#getTimeMaxMs)),
      putTps: this.#rates(this.#puts),
      getFoundTps: this.#rates(this.#founds),
      getMissTps: this.#rates(this.#misses),
      getTotalTps: WINDOWS.map((w) =>
        javaDouble((this.#rate(this.#founds, w) ?? 0) + (this.#rate(this.#misses, w) ?? 0)),
      ).join(' '),
      getTransferedTps: this.#rates(this.#transfers),
    };
  }

  #latencyText(): string {
    let text = '';
    for (const [at, [, label]] of LATENCY_CLASSES.entries()) text += `${label}:${this.#putLatency[at]} `;
    return text;
  }

  /** Three rates; a window that is not full yet is an empty text. */
  #rates(counter: Float64Array): string {
    return WINDOWS.map((window) => {
      const rate = this.#rate(counter, window);
      return rate === undefined ? '' : javaDouble(rate);
    }).join(' ');
  }

  /** Per second over the last `window` samples. Java: CallSnapshot#getTPS. */
  #rate(counter: Float64Array, window: number): number | undefined {
    if (this.#samples <= window) return undefined;
    const last = (this.#samples - 1) % SAMPLES;
    const first = (this.#samples - 1 - window) % SAMPLES;
    const elapsedMs = (this.#times[last] as number) - (this.#times[first] as number);
    if (elapsedMs <= 0) return 0;
    return (((counter[last] as number) - (counter[first] as number)) / elapsedMs) * 1000;
  }
}

function formatRuntime(elapsedMs: number): string {
  const seconds = Math.floor(elapsedMs / 1000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  return `[ ${days} days, ${hours % 24} hours, ${minutes % 60} minutes, ${seconds % 60} seconds ]`;
}

/** A number as Java's Double.toString prints it, so that mqadmin and the console parse what they expect. */
export function javaDouble(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) {
    const [digits = '', exponent = ''] = value.toExponential().split('e');
    return `${digits.includes('.') ? digits : `${digits}.0`}E${Number(exponent)}`;
  }
  const text = String(value);
  return text.includes('.') ? text : `${text}.0`;
}
