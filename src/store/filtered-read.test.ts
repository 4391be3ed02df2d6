import { describe, expect, it } from 'vitest';
import { MemFs } from '../../testing/mem-fs.ts';
import { SeededRandom } from '../../testing/seeded-random.ts';
import { shortSeed } from '../../testing/short-seed.ts';
import { bodyOf, openTestStore, put, splitRecords } from '../../testing/store-fixture.ts';
import { parseProperties } from '../codec/message-properties.ts';
import type { MessageFilter } from './ports.ts';
import type { GetMessageResult } from './results.ts';

/** Passes messages whose property n is even. */
function evenFilter(looked: string[] = [], mostRecords = 100_000): MessageFilter {
  return {
    isMatchedByConsumeQueue: () => true,
    byRecord: {
      mostRecords,
      isMatchedByCommitLog(bytes, start, end) {
        const text = bytes.toString('utf8', start, end);
        looked.push(text);
        return Number(parseProperties(text).get('n')) % 2 === 0;
      },
    },
  };
}

type Store = ReturnType<typeof openTestStore>['store'];

async function read(store: Store, offset: number, filter: MessageFilter, maxMsgNums = 32) {
  const result = (await store.getMessage(
    { topic: 'TopicA', queueId: 0, offset, maxMsgNums },
    filter,
  )) as GetMessageResult;
  const bodies = splitRecords(result.body).map(bodyOf);
  expect(result.messageCount).toBe(bodies.length);
  return { status: result.status, next: result.nextBeginOffset, bodies };
}

function filled(count: number, bodyBytes = 20) {
  const fs = new MemFs();
  const opened = openTestStore(fs, '/store', { changes: { mappedFileSizeCommitLog: 1 << 20 } });
  for (let n = 0; n < count; n++) {
    put(opened.store, { body: String(n).padEnd(bodyBytes, ' '), properties: { n: String(n) } });
    if (n % 50 === 49) opened.clock.endTurn();
  }
  opened.clock.endTurn();
  return { ...opened, fs };
}

describe('a read with a filter that looks into records', () => {
  it('gives what matches, and goes on behind the last entry it looked at', async () => {
    const { store } = filled(20);
    expect(await read(store, 0, evenFilter(), 3)).toMatchObject({ status: 'FOUND', next: 5, bodies: { length: 3 } });
    const { bodies, next } = await read(store, 5, evenFilter());
    expect([bodies.map(Number), next]).toEqual([[6, 8, 10, 12, 14, 16, 18], 20]);
    expect(await read(store, 19, evenFilter())).toEqual({ status: 'NO_MATCHED_MESSAGE', next: 20, bodies: [] });
    expect(await read(store, 20, evenFilter())).toMatchObject({ status: 'OFFSET_OVERFLOW_ONE', next: 20 });
    await store.shutdown();
  });

  it('does not read what the entry in the queue rules out', async () => {
    const { store } = filled(10);
    const looked: string[] = [];
    let asked = 0;
    const filter = { ...evenFilter(looked), isMatchedByConsumeQueue: () => asked++ >= 7 };
    expect(await read(store, 0, filter)).toMatchObject({ next: 10, bodies: { length: 1 } });
    expect(looked).toEqual(['n\u00017\u0002', 'n\u00018\u0002', 'n\u00019\u0002']);
    const nothing = { ...evenFilter(), isMatchedByConsumeQueue: () => false };
    expect(await read(store, 0, nothing)).toEqual({ status: 'NO_MATCHED_MESSAGE', next: 10, bodies: [] });
    await store.shutdown();
  });

  it('looks at no more records than the filter may cost, and tells where to go on', async () => {
    const { store } = filled(20);
    const looked: string[] = [];
    expect(await read(store, 1, evenFilter(looked, 1))).toEqual({ status: 'NO_MATCHED_MESSAGE', next: 2, bodies: [] });
    expect(looked.length).toBe(1);
    expect(await read(store, 1, evenFilter(looked, 4))).toMatchObject({ next: 5, bodies: { length: 2 } });
    await store.shutdown();
  });

  it('stops after eight hundred entries, and after sixteen megabytes', async () => {
    const none: MessageFilter = { ...evenFilter(), byRecord: { mostRecords: 1e6, isMatchedByCommitLog: () => false } };
    const fs = new MemFs();
    const changes = { mappedFileSizeCommitLog: 64 << 20, mappedFileSizeConsumeQueue: 200_000, maxMessageSize: 1 << 21 };
    const { store, clock } = openTestStore(fs, '/store', { changes });
    for (let n = 0; n < 900; n++) put(store, { properties: { n: '1' } });
    clock.endTurn();
    for (let n = 0; n < 20; n++) put(store, { body: Buffer.alloc(1 << 20), properties: { n: '1' } });
    clock.endTurn();
    expect(await read(store, 0, none)).toMatchObject({ status: 'NO_MATCHED_MESSAGE', next: 800 });
    const { next } = await read(store, 900, none);
    expect(next).toBeGreaterThan(914);
    expect(next).toBeLessThan(919);
    await store.shutdown();
  });

  it('agrees with reading everything and filtering afterwards, from memory and after a start from disk', async () => {
    const seed = shortSeed;
    const random = new SeededRandom(seed);
    const { store, fs, clock } = filled(300, 200);
    const all = Array.from({ length: 300 }, (_, n) => n);
    const check = async (opened: Store): Promise<void> => {
      for (let offset = 0, found: number[] = []; ; ) {
        const step = await read(opened, offset, evenFilter(), 1 + random.below(40));
        if (step.status === 'OFFSET_OVERFLOW_ONE') {
          expect({ seed, found }).toEqual({ seed, found: all.filter((n) => n % 2 === 0) });
          return;
        }
        expect(step.next).toBeGreaterThan(offset);
        found.push(...step.bodies.map(Number));
        offset = step.next;
      }
    };
    await check(store);
    await store.shutdown();
    const again = openTestStore(fs, '/store', { clock, changes: { mappedFileSizeCommitLog: 1 << 20 } });
    await check(again.store);
    await again.store.shutdown();
  });

  it('leaves a damaged record out', async () => {
    const { store, fs, clock } = filled(10);
    await store.shutdown();
    const again = openTestStore(fs, '/store', { clock, changes: { mappedFileSizeCommitLog: 1 << 20 } });
    const bytes = fs.readFile('/store/commitlog/00000000000000000000', 1 << 21) ?? Buffer.alloc(0);
    const at = bytes.indexOf('4'.padEnd(20, ' '));
    fs.open('/store/commitlog/00000000000000000000', 'update').pwrite(Buffer.from('x'), 0, 1, at);
    const { bodies, next } = await read(again.store, 0, evenFilter());
    expect([bodies.map(Number), next]).toEqual([[0, 2, 6, 8], 10]);
    expect(await read(again.store, 3, evenFilter(), 32)).toMatchObject({ bodies: { length: 2 } });
    await again.store.shutdown();
  });
});
