import { describe, expect, it } from 'vitest';
import { BrokerFixture, topicOf, topicsFile } from '../../../testing/broker-fixture.ts';
import { heartbeat, sendFields } from '../../../testing/requests.ts';
import type { Asked, Fields, TestClient, TestReply } from '../../../testing/test-client.ts';

const DONE = { code: 0, remark: undefined, ext: undefined, body: Buffer.alloc(0) };
const NO_REMARK_SET = 'not set any response code';

async function setUp() {
  const broker = await BrokerFixture.start({ files: { 'topics.json': topicsFile(topicOf('T')) } });
  return { broker, client: await broker.client() };
}

async function member(broker: BrokerFixture, clientId: string, asked: Asked = {}): Promise<TestClient> {
  const client = await broker.client();
  await client.ask(34, {}, { body: heartbeat(clientId, [{ group: 'g' }]), ...asked });
  client.frames.received.length = 0;
  return client;
}

/** Sends a request that a member has to answer; `answered` gives what came of it. */
async function relayed(broker: BrokerFixture, client: TestClient, code: number, fields: Fields) {
  const opaque = await client.askInVain(code, fields);
  return async (): Promise<TestReply | undefined> => {
    await broker.settle();
    return client.replyTo(opaque);
  };
}

describe('what a member says about itself (307)', () => {
  const fields = { consumerGroup: 'g', clientId: 'c', jstackEnable: true };

  it('is asked with the fields of the request, and comes back unchanged', async () => {
    const { broker, client } = await setUp();
    await member(broker, 'other');
    const consumer = await member(broker, 'c');
    const answered = await relayed(broker, client, 307, { ...fields, more: 'kept' });
    expect(consumer.pushed).toEqual(['307 consumerGroup=g clientId=c jstackEnable=true more=kept']);
    expect(consumer.requested(307)).toMatchObject({ flag: 0, version: 333, body: undefined });
    const body = Buffer.from('{"mqTable":{{"queueId":0}:{}},"properties":{"a":"ä"}}');
    await consumer.answer(307, { remark: NO_REMARK_SET, body });
    expect(await answered()).toEqual({ ...DONE, remark: NO_REMARK_SET, body });
  });

  it('is handed on too when it is an error with fields', async () => {
    const { broker, client } = await setUp();
    const consumer = await member(broker, 'c');
    const answered = await relayed(broker, client, 307, fields);
    await consumer.answer(307, { code: 1, remark: 'no such group', extFields: new Map([['k', 'v']]) });
    expect(await answered()).toEqual({ ...DONE, code: 1, remark: 'no such group', ext: { k: 'v' } });
  });

  it('is asked oneway and answered to nobody', async () => {
    const { broker, client } = await setUp();
    const consumer = await member(broker, 'c');
    await client.tell(307, fields);
    await consumer.answer(307);
    await broker.settle();
    expect(client.frames.received).toEqual([]);
  });

  it('is missing after ten seconds', async () => {
    const { broker, client } = await setUp();
    const consumer = await member(broker, 'c');
    const answered = await relayed(broker, client, 307, fields);
    await broker.advance(9900, 100);
    expect(await answered()).toBeUndefined();
    await broker.advance(200, 100);
    const reply = await answered();
    expect([reply?.code, reply?.remark]).toEqual([
      207,
      'consumer <g> <c> Timeout: org.apache.rocketmq.remoting.exception.RemotingTimeoutException: ' +
        `wait response on the channel <${consumer.address}> timeout, 10000(ms)`,
    ]);
    await consumer.answer(307, { body: Buffer.from('late') });
    expect(client.frames.received.filter(({ flag }) => (flag & 1) === 1)).toHaveLength(1);
  });

  it('is an error when the member goes away meanwhile', async () => {
    const { broker, client } = await setUp();
    const consumer = await member(broker, 'c');
    const answered = await relayed(broker, client, 307, fields);
    await consumer.close();
    const reply = await answered();
    expect(reply?.code).toBe(1);
    expect(reply?.remark).toMatch(/^invoke consumer <g> <c> Exception: channel <.*> closed/);
  });

  it.each([
    ['of a client that is not online', { clientId: 'x' }, 'The Consumer <g> <x> not online'],
    ['of a group that is not online', { consumerGroup: 'x' }, 'The Consumer <x> <c> not online'],
  ])('%s is an error', async (_, more, remark) => {
    const { broker, client } = await setUp();
    await member(broker, 'c');
    expect(await client.ask(307, { ...fields, ...more })).toEqual({ ...DONE, code: 1, remark });
  });

  it('of a client older than V3_1_8 is an error, of that one it is not', async () => {
    const { broker, client } = await setUp();
    await member(broker, 'c', { version: 50 });
    const remark = 'The Consumer <c> Version <V3_1_2_SNAPSHOT> too low to finish, please upgrade it to V3_1_8_SNAPSHOT';
    expect(await client.ask(307, fields)).toEqual({ ...DONE, code: 1, remark });
    const consumer = await member(broker, 'new', { version: 62 });
    await relayed(broker, client, 307, { ...fields, clientId: 'new' });
    expect(consumer.pushed).toHaveLength(1);
  });

  it('is asked of at most so many at once', async () => {
    const { broker, client } = await setUp();
    broker.configs.nettyServerConfig.serverAsyncSemaphoreValue = 2;
    await broker.stop();
    await broker.start();
    const asker = await broker.client();
    await member(broker, 'c');
    for (let n = 0; n < 2; n++) await asker.askInVain(307, fields);
    const reply = await asker.ask(307, fields);
    expect([reply.code, reply.remark]).toEqual([1, expect.stringContaining('too many requests wait on the channel')]);
    await client.close();
  });
});

describe('a message consumed directly (309)', () => {
  const fields = { consumerGroup: 'g', clientId: 'c', topic: 'T' };

  async function stored(client: TestClient): Promise<{ msgId: string; record: Buffer }> {
    const sent = await client.ask(10, sendFields(), { body: 'again' });
    const record = (await client.ask(33, { offset: 0 })).body;
    return { msgId: sent.ext?.['msgId'] ?? '', record };
  }

  it('goes to the member as its record, with the name of the broker; the answer comes back unchanged', async () => {
    const { broker, client } = await setUp();
    const { msgId, record } = await stored(client);
    const consumer = await member(broker, 'c');
    const answered = await relayed(broker, client, 309, { ...fields, msgId });
    expect(consumer.pushed).toEqual([`309 consumerGroup=g clientId=c topic=T msgId=${msgId} brokerName=broker-a`]);
    expect(consumer.requested(309).body).toEqual(record);
    const body = Buffer.from('{"autoCommit":true,"consumeResult":"CR_SUCCESS","order":false,"spentTimeMills":1}');
    await consumer.answer(309, { body });
    expect(await answered()).toEqual({ ...DONE, body });
  });

  it('is an error without a client, with a broken id, and for a message that is not there', async () => {
    const { broker, client } = await setUp();
    const { msgId } = await stored(client);
    await member(broker, 'c');
    const reply = (more: Fields) => client.ask(309, { ...fields, msgId, ...more });
    expect(await reply({ clientId: undefined })).toMatchObject({
      code: 1,
      remark: 'The Consumer <g> <null> not online',
    });
    expect(await reply({ msgId: 'xyz' })).toMatchObject({ code: 1, remark: 'xyz is not the offset id of a message' });
    expect(await reply({ msgId: undefined })).toMatchObject({ code: 1 });
    const elsewhere = `${msgId.slice(0, -4)}7FFF`;
    expect(await reply({ msgId: elsewhere })).toMatchObject({
      code: 1,
      remark: `can not find message by the msgId, ${elsewhere}`,
    });
  });

  it('is missing after ten seconds', async () => {
    const { broker, client } = await setUp();
    const { msgId } = await stored(client);
    await member(broker, 'c');
    const answered = await relayed(broker, client, 309, { ...fields, msgId });
    await broker.advance(10_100, 100);
    expect((await answered())?.code).toBe(207);
  });
});

describe('the offsets that members have in memory (223)', () => {
  const fields = { topic: 'T', group: 'g' };
  const status = (offset: number): Buffer =>
    Buffer.from(`{"consumerTable":{},"messageQueueTable":{{"brokerName":"b","queueId":1,"topic":"T"}:${offset}}}`);
  const queue = '{"brokerName":"b","queueId":1,"topic":"T"}';

  it('are asked of all of them and told by client id', async () => {
    const { broker, client } = await setUp();
    const consumers = [await member(broker, 'c1'), await member(broker, 'c2')];
    const answered = await relayed(broker, client, 223, fields);
    for (const [index, consumer] of consumers.entries()) {
      expect(consumer.pushed.at(-1)).toBe('221 topic=T group=g');
      await consumer.answer(221, { body: status(index + 5) });
    }
    const body = `{"consumerTable":{"c1":{${queue}:5},"c2":{${queue}:6}},"messageQueueTable":{}}`;
    expect(await answered()).toEqual({ ...DONE, remark: NO_REMARK_SET, body: Buffer.from(body) });
  });

  it('are those of one member when its client id is given, and none when nobody has it', async () => {
    const { broker, client } = await setUp();
    const first = await member(broker, 'c1');
    const second = await member(broker, 'c2');
    first.frames.received.length = 0;
    const answered = await relayed(broker, client, 223, { ...fields, clientAddr: 'c2' });
    expect(first.pushed).toEqual([]);
    await second.answer(221, { body: status(6) });
    expect((await answered())?.body.toString()).toBe(`{"consumerTable":{"c2":{${queue}:6}},"messageQueueTable":{}}`);
    const none = await client.ask(223, { ...fields, clientAddr: 'x' });
    expect(none.body.toString()).toBe('{"consumerTable":{},"messageQueueTable":{}}');
  });

  it('leave out members that answer an error, nonsense, or nothing for five seconds', async () => {
    const { broker, client } = await setUp();
    const names = ['good', 'refuses', 'babbles', 'silent'];
    const consumers = new Map<string, TestClient>();
    for (const name of names) consumers.set(name, await member(broker, name));
    const answered = await relayed(broker, client, 223, fields);
    await consumers.get('good')?.answer(221, { body: status(1) });
    await consumers.get('refuses')?.answer(221, { code: 1, body: status(2) });
    await consumers.get('babbles')?.answer(221, { body: Buffer.from('{"messageQueueTable":3}') });
    expect(await answered()).toBeUndefined();
    await broker.advance(5100, 100);
    expect((await answered())?.body.toString()).toBe(`{"consumerTable":{"good":{${queue}:1}},"messageQueueTable":{}}`);
  });

  it('are an error when nobody is online or somebody is too old', async () => {
    const { broker, client } = await setUp();
    const remark = 'No Any Consumer online in the consumer group: [g]';
    expect(await client.ask(223, fields)).toEqual({ ...DONE, code: 1, remark });
    await member(broker, 'old', { version: 27 });
    const old = 'the client does not support this feature. version=V3_0_6';
    expect(await client.ask(223, fields)).toEqual({ ...DONE, code: 1, remark: old });
    expect(await client.ask(223, { ...fields, clientAddr: 'x' })).toEqual({ ...DONE, code: 1, remark: old });
  });

  it('are told of a member that is young enough, whoever else is in its group', async () => {
    const { broker, client } = await setUp();
    await member(broker, 'old', { version: 27 });
    const young = await member(broker, 'young');
    const answered = await relayed(broker, client, 223, { ...fields, clientAddr: 'young' });
    await young.answer(221, { body: status(1) });
    expect((await answered())?.body.toString()).toBe(`{"consumerTable":{"young":{${queue}:1}},"messageQueueTable":{}}`);
  });
});
