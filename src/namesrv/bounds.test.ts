import { describe, expect, it } from 'vitest';
import { testConnection, testWorld } from '../../testing/broker-fixture.ts';
import type { TopicConfig } from '../codec/bodies/topic-config.ts';
import { silentLogger } from '../util/logger.ts';
import { KVConfigManager } from './kv-config-manager.ts';
import { type Registration, RouteInfoManager, type RouteLimits } from './route-info-manager.ts';

const topic: TopicConfig = {
  order: false,
  perm: 6,
  readQueueNums: 4,
  topicFilterType: 'SINGLE_TAG',
  topicName: 'T',
  topicSysFlag: 0,
  writeQueueNums: 4,
};
const limits: RouteLimits = { brokers: 2, topics: 3, queues: 4, filterServersPerBroker: 1 };

function routesWith(): { routes: RouteInfoManager; register: (n: number, names: string[], more?: object) => unknown } {
  const routes = new RouteInfoManager({ clock: testWorld().clock, log: silentLogger, limits });
  let version = 0;
  const register = (n: number, names: string[], more: Partial<Registration> = {}): unknown =>
    routes.register({
      clusterName: 'C',
      brokerName: `b${n}`,
      brokerAddr: `h:${n}`,
      brokerId: 0,
      haServerAddr: '',
      dataVersion: { counter: version++, timestamp: 0 },
      topics: new Map(names.map((name) => [name, topic])),
      filterServers: [],
      connection: testConnection(),
      ...more,
    });
  return { routes, register };
}

describe('what a name server may hold', () => {
  it('bounds addresses and names', () => {
    const { routes, register } = routesWith();
    expect([register(1, []), register(2, []), register(3, []), register(1, [])]).toEqual([{}, {}, 'brokers', {}]);
    expect(register(9, [], { brokerAddr: 'h:1' })).toBe('brokers');
    routes.unregister({ clusterName: 'C', brokerName: 'b2', brokerAddr: 'h:2', brokerId: 0 });
    expect(register(3, [])).toEqual({});
  });

  it('bounds topics, and takes nothing of a registration that is too much', () => {
    const { routes, register } = routesWith();
    expect(register(1, ['A', 'B', 'C'])).toEqual({});
    expect(register(2, ['A', 'D'])).toBe('topics');
    expect(routes.topics()).toEqual(['A', 'B', 'C']);
    expect([...routes.clusterInfo().brokerAddrTable.keys()]).toEqual(['b1']);
    routes.deleteTopic('C');
    expect(register(1, ['A', 'D'])).toEqual({});
  });

  it('bounds pairs of topic and broker, and counts what goes', () => {
    const { routes, register } = routesWith();
    register(1, ['A', 'B', 'C']);
    expect(register(2, ['A', 'B'])).toBe('queues');
    expect(register(2, ['A'])).toEqual({});
    expect(register(2, ['A'])).toEqual({});
    routes.deleteTopic('C');
    expect(register(2, ['B'])).toEqual({});
    routes.unregister({ clusterName: 'C', brokerName: 'b1', brokerAddr: 'h:1', brokerId: 0 });
    expect(register(2, ['A', 'B', 'E'])).toEqual({});
    expect(register(1, ['A'])).toEqual({});
    expect(register(1, ['B'])).toBe('queues');
  });

  it('bounds filter servers', () => {
    const { register } = routesWith();
    expect(register(1, [], { filterServers: ['a', 'b'] })).toBe('filter servers');
    expect(register(1, [], { filterServers: ['a'] })).toEqual({});
  });
});

describe('what the KV table may hold', () => {
  it('bounds entries and characters, and counts what goes', () => {
    const kv = new KVConfigManager(testWorld().file('kv.json'), { entries: 3, characters: 20 });
    expect(kv.put('n', 'a', '1234567890')).toBe(true);
    expect(kv.put('n', 'b', '12345678')).toBe(false);
    expect(kv.put('n', 'a', '1')).toBe(true);
    expect(kv.put('n', 'b', '12345678')).toBe(true);
    expect(kv.put('n', 'c', '')).toBe(false);
    expect(kv.put('other', 'c', '')).toBe(false);
    expect(kv.list('other')).toBeUndefined();
    kv.delete('n', 'b');
    expect(kv.put('n', 'c', '')).toBe(true);
  });

  it('loads what it wrote, from the backup too, and refuses to start on damage', () => {
    const world = testWorld();
    const path = '/store/config/kv.json';
    const write = (name: string, text: string): void => {
      const handle = world.fs.open(name, 'create');
      handle.truncate(0);
      handle.pwrite(Buffer.from(text), 0, text.length, 0);
      handle.close();
    };
    const loaded = (): KVConfigManager => {
      const kv = new KVConfigManager(world.file('kv.json'));
      kv.load();
      return kv;
    };
    const first = loaded();
    first.put('n', 'k', '1');
    first.put('n', 'k', '2');
    expect(loaded().get('n', 'k')).toBe('2');
    write(path, '{"configTable"');
    expect(loaded().get('n', 'k')).toBe('1');
    write(`${path}.bak`, 'x');
    expect(loaded).toThrow('damaged');
  });
});
