import { describe, expect, it } from 'vitest';
import { LatencyHistogram } from './latency-histogram.ts';

describe('LatencyHistogram', () => {
  it('is exact below two milliseconds', () => {
    const histogram = new LatencyHistogram();
    for (let micros = 1; micros <= 1_000; micros++) histogram.record(micros + 0.7);
    expect([0.5, 0.9, 0.99, 1].map((share) => histogram.percentile(share))).toEqual([500, 900, 990, 1_000]);
  });

  it('is within 0.1 percent above', () => {
    for (const micros of [2_048, 4_095, 4_096, 77_777, 1_234_567, 60_000_000]) {
      const histogram = new LatencyHistogram();
      histogram.record(micros);
      const seen = histogram.percentile(0.5);
      expect(seen).toBeLessThanOrEqual(micros);
      expect(seen).toBeGreaterThan(micros * 0.999);
    }
  });

  it('keeps what is beyond its range, and nothing after clear', () => {
    const histogram = new LatencyHistogram();
    histogram.record(1e12);
    expect(histogram.percentile(1)).toBeGreaterThan(100_000_000);
    histogram.clear();
    expect(histogram.count).toBe(0);
    expect(histogram.percentile(0.5)).toBe(0);
  });
});
