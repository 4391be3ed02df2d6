import { javaStringHash } from '../util/java-hash.ts';
import type { ConsumeQueue } from './consume-queue.ts';
import type { ConsumeQueueTable } from './consume-queue-table.ts';

/** One queue of one topic as the append and the dispatch see it. */
export class QueueState {
  readonly topic: string;
  readonly queueId: number;
  readonly consumeQueue: ConsumeQueue;
  /** Hash of `topic#`: the index hashes a key as its continuation. */
  readonly indexSeed: number;
  /** Logical offset of the next message staged. Java: CommitLog#topicQueueTable. */
  nextOffset: number;

  constructor(consumeQueue: ConsumeQueue) {
    this.topic = consumeQueue.topic;
    this.queueId = consumeQueue.queueId;
    this.consumeQueue = consumeQueue;
    this.indexSeed = javaStringHash(`${consumeQueue.topic}#`);
    this.nextOffset = consumeQueue.maxOffset;
  }
}

/**
 * The counters of the queues that were appended to. The append makes a queue with its first message.
 * Java: CommitLog#topicQueueTable, DefaultMessageStore#findConsumeQueue.
 */
export class QueueTable {
  readonly #consumeQueues: ConsumeQueueTable;
  readonly #topics = new Map<string, Queues>();
  #lastTopic = '';
  #lastQueues: Queues | undefined;
  /** UTF-8 bytes of #lastTopic, for records read from disk. */
  #lastBytes: Buffer = EMPTY;

  constructor(consumeQueues: ConsumeQueueTable) {
    this.#consumeQueues = consumeQueues;
  }

  /** The queue, made when it does not exist; undefined when the topic's name would lead out of the store. */
  ensure(topic: string, queueId: number): QueueState | undefined {
    const queues = topic === this.#lastTopic && this.#lastQueues !== undefined ? this.#lastQueues : this.#queues(topic);
    return queues.find(queueId) ?? this.#make(topic, queueId, queues);
  }

  /** As {@link ensure} with the topic as UTF-8 bytes[start, end): neighbours in the log are mostly of one topic. */
  ensureByBytes(bytes: Buffer, start: number, end: number, queueId: number): QueueState | undefined {
    const last = this.#lastBytes;
    if (last.length === 0 || last.compare(bytes, start, end) !== 0) {
      this.#queues(bytes.toString('utf8', start, end));
      this.#lastBytes = Buffer.from(bytes.subarray(start, end));
    }
    return this.ensure(this.#lastTopic, queueId);
  }

  /** The consume queues have changed behind our back: counters start again from them. Java: #recoverTopicQueueTable. */
  recoverCounters(): void {
    for (const queues of this.#topics.values()) {
      for (const queue of queues.all()) queue.nextOffset = queue.consumeQueue.maxOffset;
    }
  }

  /**
   * Forgets a queue that is removed: its counter starts again. Nothing of it may be staged.
   * Java: CommitLog#removeQueueFromTopicQueueTable.
   */
  forget(topic: string, queueId: number): void {
    const queues = this.#topics.get(topic);
    if (queues === undefined) return;
    queues.remove(queueId);
    if (!queues.isEmpty) return;
    this.#topics.delete(topic);
    this.#lastTopic = '';
    this.#lastQueues = undefined;
    this.#lastBytes = EMPTY;
  }

  #make(topic: string, queueId: number, queues: Queues): QueueState | undefined {
    if (!isSafeAsPath(topic)) return undefined;
    const queue = new QueueState(this.#consumeQueues.findOrCreate(topic, queueId));
    queues.add(queueId, queue);
    return queue;
  }

  #queues(topic: string): Queues {
    let queues = this.#topics.get(topic);
    if (queues === undefined) {
      queues = new Queues();
      this.#topics.set(topic, queues);
    }
    this.#lastTopic = topic;
    this.#lastQueues = queues;
    this.#lastBytes = EMPTY;
    return queues;
  }
}

/** Queue ids below this are looked up in an array; topics seldom have more, and damaged records may name any. */
const DENSE_IDS = 4096;

/** The queues of one topic by id. */
class Queues {
  readonly #dense: (QueueState | undefined)[] = [];
  readonly #others = new Map<number, QueueState>();

  find(queueId: number): QueueState | undefined {
    return queueId < this.#dense.length && queueId >= 0 ? this.#dense[queueId] : this.#others.get(queueId);
  }

  add(queueId: number, queue: QueueState): void {
    if (queueId < 0 || queueId >= DENSE_IDS) {
      this.#others.set(queueId, queue);
      return;
    }
    while (this.#dense.length <= queueId) this.#dense.push(undefined);
    this.#dense[queueId] = queue;
  }

  remove(queueId: number): void {
    if (queueId >= 0 && queueId < this.#dense.length) this.#dense[queueId] = undefined;
    this.#others.delete(queueId);
  }

  get isEmpty(): boolean {
    return this.#others.size === 0 && this.#dense.every((queue) => queue === undefined);
  }

  *all(): Iterable<QueueState> {
    for (const queue of this.#dense) if (queue !== undefined) yield queue;
    yield* this.#others.values();
  }
}

/** Who may name topics checks much more; this is the last line, also for records that a disk has damaged. */
function isSafeAsPath(topic: string): boolean {
  return topic !== '' && topic !== '.' && topic !== '..' && !topic.includes('/') && !topic.includes('\0');
}

const EMPTY: Buffer = Buffer.alloc(0);
