import { setTimeout as pause } from 'node:timers/promises';
import { SeededRandom } from '../../testing/seeded-random.ts';
import { checkStored, readTopic } from '../peer/ledger-check.ts';
import { openWorkspace } from '../peer/peer.ts';
import { consumedAgain, type Handover, lostOffsets, notConsumed } from './checks.ts';
import { type BrokerProgram, RollingCluster } from './cluster.ts';
import { askCommitted, type Committed, changed, fileCommitted, wentBack } from './offsets.ts';
import { Traffic } from './traffic.ts';

/** A whole run. */
export interface RollingOptions {
  /** Names its directories. */
  readonly name: string;
  readonly brokers: number;
  /** With several, each is replaced in each cycle, too. */
  readonly namesrvs: number;
  /** Who runs at first, and again at the end of each cycle. */
  readonly base: BrokerProgram;
  /** Who takes the places of all brokers, one after another, in cycle 1, 2 … */
  readonly cycles: readonly BrokerProgram[];
  readonly seed: number;
  /** How long the consumer gets at the end for what it has not read; default 60 s, twice what a lost pull takes. */
  readonly drainLimitMs?: number;
  readonly say: (line: string) => void;
}

/** What a run found, and its figures. */
export interface RollingReport {
  readonly problems: readonly string[];
  readonly replacements: number;
  readonly acknowledged: number;
  readonly refused: number;
  readonly deliveries: number;
  /** Deliveries of what had been delivered before, after each kind of replacement: `java → wenchang`. */
  readonly again: ReadonlyMap<string, { readonly replacements: number; readonly deliveries: number }>;
}

const topic = 'Rolling';
const group = 'rolling_consumers';
const idleGroup = 'rolling_idle';
const queues = 4;
/** What has to pass through a broker before it is replaced, and between two replacements. */
const enoughTraffic = 60;
const usualDrainLimitMs = 60_000;
const commitLimitMs = 60_000;
const mostLines = 30;

/**
 * A cluster under traffic of the official client, whose brokers are replaced one at a time, first all by the program
 * of the cycle, then back. Rejects when a program does not start or end, or when traffic does not come back.
 */
export async function runRolling(options: RollingOptions): Promise<RollingReport> {
  const { name, brokers, namesrvs, base, cycles, seed, drainLimitMs = usualDrainLimitMs, say } = options;
  const workspace = openWorkspace(name);
  let cluster: RollingCluster | undefined;
  let traffic: Traffic | undefined;
  try {
    cluster = await RollingCluster.start({ workspace, brokers, namesrvs, topic, queues, program: base });
    const { namesrvAddr: namesrv } = cluster;
    traffic = new Traffic({ workspace, namesrv, topic, group, threads: 4, pauseMs: 8 });
    const run = new RollingRun(cluster, traffic, base, say);
    await run.setIdleOffsets();
    const random = new SeededRandom(seed);
    for (const [index, program] of cycles.entries()) {
      for (const next of [program, base]) {
        for (const each of random.shuffled(cluster.brokerNames)) await run.replace(each, next, `cycle ${index + 1}`);
        if (namesrvs > 1) for (const each of cluster.namesrvNames) await cluster.replaceNamesrv(each, next.kind);
      }
    }
    return await run.finish(drainLimitMs);
  } finally {
    await traffic?.stop().catch(() => {});
    await cluster?.stop();
    workspace.close();
  }
}

interface BrokerOffsets {
  readonly busy: Committed;
  readonly idle: Committed;
}

class RollingRun {
  readonly #cluster: RollingCluster;
  readonly #traffic: Traffic;
  readonly #say: (line: string) => void;
  readonly #problems: string[] = [];
  readonly #handovers: Handover[] = [];
  readonly #running = new Map<string, string>();

  constructor(cluster: RollingCluster, traffic: Traffic, base: BrokerProgram, say: (line: string) => void) {
    this.#cluster = cluster;
    this.#traffic = traffic;
    this.#say = say;
    for (const name of cluster.brokerNames) this.#running.set(name, base.kind);
  }

  /** A group that never reads: what it has committed must never change. */
  async setIdleOffsets(): Promise<void> {
    for (const broker of this.#cluster.brokerNames) {
      await this.#cluster.ask(broker, async (client) => {
        for (const [queueId, commitOffset] of idleOffsets.entries()) {
          await client.request(15, { consumerGroup: idleGroup, topic, queueId, commitOffset });
        }
      });
    }
  }

  /** Stops a broker and starts another program on its directory and ports. */
  async replace(broker: string, program: BrokerProgram, cycle: string): Promise<void> {
    const from = this.#running.get(broker);
    const label = `${cycle} ${broker} ${from} → ${program.kind}`;
    await this.#untilBusy(broker, label);
    const before = await this.#committedAnew(broker);
    const stoppedAtMs = Date.now();
    await this.#cluster.stopBroker(broker);
    const position = this.#traffic.consumed.length;
    const dir = this.#cluster.storeDir(broker);
    const inFile = {
      busy: fileCommitted(dir, topic, group, queues),
      idle: fileCommitted(dir, topic, idleGroup, queues),
    };
    await this.#cluster.startBroker(broker, program);
    const downMs = Date.now() - stoppedAtMs;
    const after = await this.#ask(broker);
    const problems = [
      ...wentBack({ before: before.busy, inFile: inFile.busy, after: after.busy }),
      ...changed({ before: before.idle, inFile: inFile.idle, after: after.idle }, idleOffsets),
    ];
    for (const problem of problems) this.#problems.push(`offsets: ${label}: ${problem}`);
    this.#running.set(broker, program.kind);
    this.#handovers.push({ kinds: `${from} → ${program.kind}`, label, broker, position, committed: inFile.busy });
    this.#say(`${label}: down ${downMs} ms, committed ${inFile.busy.join(' ')}, ${problems.length} problems`);
  }

  /** Ends the traffic and looks at everything that is there. */
  async finish(drainLimitMs: number): Promise<RollingReport> {
    const cluster = this.#cluster;
    for (const broker of cluster.brokerNames) await this.#untilBusy(broker, 'end');
    await this.#traffic.stopSending(drainLimitMs);
    const refused = await this.#traffic.stop();
    const { sent, consumed } = this.#traffic;
    for (const broker of cluster.brokerNames) {
      const ledger = sent.filter((entry) => entry.broker === broker);
      const stored = await cluster.ask(broker, (client) => readTopic(client, topic, queues));
      const { busy } = await this.#ask(broker);
      this.#note(`lost: ${broker}`, checkStored(ledger, stored));
      this.#note(`end: ${broker}`, lostOffsets(stored.maxOffsets, busy));
    }
    this.#note('not consumed', notConsumed(sent, consumed));
    const again = consumedAgain(consumed, this.#handovers);
    this.#note('consumed again', again.below);
    return {
      problems: this.#problems.slice(0, mostLines),
      replacements: this.#handovers.length,
      acknowledged: sent.length,
      refused,
      deliveries: consumed.length,
      again: again.byKinds,
    };
  }

  #note(what: string, problems: readonly string[]): void {
    for (const problem of problems) this.#problems.push(`${what}: ${problem}`);
  }

  /** What the groups have committed, as soon as the busy one has gone on since the last replacement. */
  async #committedAnew(broker: string): Promise<BrokerOffsets> {
    const last = this.#handovers.findLast((handover) => handover.broker === broker)?.committed;
    const deadline = Date.now() + commitLimitMs;
    for (;;) {
      const committed = await this.#ask(broker);
      if (committed.busy.some((offset, queueId) => (offset ?? 0) > (last?.[queueId] ?? 0))) return committed;
      if (Date.now() > deadline) throw new Error(`${broker}: no offset went on in ${commitLimitMs} ms`);
      await pause(100);
    }
  }

  async #ask(broker: string): Promise<BrokerOffsets> {
    return this.#cluster.ask(broker, async (client) => ({
      busy: await askCommitted(client, topic, group, queues),
      idle: await askCommitted(client, topic, idleGroup, queues),
    }));
  }

  /** Messages are sent to a broker and consumed from it. */
  async #untilBusy(broker: string, label: string): Promise<void> {
    const { sent, consumed } = this.#traffic;
    const isBusy = (lines: readonly { readonly broker: string }[], from: number): boolean => {
      return lines.slice(from).filter((line) => line.broker === broker).length >= enoughTraffic;
    };
    await this.#traffic.until(`${label}: sends to ${broker}`, () => isBusy(this.#traffic.sent, sent.length));
    await this.#traffic.until(`${label}: reads from ${broker}`, () => {
      return isBusy(this.#traffic.consumed, consumed.length);
    });
  }
}

const idleOffsets: readonly number[] = Array.from({ length: queues }, (_, queueId) => 10 * (queueId + 1));

/** What a run tells at its end. */
export function reportLines(report: RollingReport): string[] {
  const { replacements, acknowledged, refused, deliveries, again, problems } = report;
  return [
    `${replacements} replacements, ${acknowledged} acknowledged, ${refused} not, ${deliveries} deliveries`,
    ...[...again].map(([kinds, { replacements, deliveries }]) => {
      return `${kinds}: ${replacements} times, ${deliveries} delivered again`;
    }),
    ...problems.map((problem) => `FAIL ${problem}`),
  ];
}
