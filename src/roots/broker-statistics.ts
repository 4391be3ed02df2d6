import { BrokerStats } from '../broker/broker-stats.ts';
import { BrokerStatsManager } from '../broker/broker-stats-manager.ts';
import { SubscriptionWatch } from '../broker/subscription-watch.ts';
import type { TopicConfigManager } from '../broker/topic-config-manager.ts';
import { isSystemTopic } from '../codec/system-topics.ts';
import type { BrokerConfigs } from '../config/configs.ts';
import type { BrokerParts } from '../processors/parts.ts';
import type { StoreTotals } from '../store/stats.ts';
import type { Clock } from '../util/clock.ts';
import type { Logger } from '../util/logger.ts';

/** What a broker counts. Items of topics that are gone are let go; those of its own topics, listed or not, stay. */
export function statisticsOf(
  { clock, log, configs }: { readonly clock: Clock; readonly log: Logger; readonly configs: BrokerConfigs },
  totals: StoreTotals,
  topics: TopicConfigManager,
): Pick<BrokerParts, 'stats' | 'statsManager' | 'subscriptions'> {
  const clusterName = configs.brokerConfig.brokerClusterName;
  const isKnownTopic = (topic: string): boolean => topics.select(topic) !== undefined || isSystemTopic(topic);
  const statsManager = new BrokerStatsManager({ clock, clusterName, isKnownTopic });
  const listener = (group: string, topic: string): void => statsManager.subscriptionMismatch(group, topic);
  return {
    stats: new BrokerStats(totals),
    statsManager,
    subscriptions: new SubscriptionWatch({ clock, log, listener }),
  };
}
