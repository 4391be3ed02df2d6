import { expect, it } from 'vitest';
import { ClusterFixture } from '../../../testing/cluster-fixture.ts';

it.each([
  ['with its address', { filterServerAddr: '10.6.6.6:30000' }],
  ['without', {}],
])('a filter server that registers (301) %s is answered, and no route leads to it', async (_, fields) => {
  const { broker, namesrv } = await ClusterFixture.start();
  const client = await broker.client();
  const { code, ext } = await client.ask(301, fields);
  expect([code, ext]).toEqual([0, { brokerName: 'broker-a', brokerId: '0' }]);
  await broker.advance(31_000);
  const asker = await namesrv.client();
  const route = (await asker.ask(105, { topic: 'TBW102' })).body.toString();
  expect(route).toContain('"brokerName":"broker-a"');
  expect(route).toContain('"filterServerTable":{}');
});

it('an uploaded class (302) is not taken', async () => {
  const { broker } = await ClusterFixture.start();
  const client = await broker.client();
  const fields = { consumerGroup: 'g', topic: 'T', className: 'Filter', classCRC: 0 };
  expect((await client.ask(302, fields, { body: 'class Filter {}' })).code).toBe(3);
});
