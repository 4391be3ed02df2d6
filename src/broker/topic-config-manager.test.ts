import { describe, expect, it } from 'vitest';
import { fullDisk, testConfigs, testWorld, written } from '../../testing/broker-fixture.ts';
import { describeTopic } from '../codec/bodies/topic-config.ts';
import { PermName } from '../codec/sys-flags.ts';
import { type Topic, TopicConfigManager, topicSysFlagOf } from './topic-config-manager.ts';

function manager(world = testWorld(), configs = testConfigs()) {
  const { clock, file } = world;
  const topics = new TopicConfigManager({ config: configs.brokerConfig, clock, file: file('topics.json') });
  topics.load();
  return { topics, world, config: configs.brokerConfig };
}

describe('TopicConfigManager', () => {
  it('has the built-in topics of 4.6.0 with their queues and rights', () => {
    const { topics } = manager();
    const seen = [...topics.table().topicConfigTable.values()].map(
      (topic) => `${topic.topicName} ${topic.readQueueNums}/${topic.writeQueueNums} ${topic.perm}`,
    );
    expect(seen).toEqual([
      'SELF_TEST_TOPIC 1/1 6',
      'TBW102 8/8 7',
      'BenchmarkTest 1024/1024 6',
      'DefaultCluster 16/16 7',
      'broker-host 1/1 7',
      'OFFSET_MOVED_EVENT 1/1 6',
      'DefaultCluster_REPLY_TOPIC 1/1 6',
    ]);
  });

  it('makes a topic after its template, with the smaller queue number and without the inherit bit', () => {
    const { topics } = manager();
    expect(topics.createFromTemplate('New', 'TBW102', 4, 0)?.config).toMatchObject({ readQueueNums: 4, perm: 6 });
    expect(topics.createFromTemplate('Wide', 'TBW102', 100, 0)?.config.writeQueueNums).toBe(8);
    expect(topics.createFromTemplate('Cluster', 'DefaultCluster', 100, 0)?.config.writeQueueNums).toBe(16);
  });

  it('refuses what can be no template, and topics without queues', () => {
    const { topics } = manager();
    expect(topics.createFromTemplate('New', 'BenchmarkTest', 4, 0)).toBeUndefined();
    expect(topics.createFromTemplate('New', 'absent', 4, 0)).toBeUndefined();
    expect(topics.createFromTemplate('New', 'TBW102', 0, 0)).toBeUndefined();
    expect(topics.createFromTemplate('New', 'TBW102', -3, 0)).toBeUndefined();
  });

  it('takes the inherit bit from TBW102 when autoCreateTopicEnable is off, but not from the cluster topic', () => {
    const { topics, config } = manager();
    config.autoCreateTopicEnable = false;
    expect(topics.createFromTemplate('New', 'TBW102', 4, 0)).toBeUndefined();
    expect(topics.select('TBW102')?.config.perm).toBe(6);
    expect(topics.createFromTemplate('New', 'DefaultCluster', 4, 0)).toBeDefined();
  });

  it('keeps what it made over a restart, and the version with it', () => {
    const { topics, world } = manager();
    topics.createFromTemplate('Kept', 'TBW102', 4, 0);
    const again = manager(world).topics;
    expect(again.select('Kept')?.config).toEqual(topics.select('Kept')?.config);
    expect(again.table().dataVersion).toEqual(topics.table().dataVersion);
    expect(again.table().dataVersion.counter).toBe(1);
  });

  it('reads its backup when the file is damaged, and says so when both are', () => {
    const { topics, world } = manager();
    topics.createFromTemplate('First', 'TBW102', 4, 0);
    topics.createFromTemplate('Second', 'TBW102', 4, 0);
    const file = world.fs.open('/store/config/topics.json', 'update');
    file.truncate(10);
    expect(manager(world).topics.select('First')).toBeDefined();
    expect(manager(world).topics.select('Second')).toBeUndefined();
    world.fs.open('/store/config/topics.json.bak', 'update').truncate(10);
    expect(() => manager(world)).toThrow(/damaged/);
  });

  it('finds topics by bytes, also two that share a slot of the look-up', () => {
    const { topics } = manager();
    const names = Array.from({ length: 3000 }, (_, n) => `T${n}`);
    for (const topicName of names) {
      topics.update({ ...(topics.select('TBW102') as Topic).config, topicName });
      if (names.indexOf(topicName) > 200) break;
    }
    for (let round = 0; round < 2; round++) {
      for (const name of names.slice(0, 200)) {
        const bytes = Buffer.from(`xx${name}yy`);
        expect(topics.selectByBytes(bytes, 2, 2 + name.length)?.config.topicName).toBe(name);
      }
    }
    expect(topics.selectByBytes(Buffer.from('nobody'), 0, 6)).toBeUndefined();
    expect(topics.selectByBytes(Buffer.alloc(0), 0, 0)).toBeUndefined();
  });

  it('takes order flags from the name server and gives a new version only when one changed', () => {
    const { topics } = manager();
    topics.createFromTemplate('Ordered', 'TBW102', 4, 0);
    topics.updateOrderTopics(new Set(['Ordered']));
    expect(topics.select('Ordered')?.config.order).toBe(true);
    const { counter } = topics.table().dataVersion;
    topics.updateOrderTopics(new Set(['Ordered']));
    expect(topics.table().dataVersion.counter).toBe(counter);
    topics.updateOrderTopics(new Set());
    expect(topics.select('Ordered')?.config.order).toBe(false);
  });

  it('prints a topic as Java does', () => {
    const { topics } = manager();
    const made = topics.createForGroup(
      '%RETRY%g',
      1,
      PermName.PERM_READ | PermName.PERM_WRITE,
      topicSysFlagOf(true, true),
    );
    expect(describeTopic(made?.config as never)).toBe(
      'TopicConfig [topicName=%RETRY%g, readQueueNums=1, writeQueueNums=1, perm=RW-, ' +
        'topicFilterType=SINGLE_TAG, topicSysFlag=2, order=false]',
    );
  });

  it('has a topic in the file before a message for it can be answered', () => {
    const world = testWorld();
    manager(world).topics.createForGroup('%RETRY%g', 1, 6, 0);
    expect(manager(world).topics.select('%RETRY%g')?.config.perm).toBe(6);
  });

  it('makes the retry topic of a group on a full disk too, and no topic for a sender', async () => {
    const full = fullDisk();
    const { topics } = manager(full.world);
    expect(topics.createForGroup('%RETRY%g', 1, 6, 0, 'heartbeat')?.config.perm).toBe(6);
    await written();
    expect(topics.select('%RETRY%g')).toBeDefined();
    expect(() => topics.createFromTemplate('T', 'TBW102', 4, 0)).toThrow('ENOSPC');
    expect(topics.select('T')).toBeUndefined();
    expect(() => topics.createForGroup('%RETRY%sent-back', 1, 6, 0)).toThrow('ENOSPC');
    full.fs.heal();
    topics.createFromTemplate('T', 'TBW102', 4, 0);
    const after = manager(full.world).topics;
    expect([after.select('%RETRY%g'), after.select('T')].map((topic) => topic?.config.perm)).toEqual([6, 6]);
  });

  it('marks a name from an old store that is no safe path', () => {
    const world = testWorld();
    const { topics } = manager(world);
    topics.update({ ...(topics.select('TBW102') as Topic).config, topicName: '../out' });
    expect(manager(world).topics.select('../out')?.safe).toBe(false);
  });
});
