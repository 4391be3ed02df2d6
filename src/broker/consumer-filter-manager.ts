import Long from 'long';
import type { SubscriptionData } from '../codec/bodies/heartbeat.ts';
import type { BloomFilter } from '../util/bloom-filter.ts';
import type { Clock } from '../util/clock.ts';
import type { Logger } from '../util/logger.ts';
import type { StateFile } from '../util/state-file.ts';
import {
  type BloomFilterData,
  type ConsumerFilterData,
  decodeConsumerFilters,
  encodeConsumerFilters,
  isDeadFilter,
} from './consumer-filter-file.ts';
import type { SqlCondition } from './filter/sql/sql-compile.ts';
import { SqlError } from './filter/sql/sql-error.ts';
import { compileSql } from './filter/sql/sql-filter.ts';

/** Filters kept, and characters of all their expressions. What comes beyond is refused, and its pulls are told so. */
const MOST_FILTERS = 50_000;
const MOST_CHARACTERS = 32 << 20;
/** Java: ConsumerFilterManager#decode: a consumer of a broker that was gone is taken to have gone a little before. */
const GONE_BEFORE_MS = 30_000;

/** What a group filters a topic by, compiled. Java: ConsumerFilterData. */
export interface ConsumerFilter extends ConsumerFilterData {
  readonly consumerGroup: string;
  readonly topic: string;
  readonly expression: string;
  readonly expressionType: string;
  clientVersion: Long;
  deadTime: number;
  readonly bloomFilterData: { readonly bitNum: number; readonly bitPos: readonly number[] };
  /** undefined when the expression of a file does not compile: then everything passes, as in Java. */
  readonly condition: SqlCondition | undefined;
}

/** How long a filter outlives its last consumer. Java: BrokerConfig. */
export interface FilterSettings {
  readonly filterDataCleanTimeSpan: number;
}

/** Which groups filter which topics by SQL, `config/consumerFilter.json`. Java: ConsumerFilterManager. */
export class ConsumerFilterManager {
  readonly bloomFilter: BloomFilter;
  readonly #byTopic = new Map<string, Map<string, ConsumerFilter>>();
  readonly #topicsOfGroup = new Map<string, Set<string>>();
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #file: StateFile;
  readonly #settings: FilterSettings;
  #count = 0;
  #characters = 0;
  #dirty = false;

  constructor(options: {
    readonly bloomFilter: BloomFilter;
    readonly clock: Clock;
    readonly log: Logger;
    readonly file: StateFile;
    /** Live. */
    readonly settings: FilterSettings;
  }) {
    this.bloomFilter = options.bloomFilter;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#file = options.file;
    this.#settings = options.settings;
  }

  /**
   * Reads the file; all its consumers are gone until they tell of themselves. Bits of another kind of bit map mean
   * nothing here, so then all of the file is left out. Throws StateFileError. Java: #decode.
   */
  load(): void {
    const loaded = [...(this.#file.load(decodeConsumerFilters) ?? [])];
    const rows = loaded.flatMap(([topic, groups]) => [...groups].map(([group, data]) => ({ topic, group, data })));
    if (rows.some(({ topic, group, data }) => !this.#isOurs(topic, group, data.bloomFilterData))) {
      this.#log.info({ file: this.#file.path }, 'filters of consumers with other bit maps are left out');
      return;
    }
    const goneMs = this.#clock.now() - GONE_BEFORE_MS;
    for (const { topic, group, data } of rows) {
      const { expression = '', expressionType = '', bornTime, clientVersion } = data;
      const condition = expressionType === SQL92 ? compileSql(expression) : undefined;
      if (!this.#hasRoomFor(expression)) continue;
      this.#set({
        ...{ consumerGroup: group, topic, expression, expressionType, bornTime, clientVersion },
        deadTime: data.deadTime === 0 ? Math.max(goneMs, bornTime) : data.deadTime,
        bloomFilterData: this.#bitsOf(topic, group),
        condition: condition instanceof SqlError ? undefined : condition,
      });
    }
  }

  /** The filter of a group for a topic, whether its consumers are there or not. */
  get(topic: string, group: string): ConsumerFilter | undefined {
    return this.#byTopic.get(topic)?.get(group);
  }

  /** All filters of a topic; undefined when there is none. Do not change the table while using it. */
  ofTopic(topic: string): ReadonlyMap<string, ConsumerFilter> | undefined {
    return this.#byTopic.get(topic);
  }

  /** Takes the subscriptions of a heartbeat; topics that are not among them lose their consumers. Java: #register. */
  registerGroup(group: string, subscriptions: readonly (SubscriptionData & { readonly topic: string })[]): void {
    for (const { topic, subString, expressionType, subVersion } of subscriptions) {
      if (isTagType(expressionType)) continue;
      this.register({ topic, group, expression: subString, expressionType, clientVersion: subVersion });
    }
    const topics = this.#topicsOfGroup.get(group);
    if (topics === undefined) return;
    const named = new Set(subscriptions.map(({ topic }) => topic));
    for (const topic of topics) if (!named.has(topic)) this.#markDead(this.get(topic, group));
  }

  /**
   * Takes one subscription. An older version changes nothing, the same one brings a dead filter back; a new expression
   * that does not compile takes the old one away.
   * @returns false when there is nothing to filter by now that was not there. Java: FilterDataMapByTopic#register.
   */
  register({ topic, group, expression, expressionType, clientVersion }: FilterRegistration): boolean {
    if (isTagType(expressionType) || expression === undefined || expression === '') return false;
    const old = this.get(topic, group);
    if (old === undefined) return this.#add(topic, group, expression, expressionType, clientVersion);
    const oldVersion = old.clientVersion.toNumber();
    if (clientVersion < oldVersion || (clientVersion === oldVersion && !isDeadFilter(old))) return false;
    if (clientVersion > oldVersion && (old.expression !== expression || old.expressionType !== expressionType)) {
      this.#remove(old);
      return this.#add(topic, group, expression, expressionType, clientVersion);
    }
    if (clientVersion > oldVersion) old.clientVersion = Long.fromNumber(clientVersion);
    if (isDeadFilter(old)) old.deadTime = 0;
    this.#dirty = true;
    return true;
  }

  /** The last consumer of a group has gone. Java: #unRegister. */
  unregisterGroup(group: string): void {
    for (const topic of this.#topicsOfGroup.get(group) ?? []) this.#markDead(this.get(topic, group));
  }

  /** Drops what nobody came back for, and writes the table in the background when it changed. */
  async persist(): Promise<void> {
    this.#clean();
    if (!this.#dirty) return;
    this.#dirty = false;
    if (!(await this.#file.save(() => this.#text()))) this.#dirty = true;
  }

  /** Writes the table at once when it changed, as one of the last acts of a stop. Throws FsError. */
  persistNow(): void {
    this.#clean();
    if (this.#dirty) this.#file.saveNow(this.#text());
    this.#dirty = false;
  }

  #add(topic: string, group: string, expression: string, expressionType: string, clientVersion: number): boolean {
    const compiled = expressionType === SQL92 ? compileSql(expression) : undefined;
    if (compiled === undefined || compiled instanceof SqlError) {
      const reason = compiled?.message ?? `there are no filters of type ${expressionType}`;
      this.#log.warn({ topic, group, reason }, 'the filter of a consumer does not compile');
      return false;
    }
    if (!this.#hasRoomFor(expression)) {
      this.#log.warn({ topic, group, filters: this.#count }, 'there are too many filters, one was not registered');
      return false;
    }
    this.#set({
      ...{ consumerGroup: group, topic, expression, expressionType, deadTime: 0, condition: compiled },
      bornTime: this.#clock.now(),
      clientVersion: Long.fromNumber(clientVersion),
      bloomFilterData: this.#bitsOf(topic, group),
    });
    return true;
  }

  #hasRoomFor(expression: string): boolean {
    return this.#count < MOST_FILTERS && this.#characters + expression.length <= MOST_CHARACTERS;
  }

  #set(filter: ConsumerFilter): void {
    const { topic, consumerGroup: group } = filter;
    tableOf(this.#byTopic, topic, () => new Map<string, ConsumerFilter>()).set(group, filter);
    tableOf(this.#topicsOfGroup, group, () => new Set<string>()).add(topic);
    this.#count += 1;
    this.#characters += filter.expression.length;
    this.#dirty = true;
  }

  #remove({ topic, consumerGroup: group, expression }: ConsumerFilter): void {
    const groups = this.#byTopic.get(topic);
    groups?.delete(group);
    if (groups?.size === 0) this.#byTopic.delete(topic);
    const topics = this.#topicsOfGroup.get(group);
    topics?.delete(topic);
    if (topics?.size === 0) this.#topicsOfGroup.delete(group);
    this.#count -= 1;
    this.#characters -= expression.length;
    this.#dirty = true;
  }

  #markDead(filter: ConsumerFilter | undefined): void {
    if (filter === undefined || isDeadFilter(filter)) return;
    filter.deadTime = this.#clock.now();
    this.#dirty = true;
  }

  #clean(): void {
    const goneMs = this.#clock.now() - this.#settings.filterDataCleanTimeSpan;
    for (const groups of [...this.#byTopic.values()]) {
      for (const filter of [...groups.values()]) {
        if (isDeadFilter(filter) && filter.deadTime <= goneMs) this.#remove(filter);
      }
    }
  }

  #isOurs(topic: string, group: string, data: BloomFilterData | undefined): boolean {
    const { bitNum, bitPos } = this.#bitsOf(topic, group);
    return data?.bitNum === bitNum && data.bitPos?.join() === bitPos.join();
  }

  #bitsOf(topic: string, group: string): ConsumerFilter['bloomFilterData'] {
    return { bitNum: this.bloomFilter.bitCount, bitPos: this.bloomFilter.positionsOf(`${group}#${topic}`) };
  }

  #text(): string {
    return encodeConsumerFilters(this.#byTopic);
  }
}

/** One subscription of a group. */
export interface FilterRegistration {
  readonly topic: string;
  readonly group: string;
  readonly expression: string | undefined;
  readonly expressionType: string | undefined;
  /** The subVersion of the client. */
  readonly clientVersion: number;
}

/** The one type of filter beside tags. */
export const SQL92 = 'SQL92';

/** Whether a subscription picks by tags. Java: ExpressionType#isTagType. */
export function isTagType(type: string | undefined): type is undefined | '' | 'TAG' {
  return type === undefined || type === '' || type === 'TAG';
}

function tableOf<T>(tables: Map<string, T>, key: string, make: () => T): T {
  let table = tables.get(key);
  if (table === undefined) {
    table = make();
    tables.set(key, table);
  }
  return table;
}
