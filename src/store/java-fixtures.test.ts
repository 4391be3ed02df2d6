import { describe, expect, it } from 'vitest';
import {
  JAVA_STORE_SIZES,
  type JavaStoreName,
  type JavaStoreQueue,
  javaStoreManifest,
  unpackJavaStore,
} from '../../testing/java-store.ts';
import { MemFs } from '../../testing/mem-fs.ts';
import { openTestStore, put, type TestStore } from '../../testing/store-fixture.ts';

/** Opens a copy of a directory that Java 4.6.0 wrote. */
function openFixture(name: JavaStoreName, fs = new MemFs()): TestStore & { fs: MemFs } {
  unpackJavaStore(fs, name, '/store');
  return { ...openTestStore(fs, '/store', { changes: JAVA_STORE_SIZES }), fs };
}

const INTERNAL = new Set(['SCHEDULE_TOPIC_XXXX', 'RMQ_SYS_TRANS_OP_HALF_TOPIC']);

/** What of a fixture must be found again; the torn one lists the records that recovery drops. */
function survivors(name: JavaStoreName, end: number) {
  return javaStoreManifest(name).messages.filter((message) => message.physicalOffset < end);
}

describe.each<JavaStoreName>(['clean', 'crashed', 'torn'])('the %s store of Java 4.6.0', (name) => {
  it('has exactly the offsets that Java found in it, in every queue, and counts on from there', async () => {
    const { store, fs, clock } = openFixture(name);
    const manifest = javaStoreManifest(name);
    expect(store.getMaxPhyOffset()).toBe(manifest.commitLog.maxOffset);
    expect(store.getMinPhyOffset()).toBe(manifest.commitLog.minOffset);
    const recovered = manifest.afterJavaRecovery.queues;
    expect(recovered).toHaveLength(15);
    // Java's report leaves out its internal topics; nothing was under way in them.
    const internal = manifest.consumeQueues.filter(({ topic }) => INTERNAL.has(topic));
    expect(internal).toHaveLength(8);
    const expected = [...recovered, ...internal].map((queue) => {
      // An overdue delayed message was delivered when Java started on the clean store; that is no part of opening.
      const delivered = name === 'clean' && queue.topic === 'FxDelay' ? 1 : 0;
      const { topic, queueId, minOffset, maxOffset } = queue;
      return { topic, queueId, minOffset, maxOffset: maxOffset - delivered };
    });
    const offsets = ({ topic, queueId }: JavaStoreQueue) => ({
      ...{ topic, queueId },
      minOffset: store.getMinOffsetInQueue(topic, queueId),
      maxOffset: store.getMaxOffsetInQueue(topic, queueId),
    });
    expect(expected.map(offsets)).toEqual(expected);
    for (const { topic, queueId, maxOffset } of expected) {
      expect([topic, queueId, put(store, { topic, queueId }).queueOffset]).toEqual([topic, queueId, maxOffset]);
    }
    clock.endTurn();
    await store.shutdown();
    const queues = fs.list('/store/consumequeue').flatMap((topic) => {
      return fs.list(`/store/consumequeue/${topic}`).map((queueId) => `${topic}/${queueId}`);
    });
    expect(queues.sort()).toEqual(expected.map(({ topic, queueId }) => `${topic}/${queueId}`).sort());
  });

  it('serves every message by physical offset, by queue and by key', async () => {
    const { store } = openFixture(name);
    const messages = survivors(name, store.getMaxPhyOffset());
    for (const message of messages) {
      expect(await store.selectOneMessageByOffset(message.physicalOffset)).toHaveLength(message.size);
      const found = store.lookMessageByOffset(message.physicalOffset);
      expect(found).toMatchObject({
        topic: message.topic,
        queueId: message.queueId,
        queueOffset: message.queueOffset,
        phyOffset: message.physicalOffset,
        totalSize: message.size,
        storeTimestamp: message.storeTimestamp,
      });
    }
    for (const { topic, queueId, queueOffset, physicalOffset, size, sysFlag } of messages) {
      if ((sysFlag & 0xc) === 4 || (sysFlag & 0xc) === 0xc) continue;
      const result = await store.getMessage({ topic, queueId, offset: queueOffset, maxMsgNums: 1 });
      expect(result).toMatchObject({ status: 'FOUND', messageCount: 1, body: { length: size } });
      expect(Number(result?.body.readBigInt64BE(28))).toBe(physicalOffset);
    }
    await store.shutdown();
  });

  it('finds messages by unique key and by key', async () => {
    const { store } = openFixture(name);
    const messages = survivors(name, store.getMaxPhyOffset());
    for (const [index, { topic, physicalOffset, uniqKey, keys }] of messages.entries()) {
      if (index % 7 !== 0 && index < messages.length - 300) continue;
      for (const key of [uniqKey, ...(keys?.split(' ') ?? [])]) {
        if (key === null || key === '') continue;
        const { buffers } = await store.queryMessage(topic, key, 64, 0, Number.MAX_SAFE_INTEGER);
        const offsets = buffers.map((record) => Number(record.readBigInt64BE(28)));
        if (buffers.length < 64) expect(offsets).toContain(physicalOffset);
      }
    }
    await store.shutdown();
  });

  it('takes new messages and serves all of them after another start', async () => {
    const { store, fs, clock } = openFixture(name);
    const end = store.getMaxPhyOffset();
    const before = store.getMaxOffsetInQueue('FxPlain', 1);
    for (let index = 0; index < 1000; index++) {
      put(store, { topic: 'FxPlain', queueId: 1, body: 'x'.repeat(index), properties: { UNIQ_KEY: `new${index}` } });
      if (index % 10 === 0) clock.advance(1);
    }
    await store.shutdown();
    const again = openTestStore(fs, '/store', { changes: JAVA_STORE_SIZES, clock });
    expect(again.store.getMaxOffsetInQueue('FxPlain', 1)).toBe(before + 1000);
    for (const { physicalOffset } of survivors(name, end)) {
      expect(again.store.lookMessageByOffset(physicalOffset)?.phyOffset).toBe(physicalOffset);
    }
    expect((await again.store.queryMessage('FxPlain', 'new999', 1, 0, Number.MAX_SAFE_INTEGER)).buffers).toHaveLength(
      1,
    );
    await again.store.shutdown();
  });
});
