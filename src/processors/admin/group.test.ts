import { describe, expect, it } from 'vitest';
import { BrokerFixture, groupsFile, topicOf, topicsFile } from '../../../testing/broker-fixture.ts';
import { FaultFs } from '../../../testing/fault-fs.ts';
import { heartbeat, pullFields, subscription } from '../../../testing/requests.ts';

async function setUp(options: ConstructorParameters<typeof BrokerFixture>[0] = {}) {
  const broker = await BrokerFixture.start({ files: { 'topics.json': topicsFile(topicOf('T')) }, ...options });
  return { broker, client: await broker.client() };
}

const DONE = { code: 0, remark: undefined, ext: undefined, body: Buffer.alloc(0) };
const DEFAULTS = {
  brokerId: 0,
  consumeBroadcastEnable: true,
  consumeEnable: true,
  consumeFromMinEnable: true,
  notifyConsumerIdsChangedEnable: true,
  retryMaxTimes: 16,
  retryQueueNums: 1,
  whichBrokerWhenConsumeSlowly: 1,
};

describe('a group made by an administrator (200)', () => {
  it('is in the file with Java defaults for what is left out, and keeps its members from pulling at once', async () => {
    const { broker, client } = await setUp({ files: { 'subscriptionGroup.json': groupsFile({}) } });
    expect(await client.ask(200, {}, { body: '{"groupName":"g","consumeEnable":false}' })).toEqual(DONE);
    expect(broker.state('subscriptionGroup.json')).toMatchObject({
      dataVersion: { counter: 2, timestamp: broker.clock.now() },
      subscriptionGroupTable: { g: { ...DEFAULTS, groupName: 'g', consumeEnable: false } },
    });
    await client.ask(17, {
      topic: 'T',
      defaultTopic: 'x',
      readQueueNums: 1,
      writeQueueNums: 1,
      perm: 6,
      topicFilterType: 'SINGLE_TAG',
      order: false,
    });
    expect((await client.ask(11, pullFields({ consumerGroup: 'g' }))).code).toBe(16);
  });

  it('takes the place of one that is there; no queues to retry in are allowed', async () => {
    const { broker, client } = await setUp({
      files: { 'subscriptionGroup.json': groupsFile({ g: { retryMaxTimes: 3 } }) },
    });
    expect(await client.ask(200, {}, { body: '{"groupName":"g","retryQueueNums":0}' })).toEqual(DONE);
    expect(broker.state('subscriptionGroup.json')).toMatchObject({
      subscriptionGroupTable: { g: { ...DEFAULTS, groupName: 'g', retryQueueNums: 0 } },
    });
  });

  it.each([
    ['without a body', '', ''],
    ['without a name', '{}', 'the specified group is blank'],
    ['of no allowed name', '{"groupName":"../g"}', 'the specified group[../g] contains illegal characters'],
    ['of more queues than any', '{"groupName":"g","retryQueueNums":65537}', 'a retry topic has at most 65536 queues'],
    ['that is no JSON', '{', ''],
  ])('%s is refused', async (_, body, remark) => {
    const { broker, client } = await setUp();
    const before = broker.state('subscriptionGroup.json');
    const reply = await client.ask(200, {}, { body });
    expect([reply.code, reply.remark?.slice(0, remark.length)]).toEqual([1, remark]);
    expect(broker.state('subscriptionGroup.json')).toEqual(before);
  });
});

describe('all groups (201)', () => {
  it('are the built-in ones and those of the file', async () => {
    const { client } = await setUp({ files: { 'subscriptionGroup.json': groupsFile({ g: { retryMaxTimes: 3 } }) } });
    const { code, ext, body } = await client.ask(201);
    const { dataVersion, subscriptionGroupTable } = JSON.parse(body.toString());
    expect([code, ext, dataVersion]).toEqual([0, undefined, { counter: 1, timestamp: 1 }]);
    expect(subscriptionGroupTable.g).toEqual({ ...DEFAULTS, groupName: 'g', retryMaxTimes: 3 });
    expect(Object.keys(subscriptionGroupTable).sort()).toEqual([
      'CID_ONS-HTTP-PROXY',
      'CID_ONSAPI_OWNER',
      'CID_ONSAPI_PERMISSION',
      'CID_ONSAPI_PULL',
      'FILTERSRV_CONSUMER',
      'SELF_TEST_C_GROUP',
      'TOOLS_CONSUMER',
      'g',
    ]);
  });
});

describe('a group deleted (207)', () => {
  it('is gone from the file, its offsets are not; deleted again it is 0 all the same', async () => {
    const { broker, client } = await setUp({ files: { 'subscriptionGroup.json': groupsFile({ g: {}, h: {} }) } });
    await client.ask(15, { consumerGroup: 'g', topic: 'T', queueId: 0, commitOffset: 7 });
    expect(await client.ask(207, { groupName: 'g' })).toEqual(DONE);
    const left = broker.state('subscriptionGroup.json') as { dataVersion: object; subscriptionGroupTable: object };
    expect(left.dataVersion).toMatchObject({ counter: 2 });
    expect(Object.keys(left.subscriptionGroupTable)).toContain('h');
    expect(Object.keys(left.subscriptionGroupTable)).not.toContain('g');
    expect((await client.ask(14, { consumerGroup: 'g', topic: 'T', queueId: 0 })).ext).toEqual({ offset: '7' });
    expect(await client.ask(207, { groupName: 'g' })).toEqual(DONE);
    expect(broker.state('subscriptionGroup.json')).toMatchObject({ dataVersion: { counter: 2 } });
  });

  it('is refused with the cause when its file cannot be written, and afterwards is as before', async () => {
    const faults: FaultFs[] = [];
    const wrapFs = (fs: ConstructorParameters<typeof FaultFs>[0]): FaultFs => {
      faults.push(new FaultFs(fs));
      return faults.at(-1) as FaultFs;
    };
    const { client } = await setUp({ wrapFs, files: { 'subscriptionGroup.json': groupsFile({ g: {} }) } });
    faults[0]?.fail({ operation: 'fdatasync', path: /subscriptionGroup\.json\.tmp$/, code: 'ENOSPC' });
    const before = (await client.ask(201)).body.toString();
    const remark = 'subscriptionGroup.json could not be written (ENOSPC), nothing was changed';
    expect(await client.ask(207, { groupName: 'g' })).toEqual({ ...DONE, code: 1, remark });
    expect((await client.ask(201)).body.toString()).toBe(before);
  });
});

describe('the clients of a producer group (204)', () => {
  it('are listed with what they registered', async () => {
    const { client } = await setUp();
    await client.ask(34, {}, { body: heartbeat('p1', [], ['producers']), language: 'CPP', version: 275 });
    const reply = await client.ask(204, { producerGroup: 'producers' });
    expect([reply.code, reply.ext]).toEqual([0, undefined]);
    expect(reply.body.toString()).toBe(
      `{"connectionSet":[{"clientAddr":"${client.address}","clientId":"p1","language":"CPP","version":275}]}`,
    );
  });

  it('are an error when nobody is online', async () => {
    const { client } = await setUp();
    const reply = await client.ask(204, { producerGroup: 'p' });
    expect(reply).toEqual({ ...DONE, code: 1, remark: 'the producer group[p] not exist' });
  });
});

describe('the groups of a topic (300)', () => {
  it('are those that subscribe and those with offsets, each once', async () => {
    const { client } = await setUp();
    await client.ask(34, {}, { body: heartbeat('c', [{ group: 'on' }, { group: 'both' }]) });
    await client.ask(34, {}, { body: heartbeat('c', [{ group: 'other', subscriptions: [subscription('U')] }]) });
    for (const consumerGroup of ['both', 'off']) {
      await client.ask(15, { consumerGroup, topic: 'T', queueId: 0, commitOffset: 1 });
    }
    const groups = async (topic: string) => JSON.parse((await client.ask(300, { topic })).body.toString());
    expect((await groups('T')).groupList.sort()).toEqual(['both', 'off', 'on']);
    expect(await groups('Unknown')).toEqual({ groupList: [] });
  });
});
