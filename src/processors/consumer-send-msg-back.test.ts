import { describe, expect, it } from 'vitest';
import { BrokerFixture, groupsFile, topicOf, topicsFile } from '../../testing/broker-fixture.ts';
import { FaultFs } from '../../testing/fault-fs.ts';
import { heartbeat, pullFields, sendFields, topicFields } from '../../testing/requests.ts';
import { splitRecords } from '../../testing/store-fixture.ts';
import type { Asked, Fields, TestClient, TestReply } from '../../testing/test-client.ts';
import { decodeRecord, type MessageExt } from '../codec/message.ts';

const FAQ = '\nSee http://rocketmq.apache.org/docs/faq/ for further details.';
const PROPERTIES = 'UNIQ_KEY\u0001u1\u0002TAGS\u0001A\u0002KEYS\u0001k\u0002color\u0001red\u0002';

/** A broker with topic T, groups `g` and those given, and one message in T. */
async function setUp(groups: Readonly<Record<string, object>> = {}, topics: readonly object[] = []) {
  const made: FaultFs[] = [];
  const broker = await BrokerFixture.start({
    files: {
      'topics.json': topicsFile(topicOf('T'), ...topics),
      'subscriptionGroup.json': groupsFile({ g: {}, ...groups }),
    },
    wrapFs: (fs) => {
      made.push(new FaultFs(fs));
      return made.at(-1) as FaultFs;
    },
  });
  const client = await broker.client();
  const sent = await client.ask(10, sendFields({ properties: PROPERTIES, flag: 7 }), { body: 'poison' });
  const message = await recordAt(client, offsetOf(sent));
  return { broker, client, faults: made[0] as FaultFs, message };
}

/** The physical offset in the message id of an answer to a send. */
function offsetOf({ ext }: TestReply): number {
  return Number.parseInt(ext?.['msgId']?.slice(16) ?? '', 16);
}

async function recordAt(client: TestClient, offset: number): Promise<MessageExt> {
  const { code, remark, body } = await client.ask(33, { offset });
  const record = code === 0 ? decodeRecord(body, 0) : `${code} ${remark}`;
  if (typeof record === 'string') throw new Error(`no record at ${offset}: ${record}`);
  return record;
}

/** The record that was stored behind another. */
function recordBehind(client: TestClient, { phyOffset, totalSize }: MessageExt): Promise<MessageExt> {
  return recordAt(client, phyOffset + totalSize);
}

async function topicsOf(client: TestClient): Promise<Record<string, object>> {
  const { body } = await client.ask(21);
  return JSON.parse(body.toString()).topicConfigTable;
}

function back(message: MessageExt, more: Fields = {}): Fields {
  return {
    offset: message.phyOffset,
    group: 'g',
    delayLevel: 0,
    originMsgId: 'u1',
    originTopic: 'T',
    unitMode: false,
    maxReconsumeTimes: 16,
    ...more,
  };
}

async function giveBack(client: TestClient, message: MessageExt, more: Fields = {}, asked: Asked = {}) {
  const { code, remark, ext, body } = await client.ask(36, back(message, more), asked);
  return { code, remark, ext, bytes: body.length };
}

const DONE = { code: 0, remark: undefined, ext: undefined, bytes: 0 };

function refused(code: number, remark: string | RegExp): unknown {
  return { ...DONE, code, remark: typeof remark === 'string' ? remark : expect.stringMatching(remark) };
}

describe('a message given back for another try', () => {
  it('waits for a level that grows with its tries, the same in all else', async () => {
    const { client, message } = await setUp();
    expect(await giveBack(client, message)).toEqual(DONE);
    const first = await recordBehind(client, message);
    expect(first).toMatchObject({
      topic: 'SCHEDULE_TOPIC_XXXX',
      queueId: 2,
      flag: 7,
      reconsumeTimes: 1,
      bornTimestamp: message.bornTimestamp,
      bornHost: message.bornHost,
      sysFlag: message.sysFlag,
      body: Buffer.from('poison'),
    });
    expect(Object.fromEntries(first.properties)).toEqual({
      ...Object.fromEntries(message.properties),
      RETRY_TOPIC: 'T',
      WAIT: 'false',
      DELAY: '3',
      REAL_TOPIC: '%RETRY%g',
      REAL_QID: '0',
      ORIGIN_MESSAGE_ID: message.offsetMsgId,
    });

    expect(await giveBack(client, first)).toEqual(DONE);
    const second = await recordBehind(client, first);
    expect([second.queueId, second.reconsumeTimes, second.properties.get('DELAY')]).toEqual([3, 2, '4']);
    expect(second.properties.get('RETRY_TOPIC')).toBe('T');
    expect(second.properties.get('ORIGIN_MESSAGE_ID')).toBe(message.offsetMsgId);
  });

  it('waits as long as the consumer says, at most as long as the last level', async () => {
    const { client, message } = await setUp();
    await giveBack(client, message, { delayLevel: 1 });
    const short = await recordBehind(client, message);
    expect([short.queueId, short.properties.get('DELAY')]).toEqual([0, '1']);
    await giveBack(client, message, { delayLevel: 99 });
    const long = await recordBehind(client, short);
    expect([long.queueId, long.properties.get('DELAY')]).toEqual([17, '18']);
  });

  it('makes the retry topic with the queues of the group, for a unit if the consumer is of one', async () => {
    const { client, message } = await setUp({ three: { retryQueueNums: 3 } });
    const queues = new Set<string | undefined>();
    let last = message;
    for (let n = 0; n < 40; n++) {
      await giveBack(client, last, { group: 'three', unitMode: true, delayLevel: 1, maxReconsumeTimes: 99 });
      last = await recordBehind(client, last);
      queues.add(last.properties.get('REAL_QID'));
    }
    expect([...queues].sort()).toEqual(['0', '1', '2']);
    const topicConfigTable = await topicsOf(client);
    expect(topicConfigTable['%RETRY%three']).toMatchObject({
      readQueueNums: 3,
      writeQueueNums: 3,
      perm: 6,
      topicSysFlag: 2,
    });
  });

  it('comes back under the topic of its group when its time has come', async () => {
    const { broker, client, message } = await setUp();
    await giveBack(client, message, { delayLevel: 1 });
    await broker.advance(3000, 50);
    const pulled = await client.ask(11, pullFields({ topic: '%RETRY%g', consumerGroup: 'g' }));
    const [record] = splitRecords(pulled.body).map((bytes) => decodeRecord(bytes, 0) as MessageExt);
    expect(record).toMatchObject({ topic: '%RETRY%g', queueId: 0, reconsumeTimes: 1, body: Buffer.from('poison') });
    expect(record?.properties.get('RETRY_TOPIC')).toBe('T');
  });

  it('of a group with a namespace goes to the retry topic in it', async () => {
    const { client, message } = await setUp({ 'ns%g': {} });
    expect(await giveBack(client, message, { group: 'ns%g' })).toEqual(DONE);
    expect((await recordBehind(client, message)).properties.get('REAL_TOPIC')).toBe('%RETRY%ns%g');
  });
});

describe('a message given back for good', () => {
  it.each([
    ['by the consumer', { delayLevel: -1 }],
    ['by the number of tries the consumer allows', { maxReconsumeTimes: 0 }],
  ])('%s goes to the dead letter queue at once, without what Java adds to the delayed only', async (_, more) => {
    const { client, message } = await setUp();
    expect(await giveBack(client, message, more)).toEqual(DONE);
    const dead = await recordBehind(client, message);
    expect(dead).toMatchObject({ topic: '%DLQ%g', queueId: 0, reconsumeTimes: 1 });
    expect(Object.fromEntries(dead.properties)).toEqual({
      ...Object.fromEntries(message.properties),
      RETRY_TOPIC: 'T',
      WAIT: 'false',
    });
    const topicConfigTable = await topicsOf(client);
    expect(topicConfigTable['%DLQ%g']).toMatchObject({ readQueueNums: 1, writeQueueNums: 1, perm: 2, topicSysFlag: 0 });
    const closed = await client.ask(11, pullFields({ topic: '%DLQ%g' }));
    expect([closed.code, closed.remark]).toEqual([16, 'the topic[%DLQ%g] pulling message is forbidden']);
    expect((await client.ask(17, topicFields({ topic: '%DLQ%g', readQueueNums: 1, writeQueueNums: 1 }))).code).toBe(0);
    expect(splitRecords((await client.ask(11, pullFields({ topic: '%DLQ%g' }))).body)).toHaveLength(1);
  });

  it('after a delayed try passes through the schedule once more, as in Java', async () => {
    const { client, message } = await setUp();
    await giveBack(client, message, { delayLevel: 1 });
    const tried = await recordBehind(client, message);
    await giveBack(client, tried, { delayLevel: -1 });
    const dead = await recordBehind(client, tried);
    expect(dead.topic).toBe('SCHEDULE_TOPIC_XXXX');
    expect(dead.properties.get('REAL_TOPIC')).toBe('%DLQ%g');
    expect(dead.properties.get('ORIGIN_MESSAGE_ID')).toBe(message.offsetMsgId);
  });

  it.each([
    ['an old client by the group, not by its header', 120, { maxReconsumeTimes: 9 }, '%DLQ%g'],
    ['a new client by its header, not by the group', 121, { maxReconsumeTimes: 9 }, 'SCHEDULE_TOPIC_XXXX'],
    ['an old client without a number in its header', 120, { maxReconsumeTimes: undefined }, '%DLQ%g'],
  ])('is told apart for %s', async (_, version, more, topic) => {
    const { client, message } = await setUp({ g: { retryMaxTimes: 0 } });
    expect(await giveBack(client, message, more, { version })).toEqual(DONE);
    expect((await recordBehind(client, message)).topic).toBe(topic);
  });
});

describe('a message given back is refused', () => {
  it('for a group that does not exist', async () => {
    const { broker, client, message } = await setUp();
    broker.configs.brokerConfig.autoCreateSubscriptionGroup = false;
    const reply = await giveBack(client, message, { group: 'new' });
    expect(reply).toEqual(refused(26, `subscription group not exist, new ${FAQ}`));
  });

  it('by a broker that takes no messages', async () => {
    const { broker, client, message } = await setUp();
    broker.configs.brokerConfig.brokerPermission = 4;
    const remark = 'the broker[127.0.0.1] sending message is forbidden';
    expect(await giveBack(client, message)).toEqual(refused(16, remark));
  });

  it('by a retry topic that may not be written', async () => {
    const { client, message } = await setUp({}, [topicOf('%RETRY%g', { perm: 4 })]);
    expect(await giveBack(client, message)).toEqual(refused(16, 'the topic[%RETRY%g] sending message is forbidden'));
  });

  it.each([-1, 1_000_000, 5])('when no record begins at %i', async (offset) => {
    const { client, message } = await setUp();
    expect(await giveBack(client, message, { offset })).toEqual(refused(1, `look message by offset failed, ${offset}`));
  });

  it('when a new client does not say how often, but only after the look at the record', async () => {
    const { client, message } = await setUp();
    const more = { maxReconsumeTimes: undefined };
    expect(await giveBack(client, message, more)).toEqual(refused(1, 'field maxReconsumeTimes missing'));
    expect(await giveBack(client, message, { ...more, offset: 5 })).toEqual(refused(1, /^look message/));
  });

  it('when the disk takes nothing, with the cause behind the status', async () => {
    const { client, faults, message } = await setUp();
    faults.fail({ operation: 'pwrite', path: /commitlog/, code: 'EIO', times: 100 });
    expect(await giveBack(client, message)).toEqual(refused(1, /^SERVICE_NOT_AVAILABLE \[.+\]$/));
    expect(await giveBack(client, message)).toEqual(refused(1, /^SERVICE_NOT_AVAILABLE \[.+\]$/));
  });

  it('never, and nothing is stored, when the group has no retry queues', async () => {
    const { client, message } = await setUp({ none: { retryQueueNums: 0 } });
    expect(await giveBack(client, message, { group: 'none', offset: -5 })).toEqual(DONE);
    await expect(recordBehind(client, message)).rejects.toThrow('can not find message');
    expect(await topicsOf(client)).not.toHaveProperty('%RETRY%none');
  });
});

describe('the retry topic of a group', () => {
  it.each([
    ['clustering', 'CLUSTERING', false, 0],
    ['broadcasting', 'BROADCASTING', false, 0],
    ['in unit mode', 'CLUSTERING', true, 2],
  ])('is made by the heartbeat of a consumer %s', async (_, model, unitMode, topicSysFlag) => {
    const { client } = await setUp({ two: { retryQueueNums: 2 } });
    await client.ask(34, {}, { body: heartbeat('c', [{ group: 'two', model, unitMode }]) });
    const topicConfigTable = await topicsOf(client);
    const queues = { readQueueNums: 2, writeQueueNums: 2 };
    expect(topicConfigTable['%RETRY%two']).toMatchObject({ ...queues, perm: 6, topicSysFlag });
  });
});
