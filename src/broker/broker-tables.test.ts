import { describe, expect, it } from 'vitest';
import { fullDisk, testConfigs, testConnection, testWorld, written } from '../../testing/broker-fixture.ts';
import { silentLogger } from '../util/logger.ts';
import { ConsumerManager, type ConsumerRegistration } from './consumer-manager.ts';
import { ConsumerOffsetManager } from './consumer-offset-manager.ts';
import { ProducerManager } from './producer-manager.ts';
import { RebalanceLockManager } from './rebalance-lock-manager.ts';
import { defaultGroup, SubscriptionGroupManager } from './subscription-group-manager.ts';

const log = silentLogger;

describe('SubscriptionGroupManager', () => {
  function manager(world = testWorld(), configs = testConfigs()) {
    const { clock, file } = world;
    const groups = new SubscriptionGroupManager({
      config: configs.brokerConfig,
      clock,
      file: file('subscriptionGroup.json'),
    });
    groups.load();
    return { groups, world, config: configs.brokerConfig };
  }

  it('makes a group on first use and keeps it', async () => {
    const { groups, world } = manager();
    expect(groups.find('cg')).toMatchObject({ groupName: 'cg', retryQueueNums: 1, retryMaxTimes: 16 });
    await written();
    expect(manager(world).groups.table().subscriptionGroupTable.has('cg')).toBe(true);
  });

  it('makes a group on a full disk too, refuses what an administrator asks for, and writes both later', async () => {
    const full = fullDisk();
    const { groups } = manager(full.world);
    expect(groups.find('cg')).toBeDefined();
    await written();
    expect(groups.find('cg')).toBeDefined();
    expect(() => groups.update(defaultGroup('asked'))).toThrow('ENOSPC');
    expect(groups.has('asked')).toBe(false);
    full.fs.heal();
    groups.update(defaultGroup('asked'));
    const after = manager(full.world).groups;
    expect([after.has('cg'), after.has('asked')]).toEqual([true, true]);
  });

  it('makes only system groups when auto-creation is off', () => {
    const { groups, config } = manager();
    config.autoCreateSubscriptionGroup = false;
    expect(groups.find('cg')).toBeUndefined();
    expect(groups.find('CID_RMQ_SYS_x')).toBeDefined();
    expect(groups.find('TOOLS_CONSUMER')).toBeDefined();
  });
});

describe('ConsumerOffsetManager', () => {
  it('keeps offsets over a restart in the form that Java writes', async () => {
    const { fs, file } = testWorld();
    const offsets = new ConsumerOffsetManager({ file: file('consumerOffset.json'), log });
    offsets.commit('cg', 'TopicTest', 0, 3);
    offsets.commit('cg', 'TopicTest', 1, 2);
    await offsets.persist();
    expect(fs.readFile('/store/config/consumerOffset.json', 1000)?.toString()).toBe(
      '{\n\t"offsetTable":{\n\t\t"TopicTest@cg":{0:3,1:2\n\t\t}\n\t}\n}',
    );
    const again = new ConsumerOffsetManager({ file: file('consumerOffset.json'), log });
    again.load();
    expect([again.query('cg', 'TopicTest', 1), again.query('cg', 'TopicTest', 2)]).toEqual([2, -1]);
    expect([...again.topicsOf('cg')]).toEqual(['TopicTest']);
    expect([...again.groupsOf('TopicTest')]).toEqual(['cg']);
  });

  it('lets an offset go back and refuses numbers that are no queue', () => {
    const offsets = new ConsumerOffsetManager({ file: testWorld().file('consumerOffset.json'), log });
    offsets.commit('cg', 'T', 0, 10);
    expect(offsets.commit('cg', 'T', 0, 4)).toBe(true);
    expect(offsets.query('cg', 'T', 0)).toBe(4);
    expect([offsets.commit('cg', 'T', -1, 4), offsets.commit('cg', 'T', 70_000, 4)]).toEqual([false, false]);
  });
});

describe('ConsumerManager', () => {
  const subscription = (topic: string, subVersion = 1) => ({
    topic,
    subVersion,
    classFilterMode: false,
    codeSet: [],
    tagsSet: [],
    expressionType: 'TAG',
    subString: '*',
  });
  const registration = (topics: string[], subVersion = 1): ConsumerRegistration => ({
    group: 'cg',
    consumeType: 'CONSUME_PASSIVELY',
    messageModel: 'CLUSTERING',
    consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
    subscriptions: topics.map((topic) => subscription(topic, subVersion)),
  });
  const setUp = () => {
    const { clock } = testWorld();
    const consumers = new ConsumerManager({ clock, log });
    const channel = (clientId: string, connection = testConnection()) => ({
      connection,
      clientId,
      language: 'JAVA' as const,
      version: 333,
      lastUpdateMs: clock.now(),
    });
    return { clock, consumers, channel };
  };

  it('says "changed" for a new client, a new topic and a vanished topic, but not for a newer version', () => {
    const { consumers, channel } = setUp();
    const one = channel('a');
    expect(consumers.register(one, registration(['T']))).toBe(true);
    expect(consumers.register(one, registration(['T']))).toBe(false);
    expect(consumers.register(one, registration(['T'], 2))).toBe(false);
    expect(consumers.group('cg')?.subscriptions.get('T')?.subVersion).toBe(2);
    expect(consumers.register(one, registration(['T', 'U']))).toBe(true);
    expect(consumers.register(one, registration(['U']))).toBe(true);
    expect(consumers.register(channel('b'), registration(['U']))).toBe(true);
    expect(consumers.clientIds('cg')).toEqual(['a', 'b']);
  });

  it('takes a closed connection out of its groups and names the others', () => {
    const { consumers, channel } = setUp();
    const [one, two] = [channel('a'), channel('b')];
    consumers.register(one, registration(['T']));
    consumers.register(two, registration(['T']));
    const told: unknown[] = [];
    consumers.onClose(one.connection, (group, others) => told.push(group, others));
    expect(told).toEqual(['cg', [two.connection]]);
    consumers.onClose(two.connection, (group) => told.push(group));
    expect(consumers.group('cg')).toBeUndefined();
    expect(told).toHaveLength(2);
  });

  it('closes clients without a heartbeat for 120 s', () => {
    const { clock, consumers, channel } = setUp();
    const one = channel('a');
    consumers.register(one, registration(['T']));
    clock.advance(120_000);
    consumers.scanNotActive();
    expect(consumers.clientIds('cg')).toEqual(['a']);
    clock.advance(1);
    consumers.scanNotActive();
    expect(consumers.group('cg')).toBeUndefined();
    expect((one.connection as ReturnType<typeof testConnection>).closed).toEqual(['no heartbeat']);
  });

  it('keeps producers by group until they leave, close or fall silent', () => {
    const { clock, channel } = setUp();
    const producers = new ProducerManager({ clock, log });
    const one = channel('p');
    producers.register('pg', one);
    producers.register('pg2', one);
    producers.unregister('pg', one.connection);
    expect(producers.channels('pg')).toBeUndefined();
    producers.onClose(one.connection);
    expect(producers.channels('pg2')).toBeUndefined();
    producers.register('pg', channel('q'));
    clock.advance(120_001);
    producers.scanNotActive();
    expect(producers.channels('pg')).toBeUndefined();
  });
});

describe('RebalanceLockManager', () => {
  const queue = (queueId: number) => ({ topic: 'T', brokerName: 'b', queueId });

  it('gives a queue to one client until its lock is 60 s old', () => {
    const { clock } = testWorld();
    const locks = new RebalanceLockManager(clock);
    expect(locks.lock('g', 'a', [queue(0), queue(1)])).toEqual([queue(0), queue(1)]);
    expect(locks.lock('g', 'b', [queue(1), queue(2)])).toEqual([queue(2)]);
    clock.advance(60_000);
    expect(locks.lock('g', 'b', [queue(0)])).toEqual([]);
    clock.advance(1);
    expect(locks.lock('g', 'b', [queue(0)])).toEqual([queue(0)]);
  });

  it('gives back own locks only, and forgets expired ones', () => {
    const { clock } = testWorld();
    const locks = new RebalanceLockManager(clock);
    locks.lock('g', 'a', [queue(0)]);
    locks.unlock('g', 'b', [queue(0)]);
    expect(locks.lock('g', 'b', [queue(0)])).toEqual([]);
    locks.unlock('g', 'a', [queue(0)]);
    expect(locks.lock('g', 'b', [queue(0)])).toEqual([queue(0)]);
    clock.advance(60_001);
    locks.expire();
    expect(locks.lock('g', 'c', [queue(0)])).toEqual([queue(0)]);
  });
});
