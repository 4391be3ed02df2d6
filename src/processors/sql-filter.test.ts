import { describe, expect, it } from 'vitest';
import { BrokerFixture, topicOf, topicsFile } from '../../testing/broker-fixture.ts';
import { heartbeat, pullFields, SUBSCRIPTION, SUSPEND, sendFields, subscription } from '../../testing/requests.ts';
import { bodyOf, splitRecords } from '../../testing/store-fixture.ts';
import type { TestClient, TestReply } from '../../testing/test-client.ts';
import type { BrokerConfigs } from '../config/configs.ts';

interface Options {
  readonly settings?: (configs: BrokerConfigs) => void;
  readonly enabled?: boolean;
}

/** A broker with topics T, U and V of four queues each and the retry topic of `consumers`, and a client. */
async function setUp({ settings, enabled = true }: Options = {}) {
  const files = {
    'topics.json': topicsFile(topicOf('T'), topicOf('U'), topicOf('V'), topicOf('%RETRY%consumers')),
  };
  const broker = await BrokerFixture.start({
    files,
    settings: (configs) => {
      configs.brokerConfig.enablePropertyFilter = enabled;
      settings?.(configs);
    },
  });
  return { broker, client: await broker.client() };
}

async function send(client: TestClient, body: string, properties: Record<string, string>, topic = 'T'): Promise<void> {
  const text = Object.entries(properties).map(([name, value]) => `${name}\u0001${value}\u0002`);
  const { code, remark } = await client.ask(
    10,
    sendFields({ topic, properties: text.join(''), maxReconsumeTimes: 16 }),
    { body },
  );
  if (code !== 0) throw new Error(`${code} ${remark}`);
}

function sql(topic: string, subString: string, subVersion = 1): object {
  return subscription(topic, { expressionType: 'SQL92', subString, subVersion });
}

async function beat(client: TestClient, subscriptions: readonly object[], group = 'consumers'): Promise<void> {
  expect(await client.ask(34, {}, { body: heartbeat('c', [{ group, subscriptions }]) })).toMatchObject({ code: 0 });
}

/** A pull by what the heartbeat said. */
const registered = (more: object = {}) => pullFields({ sysFlag: 0, subscription: undefined, ...more });
/** A pull that brings its expression. */
const brought = (expression: string, more: object = {}) =>
  pullFields({ sysFlag: SUBSCRIPTION, subscription: expression, expressionType: 'SQL92', ...more });

function bodies(reply: TestReply | undefined): string[] {
  return splitRecords(reply?.body).map(bodyOf);
}

async function sendFive(client: TestClient): Promise<void> {
  for (const a of ['1', '6', 'x', '9']) await send(client, a, { a });
  await send(client, 'none', {});
}

describe('the check of a subscription (46)', () => {
  const check = (client: TestClient, subString: string | undefined, expressionType = 'SQL92') =>
    client.ask(
      46,
      {},
      { body: JSON.stringify({ clientId: 'c', group: 'g', subscriptionData: { expressionType, subString } }) },
    );

  it('is fine with an expression that compiles', async () => {
    const { client } = await setUp();
    expect(await check(client, "a > 5 AND b IN ('x')")).toMatchObject({ code: 0, remark: undefined, ext: undefined });
  });

  it.each([
    ['a >', /^org\.apache\.rocketmq\.filter\.parser\.ParseException: Encountered "<EOF>" at line 1, column 3\.\nWas /],
    ["a > 'x'", /^java\.lang\.RuntimeException: Value ''x'' cannot be compared\.$/],
    ["a = 'x", /^org\.apache\.rocketmq\.filter\.parser\.TokenMgrError: Lexical error at line 1, column 7\. {2}Enc/],
    ['a = 99999999999999999999', /^java\.lang\.NumberFormatException: For input string: "99999999999999999999"$/],
    [undefined, /Encountered "<EOF>" at line 0, column 0/],
  ])('tells what is wrong with %s', async (expression, remark) => {
    const { client } = await setUp();
    expect(await check(client, expression)).toMatchObject({ code: 23, remark: expect.stringMatching(remark) });
  });

  it('does not know other types', async () => {
    const { client } = await setUp();
    expect(await check(client, 'a > 5', 'FOO')).toMatchObject({ code: 23 });
  });
});

describe('a pull by a registered expression', () => {
  it('gets what the expression matches: no value, and no number, is no match', async () => {
    const { client } = await setUp();
    await sendFive(client);
    await beat(client, [sql('T', 'a > 5')]);
    const reply = await client.ask(11, registered());
    expect([reply.code, reply.ext?.['nextBeginOffset'], bodies(reply)]).toEqual([0, '5', ['6', '9']]);
    expect(await client.ask(11, registered({ queueOffset: 4 }))).toMatchObject({
      code: 20,
      remark: 'NO_MATCHED_MESSAGE',
    });
  });

  it('is told 27 when the expression does not compile, whether filters are allowed or not', async () => {
    for (const enabled of [true, false]) {
      const { client } = await setUp({ enabled });
      await beat(client, [sql('T', 'a >')]);
      const remark = "The broker's consumer filter data is not exist!Your expression may be wrong!";
      expect(await client.ask(11, registered())).toMatchObject({ code: 27, remark, ext: {} });
    }
  });

  it('is refused while filters are not allowed; the setting is live', async () => {
    const { broker, client } = await setUp({ enabled: false });
    await beat(client, [sql('T', 'a > 5')]);
    const remark = 'The broker does not support consumer to filter message by SQL92';
    expect(await client.ask(11, registered())).toMatchObject({ code: 1, remark, ext: {} });
    broker.configs.brokerConfig.enablePropertyFilter = true;
    expect(await client.ask(11, registered())).toMatchObject({ code: 19 });
  });

  it('is told 25 for a newer subscription than the registered one', async () => {
    const { client } = await setUp();
    await beat(client, [sql('T', 'a > 5', 3)]);
    expect(await client.ask(11, registered({ subVersion: 4 }))).toMatchObject({ code: 25 });
    expect(await client.ask(11, registered({ subVersion: 3 }))).toMatchObject({ code: 19 });
  });

  it('uses the new expression after the next heartbeat', async () => {
    const { client } = await setUp();
    await sendFive(client);
    await beat(client, [sql('T', 'a > 5', 1)]);
    await beat(client, [sql('T', 'a > 6', 2)]);
    expect(bodies(await client.ask(11, registered({ subVersion: 2 })))).toEqual(['9']);
  });
});

describe('a pull that brings its expression', () => {
  it('gets what the expression matches', async () => {
    const { client } = await setUp();
    await sendFive(client);
    expect(bodies(await client.ask(11, brought('a BETWEEN 1 AND 6')))).toEqual(['1', '6']);
  });

  it('of an expression that does not compile gets everything, as from Java', async () => {
    const { client } = await setUp();
    await sendFive(client);
    expect(bodies(await client.ask(11, brought('a >'))).length).toBe(5);
    expect(bodies(await client.ask(11, brought('a', { expressionType: 'FOO' }))).length).toBe(5);
  });

  it('of an expression that is too large for us is refused, since Java would filter', async () => {
    const { client } = await setUp();
    const remark = "parse the consumer's subscription failed";
    const deep = `${'('.repeat(300)}a${')'.repeat(300)}`;
    expect(await client.ask(11, brought(deep))).toMatchObject({ code: 23, remark, ext: {} });
  });

  it('of the empty type gets nothing but by *, as from Java', async () => {
    const { client } = await setUp();
    await sendFive(client);
    expect(await client.ask(11, brought('A', { expressionType: '' }))).toMatchObject({ code: 20 });
    expect(bodies(await client.ask(11, brought('*', { expressionType: '' }))).length).toBe(5);
  });
});

describe('a held pull with an expression', () => {
  it.each(['registered', 'brought'])('%s, is woken by a message that matches, and by no other', async (how) => {
    const { client } = await setUp();
    await send(client, 'first', {});
    await beat(client, [sql('T', 'a > 5')]);
    const more = { queueOffset: 1 };
    const opaque =
      how === 'registered'
        ? client.send(11, registered({ ...more, sysFlag: SUSPEND }))
        : client.send(11, brought('a > 5', { ...more, sysFlag: SUSPEND | SUBSCRIPTION }));
    for (const a of ['1', 'x']) await send(client, a, { a });
    await send(client, 'none', {});
    expect(client.replyTo(opaque)).toBeUndefined();
    await send(client, 'seven', { a: '7' });
    expect(bodies(client.replyTo(opaque))).toEqual(['seven']);
    expect(client.replyTo(opaque)?.ext?.['nextBeginOffset']).toBe('5');
  });
});

describe('messages of a retry topic', () => {
  const retry = '%RETRY%consumers';

  it.each([
    [true, ['plain', '9']],
    [false, ['9', 'other']],
  ])('with filterSupportRetry=%s go by %o', async (filterSupportRetry, wanted) => {
    const { client } = await setUp({
      settings: ({ brokerConfig }) => Object.assign(brokerConfig, { filterSupportRetry }),
    });
    await beat(client, [sql('T', 'a > 8'), sql('U', 'a = 0'), sql(retry, 'a > 8')]);
    await send(client, 'plain', {}, retry);
    await send(client, '9', { a: '9', RETRY_TOPIC: 'T' }, retry);
    await send(client, '1', { a: '1', RETRY_TOPIC: 'T' }, retry);
    await send(client, 'other', { a: '9', RETRY_TOPIC: 'U' }, retry);
    expect(bodies(await client.ask(11, registered({ topic: retry })))).toEqual(wanted);
  });
});

describe('the filters of the groups', () => {
  it('stand in consumerFilter.json, dead when their consumers left', async () => {
    const { broker, client } = await setUp();
    await beat(client, [sql('T', 'a > 5')]);
    await broker.advance(10_000);
    const live = { expression: 'a > 5', consumerGroup: 'consumers', dead: false, deadTime: 0 };
    const file = (data: object) => ({ filterDataByTopic: { T: { groupFilterData: { consumers: data }, topic: 'T' } } });
    expect(broker.state('consumerFilter.json')).toMatchObject(file(live));
    await client.ask(35, { clientID: 'c', consumerGroup: 'consumers' });
    await broker.stop();
    expect(broker.state('consumerFilter.json')).toMatchObject(file({ expression: 'a > 5', dead: true }));
  });

  it('are dead when the connection of their last consumer closes', async () => {
    const { broker, client } = await setUp();
    await beat(client, [sql('T', 'a > 5')]);
    client.frames.socket.destroy();
    await broker.advance(20_000);
    const groups = { consumers: { dead: true } };
    expect(broker.state('consumerFilter.json')).toMatchObject({
      filterDataByTopic: { T: { groupFilterData: groups } },
    });
  });
});

describe('with extension files and bit maps', () => {
  const extended = ({ brokerConfig, messageStoreConfig }: BrokerConfigs): void => {
    brokerConfig.enableCalcFilterBitMap = true;
    messageStoreConfig.enableConsumeQueueExt = true;
    messageStoreConfig.mappedFileSizeConsumeQueueExt = 4096;
  };

  it('thirty consumers of three topics get exactly what they match, one that comes later too', async () => {
    const { broker, client } = await setUp({ settings: extended });
    const topics = ['T', 'U', 'V'];
    const groups = Array.from({ length: 30 }, (_, at) => `g${at}`);
    for (const [at, group] of groups.entries()) {
      await beat(
        client,
        topics.map((topic) => sql(topic, `a > ${at} AND a < ${at + 10}`)),
        group,
      );
    }
    await broker.advance(1000);
    for (const topic of topics)
      for (let a = 0; a < 40; a++) await send(client, `${topic}${a}`, { a: String(a) }, topic);
    await beat(client, [sql('T', 'a = 7')], 'late');
    const pull = async (topic: string, consumerGroup: string): Promise<string[]> => {
      const found: string[] = [];
      for (let queueOffset = 0; queueOffset < 40; ) {
        const reply = await client.ask(11, registered({ topic, consumerGroup, queueOffset }));
        if (reply.code === 0) found.push(...bodies(reply));
        queueOffset = Number(reply.ext?.['nextBeginOffset']);
      }
      return found;
    };
    for (const topic of topics) {
      for (const [at, group] of groups.entries()) {
        const wanted = Array.from({ length: 40 }, (_, a) => a).filter((a) => a > at && a < at + 10);
        expect(await pull(topic, group)).toEqual(wanted.map((a) => `${topic}${a}`));
      }
    }
    expect(await pull('T', 'late')).toEqual(['T7']);
  });

  it.each([
    ['a clean stop', true],
    ['a kill', false],
  ])('the maps that a start after %s computes are those of before', async (_, isClean) => {
    const { broker, client } = await setUp({ settings: extended });
    for (let at = 0; at < 5; at++) await beat(client, [sql('T', `a > ${at}`)], `g${at}`);
    await broker.advance(11_000);
    for (let a = 0; a < 8; a++) await send(client, `T${a}`, { a: String(a) });
    await broker.stop();
    const unit = '/store/consumequeue_ext/T/0/00000000000000000000';
    const before = broker.fs.readFile(unit, 1 << 20);
    // Eight units with bit maps of fourteen bytes, not all of which are zero.
    expect(before?.subarray(0, 9 * 34).readUInt16BE(7 * 34)).toBe(34);
    expect(before?.subarray(7 * 34 + 20, 8 * 34).some((byte) => byte !== 0)).toBe(true);
    if (!isClean) broker.fs.install('/store/abort', Buffer.alloc(0));
    for (const kind of ['consumequeue', 'consumequeue_ext']) {
      const dir = `/store/${kind}/T/0`;
      for (const name of broker.fs.list(dir)) broker.fs.unlink(`${dir}/${name}`);
    }
    await broker.start();
    await broker.stop();
    expect(broker.fs.readFile(unit, 1 << 20)?.equals(before ?? Buffer.alloc(0))).toBe(true);
  });
});
