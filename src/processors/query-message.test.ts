import { describe, expect, it } from 'vitest';
import { BrokerFixture, topicOf, topicsFile } from '../../testing/broker-fixture.ts';
import { sendFields } from '../../testing/requests.ts';
import { bodyOf, splitRecords } from '../../testing/store-fixture.ts';
import type { TestClient } from '../../testing/test-client.ts';

const LAST = 9_000_000_000_000;
const BY_KEY = { topic: 'T', key: 'k1', maxNum: 32, beginTimestamp: 0, endTimestamp: LAST };
const NOT_FOUND = 'can not find message, maybe time range not correct';

async function setUp() {
  const broker = await BrokerFixture.start({ files: { 'topics.json': topicsFile(topicOf('T')) } });
  return { broker, client: await broker.client() };
}

async function send(client: TestClient, body: string, keys: string, uniqueKey: string): Promise<void> {
  const properties = `KEYS\u0001${keys}\u0002UNIQ_KEY\u0001${uniqueKey}\u0002`;
  await client.ask(10, sendFields({ properties }), { body });
}

const found = (body: Buffer): string[] => splitRecords(body).map(bodyOf);

describe('messages by key (12)', () => {
  it('are all that have it among theirs, with the end of the index', async () => {
    const { broker, client } = await setUp();
    await send(client, 'a', 'k1 k2', 'u1');
    await send(client, 'b', 'k2', 'u2');
    await send(client, 'c', 'k1', 'u3');
    const reply = await client.ask(12, BY_KEY);
    expect([reply.code, reply.remark, found(reply.body)]).toEqual([0, undefined, ['a', 'c']]);
    const { indexLastUpdateTimestamp, indexLastUpdatePhyoffset } = reply.ext ?? {};
    expect(indexLastUpdateTimestamp).toBe(String(broker.clock.now()));
    expect(Number(indexLastUpdatePhyoffset)).toBeGreaterThan(0);
  });

  it('by a unique key are looked for among defaultQueryMaxNum, whatever maxNum says', async () => {
    const { client } = await setUp();
    await send(client, 'a', 'k1', 'u1');
    const reply = await client.ask(12, { ...BY_KEY, key: 'u1', maxNum: 0, _UNIQUE_KEY_QUERY: true });
    expect([reply.code, found(reply.body)]).toEqual([0, ['a']]);
  });

  it.each([
    ['an unknown key', { key: 'k9' }],
    ['another topic', { topic: 'U' }],
    ['a time before all', { endTimestamp: 5 }],
    ['a time behind all', { beginTimestamp: LAST - 1 }],
  ])('are none for %s: the header is there all the same', async (_, more) => {
    const { client } = await setUp();
    await send(client, 'a', 'k1', 'u1');
    const reply = await client.ask(12, { ...BY_KEY, ...more });
    expect([reply.code, reply.remark, Object.keys(reply.ext ?? {}).sort(), reply.body.length]).toEqual([
      22,
      NOT_FOUND,
      ['indexLastUpdatePhyoffset', 'indexLastUpdateTimestamp'],
      0,
    ]);
  });

  it('are at most maxNum', async () => {
    const { client } = await setUp();
    for (const body of ['a', 'b', 'c']) await send(client, body, 'k1', body);
    expect(found((await client.ask(12, { ...BY_KEY, maxNum: 2 })).body)).toHaveLength(2);
  });

  it('need their fields', async () => {
    const { client } = await setUp();
    expect((await client.ask(12)).remark).toBe('field topic missing');
  });
});

describe('a message by its offset (33)', () => {
  it('is the record as stored, without extFields', async () => {
    const { client } = await setUp();
    await send(client, 'a', 'k1', 'u1');
    await send(client, 'b', 'k1', 'u2');
    const [first] = splitRecords((await client.ask(33, { offset: 0 })).body);
    const reply = await client.ask(33, { offset: first?.length ?? 0 });
    expect([reply.code, reply.ext, found(reply.body)]).toEqual([0, undefined, ['b']]);
  });

  it.each([1, 5000, -1, 9_007_199_254_740_991])('is not found at %i', async (offset) => {
    const { client } = await setUp();
    await send(client, 'a', 'k1', 'u1');
    const reply = await client.ask(33, { offset });
    expect(reply).toEqual({
      code: 1,
      remark: `can not find message by the offset, ${offset}`,
      ext: undefined,
      body: Buffer.alloc(0),
    });
  });

  it('is not found when its body is damaged on disk, and the remark says so', async () => {
    const { broker, client } = await setUp();
    await send(client, 'abc', 'k1', 'u1');
    // An idle store lets go of its memory, and nothing counts as in the page cache.
    broker.configs.messageStoreConfig.accessMessageInMemoryMaxRatio = 0;
    await broker.clock.advanceAsync(60_000, 500);
    const path = broker.fs.files().find((name) => name.endsWith('/commitlog/00000000000000000000')) ?? '';
    broker.fs.open(path, 'update').pwrite(Buffer.from('x'), 0, 1, 88);
    const reply = await client.ask(33, { offset: 0 });
    const remark = 'can not find message by the offset, 0: the record there is damaged';
    expect([reply.code, reply.remark, reply.body]).toEqual([1, remark, Buffer.alloc(0)]);
  });
});
