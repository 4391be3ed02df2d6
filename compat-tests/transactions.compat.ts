import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { takePorts } from '../testing/ports.ts';
import { isMissing, type Kind, openWorkspace, type Server, startBroker, type Workspace } from './peer/peer.ts';
import { type Fields, RawClient, type RawReply } from './peer/raw-client.ts';
import { decodeRecords, formatProperties, physicalOffsetOf, type RawRecord } from './peer/records.ts';

const HALF = 'RMQ_SYS_TRANS_HALF_TOPIC';
const OP = 'RMQ_SYS_TRANS_OP_HALF_TOPIC';
const TOPIC = 'Orders';
const COMMIT = 8;
const ROLLBACK = 12;

/** A broker that asks for transactions of two seconds every two seconds. */
const settings = {
  autoCreateTopicEnable: 'true',
  transactionTimeOut: '2000',
  transactionCheckInterval: '2000',
  waitTimeMillsInSendQueue: '5000',
  osPageCacheBusyTimeOutMills: '5000',
  mappedFileSizeCommitLog: '4194304',
};

/** One broker that a test can kill and start again, and a client of it. */
class Subject {
  readonly kind: Kind;
  readonly #workspace: Workspace;
  readonly #port: number;
  #broker: Server | undefined;
  #client: RawClient | undefined;

  private constructor(kind: Kind, workspace: Workspace, port: number) {
    this.kind = kind;
    this.#workspace = workspace;
    this.#port = port;
  }

  static async start(kind: Kind): Promise<Subject> {
    const subject = new Subject(kind, openWorkspace(`transactions-${kind}`), (await takePorts()).listenPort);
    await subject.start();
    return subject;
  }

  async start(): Promise<void> {
    this.#broker = await startBroker({ kind: this.kind, workspace: this.#workspace, port: this.#port, settings });
    this.#client = await RawClient.connect(this.#broker.address);
  }

  async kill(): Promise<void> {
    this.#client?.close();
    await this.#broker?.kill();
    // A shell lets Java in again; ours does not need it.
    await pause(500);
  }

  async close(): Promise<void> {
    await this.kill();
    this.#workspace.close();
  }

  ask(code: number, fields: Fields, body?: Buffer): Promise<RawReply> {
    return (this.#client as RawClient).request(code, fields, body);
  }

  async half(key: string): Promise<Place> {
    const properties = { TRAN_MSG: 'true', PGROUP: 'payers', UNIQ_KEY: key, WAIT: 'true', TAGS: 'A', KEYS: key };
    const reply = await this.ask(
      10,
      {
        ...{ producerGroup: 'payers', topic: TOPIC, defaultTopic: 'TBW102', defaultTopicQueueNums: 1, queueId: 0 },
        ...{ sysFlag: 4, bornTimestamp: Date.now(), flag: 0, properties: formatProperties(properties) },
        ...{ reconsumeTimes: 0, unitMode: false, batch: false },
      },
      Buffer.from(key),
    );
    expect([reply.code, reply.remark]).toEqual([0, '']);
    const { msgId = '', queueOffset } = reply.fields;
    return { physicalOffset: physicalOffsetOf(msgId), queueOffset: Number(queueOffset) };
  }

  async end(place: Place, commitOrRollback: number, more: Fields = {}): Promise<[number, string]> {
    const reply = await this.ask(37, {
      ...{ producerGroup: 'payers', tranStateTableOffset: place.queueOffset, commitLogOffset: place.physicalOffset },
      ...{ commitOrRollback, fromTransactionCheck: false, msgId: 'x', ...more },
    });
    return [reply.code, reply.remark];
  }

  /** Every record of queue 0 of a topic. */
  async records(topic: string): Promise<RawRecord[]> {
    const found: RawRecord[] = [];
    for (;;) {
      const reply = await this.ask(11, {
        ...{ consumerGroup: 'readers', topic, queueId: 0, queueOffset: found.length, maxMsgNums: 32, sysFlag: 4 },
        ...{ commitOffset: 0, suspendTimeoutMillis: 0, subscription: '*', subVersion: 1, expressionType: 'TAG' },
      });
      if (reply.code !== 0) return found;
      found.push(...decodeRecords(reply.body));
    }
  }

  async count(key: string): Promise<number> {
    return (await this.records(TOPIC)).filter(({ body }) => body.toString() === key).length;
  }

  /** The newest copy of a half message that has been checked. */
  async checked(key: string): Promise<RawRecord> {
    for (let wait = 0; wait < 150; wait++) {
      const copies = (await this.records(HALF)).filter(({ properties }) => properties['UNIQ_KEY'] === key);
      const newest = copies.at(-1);
      if (newest?.properties['TRANSACTION_CHECK_TIMES'] !== undefined) return newest;
      await pause(200);
    }
    throw new Error(`no check of ${key}`);
  }

  makeTopic(topic: string): Promise<RawReply> {
    return this.ask(17, {
      ...{ topic, defaultTopic: 'TBW102', readQueueNums: 1, writeQueueNums: 1, perm: 6 },
      ...{ topicFilterType: 'SINGLE_TAG', topicSysFlag: 0, order: false },
    });
  }
}

/** Java fills its queues in a thread of its own. */
function dispatched(): Promise<void> {
  return pause(1_000);
}

interface Place {
  readonly physicalOffset: number;
  readonly queueOffset: number;
}

/** What of a record must be equal, whoever wrote it. */
function shape({ topic, queueId, queueOffset, size, flag, sysFlag, reconsumeTimes, properties, body }: RawRecord) {
  const { CLUSTER: _, ...rest } = properties;
  return { topic, queueId, queueOffset, size, flag, sysFlag, reconsumeTimes, rest, body: body.toString() };
}

describe.skipIf(isMissing('java'))('transactions of Java and of ours', () => {
  const subjects = new Map<Kind, Subject>();
  const on = (kind: Kind): Subject => subjects.get(kind) as Subject;
  const kinds = ['java', 'wenchang'] as const;

  beforeAll(async () => {
    for (const kind of kinds) subjects.set(kind, await Subject.start(kind));
  });

  afterAll(async () => {
    for (const subject of subjects.values()) await subject.close();
  });

  /** The same of both, one after the other. */
  async function ofBoth<T>(act: (subject: Subject) => Promise<T>): Promise<readonly [T, T]> {
    return [await act(on('java')), await act(on('wenchang'))];
  }

  it('answer every end alike, and write the same records', async () => {
    const [java, ours] = await ofBoth(async (subject) => {
      const half = await subject.half('plain');
      const answers = [
        await subject.end(half, COMMIT, { producerGroup: 'others' }),
        await subject.end(half, COMMIT, { tranStateTableOffset: 77 }),
        await subject.end({ ...half, physicalOffset: 1e9 }, COMMIT),
        await subject.end(half, COMMIT),
        await subject.end(await subject.half('back'), ROLLBACK),
      ];
      await subject.makeTopic(OP);
      await dispatched();
      const view = await subject.ask(33, { offset: half.physicalOffset });
      const [committed] = await subject.records(TOPIC);
      expect(committed?.preparedTransactionOffset).toBe(half.physicalOffset);
      const records = [...decodeRecords(view.body), ...(await subject.records(TOPIC)), ...(await subject.records(OP))];
      return { answers, records: records.map(shape) };
    });
    expect(ours).toEqual(java);
    expect(ours.records.map(({ topic }) => topic)).toEqual([HALF, TOPIC, OP, OP]);
  });

  it('deliver a commit after a rollback, and a second commit twice: both as COMPATIBILITY.md says', async () => {
    const [java, ours] = await ofBoth(async (subject) => {
      const half = await subject.half('turned');
      const answers = [];
      for (const outcome of [ROLLBACK, COMMIT, COMMIT]) answers.push(await subject.end(half, outcome));
      await dispatched();
      return { answers, times: await subject.count('turned') };
    });
    console.log(`rollback, then two commits: Java ${JSON.stringify(java)}, ours ${JSON.stringify(ours)}`);
    expect(ours).toEqual(java);
    expect(ours.times).toBe(2);
  });

  it('let a half message be checked again (323)', async () => {
    const [java, ours] = await ofBoth(async (subject) => {
      const half = await subject.half('resumed');
      const found = await subject.ask(33, { offset: half.physicalOffset });
      const msgId = decodeRecords(found.body)[0]?.offsetMsgId ?? '';
      const replies = [await subject.ask(323, { msgId }), await subject.ask(323, { msgId: 'x' })];
      await subject.end(half, ROLLBACK);
      return replies.map(({ code, remark }) => [code, remark]);
    });
    expect(ours).toEqual(java);
  });

  it.each(kinds)('%s: kill -9 between the half message, its check and its commit loses nothing', async (kind) => {
    const subject = on(kind);
    const committedBefore = await subject.half('before');
    await subject.end(committedBefore, COMMIT);
    const rolledBack = await subject.half('never');
    await subject.end(rolledBack, ROLLBACK);
    await subject.half('open');
    await subject.kill();
    await subject.start();
    const copy = await subject.checked('open');
    expect(await subject.count('open')).toBe(0);
    await subject.kill();
    await subject.start();
    expect(await subject.end(copy, COMMIT, { fromTransactionCheck: true })).toEqual([0, '']);
    await subject.kill();
    await subject.start();
    await dispatched();
    expect([await subject.count('before'), await subject.count('open'), await subject.count('never')]).toEqual([
      1, 1, 0,
    ]);
    const copies = (await subject.records(HALF)).filter(({ properties }) => properties['UNIQ_KEY'] === 'open').length;
    await pause(6_000);
    const later = (await subject.records(HALF)).filter(({ properties }) => properties['UNIQ_KEY'] === 'open').length;
    if (kind === 'wenchang') expect(later).toBe(copies);
    expect((await subject.records(HALF)).filter(({ properties }) => properties['UNIQ_KEY'] === 'never')).toHaveLength(
      1,
    );
  });
});
