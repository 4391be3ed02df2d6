import { expect, it } from 'vitest';
import { RemotingFixture } from '../../testing/remoting-fixture.ts';
import { consumeStats } from '../codec/bodies/consume-stats.ts';
import { encodeBody } from '../codec/bodies/schema.ts';
import { RemotingClient } from '../remoting/client.ts';
import { MqClient } from './mq-client.ts';
import { consumeStatsAt, totalDiff } from './stats.ts';

it('the figures of a group are those of all brokers together', async () => {
  const asked: (string | undefined)[] = [];
  const broker = await RemotingFixture.start({
    handlers: {
      GET_CONSUME_STATS: ({ header }) => {
        asked.push(`${header.consumerGroup} ${header.topic}`);
        const queueId = asked.length;
        const offsets = { brokerOffset: 10 * queueId, consumerOffset: queueId, lastTimestamp: 5 };
        const offsetTable = new Map([[{ topic: 'T', brokerName: 'b', queueId }, offsets]]);
        return { code: 'SUCCESS', body: encodeBody(consumeStats, { consumeTps: 1.25 * queueId, offsetTable }) };
      },
    },
  });
  const { clock, log, net, turn } = broker;
  const mq = new MqClient({ remoting: new RemotingClient({ net, clock, log, turn }), namesrvAddr: '127.0.0.1:9876' });
  const addresses = ['127.0.0.1:10911', '127.0.0.1:10909'];
  const stats = await broker.done(consumeStatsAt(mq, addresses, { consumerGroup: 'g', topic: 'T' }));
  expect(stats.consumeTps).toBe(3.75);
  expect([...stats.offsetTable.keys()].map(({ queueId }) => queueId)).toEqual([1, 2]);
  expect(totalDiff(stats)).toBe(10 - 1 + 20 - 2);
  await broker.done(consumeStatsAt(mq, addresses.slice(1), { consumerGroup: 'g' }));
  expect(asked).toEqual(['g T', 'g T', expect.stringMatching(/^g (undefined)?$/)]);
});
