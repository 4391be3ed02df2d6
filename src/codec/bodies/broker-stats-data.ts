import { bean, double, long, property, type ValueOf } from './schema.ts';

/** What came in a span. `tps` is NaN, written as null, while there is one snapshot. Java: BrokerStatsItem. */
export const brokerStatsItem = bean({
  sum: property(long, 0),
  tps: property(double, 0),
  avgpt: property(double, 0),
});

/** Answer of VIEW_BROKER_STATS_DATA (315). Java: BrokerStatsData. */
export const brokerStatsData = bean({
  statsMinute: property(brokerStatsItem, () => ({ sum: 0, tps: 0, avgpt: 0 })),
  statsHour: property(brokerStatsItem, () => ({ sum: 0, tps: 0, avgpt: 0 })),
  statsDay: property(brokerStatsItem, () => ({ sum: 0, tps: 0, avgpt: 0 })),
});
export type BrokerStatsData = ValueOf<typeof brokerStatsData>;
