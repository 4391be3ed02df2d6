import { describe, expect, it } from 'vitest';
import { ClusterFixture } from '../../../testing/cluster-fixture.ts';
import { topicFields } from '../../../testing/requests.ts';
import type { Fields, TestClient } from '../../../testing/test-client.ts';

const ADDRESS = '10.6.6.6:30000';

/** A broker with this filterServerNums, and what the name server says of its filter servers. */
async function setUp(filterServerNums: number) {
  const { broker, namesrv } = await ClusterFixture.start();
  broker.configs.brokerConfig.filterServerNums = filterServerNums;
  const [asker, administrator] = [await namesrv.client(), await broker.client()];
  const announced = async (): Promise<string | undefined> => {
    // A changed topic makes the broker register at once.
    expect((await administrator.ask(17, topicFields({ topic: 'Changed' }))).code).toBe(0);
    await broker.settle();
    const route = (await asker.ask(105, { topic: 'TBW102' })).body.toString();
    expect(route).toContain('"brokerName":"broker-a"');
    return /"filterServerTable":(\{.*?\}),/.exec(route)?.[1];
  };
  const register = async (client: TestClient, fields: Fields = { filterServerAddr: ADDRESS }): Promise<void> => {
    const { code, ext } = await client.ask(301, fields);
    expect([code, ext]).toEqual([0, { brokerName: 'broker-a', brokerId: '0' }]);
  };
  return { broker, client: await broker.client(), announced, register };
}

describe('a filter server that registers (301)', () => {
  it('is answered, and no route leads to it', async () => {
    const { client, announced, register } = await setUp(0);
    await register(client);
    expect(await announced()).toBe('{}');
  });

  it('is announced where the operator says that there are some, until it leaves', async () => {
    const { client, announced, register } = await setUp(1);
    expect(await announced()).toBe('{}');
    await register(client);
    // As in Java, the first address of a connection counts.
    await register(client, { filterServerAddr: '10.6.6.6:30001' });
    expect(await announced()).toBe(`{"127.0.0.1:10911":["${ADDRESS}"]}`);
    await client.close();
    expect(await announced()).toBe('{}');
  });

  it('is closed and forgotten after 30 s of silence, and not before', async () => {
    const { broker, client, announced, register } = await setUp(1);
    await register(client);
    await broker.advance(25_000);
    await register(client);
    await broker.advance(29_000);
    expect([client.frames.closed, await announced()]).toEqual([undefined, `{"127.0.0.1:10911":["${ADDRESS}"]}`]);
    await broker.advance(12_000);
    expect([typeof client.frames.closed, await announced()]).toEqual(['string', '{}']);
  });

  it('is not kept without an address, or with a lengthy one, or beyond 256', async () => {
    const { broker, client, announced, register } = await setUp(1);
    await register(client, {});
    await register(client, { filterServerAddr: 'x'.repeat(256) });
    expect(await announced()).toBe('{}');
    for (let index = 0; index < 260; index++) {
      await register(await broker.client(), { filterServerAddr: `10.0.0.1:${index}` });
    }
    expect((await announced())?.match(/10\.0\.0\.1:/g)).toHaveLength(256);
  });
});

it('an uploaded class (302) is not taken', async () => {
  const { client } = await setUp(1);
  const fields = { consumerGroup: 'g', topic: 'T', className: 'Filter', classCRC: 0 };
  expect((await client.ask(302, fields, { body: 'class Filter {}' })).code).toBe(3);
});
