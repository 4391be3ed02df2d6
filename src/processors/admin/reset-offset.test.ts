import { describe, expect, it } from 'vitest';
import { BrokerFixture, topicOf, topicsFile } from '../../../testing/broker-fixture.ts';
import { heartbeat, sendFields } from '../../../testing/requests.ts';
import type { Asked, TestClient } from '../../../testing/test-client.ts';

const DONE = { code: 0, remark: undefined, ext: undefined, body: Buffer.alloc(0) };
const NO_REMARK_SET = 'not set any response code';

/** A topic of two queues, the first with six messages a second apart, of which group `g` has consumed four. */
async function setUp() {
  const files = { 'topics.json': topicsFile(topicOf('T', { writeQueueNums: 2 })) };
  const broker = await BrokerFixture.start({ files });
  const client = await broker.client();
  const began = broker.clock.now();
  for (let n = 0; n < 6; n++) {
    await client.ask(10, sendFields());
    await broker.advance(1000);
  }
  for (const [queueId, commitOffset] of [
    [0, 4],
    [1, 0],
  ]) {
    await client.ask(15, { consumerGroup: 'g', topic: 'T', queueId, commitOffset });
  }
  return { broker, client, began };
}

async function member(broker: BrokerFixture, clientId: string, asked: Asked = {}): Promise<TestClient> {
  const client = await broker.client();
  await client.ask(34, {}, { body: heartbeat(clientId, [{ group: 'g' }]), ...asked });
  client.frames.received.length = 0;
  return client;
}

const ask = (client: TestClient, timestamp: number, isForce = true, asked: Asked = { language: 'JAVA' }) =>
  client.ask(222, { topic: 'T', group: 'g', timestamp, isForce }, asked);

const table = (first: number, second = 0): string =>
  `{"offsetTable":{{"brokerName":"broker-a","queueId":0,"topic":"T"}:${first},` +
  `{"brokerName":"broker-a","queueId":1,"topic":"T"}:${second}}}`;

describe('offsets of a group reset (222)', () => {
  it.each([
    ['backwards', 1000, true, 1],
    ['forwards', 5000, true, 5],
    ['forwards, not forced: it stays', 5000, false, 4],
    ['backwards, not forced', 1000, false, 1],
    ['to before the first', -3_600_000, true, 0],
  ])('%s, by time', async (_, afterMs, isForce, wanted) => {
    const { broker, client, began } = await setUp();
    const consumer = await member(broker, 'c');
    const reply = await ask(client, began + afterMs, isForce);
    expect(reply).toEqual({ ...DONE, remark: NO_REMARK_SET, body: Buffer.from(table(wanted)) });
    await broker.settle();
    expect(consumer.requested(220)).toMatchObject({ flag: 2, body: Buffer.from(table(wanted)) });
  });

  it('to the end with -1; the members are told the time and never that it is forced', async () => {
    const { broker, client } = await setUp();
    const consumer = await member(broker, 'c');
    expect((await ask(client, -1)).body.toString()).toBe(table(6));
    await broker.settle();
    expect(consumer.pushed).toEqual(['220 topic=T group=g timestamp=-1 isForce=false']);
  });

  it('leaves the table of the broker as it is, and tells every member', async () => {
    const { broker, client } = await setUp();
    const consumers = [await member(broker, 'c1'), await member(broker, 'c2')];
    for (const consumer of consumers) consumer.frames.received.length = 0;
    await ask(client, 0);
    await broker.settle();
    expect(consumers.map(({ pushed }) => pushed.length)).toEqual([1, 1]);
    expect((await client.ask(14, { consumerGroup: 'g', topic: 'T', queueId: 0 })).ext).toEqual({ offset: '4' });
  });

  it('tells a list when a tool in C++ asks, which gets the table itself', async () => {
    const { broker, client } = await setUp();
    const consumer = await member(broker, 'c');
    expect((await ask(client, -1, true, { language: 'CPP' })).body.toString()).toBe(table(6));
    await broker.settle();
    expect(consumer.requested(220).body?.toString()).toBe(
      '{"offsetTable":[{"brokerName":"broker-a","offset":6,"queueId":0,"topic":"T"},' +
        '{"brokerName":"broker-a","offset":0,"queueId":1,"topic":"T"}]}',
    );
  });

  it('is refused when nobody is online: tools then write the offsets themselves, by 15', async () => {
    const { client } = await setUp();
    const remark = 'Consumer not online, so can not reset offset, Group: g Topic: T Timestamp: 5';
    expect(await ask(client, 5)).toEqual({ ...DONE, code: 206, remark });
    await client.ask(15, { consumerGroup: 'g', topic: 'T', queueId: 0, commitOffset: 1 });
    expect((await client.ask(14, { consumerGroup: 'g', topic: 'T', queueId: 0 })).ext).toEqual({ offset: '1' });
  });

  it('is refused when a member is too old, and then nobody is told', async () => {
    const { broker, client } = await setUp();
    const young = await member(broker, 'young');
    await member(broker, 'old', { version: 27 });
    young.frames.received.length = 0;
    const remark = 'the client does not support this feature. version=V3_0_6';
    expect(await ask(client, 0)).toEqual({ ...DONE, code: 1, remark });
    await broker.settle();
    expect(young.pushed).toEqual([]);
  });

  it('reaches a member of version 28', async () => {
    const { broker, client } = await setUp();
    const consumer = await member(broker, 'c', { version: 28 });
    expect((await ask(client, 0)).code).toBe(0);
    await broker.settle();
    expect(consumer.pushed).toHaveLength(1);
  });

  it.each([
    ['topic', { topic: 'X' }, '[reset-offset] reset offset failed, no topic in this broker. topic=X'],
    ['group', { group: 'new' }, 'THe consumer group <new> not exist'],
  ])('of an unknown %s is refused', async (_, more, remark) => {
    const { broker, client } = await setUp();
    await member(broker, 'c');
    const reply = await client.ask(222, { topic: 'T', group: 'g', timestamp: 0, isForce: true, ...more });
    expect(reply).toEqual({ ...DONE, code: 1, remark });
  });

  it('is refused when the group has no offset of one of the queues', async () => {
    const { broker, client } = await setUp();
    await member(broker, 'c');
    await client.ask(17, {
      topic: 'T',
      defaultTopic: 'x',
      readQueueNums: 3,
      writeQueueNums: 3,
      perm: 6,
      topicFilterType: 'SINGLE_TAG',
      order: false,
    });
    expect(await ask(client, 0)).toEqual({ ...DONE, code: 1, remark: 'THe consumer group <g> not exist' });
  });
});
