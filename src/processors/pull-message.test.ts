import { describe, expect, it } from 'vitest';
import { BrokerFixture, groupsFile, topicOf, topicsFile } from '../../testing/broker-fixture.ts';
import {
  COMMIT_OFFSET,
  heartbeat,
  pullFields,
  SUBSCRIPTION,
  SUSPEND,
  sendFields,
  subscription,
  topicFields,
} from '../../testing/requests.ts';
import { bodyOf, propertiesOf, splitRecords } from '../../testing/store-fixture.ts';
import type { TestClient, TestReply } from '../../testing/test-client.ts';
import { javaStringHash } from '../util/java-hash.ts';

const FAQ = '\nSee http://rocketmq.apache.org/docs/faq/ for further details.';

/** A broker with topic T of four queues, and a client. */
async function setUp(options: ConstructorParameters<typeof BrokerFixture>[0] = {}) {
  const topics = topicsFile(topicOf('T'));
  const broker = await BrokerFixture.start({ ...options, files: { 'topics.json': topics, ...options.files } });
  return { broker, client: await broker.client() };
}

async function send(client: TestClient, body: string, tags?: string): Promise<void> {
  const properties = tags === undefined ? '' : `TAGS\u0001${tags}\u0002`;
  const { code, remark } = await client.ask(10, sendFields({ properties }), { body });
  if (code !== 0) throw new Error(`${code} ${remark}`);
}

function bodies(reply: TestReply | undefined): string[] {
  return splitRecords(reply?.body).map(bodyOf);
}

/** What a check answers: extFields are there, and empty. */
function refused(code: number, remark: string) {
  return { code, remark, ext: {}, body: Buffer.alloc(0) };
}

function ext(nextBeginOffset: number, minOffset: number, maxOffset: number, suggestWhichBrokerId = 0) {
  const values = { suggestWhichBrokerId, nextBeginOffset, minOffset, maxOffset };
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
}

describe('a pull, checks in their order', () => {
  it('is refused while the broker is not readable, before anything is made', async () => {
    const { broker, client } = await setUp();
    broker.configs.brokerConfig.brokerPermission = 2;
    const reply = await client.ask(11, pullFields({ consumerGroup: 'new' }));
    expect(reply).toEqual(refused(16, 'the broker[127.0.0.1] pulling message is forbidden'));
    expect(broker.state('subscriptionGroup.json')).toBeUndefined();
  });

  it('makes its group, or is refused when that is switched off; a built-in prefix is made all the same', async () => {
    const { broker, client } = await setUp();
    expect((await client.ask(11, pullFields())).code).toBe(19);
    expect(broker.state('subscriptionGroup.json')).toMatchObject({
      dataVersion: { counter: 1 },
      subscriptionGroupTable: {
        consumers: {
          brokerId: 0,
          consumeBroadcastEnable: true,
          consumeEnable: true,
          consumeFromMinEnable: true,
          groupName: 'consumers',
          notifyConsumerIdsChangedEnable: true,
          retryMaxTimes: 16,
          retryQueueNums: 1,
          whichBrokerWhenConsumeSlowly: 1,
        },
      },
    });
    broker.configs.brokerConfig.autoCreateSubscriptionGroup = false;
    const reply = await client.ask(11, pullFields({ consumerGroup: 'other' }));
    expect(reply).toEqual(refused(26, `subscription group [other] does not exist, ${FAQ}`));
    expect((await client.ask(11, pullFields({ consumerGroup: 'CID_RMQ_SYS_X' }))).code).toBe(19);
    expect((await client.ask(11, pullFields({ consumerGroup: 'TOOLS_CONSUMER' }))).code).toBe(19);
  });

  it('is refused for a group that may not consume', async () => {
    const { client } = await setUp({
      files: { 'subscriptionGroup.json': groupsFile({ g: { consumeEnable: false } }) },
    });
    const reply = await client.ask(11, pullFields({ consumerGroup: 'g' }));
    expect(reply).toEqual(refused(16, 'subscription group no permission, g'));
  });

  it('is refused for an unknown topic', async () => {
    const { client } = await setUp();
    const reply = await client.ask(11, pullFields({ topic: 'X' }));
    expect(reply).toEqual(refused(17, `topic[X] not exist, apply first please! ${FAQ}`));
  });

  it('is refused for a topic that is not readable, such as a dead letter queue', async () => {
    const { client } = await setUp();
    await client.ask(17, topicFields({ topic: 'WriteOnly', perm: 2 }));
    const reply = await client.ask(11, pullFields({ topic: 'WriteOnly' }));
    expect(reply).toEqual(refused(16, 'the topic[WriteOnly] pulling message is forbidden'));
  });

  it.each([-1, 4, 44])('is refused for queue %i of four', async (queueId) => {
    const { client } = await setUp();
    const reply = await client.ask(11, pullFields({ queueId }));
    const remark = `queueId[${queueId}] is illegal, topic:[T] topicConfig.readQueueNums:[4]`;
    expect(reply).toEqual(refused(1, `${remark} consumer:[/${client.address}]`));
  });

  it.each([
    ['only separators', '||', 'TAG', 23, "parse the consumer's subscription failed"],
    ['an empty type and no expression', '', '', 23, "parse the consumer's subscription failed"],
    ['SQL without an expression', '', 'SQL92', 23, "parse the consumer's subscription failed"],
    ['SQL', 'a > 5', 'SQL92', 1, 'The broker does not support consumer to filter message by SQL92'],
    ['an unknown type', 'a', 'FOO', 1, 'The broker does not support consumer to filter message by FOO'],
  ])('that brings %s is refused', async (_, expression, expressionType, code, remark) => {
    const { client } = await setUp();
    const reply = await client.ask(11, pullFields({ subscription: expression, expressionType }));
    expect(reply).toEqual(refused(code, remark));
  });

  it.each(['consumerGroup', 'topic', 'queueId', 'queueOffset', 'maxMsgNums', 'sysFlag', 'subVersion'])(
    'without %s is refused before the handler',
    async (name) => {
      const { client } = await setUp();
      const reply = await client.ask(11, pullFields({ [name]: undefined }));
      expect([reply.code, reply.remark, reply.ext]).toEqual([1, `field ${name} missing`, undefined]);
    },
  );

  it('is not served on the VIP port', async () => {
    const { broker } = await setUp();
    const vip = await broker.client(10_909);
    expect(await vip.ask(11, pullFields())).toMatchObject({ code: 3, remark: ' request type 11 not supported' });
  });
});

describe('a pull of a registered consumer', () => {
  const registered = (more: object = {}) => pullFields({ sysFlag: 0, subscription: undefined, ...more });

  it('is refused when the group is not online', async () => {
    const { client } = await setUp();
    const reply = await client.ask(11, registered());
    expect(reply).toEqual(refused(24, `the consumer's group info not exist${FAQ}`));
  });

  it('is refused for broadcasting when the group may not', async () => {
    const files = { 'subscriptionGroup.json': groupsFile({ g: { consumeBroadcastEnable: false } }) };
    const { client } = await setUp({ files });
    await client.ask(34, {}, { body: heartbeat('c', [{ group: 'g', model: 'BROADCASTING' }]) });
    const reply = await client.ask(11, registered({ consumerGroup: 'g' }));
    expect(reply).toEqual(refused(16, 'the consumer group[g] can not consume by broadcast way'));
  });

  it('is refused for a topic it did not subscribe to', async () => {
    const { client } = await setUp();
    await client.ask(34, {}, { body: heartbeat('c', [{ group: 'consumers', subscriptions: [subscription('U')] }]) });
    const reply = await client.ask(11, registered());
    expect(reply).toEqual(refused(24, `the consumer's subscription not exist${FAQ}`));
  });

  it('is refused with a newer version than the registered one, served with an older', async () => {
    const { client } = await setUp();
    const subscriptions = [subscription('T', { subVersion: 5 })];
    await client.ask(34, {}, { body: heartbeat('c', [{ group: 'consumers', subscriptions }]) });
    expect(await client.ask(11, registered({ subVersion: 6 }))).toEqual(
      refused(25, "the consumer's subscription not latest"),
    );
    expect((await client.ask(11, registered({ subVersion: 5 }))).code).toBe(19);
    expect((await client.ask(11, registered({ subVersion: 4 }))).code).toBe(19);
  });

  it('is refused when it registered an SQL expression', async () => {
    const { client } = await setUp();
    const subscriptions = [subscription('T', { expressionType: 'SQL92', subString: 'a > 5' })];
    await client.ask(34, {}, { body: heartbeat('c', [{ group: 'consumers', subscriptions }]) });
    const remark = 'The broker does not support consumer to filter message by SQL92';
    expect(await client.ask(11, registered())).toEqual(refused(1, remark));
  });

  it('gets what its registered tags match, by their hashes', async () => {
    const { client } = await setUp();
    for (const tag of ['AaAa', 'BBBB', 'C']) await send(client, tag, tag);
    const subscriptions = [
      subscription('T', { subString: 'AaAa', tagsSet: ['AaAa'], codeSet: [javaStringHash('AaAa')] }),
    ];
    await client.ask(34, {}, { body: heartbeat('c', [{ group: 'consumers', subscriptions }]) });
    const reply = await client.ask(11, registered());
    expect([reply.code, bodies(reply)]).toEqual([0, ['AaAa', 'BBBB']]);
  });
});

/** Where the body of a record begins, with IPv4 hosts. */
const BODY_AT = 88;

describe('the status of a pull', () => {
  it.each([
    ['FOUND', 0, 0, ext(3, 0, 3), ['a', 'b', 'c']],
    ['FOUND', 2, 0, ext(3, 0, 3), ['c']],
    ['OFFSET_OVERFLOW_ONE', 3, 19, ext(3, 0, 3), []],
    ['OFFSET_OVERFLOW_BADLY', 4, 21, ext(0, 0, 3), []],
    ['OFFSET_TOO_SMALL', -1, 21, ext(0, 0, 3), []],
  ])('%s at %i', async (remark, queueOffset, code, fields, wanted) => {
    const { client } = await setUp();
    for (const body of ['a', 'b', 'c']) await send(client, body);
    const reply = await client.ask(11, pullFields({ queueOffset }));
    expect([reply.remark, reply.code, reply.ext, bodies(reply)]).toEqual([remark, code, fields, wanted]);
  });

  it.each([
    [0, 19],
    [7, 21],
  ])('NO_MESSAGE_IN_QUEUE at %i is %i', async (queueOffset, code) => {
    const { client } = await setUp();
    const reply = await client.ask(11, pullFields({ queueOffset }));
    expect([reply.remark, reply.code, reply.ext]).toEqual(['NO_MESSAGE_IN_QUEUE', code, ext(0, 0, 0)]);
  });

  it('MESSAGE_WAS_REMOVING passes what cannot be served', async () => {
    const { broker, client } = await setUp({
      settings: ({ messageStoreConfig }) => Object.assign(messageStoreConfig, { checkCRCOnRecover: false }),
    });
    for (const body of ['first', 'second']) await send(client, body);
    await broker.stop();
    const log = broker.fs.open('/store/commitlog/00000000000000000000', 'update');
    log.pwrite(Buffer.from('F'), 0, 1, BODY_AT);
    log.close();
    await broker.start();
    const reply = await (await broker.client()).ask(11, pullFields({ maxMsgNums: 1 }));
    expect([reply.remark, reply.code, reply.ext, bodies(reply)]).toEqual([
      'MESSAGE_WAS_REMOVING',
      20,
      ext(1, 0, 2),
      [],
    ]);
  });

  it('NO_MATCHED_MESSAGE passes what does not match', async () => {
    const { client } = await setUp();
    await send(client, 'a', 'A');
    const reply = await client.ask(11, pullFields({ subscription: 'B || C' }));
    expect([reply.remark, reply.code, reply.ext]).toEqual(['NO_MATCHED_MESSAGE', 20, ext(1, 0, 1)]);
  });

  it.each([
    ['*', ['a', 'b', 'none']],
    ['', ['a', 'b', 'none']],
    ['A', ['a']],
    [' A || B ', ['a', 'b']],
    ['||B', ['b']],
  ])('matches tags %o', async (expression, wanted) => {
    const { client } = await setUp();
    await send(client, 'a', 'A');
    await send(client, 'b', 'B');
    await send(client, 'none');
    expect(bodies(await client.ask(11, pullFields({ subscription: expression })))).toEqual(wanted);
  });

  it('gives at most as many as asked, and counts what it gave', async () => {
    const { client } = await setUp();
    for (const body of ['a', 'b', 'c']) await send(client, body);
    const reply = await client.ask(11, pullFields({ maxMsgNums: 2 }));
    expect([reply.code, bodies(reply), reply.ext?.['nextBeginOffset']]).toEqual([0, ['a', 'b'], '2']);
    expect((await client.ask(28)).body.toString()).toContain('"msgGetTotalTodayNow":"2"');
  });

  it('names the slave that a reader far behind should ask, when slaves may be read', async () => {
    const files = {
      'subscriptionGroup.json': groupsFile({ g: { brokerId: 5, whichBrokerWhenConsumeSlowly: 7 } }),
    };
    const { broker, client } = await setUp({ files });
    await send(client, 'a');
    await send(client, 'b');
    const suggested = async (): Promise<string | undefined> => {
      const reply = await client.ask(11, pullFields({ consumerGroup: 'g', maxMsgNums: 1 }));
      return reply.ext?.['suggestWhichBrokerId'];
    };
    expect(await suggested()).toBe('0');
    broker.configs.brokerConfig.slaveReadEnable = true;
    expect(await suggested()).toBe('5');
    broker.configs.messageStoreConfig.accessMessageInMemoryMaxRatio = 0;
    expect(await suggested()).toBe('7');
  });

  it('is an error while the store is closed', async () => {
    const { broker, client } = await setUp();
    const opaque = client.send(11, pullFields());
    await broker.stop();
    expect(client.replyTo(opaque)).toMatchObject({ code: 1, remark: 'store getMessage return null', ext: {} });
  });
});

describe('OFFSET_MOVED_EVENT', () => {
  it('is stored when an offset was moved, as a monitor reads it', async () => {
    const { client } = await setUp();
    await client.ask(11, pullFields({ queueOffset: 7 }));
    const reply = await client.ask(11, pullFields({ topic: 'OFFSET_MOVED_EVENT' }));
    const [record] = splitRecords(reply.body);
    expect(JSON.parse(bodyOf(record as Buffer))).toEqual({
      consumerGroup: 'consumers',
      messageQueue: { brokerName: 'broker-a', queueId: 0, topic: 'T' },
      offsetNew: 0,
      offsetRequest: 7,
    });
    expect(Object.fromEntries(propertiesOf(record as Buffer))).toEqual({
      KEYS: 'consumers',
      TAGS: 'consumers',
      DELAY: '0',
    });
  });
});

describe('the offset that a pull commits', () => {
  const committed = async (client: TestClient): Promise<unknown> => {
    const { code, ext: fields } = await client.ask(14, { consumerGroup: 'consumers', topic: 'T', queueId: 0 });
    return [code, fields];
  };

  it('is kept whatever the pull finds, and only when the flag asks for it', async () => {
    const { client } = await setUp();
    await client.ask(11, pullFields({ commitOffset: 3 }));
    expect(await committed(client)).toEqual([0, { offset: '0' }]);
    await client.ask(11, pullFields({ sysFlag: SUBSCRIPTION | COMMIT_OFFSET, commitOffset: 3, queueOffset: 9 }));
    expect(await committed(client)).toEqual([0, { offset: '3' }]);
  });

  it('is not kept when a check refuses the pull, nor by a wake-up', async () => {
    const { broker, client } = await setUp();
    const sysFlag = SUBSCRIPTION | COMMIT_OFFSET | SUSPEND;
    await client.ask(11, pullFields({ sysFlag, commitOffset: 3, queueId: 9 }));
    expect(await committed(client)).toEqual([0, { offset: '0' }]);
    const opaque = await client.askInVain(11, pullFields({ sysFlag, commitOffset: 1 }));
    await client.ask(15, { consumerGroup: 'consumers', topic: 'T', queueId: 0, commitOffset: 8 });
    await send(client, 'x');
    await broker.settle();
    expect(client.replyTo(opaque)?.code).toBe(0);
    expect(await committed(client)).toEqual([0, { offset: '8' }]);
  });
});

describe('several pulls', () => {
  it('of one turn get each its own messages, short and long ones', async () => {
    const { client } = await setUp();
    const texts = ['short', 'x'.repeat(70_000), 'y'.repeat(40_000)];
    for (const [queueId, body] of texts.entries()) await client.ask(10, sendFields({ queueId }), { body });
    const replies = await Promise.all([0, 1, 2, 0].map((queueId) => client.ask(11, pullFields({ queueId }))));
    expect(replies.map(bodies)).toEqual([...texts, 'short'].map((text) => [text]));
  });

  it('woken in one turn as well', async () => {
    const { broker, client } = await setUp();
    const opaques: number[] = [];
    for (const queueId of [0, 1, 2]) {
      opaques.push(await client.askInVain(11, pullFields({ sysFlag: SUBSCRIPTION | SUSPEND, queueId })));
    }
    const sends = [0, 1, 2].map((queueId) => client.ask(10, sendFields({ queueId }), { body: `to ${queueId}` }));
    await Promise.all(sends);
    await broker.settle();
    expect(opaques.map((opaque) => bodies(client.replyTo(opaque)))).toEqual([['to 0'], ['to 1'], ['to 2']]);
  });
});

describe('a pull that waits', () => {
  const waiting = (more: object = {}) => pullFields({ sysFlag: SUBSCRIPTION | SUSPEND, ...more });

  it('is answered by an arrival in the same turn', async () => {
    const { broker, client } = await setUp();
    const opaque = await client.askInVain(11, waiting());
    await send(client, 'x');
    await broker.settle();
    const reply = client.replyTo(opaque);
    expect([reply?.code, reply?.remark, bodies(reply)]).toEqual([0, 'FOUND', ['x']]);
  });

  it.each([
    [3000, 5000],
    [6000, 10_000],
  ])('for %i ms is answered 19 by the scan at %i ms', async (suspendTimeoutMillis, at) => {
    const { broker, client } = await setUp();
    const opaque = await client.askInVain(11, waiting({ suspendTimeoutMillis }));
    await broker.advance(at - 1);
    expect(client.replyTo(opaque)).toBeUndefined();
    await broker.advance(1);
    expect(client.replyTo(opaque)).toMatchObject({ code: 19, remark: 'NO_MESSAGE_IN_QUEUE', ext: ext(0, 0, 0) });
  });

  it('is not woken by a tag that does not match, but passes it in the next scan', async () => {
    const { broker, client } = await setUp();
    const opaque = await client.askInVain(11, waiting({ subscription: 'B' }));
    await send(client, 'a', 'A');
    await broker.advance(4900);
    expect(client.replyTo(opaque)).toBeUndefined();
    await broker.advance(200);
    expect(client.replyTo(opaque)).toMatchObject({ code: 20, remark: 'NO_MATCHED_MESSAGE', ext: ext(1, 0, 1) });
  });

  it('is held on an empty queue at 0 only', async () => {
    const { client } = await setUp();
    expect((await client.ask(11, waiting({ queueOffset: 1 }))).code).toBe(21);
  });

  it('goes through all checks again, and is answered by the one that fails', async () => {
    const { broker, client } = await setUp();
    const opaque = await client.askInVain(11, waiting());
    broker.configs.brokerConfig.brokerPermission = 2;
    await send(client, 'x');
    await broker.settle();
    expect(client.replyTo(opaque)).toEqual(refused(16, 'the broker[127.0.0.1] pulling message is forbidden'));
  });

  it('without long polling waits shortPollingTimeMills, and no arrival wakes it', async () => {
    const { broker, client } = await setUp({
      settings: ({ brokerConfig }) =>
        Object.assign(brokerConfig, { longPollingEnable: false, shortPollingTimeMills: 700 }),
    });
    await broker.advance(700);
    const opaque = await client.askInVain(11, waiting());
    await send(client, 'x');
    await broker.advance(690, 10);
    expect(client.replyTo(opaque)).toBeUndefined();
    await broker.advance(20, 10);
    expect(bodies(client.replyTo(opaque))).toEqual(['x']);
  });

  it('is answered at once when as many wait as pullThreadPoolQueueCapacity', async () => {
    const { client } = await setUp({
      settings: ({ brokerConfig }) => Object.assign(brokerConfig, { pullThreadPoolQueueCapacity: 2 }),
    });
    await client.askInVain(11, waiting());
    await client.askInVain(11, waiting({ queueId: 1 }));
    expect((await client.ask(11, waiting({ queueId: 2 }))).code).toBe(19);
  });

  it('is forgotten with its connection', async () => {
    const { broker, client } = await setUp();
    const other = await broker.client();
    await other.askInVain(11, waiting());
    await other.close();
    await send(client, 'x');
    await broker.advance(6000);
    expect(broker.log.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });
});
