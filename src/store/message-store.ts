import type { MessageExt } from '../codec/message.ts';
import { DEFAULT_DISK_LEVELS } from '../config/disk-levels.ts';
import type { Timer } from '../util/clock.ts';
import type { Marks } from '../util/ticket.ts';
import { Append } from './append.ts';
import { Cleaning } from './cleaning.ts';
import type { CommitLog } from './commit-log.ts';
import type { ConsumeQueueTable } from './consume-queue-table.ts';
import { DiskTrouble, ROOM_TO_GO_ON_BYTES } from './disk-trouble.ts';
import { FlushConsumeQueueService } from './flush-consume-queue-service.ts';
import { FlushService } from './flush-service.ts';
import type { MessageDraft } from './message-draft.ts';
import { type MessageStoreOptions, type OpenStore, openStore } from './open-store.ts';
import type { MessageFilter } from './ports.ts';
import { type QueueEntries, queueEntries } from './queue-entries.ts';
import { RawLog } from './raw-log.ts';
import {
  type GetMessageRequest,
  type GetMessageResult,
  type PutRefusal,
  type PutResult,
  type QueryMessageResult,
  refusePut,
} from './results.ts';
import { RunningFlags } from './running-flags.ts';
import type { ScheduleQueues } from './schedule-queues.ts';
import type { StagedTurn } from './staged-turn.ts';
import { SAMPLE_PERIOD_MS, StoreStats, type StoreTotals } from './stats.ts';
import { StoreIoError } from './store-errors.ts';
import { StoreReads } from './store-reads.ts';
import { TurnDispatch } from './turn-dispatch.ts';

/** Written and not on disk: beyond this the disk has stopped keeping up, and sends are refused. */
const MAX_UNFLUSHED_BYTES = 64 << 20;
const MAX_TOPIC_CHARACTERS = 127;

/**
 * The store of a broker: append, read, query, recover. One event loop owns it. What is put becomes visible, all at
 * once, at the end of the turn (docs/adr/0003-turn-pipeline.md). Java: DefaultMessageStore.
 */
export class MessageStore {
  /** Expiry of files, and what may be asked of it. */
  readonly cleaning: Cleaning;
  readonly rawLog: RawLog;
  readonly #options: MessageStoreOptions;
  readonly #open: OpenStore;
  readonly #log: CommitLog;
  readonly #consumeQueues: ConsumeQueueTable;
  readonly #append: Append;
  readonly #flush: FlushService;
  readonly #queueFlush: FlushConsumeQueueService;
  readonly #reads: StoreReads;
  readonly #flags = new RunningFlags();
  readonly #marks: { written: number; flushed: number; replicated: number };
  readonly #listeners: ((marks: Marks) => void)[] = [];
  readonly #timers: Timer[] = [];
  readonly #dispatch: TurnDispatch;
  readonly #trouble: DiskTrouble;
  #commitScheduled = false;
  #closed = false;
  readonly #stats: StoreStats;

  private constructor(options: MessageStoreOptions, open: OpenStore) {
    const { clock, config, log: logger, ports } = options;
    const { commitLog: log, consumeQueues, checkpoint, queues, delayLevels, dispatch } = open;
    this.#options = options;
    this.#open = open;
    this.#log = log;
    this.#consumeQueues = consumeQueues;
    this.#marks = { written: log.writtenEnd, flushed: log.flushedEnd, replicated: 0 };
    this.#stats = new StoreStats(clock);
    this.#reads = new StoreReads(open, config, clock, this.#stats, logger);
    const commitTurn = (): boolean => this.commitTurn();
    const trouble = new DiskTrouble({
      ...{ clock, logger, flags: this.#flags, freeBytes: open.freeBytes },
      retry: (kind) => (kind === 'dispatch' ? this.#dispatch.retry() : log.tryEnd(ROOM_TO_GO_ON_BYTES)),
    });
    this.#trouble = trouble;
    const refusal = (): PutRefusal => trouble.refusal ?? NOT_WRITEABLE;
    this.#append = new Append(
      {
        ...{ clock, config, log, queues, delayLevels, replicationGate: ports?.replicationGate, commitTurn, refusal },
        onRollFailed: ({ step, error }) => {
          trouble.begin(step === 'write' ? 'log-write' : 'log-file', error);
          return refusal();
        },
      },
      open.lastStoreTimestamp,
    );
    this.#dispatch = new TurnDispatch(
      {
        ...{ dispatch, listener: ports?.messageArrivingListener },
        recycle: (turn) => this.#append.recycle(turn),
        onFailed: (error) => trouble.begin('dispatch', error),
        retryRaw: () => this.rawLog.dispatch(),
      },
      log.writtenEnd,
    );
    this.#flush = new FlushService({
      ...{ clock, config, log },
      lastTimestamp: () => (config.brokerRole === 'SLAVE' ? dispatch.lastStoreTimestamp : this.#append.lastTimestamp),
      onIdle: () => {
        for (const part of [log, this.#append, this.#reads]) part.releaseMemory();
      },
      onFlushed: (storeTimestamp) => this.#onFlushed(storeTimestamp),
      onFailed: (error, lost) => trouble.begin('log-flush', error, lost),
    });
    this.#queueFlush = new FlushConsumeQueueService({
      ...{ clock, config, logger, consumeQueues, checkpoint, index: open.index },
      lastStoreTimestamp: () => dispatch.lastStoreTimestamp,
      onFailed: ({ kind, final }, error) => {
        if (kind !== 'waits') trouble.begin(kind === 'queue' ? 'queue-flush' : 'index-flush', error, final);
      },
      onWorked: () => trouble.end('queue-flush'),
    });
    this.cleaning = new Cleaning({
      ...{ fs: options.fs, clock, config, logger, flags: this.#flags, log, consumeQueues, queues, index: open.index },
      ...{ diskLevels: options.diskLevels ?? DEFAULT_DISK_LEVELS, dispatchedEnd: () => this.#dispatch.end, commitTurn },
      onRemoved: (minOffset) => this.#reads.forgetBelow(minOffset),
    });
    this.rawLog = new RawLog({
      ...{ log, logger, config, dispatch, dispatched: this.#dispatch, trouble, isOpen: () => !this.#closed },
      onAppended: () => this.#onWritten(log.writtenEnd, false),
    });
    open.onLockLost(() => {
      trouble.begin('lock', undefined, true);
      this.#flush.abandon();
      void this.#queueFlush.stop();
      void this.cleaning.stop();
    });
    ports?.replicationGate?.setListener((replicated) => this.#tell(replicated));
  }

  /**
   * Takes the lock, loads, recovers. Blocks until the store is consistent; nothing is read before the lock is held.
   * Throws StoreLoadError, StoreIoError, or the lock's refusal; then nothing is held open.
   */
  static open(options: MessageStoreOptions): MessageStore {
    return new MessageStore(options, openStore(options));
  }

  /** Marks the directory as in use and starts flushing. Throws StoreIoError. Java: DefaultMessageStore#start. */
  start(): void {
    this.#open.abort.create();
    this.#flush.start();
    this.#queueFlush.start();
    this.cleaning.start();
    const { clock } = this.#options;
    this.#timers.push(clock.setInterval(() => this.#stats.sample(), SAMPLE_PERIOD_MS));
  }

  /** The three positions of the log. */
  get marks(): Marks {
    return this.#marks;
  }

  /**
   * Calls `listener` after every change of the marks, and when tickets have failed. It may be called inside a put:
   * when a file or 4 MiB are full, what was staged before is written first.
   */
  onMarks(listener: (marks: Marks) => void): void {
    this.#listeners.push(listener);
  }

  /** Stages one message; see {@link Append.putMessage}. Java: DefaultMessageStore#putMessage. */
  putMessage(draft: MessageDraft): PutResult {
    const refusal = this.#refusal(draft.topic);
    if (refusal !== undefined) return refusal;
    const result = this.#append.putMessage(draft);
    if (result.accepted) this.#scheduleCommit();
    return result;
  }

  /** Stages the members of a batch, all or none; see {@link Append.putMessages}. */
  putMessages(draft: MessageDraft): PutResult {
    const refusal = this.#refusal(draft.topic);
    if (refusal !== undefined) return refusal;
    if (draft.bodyEnd - draft.bodyStart > this.#options.config.maxMessageSize) {
      return refusePut('MESSAGE_ILLEGAL', `the batch body is longer than ${this.#options.config.maxMessageSize} bytes`);
    }
    const result = this.#append.putMessages(draft);
    if (result.accepted) this.#scheduleCommit();
    return result;
  }

  /**
   * Writes what is staged; then, without a break in which anybody could look: releases parked replies, whose clients
   * go on while the queues and the index take the turn's entries, and wakes those who wait for messages. False when
   * the write failed and the turn's tickets with it.
   */
  commitTurn(): boolean {
    if (this.#append.turn.count === 0) return this.#flags.isWriteable;
    const turn = this.#append.takeTurn();
    const before = this.#log.writtenEnd;
    try {
      this.#log.writeStaged();
    } catch (error) {
      if (!(error instanceof StoreIoError)) throw error;
      this.#failTurn(turn, error);
      return false;
    }
    const written = this.#log.writtenEnd;
    this.#stats.recordPuts(turn.count, written - before, this.#options.clock.monotonicMs() - turn.startMs);
    this.#onWritten(written, turn.needsFlush);
    const dispatched = this.#dispatch.run(turn, written);
    this.#options.ports?.replicationGate?.onWritten(written);
    if (dispatched) this.#dispatch.finish(turn);
    return true;
  }

  /** Begins to bring what is written to disk, whatever its time; the marks tell when it is there. */
  flushSoon(): void {
    this.#flush.flushSoon();
  }

  /**
   * Reads messages from a queue; undefined when the store is closed. A promise only when old messages must come from
   * disk. Throws or rejects with StoreIoError. Java: DefaultMessageStore#getMessage.
   */
  getMessage(
    request: GetMessageRequest,
    filter?: MessageFilter,
  ): GetMessageResult | undefined | Promise<GetMessageResult> {
    return this.#closed || !this.#flags.isReadable ? undefined : this.#reads.getMessage(request, filter);
  }

  /** Offset of the next message of a queue, 0 for an unknown one. Java: #getMaxOffsetInQueue. */
  getMaxOffsetInQueue(topic: string, queueId: number): number {
    return this.#consumeQueues.find(topic, queueId)?.maxOffset ?? 0;
  }

  /** First offset of a queue, 0 for an unknown one. (Java gives −1 where it has no queue object.) */
  getMinOffsetInQueue(topic: string, queueId: number): number {
    return this.#consumeQueues.find(topic, queueId)?.minOffset ?? 0;
  }

  /** Entries of a queue that was used before; see {@link queueEntries}. Java: #getConsumeQueue. */
  queueEntries(topic: string, queueId: number, queueOffset: number, count: number): QueueEntries | undefined {
    const queue = this.#consumeQueues.find(topic, queueId);
    return queue === undefined ? undefined : queueEntries(queue, queueOffset, count);
  }

  /** Java: #getOffsetInQueueByTime. */
  getOffsetInQueueByTime(topic: string, queueId: number, timestampMs: number): number {
    return this.#reads.lookups.offsetInQueueByTime(topic, queueId, timestampMs);
  }

  /** Store time of the first message of a queue, or of the whole log; −1 without one. Java: #getEarliestMessageTime. */
  getEarliestMessageTime(topic?: string, queueId = 0): number {
    return topic === undefined ? this.#reads.lookups.earliest() : this.#reads.lookups.earliestInQueue(topic, queueId);
  }

  /** Store time of a message, −1 when it is not there. Java: #getMessageStoreTimeStamp. */
  getMessageStoreTimeStamp(topic: string, queueId: number, queueOffset: number): number {
    return this.#reads.lookups.storeTimestampInQueue(topic, queueId, queueOffset);
  }

  /** Physical offset of a message, 0 when it is not there. Java: #getCommitLogOffsetInQueue. */
  getCommitLogOffsetInQueue(topic: string, queueId: number, queueOffset: number): number {
    return this.#reads.lookups.commitLogOffsetInQueue(topic, queueId, queueOffset);
  }

  /** The message that begins at a physical offset, decoded. Java: #lookMessageByOffset. */
  lookMessageByOffset(phyOffset: number): MessageExt | undefined {
    return this.#reads.lookups.lookMessageByOffset(phyOffset);
  }

  /** The message that begins at a physical offset, as stored, unless it is damaged. Java: #selectOneMessageByOffset. */
  selectOneMessageByOffset(phyOffset: number): Promise<Buffer | 'damaged' | undefined> {
    return this.#reads.lookups.selectOneMessageByOffset(phyOffset);
  }

  /** Reads since the start that met bytes which are not as they were written; each place is logged once. */
  get damagedReads(): number {
    return this.#reads.damaged.count;
  }

  /** The queues of delayed messages. */
  get scheduled(): ScheduleQueues {
    return this.#reads.scheduled;
  }

  /** Messages by key; see {@link Lookups.queryMessage}. */
  queryMessage(topic: string, key: string, maxNum: number, begin: number, end: number): Promise<QueryMessageResult> {
    return this.#reads.lookups.queryMessage(topic, key, maxNum, begin, end);
  }

  /** Whether a message is so far back that it counts as on disk only. Java: #checkInDiskByConsumeOffset. */
  checkInDiskByConsumeOffset(topic: string, queueId: number, queueOffset: number): boolean {
    return this.#reads.lookups.isInDisk(topic, queueId, queueOffset);
  }

  /** Physical offset behind the last visible message. */
  getMaxPhyOffset(): number {
    return this.#log.writtenEnd;
  }

  /** Physical offset of the oldest byte kept. */
  getMinPhyOffset(): number {
    return this.#log.minOffset;
  }

  /** Written bytes that queues and index do not know yet. Java: #dispatchBehindBytes. */
  dispatchBehindBytes(): number {
    return this.#marks.written - this.#dispatch.end;
  }

  /** Bytes that a power loss would take. Java: #remainHowManyDataToFlush. */
  remainHowManyDataToFlush(): number {
    return this.#flush.unflushedBytes;
  }

  /** What keeps the store from taking messages, for an answer to a sender; undefined when nothing does. */
  get trouble(): string | undefined {
    return this.#trouble.refusal?.remark;
  }

  /** Messages stored, and messages that {@link getMessage} gave, since the start. */
  get totals(): StoreTotals {
    return this.#stats;
  }

  /** The store's keys of code 28, all values texts. Java: DefaultMessageStore#getRuntimeInfo. */
  runtimeInfo(): Record<string, string> {
    return { ...this.#stats.runtimeInfo(), ...this.#open.runtimeInfo() };
  }

  /**
   * Stops taking messages and brings everything to disk, in Java's order: commit log, queues, checkpoint. The abort
   * marker goes only when nothing is left behind; otherwise the next start recovers. Idempotent.
   */
  async shutdown(): Promise<void> {
    if (this.#closed) return;
    this.commitTurn();
    this.#closed = true;
    for (const timer of this.#timers) timer.cancel();
    await this.cleaning.stop();
    await this.#flush.stop();
    await this.#queueFlush.stop();
    this.#reads.releaseMemory();
    this.rawLog.close();
    this.#trouble.stop();
    const clean = !this.#trouble.isAny && this.#flush.unflushedBytes === 0 && this.dispatchBehindBytes() === 0;
    await this.#open.close(clean);
  }

  #scheduleCommit(): void {
    if (this.#commitScheduled) return;
    this.#commitScheduled = true;
    this.#options.clock.atTurnEnd(() => {
      this.#commitScheduled = false;
      this.commitTurn();
    });
  }

  /** The checks that need no record, in Java's order. */
  #refusal(topic: string): PutRefusal | undefined {
    if (this.#closed) return refusePut('SERVICE_NOT_AVAILABLE', 'the store has been shut down');
    if (this.#options.config.brokerRole === 'SLAVE')
      return refusePut('SERVICE_NOT_AVAILABLE', 'this broker is a slave');
    if (!this.#flags.isWriteable) return this.#trouble.refusal ?? this.cleaning.refusal ?? NOT_WRITEABLE;
    if (topic.length > MAX_TOPIC_CHARACTERS)
      return refusePut('MESSAGE_ILLEGAL', `the topic has ${topic.length} characters`);
    const waiting = this.#flush.unflushedBytes;
    if (waiting <= MAX_UNFLUSHED_BYTES) return undefined;
    return this.#trouble.refuseSlow(waiting, this.#flush.inFlightMs);
  }

  #failTurn(turn: StagedTurn, error: StoreIoError): void {
    turn.fail();
    this.#trouble.begin('log-write', error);
    this.#tell();
    this.#append.recycle(turn);
  }

  #onFlushed(storeTimestamp: number): void {
    if (storeTimestamp > 0) this.#open.checkpoint.physicMsgTimestamp = storeTimestamp;
    this.#log.onFlushed();
    this.#trouble.end('log-flush');
    if (this.#flush.unflushedBytes <= MAX_UNFLUSHED_BYTES) this.#trouble.keepsUp(this.#flush.unflushedBytes);
    this.#marks.flushed = this.#log.flushedEnd;
    this.#tell();
  }

  #onWritten(written: number, waited: boolean): void {
    this.#marks.written = written;
    this.#flush.onWritten(waited);
    this.#tell();
  }

  #tell(replicated = this.#marks.replicated): void {
    this.#marks.replicated = replicated;
    for (const listener of this.#listeners) listener(this.#marks);
  }
}

const NOT_WRITEABLE = refusePut('SERVICE_NOT_AVAILABLE', 'the store is not writeable, the log of the broker tells why');
