import { SCHEDULE_TOPIC } from '../codec/system-topics.ts';
import type { MessageStoreConfig } from '../config/message-store-config.ts';
import type { MessageStore } from '../store/message-store.ts';
import type { PutRefusal, PutTicket } from '../store/results.ts';
import type { DueMessages } from '../store/schedule-queues.ts';
import { StoreIoError } from '../store/store-errors.ts';
import { assert } from '../util/assert.ts';
import type { Clock, Timer } from '../util/clock.ts';
import type { Logger } from '../util/logger.ts';
import type { StateFile } from '../util/state-file.ts';
import { type DelayOffsets, encodeDelayOffsets } from './delay-offset-file.ts';
import { DelayOffsetTable } from './delay-offset-table.ts';
import { DeliveredMessage } from './delivered-message.ts';
import type { TopicConfigManager } from './topic-config-manager.ts';

/** How often the queues are looked at when nothing is due. Java: DELAY_FOR_A_WHILE. */
const POLL_MS = 100;
/** After a message could not be stored. Java: DELAY_FOR_A_PERIOD. */
const RETRY_MS = 10_000;
const FIRST_PERSIST_MS = 10_000;
/** Messages delivered in one turn of the event loop, all in one write; what else is due waits for the next. */
const MOST_PER_TURN = 512;
/** Written and not on disk: beyond this, a catch-up leaves the disk to the clients. */
const MOST_UNFLUSHED_BYTES = 32 << 20;

/** What the service needs of the store. */
export type ScheduledStore = Pick<
  MessageStore,
  'scheduled' | 'putMessage' | 'marks' | 'onMarks' | 'flushSoon' | 'remainHowManyDataToFlush'
>;

export interface ScheduleMessageServiceOptions {
  readonly store: ScheduledStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly config: MessageStoreConfig;
  /** `config/delayOffset.json`. */
  readonly file: StateFile;
  readonly topics: Pick<TopicConfigManager, 'select'>;
}

/**
 * Stores delayed messages in their topics when their time has come, level by level in the order in which they were
 * sent. A message counts as delivered when the write of its turn has succeeded, and not before.
 * Java: ScheduleMessageService; docs/broker/delayed-messages.md.
 */
export class ScheduleMessageService {
  readonly #options: ScheduleMessageServiceOptions;
  readonly #table: DelayOffsetTable;
  readonly #levels: Level[] = [];
  readonly #message: DeliveredMessage;
  /** Levels with a batch whose write is not known to have succeeded. */
  readonly #staged: Level[] = [];
  /** Index of the level whose turn it is to go first. */
  #first = 0;
  #wake: Timer | undefined;
  #wakesAtTurnEnd = false;
  #persistTimer: Timer | undefined;
  #stopped = false;

  constructor(options: ScheduleMessageServiceOptions) {
    this.#options = options;
    this.#table = new DelayOffsetTable(options.file);
    this.#message = new DeliveredMessage((topic) => options.topics.select(topic)?.safe === true);
  }

  /** Reads the offsets. Throws StateFileError. Java: ScheduleMessageService#load. */
  load(): void {
    this.#table.load();
  }

  /** Starts to deliver; a slave does not. Java: ScheduleMessageService#start. */
  start(): void {
    const { store, clock, config } = this.#options;
    if (config.brokerRole === 'SLAVE') return;
    for (let level = 1; level <= store.scheduled.levels.maxLevel; level++) this.#levels.push(this.#levelOf(level));
    store.onMarks((marks) => this.#table.onMarks(marks));
    const persist = (): void => {
      if (!this.#table.persist(store.marks)) store.flushSoon();
    };
    this.#persistTimer = clock.setTimeout(() => {
      persist();
      this.#persistTimer = clock.setInterval(persist, config.flushDelayOffsetInterval);
    }, FIRST_PERSIST_MS);
    this.#tickAtTurnEnd();
  }

  /** Delivers no more. */
  stop(): void {
    this.#stopped = true;
    this.#wake?.cancel();
    this.#persistTimer?.cancel();
  }

  /** Saves the offsets when the store is closed. Throws FsError. */
  persistNow(): void {
    this.#settle();
    this.#table.persistNow(this.#options.store.marks);
  }

  /** Level → queue offset of the next message to deliver; of levels that had messages. */
  get offsets(): DelayOffsets {
    return this.#table.offsets;
  }

  /** Body of code 45. Java: ScheduleMessageService#encode. */
  encode(): string {
    return encodeDelayOffsets(this.#table.offsets, { pretty: false });
  }

  /** Keys `scheduleMessageOffset_LEVEL` of code 28: delivered and stored. Java: #buildRunningStats. */
  runtimeInfo(): Record<string, string> {
    const { scheduled } = this.#options.store;
    const figures: Record<string, string> = {};
    for (const [level, offset] of this.#table.offsets) {
      figures[`scheduleMessageOffset_${level}`] = `${offset},${scheduled.maxOffset(level)}`;
    }
    return figures;
  }

  /**
   * An offset behind the end of its queue would hide the next messages: the file is of another time than the store.
   * Java hides them.
   */
  #levelOf(level: number): Level {
    const { store, log } = this.#options;
    const saved = this.#table.offsetOf(level);
    const max = store.scheduled.maxOffset(level);
    if (saved > max) log.warn({ level, saved, max }, 'delayOffset.json is ahead of the queue of its level; set back');
    return new Level(level, Math.min(saved, max));
  }

  #tick(): void {
    if (this.#stopped) return;
    this.#settle();
    this.#deliverDue();
    if (this.#wakesAtTurnEnd) return;
    this.#wake = this.#options.clock.setTimeout(() => this.#tick(), this.#idleMs());
  }

  /** Looks again when this turn's messages are written, and everybody else had their turn. */
  #tickAtTurnEnd(): void {
    if (this.#wakesAtTurnEnd) return;
    this.#wakesAtTurnEnd = true;
    this.#wake?.cancel();
    this.#options.clock.atTurnEnd(() => {
      this.#wakesAtTurnEnd = false;
      this.#tick();
    });
  }

  /** Until the next message that is known is due; new ones are found by looking. */
  #idleMs(): number {
    const nowMs = this.#options.clock.now();
    let idleMs = POLL_MS;
    for (const { dueMs } of this.#levels) if (dueMs > nowMs) idleMs = Math.min(idleMs, dueMs - nowMs);
    return idleMs;
  }

  /** A share of a turn of what is due, beginning with another level each time. */
  #deliverDue(): void {
    const { store, clock } = this.#options;
    if (store.remainHowManyDataToFlush() > MOST_UNFLUSHED_BYTES) return;
    const nowMs = clock.now();
    const monotonicMs = clock.monotonicMs();
    const count = this.#levels.length;
    this.#first = (this.#first + 1) % count;
    for (let step = 0, left = MOST_PER_TURN; step < count && left > 0; step++) {
      const level = this.#levels[(this.#first + step) % count] as Level;
      if (level.busy || level.retryAtMs > monotonicMs) continue;
      // A time further ahead than the delay of the level means that the clock was set back.
      if (level.dueMs > nowMs && level.dueMs <= nowMs + store.scheduled.levels.delayMs(level.level)) continue;
      if (level.offset < store.scheduled.maxOffset(level.level)) left -= this.#deliver(level, nowMs);
    }
  }

  /** Returns how many messages were staged. */
  #deliver(level: Level, nowMs: number): number {
    let due: DueMessages | undefined;
    try {
      due = this.#options.store.scheduled.due(level.level, level.offset, nowMs);
    } catch (error) {
      this.#onReadFailed(level, error);
    }
    if (due === undefined) return 0;
    const { records, nextOffset, nextDueMs } = due;
    level.dueMs = nextDueMs ?? 0;
    if (nextOffset === level.offset) {
      this.#table.set(level.level, level.offset);
      return 0;
    }
    level.busy = true;
    if (!(records instanceof Promise)) return this.#stage(level, nextOffset, records);
    records.then(
      (bytes) => (this.#stopped ? 0 : this.#stage(level, nextOffset, bytes)),
      (error: unknown) => {
        level.busy = false;
        if (!this.#stopped) this.#onReadFailed(level, error);
      },
    );
    return 0;
  }

  /** Puts the messages of a batch, up to the first one that the store refuses. */
  #stage(level: Level, nextOffset: number, records: Buffer): number {
    const { store, log } = this.#options;
    const message = this.#message;
    level.nextOffset = nextOffset;
    let seen = 0;
    for (let at = 0; at < records.length; at += message.sizeBytes) {
      const problem = message.take(records, at);
      assert(message.sizeBytes > 0, 'a record that was fetched is whole');
      seen++;
      const { queueOffset } = message;
      if (problem !== undefined) {
        // Only a client that writes into the schedule topic itself leaves such a record.
        log.warn({ level: level.level, queueOffset, problem }, 'a record of the schedule topic was left out');
        continue;
      }
      const result = store.putMessage(message.draft);
      if (!result.accepted) {
        this.#onRefused(level, queueOffset, result);
        break;
      }
      level.staged.push({ ticket: result, queueOffset });
    }
    const gone = level.nextOffset - level.offset - seen;
    if (gone > 0 && level.nextOffset === nextOffset) {
      log.warn({ level: level.level, gone }, 'delayed messages are not in the log any more');
    }
    this.#staged.push(level);
    this.#tickAtTurnEnd();
    return level.staged.length;
  }

  /**
   * What was written is delivered, what failed is tried again. A batch whose turn is not over stays: one that was read
   * from disk may be staged behind the end of turn that this look belongs to.
   */
  #settle(): void {
    const { marks } = this.#options.store;
    let open = 0;
    for (const level of this.#staged) {
      const last = level.staged.at(-1)?.ticket;
      if (last !== undefined && !last.failed && last.endOffset > marks.written) {
        this.#staged[open++] = level;
        continue;
      }
      let end = 0;
      for (const { ticket, queueOffset } of level.staged) {
        if (ticket.failed) {
          this.#retryLater(level, queueOffset);
          break;
        }
        end = ticket.endOffset;
      }
      level.offset = level.nextOffset;
      level.staged.length = 0;
      level.busy = false;
      this.#table.set(level.level, level.offset, end);
    }
    this.#staged.length = open;
    if (open > 0) this.#tickAtTurnEnd();
  }

  #onRefused(level: Level, queueOffset: number, { status, remark }: PutRefusal): void {
    this.#retryLater(level, queueOffset);
    const fields = { level: level.level, topic: SCHEDULE_TOPIC, queueOffset, status, remark };
    this.#options.log.error(fields, 'a delayed message is due and could not be stored; tried again in 10 s');
  }

  #onReadFailed(level: Level, error: unknown): void {
    if (!(error instanceof StoreIoError)) throw error;
    this.#retryLater(level, level.offset);
    this.#options.log.error({ level: level.level, err: error }, 'delayed messages could not be read; again in 10 s');
  }

  #retryLater(level: Level, nextOffset: number): void {
    level.nextOffset = nextOffset;
    level.dueMs = 0;
    level.retryAtMs = this.#options.clock.monotonicMs() + RETRY_MS;
  }
}

/** One level and how far it is. */
class Level {
  readonly level: number;
  /** Offset of the next message to deliver. */
  offset: number;
  /** When it is due, as far as known; 0: look. */
  dueMs = 0;
  /** Nothing is tried before, monotonic ms. */
  retryAtMs = 0;
  /** A batch is being read or written. */
  busy = false;
  /** Offset when the batch is done. */
  nextOffset = 0;
  readonly staged: { readonly ticket: PutTicket; readonly queueOffset: number }[] = [];

  constructor(level: number, offset: number) {
    this.level = level;
    this.offset = offset;
  }
}
