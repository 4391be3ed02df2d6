import { describe, expect, it } from 'vitest';
import { BrokerFixture, topicOf, topicsFile } from '../../../testing/broker-fixture.ts';
import { sendFields } from '../../../testing/requests.ts';
import { FsError } from '../../util/fs.ts';

const DONE = { code: 0, remark: undefined, ext: undefined, body: Buffer.alloc(0) };
const EVERY_HOUR = Array.from({ length: 24 }, (_, hour) => hour).join(';');

describe('queues removed by an administrator', () => {
  it('306: those whose messages have all expired', async () => {
    const broker = await BrokerFixture.start({
      files: { 'topics.json': topicsFile(topicOf('T'), topicOf('U')) },
      settings: ({ messageStoreConfig }) => {
        // The files of the fixture have the wall clock's time, which is behind the broker's by more than this.
        Object.assign(messageStoreConfig, {
          mappedFileSizeCommitLog: 4096,
          fileReservedTime: 0,
          deleteWhen: EVERY_HOUR,
        });
      },
    });
    const client = await broker.client();
    const maxOffset = async (topic: string) => (await client.ask(30, { topic, queueId: 0 })).ext;
    await client.ask(10, sendFields(), { body: 'old' });
    for (let at = 0; at < 3; at++) await client.ask(10, sendFields({ topic: 'U' }), { body: 'x'.repeat(3000) });
    await broker.advance(62_000);
    expect([await maxOffset('T'), await maxOffset('U')]).toEqual([{ offset: '1' }, { offset: '3' }]);
    expect(await client.ask(306)).toEqual(DONE);
    expect([await maxOffset('T'), await maxOffset('U')]).toEqual([{ offset: '0' }, { offset: '3' }]);
    expect(await client.ask(10, sendFields(), { body: 'new' })).toMatchObject({ ext: { queueOffset: '0' } });
    await broker.stop();
  });

  it('316: those of topics that topics.json does not know', async () => {
    const broker = await BrokerFixture.start({ files: { 'topics.json': topicsFile(topicOf('T'), topicOf('U')) } });
    const before = await broker.client();
    for (const topic of ['T', 'U']) await before.ask(10, sendFields({ topic }), { body: 'kept or not' });
    await broker.stop();
    broker.writeState('topics.json', topicsFile(topicOf('U')));
    await broker.start();
    const client = await broker.client();
    expect(broker.fs.list('/store/consumequeue').sort()).toEqual(['T', 'U']);
    expect(await client.ask(316)).toEqual(DONE);
    expect(broker.fs.list('/store/consumequeue')).toEqual(['U']);
    await broker.stop();
  });

  it('are told why when the disk refuses', async () => {
    const broker = await BrokerFixture.start({ files: { 'topics.json': topicsFile(topicOf('T')) } });
    const client = await broker.client();
    await client.ask(10, sendFields(), { body: 'x' });
    await broker.stop();
    broker.writeState('topics.json', topicsFile());
    await broker.start();
    const again = await broker.client();
    broker.fs.unlink = () => {
      throw new FsError('unlink', '/store/consumequeue/T/0/0', 'EIO');
    };
    expect(await again.ask(316)).toMatchObject({ code: 1, remark: expect.stringMatching(/unlink .* EIO/) });
  });
});
