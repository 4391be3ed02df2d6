import { ConsumerOffsetManager } from '../../src/broker/consumer-offset-manager.ts';
import { ProducerManager } from '../../src/broker/producer-manager.ts';
import { TopicConfigManager } from '../../src/broker/topic-config-manager.ts';
import { toHalfMessage } from '../../src/broker/transaction/half-message.ts';
import type { TransactionStore } from '../../src/broker/transaction/queue-reader.ts';
import { TransactionalMessageService } from '../../src/broker/transaction/transactional-message-service.ts';
import { decodeRecord, type MessageExt } from '../../src/codec/message.ts';
import { encodeHost } from '../../src/codec/message-id.ts';
import { GIVEN_UP_TOPIC, HALF_TOPIC, OP_TOPIC } from '../../src/codec/system-topics.ts';
import type { Connection } from '../../src/remoting/connection.ts';
import type { MessageStore } from '../../src/store/message-store.ts';
import type { PutTicket } from '../../src/store/results.ts';
import { silentLogger } from '../../src/util/logger.ts';
import { StateFile } from '../../src/util/state-file.ts';
import { testConfigs } from '../broker-fixture.ts';
import { FakeClock } from '../fake-clock.ts';
import type { MemFs } from '../mem-fs.ts';
import { draftOf, openTestStore, splitRecords } from '../store-fixture.ts';
import { settle } from '../test-client.ts';

/** Topic of all transactions of the model. */
export const TOPIC = 'T';
export const GROUP = 'producers';
/** Times in milliseconds. */
export const TIME_OUT_MS = 2_000;
export const INTERVAL_MS = 3_000;

/** Where a half message or a copy of it stands, as a producer knows it. */
export interface HalfPlace {
  readonly queueOffset: number;
  readonly phyOffset: number;
}

export interface WorldOptions {
  readonly fs: MemFs;
  readonly nowMs: number;
  readonly checkMax: number;
  readonly flushDiskType: 'ASYNC_FLUSH' | 'SYNC_FLUSH';
  readonly see: (store: MessageStore) => TransactionStore;
  /** A producer is asked for the transaction with this unique key. */
  readonly onCheck: (uniqueKey: string, place: HalfPlace) => void;
}

/** One life of a broker, as far as transactions need it: the real parts on a disk in memory and a clock by hand. */
export class World {
  readonly clock: FakeClock;
  readonly store: MessageStore;
  readonly service: TransactionalMessageService;
  readonly #offsets: ConsumerOffsetManager;

  constructor({ fs, nowMs, checkMax, flushDiskType, see, onCheck }: WorldOptions) {
    const clock = new FakeClock(nowMs);
    const log = silentLogger;
    const configs = testConfigs();
    Object.assign(configs.brokerConfig, {
      transactionTimeOut: TIME_OUT_MS,
      transactionCheckInterval: INTERVAL_MS,
      transactionCheckMax: checkMax,
    });
    const changes = { flushDiskType, mappedFileSizeCommitLog: 65_536, mappedFileSizeConsumeQueue: 1000 };
    const { store } = openTestStore(fs, '/store', { clock, changes });
    const file = (name: string): StateFile => new StateFile({ fs, log, path: `/store/config/${name}` });
    const topics = new TopicConfigManager({ config: configs.brokerConfig, clock, file: file('topics.json') });
    const offsets = new ConsumerOffsetManager({ file: file('consumerOffset.json'), log });
    topics.load();
    offsets.load();
    const producers = new ProducerManager({ clock, log });
    producers.register(GROUP, {
      ...{ connection: producer(onCheck), clientId: 'c', language: 'JAVA', version: 0, lastUpdateMs: nowMs },
    });
    this.clock = clock;
    this.store = store;
    this.#offsets = offsets;
    const storeHost = encodeHost('127.0.0.1', 10_911) as Buffer;
    this.service = new TransactionalMessageService({
      ...{ store: see(store), configs, topics, offsets, producers, clock, log, storeHost },
      statsManager: { getInside: () => {} },
    });
    this.service.start();
  }

  prepare(uniqueKey: string, more: Readonly<Record<string, string>>): PutTicket {
    const properties = { TRAN_MSG: 'true', PGROUP: GROUP, UNIQ_KEY: uniqueKey, ...more };
    const draft = draftOf({ topic: TOPIC, body: uniqueKey, properties });
    draft.bornTimestamp = this.clock.now();
    draft.resolveProperties();
    toHalfMessage(draft);
    const result = this.store.putMessage(draft);
    if (!result.accepted) throw new Error(`${result.status}: ${result.remark}`);
    return result;
  }

  settle(rounds?: number): Promise<void> {
    return settle(this.clock, rounds);
  }

  /** Everything goes to disk, and the offsets are saved, as at the end of a broker. */
  async stop(): Promise<void> {
    const ended = this.service.stop();
    const stopped = this.store.shutdown();
    for (let done = false; !done; ) {
      void Promise.all([ended, stopped]).then(() => {
        done = true;
      });
      this.clock.advance(100);
      await this.settle(1);
    }
    this.service.commitOffsets();
    this.#offsets.persistNow();
  }

  /** All there is, by topic. */
  async records(): Promise<Readonly<Record<'halves' | 'ops' | 'committed' | 'givenUp', readonly MessageExt[]>>> {
    return {
      halves: await this.#all(HALF_TOPIC),
      ops: await this.#all(OP_TOPIC),
      committed: await this.#all(TOPIC),
      givenUp: await this.#all(GIVEN_UP_TOPIC),
    };
  }

  async #all(topic: string): Promise<MessageExt[]> {
    const found: MessageExt[] = [];
    for (let offset = 0; ; ) {
      const result = await this.store.getMessage({ topic, queueId: 0, offset, maxMsgNums: 32 });
      if (result?.status !== 'FOUND') return found;
      for (const record of splitRecords(result.body)) found.push(decodeRecord(record, 0) as MessageExt);
      offset = result.nextBeginOffset;
    }
  }
}

/** A connected producer that only notes what it is asked. */
function producer(onCheck: WorldOptions['onCheck']): Connection {
  const connection = {
    isOpen: true,
    isWritable: true,
    oneway(_: string, header: { msgId: string; tranStateTableOffset: number; commitLogOffset: number }): boolean {
      onCheck(header.msgId, { queueOffset: header.tranStateTableOffset, phyOffset: header.commitLogOffset });
      return true;
    },
  };
  return connection as unknown as Connection;
}
