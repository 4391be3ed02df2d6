import { describe, expect, it } from 'vitest';
import { BrokerFixture, groupsFile, topicOf, topicsFile } from '../../../testing/broker-fixture.ts';
import { heartbeat, sendFields, subscription } from '../../../testing/requests.ts';
import type { TestClient } from '../../../testing/test-client.ts';

async function setUp(topics: readonly object[], files: Readonly<Record<string, unknown>> = {}) {
  const broker = await BrokerFixture.start({
    files: { 'topics.json': topicsFile(...topics), 'subscriptionGroup.json': groupsFile({ g: {} }), ...files },
  });
  return { broker, client: await broker.client() };
}

const ONE_QUEUE = { writeQueueNums: 1, readQueueNums: 2 };

/** The part of the answer that is about group `g`, and the sum. */
async function stats(client: TestClient, isOrder: boolean): Promise<[string | undefined, number]> {
  const { code, remark, ext, body } = await client.ask(317, { isOrder });
  expect([code, remark, ext]).toEqual([0, undefined, undefined]);
  const text = body.toString();
  expect(text.startsWith('{"brokerAddr":"127.0.0.1:10911","consumeStatsList":[{')).toBe(true);
  expect(text).toContain('{"TOOLS_CONSUMER":[]}');
  const sum = text.match(/"totalDiff":(-?\d+)\}$/)?.[1];
  return [text.match(/\{"g":(\[.*?\])\}[,\]]/)?.[1], Number(sum)];
}

const statsOf = (topic: string, brokerOffset: number, consumerOffset: number, lastTimestamp: number): string =>
  `{"consumeTps":0.0,"offsetTable":{{"brokerName":"broker-a","queueId":0,"topic":"${topic}"}:` +
  `{"brokerOffset":${brokerOffset},"consumerOffset":${consumerOffset},"lastTimestamp":${lastTimestamp}}}}`;

describe('how far all groups are (317)', () => {
  it('is told by group and topic for each writable queue, with the sum of what is left to read', async () => {
    const { broker, client } = await setUp([topicOf('T', ONE_QUEUE), topicOf('U', { ...ONE_QUEUE, order: true })]);
    const began = broker.clock.now();
    for (let n = 0; n < 3; n++) await client.ask(10, sendFields());
    await client.ask(15, { consumerGroup: 'g', topic: 'T', queueId: 0, commitOffset: 1 });
    await client.ask(15, { consumerGroup: 'g', topic: 'U', queueId: 0, commitOffset: 5 });
    await client.ask(15, { consumerGroup: 'g', topic: 'Gone', queueId: 0, commitOffset: 5 });
    expect(await stats(client, false)).toEqual([`[${statsOf('T', 3, 1, began)},${statsOf('U', 0, 5, 0)}]`, -3]);
    expect(await stats(client, true)).toEqual([`[${statsOf('U', 0, 5, 0)}]`, -5]);
  });

  it('leaves out topics that the connected members do not read', async () => {
    const { client } = await setUp([topicOf('T', ONE_QUEUE)]);
    await client.ask(15, { consumerGroup: 'g', topic: 'T', queueId: 0, commitOffset: 1 });
    await client.ask(34, {}, { body: heartbeat('c', [{ group: 'g', subscriptions: [subscription('U')] }]) });
    expect(await stats(client, false)).toEqual(['[]', 0]);
  });

  it('is refused when it would fit no frame', async () => {
    const wide = Array.from({ length: 4 }, (_, n) => topicOf(`Wide${n}`, { writeQueueNums: 30_000 }));
    const offsetTable = Object.fromEntries(wide.map((_, n) => [`Wide${n}@g`, { 0: 1 }]));
    const { broker, client } = await setUp(wide, { 'consumerOffset.json': { offsetTable } });
    const opaque = client.send(317, { isOrder: false });
    for (let round = 0; round < 1000 && client.replyTo(opaque) === undefined; round++) await broker.settle();
    const remark = 'more than 100000 queues of groups: ask for single groups';
    expect(client.replyTo(opaque)).toMatchObject({ code: 1, remark });
  });
});
