import { describe, expect, it } from 'vitest';
import { testWorld } from '../../../testing/broker-fixture.ts';
import { BloomFilter, hasBits } from '../../util/bloom-filter.ts';
import { silentLogger } from '../../util/logger.ts';
import { ConsumerFilterManager } from '../consumer-filter-manager.ts';
import { FilterBitMaps } from './filter-bit-maps.ts';

function setUp(settings = { enableCalcFilterBitMap: true }) {
  const { clock, file } = testWorld();
  const manager = new ConsumerFilterManager({
    ...{ clock, log: silentLogger, file: file('consumerFilter.json') },
    bloomFilter: new BloomFilter(20, 32),
    settings: { filterDataCleanTimeSpan: 1000 },
  });
  const register = (group: string, expression: string) =>
    manager.register({ topic: 'T', group, expression, expressionType: 'SQL92', clientVersion: 1 });
  const maps = new FilterBitMaps(manager, settings);
  const bits = (topic: string, properties: string) => {
    const bytes = Buffer.from(properties);
    const map = maps.bitMapOf(topic, bytes, 0, bytes.length);
    return map === undefined ? undefined : Buffer.from(map).toString('hex');
  };
  return { manager, maps, register, bits };
}

describe('the bit map of a message', () => {
  it('is none without filters of its topic, or while it is switched off', () => {
    const settings = { enableCalcFilterBitMap: true };
    const { register, bits } = setUp(settings);
    expect(bits('T', 'a\u00011\u0002')).toBeUndefined();
    register('g', 'a = 1');
    expect(bits('U', 'a\u00011\u0002')).toBeUndefined();
    settings.enableCalcFilterBitMap = false;
    expect(bits('T', 'a\u00011\u0002')).toBeUndefined();
  });

  it('has the bits of the filters that it passes, those of dead ones too', () => {
    const { manager, maps, register, bits } = setUp();
    for (let at = 0; at < 10; at++) register(`g${at}`, `a > ${at}`);
    manager.unregisterGroup('g2');
    const bytes = Buffer.from('a\u00015\u0002');
    const map = maps.bitMapOf('T', bytes, 0, bytes.length) ?? new Uint8Array(0);
    expect(map.length).toBe(14);
    for (let at = 0; at < 5; at++)
      expect(hasBits(map, manager.get('T', `g${at}`)?.bloomFilterData.bitPos ?? [])).toBe(true);
    expect(bits('T', 'a\u0001x\u0002')).toBe('00'.repeat(14));
    expect(bits('T', '')).toBe('00'.repeat(14));
  });

  it('has all bits of what would cost too much, so that nobody misses a message', () => {
    const { register, bits } = setUp();
    const large = `a = 0${' OR a = 1'.repeat(999)}`;
    for (let at = 0; at < 19; at++) expect(register(`g${at}`, large)).toBe(true);
    expect(bits('T', 'a\u00012\u0002')).toBe('00'.repeat(14));
    register('g19', large);
    expect(bits('T', 'a\u00012\u0002')).toMatch(/[^0]/);
  });
});
