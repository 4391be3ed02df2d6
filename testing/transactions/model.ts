import type { TransactionEnded } from '../../src/broker/transaction/transactional-message-service.ts';
import type { PutTicket } from '../../src/store/results.ts';
import { MemFs } from '../mem-fs.ts';
import { BOOT_MS } from '../power/recording.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { PLANTS } from './plants.ts';
import { type HalfPlace, INTERVAL_MS, TIME_OUT_MS, World, type WorldOptions } from './world.ts';

type Outcome = 'commit' | 'rollback';

/** An answer that was given. `ticket` until it is known whether it is in the log for good. */
interface Answer {
  readonly outcome: Outcome;
  readonly ticket: PutTicket;
  /** The process or the machine died before it was certain. */
  isDoubtful: boolean;
}

/** One transaction as its producer sees it. */
interface Transaction {
  readonly key: string;
  /** What the producer may answer; empty: it never knows. */
  readonly answersWith: readonly Outcome[];
  /** Its places in the half topic that it has heard of, oldest first. */
  readonly places: HalfPlace[];
  readonly prepared: PutTicket;
  readonly answers: Answer[];
  checks: number;
  /** Of these, those whose copy went with the power: nobody can count them. */
  lostChecks: number;
  /** An op record about it is staged or in the log. */
  isEnded: boolean;
}

const STEPS = 28;
const MOST_TRANSACTIONS = 6;

/** What one seed did; every count adds up over seeds. */
export interface ModelReport {
  readonly problems: string[];
  readonly counts: Record<string, number>;
}

/**
 * A broker and its producers over some lives: prepares, answers of all kinds at any time, checks and crashes at random,
 * in any interleaving. Then everything is left alone until nothing is open, and the records tell whether each
 * transaction came to the end that its answers mean.
 */
export class Model {
  readonly #random: SeededRandom;
  readonly #see: WorldOptions['see'];
  readonly #checkMax: number;
  readonly #flushDiskType: WorldOptions['flushDiskType'];
  readonly #report: ModelReport = { problems: [], counts: {} };
  readonly #all = new Map<string, Transaction>();
  #fs = new MemFs();
  #world: World;
  #lives = 0;
  #isStopping = false;
  #kills = 0;
  #powerLosses = 0;
  #restarts = 0;

  constructor(random: SeededRandom, see: WorldOptions['see']) {
    this.#random = random;
    this.#see = see;
    this.#checkMax = 1 + random.below(3);
    this.#flushDiskType = random.pick(['ASYNC_FLUSH', 'SYNC_FLUSH']);
    this.#world = this.#born(1_800_000_000_000);
  }

  async run(): Promise<ModelReport> {
    for (let step = 0; step < STEPS; step++) await this.#step();
    await this.#leaveAlone();
    await this.#judge();
    await this.#world.stop();
    return this.#report;
  }

  #born(nowMs: number): World {
    this.#lives++;
    const life = this.#lives;
    return new World({
      ...{ fs: this.#fs, nowMs, checkMax: this.#checkMax, flushDiskType: this.#flushDiskType, see: this.#see },
      onCheck: (key, place) => {
        // What a dead process still does in this test reaches nobody.
        if (life === this.#lives) this.#onCheck(key, place);
      },
    });
  }

  #count(what: string): void {
    this.#report.counts[what] = (this.#report.counts[what] ?? 0) + 1;
  }

  #problem(text: string): void {
    this.#report.problems.push(text);
  }

  async #step(): Promise<void> {
    const dice = this.#random.below(100);
    if (dice < 20) this.#prepare();
    else if (dice < 60) await this.#answerAny();
    else if (dice < 88) await this.#pass();
    else if (dice < 93) await this.#kill();
    else if (dice < 97) await this.#losePower();
    else await this.#restart();
  }

  #prepare(): void {
    if (this.#all.size >= MOST_TRANSACTIONS) return;
    const key = `K${this.#all.size}`;
    const immunity = this.#random.below(5) === 0;
    const more = immunity ? { CHECK_IMMUNITY_TIME_IN_SECONDS: String(1 + this.#random.below(12)) } : {};
    const prepared = this.#world.prepare(key, more);
    const places = [{ queueOffset: prepared.queueOffset, phyOffset: prepared.phyOffset }];
    const kinds: Outcome[][] = [['commit'], ['rollback'], [], ['commit', 'rollback'], ['commit']];
    const answersWith = this.#random.pick(kinds);
    this.#all.set(key, { key, answersWith, places, prepared, answers: [], checks: 0, lostChecks: 0, isEnded: false });
    this.#count(immunity ? 'prepared, immune' : 'prepared');
  }

  #onCheck(key: string, place: HalfPlace): void {
    const transaction = this.#all.get(key);
    this.#count('checks');
    if (transaction === undefined) {
      this.#problem(`${key} is checked and was lost`);
      return;
    }
    if (transaction.isEnded) this.#problem(`${key} is checked after its op record`);
    transaction.checks++;
    transaction.places.push(place);
    // At once, without a turn of the event loop between.
    if (this.#random.below(3) === 0) void this.#answer(transaction);
  }

  async #answerAny(): Promise<void> {
    if (this.#all.size === 0) return;
    const answered = this.#answer(this.#random.pick([...this.#all.values()]));
    if (this.#random.below(4) !== 0) await this.#world.settle(1 + this.#random.below(3));
    if (this.#random.below(3) === 0) return;
    let isDone = false;
    void answered.then(() => {
      isDone = true;
    });
    while (!isDone) await this.#world.settle(1);
  }

  /** One END_TRANSACTION: for the newest place or for an older one, the first time or again. */
  async #answer(transaction: Transaction): Promise<void> {
    const { key, answersWith, places, prepared } = transaction;
    // A producer knows of its half message when the send was answered.
    if (answersWith.length === 0 || places.length === 0 || this.#world.store.marks.written < prepared.endOffset) return;
    const outcome = this.#random.pick(answersWith);
    const isLate = this.#random.below(3) === 0;
    const place = isLate ? this.#random.pick(places) : (places.at(-1) as HalfPlace);
    const world = this.#world;
    const result = await world.service.end({
      ...{ outcome, producerGroup: 'producers', tranStateTableOffset: place.queueOffset },
      commitLogOffset: place.phyOffset,
    });
    // The process that took it is dead: what it says reaches nobody, and what it did is not in the log.
    if (world !== this.#world) return;
    this.#take(transaction, outcome, result, isLate && place !== places.at(-1));
    if (result.accepted !== true && !this.#isStopping) {
      this.#problem(`the end of ${key} was refused: ${result.remark}`);
    }
  }

  #take(transaction: Transaction, outcome: Outcome, result: TransactionEnded, isLate: boolean): void {
    if (result.accepted !== true) return;
    const { answers } = transaction;
    this.#count(isLate ? `${outcome}, late` : answers.length > 0 ? `${outcome}, again` : outcome);
    if (answers.some((before) => before.outcome !== outcome)) this.#count(`${outcome}, contradictory`);
    answers.push({ outcome, ticket: result, isDoubtful: false });
    transaction.isEnded = true;
  }

  async #pass(): Promise<void> {
    const byMs = this.#random.pick([1, 500, TIME_OUT_MS, INTERVAL_MS, INTERVAL_MS]);
    this.#world.clock.advance(byMs);
    await this.#world.settle(this.#random.below(8));
  }

  async #kill(): Promise<void> {
    this.#count('kills');
    this.#kills++;
    this.#doubt((ticket) => ticket.endOffset > this.#world.store.marks.written);
    this.#fs = this.#fs.fork();
    await this.#again(1);
  }

  async #losePower(): Promise<void> {
    this.#count('power losses');
    this.#powerLosses++;
    const { flushed } = this.#world.store.marks;
    this.#doubt((ticket) => ticket.endOffset > flushed);
    for (const transaction of this.#all.values()) {
      transaction.lostChecks += transaction.places.slice(1).filter(({ phyOffset }) => phyOffset >= flushed).length;
    }
    this.#fs = this.#fs.fork();
    // What survives is a beginning of what was not on disk. Torn records are the subject of testing/power.
    const pending = this.#fs.pending();
    const cut = pending[this.#random.below(pending.length + 1)]?.sequence ?? Number.MAX_SAFE_INTEGER;
    this.#fs.crashWith(({ sequence }) => (sequence < cut ? 'kept' : 'lost'));
    await this.#again(BOOT_MS);
  }

  async #restart(): Promise<void> {
    this.#count('restarts');
    this.#restarts++;
    this.#isStopping = true;
    await this.#world.stop();
    this.#isStopping = false;
    await this.#again(1);
  }

  #doubt(isLost: (ticket: PutTicket) => boolean): void {
    for (const { answers } of this.#all.values()) {
      for (const answer of answers) answer.isDoubtful ||= isLost(answer.ticket);
    }
  }

  /** The next life begins; what it finds in the log is what has ended, and what was ever prepared. */
  async #again(afterMs: number): Promise<void> {
    this.#world = this.#born(this.#world.clock.now() + afterMs);
    const { halves, ops } = await this.#world.records();
    const done = new Set(ops.map(({ body }) => Number(body.toString())));
    const known = new Map(halves.map((half) => [half.properties.get('UNIQ_KEY'), half]));
    for (const transaction of [...this.#all.values()]) {
      if (!known.has(transaction.key)) this.#all.delete(transaction.key);
      const copies = halves.filter(({ properties }) => properties.get('UNIQ_KEY') === transaction.key);
      transaction.isEnded = copies.some(({ queueOffset }) => done.has(queueOffset));
      // A place that went with the power can be somebody else's next: nobody may know of it.
      const isThere = ({ phyOffset }: HalfPlace): boolean => copies.some((copy) => copy.phyOffset === phyOffset);
      transaction.places.splice(0, transaction.places.length, ...transaction.places.filter(isThere));
    }
    if (this.#random.below(2) === 0) await this.#world.settle();
  }

  /** Nobody answers any more, until the last open transaction has been given up. */
  async #leaveAlone(): Promise<void> {
    for (const transaction of this.#all.values()) Object.assign(transaction, { answersWith: [] });
    const rounds = this.#checkMax + 8;
    for (let round = 0; round < rounds; round++) {
      this.#world.clock.advance(INTERVAL_MS);
      await this.#world.settle(10);
    }
  }

  async #judge(): Promise<void> {
    const { committed, givenUp } = await this.#world.records();
    const timesIn = (records: typeof committed, key: string): number =>
      records.filter(({ properties }) => properties.get('UNIQ_KEY') === key).length;
    const keys = new Set(this.#all.keys());
    for (const { properties } of [...committed, ...givenUp]) {
      const key = properties.get('UNIQ_KEY') ?? '';
      if (!keys.has(key) && this.#powerLosses === 0) this.#problem(`${key} came from nowhere`);
    }
    for (const transaction of this.#all.values()) {
      this.#judgeDelivery(transaction, timesIn(committed, transaction.key));
      this.#judgeChecks(transaction, timesIn(givenUp, transaction.key));
    }
  }

  /** As often as it was committed: once when once, never after rollbacks only. */
  #judgeDelivery({ key, answers }: Transaction, times: number): void {
    const commits = answers.filter(({ outcome }) => outcome === 'commit');
    const certain = commits.filter(({ isDoubtful }) => !isDoubtful).length;
    if (times < certain || times > commits.length) {
      this.#problem(`${key} is delivered ${times} times after ${certain} to ${commits.length} commits`);
    }
    if (answers.some(({ isDoubtful }) => !isDoubtful)) this.#count(`ended, delivered ${Math.min(times, 2)}`);
  }

  #judgeChecks({ key, checks, lostChecks, isEnded }: Transaction, times: number): void {
    const most = this.#checkMax + lostChecks;
    if (checks > most) this.#problem(`${key} is checked ${checks} times, ${most} at most`);
    if (isEnded) return;
    this.#count('given up');
    const isUndisturbed = this.#kills + this.#powerLosses + this.#restarts === 0;
    if (times === 0) this.#problem(`${key} was never answered, and stands nowhere`);
    if (isUndisturbed && (times !== 1 || checks !== this.#checkMax)) {
      this.#problem(`${key} stands ${times} times among those given up, after ${checks} of ${this.#checkMax} checks`);
    }
  }
}

export type PlantName = keyof typeof PLANTS;
