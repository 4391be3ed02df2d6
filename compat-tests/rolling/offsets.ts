import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RawClient } from '../peer/raw-client.ts';

/** Committed offsets of one group on one broker, by queue; undefined where there is none. */
export type Committed = readonly (number | undefined)[];

/** What a broker answers to 14 for each queue. */
export async function askCommitted(
  client: RawClient,
  topic: string,
  consumerGroup: string,
  queues: number,
): Promise<Committed> {
  const ids = Array.from({ length: queues }, (_, queueId) => queueId);
  const replies = await Promise.all(ids.map((queueId) => client.request(14, { consumerGroup, topic, queueId })));
  return replies.map(({ code, fields }) => (code === 0 ? Number(fields['offset']) : undefined));
}

/** What `config/consumerOffset.json` of a store directory says; nothing when the file is missing. */
export function fileCommitted(storeDir: string, topic: string, group: string, queues: number): Committed {
  const file = join(storeDir, 'config', 'consumerOffset.json');
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '{}';
  // Java writes the queue numbers as bare keys.
  const parsed = JSON.parse(text.replaceAll(/([{,]\s*)(\d+):/g, '$1"$2":')) as {
    offsetTable?: Record<string, Record<string, number>>;
  };
  const offsets = parsed.offsetTable?.[`${topic}@${group}`] ?? {};
  return Array.from({ length: queues }, (_, queueId) => offsets[queueId]);
}

/** The committed offsets of both groups at the three places of one replacement. */
export interface OffsetsSeen {
  /** Asked of the old broker before its stop. */
  readonly before: Committed;
  /** In the file that it left. */
  readonly inFile: Committed;
  /** Asked of the new broker after its start. */
  readonly after: Committed;
}

/**
 * A group under traffic: its offsets only ever rise, from the old broker to the file to the new one. An answer of 0
 * needs no entry: a broker answers 0, too, where nothing is committed yet
 * (Java: ConsumerManageProcessor#queryConsumerOffset).
 */
export function wentBack({ before, inFile, after }: OffsetsSeen): string[] {
  return [...behind('the file', before, inFile), ...behind('the new broker', inFile, after)];
}

function behind(place: string, earlier: Committed, later: Committed): string[] {
  return earlier.flatMap((offset, queueId) => {
    const now = later[queueId];
    if ((now ?? 0) >= (offset ?? 0)) return [];
    return [`queue ${queueId}: committed ${offset}, ${place} has ${now ?? 'nothing'}`];
  });
}

/** A group without members: its offsets are the same everywhere. */
export function changed({ before, inFile, after }: OffsetsSeen, expected: Committed): string[] {
  const places = { 'the old broker': before, 'the file': inFile, 'the new broker': after };
  return Object.entries(places).flatMap(([place, offsets]) => {
    return String(offsets) === String(expected) ? [] : [`${place} has ${offsets}, set were ${expected}`];
  });
}
