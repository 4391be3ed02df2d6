import { describe, expect, it } from 'vitest';
import { MemFs } from '../../testing/mem-fs.ts';
import { draftOf, openTestStore, propertiesOf, put, readAll, splitRecords } from '../../testing/store-fixture.ts';
import { SCHEDULE_TOPIC } from '../codec/system-topics.ts';
import type { MessageStoreConfig } from '../config/message-store-config.ts';
import type { MessageStore } from './message-store.ts';

function opened(changes: Partial<MessageStoreConfig> = {}) {
  return openTestStore(new MemFs(), '/store', { changes });
}

async function recordOf(store: MessageStore, topic: string, queueId: number): Promise<Buffer> {
  const result = await store.getMessage({ topic, queueId, offset: 0, maxMsgNums: 1 });
  return splitRecords(result?.body)[0] as Buffer;
}

describe('a message with DELAY', () => {
  it('waits in the queue of its level and remembers where it goes', async () => {
    const { store, clock } = opened();
    const draft = draftOf({ topic: 'TopicA', queueId: 3, properties: { DELAY: '2', TAGS: 'x', REAL_TOPIC: 'forged' } });
    expect(store.putMessage(draft)).toMatchObject({ accepted: true, queueOffset: 0 });
    clock.endTurn();
    expect(await readAll(store, 'TopicA', 3)).toEqual([]);
    const properties = propertiesOf(await recordOf(store, SCHEDULE_TOPIC, 1));
    expect(Object.fromEntries(properties)).toEqual({ DELAY: '2', TAGS: 'x', REAL_TOPIC: 'TopicA', REAL_QID: '3' });
    expect(store.scheduled.due(2, 0, clock.now())).toMatchObject({ nextOffset: 0, nextDueMs: clock.now() + 5000 });
    expect(store.scheduled.due(2, 0, clock.now() + 5000)).toMatchObject({ nextOffset: 1, nextDueMs: undefined });
  });

  it('is stored with the greatest level there is when it asks for more', async () => {
    const { store, clock } = opened({ messageDelayLevel: '1s 7s' });
    put(store, { properties: { DELAY: '99' } });
    clock.endTurn();
    expect(propertiesOf(await recordOf(store, SCHEDULE_TOPIC, 1)).get('DELAY')).toBe('2');
  });

  it.each(['0', '-1', '-2147483648'])('goes to its topic at once with the level %s', async (DELAY) => {
    const { store, clock } = opened();
    put(store, { properties: { DELAY } });
    clock.endTurn();
    expect(await readAll(store)).toEqual(['hello']);
  });

  it.each(['', 'x', '1.5', '0x1', '2147483648', ' 1'])('is refused when the level is no int: "%s"', (level) => {
    const { store } = opened();
    const draft = draftOf({ properties: { DELAY: level, KEYS: 'k' } });
    expect(store.putMessage(draft)).toMatchObject(level === '' ? { accepted: true } : { status: 'UNKNOWN_ERROR' });
  });

  it('goes to its topic when its time has been served, and waits for nobody', async () => {
    const { store, clock } = opened({ flushDiskType: 'SYNC_FLUSH' });
    const draft = draftOf({ properties: { DELAY: '1', WAIT: 'true' } });
    draft.delayServed = true;
    draft.noWait = true;
    expect(store.putMessage(draft)).toMatchObject({ accepted: true, needs: 0 });
    clock.endTurn();
    expect(await readAll(store)).toEqual(['hello']);
    draft.reset();
    expect([draft.delayServed, draft.noWait]).toEqual([false, false]);
  });

  it.each([
    [0x4, 'TopicA'],
    [0x8, SCHEDULE_TOPIC],
    [0xc, 'TopicA'],
  ])('is delayed only outside of transactions or as a commit: sysFlag %i', (sysFlag, topic) => {
    const { store } = opened();
    const draft = draftOf({ properties: { DELAY: '1' }, sysFlag });
    store.putMessage(draft);
    expect(draft.topic).toBe(topic);
  });

  it('is refused in a batch', () => {
    const { store } = opened();
    const batch = (DELAY: string) => store.putMessages(draftOf({ properties: { DELAY } }));
    expect(batch('1')).toMatchObject({ status: 'MESSAGE_ILLEGAL', remark: 'a batch cannot be delayed' });
    expect(batch('x')).toMatchObject({ status: 'UNKNOWN_ERROR' });
  });

  it('is refused when its record could not be stored under its own topic later', () => {
    const topic = 't'.repeat(127);
    const probe = opened();
    const sized = (size: number) => draftOf({ topic, body: 'b'.repeat(size), properties: { DELAY: '1' } });
    const spare = (probe.store.putMessage(sized(100)) as { wroteBytes: number }).wroteBytes;
    const { store } = opened({ maxMessageSize: spare + 127 - SCHEDULE_TOPIC.length });
    expect(store.putMessage(sized(101))).toMatchObject({ accepted: false, status: 'MESSAGE_ILLEGAL' });
    expect(store.putMessage(sized(100))).toMatchObject({ accepted: true });
  });
});
