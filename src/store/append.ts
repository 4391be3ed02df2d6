import {
  BLANK_HEAD_BYTES,
  encodeRecord,
  MAX_PROPERTIES_BYTES,
  MAX_TOPIC_BYTES,
  RecordDraft,
  recordSizeBytes,
} from '../codec/message.ts';
import { BatchCursor } from '../codec/message-batch.ts';
import { PropertySlot, PropertySpans, scanProperties } from '../codec/message-properties.ts';
import { isQueued, transactionValue } from '../codec/sys-flags.ts';
import type { MessageStoreConfig } from '../config/message-store-config.ts';
import type { Clock } from '../util/clock.ts';
import { NEEDS_FLUSHED, NEEDS_REPLICATED } from '../util/ticket.ts';
import type { CommitLog, RollFailure } from './commit-log.ts';
import type { DelayLevels } from './delay-levels.ts';
import { DELAY_NOT_A_NUMBER, delayLevelOf, divertDelayed } from './delayed-put.ts';
import { CHUNK_BYTES, type LogChunk } from './hot-window.ts';
import type { MessageDraft } from './message-draft.ts';
import type { ReplicationGate } from './ports.ts';
import type { QueueState, QueueTable } from './queue-table.ts';
import { type PutRefusal, type PutResult, PutTicket, refusePut } from './results.ts';
import { StagedTurn } from './staged-turn.ts';
import { computeTagsCode, type TagsCode } from './tags-code.ts';

/** What the append works on. */
export interface AppendParts {
  readonly clock: Clock;
  readonly config: MessageStoreConfig;
  readonly log: CommitLog;
  readonly queues: QueueTable;
  readonly delayLevels: DelayLevels;
  readonly replicationGate: ReplicationGate | undefined;
  /** Writes what is staged; false when that failed and the store takes no more. */
  commitTurn(): boolean;
  /** A write outside of a turn failed: the store takes no more. Gives what the sender is told. */
  onRollFailed(failure: RollFailure): PutRefusal;
  /** What a sender is told when the turn's write has failed. */
  refusal(): PutRefusal;
}

/**
 * Encodes messages into the newest chunk of the log and gives out receipts. Nothing it does is visible before
 * `commitTurn`. Java: CommitLog#putMessage, DefaultAppendMessageCallback; docs/store/commit-log-append.md.
 */
export class Append {
  readonly #parts: AppendParts;
  readonly #maxMessageSize: number;
  readonly #syncFlush: boolean;
  readonly #record = new RecordDraft();
  readonly #tagsCode: TagsCode = { high: 0, low: 0 };
  readonly #cursor = new BatchCursor();
  readonly #memberSpans = new PropertySpans();
  #turn = new StagedTurn();
  #spareTurn: StagedTurn | undefined;
  #lastTimestamp: number;
  #batchBytes = 0;

  /** `lastTimestamp`: store timestamp of the last record in the log, 0 when unknown. */
  constructor(parts: AppendParts, lastTimestamp: number) {
    this.#parts = parts;
    this.#lastTimestamp = lastTimestamp;
    // Java: both are read once, when the callback and the flush service are made.
    this.#maxMessageSize = parts.config.maxMessageSize;
    this.#syncFlush = parts.config.flushDiskType === 'SYNC_FLUSH';
  }

  /** What is staged and not written. */
  get turn(): StagedTurn {
    return this.#turn;
  }

  /** Store timestamp of the newest record; the next is never older, unless the clock was set back far. */
  get lastTimestamp(): number {
    return this.#lastTimestamp;
  }

  /** Hands over what was staged and begins the next turn; give the turn back with {@link recycle} when it is done. */
  takeTurn(): StagedTurn {
    const turn = this.#turn;
    this.#turn = this.#spareTurn ?? new StagedTurn();
    this.#spareTurn = undefined;
    return turn;
  }

  recycle(turn: StagedTurn): void {
    turn.clear();
    this.#spareTurn = turn;
  }

  /** Nothing is put for a while: the tables of past turns go. */
  releaseMemory(): void {
    this.#spareTurn = undefined;
    if (this.#turn.count === 0) this.#turn = new StagedTurn();
  }

  /** Stages one message. The checks that need no record are the caller's. */
  putMessage(draft: MessageDraft): PutResult {
    if (!draft.resolveProperties()) return refusePut('MESSAGE_ILLEGAL', 'the properties are not well-formed');
    if (draft.spans.has(PropertySlot.DELAY) && !draft.delayServed) {
      const refusal = this.#divert(draft);
      if (refusal !== undefined) return refusal;
    }
    const propertiesLength = draft.textEnd - draft.textStart;
    if (propertiesLength > MAX_PROPERTIES_BYTES) return refuseProperties(draft);
    const topicLength = draft.topicBytes.length;
    if (topicLength > MAX_TOPIC_BYTES) return refuseTopic(topicLength);
    const bodyLength = draft.body === undefined ? 0 : draft.bodyEnd - draft.bodyStart;
    const hosts = draft.bornHost.length;
    const size = recordSizeBytes(hosts, draft.storeHost.length, bodyLength, topicLength, propertiesLength);
    const refusal = this.#refuseSize(size);
    if (refusal !== undefined) return refusal;
    const queue = this.#parts.queues.ensure(draft.topic, draft.queueId);
    if (queue === undefined) return UNSAFE_TOPIC;
    const chunk = this.#reserve(size);
    if ('accepted' in chunk) return chunk;
    const timestamp = this.#timestamp();
    const record = this.#fill(draft, timestamp);
    record.body = draft.body ?? record.topic;
    record.bodyStart = draft.body === undefined ? 0 : draft.bodyStart;
    record.bodyEnd = draft.body === undefined ? 0 : draft.bodyEnd;
    record.flag = draft.flag;
    record.preparedTransactionOffset = draft.preparedTransactionOffset;
    record.properties = draft.text;
    record.propertiesStart = draft.textStart;
    record.propertiesEnd = draft.textEnd;
    const phyOffset = this.#stage(queue, chunk, size, draft.spans, timestamp);
    return this.#ticket(draft, phyOffset, record.queueOffset, timestamp, 1, undefined);
  }

  /**
   * Stages the members of a batch, all in one file or none. `draft.body` is the client's batch body; its properties
   * are the request's and only decide WAIT. Java: CommitLog#putMessages, MessageExtBatchEncoder.
   */
  putMessages(draft: MessageDraft): PutResult {
    const { topicBytes, body } = draft;
    if (!draft.resolveProperties()) return refusePut('MESSAGE_ILLEGAL', 'the properties are not well-formed');
    if (topicBytes.length > MAX_TOPIC_BYTES) return refuseTopic(topicBytes.length);
    if (body === undefined) return refusePut('UNKNOWN_ERROR', BATCH_MALFORMED);
    if (transactionValue(draft.sysFlag) !== 0) return refusePut('MESSAGE_ILLEGAL', 'a batch cannot be transactional');
    const level = delayLevelOf(draft.spans, draft.text);
    if (level === undefined) return DELAY_NOT_A_NUMBER;
    if (level > 0) return refusePut('MESSAGE_ILLEGAL', 'a batch cannot be delayed');
    const count = this.#measureBatch(draft, body);
    if (typeof count !== 'number') return count;
    const queue = this.#parts.queues.ensure(draft.topic, draft.queueId);
    if (queue === undefined) return UNSAFE_TOPIC;
    const chunk = this.#reserve(this.#batchBytes);
    if ('accepted' in chunk) return chunk;
    return this.#stageBatch(draft, body, queue, chunk, count);
  }

  /** Counts the members and adds up their records into #batchBytes. Java answers code 1 where an exception is named. */
  #measureBatch(draft: MessageDraft, body: Buffer): number | PutRefusal {
    const fixed = recordSizeBytes(draft.bornHost.length, draft.storeHost.length, 0, draft.topicBytes.length, 0);
    const cursor = this.#cursor;
    cursor.reset(body, draft.bodyStart, draft.bodyEnd);
    let count = 0;
    let total = 0;
    for (let step = cursor.next(); step !== 'end'; step = cursor.next()) {
      if (step === 'malformed') return refusePut('UNKNOWN_ERROR', BATCH_MALFORMED);
      const size = fixed + cursor.bodyEnd - cursor.bodyStart + cursor.propertiesEnd - cursor.propertiesStart;
      total += size;
      count++;
      if (size > this.#maxMessageSize || total > this.#maxMessageSize) {
        return refusePut('UNKNOWN_ERROR', 'java.lang.RuntimeException: message size exceeded');
      }
    }
    if (count === 0) return refusePut('UNKNOWN_ERROR', BATCH_MALFORMED);
    this.#batchBytes = total;
    return this.#refuseSize(total) ?? count;
  }

  #stageBatch(draft: MessageDraft, body: Buffer, queue: QueueState, chunk: LogChunk, count: number): PutTicket {
    const timestamp = this.#timestamp();
    const record = this.#fill(draft, timestamp);
    record.body = body;
    record.properties = body;
    record.preparedTransactionOffset = 0;
    const firstQueueOffset = queue.nextOffset;
    const phyOffsets = new Array<number>(count);
    const cursor = this.#cursor;
    cursor.reset(body, draft.bodyStart, draft.bodyEnd);
    for (let member = 0; cursor.next() === 'message'; member++) {
      record.flag = cursor.flag;
      record.bodyStart = cursor.bodyStart;
      record.bodyEnd = cursor.bodyEnd;
      record.propertiesStart = cursor.propertiesStart;
      record.propertiesEnd = cursor.propertiesEnd;
      scanProperties(body, cursor.propertiesStart, cursor.propertiesEnd, this.#memberSpans);
      const bytes = cursor.bodyEnd - cursor.bodyStart + cursor.propertiesEnd - cursor.propertiesStart;
      const fixed = recordSizeBytes(record.bornHost.length, record.storeHost.length, 0, draft.topicBytes.length, 0);
      phyOffsets[member] = this.#stage(queue, chunk, fixed + bytes, this.#memberSpans, timestamp);
    }
    return this.#ticket(draft, phyOffsets[0] as number, firstQueueOffset, timestamp, count, phyOffsets);
  }

  /** What the records of one put have in common. */
  #fill(draft: MessageDraft, storeTimestamp: number): RecordDraft {
    const record = this.#record;
    record.queueId = draft.queueId;
    record.sysFlag = draft.sysFlag;
    record.bornTimestamp = draft.bornTimestamp;
    record.bornHost = draft.bornHost;
    record.storeTimestamp = storeTimestamp;
    record.storeHost = draft.storeHost;
    record.reconsumeTimes = draft.reconsumeTimes;
    record.topic = draft.topicBytes;
    record.topicEnd = draft.topicBytes.length;
    return record;
  }

  /** Encodes `#record` at the end of the log and notes it for the dispatch; returns its physical offset. */
  #stage(queue: QueueState, chunk: LogChunk, size: number, spans: PropertySpans, timestamp: number): number {
    const { log, delayLevels } = this.#parts;
    const turn = this.#turn;
    const record = this.#record;
    const queued = isQueued(record.sysFlag);
    const phyOffset = log.stagedEnd;
    record.phyOffset = phyOffset;
    record.queueOffset = queued ? queue.nextOffset++ : 0;
    const end = chunk.staged + encodeRecord(chunk.buffer, chunk.staged, record);
    log.advance(chunk, size);
    // The properties end the record: a span of theirs moves by a constant.
    const shift = end - record.propertiesEnd;
    computeTagsCode(queue.topic, record.properties, spans, timestamp, delayLevels, this.#tagsCode);
    const row = turn.add(queue, chunk);
    turn.phyOffsets[row] = phyOffset;
    turn.queueOffsets[row] = record.queueOffset;
    turn.sizes[row] = size;
    turn.sysFlags[row] = record.sysFlag;
    turn.tagsHigh[row] = this.#tagsCode.high;
    turn.tagsLow[row] = this.#tagsCode.low;
    const unique = spans.start(PropertySlot.UNIQ_KEY);
    turn.uniqueStarts[row] = unique < 0 ? -1 : unique + shift;
    turn.uniqueEnds[row] = spans.end(PropertySlot.UNIQ_KEY) + shift;
    const keys = spans.start(PropertySlot.KEYS);
    turn.keysStarts[row] = keys < 0 ? -1 : keys + shift;
    turn.keysEnds[row] = spans.end(PropertySlot.KEYS) + shift;
    return phyOffset;
  }

  #ticket(
    draft: MessageDraft,
    phyOffset: number,
    queueOffset: number,
    timestamp: number,
    count: number,
    phyOffsets: number[] | undefined,
  ): PutTicket {
    const { log, config, clock, replicationGate } = this.#parts;
    const endOffset = log.stagedEnd;
    let needs = 0;
    let status: 'PUT_OK' | 'SLAVE_NOT_AVAILABLE' = 'PUT_OK';
    if ((this.#syncFlush || config.brokerRole === 'SYNC_MASTER') && waitsForStore(draft)) {
      if (this.#syncFlush) needs |= NEEDS_FLUSHED;
      if (config.brokerRole === 'SYNC_MASTER') {
        if (replicationGate?.isSlaveOk(endOffset) === true) needs |= NEEDS_REPLICATED;
        else status = 'SLAVE_NOT_AVAILABLE';
      }
    }
    // The disk falls behind: replies wait for it, so that closed loops of clients slow down to its speed.
    if (log.writtenEnd - log.flushedEnd > SLOW_DISK_BYTES) needs |= NEEDS_FLUSHED;
    const deadlineMs = needs === 0 ? 0 : clock.monotonicMs() + config.syncFlushTimeout;
    const ticket = new PutTicket(
      phyOffset,
      endOffset,
      queueOffset,
      timestamp,
      count,
      needs,
      deadlineMs,
      status,
      phyOffsets,
    );
    this.#turn.tickets.push(ticket);
    if ((needs & NEEDS_FLUSHED) !== 0) this.#turn.needsFlush = true;
    return ticket;
  }

  /** Deviation from Java, docs/adr: a record that can never lie in one file is refused before anything is written. */
  #refuseSize(size: number): PutRefusal | undefined {
    const { fileSizeBytes } = this.#parts.log;
    if (size > this.#maxMessageSize) {
      return refusePut(
        'MESSAGE_ILLEGAL',
        `the stored record has ${size} bytes, maxMessageSize is ${this.#maxMessageSize}`,
      );
    }
    if (size + BLANK_HEAD_BYTES > fileSizeBytes) {
      const limit = fileSizeBytes - BLANK_HEAD_BYTES;
      return refusePut(
        'MESSAGE_ILLEGAL',
        `the stored record has ${size} bytes, a commit log file holds at most ${limit}`,
      );
    }
    return undefined;
  }

  /** A delayed message goes to the schedule topic; its record must fit under the longer name of its own topic too. */
  #divert(draft: MessageDraft): PutRefusal | undefined {
    const topicLength = draft.topicBytes.length;
    const refusal = divertDelayed(draft, this.#parts.delayLevels);
    if (refusal !== undefined || topicLength <= draft.topicBytes.length) return refusal;
    const { bornHost, storeHost, textStart, textEnd } = draft;
    const bodyLength = draft.body === undefined ? 0 : draft.bodyEnd - draft.bodyStart;
    const propertiesLength = textEnd - textStart;
    return this.#refuseSize(
      recordSizeBytes(bornHost.length, storeHost.length, bodyLength, topicLength, propertiesLength),
    );
  }

  /** A chunk with room for `size` bytes at the end of the log. A turn never spans two files. */
  #reserve(size: number): LogChunk | PutRefusal {
    const { log, commitTurn, refusal } = this.#parts;
    const staged = log.stagedEnd - log.writtenEnd;
    if (staged > 0 && staged + size > CHUNK_BYTES && !commitTurn()) return refusal();
    if (size + BLANK_HEAD_BYTES > log.room) {
      if (!commitTurn()) return refusal();
      const failure = log.roll();
      if (failure !== undefined) return this.#parts.onRollFailed(failure);
    }
    return log.reserve(size);
  }

  /** One look at the clock serves all records of a turn. */
  #timestamp(): number {
    const turn = this.#turn;
    if (turn.count > 0) return turn.storeTimestamp;
    const { clock } = this.#parts;
    const now = clock.now();
    const backMs = this.#lastTimestamp - now;
    turn.storeTimestamp = backMs > 0 && backMs <= SMALL_STEP_BACK_MS ? this.#lastTimestamp : now;
    turn.startMs = clock.monotonicMs();
    this.#lastTimestamp = turn.storeTimestamp;
    return turn.storeTimestamp;
  }
}

/** Written and not on disk: from here on even ASYNC_FLUSH answers only what is on disk. */
const SLOW_DISK_BYTES = 32 << 20;
/** A clock set back by less is waited out, so that times in the log do not decrease; a real correction is followed. */
const SMALL_STEP_BACK_MS = 10_000;
const BATCH_MALFORMED = 'java.nio.BufferUnderflowException: the batch body is not well-formed';
const UNSAFE_TOPIC = refusePut('MESSAGE_ILLEGAL', 'the topic cannot be the name of a directory');

/** Java: MessageExtBrokerInner#isWaitStoreMsgOK: absent means yes, otherwise only `true` in any case. */
function waitsForStore(draft: MessageDraft): boolean {
  const { spans, text } = draft;
  if (draft.noWait) return false;
  return !spans.has(PropertySlot.WAIT) || spans.text(PropertySlot.WAIT, text)?.toLowerCase() === 'true';
}

function refuseTopic(length: number): PutRefusal {
  return refusePut('MESSAGE_ILLEGAL', `the topic has ${length} bytes, at most ${MAX_TOPIC_BYTES} fit a record`);
}

/** Java counts characters first (PROPERTIES_SIZE_EXCEEDED), bytes later (MESSAGE_ILLEGAL). */
function refuseProperties(draft: MessageDraft): PutRefusal {
  const length = draft.textEnd - draft.textStart;
  const characters = draft.text.toString('utf8', draft.textStart, draft.textEnd).length;
  const status = characters > MAX_PROPERTIES_BYTES ? 'PROPERTIES_SIZE_EXCEEDED' : 'MESSAGE_ILLEGAL';
  return refusePut(status, `the properties have ${length} bytes, at most ${MAX_PROPERTIES_BYTES} fit a record`);
}
