import type { StoreTotals } from '../store/stats.ts';

/** Messages in and out of the store since the start, and at the last two midnights. Java: BrokerStats. */
export class BrokerStats {
  msgPutTotalYesterdayMorning = 0;
  msgPutTotalTodayMorning = 0;
  msgGetTotalYesterdayMorning = 0;
  msgGetTotalTodayMorning = 0;
  readonly #totals: StoreTotals;

  /** The totals are live. */
  constructor(totals: StoreTotals) {
    this.#totals = totals;
  }

  /** Everything that was stored, also what the broker stores itself: deliveries, op records, retries. */
  get msgPutTotalTodayNow(): number {
    return this.#totals.putTimes;
  }

  /** Everything that was read from a queue, also by the check of transactions. */
  get msgGetTotalTodayNow(): number {
    return this.#totals.transferred;
  }

  /** Run at local midnight. Java: BrokerStats#record. */
  record(): void {
    this.msgPutTotalYesterdayMorning = this.msgPutTotalTodayMorning;
    this.msgGetTotalYesterdayMorning = this.msgGetTotalTodayMorning;
    this.msgPutTotalTodayMorning = this.msgPutTotalTodayNow;
    this.msgGetTotalTodayMorning = this.msgGetTotalTodayNow;
  }
}
