const exactMicros = 2_048;
const bucketsPerDoubling = 1_024;
const doublings = 16;

/**
 * Counts latencies in microseconds: exact below 2,048 µs, within 0.1 % above, everything beyond two minutes in the
 * last bucket. Fixed memory, no allocation per value.
 */
export class LatencyHistogram {
  readonly #counts = new Float64Array(exactMicros + doublings * bucketsPerDoubling);
  #total = 0;

  get count(): number {
    return this.#total;
  }

  record(micros: number): void {
    const bucket = bucketOf(micros);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#total++;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
  }

  /** The smallest latency that at least this share (0 to 1) of all values do not exceed; 0 when there is none. */
  percentile(share: number): number {
    const wanted = Math.max(1, Math.ceil(this.#total * share));
    let seen = 0;
    for (let bucket = 0; bucket < this.#counts.length; bucket++) {
      seen += this.#counts[bucket] ?? 0;
      if (seen >= wanted) return lowestOf(bucket);
    }
    return 0;
  }
}

function bucketOf(micros: number): number {
  if (micros < exactMicros) return Math.max(0, Math.floor(micros));
  const doubling = Math.min(doublings - 1, Math.floor(Math.log2(micros / exactMicros)));
  const place = Math.floor((micros / (exactMicros * 2 ** doubling) - 1) * bucketsPerDoubling);
  return exactMicros + doubling * bucketsPerDoubling + Math.min(bucketsPerDoubling - 1, place);
}

function lowestOf(bucket: number): number {
  if (bucket < exactMicros) return bucket;
  const doubling = Math.floor((bucket - exactMicros) / bucketsPerDoubling);
  const place = (bucket - exactMicros) % bucketsPerDoubling;
  return exactMicros * 2 ** doubling * (1 + place / bucketsPerDoubling);
}
