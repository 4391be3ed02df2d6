import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { RawRecord } from '../peer/records.ts';
import {
  type IndexContent,
  indexHash,
  javaHash,
  keysOf,
  type LogContent,
  readIndex,
  readLog,
  readQueues,
  recordsByQueue,
  type StoreSizes,
} from './store-files.ts';

/** How the broker that wrote the files last came to its end. */
export type Ending = 'clean' | 'kill';

const delaysMs = [1, 5, 10, 30, 60, 120, 180, 240, 300, 360, 420, 480, 540, 600, 1200, 1800, 3600, 7200].map((s) => {
  return s * 1_000;
});

/**
 * Checks a directory no broker runs on, from its files alone: the log is whole, queue offsets count up without gaps,
 * every consume queue has exactly one entry per record in order (after a kill: is a prefix of that), the index
 * has exactly the keys of the log (`wholeIndex`), and the abort marker tells how it ended. One line per violation.
 */
export function checkFiles(storeDir: string, sizes: StoreSizes, ending: Ending, wholeIndex: boolean): string[] {
  const log = readLog(storeDir, sizes);
  const problems = [...log.problems, ...checkQueueOffsets(log.records), ...checkQueues(storeDir, log, ending)];
  if (ending === 'clean') problems.push(...checkIndex(readIndex(storeDir, sizes), log.records, sizes, wholeIndex));
  const aborted = existsSync(join(storeDir, 'abort'));
  if (aborted !== (ending === 'kill')) problems.push(`abort marker is ${aborted ? '' : 'not '}there after ${ending}`);
  return problems.map((line) => `files: ${line}`);
}

/** The queue offsets in the records of each queue are 0, 1, 2, … in the order of the log. */
function checkQueueOffsets(records: readonly RawRecord[]): string[] {
  const problems: string[] = [];
  for (const [queue, queued] of recordsByQueue(records)) {
    const wrong = queued.findIndex(({ queueOffset }, index) => queueOffset !== index);
    if (wrong < 0) continue;
    const { queueOffset, physicalOffset } = queued[wrong] as RawRecord;
    problems.push(`record at ${physicalOffset}: queue offset ${queueOffset} at place ${wrong} of ${queue}`);
  }
  return problems;
}

function checkQueues(storeDir: string, log: LogContent, ending: Ending): string[] {
  const problems: string[] = [];
  const stored = readQueues(storeDir);
  const queued = recordsByQueue(log.records);
  for (const [queue, records] of queued) {
    const { entries, tailIsZero, from } = stored.get(queue) ?? { entries: [], tailIsZero: true, from: 0 };
    if (from !== 0) problems.push(`consumequeue ${queue} begins at byte ${from}`);
    const wrong = entries.findIndex((entry, index) => {
      const record = records[index];
      if (record === undefined) return true;
      const { physicalOffset, size } = record;
      return entry.physicalOffset !== physicalOffset || entry.size !== size || entry.tagsCode !== tagsCodeOf(record);
    });
    if (wrong >= 0) {
      const record = records[wrong];
      const { physicalOffset, size, tagsCode } = entries[wrong] as (typeof entries)[number];
      const want = record && `${record.physicalOffset} ${record.size} ${tagsCodeOf(record)}`;
      problems.push(`consumequeue ${queue}: entry ${wrong} is ${physicalOffset} ${size} ${tagsCode}, not ${want}`);
    } else if (entries.length !== records.length && ending === 'clean') {
      problems.push(`consumequeue ${queue}: ${entries.length} entries for ${records.length} records`);
    }
    if (!tailIsZero) problems.push(`consumequeue ${queue}: data behind entry ${entries.length}`);
  }
  for (const [queue, { entries }] of stored) {
    if (!queued.has(queue) && entries.length > 0) problems.push(`consumequeue ${queue}: no record has this queue`);
  }
  return problems;
}

function tagsCodeOf(record: RawRecord): string {
  const { TAGS: tags, DELAY: delay } = record.properties;
  if (record.topic === 'SCHEDULE_TOPIC_XXXX' && Number(delay ?? 0) > 0) {
    return String(record.storeTimestamp + (delaysMs[Number(delay) - 1] ?? 1_000));
  }
  return String(tags === undefined ? 0 : javaHash(tags));
}

function checkIndex(
  files: readonly IndexContent[],
  records: readonly RawRecord[],
  sizes: StoreSizes,
  whole: boolean,
): string[] {
  const wanted = new Set(
    records.flatMap((record) => {
      return keysOf(record).map(({ key }) => `${indexHash(record.topic, key)} ${record.physicalOffset}`);
    }),
  );
  const found = new Set<string>();
  const strays: string[] = [];
  for (const { name, entries } of files) {
    for (const { keyHash, physicalOffset } of entries) {
      const entry = `${keyHash} ${physicalOffset}`;
      found.add(entry);
      if (!wanted.has(entry)) strays.push(`index/${name}: no record at ${physicalOffset} has a key of hash ${keyHash}`);
    }
  }
  const missing = whole ? [...wanted].filter((entry) => !found.has(entry)) : [];
  // The sum comes first: reports show the first few lines only.
  const sum =
    missing.length > 0 ? [`index: ${missing.length} of ${wanted.size} keys missing, first ${missing[0]}`] : [];
  return [...sum, ...files.flatMap((file) => checkChains(file, sizes)), ...strays];
}

/** Every entry is reached from its slot, over numbers that only go down. */
function checkChains(file: IndexContent, sizes: StoreSizes): string[] {
  const { name, entries, slots, indexCount, hashSlotCount } = file;
  const problems: string[] = [];
  const reached = new Set<number>();
  for (const [slot, newest] of slots.entries()) {
    for (let number = newest; number > 0; ) {
      const entry = entries[number - 1];
      if (entry === undefined || entry.keyHash % sizes.maxHashSlotNum !== slot || reached.has(number)) {
        problems.push(`index/${name}: slot ${slot} leads to entry ${number}`);
        break;
      }
      reached.add(number);
      number = entry.previous;
    }
  }
  if (reached.size !== entries.length) problems.push(`index/${name}: ${reached.size} of ${entries.length} reached`);
  if (hashSlotCount !== indexCount - 1) problems.push(`index/${name}: counts ${hashSlotCount} and ${indexCount}`);
  return problems;
}
