import { describe, expect, it } from 'vitest';
import { testConnection } from '../../testing/broker-fixture.ts';
import { collectingLogger } from '../../testing/collecting-logger.ts';
import { FakeClock } from '../../testing/fake-clock.ts';
import type { Connection } from '../remoting/connection.ts';
import { ConsumerManager, type Subscription } from './consumer-manager.ts';
import { SubscriptionWatch } from './subscription-watch.ts';

function subscription(topic: string, subString: string, more: Partial<Subscription> = {}): Subscription {
  const empty = { classFilterMode: false, codeSet: [], tagsSet: [], subVersion: 1 };
  return { ...empty, expressionType: 'TAG', topic, subString, ...more };
}

class World {
  readonly clock = new FakeClock();
  readonly log = collectingLogger();
  readonly found: string[] = [];
  readonly consumers = new ConsumerManager({ clock: this.clock, log: this.log });
  readonly watch = new SubscriptionWatch({
    clock: this.clock,
    log: this.log,
    listener: (group, topic) => this.found.push(`${topic}@${group}`),
  });
  readonly connections = new Map<string, Connection>();

  /** A heartbeat; each client has a connection of its own. Gives what it contradicted. */
  beat(clientId: string, subscriptions: Readonly<Record<string, string>> | readonly Subscription[]): string[] {
    const list = Array.isArray(subscriptions)
      ? (subscriptions as readonly Subscription[])
      : Object.entries(subscriptions).map(([topic, text]) => subscription(topic, text as string));
    const connection = this.connections.get(clientId) ?? testConnection();
    this.connections.set(clientId, connection);
    this.consumers.register(
      { connection, clientId, language: 'JAVA', version: 333, lastUpdateMs: this.clock.now() },
      { group: 'g', consumeType: undefined, messageModel: undefined, consumeFromWhere: undefined, subscriptions: list },
    );
    const group = this.consumers.group('g');
    if (group === undefined) throw new Error('no group');
    this.watch.onHeartbeat(group, { connection, clientId }, list);
    return this.found.splice(0);
  }

  leave(clientId: string): void {
    this.consumers.unregister('g', this.connections.get(clientId) as Connection);
  }
}

describe('members of a group that subscribe differently', () => {
  it('are found at the heartbeat of either, as long as both are there', () => {
    const world = new World();
    expect(world.beat('one', { T: 'A' })).toEqual([]);
    expect(world.beat('two', { T: 'B' })).toEqual(['T@g']);
    expect(world.beat('one', { T: 'A' })).toEqual(['T@g']);
    world.leave('two');
    expect(world.beat('one', { T: 'A' })).toEqual([]);
  });

  it('are found when one of them names a topic that the other does not', () => {
    const world = new World();
    expect(world.beat('one', { T: '*' })).toEqual([]);
    expect(world.beat('two', { T: '*', U: '*' })).toEqual([]);
    expect(world.beat('one', { T: '*' })).toEqual(['U@g']);
    expect(world.beat('two', { T: '*', U: '*' })).toEqual(['U@g']);
    expect(world.beat('one', { T: '*', U: '*' })).toEqual([]);
    expect(world.beat('two', { T: '*', U: '*' })).toEqual([]);
  });

  it('are found by kind and text of the expression', () => {
    const world = new World();
    world.beat('one', [subscription('T', 'a > 1', { expressionType: 'SQL92' })]);
    expect(world.beat('two', [subscription('T', 'a > 2', { expressionType: 'SQL92' })])).toEqual(['T@g']);
    world.leave('two');
    expect(world.beat('three', [subscription('T', 'a > 1')])).toEqual(['T@g']);
    expect(world.beat('four', [subscription('T', 'a > 1', { classFilterMode: true })])).toEqual(['T@g']);
  });

  it('are named in one line, with both addresses and subscriptions, once a minute', () => {
    const world = new World();
    world.beat('one', { T: 'A' });
    world.beat('two', { T: 'B', U: '*' });
    world.beat('one', { T: 'A' });
    const lines = () => world.log.lines.filter(({ text }) => text.startsWith('two clients of one group'));
    expect(lines()).toHaveLength(1);
    expect(lines()[0]?.fields).toMatchObject({
      group: 'g',
      topic: 'T',
      clientId: 'two',
      subscription: 'TAG B',
      otherClientId: 'one',
      otherSubscription: 'TAG A',
    });
    world.clock.advance(60_001);
    world.beat('one', { T: 'A' });
    expect(lines()).toHaveLength(2);
  });
});

describe('members of a group that agree', () => {
  it.each([
    ['tags in another order and with blanks', 'A||B', ' B ||A'],
    ['all messages, said or not', '*', ''],
  ])('are those with %s', (_, one, two) => {
    const world = new World();
    world.beat('one', { T: one });
    expect(world.beat('two', { T: two })).toEqual([]);
  });

  it('are a member and its own new subscription', () => {
    const world = new World();
    world.beat('one', { T: 'A' });
    expect(world.beat('one', { T: 'B' })).toEqual([]);
    expect(world.beat('two', { T: 'B' })).toEqual([]);
  });

  it('are those that differ in the retry topic only: who broadcasts has none', () => {
    const world = new World();
    world.beat('one', { T: '*', '%RETRY%g': '*' });
    expect(world.beat('two', { T: '*' })).toEqual([]);
    expect(world.beat('three', { '%RETRY%g': '*' })).toEqual([]);
  });

  it('are those that pull without a subscription', () => {
    const world = new World();
    world.beat('one', { T: 'A' });
    expect(world.beat('two', {})).toEqual([]);
  });
});

it('long subscriptions are told apart, and a crowd of different ones costs four places', () => {
  const world = new World();
  const long = 'x'.repeat(5000);
  world.beat('one', { T: `${long}1` });
  expect(world.beat('two', { T: `${long}2` })).toEqual(['T@g']);
  for (let n = 0; n < 50; n++) expect(world.beat(`crowd${n}`, { T: `tag${n}` })).toEqual(['T@g']);
  world.clock.advance(60_001);
  world.beat('two', { T: `${long}2` });
  const line = world.log.lines.at(-1)?.fields['subscription'];
  expect(String(line).length).toBeLessThan(240);
});
