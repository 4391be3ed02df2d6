import { describe, expect, it } from 'vitest';
import { BrokerFixture, groupsFile, topicOf, topicsFile } from '../../testing/broker-fixture.ts';
import { heartbeat, subscription } from '../../testing/requests.ts';
import type { TestClient } from '../../testing/test-client.ts';

const CHANGED = (group: string): string => `40 consumerGroup=${group}`;

async function setUp(options: ConstructorParameters<typeof BrokerFixture>[0] = {}) {
  const broker = await BrokerFixture.start(options);
  return { broker, client: await broker.client() };
}

/** Client ids of a group, or the remark why there are none. */
async function members(client: TestClient, consumerGroup: string): Promise<unknown> {
  const { code, remark, body } = await client.ask(38, { consumerGroup });
  return code === 0 ? (JSON.parse(body.toString()) as { consumerIdList: string[] }).consumerIdList.sort() : remark;
}

const beat = (client: TestClient, id: string, ...rest: [Parameters<typeof heartbeat>[1]?, string[]?]) =>
  client.ask(34, {}, { body: heartbeat(id, ...rest) });

describe('a heartbeat', () => {
  it('registers the consumer, makes its group and its retry topic, and is answered without extFields', async () => {
    const { broker, client } = await setUp();
    const reply = await beat(client, 'c1', [{ group: 'g' }], ['p']);
    expect(reply).toEqual({ code: 0, remark: undefined, ext: undefined, body: Buffer.alloc(0) });
    expect(await members(client, 'g')).toEqual(['c1']);
    expect(broker.state('subscriptionGroup.json')).toMatchObject({
      subscriptionGroupTable: { g: { retryQueueNums: 1 } },
    });
    const retry = topicOf('%RETRY%g', { readQueueNums: 1, writeQueueNums: 1 });
    expect(broker.state('topics.json')).toMatchObject({ topicConfigTable: { '%RETRY%g': retry } });
  });

  it('makes the retry topic with the queues of the group and the unit flag of the client', async () => {
    const files = { 'subscriptionGroup.json': groupsFile({ g: { retryQueueNums: 3 } }) };
    const { broker, client } = await setUp({ files });
    await beat(client, 'c1', [{ group: 'g', unitMode: true }]);
    const retry = topicOf('%RETRY%g', { readQueueNums: 3, writeQueueNums: 3, topicSysFlag: 2 });
    expect(broker.state('topics.json')).toMatchObject({ topicConfigTable: { '%RETRY%g': retry } });
  });

  it('registers an unknown group even where groups are not made, without a retry topic', async () => {
    const { broker, client } = await setUp({
      settings: ({ brokerConfig }) => Object.assign(brokerConfig, { autoCreateSubscriptionGroup: false }),
    });
    expect((await beat(client, 'c1', [{ group: 'g' }])).code).toBe(0);
    expect(await members(client, 'g')).toEqual(['c1']);
    expect([broker.state('subscriptionGroup.json'), broker.state('topics.json')]).toEqual([undefined, undefined]);
  });

  it('of a group whose retry topic would be longer than a directory name registers it without that topic', async () => {
    const { broker, client } = await setUp();
    const [long, longer] = ['g'.repeat(248), 'g'.repeat(255)];
    for (const group of [long, longer]) {
      const subscriptions = [subscription('T'), subscription(`%RETRY%${group}`)];
      expect((await beat(client, 'c1', [{ group, subscriptions }])).code).toBe(0);
      expect(await members(client, group)).toEqual(['c1']);
    }
    const { topicConfigTable } = broker.state('topics.json') as { topicConfigTable: object };
    expect(Object.keys(topicConfigTable).filter((name) => name.startsWith('%RETRY%'))).toEqual([`%RETRY%${long}`]);
  });

  it.each(['', 'null', '{', '{"consumerDataSet":7}'])('that is %o is answered with what is wrong', async (body) => {
    const { client } = await setUp();
    const reply = await client.ask(34, {}, { body });
    expect([reply.code, (reply.remark ?? '').length > 5, reply.ext]).toEqual([1, true, undefined]);
  });

  it.each([
    ['consumer group', heartbeat('c', [{ group: 'ok' }, { group: 'no/good' }], ['p'])],
    ['producer group', heartbeat('c', [{ group: 'ok' }], ['p', 'no/good'])],
    ['topic', heartbeat('c', [{ group: 'ok', subscriptions: [subscription('T'), subscription('no/good')] }])],
  ])('with a %s of no allowed name registers nothing at all', async (_, body) => {
    const { broker, client } = await setUp();
    expect(await client.ask(34, {}, { body })).toMatchObject({
      code: 1,
      remark: expect.stringContaining('[no/good] contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$'),
    });
    expect(await members(client, 'ok')).toBe('no consumer for this group, ok');
    expect(broker.state('subscriptionGroup.json')).toBeUndefined();
  });

  it('with names that a Java store holds is taken, whatever the rule says', async () => {
    const files = {
      'topics.json': topicsFile(topicOf('my.topic'), topicOf('%RETRY%my.group')),
      'subscriptionGroup.json': groupsFile({ 'my.group': {} }),
    };
    const { client } = await setUp({ files });
    const subscriptions = [subscription('my.topic'), subscription('%RETRY%my.group')];
    expect((await beat(client, 'c1', [{ group: 'my.group', subscriptions }])).code).toBe(0);
    expect(await members(client, 'my.group')).toEqual(['c1']);
    expect((await beat(client, 'c1', [{ group: 'my.other', subscriptions }])).code).toBe(1);
  });
});

describe('who is told that a group changed', () => {
  it('every member, the sender included and before its answer; nobody by the same heartbeat again', async () => {
    const { broker, client } = await setUp();
    const other = await broker.client();
    await beat(client, 'c1', [{ group: 'g' }]);
    expect(client.pushed).toEqual([CHANGED('g')]);
    expect(client.frames.received.map(({ code }) => code)).toEqual([40, 0]);
    await beat(other, 'c2', [{ group: 'g' }]);
    expect([client.pushed, other.pushed]).toEqual([[CHANGED('g'), CHANGED('g')], [CHANGED('g')]]);
    await beat(other, 'c2', [{ group: 'g' }]);
    expect([client.pushed.length, other.pushed.length]).toEqual([2, 1]);
  });

  it('about new and vanished topics, not about a new version of the same', async () => {
    const { client } = await setUp();
    const topics = (...subscriptions: object[]) => beat(client, 'c1', [{ group: 'g', subscriptions }]);
    await topics(subscription('T'));
    await topics(subscription('T', { subVersion: 2, subString: 'A' }));
    expect(client.pushed.length).toBe(1);
    await topics(subscription('T', { subVersion: 2 }), subscription('U'));
    expect(client.pushed.length).toBe(2);
    await topics(subscription('T', { subVersion: 2 }));
    expect(client.pushed.length).toBe(3);
  });

  it('nobody when the group or the broker says so', async () => {
    const files = { 'subscriptionGroup.json': groupsFile({ quiet: { notifyConsumerIdsChangedEnable: false } }) };
    const { broker, client } = await setUp({ files });
    await beat(client, 'c1', [{ group: 'quiet' }]);
    expect(client.pushed).toEqual([]);
    broker.configs.brokerConfig.notifyConsumerIdsChangedEnable = false;
    await beat(client, 'c1', [{ group: 'g' }]);
    expect(client.pushed).toEqual([]);
    broker.configs.brokerConfig.notifyConsumerIdsChangedEnable = true;
    await beat(client, 'c1', [{ group: 'h' }]);
    expect(client.pushed).toEqual([CHANGED('h')]);
  });

  it('the others, by a closed connection, whatever the group says', async () => {
    const files = { 'subscriptionGroup.json': groupsFile({ g: { notifyConsumerIdsChangedEnable: false } }) };
    const { broker, client } = await setUp({ files });
    const other = await broker.client();
    await beat(client, 'c1', [{ group: 'g' }]);
    await beat(other, 'c2', [{ group: 'g' }]);
    await other.close();
    expect(client.pushed).toEqual([CHANGED('g')]);
    expect(await members(client, 'g')).toEqual(['c1']);
  });
});

describe('a client that leaves (35)', () => {
  it('is taken out; the others are told; the answer has empty extFields', async () => {
    const { broker, client } = await setUp();
    const other = await broker.client();
    await beat(client, 'c1', [{ group: 'g' }]);
    await beat(other, 'c2', [{ group: 'g' }], ['p']);
    const reply = await other.ask(35, { clientID: 'c2', consumerGroup: 'g', producerGroup: 'p' });
    expect(reply).toEqual({ code: 0, remark: undefined, ext: {}, body: Buffer.alloc(0) });
    expect(client.pushed.length).toBe(3);
    expect(other.pushed.length).toBe(1);
    expect(await members(client, 'g')).toEqual(['c1']);
    await client.ask(35, { clientID: 'c1', consumerGroup: 'g' });
    expect(await members(client, 'g')).toBe('no consumer for this group, g');
    expect((await client.ask(203, { consumerGroup: 'g' })).code).toBe(206);
  });

  it('of unknown groups, or of none, is answered 0', async () => {
    const { client } = await setUp();
    expect((await client.ask(35, { clientID: 'c', consumerGroup: 'x', producerGroup: 'y' })).code).toBe(0);
    expect((await client.ask(35, { clientID: 'c' })).code).toBe(0);
    expect((await client.ask(35, {})).remark).toBe('field clientID missing');
  });

  it('tells nobody when the group says so', async () => {
    const files = { 'subscriptionGroup.json': groupsFile({ g: { notifyConsumerIdsChangedEnable: false } }) };
    const { broker, client } = await setUp({ files });
    const other = await broker.client();
    await beat(client, 'c1', [{ group: 'g' }]);
    await beat(other, 'c2', [{ group: 'g' }]);
    await other.ask(35, { clientID: 'c2', consumerGroup: 'g' });
    expect(client.pushed).toEqual([]);
  });
});

describe('a client without heartbeats', () => {
  it('is closed and forgotten after 120 s, looked for every 10 s', async () => {
    const { broker, client } = await setUp();
    await beat(client, 'c1', [{ group: 'g' }], ['p']);
    for (let second = 0; second < 120; second += 10) {
      await broker.advance(10_000);
      // Other requests keep the connection from being idle.
      expect((await client.ask(30, { topic: 'T', queueId: 0 })).code).toBe(0);
    }
    expect(await members(client, 'g')).toEqual(['c1']);
    await broker.advance(10_000);
    expect(client.frames.closed).toBeDefined();
    expect(await members(await broker.client(), 'g')).toBe('no consumer for this group, g');
  });

  it('stays while it beats', async () => {
    const { broker, client } = await setUp();
    for (let n = 0; n < 6; n++) {
      await beat(client, 'c1', [{ group: 'g' }], ['p']);
      await broker.advance(30_000);
    }
    expect(await members(client, 'g')).toEqual(['c1']);
  });
});

describe('the check of a subscription (46)', () => {
  const check = (subscriptionData: object | undefined) =>
    JSON.stringify({ clientId: 'c', group: 'g', subscriptionData });

  it.each([undefined, {}, { expressionType: 'TAG', subString: 'A' }, { expressionType: '' }])(
    'is fine with %o',
    async (subscriptionData) => {
      const { client } = await setUp();
      const reply = await client.ask(46, {}, { body: check(subscriptionData) });
      expect(reply).toEqual({ code: 0, remark: undefined, ext: undefined, body: Buffer.alloc(0) });
    },
  );

  it.each(['SQL92', 'FOO'])('is refused with %s', async (expressionType) => {
    const { client } = await setUp();
    const reply = await client.ask(46, {}, { body: check({ expressionType, subString: 'a > 5' }) });
    const remark = `The broker does not support consumer to filter message by ${expressionType}`;
    expect(reply).toMatchObject({ code: 1, remark, ext: undefined });
  });

  it('of no JSON is answered with what is wrong', async () => {
    const { client } = await setUp();
    expect((await client.ask(46, {}, { body: '{' })).code).toBe(1);
  });
});

describe('members of one group that subscribe differently', () => {
  it('are counted under an item of 315 and named in the log; delivery stays as it is', async () => {
    const { broker, client } = await setUp({ files: { 'topics.json': topicsFile(topicOf('T')) } });
    const other = await broker.client();
    const asked = async () => {
      const reply = await client.ask(315, { statsName: 'SUBSCRIPTION_MISMATCH', statsKey: 'T@g' });
      return [reply.code, reply.remark ?? JSON.parse(reply.body.toString()).statsMinute.sum];
    };
    const tags = (subString: string) => [{ group: 'g', subscriptions: [subscription('T', { subString })] }];
    await beat(client, 'c1', tags('A'));
    expect(await asked()).toEqual([1, 'The stats <SUBSCRIPTION_MISMATCH> <T@g> not exist']);
    await beat(other, 'c2', tags('B'));
    await broker.advance(11_000);
    for (const [asker, id, tag] of [
      [client, 'c1', 'A'],
      [other, 'c2', 'B'],
    ] as const)
      await beat(asker, id, tags(tag));
    await broker.advance(11_000);
    expect(await asked()).toEqual([0, 2]);
    const lines = broker.log.lines.filter(({ text }) => text.startsWith('two clients of one group'));
    expect(lines.map(({ fields }) => [fields['clientId'], fields['otherClientId']])).toEqual([['c2', 'c1']]);
  });
});
