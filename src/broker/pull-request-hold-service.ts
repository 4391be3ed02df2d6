import type { Connection } from '../remoting/connection.ts';
import type { ArrivedRecords, MessageArrivingListener, MessageFilter } from '../store/ports.ts';
import type { Clock, Timer } from '../util/clock.ts';

/** Java: PullRequestHoldService#run with longPollingEnable. */
const SCAN_PERIOD_MS = 5_000;
const SHORTEST_PERIOD_MS = 10;
/** Pulls run again in one turn; the rest follow in the next turns, so that sends get theirs in between. */
const MOST_WAKES_PER_TURN = 256;

/** How pulls are held. Java: BrokerConfig. */
export interface HoldSettings {
  /** Off: an arrival wakes nobody, and the scan runs every `shortPollingTimeMills`. */
  readonly longPollingEnable: boolean;
  readonly shortPollingTimeMills: number;
}

/** A pull that waits for messages. Everything in it is a copy: the request's bytes are gone. */
export interface HeldPull {
  readonly connection: Connection;
  readonly topic: string;
  readonly queueId: number;
  /** First index wanted. */
  readonly offset: number;
  readonly suspendedAtMs: number;
  readonly timeoutMs: number;
  /** undefined matches every message. */
  readonly filter: MessageFilter | undefined;
  /** Runs the whole pull again, this time without waiting, and answers it. */
  readonly rerun: () => void;
  /** Answers that the broker goes away. */
  readonly refuse: () => void;
}

/** Keeps pulls that found nothing until a message arrives or their time is over. Java: PullRequestHoldService. */
export class PullRequestHoldService implements MessageArrivingListener {
  readonly #held = new Map<string, Map<number, HeldPull[]>>();
  readonly #woken: HeldPull[] = [];
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #maxOffset: (topic: string, queueId: number) => number;
  readonly #settings: HoldSettings;
  #count = 0;
  #draining = false;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: {
    clock: Clock;
    /** Pulls held at the most; more are answered at once. Java: pullThreadPoolQueueCapacity. */
    limit: number;
    maxOffset: (topic: string, queueId: number) => number;
    /** Live: read at each scan and arrival. */
    settings: HoldSettings;
  }) {
    this.#clock = options.clock;
    this.#limit = options.limit;
    this.#maxOffset = options.maxOffset;
    this.#settings = options.settings;
  }

  /** Pulls held now. */
  get count(): number {
    return this.#count;
  }

  start(): void {
    if (this.#stopped) return;
    const { longPollingEnable, shortPollingTimeMills } = this.#settings;
    this.#timer = this.#clock.setTimeout(
      () => {
        this.scan();
        this.start();
      },
      longPollingEnable ? SCAN_PERIOD_MS : Math.max(SHORTEST_PERIOD_MS, shortPollingTimeMills),
    );
  }

  /** Wakes nobody any more; what is held, and what still comes, stays until {@link refuseAll}. */
  shutdown(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /**
   * Answers everything held with a refusal, as the last thing before the connections close: a client that hears nothing
   * waits for its own time-out before it asks again (ADR 0059).
   */
  refuseAll(): void {
    const held = [...this.#held.values()].flatMap((queues) => [...queues.values()].flat());
    const pulls = [...this.#woken.splice(0), ...held];
    this.#held.clear();
    this.#count = 0;
    for (const pull of pulls) if (pull.connection.isOpen) pull.refuse();
  }

  /** Holds a pull; false when there are too many, and it has to be answered at once. */
  suspend(pull: HeldPull): boolean {
    if (this.#count >= this.#limit) return false;
    let queues = this.#held.get(pull.topic);
    if (queues === undefined) {
      queues = new Map();
      this.#held.set(pull.topic, queues);
    }
    const pulls = queues.get(pull.queueId);
    if (pulls === undefined) queues.set(pull.queueId, [pull]);
    else pulls.push(pull);
    this.#count += 1;
    return true;
  }

  /** Java: NotifyMessageArrivingListener#arriving. Per message: returns at once when nobody waits. */
  arriving(
    topic: string,
    queueId: number,
    nextOffset: number,
    tagsCodeHigh: number,
    tagsCodeLow: number,
    _storeTimestamp: number,
    records: ArrivedRecords,
    row: number,
  ): void {
    if (this.#count === 0 || this.#stopped || !this.#settings.longPollingEnable) return;
    const pulls = this.#held.get(topic)?.get(queueId);
    if (pulls === undefined) return;
    const now = this.#clock.now();
    this.#retain(topic, queueId, pulls, (pull) => {
      if (nextOffset <= pull.offset) return true;
      const filter = pull.filter;
      if (filter === undefined) return false;
      const isMatched =
        filter.isMatchedByConsumeQueue(tagsCodeHigh, tagsCodeLow) &&
        (filter.byRecord === undefined || records.passes(row, filter.byRecord));
      return !isMatched && now < pull.suspendedAtMs + pull.timeoutMs;
    });
  }

  /** Wakes what is due or has messages in its queue, whatever their tags. Java: #checkHoldRequest. */
  scan(): void {
    const now = this.#clock.now();
    for (const [topic, queues] of [...this.#held]) {
      for (const [queueId, pulls] of [...queues]) {
        const newest = this.#maxOffset(topic, queueId);
        this.#retain(
          topic,
          queueId,
          pulls,
          (pull) => newest <= pull.offset && now < pull.suspendedAtMs + pull.timeoutMs && pull.connection.isOpen,
        );
      }
    }
  }

  #retain(topic: string, queueId: number, pulls: HeldPull[], keep: (pull: HeldPull) => boolean): void {
    const kept: HeldPull[] = [];
    for (const pull of pulls) {
      if (keep(pull)) kept.push(pull);
      else if (pull.connection.isOpen) this.#woken.push(pull);
    }
    if (kept.length === pulls.length) return;
    this.#count -= pulls.length - kept.length;
    if (kept.length > 0) this.#held.get(topic)?.set(queueId, kept);
    else this.#forget(topic, queueId);
    this.#drainLater();
  }

  #forget(topic: string, queueId: number): void {
    const queues = this.#held.get(topic);
    queues?.delete(queueId);
    if (queues?.size === 0) this.#held.delete(topic);
  }

  #drainLater(): void {
    if (this.#draining || this.#woken.length === 0) return;
    this.#draining = true;
    this.#clock.atTurnEnd(() => {
      this.#draining = false;
      if (this.#stopped) return;
      for (const pull of this.#woken.splice(0, MOST_WAKES_PER_TURN)) pull.rerun();
      this.#drainLater();
    });
  }
}
