import { describe, expect, it } from 'vitest';
import { testWorld, written } from '../../testing/broker-fixture.ts';
import { collectingLogger } from '../../testing/collecting-logger.ts';
import { BloomFilter } from '../util/bloom-filter.ts';
import { isDeadFilter } from './consumer-filter-file.ts';
import { ConsumerFilterManager } from './consumer-filter-manager.ts';

const DAY_MS = 86_400_000;

function setUp(world = testWorld(), bloomFilter = new BloomFilter(20, 32)) {
  const log = collectingLogger();
  const manager = new ConsumerFilterManager({
    ...{ bloomFilter, log, clock: world.clock },
    file: world.file('consumerFilter.json'),
    settings: { filterDataCleanTimeSpan: DAY_MS },
  });
  manager.load();
  const register = (expression: string, clientVersion: number, topic = 'T', group = 'g', expressionType = 'SQL92') =>
    manager.register({ topic, group, expression, expressionType, clientVersion });
  return { ...world, log, manager, register };
}

function subscription(
  topic: string,
  subString = 'a > 5',
  subVersion = 1,
  expressionType: string | undefined = 'SQL92',
) {
  return { topic, subString, subVersion, expressionType, tagsSet: [], codeSet: [], classFilterMode: false };
}

describe('a subscription', () => {
  it('of a newer version that does not compile removes the filter; a correct one after it is taken', () => {
    const { manager, register } = setUp();
    expect(register('a > 5', 1)).toBe(true);
    expect(register('a > ', 2)).toBe(false);
    expect(manager.get('T', 'g')).toBeUndefined();
    expect(manager.ofTopic('T')).toBeUndefined();
    expect(register('a > 6', 3)).toBe(true);
    expect(manager.get('T', 'g')?.expression).toBe('a > 6');
  });

  it('of a newer version replaces the filter, of the same or an older one it does not', () => {
    const { manager, register, clock } = setUp();
    register('a > 5', 5);
    const bornTime = clock.now();
    clock.advance(1000);
    expect([register('a > 6', 5), register('a > 6', 4)]).toEqual([false, false]);
    expect(manager.get('T', 'g')).toMatchObject({ expression: 'a > 5', bornTime });
    expect(register('a > 5', 6)).toBe(true);
    expect(manager.get('T', 'g')).toMatchObject({ expression: 'a > 5', bornTime });
    expect(manager.get('T', 'g')?.clientVersion.toNumber()).toBe(6);
    expect(register('a > 6', 7)).toBe(true);
    expect(manager.get('T', 'g')).toMatchObject({ expression: 'a > 6', bornTime: bornTime + 1000 });
  });

  it('by tags, without an expression, or of an unknown type is refused', () => {
    const { manager, register } = setUp();
    expect([register('A', 1, 'T', 'g', 'TAG'), register('', 1), register('a', 1, 'T', 'g', 'FOO')]).toEqual([
      false,
      false,
      false,
    ]);
    manager.registerGroup('g', [subscription('T', 'A', 1, 'TAG'), subscription('T2', '*', 1, undefined)]);
    expect([manager.ofTopic('T'), manager.ofTopic('T2')]).toEqual([undefined, undefined]);
  });

  it('of ten topics in one heartbeat gives ten filters with their bits', () => {
    const { manager } = setUp();
    const topics = Array.from({ length: 10 }, (_, at) => `T${at}`);
    manager.registerGroup(
      'g1',
      topics.map((topic) => subscription(topic)),
    );
    for (const topic of topics) {
      const { bitNum, bitPos } = manager.get(topic, 'g1')?.bloomFilterData ?? { bitNum: 0, bitPos: [] };
      expect([bitNum, bitPos.length, bitPos.every((bit) => bit >= 0 && bit < 112)]).toEqual([112, 3, true]);
    }
    expect(manager.get('T1', 'g1')?.bloomFilterData.bitPos).toEqual([57, 20, 98]);
  });
});

describe('a filter', () => {
  it('is dead when its group has gone, and lives again with the same version', () => {
    const { manager, register } = setUp();
    register('a > 5', 1);
    manager.unregisterGroup('g');
    expect(manager.get('T', 'g')).toSatisfy(isDeadFilter);
    expect(register('a > 5', 1)).toBe(true);
    expect(manager.get('T', 'g')).not.toSatisfy(isDeadFilter);
    expect(register('a > 5', 1)).toBe(false);
  });

  it('is dead when a heartbeat does not name its topic any more', () => {
    const { manager } = setUp();
    manager.registerGroup('g', [subscription('T'), subscription('T2')]);
    manager.registerGroup('g', [subscription('T2')]);
    expect(manager.get('T', 'g')).toSatisfy(isDeadFilter);
    expect(manager.get('T2', 'g')).not.toSatisfy(isDeadFilter);
  });

  it('comes back after a start, compiled, and dead until its consumers are back', async () => {
    const world = testWorld();
    const before = setUp(world);
    before.register('a > 5', 2 ** 60);
    await before.manager.persist();
    await written();
    world.clock.advance(60_000);
    const { manager, register } = setUp(world);
    const filter = manager.get('T', 'g');
    expect(filter).toMatchObject({ expression: 'a > 5', deadTime: world.clock.now() - 30_000 });
    expect(filter?.condition?.evaluate(Buffer.from('a\u00016\u0002'), 0, 4)).toBe(true);
    expect(register('a > 5', 2 ** 60)).toBe(true);
    expect(filter).not.toSatisfy(isDeadFilter);
  });

  it('of a bit map of another size is left out at a start', async () => {
    const world = testWorld();
    const before = setUp(world, new BloomFilter(20, 64));
    before.register('a > 5', 1);
    before.manager.persistNow();
    expect(setUp(world).manager.get('T', 'g')).toBeUndefined();
    expect(setUp(world, new BloomFilter(20, 64)).manager.get('T', 'g')).toBeDefined();
  });

  it('that has been dead for a day is dropped when the table is written', () => {
    const world = testWorld();
    const { manager, register, clock } = setUp(world);
    register('a > 5', 1);
    register('a > 5', 1, 'T', 'g2');
    manager.unregisterGroup('g');
    clock.advance(DAY_MS - 1);
    manager.persistNow();
    expect(manager.get('T', 'g')).toBeDefined();
    clock.advance(1);
    manager.persistNow();
    expect([manager.get('T', 'g'), manager.get('T', 'g2')?.expression]).toEqual([undefined, 'a > 5']);
    expect(world.fs.readFile('/store/config/consumerFilter.json', 10_000)?.toString()).not.toContain('"g"');
  });
});

it('without filters nothing is ever written', async () => {
  const { manager, fs } = setUp();
  manager.registerGroup('g', [subscription('T', '*', 1, 'TAG')]);
  await manager.persist();
  manager.persistNow();
  expect(fs.stat('/store/config/consumerFilter.json')).toBeUndefined();
});

it('one more than the limit is refused, by number and by size', () => {
  const { manager, register, log } = setUp();
  const long = `a IN ('${'x'.repeat(65_000)}')`;
  let taken = 0;
  while (register(long, 1, 'T', `g${taken}`)) taken += 1;
  expect(taken).toBe(Math.floor((32 * 2 ** 20) / long.length));
  expect(log.lines.at(-1)?.text).toBe('there are too many filters, one was not registered');
  expect(register('a = 1', 1, 'T', 'small')).toBe(true);
  expect(manager.ofTopic('T')?.size).toBe(taken + 1);
});
