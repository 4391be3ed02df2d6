import { describe, expect, it } from 'vitest';
import { BrokerFixture, topicOf, topicsFile } from '../../../testing/broker-fixture.ts';
import { heartbeat, sendFields, subscription } from '../../../testing/requests.ts';
import type { TestClient } from '../../../testing/test-client.ts';

async function setUp(options: ConstructorParameters<typeof BrokerFixture>[0] = {}) {
  const broker = await BrokerFixture.start({
    files: { 'topics.json': topicsFile(topicOf('T', { writeQueueNums: 2 }), topicOf('U')) },
    ...options,
  });
  return { broker, client: await broker.client() };
}

const DONE = { code: 0, remark: undefined, ext: undefined, body: Buffer.alloc(0) };

function commit(client: TestClient, consumerGroup: string, commitOffset: number, topic = 'T', queueId = 0) {
  return client.ask(15, { consumerGroup, topic, queueId, commitOffset });
}

async function offsetOf(client: TestClient, consumerGroup: string, topic = 'T', queueId = 0) {
  return (await client.ask(14, { consumerGroup, topic, queueId })).ext?.['offset'];
}

describe('all offsets (43)', () => {
  it('are the table as the file has it, compact', async () => {
    const { client } = await setUp();
    expect(await client.ask(43)).toEqual({ ...DONE, body: Buffer.from('{"offsetTable":{}}') });
    await commit(client, 'g', 3);
    await commit(client, 'g', 7, 'T', 1);
    expect((await client.ask(43)).body.toString()).toBe('{"offsetTable":{"T@g":{0:3,1:7}}}');
  });
});

describe('how far a group is behind in time (303)', () => {
  async function spans(client: TestClient, group: string) {
    const { code, body } = await client.ask(303, { topic: 'T', group });
    expect(code).toBe(0);
    return (JSON.parse(body.toString()) as { consumeTimeSpanSet: Record<string, unknown>[] }).consumeTimeSpanSet;
  }

  it('is told for each writable queue', async () => {
    const { broker, client } = await setUp();
    const began = broker.clock.now();
    for (let n = 0; n < 3; n++) {
      await client.ask(10, sendFields());
      await broker.advance(1000);
    }
    await commit(client, 'g', 1);
    const [first, second] = await spans(client, 'g');
    const queue = (queueId: number) => ({ brokerName: 'broker-a', queueId, topic: 'T' });
    expect(first).toMatchObject({
      messageQueue: queue(0),
      minTimeStamp: began,
      maxTimeStamp: began + 2000,
      consumeTimeStamp: began,
      delayTime: 2000,
    });
    expect(first?.['minTimeStampStr']).toMatch(/^\d{4}-\d\d-\d\d#\d\d:\d\d:\d\d:\d{3}$/);
    expect(second).toMatchObject({ messageQueue: queue(1), minTimeStamp: -1, maxTimeStamp: -1, consumeTimeStamp: -1 });
    expect(Object.keys(first ?? {})).toEqual([
      'consumeTimeStamp',
      'consumeTimeStampStr',
      'delayTime',
      'maxTimeStamp',
      'maxTimeStampStr',
      'messageQueue',
      'minTimeStamp',
      'minTimeStampStr',
    ]);
  });

  it('is 0 at the end; without an offset it is the time since just before 1970, as with Java', async () => {
    const { broker, client } = await setUp();
    await client.ask(10, sendFields());
    await commit(client, 'done', 1);
    await commit(client, 'began', 0);
    expect((await spans(client, 'began'))[0]).toMatchObject({ consumeTimeStamp: broker.clock.now(), delayTime: 0 });
    expect((await spans(client, 'done'))[0]?.['delayTime']).toBe(0);
    expect((await spans(client, 'new'))[0]?.['delayTime']).toBe(broker.clock.now() + 1);
  });

  it('is an error for a topic that is not there', async () => {
    const { client } = await setUp();
    const reply = await client.ask(303, { topic: 'X', group: 'g' });
    expect(reply).toEqual({ ...DONE, code: 17, remark: 'topic[X] not exist' });
  });
});

describe('the smallest offsets of a topic (308)', () => {
  const corrections = async (client: TestClient, more: Readonly<Record<string, string>> = {}) =>
    (await client.ask(308, { topic: 'T', compareGroup: 'none', ...more })).body.toString();

  it('are those of all its groups by queue', async () => {
    const { client } = await setUp();
    await commit(client, 'g', 5);
    await commit(client, 'h', 3);
    await commit(client, 'h', 9, 'T', 1);
    await commit(client, 'h', 1, 'U');
    expect(await corrections(client)).toBe('{"correctionOffsets":{0:3,1:9}}');
    expect(await corrections(client, { topic: 'X' })).toBe('{"correctionOffsets":{}}');
  });

  it('leave groups out, whose offsets Java would delete', async () => {
    const { client } = await setUp();
    await commit(client, 'g', 5);
    await commit(client, 'h', 3);
    await commit(client, 'h', 9, 'T', 1);
    await commit(client, 'i', 4);
    expect(await corrections(client, { filterGroups: 'h,i' })).toBe('{"correctionOffsets":{0:5}}');
    expect([await offsetOf(client, 'h'), await offsetOf(client, 'i')]).toEqual(['3', '4']);
  });

  it('look the group to compare with up as Java does, topic and group exchanged', async () => {
    const { client } = await setUp();
    await commit(client, 'g', 5);
    await commit(client, 'T', 4, 'U');
    expect(await corrections(client, { compareGroup: 'g' })).toBe('{"correctionOffsets":{0:5}}');
    expect(await corrections(client, { compareGroup: 'U' })).toBe('{"correctionOffsets":{0:9223372036854775807}}');
    await commit(client, 'T', 4, 'U', 3);
    expect((await client.ask(308, { topic: 'T', compareGroup: 'U' })).code).toBe(1);
  });
});

describe('offsets of one group given to another (314)', () => {
  it('are those of the one topic that is named, and take the place of what it had', async () => {
    const { broker, client } = await setUp();
    await commit(client, 'from', 5);
    await commit(client, 'from', 6, 'U');
    await commit(client, 'to', 9, 'T', 1);
    await broker.advance(20_000);
    expect(await client.ask(314, { srcGroup: 'from', destGroup: 'to', topic: 'T', offline: true })).toEqual(DONE);
    expect((await client.ask(43)).body.toString()).toBe('{"offsetTable":{"T@from":{0:5},"U@from":{0:6},"T@to":{0:5}}}');
    await broker.advance(20_000);
    expect(broker.state('consumerOffset.json')).toMatchObject({ offsetTable: { 'T@to': { 0: 5 } } });
    await commit(client, 'from', 7);
    expect(await offsetOf(client, 'to')).toBe('5');
  });

  it.each([
    ['no topic is named', { topic: undefined }],
    ['a blank topic is named', { topic: ' ' }],
    ['the topic is not there', { topic: 'X' }],
    ['the group has no offsets', { srcGroup: 'none' }],
    ['the connected members read another topic', { srcGroup: 'reads-u', offline: false }],
  ])('are not copied when %s', async (_, more) => {
    const { client } = await setUp();
    await commit(client, 'from', 5);
    await commit(client, 'reads-u', 5);
    await client.ask(34, {}, { body: heartbeat('c', [{ group: 'reads-u', subscriptions: [subscription('U')] }]) });
    const fields = { srcGroup: 'from', destGroup: 'to', topic: 'T', offline: true, ...more };
    expect(await client.ask(314, fields)).toEqual(DONE);
    expect((await client.ask(43)).body.toString()).not.toContain('@to');
  });

  it('are not given to a group of no allowed name', async () => {
    const { client } = await setUp();
    await commit(client, 'from', 5);
    const reply = await client.ask(314, { srcGroup: 'from', destGroup: 'a b', topic: 'T', offline: true });
    expect([reply.code, reply.remark?.slice(0, 24)]).toEqual([1, 'the specified group[a b]']);
  });
});
