import { describe, expect, it } from 'vitest';
import { BrokerFixture, groupsFile, topicOf, topicsFile } from '../../testing/broker-fixture.ts';
import { heartbeat, sendFields } from '../../testing/requests.ts';
import type { TestClient } from '../../testing/test-client.ts';

const QUEUE = { consumerGroup: 'g', topic: 'T', queueId: 0 };

async function setUp(options: ConstructorParameters<typeof BrokerFixture>[0] = {}) {
  const broker = await BrokerFixture.start({ files: { 'topics.json': topicsFile(topicOf('T')) }, ...options });
  return { broker, client: await broker.client() };
}

async function send(client: TestClient, times: number): Promise<void> {
  for (let n = 0; n < times; n++) await client.ask(10, sendFields(), { body: 'x'.repeat(900) });
}

describe('the offset of a group (14, 15)', () => {
  it('is what was committed last, also when that is less', async () => {
    const { client } = await setUp();
    for (const commitOffset of [5, 3]) {
      const reply = await client.ask(15, { ...QUEUE, commitOffset });
      expect(reply).toEqual({ code: 0, remark: undefined, ext: {}, body: Buffer.alloc(0) });
      expect(await client.ask(14, QUEUE)).toMatchObject({ code: 0, ext: { offset: String(commitOffset) } });
    }
  });

  it('committed oneway is kept too', async () => {
    const { client } = await setUp();
    await client.tell(15, { ...QUEUE, commitOffset: 7 });
    expect((await client.ask(14, QUEUE)).ext).toEqual({ offset: '7' });
    expect(client.frames.received).toHaveLength(1);
  });

  it.each([
    ['a new group on a queue that is still whole', {}],
    ['an unknown topic', { topic: 'Unknown' }],
    ['an unknown queue', { queueId: 99 }],
  ])('is 0 for %s', async (_, more) => {
    const { client } = await setUp();
    await send(client, 3);
    expect(await client.ask(14, { ...QUEUE, ...more })).toMatchObject({ code: 0, ext: { offset: '0' } });
  });

  it('is unknown for a new group when the first message counts as on disk', async () => {
    const { broker, client } = await setUp();
    await send(client, 2);
    broker.configs.messageStoreConfig.accessMessageInMemoryMaxRatio = 0;
    expect(await client.ask(14, QUEUE)).toEqual({
      code: 22,
      remark: 'Not found, V3_0_6_SNAPSHOT maybe this group consumer boot first',
      ext: {},
      body: Buffer.alloc(0),
    });
  });

  it.each([
    ['a group of no allowed name', { consumerGroup: 'a b' }, 'the specified group[a b] contains illegal characters, '],
    ['a topic of no allowed name', { topic: '../x' }, 'The specified topic[../x] contains illegal characters, '],
    ['a negative queue', { queueId: -1 }, 'offset not kept: queueId[-1] is illegal'],
    ['a queue that no topic has', { queueId: 65_536 }, 'offset not kept: queueId[65536] is illegal'],
  ])('is not kept for %s, and nothing is left of it', async (_, more, remark) => {
    const { broker, client } = await setUp();
    const reply = await client.ask(15, { ...QUEUE, ...more, commitOffset: 1 });
    expect([reply.code, reply.remark?.slice(0, remark.length)]).toEqual([1, remark]);
    await broker.stop();
    expect(broker.state('consumerOffset.json')).toEqual({ offsetTable: {} });
  });

  it('is kept for names that a Java store holds', async () => {
    const files = {
      'topics.json': topicsFile(topicOf('my.topic')),
      'subscriptionGroup.json': groupsFile({ 'my.group': {} }),
    };
    const { client } = await setUp({ files });
    const queue = { consumerGroup: 'my.group', topic: 'my.topic', queueId: 0 };
    expect((await client.ask(15, { ...queue, commitOffset: 4 })).code).toBe(0);
    expect((await client.ask(14, queue)).ext).toEqual({ offset: '4' });
  });

  it('is saved after 10 s, then every 5 s, and at a stop; a start reads it', async () => {
    const { broker, client } = await setUp();
    await client.ask(15, { ...QUEUE, commitOffset: 5 });
    await broker.advance(9000);
    expect(broker.state('consumerOffset.json')).toBeUndefined();
    await broker.advance(1000);
    expect(broker.state('consumerOffset.json')).toEqual({ offsetTable: { 'T@g': { '0': 5 } } });
    await client.ask(15, { ...QUEUE, commitOffset: 6 });
    await broker.advance(5000);
    expect(broker.state('consumerOffset.json')).toEqual({ offsetTable: { 'T@g': { '0': 6 } } });
    await client.ask(15, { ...QUEUE, commitOffset: 7 });
    await broker.stop();
    await broker.start();
    expect((await (await broker.client()).ask(14, QUEUE)).ext).toEqual({ offset: '7' });
  });
});

describe('the members of a group (38)', () => {
  it('are its client ids, with empty extFields', async () => {
    const { broker, client } = await setUp();
    const other = await broker.client();
    await client.ask(34, {}, { body: heartbeat('10.0.0.1@1', [{ group: 'g' }]) });
    await other.ask(34, {}, { body: heartbeat('10.0.0.1@2', [{ group: 'g' }]) });
    expect(await client.ask(38, { consumerGroup: 'g' })).toEqual({
      code: 0,
      remark: undefined,
      ext: {},
      body: Buffer.from('{"consumerIdList":["10.0.0.1@1","10.0.0.1@2"]}'),
    });
  });

  it('are an error when there are none', async () => {
    const { client } = await setUp();
    const reply = await client.ask(38, { consumerGroup: 'g' });
    expect(reply).toMatchObject({ code: 1, remark: 'no consumer for this group, g', ext: {} });
  });
});
