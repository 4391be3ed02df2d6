import type { PutTicket } from '../../src/store/results.ts';
import { FakeClock } from '../fake-clock.ts';
import { FaultFs } from '../fault-fs.ts';
import { MemFs } from '../mem-fs.ts';
import { SeededRandom } from '../seeded-random.ts';
import { SimNetwork } from '../sim-network.ts';
import { draftOf, openTestStore, readAll, type TestStore } from '../store-fixture.ts';
import { settle } from '../test-client.ts';
import { MortalClock } from './mortal-clock.ts';
import { logBytes, type Master, type Slave, startMaster, startSlave } from './pair.ts';
import { PLANTS, type Plant } from './plants.ts';
import { RepeatingNet } from './repeating-net.ts';

const STEPS = 50;
const PORT = 10_912;
const QUEUES = 3;
/** Longer than a redial, a heartbeat and the retry of a failed write together. */
const CALM_MS = 30_000;

export interface ReplicationOptions {
  /** Cases; the seed counts up. */
  readonly count: number;
  readonly seed: number;
  readonly plant?: keyof typeof PLANTS;
  /** Stops after so many problems. */
  readonly mostProblems?: number;
}

export interface ReplicationReport {
  /** What happened, how often. */
  readonly counts: Readonly<Record<string, number>>;
  readonly problems: readonly string[];
}

/**
 * A master and a slave through puts, failed writes, cut connections, restarts and kills: the slave's log is always the
 * beginning of what the master has written, holds what it has acknowledged, and is equal when all is calm.
 */
export async function runReplication(options: ReplicationOptions): Promise<ReplicationReport> {
  const { count, seed, plant, mostProblems = 10 } = options;
  const counts: Record<string, number> = {};
  const problems: string[] = [];
  for (let index = 0; index < count && problems.length < mostProblems; index++) {
    const world = new World(seed + index, plant === undefined ? {} : PLANTS[plant], counts);
    const problem = await world.run();
    if (problem !== undefined) problems.push(`seed ${seed + index}: ${problem}`);
  }
  return { counts, problems };
}

/** One case. */
class World {
  readonly #random: SeededRandom;
  readonly #plant: Plant;
  readonly #counts: Record<string, number>;
  readonly #clock = new FakeClock();
  readonly #net: SimNetwork;
  readonly #slaveNet: RepeatingNet;
  readonly #masterFs = new FaultFs(new MemFs());
  readonly #slaveDisk = new MemFs();
  readonly #slaveFs = new FaultFs(this.#slaveDisk);
  readonly #puts: { readonly ticket: PutTicket; readonly queueId: number; readonly body: string }[] = [];
  #twin: TestStore | undefined;
  #master: Master | undefined;
  #slave: Slave | undefined;
  #slaveClock = new MortalClock(this.#clock);

  constructor(seed: number, plant: Plant, counts: Record<string, number>) {
    this.#random = new SeededRandom(seed);
    this.#plant = plant;
    this.#counts = counts;
    this.#net = new SimNetwork({ clock: this.#clock, cut: (bytes) => 1 + this.#random.below(bytes) });
    this.#slaveNet = new RepeatingNet(this.#net);
  }

  async run(): Promise<string | undefined> {
    if (this.#plant.master !== undefined) this.#twin = openTestStore(new MemFs(), '/t', { clock: this.#clock });
    await this.#startMaster();
    // An empty slave begins with the last file: often there are some.
    for (let rest = this.#random.below(3) * 20; rest > 0; rest--) this.#put();
    await settle(this.#clock);
    this.#startSlave();
    for (let step = 0; step < STEPS; step++) {
      await this.#step();
      const problem = await this.#compare();
      if (problem !== undefined) return `${problem}, in step ${step}`;
    }
    return this.#end();
  }

  get #masterStore(): Master['store'] {
    return (this.#master as Master).store;
  }

  get #slaveStore(): Slave['store'] {
    return (this.#slave as Slave).store;
  }

  async #startMaster(): Promise<void> {
    const place = { fs: this.#masterFs, clock: this.#clock, net: this.#net, root: '/m' };
    const changes = { haTransferBatchSize: 1 + this.#random.below(2000) };
    const { master } = this.#plant;
    const twin = this.#twin?.store;
    const plant = master === undefined || twin === undefined ? undefined : { make: master, twin };
    this.#master = await startMaster({ ...place, changes }, PORT, (raw) => plant?.make(raw, plant.twin) ?? raw);
  }

  #startSlave(): void {
    this.#slaveClock = new MortalClock(this.#clock);
    const place = { fs: this.#slaveFs, clock: this.#slaveClock, net: this.#slaveNet, root: '/s' };
    this.#slave = startSlave(place, PORT, (raw) => this.#plant.slave?.(raw) ?? raw);
  }

  #count(what: string): void {
    this.#counts[what] = (this.#counts[what] ?? 0) + 1;
  }

  async #step(): Promise<void> {
    const random = this.#random;
    const dice = random.below(100);
    if (dice < 50) await this.#putSome();
    else if (dice < 70) await this.#wait(1 + random.below(4000));
    else if (dice < 76) this.#cut();
    else if (dice < 82) this.#failWrite(this.#masterFs, 'failed writes of the master');
    else if (dice < 86) this.#failWrite(this.#slaveFs, 'failed writes of the slave');
    else if (dice < 90) this.#slaveNet.repeatNext = true;
    else if (dice < 94) await this.#restartSlave();
    else if (dice < 98) this.#killSlave();
    else await this.#restartMaster();
    if (random.below(3) === 0) await settle(this.#clock, 1 + random.below(8));
  }

  /** Some messages in one turn or several; reports and packets on the way come in between. */
  async #putSome(): Promise<void> {
    for (let rest = 1 + this.#random.below(6); rest > 0; rest--) {
      this.#put();
      if (this.#random.below(3) === 0) await settle(this.#clock, 1);
    }
  }

  #put(): void {
    const random = this.#random;
    const queueId = random.below(QUEUES);
    const message = { queueId, body: `${random.below(1e9)} ${'x'.repeat(random.below(900))}` };
    const result = this.#masterStore.putMessage(draftOf(message));
    this.#count(result.accepted ? 'messages' : 'refused messages');
    if (!result.accepted) return;
    this.#puts.push({ ...message, ticket: result });
    if (this.#twin === undefined) return;
    this.#twin.store.putMessage(draftOf(message));
    this.#twin.store.commitTurn();
  }

  async #wait(byMs: number): Promise<void> {
    await this.#clock.advanceAsync(byMs, 200);
    await settle(this.#clock);
  }

  #cut(): void {
    const before = this.#slave?.client.isConnected === true;
    this.#slaveNet.cut();
    if (before) this.#count('cut connections');
  }

  #failWrite(fs: FaultFs, what: string): void {
    if (fs.pendingRules > 0) return;
    fs.fail({ operation: 'pwrite', path: /commitlog/, code: 'EIO' });
    this.#count(what);
  }

  async #restartSlave(): Promise<void> {
    this.#slaveFs.heal();
    this.#slave?.client.stop();
    await this.#during(this.#slaveStore.shutdown());
    this.#startSlave();
    this.#count('restarts of the slave');
  }

  #killSlave(): void {
    this.#slaveClock.kill();
    this.#slave?.client.stop();
    this.#slaveDisk.kill();
    this.#slaveFs.heal();
    this.#startSlave();
    this.#count('kills of the slave');
  }

  async #restartMaster(): Promise<void> {
    this.#masterFs.heal();
    await this.#wait(2000);
    const { store, service } = this.#master as Master;
    await this.#during(store.shutdown());
    await service.stop();
    await this.#startMaster();
    this.#count('restarts of the master');
  }

  async #during(work: Promise<void>): Promise<void> {
    const state = { done: false };
    const marked = work.finally(() => {
      state.done = true;
    });
    while (!state.done) await settle(this.#clock, 1);
    await marked;
  }

  /** The slave's log is a part of the master's from its own beginning on, and has what was acknowledged. */
  async #compare(): Promise<string | undefined> {
    const [written, copied] = [await logBytes(this.#masterStore), await logBytes(this.#slaveStore)];
    const from = this.#slaveStore.getMinPhyOffset();
    const expected = written.subarray(from, from + copied.length);
    if (copied.length > 0 && !expected.equals(copied)) {
      return `the slave's bytes from ${from} to ${from + copied.length} are not those of the master`;
    }
    const { replicated } = this.#masterStore.marks;
    const end = this.#slaveStore.getMaxPhyOffset();
    const lost = this.#stored().find(({ ticket }) => ticket.endOffset <= replicated && ticket.endOffset > end);
    return lost && `what ends at ${lost.ticket.endOffset} is acknowledged, the slave ends at ${end}`;
  }

  #stored() {
    return this.#puts.filter(({ ticket }) => !ticket.failed);
  }

  /** When all is calm both logs end alike, and both serve the same. */
  async #end(): Promise<string | undefined> {
    this.#masterFs.heal();
    this.#slaveFs.heal();
    this.#slaveNet.repeatNext = false;
    await this.#wait(CALM_MS);
    this.#put();
    await this.#wait(CALM_MS);
    this.#counts['packets that came twice'] = (this.#counts['packets that came twice'] ?? 0) + this.#slaveNet.repeated;
    const [master, slave] = [this.#masterStore, this.#slaveStore];
    let problem = await this.#compare();
    if (slave.getMaxPhyOffset() !== master.getMaxPhyOffset()) {
      problem ??= `the slave ends at ${slave.getMaxPhyOffset()}, the master at ${master.getMaxPhyOffset()}`;
    }
    problem ??= await this.#compareQueues();
    this.#slave?.client.stop();
    await this.#master?.service.stop();
    await this.#during(slave.shutdown());
    await this.#during(master.shutdown());
    return problem;
  }

  /** Each message from the slave's beginning on is served by the slave at its queue offset. */
  async #compareQueues(): Promise<string | undefined> {
    const from = this.#slaveStore.getMinPhyOffset();
    const kept = this.#stored().filter(({ ticket }) => ticket.phyOffset >= from);
    for (let queueId = 0; queueId < QUEUES; queueId++) {
      const expected = kept.filter((put) => put.queueId === queueId);
      const first = expected[0]?.ticket.queueOffset ?? 0;
      const served = await readAll(this.#slaveStore, 'TopicA', queueId, first);
      if (served.join() !== expected.map(({ body }) => body).join()) {
        return `queue ${queueId} serves ${served.length} messages from ${first} on, not ${expected.length}`;
      }
    }
    return undefined;
  }
}
