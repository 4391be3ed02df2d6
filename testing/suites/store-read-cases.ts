import { expect, it } from 'vitest';
import type { Fs } from '../../src/util/fs.ts';
import { bodyOf, openTestStore, put } from '../store-fixture.ts';

type Make = () => { readonly fs: Fs; readonly root: string };

/** The reading half of {@link storeSuite}: pulls, looking up, queries by key. */
export function storeReadCases(make: Make): void {
  pullCases(make);
  lookUpCases(make);
  queryCases(make);
}

function pullCases(make: Make): void {
  it('answers every status with its next offset', async () => {
    const { fs, root } = make();
    const { store, clock } = openTestStore(fs, root);
    const ask = async (offset: number, filter?: { isMatchedByConsumeQueue: () => boolean }, queueId = 0) => {
      const result = await store.getMessage({ topic: 'TopicA', queueId, offset, maxMsgNums: 32 }, filter);
      return [result?.status, result?.nextBeginOffset, result?.messageCount];
    };
    expect(await ask(5)).toEqual(['NO_MESSAGE_IN_QUEUE', 0, 0]);
    for (let index = 0; index < 3; index++) put(store);
    clock.endTurn();
    expect(await ask(-1)).toEqual(['OFFSET_TOO_SMALL', 0, 0]);
    expect(await ask(3)).toEqual(['OFFSET_OVERFLOW_ONE', 3, 0]);
    expect(await ask(4)).toEqual(['OFFSET_OVERFLOW_BADLY', 0, 0]);
    expect(await ask(1)).toEqual(['FOUND', 3, 2]);
    expect(await ask(0, { isMatchedByConsumeQueue: () => false })).toEqual(['NO_MATCHED_MESSAGE', 3, 0]);
    expect(await ask(0, undefined, 1)).toEqual(['NO_MESSAGE_IN_QUEUE', 0, 0]);
    await store.shutdown();
  });

  it('keeps the limits of one answer', async () => {
    const { fs, root } = make();
    const test = openTestStore(fs, root, { changes: { mappedFileSizeConsumeQueue: 20_000 } });
    const { store, clock, config } = test;
    for (let index = 0; index < 100; index++) put(store, { body: 'x'.repeat(103) });
    clock.endTurn();
    const count = async (maxMsgNums: number) =>
      (await store.getMessage({ topic: 'TopicA', queueId: 0, offset: 0, maxMsgNums }))?.messageCount;
    expect(await count(100)).toBe(32);
    expect(await count(20)).toBe(20);
    expect(await count(0)).toBe(1);
    expect(await count(-5)).toBe(1);
    config.maxTransferBytesOnMessageInMemory = 1000;
    expect(await count(32)).toBe(5);
    config.maxTransferBytesOnMessageInMemory = 10;
    expect(await count(32)).toBe(1);
    config.maxTransferBytesOnMessageInMemory = 100_000;
    config.maxTransferCountOnMessageInMemory = 50;
    expect(await count(100)).toBe(50);
    config.accessMessageInMemoryMaxRatio = 0;
    expect(await count(100)).toBe(8);
    await store.shutdown();
  });
}

function lookUpCases(make: Make): void {
  it('reads one file of the queue at a time, and filters by tag hash', async () => {
    const { fs, root } = make();
    const { store, clock } = openTestStore(fs, root);
    for (let index = 0; index < 30; index++) put(store, { properties: { TAGS: index % 3 === 0 ? 'TagA' : 'TagB' } });
    clock.endTurn();
    const filter = { isMatchedByConsumeQueue: (high: number, low: number) => high === 0 && low === 2598919 };
    const result = await store.getMessage({ topic: 'TopicA', queueId: 0, offset: 5, maxMsgNums: 32 }, filter);
    expect(result).toMatchObject({
      status: 'FOUND',
      nextBeginOffset: 20,
      messageCount: 5,
      minOffset: 0,
      maxOffset: 30,
    });
    await store.shutdown();
  });

  it('finds offsets by time and times by offset', async () => {
    const { fs, root } = make();
    const { store, clock } = openTestStore(fs, root);
    const times: number[] = [];
    for (let index = 0; index < 10; index++) {
      times.push(put(store).storeTimestamp);
      clock.advance(10);
    }
    const at = (time: number) => store.getOffsetInQueueByTime('TopicA', 0, time);
    for (const [index, time] of times.entries()) {
      expect(store.getMessageStoreTimeStamp('TopicA', 0, index)).toBe(time);
      expect([at(time), at(time + 2), at(time - 2)]).toEqual([index, index, index]);
    }
    expect(at((times[9] as number) + 20_000)).toBe(9);
    expect(at((times[0] as number) - 20_000)).toBe(0);
    expect(store.getOffsetInQueueByTime('Nobody', 0, times[5] as number)).toBe(0);
    expect(store.getEarliestMessageTime('TopicA', 0)).toBe(times[0]);
    expect(store.getEarliestMessageTime()).toBe(times[0]);
    expect(store.getEarliestMessageTime('Nobody', 0)).toBe(-1);
    expect(store.getMessageStoreTimeStamp('TopicA', 0, 10)).toBe(-1);
    await store.shutdown();
  });
}

function queryCases(make: Make): void {
  it('finds messages by unique key and by each of their keys', async () => {
    const { fs, root } = make();
    const { store, clock } = openTestStore(fs, root);
    for (let index = 0; index < 60; index++) {
      put(store, { body: String(index), properties: { UNIQ_KEY: `id${index}`, KEYS: `k${index} all  odd` } });
      clock.advance(1);
    }
    const query = async (key: string, most = 32) => {
      const { buffers } = await store.queryMessage('TopicA', key, most, 0, clock.now() + 1000);
      return buffers.map(bodyOf);
    };
    expect(await query('id17')).toEqual(['17']);
    expect(await query('k59')).toEqual(['59']);
    expect(await query('all', 5)).toEqual(['55', '56', '57', '58', '59']);
    expect(await query('')).toEqual([]);
    expect(await query('nobody')).toEqual([]);
    const missing = await store.queryMessage('TopicB', 'id1', 32, 0, clock.now());
    expect(missing).toMatchObject({ indexLastUpdateTimestamp: 0, indexLastUpdatePhyoffset: 0 });
    await store.shutdown();
  });
}
