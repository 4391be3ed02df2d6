import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { isMissing, openWorkspace, runMqadmin, type Workspace } from '../peer/peer.ts';
import type { Cluster, ClusterHost } from './cluster.ts';
import { OwnClient } from './own-client.ts';
import { OwnTraffic } from './own-traffic.ts';
import { javaTraffic, lost, type Traffic } from './traffic.ts';

/** A cluster, or why there can be none here. */
export type Opened = Cluster | { readonly reason: string };

const queuesOfTopic = 4;
const longestWaitMs = 90_000;
/** Messages of each traffic that have to pass before a step counts as done. */
const enough = 40;
const keptTopic = 'KeptOnTheHost';
const keptMessages = 20;

/**
 * What a cluster of three hosts has to do: everybody knows everybody, traffic over all of them, one host away and back.
 * Traffic is the official client's, where there is Java, and always our own client's.
 */
export function clusterSuite(name: string, open: (workspace: Workspace) => Promise<Opened>): void {
  const state = new SuiteState();
  const step = (title: string, body: () => Promise<void>): void => {
    it(title, async (context) => {
      if (state.reason !== undefined) context.skip(state.reason);
      await body();
    });
  };

  beforeAll(() => state.open(name, open));
  afterAll(() => state.close());

  step('every name server knows the three brokers, and stock clusterList shows them', async () => {
    await until('three brokers at every name server', async () => (await unknown(state.hosts)).length === 0);
    await state.expectListed(state.away, state.hosts);
  });

  step('producers reach, and consumers share, the queues of all three', async () => {
    for (const host of state.hosts) {
      await state.own.createTopic(host.brokerAddress, keptTopic, 1);
      await state.sendKept(host);
    }
    await state.startTraffics();
    for (const traffic of state.traffics) await untilShared(traffic, state.hosts);
  });

  step('one host stops: producers go on, consumers take the queues of the others', async () => {
    const [away, ...others] = state.awayAndOthers;
    const before = state.positions();
    await away.stop();
    for (const traffic of state.traffics) await untilShared(traffic, others, before.get(traffic));
    await until('the others know each other only', async () => (await known(others)).size === others.length);
    await state.expectListed(others[0], others);
    expect(state.traffics.flatMap(unexpected)).toEqual([]);
  });

  step('it comes back: it is known everywhere, written to and read', async () => {
    const before = state.positions();
    await state.away.start();
    await until('three brokers at every name server', async () => (await unknown(state.hosts)).length === 0);
    for (const traffic of state.traffics) await untilShared(traffic, state.hosts, before.get(traffic));
    await state.expectListed(state.away, state.hosts);
  });

  step('nothing is lost: what was acknowledged was consumed, what lay on the stopped host is there', async () => {
    for (const traffic of state.traffics) await traffic.stopSending();
    for (const traffic of state.traffics) {
      await until(
        `all of ${traffic.name}`,
        async () => lost(traffic).length === 0,
        () => lost(traffic).slice(0, 20),
      );
      expect(unexpected(traffic)).toEqual([]);
      console.log(`${traffic.name}: ${traffic.sent.length} sent, ${traffic.got.length} deliveries`);
    }
    for (const host of state.hosts) expect(await state.kept(host)).toEqual(keptOf(host));
    for (const traffic of state.traffics) await traffic.stop();
  });
}

class SuiteState {
  reason: string | undefined;
  readonly traffics: Traffic[] = [];
  #workspace: Workspace | undefined;
  #cluster: Cluster | undefined;
  #own: OwnClient | undefined;

  async open(name: string, open: (workspace: Workspace) => Promise<Opened>): Promise<void> {
    this.#workspace = openWorkspace(name);
    const opened = await open(this.#workspace);
    if ('reason' in opened) {
      this.reason = opened.reason;
      return;
    }
    this.#cluster = opened;
    this.#own = new OwnClient(this.hosts.map(({ namesrvAddress }) => namesrvAddress));
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.traffics.map((traffic) => traffic.stop()));
    await this.#own?.close();
    await this.#cluster?.close();
    this.#workspace?.close();
  }

  get hosts(): readonly ClusterHost[] {
    return there(this.#cluster).hosts;
  }

  get own(): OwnClient {
    return there(this.#own);
  }

  /** The host that leaves, which is neither the first nor the last of any list, and the others. */
  get awayAndOthers(): [ClusterHost, ClusterHost, ClusterHost] {
    const [first, away, last] = this.hosts;
    return [there(away), there(first), there(last)];
  }

  get away(): ClusterHost {
    return this.awayAndOthers[0];
  }

  async startTraffics(): Promise<void> {
    const namesrvs = this.hosts.map(({ namesrvAddress }) => namesrvAddress);
    const workspace = there(this.#workspace);
    for (const topic of ['OwnTraffic', 'JavaTraffic']) {
      for (const host of this.hosts) await this.own.createTopic(host.brokerAddress, topic, queuesOfTopic);
    }
    this.traffics.push(new OwnTraffic(namesrvs));
    if (!isMissing('java')) this.traffics.push(javaTraffic(workspace, namesrvs.join(';')));
  }

  /** How much of each traffic there was until now. */
  positions(): Map<Traffic, Position> {
    return new Map(this.traffics.map((traffic) => [traffic, { sent: traffic.sent.length, got: traffic.got.length }]));
  }

  /** Messages that nobody reads before the end. */
  async sendKept({ broker, brokerAddress }: ClusterHost): Promise<void> {
    for (let number = 0; number < keptMessages; number++) {
      const message = { topic: keptTopic, queueId: 0, bornTimestamp: Date.now() };
      await this.own.client.send(brokerAddress, { ...message, body: Buffer.from(`${broker} ${number}`) });
    }
  }

  async kept({ brokerAddress }: ClusterHost): Promise<string[]> {
    const what = { consumerGroup: 'kept', topic: keptTopic, queueId: 0, queueOffset: 0, maxMsgNums: keptMessages };
    const { messages } = await this.own.client.pull(brokerAddress, what);
    return messages.map(({ body }) => body.toString());
  }

  /** Stock `mqadmin clusterList` at the name server of `at`; without Java our own client has looked already. */
  async expectListed(at: ClusterHost, hosts: readonly ClusterHost[]): Promise<void> {
    if (isMissing('java')) return;
    const workspace = there(this.#workspace);
    const { code, stdout } = await runMqadmin(workspace, ['clusterList', '-n', at.namesrvAddress], longestWaitMs);
    const rows = stdout.split('\n').map((line) => line.trim().split(/\s+/));
    const listed = rows.filter(([cluster]) => cluster === 'DefaultCluster').map((row) => row.slice(1, 5).join(' '));
    const expected = hosts.map(({ broker, brokerAddress }) => `${broker} 0 ${brokerAddress} V4_6_0`);
    expect([code, ...listed.sort()]).toEqual([0, ...expected]);
  }
}

/**
 * Sends that nobody may fail. The official client waits out its whole time for a request that was on its way when the
 * broker closed the connection, and has none left for another broker: of a thread that sends, one in a stop.
 */
function unexpected({ failed }: Traffic): readonly string[] {
  const [first] = failed;
  return first !== undefined && /^java-.*timeout/i.test(first) ? failed.slice(1) : failed;
}

interface Position {
  readonly sent: number;
  readonly got: number;
}

/**
 * Since `from`: enough was sent, to every broker of these hosts and consumed from it, and the members hold all their
 * queues and no others, in equal parts.
 */
async function untilShared(traffic: Traffic, hosts: readonly ClusterHost[], from = { sent: 0, got: 0 }): Promise<void> {
  const brokers = hosts.map(({ broker }) => broker);
  const wanted = brokers.flatMap((broker) => {
    return Array.from({ length: queuesOfTopic }, (_, queueId) => `${broker}:${queueId}`);
  });
  const missing = (): string[] => {
    const { sent, got, holds } = traffic;
    const since = sent.slice(from.sent);
    const written = new Set(since.map(({ broker }) => broker));
    const read = new Set(got.slice(from.got).map(({ broker }) => broker));
    const held = [...holds.values()].flat().sort();
    const parts = [...holds.values()].map((queues) => queues.length);
    return [
      ...(since.length >= enough ? [] : [`only ${since.length} sent`]),
      ...brokers.filter((broker) => !written.has(broker)).map((broker) => `nothing sent to ${broker}`),
      ...brokers.filter((broker) => !read.has(broker)).map((broker) => `nothing read from ${broker}`),
      ...(String(held) === String(wanted) ? [] : [`held are ${held}`]),
      ...(parts.every((part) => part === wanted.length / 2) ? [] : [`shared as ${parts}`]),
    ];
  };
  await until(`${traffic.name} over ${brokers}`, async () => missing().length === 0, missing);
}

/** Brokers that the name servers of these hosts lack, one line each. */
export async function unknown(hosts: readonly ClusterHost[]): Promise<string[]> {
  const table = await tables(hosts);
  return hosts.flatMap(({ broker, brokerAddress }) => {
    const without = hosts.filter((_, index) => table[index]?.get(broker) !== brokerAddress);
    return without.map((host) => `the name server beside ${host.broker} does not know ${broker}`);
  });
}

/** All brokers that any name server of these hosts knows. */
async function known(hosts: readonly ClusterHost[]): Promise<Set<string>> {
  return new Set((await tables(hosts)).flatMap((table) => [...table.keys()]));
}

async function tables(hosts: readonly ClusterHost[]): Promise<Map<string, string | undefined>[]> {
  const own = new OwnClient(hosts.map(({ namesrvAddress }) => namesrvAddress));
  try {
    return await Promise.all(hosts.map((_, index) => own.brokersKnownBy(index)));
  } finally {
    await own.close();
  }
}

function keptOf({ broker }: ClusterHost): string[] {
  return Array.from({ length: keptMessages }, (_, number) => `${broker} ${number}`);
}

async function until(what: string, isSo: () => Promise<boolean>, details: () => string[] = () => []): Promise<void> {
  const deadline = Date.now() + longestWaitMs;
  for (;;) {
    let trouble = '';
    try {
      if (await isSo()) return;
    } catch (error) {
      // A server that is about to come answers later.
      trouble = String(error);
    }
    if (Date.now() > deadline)
      throw new Error(`not in ${longestWaitMs} ms: ${what}: ${[...details(), trouble].join('; ')}`);
    await pause(200);
  }
}

function there<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the cluster is not there');
  return value;
}
