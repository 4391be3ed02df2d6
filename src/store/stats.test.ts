import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../testing/fake-clock.ts';
import { javaDouble, StoreStats } from './stats.ts';

describe('StoreStats', () => {
  it('answers from the start on', () => {
    const info = new StoreStats(new FakeClock(1_800_000_000_000)).runtimeInfo();
    expect(info['putTps']).toBe('  ');
    expect(info['getTotalTps']).toBe('0.0 0.0 0.0');
    expect(info['putMessageTimesTotal']).toBe('1');
    expect(info['bootTimestamp']).toBe('1800000000000');
    expect(info['runtime']).toBe('[ 0 days, 0 hours, 0 minutes, 0 seconds ]');
  });

  it('computes rates over full windows only', () => {
    const clock = new FakeClock();
    const stats = new StoreStats(clock);
    for (let second = 0; second <= 10; second++) {
      stats.sample();
      stats.recordPuts(5, 500, 0);
      stats.recordGet(second % 2, 3);
      clock.advance(1000);
    }
    const info = stats.runtimeInfo();
    expect(info['putTps']).toBe('5.0  ');
    expect(info['getFoundTps']).toBe('0.5  ');
    expect(info['getTotalTps']).toBe('1.0 0.0 0.0');
    expect(info['putMessageAverageSize']).toBe('100.0');
    expect(info['runtime']).toBe('[ 0 days, 0 hours, 0 minutes, 11 seconds ]');
  });

  it('sorts put latencies into the classes of Java', () => {
    const stats = new StoreStats(new FakeClock());
    for (const ms of [0, 0.4, 1, 10, 10.5, 11, 5000, 10_000, 10_001]) stats.recordPuts(1, 1, ms);
    expect(stats.runtimeInfo()['putMessageDistributeTime']).toBe(
      '[<=0ms]:2 [0~10ms]:1 [10~50ms]:3 [50~100ms]:0 [100~200ms]:0 [200~500ms]:0 [500ms~1s]:0 [1~2s]:0 [2~3s]:0 ' +
        '[3~4s]:0 [4~5s]:0 [5~10s]:1 [10s~]:2 ',
    );
  });

  it('keeps counting rates after ten minutes of samples', () => {
    const clock = new FakeClock();
    const stats = new StoreStats(clock);
    for (let second = 0; second < 1300; second++) {
      stats.sample();
      stats.recordPuts(2, 2, 0);
      clock.advance(1000);
    }
    expect(stats.runtimeInfo()['putTps']).toBe('2.0 2.0 2.0');
  });
});

describe('javaDouble', () => {
  it.each([
    [0, '0.0'],
    [3, '3.0'],
    [0.36, '0.36'],
    [0.0005, '5.0E-4'],
    [12_345_678.5, '1.23456785E7'],
    [10_000_000, '1.0E7'],
  ])('%d is %s', (value, text) => {
    expect(javaDouble(value)).toBe(text);
  });
});
