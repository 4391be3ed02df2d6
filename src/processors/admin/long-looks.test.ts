import { describe, expect, it } from 'vitest';
import { BrokerFixture, groupsFile, topicOf, topicsFile } from '../../../testing/broker-fixture.ts';
import { heartbeat, subscription } from '../../../testing/requests.ts';

const QUEUES = 3000;

describe('a look at thousands of queues', () => {
  it.each([
    [202, { topic: 'Wide' }],
    [208, { consumerGroup: 'g' }],
    [222, { topic: 'Wide', group: 'g', timestamp: -1, isForce: true }],
    [303, { topic: 'Wide', group: 'g' }],
    [317, { isOrder: false }],
  ])('by %i keeps nobody else waiting, and ends', async (code, fields) => {
    const offsets = Object.fromEntries(Array.from({ length: QUEUES }, (_, queueId) => [queueId, 0]));
    const files = {
      'topics.json': topicsFile(topicOf('Wide', { readQueueNums: QUEUES, writeQueueNums: QUEUES })),
      'subscriptionGroup.json': groupsFile({ g: {} }),
      'consumerOffset.json': { offsetTable: { 'Wide@g': offsets } },
    };
    const broker = await BrokerFixture.start({ files });
    const client = await broker.client();
    const beside = await broker.client();
    const body = heartbeat('c', [{ group: 'g', subscriptions: [subscription('Wide')] }]);
    await beside.ask(34, {}, { body });
    const opaque = client.send(code, fields);
    expect((await beside.ask(30, { topic: 'Wide', queueId: 0 })).code).toBe(0);
    expect(client.replyTo(opaque)).toBeUndefined();
    for (let round = 0; round < 100 && client.replyTo(opaque) === undefined; round++) await broker.settle();
    const reply = client.replyTo(opaque);
    expect([reply?.code, reply?.body.toString().split('"queueId"').length]).toEqual([0, QUEUES + 1]);
  });
});
