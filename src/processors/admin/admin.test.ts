import { describe, expect, it } from 'vitest';
import { BrokerFixture, topicOf, topicsFile } from '../../../testing/broker-fixture.ts';
import { FaultFs } from '../../../testing/fault-fs.ts';
import { heartbeat, lockBody, sendFields, subscription, topicFields } from '../../../testing/requests.ts';
import type { TestClient } from '../../../testing/test-client.ts';

async function setUp(options: ConstructorParameters<typeof BrokerFixture>[0] = {}) {
  const broker = await BrokerFixture.start({ files: { 'topics.json': topicsFile(topicOf('T')) }, ...options });
  return { broker, client: await broker.client() };
}

const DONE = { code: 0, remark: undefined, ext: undefined, body: Buffer.alloc(0) };

describe('a topic made by an administrator (17)', () => {
  it('is stored, without the order flag of the request, and answered without extFields', async () => {
    const { broker, client } = await setUp();
    const fields = { readQueueNums: 2, writeQueueNums: 3, perm: 4, topicFilterType: 'MULTI_TAG' };
    const reply = await client.ask(17, topicFields({ topic: 'New', ...fields, topicSysFlag: 3, order: true }));
    expect(reply).toEqual(DONE);
    expect(broker.state('topics.json')).toMatchObject({
      dataVersion: { counter: 2, timestamp: broker.clock.now() },
      topicConfigTable: { New: topicOf('New', { ...fields, topicSysFlag: 3 }) },
    });
  });

  it('takes the place of one that is there, topicSysFlag absent being 0', async () => {
    const { broker, client } = await setUp();
    await client.ask(17, topicFields({ perm: 2, topicSysFlag: undefined }));
    expect(broker.state('topics.json')).toMatchObject({ topicConfigTable: { T: topicOf('T', { perm: 2 }) } });
  });

  it.each([
    [
      'named as the cluster',
      { topic: 'DefaultCluster' },
      'the topic[DefaultCluster] is conflict with system reserved words.',
    ],
    ['of no filter type', { topicFilterType: 'X' }, 'topicFilterType = [X] value invalid'],
    ['without queues to read', { readQueueNums: 0 }, 'a topic has 1 to 65536 queues, not 0'],
    ['with fewer queues than none', { writeQueueNums: -1 }, 'a topic has 1 to 65536 queues, not -1'],
    ['with more queues than any', { writeQueueNums: 65_537 }, 'a topic has 1 to 65536 queues, not 65537'],
    [
      'of no allowed name',
      { topic: 'a b' },
      'The specified topic[a b] contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$',
    ],
    ['of a name too long', { topic: 'a'.repeat(128) }, 'The specified topic is longer than topic max length 127.'],
    ['of a blank name', { topic: ' ' }, 'The specified topic is blank'],
    ['without perm', { perm: undefined }, 'field perm missing'],
    ['without order', { order: undefined }, 'field order missing'],
    ['with a number that is none', { perm: 'six' }, 'field perm not a number'],
  ])('%s is refused', async (_, fields, remark) => {
    const { broker, client } = await setUp();
    expect(await client.ask(17, topicFields(fields))).toEqual({ ...DONE, code: 1, remark });
    expect(broker.state('topics.json')).toEqual(topicsFile(topicOf('T')));
  });

  it('with a name that a Java store holds can be changed; one that is no safe path cannot', async () => {
    const files = { 'topics.json': topicsFile(topicOf('my.topic'), topicOf('../up')) };
    const { broker, client } = await setUp({ files });
    expect((await client.ask(17, topicFields({ topic: 'my.topic', perm: 4 }))).code).toBe(0);
    expect((await client.ask(17, topicFields({ topic: '../up', perm: 4 }))).code).toBe(1);
    expect(broker.state('topics.json')).toMatchObject({
      topicConfigTable: { 'my.topic': { perm: 4 }, '../up': { perm: 6 } },
    });
    expect((await client.ask(10, sendFields({ topic: '../up' }))).remark).toContain('contains illegal characters');
    expect((await client.ask(10, sendFields({ topic: 'my.topic' }))).code).toBe(0);
    await broker.stop();
    expect(broker.fs.files().filter((path) => /consumequeue\//.test(path))).toEqual([
      expect.stringContaining('/consumequeue/my.topic/0/'),
    ]);
  });

  it('is refused with the cause when its file cannot be written, and afterwards is as before', async () => {
    const faults: FaultFs[] = [];
    const wrapFs = (fs: ConstructorParameters<typeof FaultFs>[0]): FaultFs => {
      faults.push(new FaultFs(fs));
      return faults.at(-1) as FaultFs;
    };
    const { client } = await setUp({ wrapFs, files: { 'topics.json': topicsFile(topicOf('T')) } });
    faults[0]?.fail({ operation: 'fdatasync', path: /topics\.json\.tmp$/, code: 'EDQUOT' });
    const before = (await client.ask(21)).body.toString();
    const remark = 'topics.json could not be written (EDQUOT), nothing was changed';
    expect(await client.ask(17, topicFields({ perm: 4 }))).toEqual({ ...DONE, code: 1, remark });
    expect((await client.ask(21)).body.toString()).toBe(before);
  });
});

describe('all topics (21)', () => {
  it('are the built-in ones and those of the file, with empty extFields', async () => {
    const { client } = await setUp();
    const { code, ext, body } = await client.ask(21);
    const { dataVersion, topicConfigTable } = JSON.parse(body.toString());
    expect([code, ext, dataVersion]).toEqual([0, {}, { counter: 1, timestamp: 1 }]);
    expect(Object.keys(topicConfigTable).sort()).toEqual([
      'BenchmarkTest',
      'DefaultCluster',
      'DefaultCluster_REPLY_TOPIC',
      'OFFSET_MOVED_EVENT',
      'SELF_TEST_TOPIC',
      'T',
      'TBW102',
      'broker-a',
    ]);
    const queues = (name: string) => [topicConfigTable[name].readQueueNums, topicConfigTable[name].perm];
    expect(['TBW102', 'BenchmarkTest', 'DefaultCluster', 'broker-a', 'SELF_TEST_TOPIC'].map(queues)).toEqual([
      [8, 7],
      [1024, 6],
      [16, 7],
      [1, 7],
      [1, 6],
    ]);
  });
});

describe('the settings in force (26)', () => {
  it('are properties text, with a version', async () => {
    const { broker, client } = await setUp();
    broker.configs.brokerConfig.brokerPermission = 4;
    const { code, ext, body } = await client.ask(26);
    const lines = body.toString().split('\n');
    expect([code, JSON.parse(ext?.['version'] ?? '')]).toEqual([0, { counter: 0, timestamp: broker.clock.now() }]);
    for (const line of ['brokerPermission=4', 'brokerName=broker-a', 'listenPort=10911', 'useTLS=false']) {
      expect(lines).toContain(line);
    }
    expect(lines).toContain('mappedFileSizeCommitLog=262144');
  });
});

describe('the figures (28)', () => {
  it('are answered from the start, all of 4.6.0, as texts', async () => {
    const { client } = await setUp();
    const { code, ext, body } = await client.ask(28);
    const { table } = JSON.parse(body.toString()) as { table: Record<string, string> };
    expect([code, ext]).toEqual([0, undefined]);
    expect(Object.values(table).every((value) => typeof value === 'string')).toBe(true);
    expect(Object.keys(table).filter((key) => !FIGURES.includes(key))).toEqual([]);
    expect(FIGURES.filter((key) => !(key in table))).toEqual([]);
    expect(table).toMatchObject({
      brokerVersionDesc: 'V4_6_0',
      brokerVersion: '333',
      earliestMessageTimeStamp: '-1',
      remainHowManyDataToFlush: '0 B',
      commitLogDirCapacity: 'Total : 1.0 TiB, Free : 512.0 GiB.',
    });
  });

  it('count from midnight to midnight', async () => {
    const { broker, client } = await setUp();
    const figure = async (name: string): Promise<string | undefined> =>
      (JSON.parse((await client.ask(28)).body.toString()) as { table: Record<string, string> }).table[name];
    await client.ask(10, sendFields());
    expect(await figure('msgPutTotalTodayMorning')).toBe('0');
    const midnight = new Date(broker.clock.now()).setHours(24, 0, 0, 0);
    broker.clock.advance(midnight - broker.clock.now());
    const late = await broker.client();
    const { table } = JSON.parse((await late.ask(28)).body.toString()) as { table: Record<string, string> };
    expect([
      table['msgPutTotalYesterdayMorning'],
      table['msgPutTotalTodayMorning'],
      table['msgPutTotalTodayNow'],
    ]).toEqual(['0', '1', '1']);
  });
});

const FIGURES = (
  'bootTimestamp runtime putMessageEntireTimeMax putMessageTimesTotal putMessageSizeTotal putMessageDistributeTime ' +
  'putMessageAverageSize dispatchMaxBuffer getMessageEntireTimeMax putTps getFoundTps getMissTps getTotalTps ' +
  'getTransferedTps commitLogDiskRatio consumeQueueDiskRatio commitLogMinOffset commitLogMaxOffset brokerVersionDesc ' +
  'brokerVersion msgPutTotalYesterdayMorning msgPutTotalTodayMorning msgPutTotalTodayNow msgGetTotalYesterdayMorning ' +
  'msgGetTotalTodayMorning msgGetTotalTodayNow sendThreadPoolQueueSize sendThreadPoolQueueCapacity ' +
  'pullThreadPoolQueueSize pullThreadPoolQueueCapacity queryThreadPoolQueueSize queryThreadPoolQueueCapacity ' +
  'EndTransactionQueueSize EndTransactionThreadPoolQueueCapacity dispatchBehindBytes pageCacheLockTimeMills ' +
  'sendThreadPoolQueueHeadWaitTimeMills pullThreadPoolQueueHeadWaitTimeMills queryThreadPoolQueueHeadWaitTimeMills ' +
  'earliestMessageTimeStamp startAcceptSendRequestTimeStamp remainTransientStoreBufferNumbs remainHowManyDataToFlush ' +
  'commitLogDirCapacity'
).split(' ');

describe('positions in a queue (29–32)', () => {
  async function filled() {
    const { broker, client } = await setUp();
    const began = broker.clock.now();
    for (let n = 0; n < 3; n++) {
      await client.ask(10, sendFields());
      await broker.advance(1000);
    }
    return { broker, client, began };
  }

  it.each([
    ['the first', 0, '0'],
    ['between two', 1400, '1'],
    ['exactly one', 2000, '2'],
    ['behind the last', 60_000, '2'],
  ])('29: by time, %s', async (_, afterMs, offset) => {
    const { client, began } = await filled();
    const reply = await client.ask(29, { topic: 'T', queueId: 0, timestamp: began + afterMs });
    expect(reply).toEqual({ ...DONE, ext: { offset } });
  });

  it('30, 31, 32: of a queue, and of one that is not there', async () => {
    const { client, began } = await filled();
    const ask = async (code: number, topic: string) => (await client.ask(code, { topic, queueId: 0 })).ext;
    expect([await ask(30, 'T'), await ask(31, 'T'), await ask(32, 'T')]).toEqual([
      { offset: '3' },
      { offset: '0' },
      { timestamp: String(began) },
    ]);
    expect([await ask(30, 'U'), await ask(31, 'U'), await ask(32, 'U')]).toEqual([
      { offset: '0' },
      { offset: '0' },
      { timestamp: '-1' },
    ]);
    expect((await client.ask(29, { topic: 'U', queueId: 0, timestamp: 1 })).ext).toEqual({ offset: '0' });
  });
});

describe('locks of queues (41, 42)', () => {
  const lock = async (client: TestClient, ...args: Parameters<typeof lockBody>): Promise<number[]> => {
    const { code, ext, body } = await client.ask(41, {}, { body: lockBody(...args) });
    expect([code, ext]).toEqual([0, undefined]);
    const { lockOKMQSet } = JSON.parse(body.toString()) as { lockOKMQSet: { queueId: number }[] };
    return lockOKMQSet.map(({ queueId }) => queueId);
  };

  it('are granted to the first, renewed for it, refused to others, and given back by the holder alone', async () => {
    const { client } = await setUp();
    expect(await lock(client, 'g', 'c1', 0, 1)).toEqual([0, 1]);
    expect(await lock(client, 'g', 'c2', 0, 1, 2)).toEqual([2]);
    expect(await lock(client, 'other', 'c2', 0)).toEqual([0]);
    expect(await client.ask(42, {}, { body: lockBody('g', 'c2', 0) })).toEqual(DONE);
    expect(await lock(client, 'g', 'c2', 0)).toEqual([]);
    expect(await client.ask(42, {}, { body: lockBody('g', 'c1', 0) })).toEqual(DONE);
    expect(await lock(client, 'g', 'c2', 0, 1)).toEqual([0]);
  });

  it('end after 60 s without renewal', async () => {
    const { broker, client } = await setUp();
    await lock(client, 'g', 'c1', 0);
    await broker.advance(40_000);
    await lock(client, 'g', 'c1', 0);
    await broker.advance(60_000);
    expect(await lock(client, 'g', 'c2', 0)).toEqual([]);
    await broker.advance(1);
    expect(await lock(client, 'g', 'c2', 0)).toEqual([0]);
  });

  it.each([
    ['a group of no allowed name', lockBody('a b', 'c', 0), 'the specified group[a b] contains illegal characters'],
    ['no group', lockBody('', 'c', 0), 'the specified group is blank'],
    [
      'a topic of no allowed name',
      lockBody('g', 'c', 0).replace('"T"', '"../T"'),
      'The specified topic[../T] contains',
    ],
    ['no JSON', '{', ''],
  ])('41 with %s is refused', async (_, body, remark) => {
    const { client } = await setUp();
    const reply = await client.ask(41, {}, { body });
    expect([reply.code, reply.remark?.slice(0, remark.length)]).toEqual([1, remark]);
  });

  it('42 of whatever name is answered 0, of no JSON with what is wrong', async () => {
    const { client } = await setUp();
    expect(await client.ask(42, {}, { body: lockBody('../x', 'c', 0) })).toEqual(DONE);
    expect((await client.ask(42, {}, { body: '{' })).code).toBe(1);
  });
});

describe('the clients of a group (203)', () => {
  it('are listed with what they registered', async () => {
    const { client } = await setUp();
    const body = heartbeat('c1', [{ group: 'g', subscriptions: [subscription('T', { subString: 'A' })] }]);
    await client.ask(34, {}, { body, language: 'GO', version: 317 });
    const reply = await client.ask(203, { consumerGroup: 'g' });
    expect([reply.code, reply.ext]).toEqual([0, undefined]);
    expect(JSON.parse(reply.body.toString())).toMatchObject({
      connectionSet: [{ clientAddr: client.address, clientId: 'c1', language: 'GO', version: 317 }],
      consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
      consumeType: 'CONSUME_PASSIVELY',
      messageModel: 'CLUSTERING',
      subscriptionTable: { T: { topic: 'T', subString: 'A', subVersion: 1 } },
    });
  });

  it('are an error when nobody is online', async () => {
    const { client } = await setUp();
    const reply = await client.ask(203, { consumerGroup: 'g' });
    expect(reply).toEqual({ ...DONE, code: 206, remark: 'the consumer group[g] not online' });
  });
});

describe('how far a group is (208)', () => {
  interface Row {
    readonly brokerOffset: number;
    readonly consumerOffset: number;
    readonly lastTimestamp: number;
  }

  /** `topic queue`: broker offset, consumer offset, last time. */
  async function stats(client: TestClient, consumerGroup: string, topic?: string): Promise<Record<string, Row>> {
    const { code, body } = await client.ask(208, { consumerGroup, topic });
    expect(code).toBe(0);
    const text = body.toString();
    const rows = [...text.matchAll(/(\{"brokerName":[^}]*\}):(\{[^}]*\})/g)].map(([, queue = '', row = '']) => {
      const { topic: name, queueId } = JSON.parse(queue) as { topic: string; queueId: number };
      return [`${name} ${queueId}`, JSON.parse(row) as Row] as const;
    });
    return Object.fromEntries(rows);
  }

  it('is told for each readable queue of the topics it has offsets for', async () => {
    const { broker, client } = await setUp({
      files: { 'topics.json': topicsFile(topicOf('T', { readQueueNums: 2 }), topicOf('U')) },
    });
    const began = broker.clock.now();
    for (let n = 0; n < 3; n++) await client.ask(10, sendFields());
    await client.ask(15, { consumerGroup: 'g', topic: 'T', queueId: 0, commitOffset: 2 });
    const row = (brokerOffset: number, consumerOffset: number, lastTimestamp: number) => ({
      brokerOffset,
      consumerOffset,
      lastTimestamp,
    });
    expect(await stats(client, 'g')).toEqual({ 'T 0': row(3, 2, began), 'T 1': row(0, 0, 0) });
    expect(Object.keys(await stats(client, 'g', 'U'))).toEqual(['U 0', 'U 1', 'U 2', 'U 3']);
    expect(await stats(client, 'nobody')).toEqual({});
    expect(await stats(client, 'g', 'Unknown')).toEqual({});
  });

  it('leaves out topics that the connected consumers do not read', async () => {
    const { client } = await setUp();
    await client.ask(15, { consumerGroup: 'g', topic: 'T', queueId: 0, commitOffset: 2 });
    await client.ask(34, {}, { body: heartbeat('c', [{ group: 'g', subscriptions: [subscription('U')] }]) });
    expect(await stats(client, 'g')).toEqual({});
  });
});
