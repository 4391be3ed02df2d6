import { describe, expect, it } from 'vitest';
import { BrokerFixture, topicOf, topicsFile } from '../../testing/broker-fixture.ts';
import { FaultFs } from '../../testing/fault-fs.ts';
import { heartbeat, pullFields, sendFields } from '../../testing/requests.ts';
import { bodyOf, propertiesOf, splitRecords } from '../../testing/store-fixture.ts';
import type { Fields, TestClient } from '../../testing/test-client.ts';
import { decodeRecord, type MessageExt } from '../codec/message.ts';
import { decodeOffsetMsgId } from '../codec/message-id.ts';
import { serialiseProperties } from '../codec/message-properties.ts';

const COMMIT = 8;
const ROLLBACK = 12;
const UNKNOWN = 0;
const HALF = 'RMQ_SYS_TRANS_HALF_TOPIC';
const OP = 'RMQ_SYS_TRANS_OP_HALF_TOPIC';
const GIVEN_UP = 'TRANS_CHECK_MAX_TIME_TOPIC';

/** A broker with topic T that checks every 3 s what is older than 2 s, and a producer of the group `p`. */
async function setUp(more: Readonly<Record<string, unknown>> = {}) {
  const faults: FaultFs[] = [];
  const broker = await BrokerFixture.start({
    wrapFs: (fs) => {
      faults.push(new FaultFs(fs));
      return faults.at(-1) as FaultFs;
    },
    settings: ({ brokerConfig }) =>
      Object.assign(brokerConfig, { transactionTimeOut: 2000, transactionCheckInterval: 3000, ...more }),
    files: { 'topics.json': topicsFile(topicOf('T')) },
  });
  const client = await broker.client();
  await client.ask(34, {}, { body: heartbeat('c', [], ['p']) });
  return { broker, client, disk: faults[0] as FaultFs };
}

type Half = { readonly msgId: string; readonly phyOffset: number; readonly queueOffset: number };

async function sendHalf(client: TestClient, now: number, properties: Fields = {}, more: Fields = {}): Promise<Half> {
  const all = { TRAN_MSG: true, PGROUP: 'p', UNIQ_KEY: 'U1', WAIT: true, TAGS: 'A', ...properties };
  const text = serialiseProperties(Object.entries(all).map(([name, value]) => [name, String(value)] as const));
  const fields = sendFields({ queueId: 2, sysFlag: 4, flag: 7, bornTimestamp: now, properties: text, ...more });
  const reply = await client.ask(10, fields, { body: 'hello' });
  if (reply.code !== 0) throw new Error(`${reply.code} ${reply.remark}`);
  const msgId = reply.ext?.['msgId'] ?? '';
  expect(reply.ext).toMatchObject({ queueId: '2' });
  const phyOffset = decodeOffsetMsgId(msgId)?.phyOffset ?? -1;
  return { msgId, phyOffset, queueOffset: Number(reply.ext?.['queueOffset']) };
}

function end(half: Half, commitOrRollback: number, more: Fields = {}): Fields {
  const { phyOffset, queueOffset } = half;
  const place = { tranStateTableOffset: queueOffset, commitLogOffset: phyOffset };
  return { producerGroup: 'p', ...place, commitOrRollback, fromTransactionCheck: false, msgId: 'U1', ...more };
}

/** All records of a queue, decoded, whatever the topic table says. */
async function recordsOf(client: TestClient, topic: string, queueId = 0): Promise<MessageExt[]> {
  await client.ask(17, {
    ...{ topic, defaultTopic: 'TBW102', readQueueNums: 4, writeQueueNums: 4, perm: 6 },
    ...{ topicFilterType: 'SINGLE_TAG', topicSysFlag: 0, order: false },
  });
  const { code, body } = await client.ask(11, pullFields({ topic, queueId, sysFlag: 4 }));
  if (code !== 0) return [];
  return splitRecords(body).map((record) => decodeRecord(record, 0) as MessageExt);
}

/** The check requests the producer got: each as the half message it may answer for. */
function checks(client: TestClient): Half[] {
  return client.pushed
    .filter((line) => line.startsWith('39 '))
    .map((line) => {
      const fields = Object.fromEntries(line.split(' ').map((pair) => pair.split('=')));
      expect(fields).toMatchObject({ msgId: 'U1', transactionId: 'U1' });
      const queueOffset = Number(fields['tranStateTableOffset']);
      return { msgId: fields['offsetMsgId'], phyOffset: Number(fields['commitLogOffset']), queueOffset };
    });
}

async function bodiesOf(client: TestClient, topic = 'T', queueId = 2): Promise<string[]> {
  const { body } = await client.ask(11, pullFields({ topic, queueId }));
  return splitRecords(body).map(bodyOf);
}

describe('a half message', () => {
  it('waits in the half topic, of no transaction type, and remembers its place', async () => {
    const { broker, client } = await setUp();
    const half = await sendHalf(client, broker.clock.now(), { REAL_TOPIC: 'forged' });
    expect(half.queueOffset).toBe(0);
    expect(await bodiesOf(client)).toEqual([]);
    const record = (await client.ask(33, { offset: half.phyOffset })).body;
    expect(decodeRecord(record, 0)).toMatchObject({ topic: HALF, queueId: 0, sysFlag: 0, flag: 7, queueOffset: 0 });
    expect(Object.fromEntries(propertiesOf(record))).toEqual({
      ...{ TRAN_MSG: 'true', PGROUP: 'p', UNIQ_KEY: 'U1', WAIT: 'true', TAGS: 'A' },
      ...{ CLUSTER: 'DefaultCluster', REAL_TOPIC: 'T', REAL_QID: '2' },
    });
  });
});

describe('END_TRANSACTION', () => {
  it('with a commit makes the message readable, then notes that the half message is done', async () => {
    const { broker, client } = await setUp();
    const half = await sendHalf(client, broker.clock.now());
    const reply = await client.ask(37, end(half, COMMIT));
    expect([reply.code, reply.remark, reply.ext]).toEqual([0, undefined, undefined]);
    const [committed] = await recordsOf(client, 'T', 2);
    expect(committed).toMatchObject({
      ...{ topic: 'T', queueId: 2, queueOffset: 0, sysFlag: 8, flag: 7 },
      preparedTransactionOffset: half.phyOffset,
    });
    expect(committed?.properties.get('REAL_TOPIC')).toBe('T');
    const [op] = await recordsOf(client, OP);
    expect(op).toMatchObject({ queueId: 0, sysFlag: 0, flag: 0, totalSize: 91 + OP.length + 1 + 17 });
    expect([op?.body.toString(), op?.propertiesText]).toEqual(['0', 'WAIT\u0001true\u0002TAGS\u0001d\u0002']);
    expect(op?.phyOffset).toBeGreaterThan(committed?.phyOffset ?? Number.NaN);
    await broker.advance(9000);
    expect(checks(client)).toEqual([]);
  });

  it('with a rollback only notes that', async () => {
    const { broker, client } = await setUp();
    const half = await sendHalf(client, broker.clock.now());
    const reply = await client.ask(37, end(half, ROLLBACK));
    expect([reply.code, reply.remark]).toEqual([0, 'not set any response code']);
    await broker.advance(9000);
    expect([await bodiesOf(client), checks(client)]).toEqual([[], []]);
    expect(await recordsOf(client, OP)).toHaveLength(1);
  });

  it('that does not know is not answered', async () => {
    const { broker, client } = await setUp();
    const half = await sendHalf(client, broker.clock.now());
    await client.askInVain(37, end(half, UNKNOWN));
    expect(await recordsOf(client, OP)).toEqual([]);
  });

  it('again stores again, also a commit after a rollback, as Java', async () => {
    const { broker, client } = await setUp();
    const half = await sendHalf(client, broker.clock.now());
    for (const outcome of [ROLLBACK, COMMIT, COMMIT]) expect((await client.ask(37, end(half, outcome))).code).toBe(0);
    expect(await bodiesOf(client)).toEqual(['hello', 'hello']);
    expect((await recordsOf(client, OP)).map(({ body }) => body.toString())).toEqual(['0', '0', '0']);
  });

  it.each([
    ['another group', { producerGroup: 'q' }, 'The producer group wrong'],
    ['another place in the queue', { tranStateTableOffset: 1 }, 'The transaction state table offset wrong'],
    ['a place without a record', { commitLogOffset: 1 }, 'Find prepared transaction message failed'],
    ['a place behind the end', { commitLogOffset: 1e12 }, 'Find prepared transaction message failed'],
    ['a place before the begin', { commitLogOffset: -1 }, 'Find prepared transaction message failed'],
    ['an unknown outcome', { commitOrRollback: 4 }, 'commitOrRollback field wrong'],
  ])('of %s is refused', async (_, wrong, remark) => {
    const { broker, client } = await setUp();
    const half = await sendHalf(client, broker.clock.now());
    const reply = await client.ask(37, end(half, COMMIT, wrong));
    expect([reply.code, reply.remark]).toEqual([1, remark]);
    expect(await recordsOf(client, OP)).toEqual([]);
  });

  it('of a message of another topic is refused: it would mark a stranger as done', async () => {
    const { broker, client } = await setUp();
    const victim = await sendHalf(client, broker.clock.now());
    const properties = serialiseProperties(Object.entries({ PGROUP: 'p', REAL_TOPIC: 'T', REAL_QID: '0' }));
    const sent = await client.ask(10, sendFields({ properties }), { body: 'forged' });
    const { phyOffset } = decodeOffsetMsgId(sent.ext?.['msgId'] ?? '') ?? { phyOffset: -1 };
    expect(sent.ext?.['queueOffset']).toBe(String(victim.queueOffset));
    const reply = await client.ask(37, end({ ...victim, phyOffset }, ROLLBACK));
    expect(reply.remark).toBe('Find prepared transaction message failed [a message of the topic T is there]');
    await broker.advance(3000);
    expect(checks(client)).toHaveLength(1);
  });
});

describe('END_TRANSACTION on a disk in trouble', () => {
  it.each([COMMIT, ROLLBACK])('%i is answered 14 and nothing is done, then or later', async (outcome) => {
    const { broker, client, disk } = await setUp();
    const half = await sendHalf(client, broker.clock.now());
    disk.fail({ operation: 'pwrite', path: /commitlog/, code: 'EIO', times: 1000 });
    for (let time = 0; time < 2; time++) {
      const reply = await client.ask(37, end(half, outcome));
      expect([reply.code, reply.remark]).toEqual([14, expect.stringMatching(/^Service not available now\. \[.*EIO/)]);
    }
    disk.heal();
    await broker.advance(9000);
    expect([await bodiesOf(client), await recordsOf(client, OP)]).toEqual([[], []]);
    expect(checks(client).length).toBeGreaterThan(0);
  });

  it('commits when only the note of it finds no place, and is told of it again by the next check', async () => {
    const { broker, client, disk } = await setUp();
    const half = await sendHalf(client, broker.clock.now());
    const sizeOf = async (phyOffset: number): Promise<number> => {
      const record = decodeRecord((await client.ask(33, { offset: phyOffset })).body, 0) as MessageExt;
      return record.totalSize;
    };
    const committedBytes = (await sizeOf(half.phyOffset)) - HALF.length + 'T'.length;
    const small = await client.ask(10, sendFields({ properties: '' }), { body: '' });
    const { phyOffset } = decodeOffsetMsgId(small.ext?.['msgId'] ?? '') ?? { phyOffset: Number.NaN };
    const smallBytes = await sizeOf(phyOffset);
    // A file of the log ends with at least eight bytes that are no record.
    const rest = 262_144 - (phyOffset + smallBytes) - committedBytes - 8;
    const filler = Buffer.alloc(rest - smallBytes);
    expect((await client.ask(10, sendFields({ properties: '' }), { body: filler })).code).toBe(0);
    disk.fail({ operation: 'open', path: /commitlog/, code: 'EMFILE', times: 1 });
    expect((await client.ask(37, end(half, COMMIT))).code).toBe(0);
    expect(disk.pendingRules).toBe(0);
    expect([await bodiesOf(client), await recordsOf(client, OP)]).toEqual([['hello'], []]);
    await broker.advance(9000);
    const [check] = checks(client);
    expect((await client.ask(37, end(check as Half, COMMIT))).code).toBe(0);
    const asked = checks(client).length;
    await broker.advance(9000);
    expect([await bodiesOf(client), checks(client).length]).toEqual([['hello', 'hello'], asked]);
  });
});

describe('the check of half messages', () => {
  it('asks after the time-out, in every round, and gives up after the last', async () => {
    const { broker, client } = await setUp({ transactionCheckMax: 2 });
    const half = await sendHalf(client, broker.clock.now());
    await broker.advance(2900);
    expect(checks(client)).toEqual([]);
    await broker.advance(200);
    expect(checks(client)).toEqual([{ msgId: expect.any(String), phyOffset: expect.any(Number), queueOffset: 1 }]);
    await broker.advance(9000);
    expect(checks(client).map(({ queueOffset }) => queueOffset)).toEqual([1, 2]);
    const copies = await recordsOf(client, HALF);
    const times = copies.map(({ properties }) => properties.get('TRANSACTION_CHECK_TIMES'));
    expect(times).toEqual([undefined, '1', '2']);
    for (const copy of copies)
      expect(copy).toMatchObject({ flag: 7, sysFlag: 0, bornTimestamp: copies[0]?.bornTimestamp });
    const [givenUp, ...others] = await recordsOf(client, GIVEN_UP);
    expect(others).toEqual([]);
    expect(givenUp).toMatchObject({ body: Buffer.from('hello'), queueId: 0 });
    expect(givenUp?.propertiesText).toBe(copies[2]?.propertiesText);
    expect(half.queueOffset).toBe(0);
  });

  it('sends the message under its own topic, as the new record stands', async () => {
    const { broker, client } = await setUp();
    await sendHalf(client, broker.clock.now());
    await broker.advance(3000);
    const request = client.frames.received.find(({ code }) => code === 39);
    expect(request?.flag).toBe(2);
    const asked = decodeRecord(request?.body ?? Buffer.alloc(0), 0) as MessageExt;
    const [check] = checks(client);
    expect(asked).toMatchObject({ topic: 'T', queueId: 2, flag: 7, body: Buffer.from('hello') });
    expect(asked).toMatchObject({ queueOffset: check?.queueOffset, phyOffset: check?.phyOffset });
    expect(asked.offsetMsgId).toBe(check?.msgId);
    expect(asked.properties.get('TRANSACTION_CHECK_TIMES')).toBe('1');
    expect((await client.ask(37, end(check as Half, COMMIT, { fromTransactionCheck: true }))).code).toBe(0);
    await broker.advance(9000);
    expect([await bodiesOf(client), checks(client).length]).toEqual([['hello'], 1]);
  });

  it('is over with a late answer that names an older copy', async () => {
    const { broker, client } = await setUp();
    const half = await sendHalf(client, broker.clock.now());
    await broker.advance(7000);
    expect(checks(client)).toHaveLength(2);
    expect((await client.ask(37, end(half, COMMIT))).code).toBe(0);
    await broker.advance(9000);
    expect([await bodiesOf(client), checks(client).length]).toEqual([['hello'], 2]);
    expect((await recordsOf(client, OP)).map(({ body }) => body.toString())).toEqual(['0', '2']);
  });

  it('is over with such an answer also after a restart', async () => {
    const { broker, client } = await setUp();
    const half = await sendHalf(client, broker.clock.now());
    await broker.advance(6000);
    await broker.stop();
    await broker.start();
    const again = await broker.client();
    await again.ask(34, {}, { body: heartbeat('c', [], ['p']) });
    expect((await again.ask(37, end(half, COMMIT))).code).toBe(0);
    await broker.advance(9000);
    expect([await bodiesOf(again), checks(again)]).toEqual([['hello'], []]);
  });

  it('leaves a message alone while it is immune, which uses up no check', async () => {
    const { broker, client } = await setUp({ transactionCheckMax: 1 });
    await sendHalf(client, broker.clock.now(), { CHECK_IMMUNITY_TIME_IN_SECONDS: 10 });
    await broker.advance(9000);
    expect(checks(client)).toEqual([]);
    await broker.advance(3000);
    expect(checks(client)).toHaveLength(1);
    await broker.advance(3000);
    const [givenUp] = await recordsOf(client, GIVEN_UP);
    expect(givenUp?.properties.get('TRAN_PREPARED_QUEUE_OFFSET')).toBe('0');
    expect(givenUp?.properties.get('TRANSACTION_CHECK_TIMES')).toBe('1');
  });

  it('does not ask for an immune message that was committed by its first place', async () => {
    const { broker, client } = await setUp();
    const half = await sendHalf(client, broker.clock.now(), { CHECK_IMMUNITY_TIME_IN_SECONDS: 10 });
    await broker.advance(6000);
    await client.ask(37, end(half, COMMIT));
    await broker.advance(15_000);
    expect([await bodiesOf(client), checks(client)]).toEqual([['hello'], []]);
  });

  it('gives up once what brings more checks than there may be, and asks nobody', async () => {
    const { broker, client } = await setUp();
    await sendHalf(client, broker.clock.now(), { TRANSACTION_CHECK_TIMES: 100_000 });
    await broker.advance(9000);
    expect([checks(client), (await recordsOf(client, GIVEN_UP)).length]).toEqual([[], 1]);
  });

  it('asks once in a round for what is old and has no answer', async () => {
    const { broker, client } = await setUp({ transactionTimeOut: 6000, transactionCheckInterval: 60_000 });
    await sendHalf(client, broker.clock.now() - 80_000);
    await broker.advance(60_000);
    expect(checks(client)).toHaveLength(1);
  });

  it('gives up what is older than messages are kept', async () => {
    const { broker, client } = await setUp();
    broker.configs.messageStoreConfig.fileReservedTime = 1;
    await sendHalf(client, broker.clock.now() - 3_600_001, { CHECK_IMMUNITY_TIME_IN_SECONDS: 1e6 });
    await broker.advance(3000);
    expect([checks(client), (await recordsOf(client, GIVEN_UP)).length]).toEqual([[], 1]);
  });

  it('keeps how far it is in the table of offsets when that is on disk, and makes the half topic', async () => {
    const { broker, client } = await setUp();
    await client.ask(37, end(await sendHalf(client, broker.clock.now()), COMMIT));
    await broker.advance(15_000);
    expect(broker.state('topics.json')).toMatchObject({
      topicConfigTable: { [HALF]: { perm: 6, readQueueNums: 1, writeQueueNums: 1 } },
    });
    expect(broker.state('consumerOffset.json')).toMatchObject({
      offsetTable: { [`${HALF}@CID_RMQ_SYS_TRANS`]: { 0: 1 }, [`${OP}@CID_RMQ_SYS_TRANS`]: { 0: 1 } },
    });
  });

  it('goes on while nobody of the group is connected', async () => {
    const { broker, client } = await setUp({ transactionCheckMax: 2 });
    await sendHalf(client, broker.clock.now(), { PGROUP: 'nobody' });
    await broker.advance(12_000);
    expect([checks(client), (await recordsOf(client, GIVEN_UP)).length]).toEqual([[], 1]);
  });
});

describe('RESUME_CHECK_HALF_MESSAGE', () => {
  it('lets a message that was given up be checked again', async () => {
    const { broker, client } = await setUp({ transactionCheckMax: 1 });
    const half = await sendHalf(client, broker.clock.now());
    await broker.advance(9000);
    expect(checks(client)).toHaveLength(1);
    const reply = await client.ask(323, { msgId: half.msgId });
    expect([reply.code, reply.remark]).toEqual([0, undefined]);
    await broker.advance(3000);
    expect(checks(client)).toHaveLength(2);
    await client.ask(37, end(checks(client)[1] as Half, COMMIT));
    expect(await bodiesOf(client)).toEqual(['hello']);
  });

  it('is refused when the message could not be written', async () => {
    const { broker, client, disk } = await setUp();
    const { msgId } = await sendHalf(client, broker.clock.now());
    disk.fail({ operation: 'pwrite', path: /commitlog/, code: 'EIO', times: 1000 });
    for (let time = 0; time < 2; time++) {
      const reply = await client.ask(323, { msgId });
      expect([reply.code, reply.remark]).toEqual([
        1,
        expect.stringMatching(/^Put message back to RMQ_SYS_TRANS_HALF_TOPIC failed\. \[.*EIO/),
      ]);
    }
  });

  it.each([undefined, 'x', '7F00000100002A9F00000000000003E8'])('of %s is refused', async (msgId) => {
    const { client } = await setUp();
    const reply = await client.ask(323, { msgId });
    const remark = 'Exception was thrown when putting message back to RMQ_SYS_TRANS_HALF_TOPIC.';
    expect([reply.code, reply.remark]).toEqual([1, remark]);
  });
});
