import type { MessageExt } from '../../codec/message.ts';
import { MessageConst } from '../../codec/message-const.ts';
import { GIVEN_UP_TOPIC, HALF_TOPIC, OP_TOPIC, TRANSACTION_GROUP } from '../../codec/system-topics.ts';
import type { BrokerConfigs } from '../../config/configs.ts';
import { MessageDraft } from '../../store/message-draft.ts';
import type { PutTicket } from '../../store/results.ts';
import type { Clock } from '../../util/clock.ts';
import type { Logger } from '../../util/logger.ts';
import type { BrokerStatsManager } from '../broker-stats-manager.ts';
import type { HalfCopies } from './half-copies.ts';
import { fillCopy, fillGivenUp, halfOffsetOf } from './half-message.ts';
import { OpRecords } from './op-records.ts';
import { readQueue, type TransactionStore } from './queue-reader.ts';

/** Java: TransactionalMessageServiceImpl.MAX_PROCESS_TIME_LIMIT. */
const MOST_TIME_MS = 60_000;
/** Half messages looked at in one turn of the event loop, and op records read at once. Java: OP_MSG_PULL_NUMS. */
const MOST_PER_TURN = 32;
const READS_PER_TURN = 8;
const MS_PER_HOUR = 3_600_000;

/** What a round works on. */
export interface RoundParts {
  readonly store: TransactionStore;
  readonly configs: BrokerConfigs;
  readonly clock: Clock;
  readonly log: Logger;
  readonly copies: HalfCopies;
  /** Counts what the check reads. */
  readonly statsManager: Pick<BrokerStatsManager, 'getInside'>;
  /** Asks a producer how the transaction of a half message ended, which now stands where the ticket says. */
  readonly ask: (half: MessageExt, checkTimes: number, ticket: PutTicket) => void;
  /** A half message is about to be given up; makes its topic. False when that is not possible now. */
  readonly beforeGivingUp: () => boolean;
  /** Lets everything else run; also ends when the broker stops. */
  readonly giveWay: () => Promise<void>;
  readonly hasStopped: () => boolean;
}

/** How far a round came: offsets to begin with next time, and what must be on disk before they count. */
export interface RoundEnd {
  readonly halfOffset: number;
  readonly opOffset: number;
  /** Physical offset behind all that the round has written or has gone by. */
  readonly writtenEnd: number;
}

/** What happens to a half message. */
type Fate =
  | { readonly kind: 'done' }
  | { readonly kind: 'wait' }
  | { readonly kind: 'give up' }
  | { readonly kind: 'put back'; readonly preparedQueueOffset: string }
  | { readonly kind: 'check'; readonly checkTimes: number };

/** A half message whose new record is staged. */
interface Staged {
  readonly half: MessageExt;
  readonly fate: Fate;
  readonly ticket: PutTicket;
}

/**
 * One look at the half messages of a queue that wait for their end: all op records first, then message by message.
 * Decisions, and what they write, share a turn of the event loop with nobody: no END_TRANSACTION can come between.
 * Java: TransactionalMessageServiceImpl#check.
 */
export class CheckRound {
  readonly #parts: RoundParts;
  readonly #queueId: number;
  readonly #draft = new MessageDraft();
  readonly #startMs: number;
  readonly #deadlineMs: number;
  readonly #endHalf: number;
  readonly #ops: OpRecords;
  #half: number;
  #nextOp: number;

  constructor(parts: RoundParts, queueId: number, halfOffset: number, opOffset: number) {
    const { store, clock } = parts;
    this.#parts = parts;
    this.#queueId = queueId;
    this.#startMs = clock.now();
    this.#deadlineMs = clock.monotonicMs() + MOST_TIME_MS;
    // What the round itself writes stands behind this.
    this.#endHalf = store.getMaxOffsetInQueue(HALF_TOPIC, queueId);
    this.#half = inQueue(halfOffset, store, HALF_TOPIC, queueId);
    this.#nextOp = inQueue(opOffset, store, OP_TOPIC, queueId);
    this.#ops = new OpRecords(this.#half, this.#endHalf, this.#nextOp);
  }

  /** Runs to the end of what can be decided now. Rejects with StoreIoError. */
  async run(): Promise<RoundEnd> {
    const isWhole = await this.#readOps();
    this.#passDone();
    if (isWhole) while (this.#half < this.#endHalf && !this.#isOver()) if (!(await this.#next())) break;
    const opOffset = this.#ops.doneBelow(this.#half);
    return { halfOffset: this.#half, opOffset, writtenEnd: this.#parts.store.getMaxPhyOffset() };
  }

  #isOver(): boolean {
    return this.#parts.hasStopped() || this.#parts.clock.monotonicMs() > this.#deadlineMs;
  }

  #passDone(): void {
    while (this.#half < this.#endHalf && this.#ops.has(this.#half)) this.#half++;
  }

  /** Reads op records until there are no more; false when the round is over before. */
  async #readOps(): Promise<boolean> {
    const { store, statsManager } = this.#parts;
    for (let reads = 1; !this.#hasReadOps(); reads++) {
      if (this.#isOver()) return false;
      const read = await readQueue(store, OP_TOPIC, this.#queueId, this.#nextOp, MOST_PER_TURN);
      if (read === undefined || read.nextOffset <= this.#nextOp) return false;
      for (const op of read.messages) this.#ops.add(op.queueOffset, halfOffsetOf(op));
      const bytes = read.messages.reduce((sum, { totalSize }) => sum + totalSize, 0);
      if (bytes > 0) statsManager.getInside(TRANSACTION_GROUP, OP_TOPIC, read.messages.length, bytes);
      this.#nextOp = read.nextOffset;
      if (reads % READS_PER_TURN === 0) await this.#parts.giveWay();
    }
    return true;
  }

  /** Whether every op record there is has been read, those of this turn included. */
  #hasReadOps(): boolean {
    const { store } = this.#parts;
    const isRead = (): boolean => this.#nextOp >= store.getMaxOffsetInQueue(OP_TOPIC, this.#queueId);
    if (!isRead()) return false;
    store.commitTurn();
    return isRead();
  }

  /** The next half messages; false when the round ends with them. */
  async #next(): Promise<boolean> {
    const { store, giveWay } = this.#parts;
    const read = await readQueue(store, HALF_TOPIC, this.#queueId, this.#half, this.#openRun());
    if (read === undefined || read.nextOffset <= this.#half) return false;
    // Others may have run between the last read and here.
    while (!this.#hasReadOps()) if (!(await this.#readOps())) return false;
    const goesOn = this.#decide(read.messages);
    if (goesOn) {
      this.#half = Math.min(Math.max(this.#half, read.nextOffset), this.#endHalf);
      this.#passDone();
    }
    await giveWay();
    return goesOn;
  }

  /** How many half messages from here on are open, as far as one turn reaches. */
  #openRun(): number {
    let length = 1;
    while (length < MOST_PER_TURN && this.#half + length < this.#endHalf && !this.#ops.has(this.#half + length)) {
      length++;
    }
    return length;
  }

  /** From here to its end nothing else runs. False when the round ends here. */
  #decide(halves: readonly MessageExt[]): boolean {
    const staged: Staged[] = [];
    let goesOn = true;
    for (const half of halves) {
      if (half.queueOffset >= this.#endHalf) break;
      // Java reads one by one, up to the first that has to wait.
      this.#parts.statsManager.getInside(TRANSACTION_GROUP, HALF_TOPIC, 1, half.totalSize);
      const fate = this.#fateOf(half);
      const ticket = fate.kind === 'done' ? undefined : this.#stage(half, fate);
      if (fate.kind !== 'done' && ticket === undefined) {
        this.#half = half.queueOffset;
        goesOn = false;
        break;
      }
      if (ticket !== undefined) staged.push({ half, fate, ticket });
      this.#half = half.queueOffset + 1;
    }
    return this.#finish(staged) && goesOn;
  }

  /** Writes what is staged, then tells the producers. The first message that is not written is where to go on. */
  #finish(staged: readonly Staged[]): boolean {
    const { store, copies, ask, log } = this.#parts;
    if (staged.length > 0) store.commitTurn();
    for (const { half, fate, ticket } of staged) {
      if (ticket.failed) {
        this.#half = half.queueOffset;
        return false;
      }
      if (fate.kind === 'give up') {
        // Its producer never answered: nothing is wrong here, and the message is kept.
        const fields = { msgId: half.offsetMsgId, queueOffset: half.queueOffset, topic: GIVEN_UP_TOPIC };
        log.warn(fields, 'a half message was given up');
        continue;
      }
      if (!copies.note(half, ticket.queueOffset))
        log.warn({ queueId: this.#queueId }, 'more open transactions than can be followed');
      if (fate.kind === 'check') ask(half, fate.checkTimes, ticket);
    }
    return true;
  }

  /** Stages what follows from a decision; undefined when nothing can be written now or the message has to wait. */
  #stage(half: MessageExt, fate: Fate): PutTicket | undefined {
    const draft = this.#draft;
    if (fate.kind === 'give up') {
      if (!this.#parts.beforeGivingUp()) return undefined;
      fillGivenUp(draft, half);
    } else if (fate.kind === 'check') fillCopy(draft, half, { checkTimes: fate.checkTimes });
    else if (fate.kind === 'put back') fillCopy(draft, half, { preparedQueueOffset: fate.preparedQueueOffset });
    else return undefined;
    const result = this.#parts.store.putMessage(draft);
    draft.reset();
    if (result.accepted) return result;
    const { status, remark } = result;
    this.#parts.log.warn({ status, remark, msgId: half.offsetMsgId }, 'a half message could not be written anew');
    return undefined;
  }

  /** In Java's order, but that a message which must not be checked yet does not use up a check (ADR 0039). */
  #fateOf(half: MessageExt): Fate {
    const { configs, clock, copies } = this.#parts;
    const { transactionTimeOut, transactionCheckMax } = configs.brokerConfig;
    const { properties } = half;
    const prepared = properties.get(MessageConst.PROPERTY_TRANSACTION_PREPARED_QUEUE_OFFSET);
    if (this.#ops.has(half.queueOffset) || (prepared !== undefined && this.#ops.has(Number(prepared)))) return DONE;
    if ((copies.newestOf(half) ?? -1) > half.queueOffset) return DONE;
    const checked = properties.get(MessageConst.PROPERTY_TRANSACTION_CHECK_TIMES);
    const checkTimes = checked === undefined ? undefined : (wholeNumber(checked) ?? 0);
    const ageMs = clock.now() - half.bornTimestamp;
    if (checkTimes !== undefined && checkTimes >= transactionCheckMax) return GIVE_UP;
    if (ageMs > configs.messageStoreConfig.fileReservedTime * MS_PER_HOUR) return GIVE_UP;
    if (half.storeTimestamp >= this.#startMs) return WAIT;
    const immunity = properties.get(MessageConst.PROPERTY_CHECK_IMMUNITY_TIME_IN_SECONDS);
    if (immunity === undefined) {
      if (ageMs >= 0 && ageMs <= transactionTimeOut) return WAIT;
    } else if (ageMs < immunityMs(immunity, transactionTimeOut)) {
      return { kind: 'put back', preparedQueueOffset: prepared ?? String(half.queueOffset) };
    }
    return { kind: 'check', checkTimes: (checkTimes ?? 0) + 1 };
  }
}

const DONE: Fate = { kind: 'done' };
const WAIT: Fate = { kind: 'wait' };
const GIVE_UP: Fate = { kind: 'give up' };

/**
 * The offset, or where the queue begins when it is outside: beyond the end after a power loss or when somebody removed
 * the queue. Op records say what is done already. Java: the corrected offset of #getMessage.
 */
function inQueue(offset: number, store: TransactionStore, topic: string, queueId: number): number {
  const min = store.getMinOffsetInQueue(topic, queueId);
  return offset < min || offset > store.getMaxOffsetInQueue(topic, queueId) ? min : offset;
}

/** Java: TransactionalMessageServiceImpl#getImmunityTime. */
function immunityMs(text: string, transactionTimeOutMs: number): number {
  const seconds = wholeNumber(text);
  return seconds === undefined || seconds === -1 ? transactionTimeOutMs : seconds * 1000;
}

function wholeNumber(text: string): number | undefined {
  const value = Number(text);
  return /^[+-]?\d{1,19}$/.test(text) && Number.isSafeInteger(value) ? value : undefined;
}
