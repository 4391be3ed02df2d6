import { decodeRecord, type MessageExt } from '../../codec/message.ts';
import { MessageConst } from '../../codec/message-const.ts';
import { decodeOffsetMsgId } from '../../codec/message-id.ts';
import { PermName } from '../../codec/sys-flags.ts';
import { GIVEN_UP_TOPIC, HALF_TOPIC, OP_TOPIC, TRANSACTION_GROUP } from '../../codec/system-topics.ts';
import type { BrokerConfigs } from '../../config/configs.ts';
import { MessageDraft } from '../../store/message-draft.ts';
import { Pacer } from '../../store/pacer.ts';
import type { PutRefusal, PutResult, PutTicket } from '../../store/results.ts';
import type { Clock, Timer } from '../../util/clock.ts';
import type { Logger } from '../../util/logger.ts';
import type { BrokerStatsManager } from '../broker-stats-manager.ts';
import type { ConsumerOffsetManager } from '../consumer-offset-manager.ts';
import type { ProducerManager } from '../producer-manager.ts';
import type { TopicConfigManager } from '../topic-config-manager.ts';
import { askProducer } from './check-request.ts';
import { CheckRound, type RoundEnd } from './check-round.ts';
import { HalfCopies, isCopy } from './half-copies.ts';
import { fillCommitted, fillCopy, fillOp } from './half-message.ts';
import { readQueue, type TransactionStore } from './queue-reader.ts';

/** Half messages read at once by the walk at the start. */
const WALK_MESSAGES = 32;
/** Half queues there can be; a broker makes one. */
const MOST_HALF_QUEUES = 16;
const COMMIT_AGAIN_MS = 500;

/** What transactions work on. */
export interface TransactionParts {
  readonly store: TransactionStore;
  readonly configs: BrokerConfigs;
  readonly topics: TopicConfigManager;
  readonly offsets: ConsumerOffsetManager;
  readonly producers: ProducerManager;
  readonly statsManager: Pick<BrokerStatsManager, 'getInside'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** IP and port of this broker as a record holds them. */
  readonly storeHost: Buffer;
}

/** What a producer says about a transaction. Copied from its request. */
export interface TransactionEnd {
  readonly outcome: 'commit' | 'rollback';
  readonly producerGroup: string;
  /** Queue offset of the half message. */
  readonly tranStateTableOffset: number;
  readonly commitLogOffset: number;
}

/** The end of a transaction is staged, was refused by the store, or names no half message of the producer. */
export type TransactionEnded = PutTicket | PutRefusal | { readonly accepted: undefined; readonly remark: string };

/**
 * Half messages from their commit, rollback or check to their end (docs/broker/transactions.md). Its tables are few:
 * everything that counts stands in the log. Java: TransactionalMessageServiceImpl, TransactionalMessageCheckService.
 */
export class TransactionalMessageService {
  readonly #parts: TransactionParts;
  readonly #draft = new MessageDraft();
  readonly #copies = new HalfCopies();
  readonly #pacer: Pacer;
  /** Records below were written before this start: a copy of them may be known to the log only. */
  readonly #startEnd: number;
  #walk: Promise<void> | undefined;
  #timer: Timer | undefined;
  #commitTimer: Timer | undefined;
  #round: Promise<void> | undefined;
  /** Where the next round begins, by queue; ahead of the offset table until what it rests on is on disk. */
  readonly #reached = new Map<number, RoundEnd>();
  /** Of these, the one that waits for the disk; newer ones come after it. */
  readonly #waiting = new Map<number, RoundEnd>();

  constructor(parts: TransactionParts) {
    this.#parts = parts;
    this.#pacer = new Pacer(parts.clock);
    this.#startEnd = parts.store.getMaxPhyOffset();
  }

  /** Finds the copies in the queue; the first round comes one interval later. Java: #onWaitEnd. */
  start(): void {
    if (this.#parts.configs.messageStoreConfig.brokerRole === 'SLAVE') return;
    this.#walk = this.#findCopies().catch((error: unknown) => this.#failed(error, 'the walk over the half messages'));
    this.#schedule(this.#parts.configs.brokerConfig.transactionCheckInterval);
  }

  /** Ends the round under way after its turn. Idempotent. */
  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#commitTimer?.cancel();
    this.#pacer.stop();
    await this.#walk;
    await this.#round;
  }

  /** Takes the offsets of finished rounds over into the offset table, as far as the disk has what they rest on. */
  commitOffsets(): void {
    for (const queueId of this.#reached.keys()) this.#commit(queueId);
  }

  /** How many transactions are open whose half message was written anew. */
  get openCopies(): number {
    return this.#copies.size;
  }

  /**
   * Ends a transaction: the readable message first, then the record that the half message is done, in one turn and in
   * this order in the log. Rejects with StoreIoError. Java: EndTransactionProcessor#processRequest.
   */
  async end(end: TransactionEnd): Promise<TransactionEnded> {
    const { store, log } = this.#parts;
    const half = await this.#recordAt(end.commitLogOffset);
    const problem = half === 'damaged' ? DAMAGED : problemOf(half, end);
    if (problem !== undefined || half === undefined || half === 'damaged') {
      return { accepted: undefined, remark: problem ?? NOT_FOUND };
    }
    if (end.commitLogOffset < this.#startEnd) await this.#walk;
    // No waiting from here on.
    const draft = this.#draft;
    if (end.outcome === 'commit') {
      if (!fillCommitted(draft, half)) return { accepted: undefined, remark: NOWHERE };
      const committed = store.putMessage(draft);
      if (!committed.accepted) return committed;
      const op = this.#markDone(half);
      if (!op.accepted) log.error({ remark: op.remark, msgId: half.offsetMsgId }, 'a commit could not be noted');
      return committed;
    }
    return this.#markDone(half);
  }

  /**
   * Lets a half message be checked again as if it never had been. Rejects with StoreIoError.
   * @returns undefined when no message is there. Java: AdminBrokerProcessor#resumeCheckHalfMessage.
   */
  async resume(offsetMsgId: string): Promise<PutResult | undefined> {
    const place = decodeOffsetMsgId(offsetMsgId);
    const half = place === undefined ? undefined : await this.#recordAt(place.phyOffset);
    if (half === undefined || half === 'damaged') return undefined;
    const queued = { ...half, queueId: 0 };
    fillCopy(this.#draft, queued, { checkTimes: 0 });
    const result = this.#parts.store.putMessage(this.#draft);
    if (!result.accepted) return result;
    this.#parts.store.commitTurn();
    if (!result.failed) this.#copies.note(queued, result.queueOffset);
    return result;
  }

  /** Looks at every half queue once; also what the timer does. */
  checkNow(): Promise<void> {
    this.#round ??= this.#checkAll().finally(() => {
      this.#round = undefined;
    });
    return this.#round;
  }

  async #recordAt(phyOffset: number): Promise<MessageExt | 'damaged' | undefined> {
    const record = await this.#parts.store.selectOneMessageByOffset(phyOffset);
    if (record === undefined || record === 'damaged') return record;
    const message = decodeRecord(record, 0);
    return typeof message === 'string' ? 'damaged' : message;
  }

  /** The op record of a half message, and of its newest copy when the producer has named an older one. */
  #markDone(half: MessageExt): PutResult {
    const { store, clock, storeHost } = this.#parts;
    const { queueId, queueOffset } = half;
    const newest = this.#copies.newestOf(half);
    const nowMs = clock.now();
    fillOp(this.#draft, { queueId, halfOffset: queueOffset, storeHost, nowMs });
    const op = store.putMessage(this.#draft);
    if (!op.accepted || newest === undefined || newest === queueOffset) return op;
    fillOp(this.#draft, { queueId, halfOffset: newest, storeHost, nowMs });
    return store.putMessage(this.#draft);
  }

  #schedule(delayMs: number): void {
    if (this.#pacer.hasStopped()) return;
    this.#timer = this.#parts.clock.setTimeout(() => {
      void this.checkNow().finally(() => this.#schedule(delayMs));
    }, delayMs);
  }

  async #checkAll(): Promise<void> {
    await this.#walk;
    const { topics, log } = this.#parts;
    const rw = PermName.PERM_READ | PermName.PERM_WRITE;
    const queues = topics.createForGroup(HALF_TOPIC, 1, rw, 0, 'timer')?.config.readQueueNums ?? 0;
    for (let queueId = 0; queueId < Math.min(queues, MOST_HALF_QUEUES) && !this.#pacer.hasStopped(); queueId++) {
      try {
        await this.#check(queueId);
      } catch (error) {
        this.#failed(error, 'a check of the half messages');
      }
    }
    log.debug({ openCopies: this.#copies.size }, 'the half messages were looked at');
    this.commitOffsets();
    this.#commitLater();
  }

  /** Looks again until the disk has what the rounds have written. */
  #commitLater(): void {
    this.#commitTimer?.cancel();
    if (this.#waiting.size === 0 || this.#pacer.hasStopped()) return;
    this.#commitTimer = this.#parts.clock.setTimeout(() => {
      this.commitOffsets();
      this.#commitLater();
    }, COMMIT_AGAIN_MS);
  }

  async #check(queueId: number): Promise<void> {
    const { topics, producers, log } = this.#parts;
    const round = new CheckRound(
      {
        ...this.#parts,
        copies: this.#copies,
        ask: (half, checkTimes, ticket) => {
          if (!askProducer(producers, half, checkTimes, ticket)) {
            log.info({ group: half.properties.get(MessageConst.PROPERTY_PRODUCER_GROUP) }, 'no producer to ask');
          }
        },
        beforeGivingUp: () => {
          const rw = PermName.PERM_READ | PermName.PERM_WRITE;
          return topics.createForGroup(GIVEN_UP_TOPIC, 1, rw, 0) !== undefined;
        },
        giveWay: () => this.#pacer.giveWay(),
        hasStopped: () => this.#pacer.hasStopped(),
      },
      queueId,
      this.#reached.get(queueId)?.halfOffset ?? this.#committed(HALF_TOPIC, queueId),
      this.#reached.get(queueId)?.opOffset ?? this.#committed(OP_TOPIC, queueId),
    );
    this.#reached.set(queueId, await round.run());
  }

  #committed(topic: string, queueId: number): number {
    const offset = this.#parts.offsets.query(TRANSACTION_GROUP, topic, queueId);
    return offset < 0 ? this.#parts.store.getMinOffsetInQueue(topic, queueId) : offset;
  }

  /**
   * What a round has passed is passed because of its op record or its copy further behind, or because it stands in the
   * topic of those given up: before that is on disk the offsets may not be.
   */
  #commit(queueId: number): void {
    const reached = this.#reached.get(queueId);
    if (reached === undefined) return;
    const { flushed } = this.#parts.store.marks;
    const waiting = this.#waiting.get(queueId) ?? reached;
    if (waiting.writtenEnd > flushed) {
      this.#waiting.set(queueId, waiting);
      return;
    }
    const next = reached.writtenEnd > flushed ? waiting : reached;
    if (next === reached) this.#waiting.delete(queueId);
    else this.#waiting.set(queueId, reached);
    this.#keepOffsets(queueId, next);
  }

  #keepOffsets(queueId: number, { halfOffset, opOffset }: RoundEnd): void {
    const { offsets } = this.#parts;
    const keep = (topic: string, offset: number): boolean => {
      if (this.#committed(topic, queueId) === offset) return false;
      return offsets.commit(TRANSACTION_GROUP, topic, queueId, offset);
    };
    const isChanged = [keep(HALF_TOPIC, halfOffset), keep(OP_TOPIC, opOffset)].includes(true);
    if (isChanged) void offsets.persist();
    this.#copies.forgetBelow(queueId, halfOffset);
  }

  /** Notes the copies of open transactions, which only the log knows after a start. */
  async #findCopies(): Promise<void> {
    const { store, topics } = this.#parts;
    const queues = topics.select(HALF_TOPIC)?.config.readQueueNums ?? 1;
    for (let queueId = 0; queueId < Math.min(queues, MOST_HALF_QUEUES); queueId++) {
      const end = store.getMaxOffsetInQueue(HALF_TOPIC, queueId);
      let offset = Math.max(this.#committed(HALF_TOPIC, queueId), store.getMinOffsetInQueue(HALF_TOPIC, queueId));
      while (offset < end && !this.#pacer.hasStopped()) {
        const read = await readQueue(store, HALF_TOPIC, queueId, offset, WALK_MESSAGES);
        if (read === undefined || read.nextOffset <= offset) break;
        for (const half of read.messages) if (isCopy(half)) this.#copies.note(half, half.queueOffset);
        offset = read.nextOffset;
        await this.#pacer.giveWay();
      }
    }
  }

  #failed(error: unknown, what: string): void {
    this.#parts.log.error({ err: error }, `${what} failed; the next one goes on from there`);
  }
}

/** Java: EndTransactionProcessor#checkPrepareMessage; only a half message can be ended (ADR 0038). */
function problemOf(half: MessageExt | undefined, end: TransactionEnd): string | undefined {
  if (half === undefined) return NOT_FOUND;
  const group = half.properties.get(MessageConst.PROPERTY_PRODUCER_GROUP);
  if (group !== end.producerGroup) return 'The producer group wrong';
  if (half.queueOffset !== end.tranStateTableOffset) return 'The transaction state table offset wrong';
  if (half.topic !== HALF_TOPIC) return `${NOT_FOUND} [a message of the topic ${half.topic} is there]`;
  return undefined;
}

const NOT_FOUND = 'Find prepared transaction message failed';
const DAMAGED = `${NOT_FOUND} [the record there is damaged]`;
const NOWHERE = `${NOT_FOUND} [the half message names no topic and queue]`;
