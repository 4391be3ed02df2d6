import Long from 'long';
import { subscriptionData } from './heartbeat.ts';
import { bean, bool, int, type Kind, list, long, optional, property, text, type ValueOf } from './schema.ts';

/** A long of which every bit counts: tags codes, which may be addresses in an extension. */
const exactLong: Kind<Long> = {
  read(value, where) {
    const read = Long.isLong(value) ? value : long.read(value, where);
    return typeof read === 'number' ? Long.fromNumber(read) : read;
  },
  write: (value, out) => out.raw(value.toString()),
};

/** One entry of a consume queue. Java: ConsumeQueueData. */
export const consumeQueueData = bean({
  /** Bits of the filter bit map, the last byte first. */
  bitMap: optional(text),
  eval: property(bool, false),
  /** The unit of the extension, as JSON text. */
  extendDataJson: optional(text),
  msg: optional(text),
  physicOffset: property(long, 0),
  physicSize: property(int, 0),
  tagsCode: property(exactLong, Long.ZERO),
});
export type ConsumeQueueData = ValueOf<typeof consumeQueueData>;

/** Answer of QUERY_CONSUME_QUEUE (321). Java: QueryConsumeQueueResponseBody. */
export const queryConsumeQueueResponseBody = bean({
  filterData: optional(text),
  maxQueueIndex: property(long, 0),
  minQueueIndex: property(long, 0),
  queueData: optional(list(consumeQueueData)),
  subscriptionData: optional(subscriptionData),
});
export type QueryConsumeQueueResponseBody = ValueOf<typeof queryConsumeQueueResponseBody>;
