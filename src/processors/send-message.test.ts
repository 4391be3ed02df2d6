import { describe, expect, it } from 'vitest';
import { BrokerFixture, groupsFile, topicOf, topicsFile } from '../../testing/broker-fixture.ts';
import { FaultFs } from '../../testing/fault-fs.ts';
import { pullFields, sendFields, sendFieldsV2, topicFields } from '../../testing/requests.ts';
import { bodyOf, propertiesOf, splitRecords } from '../../testing/store-fixture.ts';
import type { TestClient, TestReply } from '../../testing/test-client.ts';
import { decodeRecord } from '../codec/message.ts';
import { encodeBatch } from '../codec/message-batch.ts';

const FAQ = '\nSee http://rocketmq.apache.org/docs/faq/ for further details.';
const TRACE = { MSG_REGION: 'DefaultRegion', TRACE_ON: 'true' };

/** A broker with topic T of four queues, and a client. */
async function setUp(options: ConstructorParameters<typeof BrokerFixture>[0] = {}) {
  const broker = await BrokerFixture.start({ ...options, files: { 'topics.json': FOUR_QUEUES, ...options.files } });
  return { broker, client: await broker.client() };
}

const FOUR_QUEUES = topicsFile(topicOf('T'));

/** Every record of a queue, pulled. */
async function records(client: TestClient, topic = 'T', queueId = 0): Promise<Buffer[]> {
  const { code, remark, body } = await client.ask(11, pullFields({ topic, queueId }));
  if (code !== 0) throw new Error(`${code} ${remark}`);
  return splitRecords(body);
}

function refused(code: number, remark: string | RegExp): unknown {
  return { code, remark: typeof remark === 'string' ? remark : expect.stringMatching(remark), ext: TRACE };
}

function withoutBody({ code, remark, ext }: TestReply): unknown {
  return { code, remark, ext };
}

describe('a send, checks in their order', () => {
  it('is refused before the time that was set, to the millisecond', async () => {
    const { broker, client } = await setUp();
    const until = new Date(2027, 5, 7, 8, 9, 10, 11).getTime();
    broker.configs.brokerConfig.startAcceptSendRequestTimeStamp = until;
    const reply = await client.ask(10, sendFields({ topic: 'TBW102' }));
    expect(withoutBody(reply)).toEqual(refused(1, 'broker unable to service, until 2027-06-07 08:09:10,011'));
    broker.clock.setWallClock(until);
    expect((await client.ask(10, sendFields())).code).toBe(0);
  });

  it('to an ordered topic is refused while the broker is not writable, to an ordinary one it is not', async () => {
    const files = { 'topics.json': topicsFile(topicOf('T'), topicOf('Ordered', { order: true })) };
    const { broker, client } = await setUp({ files });
    broker.configs.brokerConfig.brokerPermission = 4;
    const reply = await client.ask(10, sendFields({ topic: 'Ordered' }));
    expect(withoutBody(reply)).toEqual(refused(16, 'the broker[127.0.0.1] sending message is forbidden'));
    expect((await client.ask(10, sendFields())).code).toBe(0);
    expect((await client.ask(10, sendFields({ topic: 'New' }))).code).toBe(0);
  });

  it.each([true, false])('to TBW102 is refused, whether it exists (%s) or not', async (autoCreateTopicEnable) => {
    const { client } = await setUp({
      settings: ({ brokerConfig }) => Object.assign(brokerConfig, { autoCreateTopicEnable }),
    });
    const reply = await client.ask(310, sendFieldsV2({ topic: 'TBW102' }));
    expect(withoutBody(reply)).toEqual(refused(1, 'the topic[TBW102] is conflict with system reserved words.'));
  });

  it('to an unknown topic without a template is refused', async () => {
    const { client } = await setUp();
    const reply = await client.ask(10, sendFields({ topic: 'X', defaultTopic: 'Missing' }));
    expect(withoutBody(reply)).toEqual(refused(17, `topic[X] not exist, apply first please!${FAQ}`));
  });

  it('to a queue beyond both numbers of queues is refused, to one beyond the readable only it is not', async () => {
    const { client } = await setUp();
    expect((await client.ask(17, topicFields({ topic: 'R2W3', readQueueNums: 2, writeQueueNums: 3 }))).code).toBe(0);
    const reply = await client.ask(10, sendFields({ topic: 'R2W3', queueId: 3 }));
    expect(withoutBody(reply)).toEqual(
      refused(
        1,
        'request queueId[3] is illegal, TopicConfig [topicName=R2W3, readQueueNums=2, writeQueueNums=3, perm=RW-, ' +
          `topicFilterType=SINGLE_TAG, topicSysFlag=0, order=false] Producer: ${client.address}`,
      ),
    );
    expect((await client.ask(10, sendFields({ topic: 'R2W3', queueId: 2 }))).code).toBe(0);
    const pulled = await client.ask(11, pullFields({ topic: 'R2W3', queueId: 2 }));
    expect([pulled.code, pulled.remark?.startsWith('queueId[2] is illegal')]).toEqual([1, true]);
  });

  it('to a negative queue goes to any of the writable ones', async () => {
    const { client } = await setUp();
    const queues = new Set<string | undefined>();
    for (let n = 0; n < 60; n++) {
      const { code, ext } = await client.ask(10, sendFields({ queueId: -1 }));
      expect(code).toBe(0);
      queues.add(ext?.['queueId']);
    }
    expect([...queues].sort()).toEqual(['0', '1', '2', '3']);
  });

  it('to a negative queue of a topic that has none to write is refused', async () => {
    const files = { 'topics.json': topicsFile(topicOf('T', { writeQueueNums: 0 })) };
    const { client } = await setUp({ files });
    expect(withoutBody(await client.ask(10, sendFields({ queueId: -1 })))).toEqual(refused(1, /has no queue$/));
  });

  it('does not ask for the write permission of the topic, a producer group or a heartbeat', async () => {
    const { client } = await setUp({ files: { 'topics.json': topicsFile(topicOf('T', { perm: 4 })) } });
    expect((await client.ask(10, sendFields({ producerGroup: '' }))).code).toBe(0);
  });

  it.each([
    ['topic', 'field topic missing'],
    ['queueId', 'field queueId missing'],
    ['defaultTopic', 'field defaultTopic missing'],
    ['bornTimestamp', 'field bornTimestamp missing'],
  ])('without %s is refused before the handler, without its extFields', async (name, remark) => {
    const { client } = await setUp();
    const reply = await client.ask(10, sendFields({ [name]: undefined }));
    expect(withoutBody(reply)).toEqual({ code: 1, remark, ext: undefined });
  });

  it('carries the extFields of the settings in force', async () => {
    const { broker, client } = await setUp();
    Object.assign(broker.configs.brokerConfig, { regionId: 'r1', traceOn: false });
    const stored = await client.ask(10, sendFields());
    expect(stored.ext).toMatchObject({ MSG_REGION: 'r1', TRACE_ON: 'false', queueId: '0', queueOffset: '0' });
    const other = await client.ask(10, sendFields({ queueId: 9 }));
    expect(other.ext).toEqual({ MSG_REGION: 'r1', TRACE_ON: 'false' });
  });
});

describe('a topic that does not exist', () => {
  it.each([
    ['TBW102 gives at most its 8', 'TBW102', 100, '8'],
    ['fewer when the client asks for fewer', 'TBW102', 3, '3'],
    ['the topic of the cluster gives at most 16', 'DefaultCluster', 100, '16'],
    ['the topic of the broker gives 1', 'broker-a', 100, '1'],
  ])('is made after a template: %s', async (_, defaultTopic, defaultTopicQueueNums, queues) => {
    const { broker, client } = await setUp();
    const reply = await client.ask(10, sendFields({ topic: 'New', defaultTopic, defaultTopicQueueNums }));
    expect(reply.code).toBe(0);
    expect(broker.state('topics.json')).toMatchObject({
      dataVersion: { counter: 2 },
      topicConfigTable: { New: topicOf('New', { readQueueNums: Number(queues), writeQueueNums: Number(queues) }) },
    });
  });

  it.each([
    ['a plain topic', 'T', 4],
    ['an empty name', '', 4],
    ['no queues', 'TBW102', 0],
    ['fewer than none', 'TBW102', -3],
  ])('is not made: template is or has %s', async (_, defaultTopic, defaultTopicQueueNums) => {
    const { broker, client } = await setUp();
    const reply = await client.ask(10, sendFields({ topic: 'New', defaultTopic, defaultTopicQueueNums }));
    expect(reply.code).toBe(17);
    expect(broker.state('topics.json')).toEqual(FOUR_QUEUES);
  });

  it('is not made by TBW102 of an old store when that is switched off, but still by the cluster', async () => {
    const { broker, client } = await setUp({
      settings: ({ brokerConfig }) => Object.assign(brokerConfig, { autoCreateTopicEnable: false }),
      files: { 'topics.json': topicsFile(topicOf('TBW102', { perm: 7 })) },
    });
    expect((await client.ask(10, sendFields({ topic: 'A' }))).code).toBe(17);
    expect((await client.ask(10, sendFields({ topic: 'B', defaultTopic: 'DefaultCluster' }))).code).toBe(0);
    expect(broker.state('topics.json')).toMatchObject({ topicConfigTable: { TBW102: { perm: 6 } } });
  });

  it('gets the unit flag from a client in unit mode, a retry topic the other one', async () => {
    const { broker, client } = await setUp();
    await client.ask(10, sendFields({ topic: 'Unit', unitMode: true }));
    await client.ask(10, sendFields({ topic: '%RETRY%g', unitMode: true, maxReconsumeTimes: 3 }));
    expect(broker.state('topics.json')).toMatchObject({
      topicConfigTable: { Unit: { topicSysFlag: 1 }, '%RETRY%g': { topicSysFlag: 2, readQueueNums: 4 } },
    });
  });

  it('is made with one queue for a retry topic that no template allows', async () => {
    const { broker, client } = await setUp();
    const fields = { topic: '%RETRY%g', defaultTopic: 'Missing', maxReconsumeTimes: 3 };
    expect((await client.ask(10, sendFields(fields))).code).toBe(0);
    expect(broker.state('topics.json')).toMatchObject({
      topicConfigTable: { '%RETRY%g': { readQueueNums: 1, writeQueueNums: 1, perm: 6 } },
    });
  });

  it('is refused with the cause when its file cannot be written, and exists neither here nor there', async () => {
    const faults: FaultFs[] = [];
    const wrapFs = (fs: ConstructorParameters<typeof FaultFs>[0]): FaultFs => {
      faults.push(new FaultFs(fs));
      return faults.at(-1) as FaultFs;
    };
    const { broker, client } = await setUp({ wrapFs });
    faults[0]?.fail({ operation: 'pwrite', path: /topics\.json\.tmp$/, code: 'ENOSPC' });
    const reply = await client.ask(10, sendFields({ topic: 'New' }));
    const remark = 'topics.json could not be written (ENOSPC), nothing was changed';
    expect(withoutBody(reply)).toEqual(refused(1, remark));
    expect(faults[0]?.pendingRules).toBe(0);
    const listed = await client.ask(21);
    expect(listed.body.toString()).not.toContain('"New"');
    expect(listed.body.toString()).toContain('"counter":1,');
    expect(broker.state('topics.json')).toEqual(FOUR_QUEUES);
    expect((await client.ask(10, sendFields({ topic: 'New' }))).code).toBe(0);
  });
});

describe('a stored message', () => {
  it('has hosts as long as its flags say, whatever the request claims of them', async () => {
    const { client } = await setUp();
    for (const sysFlag of [0x10, 0x20, 0x30]) {
      expect((await client.ask(310, sendFieldsV2({ queueId: 1, sysFlag }))).code).toBe(0);
    }
    const stored = await records(client, 'T', 1);
    expect(stored.map((record) => decodeRecord(record, 0))).toMatchObject([
      { sysFlag: 0, queueOffset: 0 },
      { sysFlag: 0, queueOffset: 1 },
      { sysFlag: 0, queueOffset: 2 },
    ]);
  });

  it('has what the request said, and what the broker adds', async () => {
    const { broker, client } = await setUp();
    const properties = 'KEYS\u0001k\u0002TAGS\u0001t\u0002';
    const fields = { queueId: 1, flag: 77, sysFlag: 0x40, properties, reconsumeTimes: 2 };
    const reply = await client.ask(310, sendFieldsV2(fields), { body: 'héllo' });
    expect(reply).toMatchObject({ code: 0, remark: undefined });
    expect(reply.ext).toEqual({
      ...TRACE,
      msgId: '7F00000100002A9F0000000000000000',
      queueId: '1',
      queueOffset: '0',
    });
    const [record] = await records(client, 'T', 1);
    const message = decodeRecord(record as Buffer, 0);
    expect(message).toMatchObject({
      topic: 'T',
      queueId: 1,
      flag: 77,
      sysFlag: 0x40,
      bornTimestamp: 1_799_999_999_000,
      reconsumeTimes: 2,
      queueOffset: 0,
      storeTimestamp: broker.clock.now(),
    });
    expect(bodyOf(record as Buffer)).toBe('héllo');
    expect(Object.fromEntries(propertiesOf(record as Buffer))).toEqual({
      KEYS: 'k',
      TAGS: 't',
      CLUSTER: 'DefaultCluster',
    });
    const { body: figures } = await client.ask(28);
    expect(figures.toString()).toContain('"msgPutTotalTodayNow":"1"');
  });

  it('of a topic with several tags has the bit for it', async () => {
    const { client } = await setUp({
      files: { 'topics.json': topicsFile(topicOf('T', { topicFilterType: 'MULTI_TAG' })) },
    });
    await client.ask(10, sendFields());
    expect((await records(client))[0]?.readInt32BE(36)).toBe(2);
  });

  it('sent oneway is stored and not answered', async () => {
    const { client } = await setUp();
    await client.tell(10, sendFields(), { body: 'quiet' });
    expect(client.frames.received).toEqual([]);
    expect((await records(client)).map(bodyOf)).toEqual(['quiet']);
  });

  it('is the same by 10, 310 and 320, and 320 without the flag is one message', async () => {
    const { client } = await setUp();
    const batch = encodeBatch([{ body: Buffer.from('x'), flag: 0, properties: Buffer.alloc(0) }]);
    await client.ask(10, sendFields(), { body: 'a' });
    await client.ask(310, sendFieldsV2(), { body: 'a' });
    await client.ask(320, sendFieldsV2(), { body: batch });
    const [first, second, third] = await records(client);
    expect(bodyOf(second as Buffer)).toBe(bodyOf(first as Buffer));
    expect(bodyOf(third as Buffer)).toBe(batch.toString());
  });
});

describe('a batch', () => {
  const member = (body: string, properties = '') => ({
    body: Buffer.from(body),
    flag: 0,
    properties: Buffer.from(properties),
  });

  it('is stored member by member and answered with all ids', async () => {
    const { client } = await setUp();
    const body = encodeBatch([member('one', 'TAGS\u0001a\u0002'), member('two')]);
    const reply = await client.ask(320, sendFieldsV2({ batch: true, properties: 'WAIT\u0001true\u0002' }), { body });
    const ids = reply.ext?.['msgId']?.split(',') ?? [];
    expect([reply.code, ids.length, reply.ext?.['queueOffset']]).toEqual([0, 2, '0']);
    const stored = await records(client);
    expect(stored.map(bodyOf)).toEqual(['one', 'two']);
    expect(Object.fromEntries(propertiesOf(stored[0] as Buffer))).toEqual({ TAGS: 'a' });
    expect(ids).toEqual(
      stored.map(
        (record) => `7F00000100002A9F${record.readBigInt64BE(28).toString(16).padStart(16, '0').toUpperCase()}`,
      ),
    );
  });

  it.each([
    ['to a retry topic', { topic: '%RETRY%g' }, /^batch request does not support retry group %RETRY%g$/, 13],
    [
      'that is delayed',
      { properties: 'DELAY\u00013\u0002' },
      /^the message is illegal, .* \[a batch cannot be delayed\]$/,
      13,
    ],
    ['that is transactional', { sysFlag: 4 }, /^the message is illegal, .* \[a batch cannot be transactional\]$/, 13],
  ])('%s is refused', async (_, fields, remark, code) => {
    const { client } = await setUp();
    const body = encodeBatch([member('one')]);
    const reply = await client.ask(320, sendFieldsV2({ batch: true, ...fields }), { body });
    expect(withoutBody(reply)).toEqual(refused(code, remark));
  });

  it.each([
    ['a plain body', 'not a batch', 0],
    ['no body', undefined, 0],
    ['no body, and transactional,', undefined, 8],
  ])('with %s is refused', async (_, body, sysFlag) => {
    const { client } = await setUp();
    const reply = await client.ask(320, sendFieldsV2({ batch: true, sysFlag }), body === undefined ? {} : { body });
    expect(withoutBody(reply)).toEqual(refused(1, /^java\.nio\.BufferUnderflowException: /));
  });

  it('larger than a message may be is refused', async () => {
    const { broker, client } = await setUp({
      settings: ({ messageStoreConfig }) => Object.assign(messageStoreConfig, { maxMessageSize: 1000 }),
    });
    const reply = await client.ask(320, sendFieldsV2({ batch: true }), {
      body: encodeBatch([member('x'.repeat(1000))]),
    });
    expect(withoutBody(reply)).toEqual(refused(13, /^the message is illegal, maybe /));
    expect(broker.fs.files().filter((path) => path.includes('commitlog'))).toEqual([]);
  });
});

const ILLEGAL =
  'the message is illegal, maybe msg body or properties length not matched. ' +
  'msg body length limit 128k, msg properties length limit 32k.';

describe('a message that cannot be stored', () => {
  it.each([
    ['more properties than 32767 bytes', { properties: `K\u0001${'v'.repeat(32_768)}\u0002` }, 'x', 13, ILLEGAL],
    ['more bytes than maxMessageSize', {}, 'x'.repeat(2000), 13, `${ILLEGAL} [the stored record has `],
    [
      'half of a transaction with a delay (deviation 7)',
      { properties: 'DELAY\u00011\u0002TRAN_MSG\u0001true\u0002' },
      'x',
      13,
      'a transaction message (TRAN_MSG=true) cannot have a delay level (DELAY)',
    ],
    ['a delay that is no number', { properties: 'DELAY\u0001x\u0002' }, 'x', 1, 'the property DELAY is not a number'],
  ])('because it has %s', async (_, fields, body, code, remark) => {
    const { client } = await setUp({
      settings: ({ messageStoreConfig }) => Object.assign(messageStoreConfig, { maxMessageSize: 1500 }),
    });
    const reply = await client.ask(310, sendFieldsV2(fields), { body });
    expect([reply.code, reply.remark?.slice(0, remark.length), reply.ext]).toEqual([code, remark, TRACE]);
    expect((await client.ask(30, { topic: 'T', queueId: 0 })).ext).toEqual({ offset: '0' });
  });

  it('because it fits maxMessageSize but no file of the log: both sizes are named', async () => {
    const { client } = await setUp();
    const reply = await client.ask(310, sendFieldsV2(), { body: 'x'.repeat(262_144) });
    expect(withoutBody(reply)).toEqual(
      refused(13, /\[the stored record has 262\d{3} bytes, a commit log file holds at most 262\d{3}\]$/),
    );
  });

  it('because the next file of the log cannot be made', async () => {
    const faults: FaultFs[] = [];
    const wrapFs = (fs: ConstructorParameters<typeof FaultFs>[0]): FaultFs => {
      faults.push(new FaultFs(fs));
      return faults.at(-1) as FaultFs;
    };
    const { client } = await setUp({ wrapFs });
    expect((await client.ask(10, sendFields(), { body: 'x'.repeat(200_000) })).code).toBe(0);
    faults[0]?.fail({ operation: 'open', path: /commitlog/, code: 'EMFILE' });
    const lost = await client.ask(10, sendFields(), { body: 'x'.repeat(200_000) });
    expect(withoutBody(lost)).toEqual(
      refused(1, /^create mapped file failed, server is busy or broken\. \[.*commitlog\/0{14}262144: EMFILE/),
    );
  });

  it('because transactions are refused by the settings', async () => {
    const { broker, client } = await setUp();
    broker.configs.brokerConfig.rejectTransactionMessage = true;
    const reply = await client.ask(10, sendFields({ properties: 'TRAN_MSG\u0001true\u0002' }));
    expect(withoutBody(reply)).toEqual(refused(16, 'the broker[127.0.0.1] sending transaction message is forbidden'));
  });

  it('an ordinary DELAY of 0 and a TRAN_MSG of false do not matter', async () => {
    const { client } = await setUp();
    const properties = 'DELAY\u00010\u0002TRAN_MSG\u0001false\u0002';
    expect((await client.ask(10, sendFields({ properties }))).code).toBe(0);
  });

  it('because its write failed: it is told, and so is everybody afterwards', async () => {
    const faults: FaultFs[] = [];
    const wrapFs = (fs: ConstructorParameters<typeof FaultFs>[0]): FaultFs => {
      faults.push(new FaultFs(fs));
      return faults.at(-1) as FaultFs;
    };
    const { client } = await setUp({ wrapFs });
    expect((await client.ask(10, sendFields(), { body: 'first' })).code).toBe(0);
    faults[0]?.fail({ operation: 'pwrite', path: /commitlog/, code: 'EIO' });
    const java =
      'service not available now, maybe disk full, CL: {2}0\\.50 CQ: {2}0\\.50 INDEX: {2}0\\.50, ' +
      'maybe your broker machine memory too small\\. ';
    const cause = 'writing to the commit log failed: pwrite of commitlog/0{20}: EIO, for 0 s, \\d+ bytes free';
    const lost = await client.ask(10, sendFields(), { body: 'second' });
    expect(withoutBody(lost)).toEqual(refused(14, new RegExp(`^${java}\\[the message is not stored: ${cause}\\]$`)));
    const later = await client.ask(10, sendFields(), { body: 'third' });
    expect(withoutBody(later)).toEqual(refused(14, new RegExp(`^${java}\\[${cause}\\]$`)));
    const commit = { consumerGroup: 'g', topic: 'TBW102', queueId: '0', commitOffset: '7' };
    expect((await client.ask(15, commit)).code).toBe(0);
    expect((await client.ask(14, { consumerGroup: 'g', topic: 'TBW102', queueId: '0' })).code).toBe(0);
    expect((await client.ask(28)).code).toBe(0);
    expect((await records(client)).map(bodyOf)).toEqual(['first']);
  });
});

describe('a message for a retry topic', () => {
  const retry = (more: object = {}) => sendFields({ topic: '%RETRY%g', maxReconsumeTimes: 3, ...more });

  it('needs its group, when groups are not made by themselves', async () => {
    const { broker, client } = await setUp({
      settings: ({ brokerConfig }) => Object.assign(brokerConfig, { autoCreateSubscriptionGroup: false }),
    });
    const reply = await client.ask(10, retry());
    expect(withoutBody(reply)).toEqual(refused(26, `subscription group not exist, g ${FAQ}`));
    expect(broker.state('topics.json')).toHaveProperty(['topicConfigTable', '%RETRY%g']);
  });

  it('needs maxReconsumeTimes from clients that name it', async () => {
    const { client } = await setUp();
    const fields = retry({ maxReconsumeTimes: undefined });
    expect(withoutBody(await client.ask(10, fields, { version: 121 }))).toEqual(
      refused(1, 'field maxReconsumeTimes missing'),
    );
    expect((await client.ask(10, fields, { version: 100 })).code).toBe(0);
  });

  it.each([
    ['the number of the request', 333, 2, 3, '%RETRY%g'],
    ['the number of the request', 333, 3, 3, '%DLQ%g'],
    ['the number of the group, for an old client', 100, 1, 9, '%RETRY%g'],
    ['the number of the group, for an old client', 100, 2, 9, '%DLQ%g'],
  ])(
    'is for the dead letter queue from %s on (version %i, %i of %i: %s)',
    async (_, version, reconsumeTimes, maxReconsumeTimes, topic) => {
      const files = { 'subscriptionGroup.json': groupsFile({ g: { retryMaxTimes: 2 } }) };
      const { broker, client } = await setUp({ files });
      const reply = await client.ask(10, retry({ reconsumeTimes, maxReconsumeTimes, queueId: 3 }), { version });
      expect([reply.code, reply.ext?.['queueId']]).toEqual([0, '3']);
      const queueId = topic === '%DLQ%g' ? 0 : 3;
      expect((await client.ask(30, { topic, queueId })).ext).toEqual({ offset: '1' });
      const dlq = topicOf('%DLQ%g', { readQueueNums: 1, writeQueueNums: 1, perm: 2 });
      const state = broker.state('topics.json') as { topicConfigTable: Record<string, unknown> };
      expect(state.topicConfigTable['%DLQ%g']).toEqual(topic === '%DLQ%g' ? dlq : undefined);
    },
  );
});

describe('the durability that a setting promises', () => {
  it('SYNC_MASTER without a slave is answered SLAVE_NOT_AVAILABLE, with WAIT=false 0', async () => {
    const { client } = await setUp({
      settings: ({ messageStoreConfig }) => Object.assign(messageStoreConfig, { brokerRole: 'SYNC_MASTER' }),
    });
    const reply = await client.ask(10, sendFields());
    expect([reply.code, reply.remark, reply.ext?.['queueOffset']]).toEqual([11, undefined, '0']);
    expect((await client.ask(10, sendFields({ properties: 'WAIT\u0001false\u0002' }))).code).toBe(0);
  });

  it('SYNC_FLUSH is answered when the flush is over, or 10 when that takes too long', async () => {
    const faults: FaultFs[] = [];
    const wrapFs = (fs: ConstructorParameters<typeof FaultFs>[0]): FaultFs => {
      faults.push(new FaultFs(fs));
      return faults.at(-1) as FaultFs;
    };
    const { broker, client } = await setUp({
      wrapFs,
      settings: ({ messageStoreConfig }) => Object.assign(messageStoreConfig, { flushDiskType: 'SYNC_FLUSH' }),
    });
    expect((await client.ask(10, sendFields())).code).toBe(0);
    let end = (): void => {};
    const until = new Promise<void>((resolve) => {
      end = resolve;
    });
    faults[0]?.delay({ operation: 'fdatasync', path: /commitlog/, until });
    const slow = await client.askInVain(10, sendFields());
    await broker.advance(5200, 100);
    const reply = client.replyTo(slow);
    expect([reply?.code, reply?.remark, reply?.ext?.['queueOffset']]).toEqual([10, undefined, '1']);
    const waiting = await client.askInVain(10, sendFields());
    end();
    await broker.settle();
    expect(client.replyTo(waiting)?.code).toBe(0);
  });
});

describe('flow control', () => {
  it('refuses sends while those before them wait too long for their write, and says so', async () => {
    const { broker, client } = await setUp();
    broker.configs.messageStoreConfig.osPageCacheBusyTimeOutMills = -1;
    const reply = await client.ask(10, sendFields());
    expect(withoutBody(reply)).toEqual({
      code: 2,
      remark:
        '[REJECTREQUEST]system busy, start flow control for a while, ' +
        'the messages before it have waited 0 ms for their write to the CommitLog',
      ext: undefined,
    });
    expect((await client.ask(11, pullFields())).code).toBe(19);
    broker.configs.messageStoreConfig.osPageCacheBusyTimeOutMills = 1000;
    expect((await client.ask(10, sendFields())).code).toBe(0);
  });
});
