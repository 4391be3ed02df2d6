import { describe, expect, it } from 'vitest';
import { testConfigs } from '../../testing/broker-fixture.ts';
import { brokerLimits } from './admission.ts';

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
