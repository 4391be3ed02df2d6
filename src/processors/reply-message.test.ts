import { describe, expect, it } from 'vitest';
import { BrokerFixture, topicOf, topicsFile } from '../../testing/broker-fixture.ts';
import { FaultFs } from '../../testing/fault-fs.ts';
import { heartbeat, pullFields, sendFields, sendFieldsV2 } from '../../testing/requests.ts';
import { bodyOf, splitRecords } from '../../testing/store-fixture.ts';
import type { Fields, TestClient } from '../../testing/test-client.ts';
import { decodeRecord, type MessageExt } from '../codec/message.ts';

const REPLY_TOPIC = 'DefaultCluster_REPLY_TOPIC';
const TRACE = { MSG_REGION: 'DefaultRegion', TRACE_ON: 'true' };
const PROPERTIES =
  'MSG_TYPE\u0001reply\u0002CORRELATION_ID\u0001c1\u0002REPLY_TO_CLIENT\u0001asker\u0002TTL\u00013000\u0002';
const STORED_ID = /^7F00000100002A9F[0-9A-F]{16}$/;

/** A broker, a client that may ask and one that replies. */
async function setUp(settings: ConstructorParameters<typeof BrokerFixture>[0] = {}) {
  const made: FaultFs[] = [];
  const broker = await BrokerFixture.start({
    ...settings,
    wrapFs: (fs) => {
      made.push(new FaultFs(fs));
      return made.at(-1) as FaultFs;
    },
  });
  const [asker, replier] = [await broker.client(), await broker.client()];
  return { broker, asker, replier, faults: made[0] as FaultFs };
}

function beat(client: TestClient, clientId: string, ...groups: readonly string[]) {
  return client.ask(34, {}, { body: heartbeat(clientId, [], groups) });
}

function reply(more: Fields = {}): Fields {
  return sendFieldsV2({ topic: REPLY_TOPIC, properties: PROPERTIES, producerGroup: 'repliers', ...more });
}

async function stored(client: TestClient): Promise<MessageExt[]> {
  const pulled = await client.ask(11, pullFields({ topic: REPLY_TOPIC }));
  return splitRecords(pulled.body).map((record) => decodeRecord(record, 0) as MessageExt);
}

describe('a reply', () => {
  it.each([
    [324, sendFields],
    [325, sendFieldsV2],
  ])('by %i reaches who asked, and is stored as well', async (code, fields) => {
    const { broker, asker, replier } = await setUp();
    await beat(asker, 'asker', 'askers');
    const more = { topic: REPLY_TOPIC, properties: PROPERTIES, flag: 3, sysFlag: 1, reconsumeTimes: 2 };
    const opaque = await replier.askInVain(code, fields(more), { body: 'pong' });
    const now = String(broker.clock.now());
    const pushed = asker.requested(326);
    expect(pushed.body?.toString()).toBe('pong');
    const { properties, ...header } = Object.fromEntries(pushed.extFields ?? []);
    expect(header).toEqual({
      producerGroup: 'producers',
      topic: REPLY_TOPIC,
      defaultTopic: 'TBW102',
      defaultTopicQueueNums: '4',
      queueId: '0',
      sysFlag: '1',
      bornTimestamp: '1799999999000',
      flag: '3',
      reconsumeTimes: '2',
      unitMode: 'false',
      bornHost: `/${replier.address}`,
      storeHost: '/127.0.0.1:10911',
      storeTimestamp: now,
    });
    expect(properties).toBe(`${PROPERTIES}PUSH_REPLY_TIME\u0001${now}\u0002`);
    expect(await stored(replier)).toEqual([]);

    await asker.answer(326);
    const answer = replier.replyTo(opaque);
    expect(answer).toMatchObject({ code: 0, remark: undefined });
    const ids = { msgId: expect.stringMatching(STORED_ID), queueId: '0', queueOffset: '0' };
    expect(answer?.ext).toEqual({ ...TRACE, ...ids });
    const [record] = await stored(replier);
    // Java leaves the sysFlag out, so a compressed reply is not marked in its record.
    expect(record).toMatchObject({ propertiesText: PROPERTIES, flag: 3, sysFlag: 0, reconsumeTimes: 2 });
    expect(record?.body.toString()).toBe('pong');
  });

  it('that is not to be stored is answered with ids of zero', async () => {
    const { broker, asker, replier } = await setUp();
    broker.configs.brokerConfig.storeReplyMessageEnable = false;
    await beat(asker, 'asker', 'askers');
    const opaque = await replier.askInVain(325, reply(), { body: 'pong' });
    await asker.answer(326);
    expect(replier.replyTo(opaque)).toMatchObject({
      code: 0,
      ext: { ...TRACE, msgId: '0', queueId: '0', queueOffset: '0' },
    });
    expect(await stored(replier)).toEqual([]);
  });

  it('that could not be stored has still arrived', async () => {
    const { broker, asker, replier, faults } = await setUp();
    await beat(asker, 'asker', 'askers');
    faults.fail({ operation: 'pwrite', path: /commitlog/, code: 'EIO', times: 1000 });
    for (const when of ['in its write', 'before it']) {
      const opaque = await replier.askInVain(325, reply(), { body: when });
      await asker.answer(326);
      const answer = replier.replyTo(opaque);
      expect([answer?.code, answer?.ext]).toEqual([0, { ...TRACE, msgId: '0', queueId: '0', queueOffset: '0' }]);
    }
    expect(broker.log.lines.some(({ text }) => text.startsWith('a reply was not stored'))).toBe(true);
  });

  it.each([
    ['names nobody', { properties: 'MSG_TYPE\u0001reply\u0002' }, 'reply message properties[REPLY_TO_CLIENT] is null'],
    ['has no properties', { properties: undefined }, 'reply message properties[REPLY_TO_CLIENT] is null'],
    ['is for a stranger', {}, 'push reply message fail, channel of <asker> not found.'],
  ])("that %s is refused in Java's words and stored all the same", async (_, more, remark) => {
    const { replier } = await setUp();
    const answer = await replier.ask(325, reply(more), { body: 'pong' });
    expect([answer.code, answer.remark]).toEqual([1, remark]);
    expect(answer.ext).toEqual({ ...TRACE, msgId: expect.stringMatching(STORED_ID), queueId: '0', queueOffset: '0' });
    expect(await stored(replier)).toHaveLength(1);
  });

  it('that is refused and not to be stored carries no ids', async () => {
    const { broker, replier } = await setUp();
    broker.configs.brokerConfig.storeReplyMessageEnable = false;
    const answer = await replier.ask(325, reply(), { body: 'pong' });
    expect([answer.code, answer.ext]).toEqual([1, TRACE]);
  });

  it('that the asker does not take, in time or at all, has failed', async () => {
    const { broker, asker, replier } = await setUp();
    await beat(asker, 'asker', 'askers');
    const remark = 'push reply message to askerfail.';
    const declined = await replier.askInVain(325, reply());
    await asker.answer(326, { code: 1, remark: 'nobody waits' });
    expect(replier.replyTo(declined)).toMatchObject({ code: 1, remark });
    const slow = await replier.askInVain(325, reply());
    await broker.advance(9000);
    expect(replier.replyTo(slow)).toBeUndefined();
    await broker.advance(2000);
    expect(replier.replyTo(slow)).toMatchObject({ code: 1, remark });
    const cut = await replier.askInVain(325, reply());
    await asker.close();
    expect(replier.replyTo(cut)).toMatchObject({ code: 1, remark });
  });

  it('has the checks of a send', async () => {
    const files = { 'topics.json': topicsFile(topicOf('Ordered', { order: true })) };
    const { broker, replier } = await setUp({ files });
    const refusal = async (more: Fields) => {
      const { code, remark, ext } = await replier.ask(325, reply(more));
      expect(ext).toEqual(TRACE);
      return [code, remark?.split('\n')[0]];
    };
    expect(await refusal({ topic: 'X', defaultTopic: 'Y' })).toEqual([17, 'topic[X] not exist, apply first please!']);
    expect(await refusal({ queueId: 1 })).toEqual([1, expect.stringMatching(/^request queueId\[1\] is illegal/)]);
    expect(await refusal({ topic: 'TBW102' })).toEqual([1, expect.stringMatching(/conflict with system reserved/)]);
    broker.configs.brokerConfig.brokerPermission = 4;
    expect(await refusal({ topic: 'Ordered' })).toEqual([16, 'the broker[127.0.0.1] sending message is forbidden']);
    broker.configs.brokerConfig.startAcceptSendRequestTimeStamp = broker.clock.now() + 1000;
    expect(await refusal({})).toEqual([1, expect.stringMatching(/^broker unable to service, until /)]);
  });
});

describe('who asked is found', () => {
  /** Whether a reply would be handed to that connection. */
  async function reaches(replier: TestClient, asker: TestClient): Promise<boolean> {
    const before = asker.pushed.length;
    const opaque = await replier.send(325, reply());
    await replier.ask(31, { topic: REPLY_TOPIC, queueId: 0 });
    if (asker.pushed.length === before) return false;
    await asker.answer(326);
    expect(replier.replyTo(opaque)?.code).toBe(0);
    return true;
  }

  it('after its first heartbeat, until it has left its last group', async () => {
    const { asker, replier } = await setUp();
    expect(await reaches(replier, asker)).toBe(false);
    await beat(asker, 'asker', 'one', 'two');
    expect(await reaches(replier, asker)).toBe(true);
    await asker.ask(35, { clientID: 'asker', producerGroup: 'one' });
    expect(await reaches(replier, asker)).toBe(true);
    await asker.ask(35, { clientID: 'asker', producerGroup: 'two' });
    expect(await reaches(replier, asker)).toBe(false);
  });

  it('on its new connection, also when the old one is noticed to be gone later', async () => {
    const { broker, asker, replier } = await setUp();
    await beat(asker, 'asker', 'askers');
    const again = await broker.client();
    await beat(again, 'asker', 'askers');
    expect(await reaches(replier, again)).toBe(true);
    await asker.close();
    expect(await reaches(replier, again)).toBe(true);
    await again.close();
    expect(await reaches(replier, again)).toBe(false);
  });

  it('not when its heartbeats have stopped', async () => {
    const { broker, asker, replier } = await setUp();
    await beat(asker, 'asker', 'askers');
    expect(await reaches(replier, asker)).toBe(true);
    await broker.advance(130_000, 10_000);
    expect(await reaches(await broker.client(), asker)).toBe(false);
  });
});

it('the body of a reply is a copy: later requests do not show through', async () => {
  const { broker, asker, replier } = await setUp();
  await beat(asker, 'asker', 'askers');
  await replier.askInVain(325, reply(), { body: 'first' });
  await replier.ask(10, sendFields({ topic: 'Other' }), { body: 'later' });
  await asker.answer(326);
  await broker.settle();
  const pulled = await replier.ask(11, pullFields({ topic: REPLY_TOPIC }));
  expect(splitRecords(pulled.body).map(bodyOf)).toEqual(['first']);
});
