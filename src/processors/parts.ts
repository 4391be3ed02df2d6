import type { BrokerStats } from '../broker/broker-stats.ts';
import type { BrokerStatsManager } from '../broker/broker-stats-manager.ts';
import type { ConsumerFilterManager } from '../broker/consumer-filter-manager.ts';
import type { ConsumerManager } from '../broker/consumer-manager.ts';
import type { ConsumerOffsetManager } from '../broker/consumer-offset-manager.ts';
import type { FilterServerManager } from '../broker/filter-server-manager.ts';
import type { LongLooks } from '../broker/long-looks.ts';
import type { ProducerManager } from '../broker/producer-manager.ts';
import type { PullRequestHoldService } from '../broker/pull-request-hold-service.ts';
import type { RebalanceLockManager } from '../broker/rebalance-lock-manager.ts';
import type { ScheduleMessageService } from '../broker/schedule-message-service.ts';
import type { SubscriptionGroupManager } from '../broker/subscription-group-manager.ts';
import type { SubscriptionWatch } from '../broker/subscription-watch.ts';
import type { TopicConfigManager } from '../broker/topic-config-manager.ts';
import type { TransactionalMessageService } from '../broker/transaction/transactional-message-service.ts';
import type { BrokerConfigs } from '../config/configs.ts';
import type { Configuration } from '../config/configuration.ts';
import type { MessageStore } from '../store/message-store.ts';
import type { Clock } from '../util/clock.ts';
import type { Logger } from '../util/logger.ts';

/** What the processors of a broker work on. Made once by the root; processors hold no state between requests. */
export interface BrokerParts {
  readonly configs: BrokerConfigs;
  readonly store: MessageStore;
  readonly topics: TopicConfigManager;
  readonly groups: SubscriptionGroupManager;
  readonly offsets: ConsumerOffsetManager;
  readonly consumers: ConsumerManager;
  readonly filters: ConsumerFilterManager;
  readonly producers: ProducerManager;
  readonly filterServers: FilterServerManager;
  readonly subscriptions: SubscriptionWatch;
  readonly locks: RebalanceLockManager;
  readonly looks: LongLooks;
  readonly holds: PullRequestHoldService;
  readonly schedule: ScheduleMessageService;
  readonly transactions: TransactionalMessageService;
  readonly stats: BrokerStats;
  readonly statsManager: BrokerStatsManager;
  readonly clock: Clock;
  readonly log: Logger;
  readonly startedAtMs: number;
  /** Size and free room of the partition that holds the CommitLog. */
  readonly commitLogPartition: () => { readonly totalBytes: number; readonly freeBytes: number };
  /** The settings as they are told and changed by requests; to use one, read `configs`. */
  readonly configuration: Configuration;
  /** IP and port of this broker as a record holds them. */
  readonly storeHost: Buffer;
  /** Whole numbers in [0, below). */
  readonly random: (below: number) => number;
}
