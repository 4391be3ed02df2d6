import { describe, expect, it } from 'vitest';
import { AdminFixture, DEAD_ADDR } from '../../testing/admin-fixture.ts';

const BROKER = '127.0.0.1:10911';
const CONFIG = 'topicFilterType=SINGLE_TAG, topicSysFlag=0, order=';

describe('updateTopic', () => {
  it('makes a topic at a broker and in a cluster', async () => {
    const admin = await AdminFixture.start();
    expect(await admin.lines('updateTopic', '-b', BROKER, '-t', 'T', '-r', '2', '-w', '3', '-p', '4')).toEqual([
      `create topic to ${BROKER} success.`,
      `TopicConfig [topicName=T, readQueueNums=2, writeQueueNums=3, perm=R--, ${CONFIG}false]`,
    ]);
    expect(await admin.json('updateTopic', '-c', 'DefaultCluster', '-t', 'U', '-u', 'true', '-s', 'true')).toEqual({
      addresses: [BROKER],
      topic: {
        topicName: 'U',
        readQueueNums: 8,
        writeQueueNums: 8,
        perm: 6,
        topicFilterType: 'SINGLE_TAG',
        topicSysFlag: 3,
        order: false,
      },
    });
    const topics = admin.cluster.broker.state('topics.json') as { topicConfigTable: Record<string, object> };
    expect(topics.topicConfigTable['T']).toMatchObject({ readQueueNums: 2, writeQueueNums: 3, perm: 4 });
    expect(topics.topicConfigTable['U']).toMatchObject({ readQueueNums: 8, topicSysFlag: 3 });
  });

  it('tells the name servers the order', async () => {
    const admin = await AdminFixture.start();
    const made = await admin.lines('updateTopic', '-c', 'DefaultCluster', '-t', 'O', '-w', '2', '-o', 'true');
    expect(made).toEqual([
      `create topic to ${BROKER} success.`,
      'set cluster orderConf. isOrder=true, orderConf=[broker-a:2]',
      `TopicConfig [topicName=O, readQueueNums=8, writeQueueNums=2, perm=RW-, ${CONFIG}true]`,
    ]);
    await admin.lines('updateOrderConf', '-t', 'O', '-m', 'put', '-v', 'broker-a:2;broker-z:5');
    const again = await admin.lines('updateTopic', '-b', BROKER, '-t', 'O', '-w', '4', '-o', 'true');
    expect(again[1]).toBe('set broker orderConf. isOrder=true, orderConf=[broker-a:4]');
    const got = await admin.json('updateOrderConf', '-t', 'O', '-m', 'get');
    expect(got).toEqual({ topic: 'O', orderConf: 'broker-a:4;broker-z:5' });
  });

  it('goes on behind a broker that is away, and says so', async () => {
    const admin = await AdminFixture.start();
    await admin.registerDeadBroker();
    const run = await admin.run('updateTopic', '-c', 'DefaultCluster', '-t', 'T');
    expect(run).toMatchObject({ exitCode: 1, err: [`mqadmin updateTopic: connect to <${DEAD_ADDR}> failed`] });
    expect(run.out[0]).toBe(`create topic to ${BROKER} success.`);
  });

  it('names the clusters when it is told another', async () => {
    const admin = await AdminFixture.start();
    expect(await admin.run('updateTopic', '-c', 'nobody', '-t', 'T')).toEqual({
      exitCode: 1,
      out: [],
      err: ['mqadmin updateTopic: the name server knows no cluster nobody, but: DefaultCluster'],
    });
  });

  it('passes on what the broker refuses', async () => {
    const admin = await AdminFixture.start();
    const { exitCode, out, err } = await admin.run('updateTopic', '-b', BROKER, '-t', 'a/b');
    expect([exitCode, out, err.length]).toEqual([1, [], 1]);
    expect(err[0]).toMatch(/^mqadmin updateTopic: CODE: 1 {2}DESC: .*illegal characters.* from 127\.0\.0\.1:10911\)$/);
  });
});

describe('updateTopicPerm', () => {
  it('changes only the permission', async () => {
    const admin = await AdminFixture.start();
    await admin.lines('updateTopic', '-b', BROKER, '-t', 'T', '-r', '2', '-w', '3');
    expect(await admin.lines('updateTopicPerm', '-c', 'DefaultCluster', '-t', 'T', '-p', '4')).toEqual([
      `update topic perm from 6 to 4 in ${BROKER} success.`,
    ]);
    expect(await admin.lines('updateTopicPerm', '-b', BROKER, '-t', 'T', '-p', '2')).toEqual([
      `update topic perm from 4 to 2 in ${BROKER} success.`,
      `TopicConfig [topicName=T, readQueueNums=2, writeQueueNums=3, perm=-W-, ${CONFIG}false].`,
    ]);
    expect(await admin.lines('updateTopicPerm', '-b', BROKER, '-t', 'T', '-p', '2')).toEqual([
      'new perm equals to the old one!',
    ]);
    expect((await admin.run('updateTopicPerm', '-b', '1.1.1.1:1', '-t', 'T', '-p', '2')).err).toEqual([
      'mqadmin updateTopicPerm: 1.1.1.1:1 is no master of topic T',
    ]);
    const without = await admin.run('updateTopicPerm', '-t', 'T', '-p', '2');
    expect([without.exitCode, without.err]).toEqual([
      2,
      ['mqadmin updateTopicPerm: give -b (brokerAddr) or -c (clusterName)'],
    ]);
    expect(without.out[0]).toMatch(/^usage: /);
  });
});

describe('deleteTopic', () => {
  it('deletes from brokers and routes; with a broker away the routes stay', async () => {
    const admin = await AdminFixture.start();
    await admin.lines('updateTopic', '-b', BROKER, '-t', 'T');
    expect(await admin.lines('deleteTopic', '-c', 'DefaultCluster', '-t', 'T')).toEqual([
      'delete topic [T] from cluster [DefaultCluster] success.',
      'delete topic [T] from NameServer success.',
    ]);
    expect((await admin.run('topicRoute', '-t', 'T')).exitCode).toBe(1);
    await admin.lines('updateTopic', '-b', BROKER, '-t', 'T');
    await admin.registerDeadBroker();
    const run = await admin.run('deleteTopic', '-c', 'DefaultCluster', '-t', 'T');
    expect(run).toEqual({ exitCode: 1, out: [], err: [`mqadmin deleteTopic: connect to <${DEAD_ADDR}> failed`] });
  });
});

describe('updateOrderConf', () => {
  it('puts, gets, deletes, and nothing else', async () => {
    const admin = await AdminFixture.start();
    expect(await admin.lines('updateOrderConf', '-t', 'T', '-m', 'put', '-v', 'broker-a:2')).toEqual([
      'update orderConf success. topic=[T], orderConf=[broker-a:2]',
    ]);
    expect(await admin.lines('updateOrderConf', '-t', 'T', '-m', 'get')).toEqual([
      'get orderConf success. topic=[T], orderConf=[broker-a:2]',
    ]);
    expect(await admin.lines('updateOrderConf', '-t', 'T', '-m', 'delete')).toEqual([
      'delete orderConf success. topic=[T]',
    ]);
    const causes = [
      [['get'], 1, 'topic T has no order conf'],
      [['put'], 2, 'put needs -v (orderConf)'],
      [['drop'], 2, '-m drop: method is put, get or delete'],
    ] as const;
    for (const [words, exitCode, cause] of causes) {
      const run = await admin.run('updateOrderConf', '-t', 'T', '-m', ...words);
      expect([run.exitCode, run.err]).toEqual([exitCode, [`mqadmin updateOrderConf: ${cause}`]]);
    }
  });
});

describe('what is told of topics', () => {
  it('topicRoute prints the JSON of Java, and its own on one line', async () => {
    const admin = await AdminFixture.start();
    await admin.lines('updateTopic', '-b', BROKER, '-t', 'T', '-r', '2', '-w', '3');
    const route = await admin.lines('topicRoute', '-t', 'T');
    expect(route.map((line) => line.trim())).toEqual([
      '{',
      '"brokerDatas":[',
      '{',
      `"brokerAddrs":{0:"${BROKER}"`,
      '},',
      '"brokerName":"broker-a",',
      '"cluster":"DefaultCluster"',
      '}',
      '],',
      '"filterServerTable":{},',
      '"queueDatas":[',
      '{',
      '"brokerName":"broker-a",',
      '"perm":6,',
      '"readQueueNums":2,',
      '"topicSynFlag":0,',
      '"writeQueueNums":3',
      '}',
      ']',
      '}',
    ]);
    expect(await admin.json('topicRoute', '-t', 'T')).toMatchObject({
      brokerDatas: [{ brokerAddrs: { 0: BROKER }, brokerName: 'broker-a', cluster: 'DefaultCluster' }],
      queueDatas: [{ brokerName: 'broker-a', perm: 6, readQueueNums: 2, writeQueueNums: 3 }],
    });
  });

  it('topicStatus, topicClusterList, allocateMQ', async () => {
    const admin = await AdminFixture.start();
    await admin.lines('updateTopic', '-b', BROKER, '-t', 'T', '-r', '3', '-w', '3');
    const { cluster } = admin;
    await cluster.done(
      cluster.client.send(BROKER, { topic: 'T', queueId: 1, body: Buffer.from('x'), bornTimestamp: 5 }),
    );
    const status = await admin.lines('topicStatus', '-t', 'T');
    expect(status.slice(0, 2)).toEqual([
      '#Broker Name                      #QID  #Min Offset           #Max Offset             #Last Updated',
      'broker-a                          0     0                     0                       ',
    ]);
    expect(status[2]).toMatch(/^broker-a {26}1 {5}0 {21}1 {23}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}$/);
    expect(await admin.json('topicStatus', '-t', 'T')).toMatchObject([
      { brokerName: 'broker-a', queueId: 0, minOffset: 0, maxOffset: 0, lastUpdateTimestamp: 0 },
      { queueId: 1, maxOffset: 1, lastUpdateTimestamp: expect.any(Number) },
      { queueId: 2, maxOffset: 0 },
    ]);
    expect(await admin.lines('topicClusterList', '-t', 'T')).toEqual(['DefaultCluster']);
    expect(await admin.json('allocateMQ', '-t', 'T', '-i', '10.0.0.1, 10.0.0.2')).toEqual({
      result: {
        '10.0.0.1': [
          { brokerName: 'broker-a', queueId: 0, topic: 'T' },
          { brokerName: 'broker-a', queueId: 1, topic: 'T' },
        ],
        '10.0.0.2': [{ brokerName: 'broker-a', queueId: 2, topic: 'T' }],
      },
    });
    const [line] = await admin.lines('allocateMQ', '-t', 'T', '-i', 'a,b,c,d');
    expect(line).toMatch(/^\{"result":\{"a":\[\{"brokerName":"broker-a","queueId":0,"topic":"T"\}\],.*"d":\[\]\}\}$/);
  });

  it('topicList, plain and with clusters and groups', async () => {
    const admin = await AdminFixture.start();
    await admin.lines('updateTopic', '-b', BROKER, '-t', 'T');
    const { cluster } = admin;
    const offset = { consumerGroup: 'g', topic: 'T', queueId: 0, commitOffset: 0 };
    await admin.lines('updateSubGroup', '-b', BROKER, '-g', 'g');
    await cluster.done(cluster.client.askHeader(BROKER, 'UPDATE_CONSUMER_OFFSET', offset));
    const plain = await admin.lines('topicList');
    expect(plain).toContain('T');
    expect([...plain].sort()).toEqual(plain);
    const listed = await admin.lines('topicList', '-c');
    expect(listed[0]).toBe(`#Cluster Name         #Topic${' '.repeat(44)}#Consumer Group${' '.repeat(33)}`);
    expect(listed).toContain(`DefaultCluster        T${' '.repeat(49)}g${' '.repeat(47)}`);
    expect(await admin.json('topicList', '-c')).toContainEqual({
      cluster: 'DefaultCluster',
      topic: 'T',
      groups: ['g'],
    });
  });
});
