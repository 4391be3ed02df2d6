import type { BrokerConfig } from '../config/broker-config.ts';
import type { MessageStore } from '../store/message-store.ts';
import type { Logger } from '../util/logger.ts';
import type { ConsumerManager } from './consumer-manager.ts';
import type { ConsumerOffsetManager } from './consumer-offset-manager.ts';
import type { SubscriptionGroupManager } from './subscription-group-manager.ts';

/** Java: BrokerController#initialize. */
export const PROTECT_PERIOD_MS = 180_000;

export interface SlowConsumerGuardOptions {
  readonly config: BrokerConfig;
  readonly store: Pick<MessageStore, 'getMaxPhyOffset' | 'getCommitLogOffsetInQueue' | 'getMaxOffsetInQueue'>;
  readonly consumers: Pick<ConsumerManager, 'group'>;
  readonly groups: SubscriptionGroupManager;
  readonly offsets: Pick<ConsumerOffsetManager, 'table'>;
  readonly log: Logger;
}

/**
 * With disableConsumeIfConsumerReadSlowly: takes the right to consume from connected groups that read further behind
 * the end of the log than consumerFallbehindThreshold bytes, until an operator gives it back. Java looks at what each
 * group pulled last, here it is what it has committed. Java: BrokerController#protectBroker.
 */
export function protectBroker(options: SlowConsumerGuardOptions): void {
  const { config, store, consumers, groups, offsets, log } = options;
  if (!config.disableConsumeIfConsumerReadSlowly) return;
  const end = store.getMaxPhyOffset();
  for (const [key, queues] of offsets.table) {
    const [topic = '', group = ''] = key.split('@');
    if (consumers.group(group) === undefined || groups.find(group)?.consumeEnable !== true) continue;
    for (const [queueId, offset] of queues) {
      if (offset >= store.getMaxOffsetInQueue(topic, queueId)) continue;
      const behindBytes = end - store.getCommitLogOffsetInQueue(topic, queueId, offset);
      if (behindBytes <= config.consumerFallbehindThreshold) continue;
      const figures = { group, topic, queueId, behindBytes, threshold: config.consumerFallbehindThreshold };
      log.warn(figures, '[PROTECT_BROKER] the consumer consumes slowly, disable it');
      groups.disableConsume(group);
      break;
    }
  }
}
