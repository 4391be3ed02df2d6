import { closeSync, openSync, writeSync } from 'node:fs';
import type { RawRecord } from '../peer/records.ts';

/**
 * A message that a broker has acknowledged. The places are known where the answer tells them: a committed
 * transaction's and a oneway message's are not.
 */
export interface Acknowledged {
  readonly topic: string;
  readonly queueId: number;
  readonly uniqueKey: string;
  readonly bodySha256: string;
  readonly flag: number;
  /** Absent where the broker changes them in ways of its own. */
  readonly properties?: Readonly<Record<string, string>>;
  readonly queueOffset?: number;
  readonly physicalOffset?: number;
}

/** Every acknowledged message of a series; an entry is in the file before anything is done with the answer. */
export class Ledger {
  readonly #entries: Acknowledged[] = [];
  readonly #fd: number;

  constructor(file: string) {
    this.#fd = openSync(file, 'a');
  }

  /** Writes entries down. */
  add(...entries: readonly Acknowledged[]): void {
    writeSync(this.#fd, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
    this.#entries.push(...entries);
  }

  get entries(): readonly Acknowledged[] {
    return this.#entries;
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** Every acknowledged message is in the log, where its answer said and as it was sent. One line per violation. */
export function checkLedger(entries: readonly Acknowledged[], records: readonly RawRecord[]): string[] {
  const problems: string[] = [];
  const byPlace = new Map(records.map((record) => [record.physicalOffset, record]));
  const byKey = new Map(records.map((record) => [`${record.topic} ${record.properties['UNIQ_KEY']}`, record]));
  for (const entry of entries) {
    const key = `${entry.topic} ${entry.uniqueKey}`;
    const record = entry.physicalOffset === undefined ? byKey.get(key) : byPlace.get(entry.physicalOffset);
    if (record === undefined) problems.push(`lost: acknowledged ${key} at ${entry.physicalOffset ?? 'any place'}`);
    else problems.push(...differences(entry, record).map((what) => `acknowledged ${key}: ${what}`));
  }
  return problems;
}

function differences(entry: Acknowledged, record: RawRecord): string[] {
  const wrong: string[] = [];
  const same = (name: string, want: unknown, got: unknown): void => {
    if (want !== undefined && want !== got) wrong.push(`${name} is ${String(got)}, not ${String(want)}`);
  };
  same('topic', entry.topic, record.topic);
  same('queueId', entry.queueId, record.queueId);
  same('queueOffset', entry.queueOffset, record.queueOffset);
  same('UNIQ_KEY', entry.uniqueKey, record.properties['UNIQ_KEY']);
  same('body', entry.bodySha256, record.bodySha256);
  same('flag', entry.flag, record.flag);
  if (entry.properties === undefined) return wrong;
  for (const name of new Set([...Object.keys(entry.properties), ...Object.keys(record.properties)])) {
    same(`property ${name}`, entry.properties[name] ?? '', record.properties[name] ?? '');
  }
  return wrong;
}
