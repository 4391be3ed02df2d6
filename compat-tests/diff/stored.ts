import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readLog, readQueues } from '../door/store-files.ts';
import type { RawRecord } from '../peer/records.ts';
import { type Difference, type Mask, recordText } from './compare.ts';
import { canonicalJson } from './java-text.ts';
import { type Side, storeSizes } from './sides.ts';
import { hasSql } from './values.ts';

/** Several streams write to them, or delivery does, when a time has come: their order is not decided. */
const unordered = /^(OFFSET_MOVED_EVENT|SCHEDULE_TOPIC_XXXX|%RETRY%|%DLQ%|D\d+_delay|BenchmarkTest|SELF_TEST_TOPIC)/;
/** Whether the end of the clients or the last save came first. */
const deaths = /"dead":(true|false),\s*"deadTime":\w+/g;
/** Entries with times, and those of events of groups that are left out. */
const ownEntries = /^(SCHEDULE_TOPIC_XXXX|OFFSET_MOVED_EVENT) /;
const stateFiles = [
  'topics.json',
  'subscriptionGroup.json',
  'consumerOffset.json',
  ...(hasSql ? ['consumerFilter.json'] : []),
];
/** Names without a name, which only Java takes; what Java's last check of transactions makes while it stops. */
const leftOut = /^""|null|^"RMQ_SYS_TRANS_HALF_TOPIC"/;

/** What one side has written, in texts that can be compared. */
interface Written {
  readonly records: ReadonlyMap<string, readonly string[]>;
  readonly queues: ReadonlyMap<string, readonly string[]>;
  readonly state: ReadonlyMap<string, readonly string[]>;
}

/**
 * The records, the entries of consume queues and the state files of both sides, which have stopped. `isLeftOut` tells
 * the names that only one side took, for a reason.
 */
export function compareStored(
  sides: readonly [java: Side, ours: Side],
  isLeftOut: (name: string) => boolean,
): { differences: Difference[]; records: number } {
  const [java, ours] = sides.map((side) => written(side, isLeftOut)) as [Written, Written];
  const parts = [
    ['stored', 'records', java.records, ours.records],
    ['stored', 'consumequeue', java.queues, ours.queues],
    ['state', 'file', java.state, ours.state],
  ] as const;
  const differences = parts.flatMap(([part, what, left, right]) => {
    const keys = [...new Set([...left.keys(), ...right.keys()])].sort();
    return keys.flatMap((key) => firstDifference(part, `${what} ${key}`, left.get(key) ?? [], right.get(key) ?? []));
  });
  const records = [...java.records.values()].reduce((sum, { length }) => sum + length, 0);
  return { differences, records };
}

function firstDifference(
  part: 'stored' | 'state',
  place: string,
  left: readonly string[],
  right: readonly string[],
): Difference[] {
  const at = left.findIndex((text, index) => text !== right[index]);
  const where = at >= 0 ? at : left.length;
  if (at < 0 && left.length === right.length) return [];
  const shown = (texts: readonly string[]): string => texts[where] ?? `<only ${texts.length}>`;
  return [{ part, request: undefined, place: `${place} item ${where}`, java: shown(left), ours: shown(right) }];
}

function written({ storeDir, mask }: Side, isLeftOut: (name: string) => boolean): Written {
  const log = readLog(storeDir, storeSizes);
  if (log.problems.length > 0) throw new Error(`${storeDir}: ${log.problems.join('\n')}`);
  const records = new Map<string, string[]>();
  for (const record of log.records) {
    if (isLeftOut(record.topic) || isEventOf(record, isLeftOut) || isLeftOut(record.properties['REAL_TOPIC'] ?? ''))
      continue;
    const isUnordered = unordered.test(record.topic);
    const text = recordText(isUnordered ? { ...record, queueOffset: 0 } : record, mask);
    append(records, isUnordered ? record.topic : `${record.topic} ${record.queueId}`, text);
  }
  const queues = new Map<string, string[]>();
  for (const [key, { entries }] of readQueues(storeDir)) {
    // An empty queue is what a question about it leaves behind in Java.
    if (entries.length === 0 || isLeftOut(key) || ownEntries.test(key)) continue;
    for (const { size, tagsCode } of entries) append(queues, key, `${size} ${tagsCode}`);
  }
  for (const map of [records, queues]) {
    for (const [key, texts] of map) if (unordered.test(key)) texts.sort();
  }
  return { records, queues, state: stateOf(storeDir, mask, isLeftOut) };
}

/** An event tells of a pull, under the name of its group. */
function isEventOf({ topic, properties }: RawRecord, isLeftOut: (name: string) => boolean): boolean {
  return topic === 'OFFSET_MOVED_EVENT' && isLeftOut(properties['KEYS'] ?? '');
}

function append(map: Map<string, string[]>, key: string, text: string): void {
  const texts = map.get(key) ?? [];
  if (texts.length === 0) map.set(key, texts);
  texts.push(text);
}

/** The state files, one text for each entry of their tables. */
function stateOf(storeDir: string, mask: Mask, isLeftOut: (name: string) => boolean): Map<string, string[]> {
  const state = new Map<string, string[]>();
  for (const name of stateFiles) {
    const file = join(storeDir, 'config', name);
    const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
    state.set(
      name,
      entriesOf(canonicalJson(mask(text).replace(deaths, '"dead":X')) ?? text).filter(
        (entry) => !isLeftOut(entry) && !leftOut.test(entry),
      ),
    );
  }
  return state;
}

/** `{…,"topicConfigTable":{"a":{…},"b":{…}}}` as its innermost named objects; how often it changed is not compared. */
export function entriesOf(canonical: string): string[] {
  const entries = canonical.match(/"[^"]*":\{[^{}]*(\{[^{}]*\}[^{}]*)*\}/g) ?? [];
  const table = /^"(offsetTable|topicConfigTable|subscriptionGroupTable|filterDataByTopic)":\{/;
  return entries
    .flatMap((entry) => (table.test(entry) ? (entry.replace(table, '').match(/"[^"]*":\{[^{}]*\}/g) ?? []) : [entry]))
    .filter((entry) => !entry.startsWith('"dataVersion"'))
    .sort();
}
