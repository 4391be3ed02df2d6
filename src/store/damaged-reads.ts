import type { LogFields, Logger } from '../util/logger.ts';

/** Places remembered, so that each is logged once. Beyond, damage is counted only. */
const MOST_PLACES = 1_000;

/** Counts what readers met that is not as it was written, and logs each place once. */
export class DamagedReads {
  /** Reads that met damage, however often the same place was read. */
  count = 0;
  readonly #log: Logger;
  readonly #repair: string;
  readonly #places = new Set<string>();

  constructor(log: Logger, storeDir: string) {
    this.#log = log;
    this.#repair = repairCommand(storeDir);
  }

  /** A record of the commit log that was left out; `fields` say what else led to it. */
  noteRecord(fields: LogFields & { readonly phyOffset: number }): void {
    const text = 'a damaged record of the commit log, or of what leads to it, was left out';
    this.note(`log ${fields.phyOffset}`, fields, text);
  }

  /** `place` names what is damaged; `text` says what was done about it. */
  note(place: string, fields: LogFields, text: string): void {
    this.count += 1;
    if (this.#places.size >= MOST_PLACES || this.#places.has(place)) return;
    this.#places.add(place);
    this.#log.error({ ...fields, damagedReads: this.count, repair: this.#repair }, text);
    if (this.#places.size === MOST_PLACES) {
      this.#log.error({ places: MOST_PLACES }, 'more damaged places are counted and no longer logged');
    }
  }
}

/** What somebody types who reads of damage; the broker must be stopped. */
export function repairCommand(storeDir: string): string {
  return `wenchang store repair ${storeDir} --write`;
}
