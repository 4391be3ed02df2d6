import { describe, expect, it } from 'vitest';
import { testConfigs } from '../../testing/broker-fixture.ts';
import { Admission, brokerLimits, plainLimits } from './admission.ts';

describe('brokerLimits', () => {
  it('takes capacities and longest waits from the settings', () => {
    const { brokerConfig } = testConfigs();
    brokerConfig.sendThreadPoolQueueCapacity = 7;
    brokerConfig.waitTimeMillsInSendQueue = 150;
    const limits = brokerLimits(brokerConfig);
    expect(limits.send).toEqual({ capacity: 7, mostWaitMs: 150 });
    expect(limits.transaction).toEqual({ capacity: 100_000, mostWaitMs: 3000 });
    expect(limits.query.mostWaitMs).toBe(0);
  });

  it('has no longest wait when brokerFastFailureEnable is off', () => {
    const { brokerConfig } = testConfigs();
    brokerConfig.brokerFastFailureEnable = false;
    for (const [lane, { mostWaitMs }] of Object.entries(brokerLimits(brokerConfig)))
      expect([lane, mostWaitMs]).toEqual([lane, 0]);
  });
});

describe('a request that waited in our queue', () => {
  it('is refused from the limit of its lane on, a younger one and one of another lane are not', () => {
    const limits = plainLimits();
    const admission = new Admission({ ...limits, send: { capacity: 9, mostWaitMs: 100 } });
    const refusal = (lane: 'send' | 'query', waitedMs: number) =>
      admission.refusal(admission.lane(lane), { waitedMs, takenUpMs: 1000 })?.remark;
    expect(refusal('send', 0)).toBeUndefined();
    expect(refusal('send', 99.9)).toBeUndefined();
    expect(refusal('send', 100)).toMatch(/^\[TIMEOUT_CLEAN_QUEUE\]broker busy, .* period in queue: 100ms, /);
    expect(refusal('query', 1e6)).toBeUndefined();
  });
});
