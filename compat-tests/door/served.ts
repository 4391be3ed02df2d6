import { setTimeout as pause } from 'node:timers/promises';
import type { Server } from '../peer/peer.ts';
import { inParallel, RawClient } from '../peer/raw-client.ts';
import { decodeRecords, type RawRecord } from '../peer/records.ts';
import {
  checkByPhysicalOffset,
  checkByPull,
  checkOffsets,
  type ExpectedRecord,
  maxQueryCount,
  queryByKey,
} from '../peer/store-check.ts';
import { doorQueues, doorTopics } from './messages.ts';
import { indexHash, keysOf, readLog, recordsByQueue, type StoreSizes } from './store-files.ts';

/** What a broker answers to every key in the log: physical offsets in ascending order. */
export type KeyAnswers = ReadonlyMap<string, readonly number[]>;

/** A broker that runs on a directory, and the log it has there. */
export interface Served {
  readonly client: RawClient;
  readonly records: readonly RawRecord[];
}

/** Delayed messages come when it is their time, and Java's dispatch is a little behind. */
const attempts = 20;
const pauseMs = 100;

/**
 * Connects to a broker, reads the log from the files below it, and runs the check until it finds nothing wrong, some
 * times at most. Gives what was wrong at the last attempt.
 */
export async function checkServed(
  { address }: Pick<Server, 'address'>,
  storeDir: string,
  sizes: StoreSizes,
  check: (served: Served) => Promise<string[]>,
): Promise<string[]> {
  const client = await RawClient.connect(address);
  try {
    for (let attempt = 1; ; attempt++) {
      const { records } = readLog(storeDir, sizes);
      const problems = await check({ client, records });
      if (problems.length === 0 || attempt === attempts) return problems;
      await pause(pauseMs);
    }
  } finally {
    client.close();
  }
}

/**
 * Every record of the log is served by physical offset with all its fields, every queue of the series' topics whole, in
 * order and with its min and max offset.
 */
export async function checkRecords({ client, records }: Served): Promise<string[]> {
  const expected = records.map(({ body: _, ...known }): ExpectedRecord => known);
  const byQueue = recordsByQueue(records);
  const queues = doorTopics.flatMap((topic) => {
    return Array.from({ length: doorQueues }, (_, queueId) => {
      const maxOffset = byQueue.get(`${topic} ${queueId}`)?.length ?? 0;
      return { topic, queueId, minOffset: 0, maxOffset };
    });
  });
  const known = queues.filter(({ topic }) => records.some((record) => record.topic === topic));
  const findings = [
    await checkOffsets(client, known),
    await checkByPull(client, expected, new Set(doorTopics)),
    await checkByPhysicalOffset(client, expected),
  ];
  return findings.flatMap(({ lines }) => lines);
}

/** Asks for every key of every record of the log (12). */
export async function askKeys({ client, records }: Served): Promise<KeyAnswers> {
  const lookups = new Map<string, { topic: string; key: string; unique: boolean }>();
  for (const record of records) {
    for (const { key, unique } of keysOf(record)) {
      lookups.set(`${record.topic}#${key}${unique ? ' (unique)' : ''}`, { topic: record.topic, key, unique });
    }
  }
  const answers = await inParallel([...lookups], 32, async ([name, { topic, key, unique }]) => {
    const reply = await queryByKey(client, topic, key, unique);
    const offsets = reply.code === 0 ? decodeRecords(reply.body).map((record) => record.physicalOffset) : [];
    return [name, [...new Set(offsets)].sort((a, b) => a - b)] as const;
  });
  return new Map(answers);
}

/** What an index that has every key of the log answers: only hashes are compared, by both sides. */
export function wholeAnswers(records: readonly RawRecord[]): KeyAnswers {
  const byHash = new Map<number, Set<number>>();
  const names = new Map<string, number>();
  for (const record of records) {
    for (const { key, unique } of keysOf(record)) {
      const hash = indexHash(record.topic, key);
      const offsets = byHash.get(hash) ?? new Set();
      byHash.set(hash, offsets.add(record.physicalOffset));
      names.set(`${record.topic}#${key}${unique ? ' (unique)' : ''}`, hash);
    }
  }
  return new Map([...names].map(([name, hash]) => [name, [...(byHash.get(hash) ?? [])].sort((a, b) => a - b)]));
}

/** Java answers so many at most to a query by unique key (defaultQueryMaxNum). */
const maxUniqueCount = 32;

/** One line for each key whose answer is not as `want` says: the same, or with `more` at least that. */
export function compareAnswers(got: KeyAnswers, want: KeyAnswers, relation: 'same' | 'more', who: string): string[] {
  const problems: string[] = [];
  for (const [name, offsets] of want) {
    if (offsets.length > (name.endsWith(' (unique)') ? maxUniqueCount : maxQueryCount)) continue;
    const found = got.get(name) ?? [];
    const missing = offsets.filter((offset) => !found.includes(offset));
    const extra = relation === 'same' ? found.filter((offset) => !offsets.includes(offset)) : [];
    if (missing.length > 0 || extra.length > 0) {
      problems.push(`key ${name}: ${who} lacks [${missing.join(' ')}], has besides [${extra.join(' ')}]`);
    }
  }
  return problems;
}
