import Long from 'long';
import {
  bean,
  bool,
  concurrentMapOf,
  decodeBody,
  encodeBodyText,
  int,
  type Kind,
  list,
  long,
  optional,
  property,
  set,
  text,
  textKey,
  type ValueOf,
} from '../codec/bodies/schema.ts';
import { DecodeError } from '../codec/fast-json.ts';

/** Topic → consumer group → its filter. */
export type ConsumerFilters = ReadonlyMap<string, ReadonlyMap<string, ConsumerFilterData>>;

/** What a consumer group filters a topic by. Java: ConsumerFilterData. */
export interface ConsumerFilterData {
  readonly consumerGroup?: string | undefined;
  readonly topic?: string | undefined;
  /** Such as `a > 5`; compiled again at a start. */
  readonly expression?: string | undefined;
  readonly expressionType?: string | undefined;
  /** The subVersion of the client, all 64 bits: the Go client counts nanoseconds, which are beyond 2^53. */
  readonly clientVersion: Long;
  readonly bornTime: number;
  /** When the last client of the group went; below bornTime while there is one. */
  readonly deadTime: number;
  readonly bloomFilterData?: BloomFilterData | undefined;
}

/** The bits a group sets in a filter bit map of `bitNum` bits. Java: BloomFilterData. */
export interface BloomFilterData {
  readonly bitNum: number;
  readonly bitPos?: readonly number[] | undefined;
}

/** True when no client of the group is there any more. Java: ConsumerFilterData#isDead. */
export function isDeadFilter(data: ConsumerFilterData): boolean {
  return data.deadTime >= data.bornTime;
}

/**
 * The text of `config/consumerFilter.json`, or undefined when it is none. The `dead` of the file counts for nothing,
 * it follows from the two times. Never throws. Java: ConsumerFilterManager#decode, without what it then throws away.
 */
export function decodeConsumerFilters(fileText: string): ConsumerFilters | undefined {
  const read = decodeBody(consumerFilterFile, fileText);
  if (read instanceof DecodeError) return undefined;
  return new Map([...read.filterDataByTopic].map(([topic, { groupFilterData }]) => [topic, groupFilterData]));
}

/** The file as Java writes it. Java: ConsumerFilterManager#encode, without what it throws away before. */
export function encodeConsumerFilters(filters: ConsumerFilters): string {
  const rows = [...filters].map(([topic, groups]): [string, ValueOf<typeof topicFilters>] => {
    const groupFilterData = new Map([...groups].map(([name, data]) => [name, { ...data, dead: isDeadFilter(data) }]));
    return [topic, { groupFilterData, topic }];
  });
  return encodeBodyText(consumerFilterFile, { filterDataByTopic: new Map(rows) }, { pretty: true });
}

/** One filter as tools show it, indented as the file is. Java: JSON.toJSONString(ConsumerFilterData, true). */
export function consumerFilterText(data: ConsumerFilterData): string {
  return encodeBodyText(filterData, { ...data, dead: isDeadFilter(data) }, { pretty: true });
}

/** Java's long with all its bits. */
const exactLong: Kind<Long> = {
  read(value, where) {
    if (Long.isLong(value)) return value;
    // Checks the form and the range; only a text can hold more digits than the number it gives.
    const near = long.read(value, where);
    if (near === undefined || Number.isSafeInteger(near)) return near === undefined ? undefined : Long.fromNumber(near);
    return typeof value === 'string'
      ? Long.fromString(value.replaceAll(',', '').replace('+', ''))
      : Long.fromNumber(near);
  },
  write: (value, out) => out.raw(value.toString()),
};

/** Java's int[]: on one line as a set is, but with every item kept. */
const intArray: Kind<readonly number[]> = { read: list(int).read, write: set(int).write };

const filterData = bean({
  bloomFilterData: optional(bean({ bitNum: property(int, 0), bitPos: optional(intArray) })),
  bornTime: property(long, 0),
  clientVersion: property(exactLong, Long.ZERO),
  consumerGroup: optional(text),
  dead: property(bool, true),
  deadTime: property(long, 0),
  expression: optional(text),
  expressionType: optional(text),
  topic: optional(text),
});

const topicFilters = bean({
  groupFilterData: property(concurrentMapOf(textKey, filterData), () => new Map<string, ValueOf<typeof filterData>>()),
  topic: optional(text),
});

const consumerFilterFile = bean({
  filterDataByTopic: property(
    concurrentMapOf(textKey, topicFilters),
    () => new Map<string, ValueOf<typeof topicFilters>>(),
  ),
});
