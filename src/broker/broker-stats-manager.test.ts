import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../testing/fake-clock.ts';
import { BrokerStatsManager, SAMPLE_PERIOD_MS, STATS_NAMES } from './broker-stats-manager.ts';

const HOUR_MS = 3_600_000;

function counting(known: readonly string[] = ['T']) {
  const clock = new FakeClock(1_700_000_000_000);
  const isKnownTopic = (topic: string): boolean => known.includes(topic);
  const manager = new BrokerStatsManager({ clock, clusterName: 'C', isKnownTopic });
  /** Lets time go by; `each` runs before every snapshot. */
  const goOn = (ms: number, each: () => void = () => {}): void => {
    for (let passed = 0; passed < ms; passed += SAMPLE_PERIOD_MS) {
      clock.advance(SAMPLE_PERIOD_MS);
      each();
      manager.sample();
    }
  };
  return { clock, manager, goOn };
}

const ZERO = { sum: 0, tps: 0, avgpt: 0 };

describe('an item', () => {
  it('exists from the first thing that was counted, under every name', () => {
    const { manager, goOn } = counting();
    const keys = {
      TOPIC_PUT_NUMS: 'T',
      TOPIC_PUT_SIZE: 'T',
      GROUP_GET_NUMS: 'T@g',
      GROUP_GET_SIZE: 'T@g',
      GROUP_GET_LATENCY: '3@T@g',
      SNDBCK_PUT_NUMS: 'T@g',
      SUBSCRIPTION_MISMATCH: 'T@g',
      BROKER_PUT_NUMS: 'C',
      BROKER_GET_NUMS: 'C',
    } satisfies Record<(typeof STATS_NAMES)[number], string>;
    goOn(SAMPLE_PERIOD_MS);
    for (const name of STATS_NAMES) expect(manager.view(name, keys[name]), name).toBeUndefined();
    manager.put('T', 2, 300);
    manager.get('g', 'T', 3, 2, 300, 7.9);
    manager.sendBack('g', 'T');
    manager.subscriptionMismatch('g', 'T');
    goOn(SAMPLE_PERIOD_MS);
    for (const name of STATS_NAMES) expect(manager.view(name, keys[name])?.statsMinute, name).toMatchObject({ sum: 0 });
    for (const name of ['GROUP_GET_FALL_SIZE', 'COMMERCIAL_SEND_TIMES', 'x', '__proto__']) {
      expect(manager.view(name, 'T'), name).toBeUndefined();
    }
    expect(manager.view('BROKER_PUT_NUMS', 'Other')).toBeUndefined();
    expect(manager.view('GROUP_GET_NUMS', 'T')).toBeUndefined();
  });

  it('has no rate with one snapshot, as in Java, and zeros without one', () => {
    const { manager, goOn } = counting();
    manager.put('T', 1, 100);
    expect(manager.view('TOPIC_PUT_NUMS', 'T')).toEqual({ statsMinute: ZERO, statsHour: ZERO, statsDay: ZERO });
    goOn(SAMPLE_PERIOD_MS);
    expect(manager.view('TOPIC_PUT_NUMS', 'T')?.statsMinute).toEqual({ sum: 0, tps: Number.NaN, avgpt: 0 });
  });

  it('counts the last minute in seven snapshots, whatever came before', () => {
    const { manager, goOn } = counting();
    goOn(5 * SAMPLE_PERIOD_MS, () => manager.put('T', 1_000, 5));
    goOn(7 * SAMPLE_PERIOD_MS, () => manager.put('T', 20, 400));
    expect(manager.view('TOPIC_PUT_NUMS', 'T')?.statsMinute).toEqual({ sum: 120, tps: 2, avgpt: 20 });
    expect(manager.view('TOPIC_PUT_SIZE', 'T')?.statsMinute).toEqual({ sum: 2400, tps: 40, avgpt: 400 });
  });

  it('of the whole broker has no times, as in Java', () => {
    const { manager, goOn } = counting();
    goOn(7 * SAMPLE_PERIOD_MS, () => {
      manager.put('T', 20, 400);
      manager.getInside('g', 'T', 10, 200);
    });
    expect(manager.view('BROKER_PUT_NUMS', 'C')?.statsMinute).toEqual({ sum: 120, tps: 2, avgpt: 0 });
    expect(manager.view('BROKER_GET_NUMS', 'C')?.statsMinute).toEqual({ sum: 60, tps: 1, avgpt: 0 });
    expect(manager.view('GROUP_GET_SIZE', 'T@g')?.statsMinute).toEqual({ sum: 1200, tps: 20, avgpt: 200 });
    expect(manager.view('GROUP_GET_LATENCY', '0@T@g')).toBeUndefined();
  });

  it('counts the last hour and the last day', () => {
    const { manager, goOn } = counting();
    goOn(26 * HOUR_MS, () => manager.get('g', 'T', 0, 10, 1_000, 2));
    const view = manager.view('GROUP_GET_NUMS', 'T@g');
    expect(view?.statsHour).toEqual({ sum: 3_600, tps: 1, avgpt: 10 });
    expect(view?.statsDay).toEqual({ sum: 86_400, tps: 1, avgpt: 10 });
    expect(manager.view('GROUP_GET_LATENCY', '0@T@g')?.statsMinute.avgpt).toBe(2);
    expect(manager.tpsGroupGetNums('g', 'T')).toBe(1);
    expect(manager.tpsGroupGetNums('other', 'T')).toBe(0);
  });

  it('has no history of the hour before the first ten minutes are over', () => {
    const { manager, goOn } = counting();
    goOn(10 * 60_000 - SAMPLE_PERIOD_MS, () => manager.put('T', 1, 5));
    expect(manager.view('TOPIC_PUT_NUMS', 'T')).toMatchObject({ statsHour: ZERO, statsDay: ZERO });
    goOn(SAMPLE_PERIOD_MS);
    const alone = { sum: 0, tps: Number.NaN, avgpt: 0 };
    expect(manager.view('TOPIC_PUT_NUMS', 'T')).toMatchObject({ statsHour: alone, statsDay: ZERO });
  });
});

describe('the table of items', () => {
  it('lets go of topics that are gone, once an hour', () => {
    const { manager, goOn } = counting(['T']);
    manager.put('T', 1, 1);
    manager.put('Gone', 1, 1);
    manager.get('g', 'Gone', 0, 1, 1, 0);
    manager.sendBack('g', 'Gone');
    manager.subscriptionMismatch('g', 'Gone');
    goOn(HOUR_MS + SAMPLE_PERIOD_MS);
    expect(manager.view('TOPIC_PUT_NUMS', 'T')).toBeDefined();
    expect(manager.view('TOPIC_PUT_NUMS', 'Gone')).toBeUndefined();
    expect(manager.view('GROUP_GET_NUMS', 'Gone@g')).toBeUndefined();
    expect(manager.view('SNDBCK_PUT_NUMS', 'Gone@g')).toBeUndefined();
    expect(manager.view('SUBSCRIPTION_MISMATCH', 'Gone@g')).toBeUndefined();
  });

  it('takes no more than its limit, and new items again when others are gone', () => {
    const { manager, goOn } = counting(['T', 'Late']);
    goOn(HOUR_MS - SAMPLE_PERIOD_MS);
    for (let number = 0; number < 60_000; number++) manager.put(`Gone${number}`, 1, 1);
    manager.put('Late', 1, 1);
    manager.get('g', 'Late', 0, 1, 1, 0);
    expect(manager.view('TOPIC_PUT_NUMS', 'Gone49999')).toBeDefined();
    expect(manager.view('TOPIC_PUT_NUMS', 'Late')).toBeUndefined();
    expect(manager.view('GROUP_GET_NUMS', 'Late@g')).toBeUndefined();
    goOn(SAMPLE_PERIOD_MS);
    manager.put('Late', 1, 1);
    expect(manager.view('TOPIC_PUT_NUMS', 'Late')).toBeDefined();
  });
});
