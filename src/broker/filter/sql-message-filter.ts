import { eachProperty } from '../../codec/message-properties.ts';
import type { CqExtUnit } from '../../store/consume-queue-ext-unit.ts';
import type { MessageFilter, RecordFilter } from '../../store/ports.ts';
import { hasBits } from '../../util/bloom-filter.ts';
import type { ConsumerFilter } from '../consumer-filter-manager.ts';
import type { SqlCondition } from './sql/sql-compile.ts';

/** Parts of an expression times records that one read may cost; it looks at a record at least. */
const MOST_WORK = 1_000_000;

/**
 * Picks messages by an SQL92 expression. With a bit map in the queue's extension most of those that do not match are
 * not even read. Java: ExpressionMessageFilter.
 */
export function sqlFilter(filter: ConsumerFilter): MessageFilter | undefined {
  const { condition } = filter;
  if (condition === undefined) return undefined;
  return {
    isMatchedByConsumeQueue: (_high, _low, unit) => unit === undefined || isMatchedByBits(filter, unit),
    byRecord: recordFilter(condition),
  };
}

/** Picks by a condition that nobody registered. */
export function conditionFilter(condition: SqlCondition): MessageFilter {
  return { isMatchedByConsumeQueue: () => true, byRecord: recordFilter(condition) };
}

/**
 * Picks from a retry topic, each message by the filter that the group has for the topic it came from; one without a
 * filter passes. Java: ExpressionForRetryMessageFilter.
 */
export function retryFilter(filterOf: (topic: string) => ConsumerFilter | undefined): MessageFilter {
  const isMatchedByCommitLog = (bytes: Buffer, start: number, end: number): boolean => {
    const topic = propertyOf('RETRY_TOPIC', bytes, start, end);
    const condition = topic === undefined ? undefined : filterOf(topic)?.condition;
    return condition === undefined || condition.evaluate(bytes, start, end) === true;
  };
  return { isMatchedByConsumeQueue: () => true, byRecord: { mostRecords: RETRY_RECORDS, isMatchedByCommitLog } };
}

const RETRY_RECORDS = 256;

function recordFilter(condition: SqlCondition): RecordFilter {
  return {
    mostRecords: Math.max(1, Math.floor(MOST_WORK / condition.size)),
    isMatchedByCommitLog: (bytes, start, end) => condition.evaluate(bytes, start, end) === true,
  };
}

/** Bits tell only of messages that came when the filter was there, and only in a map of today's length. */
function isMatchedByBits({ bornTime, bloomFilterData }: ConsumerFilter, { msgStoreTime, bitMap }: CqExtUnit): boolean {
  if (msgStoreTime <= bornTime || bitMap.length * 8 !== bloomFilterData.bitNum) return true;
  return hasBits(bitMap, bloomFilterData.bitPos);
}

function propertyOf(name: string, bytes: Buffer, start: number, end: number): string | undefined {
  let found: string | undefined;
  eachProperty(bytes, start, end, (nameStart, nameEnd, valueStart, valueEnd) => {
    if (bytes.toString('latin1', nameStart, nameEnd) !== name) return;
    found = bytes.toString('utf8', valueStart, valueEnd);
  });
  return found;
}
