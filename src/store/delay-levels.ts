/** The delay levels of `messageDelayLevel`, ready to compute with. Java: ScheduleMessageService. */
export class DelayLevels {
  readonly #delaysMs: readonly number[];

  private constructor(delaysMs: readonly number[]) {
    this.#delaysMs = delaysMs;
  }

  /**
   * Reads `1s 5s 10s …`: the first entry is level 1. Units are s, m, h, d.
   * @returns undefined when an entry cannot be read; Java then fails to load the store.
   */
  static parse(text: string): DelayLevels | undefined {
    const delaysMs: number[] = [];
    for (const entry of text.split(' ')) {
      const match = /^(\d{1,15})([smhd])$/.exec(entry);
      if (match === null) return undefined;
      const delayMs = Number(match[1]) * (UNIT_MS[match[2] as string] as number);
      if (!Number.isSafeInteger(delayMs)) return undefined;
      delaysMs.push(delayMs);
    }
    return new DelayLevels(delaysMs);
  }

  get maxLevel(): number {
    return this.#delaysMs.length;
  }

  /** How long the messages of a level wait. */
  delayMs(level: number): number {
    return this.#delaysMs[level - 1] ?? UNKNOWN_LEVEL_DELAY_MS;
  }

  /** When a message stored at `storeTimestamp` is due, ms since the epoch. Java: #computeDeliverTimestamp. */
  deliverTimestamp(level: number, storeTimestamp: number): number {
    return storeTimestamp + this.delayMs(level);
  }
}

const UNKNOWN_LEVEL_DELAY_MS = 1000;
const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
