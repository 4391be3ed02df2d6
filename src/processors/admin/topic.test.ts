import { describe, expect, it } from 'vitest';
import { BrokerFixture, topicOf, topicsFile } from '../../../testing/broker-fixture.ts';
import { FaultFs } from '../../../testing/fault-fs.ts';
import { sendFields, topicFields } from '../../../testing/requests.ts';

async function setUp(options: ConstructorParameters<typeof BrokerFixture>[0] = {}) {
  const broker = await BrokerFixture.start({
    files: { 'topics.json': topicsFile(topicOf('T', { writeQueueNums: 2 }), topicOf('U')) },
    ...options,
  });
  return { broker, client: await broker.client() };
}

const DONE = { code: 0, remark: undefined, ext: undefined, body: Buffer.alloc(0) };

describe('where the queues of a topic begin and end (202)', () => {
  it('is told for each writable queue', async () => {
    const { broker, client } = await setUp();
    const began = broker.clock.now();
    await client.ask(10, sendFields({ queueId: 1 }));
    await broker.advance(1000);
    await client.ask(10, sendFields({ queueId: 1 }));
    const reply = await client.ask(202, { topic: 'T' });
    expect([reply.code, reply.remark, reply.ext]).toEqual([0, undefined, undefined]);
    expect(reply.body.toString()).toBe(
      '{"offsetTable":{' +
        '{"brokerName":"broker-a","queueId":0,"topic":"T"}:{"lastUpdateTimestamp":0,"maxOffset":0,"minOffset":0},' +
        '{"brokerName":"broker-a","queueId":1,"topic":"T"}:' +
        `{"lastUpdateTimestamp":${began + 1000},"maxOffset":2,"minOffset":0}}}`,
    );
  });

  it('is an error for a topic that is not there', async () => {
    const { client } = await setUp();
    expect(await client.ask(202, { topic: 'X' })).toEqual({ ...DONE, code: 17, remark: 'topic[X] not exist' });
  });
});

describe('a topic deleted (215)', () => {
  /** Directories of queues, as `T/0`. */
  const queueDirs = (broker: BrokerFixture): string[] => {
    const dirs = broker.fs.files().flatMap((path) => path.match(/consumequeue\/(.+\/\d+)\//)?.[1] ?? []);
    return [...new Set(dirs)].sort();
  };

  it('is gone from table, file and consumequeue when it is answered, and begins again at 0; others stay', async () => {
    const { broker, client } = await setUp();
    for (const topic of ['T', 'U']) await client.ask(10, sendFields({ topic }));
    expect(await client.ask(215, { topic: 'T' })).toEqual(DONE);
    const { topicConfigTable } = broker.state('topics.json') as { topicConfigTable: object };
    expect(Object.keys(topicConfigTable)).not.toContain('T');
    expect(broker.state('topics.json')).toMatchObject({ dataVersion: { counter: 2 } });
    expect((await client.ask(30, { topic: 'T', queueId: 0 })).ext).toEqual({ offset: '0' });
    expect((await client.ask(30, { topic: 'U', queueId: 0 })).ext).toEqual({ offset: '1' });
    expect((await client.ask(10, sendFields({ defaultTopic: 'none' }))).code).toBe(17);
    await client.ask(17, topicFields());
    expect((await client.ask(10, sendFields())).ext).toMatchObject({ queueOffset: '0' });
    await broker.stop();
    expect(queueDirs(broker)).toEqual(['T/0', 'U/0']);
  });

  it('stays deleted after a restart', async () => {
    const { broker, client } = await setUp();
    for (const topic of ['T', 'U']) await client.ask(10, sendFields({ topic }));
    await client.ask(215, { topic: 'T' });
    await broker.stop();
    expect(queueDirs(broker)).toEqual(['U/0']);
    await broker.start();
    const again = await broker.client();
    expect((await again.ask(202, { topic: 'T' })).code).toBe(17);
    expect((await again.ask(30, { topic: 'U', queueId: 0 })).ext).toEqual({ offset: '1' });
  });

  it('is 0 all the same when it is not there, and no name leads out of the store', async () => {
    const files = { 'topics.json': topicsFile(topicOf('T'), topicOf('../config'), topicOf('..')) };
    const { broker, client } = await setUp({ files });
    await client.ask(10, sendFields());
    await broker.advance(10_000);
    const before = broker.fs.files().sort();
    for (const topic of ['X', '../../config', '/', '..', '../config', '.', '']) {
      expect([topic, (await client.ask(215, { topic })).code]).toEqual([topic, 0]);
    }
    expect(broker.fs.files().sort()).toEqual([...new Set([...before, '/store/config/topics.json.bak'])].sort());
    expect((await client.ask(30, { topic: 'T', queueId: 0 })).ext).toEqual({ offset: '1' });
  });

  it('is refused with the cause when its file cannot be written, and afterwards is as before', async () => {
    const faults: FaultFs[] = [];
    const wrapFs = (fs: ConstructorParameters<typeof FaultFs>[0]): FaultFs => {
      faults.push(new FaultFs(fs));
      return faults.at(-1) as FaultFs;
    };
    const { client } = await setUp({ wrapFs });
    await client.ask(10, sendFields());
    faults[0]?.fail({ operation: 'fdatasync', path: /topics\.json\.tmp$/, code: 'EDQUOT' });
    const remark = 'topics.json could not be written (EDQUOT), nothing was changed';
    expect(await client.ask(215, { topic: 'T' })).toEqual({ ...DONE, code: 1, remark });
    expect((await client.ask(30, { topic: 'T', queueId: 0 })).ext).toEqual({ offset: '1' });
    expect((await client.ask(10, sendFields())).code).toBe(0);
  });
});

describe('the system topics (305)', () => {
  it('are those that every broker has', async () => {
    const { client } = await setUp();
    const { code, ext, body } = await client.ask(305);
    expect([code, ext]).toEqual([0, undefined]);
    expect(JSON.parse(body.toString()).topicList.sort()).toEqual([
      'BenchmarkTest',
      'DefaultCluster',
      'DefaultCluster_REPLY_TOPIC',
      'OFFSET_MOVED_EVENT',
      'SELF_TEST_TOPIC',
      'TBW102',
      'broker-a',
    ]);
  });
});
