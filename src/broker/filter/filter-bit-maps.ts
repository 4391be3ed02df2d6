import type { FilterBitMap } from '../../store/ports.ts';
import { setBits } from '../../util/bloom-filter.ts';
import type { ConsumerFilterManager } from '../consumer-filter-manager.ts';

/** Parts of expressions asked about one message; filters beyond count as passed, and pulls ask them anyway. */
const MOST_WORK = 20_000;

/** When bit maps are computed. Java: BrokerConfig. */
export interface BitMapSettings {
  readonly enableCalcFilterBitMap: boolean;
}

/** Computes which filters of its topic a message passes. Java: CommitLogDispatcherCalcBitMap. */
export class FilterBitMaps implements FilterBitMap {
  readonly #filters: ConsumerFilterManager;
  readonly #settings: BitMapSettings;
  readonly #bitMap: Uint8Array;

  /** The settings are live. */
  constructor(filters: ConsumerFilterManager, settings: BitMapSettings) {
    this.#filters = filters;
    this.#settings = settings;
    this.#bitMap = new Uint8Array(filters.bloomFilter.bitCount / 8);
  }

  bitMapOf(topic: string, bytes: Buffer, start: number, end: number): Uint8Array | undefined {
    if (!this.#settings.enableCalcFilterBitMap) return undefined;
    const filters = this.#filters.ofTopic(topic);
    if (filters === undefined) return undefined;
    this.#bitMap.fill(0);
    let work = 0;
    for (const { condition, bloomFilterData } of filters.values()) {
      if (condition === undefined) continue;
      work += condition.size;
      if (work > MOST_WORK || condition.evaluate(bytes, start, end) === true) {
        setBits(this.#bitMap, bloomFilterData.bitPos);
      }
    }
    return this.#bitMap;
  }
}
