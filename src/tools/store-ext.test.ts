import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../testing/fake-clock.ts';
import { MemFs } from '../../testing/mem-fs.ts';
import { SeededRandom } from '../../testing/seeded-random.ts';
import { openTestStore, put, readAll, storeConfig, testProc } from '../../testing/store-fixture.ts';
import { bytesOf, flip, poke } from '../../testing/store-images.ts';
import { damageLine } from './findings.ts';
import { dumpStore } from './store-dump.ts';
import { type StoreLayout, storeLayout } from './store-layout.ts';
import { repairStore } from './store-repair.ts';
import { verifyStore } from './store-verify.ts';

const CHANGES = { enableConsumeQueueExt: true, mappedFileSizeConsumeQueueExt: 256 };
const EXT = 'consumequeue_ext/TopicA/0/00000000000000000000';
const LAST_EXT = 'consumequeue_ext/TopicA/0/00000000000000000512';
const QUEUE = 'consumequeue/TopicA/0/00000000000000000000';

/** Thirty messages, every second one with a bit map; units of 20 and 23 bytes in files of 256. */
async function extStore(): Promise<{ fs: MemFs; layout: StoreLayout }> {
  const clock = new FakeClock();
  const fs = new MemFs({ now: () => clock.now() });
  let count = 0;
  const filterBitMap = { bitMapOf: () => (count++ % 2 === 0 ? Uint8Array.of(1, 2, 3) : undefined) };
  const { store } = openTestStore(fs, '/store', { clock, changes: CHANGES, ports: { filterBitMap } });
  for (let index = 0; index < 30; index += 1) {
    put(store, { body: `m${index}`, properties: { TAGS: `t${index % 3}` } });
    clock.advance(10);
  }
  await store.shutdown();
  return { fs, layout: storeLayout(fs, '/store', { config: storeConfig('/store', CHANGES) }) };
}

const damages = (fs: MemFs, layout: StoreLayout): string[] => verifyStore(fs, layout).findings.damages.map(damageLine);

/** Entries of all files of the queue. */
function entriesOf(fs: MemFs): Buffer[] {
  const dir = '/store/consumequeue/TopicA/0';
  const bytes = Buffer.concat(
    fs
      .list(dir)
      .sort()
      .map((name) => bytesOf(fs, `${dir}/${name}`)),
  );
  return Array.from({ length: 30 }, (_, number) => bytes.subarray(number * 20, number * 20 + 20));
}

/**
 * Repairs a store after `damage`: nothing is left, a dry run said the same, all messages are read and a new one goes
 * on. Gives what was said, and the entries that have the tagsCode now.
 */
async function repaired(
  damage: (fs: MemFs) => void,
): Promise<{ fs: MemFs; said: readonly string[]; changed: readonly number[] }> {
  const { fs, layout } = await extStore();
  const before = entriesOf(fs);
  damage(fs);
  const told: string[] = [];
  const said: string[] = [];
  const options = { clock: new FakeClock(), proc: testProc() };
  await repairStore(fs, layout, { ...options, write: false, say: (line) => void told.push(line) });
  await repairStore(fs, layout, { ...options, write: true, say: (line) => void said.push(line) });
  const steps = told.filter((line) => line.startsWith('would '));
  expect(steps.map((line) => line.slice('would '.length))).toEqual(said.slice(0, steps.length));
  expect(damages(fs, layout)).toEqual([]);
  const after = entriesOf(fs);
  const changed = [...after.keys()].filter((number) => !before[number]?.equals(after[number] as Buffer));
  for (const number of changed) {
    expect(after[number]?.readBigInt64BE(12)).toBe(BigInt('t'.charCodeAt(0) * 31 + '0'.charCodeAt(0) + (number % 3)));
  }
  const { store, clock } = openTestStore(fs, '/store', { changes: CHANGES });
  put(store, { body: 'm30', properties: { TAGS: 't0' } });
  clock.endTurn();
  expect(await readAll(store)).toEqual(Array.from({ length: 31 }, (_, number) => `m${number}`));
  await store.shutdown();
  expect(damages(fs, layout)).toEqual([]);
  return { fs, said, changed };
}

/**
 * Planted bugs that these tests were seen to catch: the unit of an address is not compared with the record; a walk
 * that stops at a broken unit without a word; entries keep addresses of units that a repair takes away; units behind a
 * broken one are taken away, too.
 */
describe('extension files', () => {
  it('without damage are verified without a word', async () => {
    const { fs, layout } = await extStore();
    const { findings } = verifyStore(fs, layout);
    expect(fs.list('/store/consumequeue_ext/TopicA/0').length).toBe(3);
    expect(findings).toMatchObject({ damageCount: 0, notes: [] });
  });

  it('with a broken unit are named, and the entry that leads there', async () => {
    const { fs, layout } = await extStore();
    flip(fs, `/store/${EXT}`, 23 + 1);
    expect(damages(fs, layout)).toEqual([
      expect.stringContaining(`${QUEUE}:20: entry 1 holds the address 23 in the extension, where no unit is`),
      expect.stringContaining(`${EXT}:23: no unit: `),
    ]);
  });

  it('whose unit is of another message, or behind whose units something lies, are named', async () => {
    const { fs, layout } = await extStore();
    poke(fs, `/store/${QUEUE}`, 2 * 20 + 12, bytesOf(fs, `/store/${QUEUE}`).subarray(12, 20));
    const last = fs.list('/store/consumequeue_ext/TopicA/0').sort().at(-1) as string;
    flip(fs, `/store/consumequeue_ext/TopicA/0/${last}`, 254);
    expect(damages(fs, layout)).toEqual([
      `${QUEUE}:40: entry 2 holds the address 0 in the extension, where the unit of another message is`,
      expect.stringContaining(`consumequeue_ext/TopicA/0/${last}:254: not empty, behind the last unit at`),
    ]);
  });

  it('of another length, or foreign ones, are named', async () => {
    const { fs, layout } = await extStore();
    fs.install('/store/consumequeue_ext/TopicA/0/00000000000000000768', Buffer.alloc(100));
    fs.install('/store/consumequeue_ext/TopicA/0/notes', Buffer.alloc(1));
    expect(damages(fs, layout).join()).toContain('the file has 100 bytes in place of 256');
    expect(damages(fs, layout).join()).toContain('is no extension file; a broker does not start with it');
  });

  it('that belong to nobody move away', async () => {
    const { fs, said, changed } = await repaired((damaged) => {
      damaged.install('/store/consumequeue_ext/TopicA/0/notes', Buffer.from('text'));
    });
    expect(said[0]).toBe('move consumequeue_ext/TopicA/0/notes away: it is no extension file');
    const copy = fs.files().find((path) => path.endsWith('/consumequeue_ext/TopicA/0/notes')) ?? '';
    expect(copy).toMatch(/^\/store\/repair-/);
    expect(bytesOf(fs, copy).toString()).toBe('text');
    expect(changed).toEqual([]);
  });

  it('that no repair can mend are said to be left, with and without --write', async () => {
    const { fs, layout } = await extStore();
    fs.open(`/store/${LAST_EXT}`, 'update').truncate(250);
    const before = damages(fs, layout);
    expect(before).toEqual([`${LAST_EXT}:250: the file has 250 bytes in place of 256`]);
    for (const write of [false, true]) {
      const said: string[] = [];
      const say = (line: string): void => void said.push(line);
      const report = await repairStore(fs, layout, { write, say, clock: new FakeClock(), proc: testProc() });
      expect(said).toEqual([...before.map((line) => `left: ${line}`), 'no step to take, 1 damages left']);
      expect(report).toMatchObject({ steps: 0, left: 1 });
    }
  });

  it('that are gone are a remark', async () => {
    const { fs, layout } = await extStore();
    for (const name of fs.list('/store/consumequeue_ext/TopicA/0')) {
      fs.unlink(`/store/consumequeue_ext/TopicA/0/${name}`);
    }
    const { findings } = verifyStore(fs, layout);
    expect(findings.damages).toEqual([]);
    expect(findings.notes).toEqual(['30 entries hold addresses of extension files that are not there']);
  });

  it('keep what leads to their units when the store is repaired; other entries get the tagsCode', async () => {
    const { fs, layout } = await extStore();
    const before = bytesOf(fs, `/store/${QUEUE}`);
    flip(fs, `/store/${QUEUE}`, 5 * 20 + 19, 1);
    flip(fs, `/store/${QUEUE}`, 7 * 20 + 5, 1);
    const said: string[] = [];
    const options = {
      write: true,
      say: (line: string) => void said.push(line),
      clock: new FakeClock(),
      proc: testProc(),
    };
    await repairStore(fs, layout, options);
    expect(said).toContain('write 2 entries of consumequeue/TopicA/0');
    expect(damages(fs, layout)).toEqual([]);
    const after = bytesOf(fs, `/store/${QUEUE}`);
    expect(after.subarray(100, 112)).toEqual(before.subarray(100, 112));
    expect(after.readBigInt64BE(112)).toBe(BigInt('t'.charCodeAt(0) * 31 + '2'.charCodeAt(0)));
    expect(after.subarray(140)).toEqual(before.subarray(140));
  });

  it('that are broken in the middle are mended around the units before and behind', async () => {
    const { said, changed } = await repaired((fs) => flip(fs, `/store/${EXT}`, 23 + 1));
    expect(said[1]).toBe(
      `give 20 bytes of ${EXT} from 23 on to a unit that no entry asks for: ` +
        'no unit: 4 is no size of one; Java finds none behind it',
    );
    expect(changed).toEqual([1]);
    const hole = await repaired((fs) => poke(fs, `/store/${EXT}`, 43, Buffer.alloc(43)));
    expect(hole.changed).toEqual([2, 3]);
    const twice = await repaired((fs) => {
      flip(fs, `/store/${EXT}`, 23 + 1);
      flip(fs, `/store/${EXT}`, 109 + 1);
    });
    expect(twice.said.filter((line) => line.startsWith('give '))).toHaveLength(2);
    expect(twice.changed).toEqual([1, 5]);
  });

  it('that are broken at their end are zero from there on, as after a start of the broker', async () => {
    const { said, changed } = await repaired((fs) => poke(fs, `/store/${LAST_EXT}`, 43, Buffer.alloc(213, 0xee)));
    expect(said[1]).toMatch(new RegExp(`^make ${LAST_EXT} zero from 43 on: no unit: `));
    expect(changed).toEqual([24, 25, 26, 27, 28, 29]);
    const behind = await repaired((fs) => flip(fs, `/store/${LAST_EXT}`, 254));
    expect(behind.changed).toEqual([]);
  });

  it('that are broken up to the next file end with a mark before it', async () => {
    const { fs, said, changed } = await repaired((disk) => poke(disk, `/store/${EXT}`, 66, Buffer.alloc(190, 0xee)));
    expect(said[1]).toMatch(new RegExp(`^end the units of ${EXT} at 66: no unit: `));
    expect(changed).toEqual([3, 4, 5, 6, 7, 8, 9, 10]);
    const marked = Buffer.alloc(190);
    marked.writeInt16BE(-1);
    expect(bytesOf(fs, `/store/${EXT}`).subarray(66)).toEqual(marked);
  });

  it('that no entry knows any more leave nothing that a new unit would cut in two', async () => {
    const { changed } = await repaired((fs) => {
      for (const number of [8, 9]) {
        flip(fs, '/store/consumequeue/TopicA/0/00000000000000000400', number * 20 + 19, 1);
      }
    });
    expect(changed).toEqual([28, 29]);
  });

  it('that are broken anywhere are mended so that no entry leads to another unit', async () => {
    const random = new SeededRandom(20_260_101);
    for (let round = 0; round < 40; round += 1) {
      await repaired((fs) => {
        for (let count = random.below(4); count >= 0; count -= 1) {
          const bytes = Buffer.from(Array.from({ length: 1 + random.below(40) }, () => random.below(256)));
          poke(fs, `/store/${random.pick([EXT, LAST_EXT])}`, random.below(256 - bytes.length), bytes);
        }
      });
    }
  });

  it('are shown with the entries', async () => {
    const { fs, layout } = await extStore();
    flip(fs, `/store/${EXT}`, 23 + 1);
    const lines: string[] = [];
    dumpStore(fs, layout, { part: 'queues', limit: 2 }, (line) => lines.push(line));
    expect(lines[0]).toMatch(/#0 .* unit tagsCode \d+ {2}\S+Z {2}bitMap 010203$/);
    expect(lines[1]).toMatch(/#1 .* unit missing$/);
  });
});
