import { describe, expect, it } from 'vitest';
import { BrokerFixture, topicOf, topicsFile } from '../../../testing/broker-fixture.ts';
import { heartbeat, sendFields, subscription } from '../../../testing/requests.ts';
import type { Fields, TestClient } from '../../../testing/test-client.ts';
import { javaStringHash } from '../../util/java-hash.ts';

const NO_REMARK_SET = 'not set any response code';

/** Three messages with tags A, B and none. */
async function setUp(ext = false) {
  const broker = await BrokerFixture.start({
    files: { 'topics.json': topicsFile(topicOf('T')) },
    settings: ({ messageStoreConfig }) => {
      messageStoreConfig.enableConsumeQueueExt = ext;
    },
  });
  const client = await broker.client();
  for (const properties of ['TAGS\u0001A\u0002', 'TAGS\u0001B\u0002', ''])
    await client.ask(10, sendFields({ properties }));
  return { broker, client };
}

async function query(client: TestClient, more: Fields = {}) {
  const { code, remark, ext, body } = await client.ask(321, { topic: 'T', queueId: 0, index: 0, count: 10, ...more });
  expect(ext).toBeUndefined();
  return { code, remark, body: body.length === 0 ? undefined : JSON.parse(body.toString()) };
}

const entry = (physicOffset: number, physicSize: number, tags: string) => ({
  eval: false,
  physicOffset,
  physicSize,
  tagsCode: tags === '' ? 0 : javaStringHash(tags),
});

describe('entries of a consume queue (321)', () => {
  it('are told from an index on, as many as asked for, with the ends of the queue', async () => {
    const { client } = await setUp();
    const size = 122;
    const all = [entry(0, size, 'A'), entry(size, size, 'B'), entry(2 * size, size - 7, '')];
    const ends = { maxQueueIndex: 3, minQueueIndex: 0 };
    expect(await query(client)).toEqual({ code: 0, remark: NO_REMARK_SET, body: { ...ends, queueData: all } });
    expect((await query(client, { index: 1, count: 1 })).body.queueData).toEqual([all[1]]);
    expect((await query(client, { count: 0 })).body.queueData).toEqual([]);
    expect((await query(client, { count: -1 })).body.queueData).toEqual([]);
    expect((await query(client, { count: 2_147_483_647 })).body.queueData).toEqual(all);
  });

  it.each([3, -1, 9e15])('from index %d there are none', async (index) => {
    const { client } = await setUp();
    expect(await query(client, { index })).toEqual({
      code: 0,
      remark: `Index ${index} of 0@T is not exist!`,
      body: { maxQueueIndex: 3, minQueueIndex: 0 },
    });
  });

  it('of a queue that is not there are an error', async () => {
    const { client } = await setUp();
    expect(await query(client, { topic: 'X' })).toMatchObject({ code: 1, remark: '0@X is not exist!' });
    expect(await query(client, { queueId: 9 })).toMatchObject({ code: 1, remark: '9@T is not exist!' });
    expect(await query(client, { topic: undefined })).toMatchObject({ code: 1, remark: '0@null is not exist!' });
  });

  it('come with the subscription of a group', async () => {
    const { client } = await setUp();
    const off = await query(client, { consumerGroup: 'g' });
    expect(off.body).toMatchObject({ filterData: 'g@T is not online!' });
    expect(off.body.subscriptionData).toBeUndefined();
    await client.ask(34, {}, { body: heartbeat('c', [{ group: 'g', subscriptions: [subscription('T')] }]) });
    const on = await query(client, { consumerGroup: 'g' });
    expect(on.body).toMatchObject({ filterData: 'null', subscriptionData: { topic: 'T', subString: '*' } });
  });

  it("come with the filter of a group that picks by SQL, as Java's tools show it", async () => {
    const { broker, client } = await setUp();
    const sql = { subString: 'a > 5', expressionType: 'SQL92', subVersion: 7 };
    await client.ask(34, {}, { body: heartbeat('c', [{ group: 'g', subscriptions: [subscription('T', sql)] }]) });
    const { filterData } = (await query(client, { consumerGroup: 'g' })).body;
    expect(filterData).toMatch(/^\{\n\t"bloomFilterData":\{/);
    const { bloomFilterData, ...told } = JSON.parse(filterData);
    expect(bloomFilterData.bitPos).toHaveLength(3);
    const times = { bornTime: broker.clock.now(), clientVersion: 7, dead: false, deadTime: 0 };
    const names = { consumerGroup: 'g', topic: 'T', expression: 'a > 5', expressionType: 'SQL92' };
    expect(told).toEqual({ ...times, ...names });
  });

  it('come with the units of the extension, and whether the group reads them', async () => {
    const { broker, client } = await setUp(true);
    const codes = { subString: 'A', tagsSet: ['A'], codeSet: [javaStringHash('A')], expressionType: 'TAG' };
    await client.ask(34, {}, { body: heartbeat('c', [{ group: 'g', subscriptions: [subscription('T', codes)] }]) });
    const text = (await client.ask(321, { topic: 'T', queueId: 0, index: 0, count: 2, consumerGroup: 'g' })).body;
    const unit = (tag: string) =>
      JSON.stringify({ msgStoreTime: broker.clock.now(), size: 20, tagsCode: javaStringHash(tag) });
    const { queueData } = JSON.parse(text.toString());
    expect(queueData.map((data: { extendDataJson: string }) => data.extendDataJson)).toEqual([unit('A'), unit('B')]);
    expect(queueData.map((data: { eval: boolean }) => data.eval)).toEqual([true, false]);
    expect(text.toString()).toContain('"tagsCode":-9223372036854775808}');
    expect(text.toString()).toContain('"tagsCode":-9223372036854775788}');
  });
});
