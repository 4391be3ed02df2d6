import { describe, expect, it } from 'vitest';
import { ClusterFixture } from '../../testing/cluster-fixture.ts';
import { field, header } from '../codec/header.ts';
import { answerHeader } from './answer.ts';

const topic = {
  topicName: 'T',
  order: false,
  perm: 6,
  readQueueNums: 2,
  writeQueueNums: 2,
  topicFilterType: 'SINGLE_TAG',
  topicSysFlag: 0,
} as const;

describe('MqClient', () => {
  it('finds brokers through the name server', async () => {
    const cluster = await ClusterFixture.start();
    const { client } = cluster;
    expect(await cluster.brokerAddress()).toBe('127.0.0.1:10911');
    expect(await cluster.done(client.route('nobody-has-it'))).toBeUndefined();
    const { clusterAddrTable } = await cluster.done(client.clusters());
    expect([...clusterAddrTable]).toEqual([['DefaultCluster', ['broker-a']]]);
  });

  it('creates a topic, sends, and reads back what it sent', async () => {
    const cluster = await ClusterFixture.start();
    const { client } = cluster;
    const address = await cluster.brokerAddress();
    await cluster.done(client.createTopic(address, topic));
    expect((await cluster.done(client.route('T')))?.queueDatas).toMatchObject([{ brokerName: 'broker-a', perm: 6 }]);
    for (const n of [0, 1]) {
      const message = { topic: 'T', queueId: 1, body: Buffer.from(`body ${n}`), bornTimestamp: 5, flag: 7 };
      const sent = await cluster.done(client.send(address, { ...message, properties: [['TAGS', `t${n}`]] }));
      expect(sent).toMatchObject({ status: 'SUCCESS', queueId: 1, queueOffset: n });
      expect(sent.msgId).toMatch(/^7F00000100002A9F[0-9A-F]{16}$/);
    }
    const what = { consumerGroup: 'g', topic: 'T', queueId: 1, maxMsgNums: 32 };
    const all = await cluster.done(client.pull(address, { ...what, queueOffset: 0 }));
    expect(all).toMatchObject({ status: 'SUCCESS', nextBeginOffset: 2, minOffset: 0, maxOffset: 2 });
    const read = all.messages.map(({ body, flag, properties }) => [body.toString(), flag, properties.get('TAGS')]);
    expect(read).toEqual([
      ['body 0', 7, 't0'],
      ['body 1', 7, 't1'],
    ]);
    const tagged = await cluster.done(client.pull(address, { ...what, queueOffset: 0, subscription: 't1' }));
    expect(tagged.messages.map(({ queueOffset }) => queueOffset)).toEqual([1]);
    const held = await cluster.done(client.pull(address, { ...what, queueOffset: 2, suspendTimeoutMs: 1000 }));
    expect([held.status, held.nextBeginOffset, held.messages]).toEqual(['PULL_NOT_FOUND', 2, []]);
    const { offset } = await cluster.done(client.askHeader(address, 'GET_MAX_OFFSET', { topic: 'T', queueId: 1 }));
    expect(offset).toBe(2);
  });

  it('sends heartbeats', async () => {
    const cluster = await ClusterFixture.start();
    const address = await cluster.brokerAddress();
    const data = {
      clientID: 'me',
      producerDataSet: [],
      consumerDataSet: [
        {
          groupName: 'g',
          consumeType: 'CONSUME_PASSIVELY' as const,
          messageModel: 'CLUSTERING' as const,
          consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET' as const,
          subscriptionDataSet: [],
          unitMode: false,
        },
      ],
    };
    await cluster.done(cluster.client.heartbeat(address, data));
    const members = await cluster.done(
      cluster.client.ask(address, 'GET_CONSUMER_LIST_BY_GROUP', { consumerGroup: 'g' }),
    );
    expect(members.body?.toString()).toBe('{"consumerIdList":["me"]}');
  });

  it('rejects with the code and remark of a refusal, and when nobody answers', async () => {
    const cluster = await ClusterFixture.start();
    const { client } = cluster;
    const address = await cluster.brokerAddress();
    const message = { topic: 'a/b', queueId: 0, body: Buffer.from('x'), bornTimestamp: 5 };
    await expect(cluster.done(client.send(address, message))).rejects.toMatchObject({
      code: 'SYSTEM_ERROR',
      codeNumber: 1,
      message: expect.stringContaining('illegal characters'),
    });
    await expect(cluster.done(client.send('127.0.0.1:1', message))).rejects.toMatchObject({
      problem: 'connect failed',
    });
  });
});

describe('answerHeader', () => {
  it('reads fields by kind and falls back as Java does', () => {
    const schema = header({
      name: field.string(''),
      count: field.integer(''),
      offset: field.optionalLong(''),
      on: field.boolean(''),
    });
    const read = (fields: Record<string, string>) => answerHeader(schema, new Map(Object.entries(fields)));
    expect(read({ name: 'n', count: '5', offset: '-1', on: 'True' })).toEqual({
      name: 'n',
      count: 5,
      offset: -1,
      on: true,
    });
    expect(read({ count: 'x', offset: '' })).toEqual({ name: '', count: 0, offset: undefined, on: false });
  });
});
