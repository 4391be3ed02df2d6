import { bodyOf, type LedgerEntry } from './ledger-producer.ts';
import { inParallel, type RawClient } from './raw-client.ts';
import { physicalOffsetOf, type RawRecord } from './records.ts';
import { pullQueue, queueOffsets } from './store-check.ts';

/** What a broker serves of one topic. */
export interface StoredTopic {
  readonly topic: string;
  readonly records: readonly RawRecord[];
  readonly maxOffsets: ReadonlyMap<number, number>;
}

/** Pulls queues 0 to `queues - 1` of a topic whole. */
export async function readTopic(client: RawClient, topic: string, queues: number): Promise<StoredTopic> {
  const ids = Array.from({ length: queues }, (_, queueId) => queueId);
  const offsets = await inParallel(ids, queues, (queueId) => queueOffsets(client, topic, queueId));
  const records = await inParallel(ids, queues, async (queueId) => {
    return (offsets[queueId]?.max ?? 0) > 0 ? pullQueue(client, topic, queueId, 0) : [];
  });
  return { topic, records: records.flat(), maxOffsets: new Map(offsets.map(({ max }, queueId) => [queueId, max])) };
}

/**
 * After a crash: every acknowledged message is stored where its answer said and with its bytes, every queue is dense
 * from 0 to its max offset, and no unique key or physical offset occurs twice. Returns one line per violation.
 */
export function checkLedger(ledger: readonly LedgerEntry[], stored: StoredTopic): string[] {
  return [...checkStored(ledger, stored), ...checkUnique(stored)];
}

/** As {@link checkLedger}, for a producer that may store a message twice: official ones send again after a failure. */
export function checkStored(ledger: readonly LedgerEntry[], stored: StoredTopic): string[] {
  const problems: string[] = [];
  const byPlace = new Map(stored.records.map((record) => [`${record.queueId} ${record.queueOffset}`, record]));
  for (const entry of ledger) {
    const record = byPlace.get(`${entry.queueId} ${entry.queueOffset}`);
    const where = `${stored.topic}: acknowledged ${entry.key} (queue ${entry.queueId}, offset ${entry.queueOffset})`;
    if (record === undefined) problems.push(`${where} is not stored`);
    else if (record.properties['UNIQ_KEY'] !== entry.key) {
      problems.push(`${where}: ${record.properties['UNIQ_KEY']} is stored in its place`);
    } else if (record.physicalOffset !== physicalOffsetOf(entry.msgId)) {
      problems.push(`${where}: lies at ${record.physicalOffset}, its id says ${physicalOffsetOf(entry.msgId)}`);
    } else if (!record.body.equals(bodyOf(entry.key))) problems.push(`${where}: the body differs`);
  }
  return [...problems, ...checkDense(stored)];
}

function checkDense(stored: StoredTopic): string[] {
  const problems: string[] = [];
  for (const [queueId, max] of stored.maxOffsets) {
    const offsets = stored.records.filter((record) => record.queueId === queueId).map((record) => record.queueOffset);
    const gap = offsets.findIndex((offset, index) => offset !== index);
    if (gap >= 0) problems.push(`${stored.topic} ${queueId}: offset ${offsets[gap]} at place ${gap}`);
    if (offsets.length !== max)
      problems.push(`${stored.topic} ${queueId}: ${offsets.length} records, max offset ${max}`);
  }
  return problems;
}

function checkUnique({ topic, records }: StoredTopic): string[] {
  const keys = new Set(records.map((record) => record.properties['UNIQ_KEY']));
  const places = new Set(records.map((record) => record.physicalOffset));
  const problems: string[] = [];
  if (keys.size !== records.length) problems.push(`${topic}: ${records.length} records, ${keys.size} unique keys`);
  if (places.size !== records.length) problems.push(`${topic}: ${records.length} records at ${places.size} places`);
  return problems;
}
