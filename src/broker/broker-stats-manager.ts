import type { Clock } from '../util/clock.ts';
import { type StatsData, StatsItem, type StatsSnapshot } from './stats-item.ts';

/** The items that something counts here; the others of Java's table have no counter in 4.6.0 either. */
export const STATS_NAMES = [
  'TOPIC_PUT_NUMS',
  'TOPIC_PUT_SIZE',
  'GROUP_GET_NUMS',
  'GROUP_GET_SIZE',
  'GROUP_GET_LATENCY',
  'SNDBCK_PUT_NUMS',
  'SUBSCRIPTION_MISMATCH',
  'BROKER_PUT_NUMS',
  'BROKER_GET_NUMS',
] as const;
export type StatsName = (typeof STATS_NAMES)[number];

/** Items one broker keeps; what comes later is not counted by itself. An item and its history take 1.3 KB. */
const MOST_ITEMS = 50_000;
/** How often {@link BrokerStatsManager.sample} runs, and after how many runs the longer histories take a snapshot. */
export const SAMPLE_PERIOD_MS = 10_000;
const SAMPLES_PER_HOUR_SNAPSHOT = 60;
const SAMPLES_PER_DAY_SNAPSHOT = 360;

/** What a broker counts by topic and by group, with minute, hour and day of each. Java: BrokerStatsManager. */
export class BrokerStatsManager {
  readonly #clock: Clock;
  readonly #clusterName: string;
  readonly #broker = { puts: new StatsItem(), gets: new StatsItem() };
  readonly #puts = new Map<string, StatsItem>();
  /** By topic, then group. */
  readonly #gets = new Map<string, Map<string, GroupGets>>();
  readonly #sendBacks = new Map<string, Map<string, StatsItem>>();
  readonly #mismatches = new Map<string, Map<string, StatsItem>>();
  readonly #isKnownTopic: (topic: string) => boolean;
  #items = 0;
  #samples = 0;

  constructor(options: BrokerStatsOptions) {
    this.#clock = options.clock;
    this.#clusterName = options.clusterName;
    this.#isKnownTopic = options.isKnownTopic;
  }

  /** Counts one request that put `msgNum` messages of `bytes` in all. Java: #incTopicPutNums, #incTopicPutSize. */
  put(topic: string, msgNum: number, bytes: number): void {
    this.#broker.puts.addOnly(msgNum);
    const item = this.#puts.get(topic) ?? this.#newItem(this.#puts, topic);
    item?.add(msgNum, bytes);
  }

  /**
   * Counts one pull that got `msgNum` messages of `bytes` in all, after `elapsedMs`. Latencies count in whole
   * milliseconds as in Java.
   * Java: #incGroupGetNums, #incGroupGetSize, #incGroupGetLatency.
   */
  get(group: string, topic: string, queueId: number, msgNum: number, bytes: number, elapsedMs: number): void {
    const gets = this.#get(group, topic, msgNum, bytes);
    if (gets === undefined) return;
    const latency = gets.latency.get(queueId) ?? this.#newItem(gets.latency, queueId);
    latency?.add(Math.floor(elapsedMs), 0);
  }

  /** As {@link get} for a group of the broker itself: no latency. Java: TransactionalMessageBridge#getMessage. */
  getInside(group: string, topic: string, msgNum: number, bytes: number): void {
    this.#get(group, topic, msgNum, bytes);
  }

  #get(group: string, topic: string, msgNum: number, bytes: number): GroupGets | undefined {
    this.#broker.gets.addOnly(msgNum);
    const gets = this.#gets.get(topic)?.get(group) ?? this.#newGroup(topic, group);
    gets?.all.add(msgNum, bytes);
    return gets;
  }

  /** Counts one message that a consumer sent back. Java: #incSendBackNums. */
  sendBack(group: string, topic: string): void {
    const groups = this.#sendBacks.get(topic) ?? nested(this.#sendBacks, topic);
    const item = groups.get(group) ?? this.#newItem(groups, group);
    item?.add(1, 0);
  }

  /** Counts one heartbeat that contradicts another member of its group (ADR 0040). Not Java's. */
  subscriptionMismatch(group: string, topic: string): void {
    const groups = this.#mismatches.get(topic) ?? nested(this.#mismatches, topic);
    const item = groups.get(group) ?? this.#newItem(groups, group);
    item?.add(1, 0);
  }

  /** Messages a second that a group got of a topic within a minute, NaN with one snapshot. Java: #tpsGroupGetNums. */
  tpsGroupGetNums(group: string, topic: string): number {
    return this.#gets.get(topic)?.get(group)?.all.data('minute', 'value').tps ?? 0;
  }

  /** Minute, hour and day of an item; undefined for one that nothing was counted for. Java: #getStatsItem. */
  view(name: string, key: string): StatsView | undefined {
    const [item, column] = this.#find(name, key) ?? [];
    if (item === undefined || column === undefined) return undefined;
    return {
      statsMinute: item.data('minute', column),
      statsHour: item.data('hour', column),
      statsDay: item.data('day', column),
    };
  }

  /**
   * Takes a snapshot of every item; called every {@link SAMPLE_PERIOD_MS}. Once an hour items of topics that are gone
   * are let go of.
   */
  sample(): void {
    const nowMs = this.#clock.now();
    const spans: StatsSnapshot[] = ['minute'];
    // Java's first snapshots are taken at once, of no items yet: the next ones of an hour come ten minutes later.
    this.#samples += 1;
    if (this.#samples % SAMPLES_PER_HOUR_SNAPSHOT === 0) spans.push('hour');
    if (this.#samples % SAMPLES_PER_DAY_SNAPSHOT === 0) {
      spans.push('day');
      this.#letGo();
    }
    for (const item of this.#all()) for (const span of spans) item.take(span, nowMs);
  }

  #find(name: string, key: string): [StatsItem | undefined, 'value' | 'bytes'] | undefined {
    const [first, second, third] = key.split('@');
    switch (name as StatsName) {
      case 'TOPIC_PUT_NUMS':
        return [this.#puts.get(key), 'value'];
      case 'TOPIC_PUT_SIZE':
        return [this.#puts.get(key), 'bytes'];
      case 'GROUP_GET_NUMS':
        return [this.#gets.get(first ?? '')?.get(second ?? '')?.all, 'value'];
      case 'GROUP_GET_SIZE':
        return [this.#gets.get(first ?? '')?.get(second ?? '')?.all, 'bytes'];
      case 'GROUP_GET_LATENCY': {
        const latency = this.#gets.get(second ?? '')?.get(third ?? '')?.latency;
        return [latency?.get(Number(first)), 'value'];
      }
      case 'SNDBCK_PUT_NUMS':
        return [this.#sendBacks.get(first ?? '')?.get(second ?? ''), 'value'];
      case 'SUBSCRIPTION_MISMATCH':
        return [this.#mismatches.get(first ?? '')?.get(second ?? ''), 'value'];
      case 'BROKER_PUT_NUMS':
        return key === this.#clusterName ? [used(this.#broker.puts), 'value'] : undefined;
      case 'BROKER_GET_NUMS':
        return key === this.#clusterName ? [used(this.#broker.gets), 'value'] : undefined;
      default:
        return undefined;
    }
  }

  #newGroup(topic: string, group: string): GroupGets | undefined {
    if (this.#items >= MOST_ITEMS) return undefined;
    this.#items += 1;
    const gets = { all: new StatsItem(), latency: new Map<number, StatsItem>() };
    nested(this.#gets, topic).set(group, gets);
    return gets;
  }

  #newItem<K>(items: Map<K, StatsItem>, key: K): StatsItem | undefined {
    if (this.#items >= MOST_ITEMS) return undefined;
    this.#items += 1;
    const item = new StatsItem();
    items.set(key, item);
    return item;
  }

  #letGo(): void {
    for (const tables of [this.#puts, this.#gets, this.#sendBacks, this.#mismatches]) {
      for (const topic of tables.keys()) if (!this.#isKnownTopic(topic)) tables.delete(topic);
    }
    this.#items = [...this.#all()].length - 2;
  }

  *#all(): Generator<StatsItem> {
    yield this.#broker.puts;
    yield this.#broker.gets;
    yield* this.#puts.values();
    for (const counts of [this.#sendBacks, this.#mismatches]) {
      for (const groups of counts.values()) yield* groups.values();
    }
    for (const groups of this.#gets.values()) {
      for (const { all, latency } of groups.values()) {
        yield all;
        yield* latency.values();
      }
    }
  }
}

export interface BrokerStatsOptions {
  readonly clock: Clock;
  readonly clusterName: string;
  /** Whether the items of a topic are kept. */
  readonly isKnownTopic: (topic: string) => boolean;
}

/** Java: BrokerStatsData. */
export interface StatsView {
  readonly statsMinute: StatsData;
  readonly statsHour: StatsData;
  readonly statsDay: StatsData;
}

/** What one group got of one topic: in all, and how long its pulls took by queue. */
interface GroupGets {
  readonly all: StatsItem;
  readonly latency: Map<number, StatsItem>;
}

/** Java makes an item when it is counted for the first time. */
function used(item: StatsItem): StatsItem | undefined {
  return item.value > 0 ? item : undefined;
}

function nested<V>(tables: Map<string, Map<string, V>>, topic: string): Map<string, V> {
  let table = tables.get(topic);
  if (table === undefined) {
    table = new Map();
    tables.set(topic, table);
  }
  return table;
}
