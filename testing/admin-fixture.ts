import { AdminClient } from '../src/client/admin-client.ts';
import { MqClient } from '../src/client/mq-client.ts';
import { runAdmin } from '../src/mqadmin/run.ts';
import { RemotingClient } from '../src/remoting/client.ts';
import { LoopTurn } from '../src/remoting/loop-turn.ts';
import { ClusterFixture, NAMESRV_ADDR } from './cluster-fixture.ts';

/** The address of {@link AdminFixture.registerDeadBroker}. */
export const DEAD_ADDR = '127.0.0.1:1';

/** How one run of mqadmin ended. */
export interface AdminRun {
  readonly exitCode: number;
  readonly out: readonly string[];
  readonly err: readonly string[];
}

interface Started {
  readonly running: Promise<number>;
  readonly remoting: RemotingClient;
  readonly out: string[];
  readonly err: string[];
}

/** How far the clock goes at a time, and how often, until a round is waited for in vain. */
const STEP_MS = 500;
const MOST_STEPS = 400;

/** A cluster in memory and our mqadmin beside it. */
export class AdminFixture {
  readonly cluster: ClusterFixture;

  private constructor(cluster: ClusterFixture) {
    this.cluster = cluster;
  }

  static async start(): Promise<AdminFixture> {
    return new AdminFixture(await ClusterFixture.start());
  }

  /** Runs words as a shell would give them; `-n` is added unless it is there. */
  run(...words: readonly string[]): Promise<AdminRun> {
    return this.runWords(words.includes('-n') ? words : [...words, '-n', NAMESRV_ADDR]);
  }

  /** As {@link run}, with nothing added. */
  async runWords(words: readonly string[]): Promise<AdminRun> {
    const started = this.#start(words);
    const exitCode = await this.cluster.done(started.running);
    await this.cluster.done(started.remoting.close());
    return { exitCode, out: started.out, err: started.err };
  }

  /** A command that goes on by itself: `next` gives the lines of its next round, once they are printed. */
  rounds(...words: readonly string[]): { next(): Promise<readonly string[]>; elapsedMs(): number } {
    const { clock } = this.cluster.broker;
    const startMs = clock.monotonicMs();
    const { running, out } = this.#start([...words, '-n', NAMESRV_ADDR]);
    running.catch(() => {});
    return {
      next: async () => {
        for (let step = 0; out.length === 0 && step < MOST_STEPS; step++) await clock.advanceAsync(STEP_MS);
        return out.splice(0);
      },
      elapsedMs: () => clock.monotonicMs() - startMs,
    };
  }

  #start(words: readonly string[]): Started {
    const { net, clock, log, fs } = this.cluster.broker;
    const out: string[] = [];
    const err: string[] = [];
    const remoting = new RemotingClient({ net, clock, log, turn: new LoopTurn(clock) });
    const running = runAdmin(words, {
      variables: {},
      clock,
      fs,
      out: (line) => out.push(line),
      err: (line) => err.push(line),
      connect: (namesrvAddr) => new AdminClient(new MqClient({ remoting, namesrvAddr })),
    });
    return { running, remoting, out, err };
  }

  /** Lets the name server know a second broker of the cluster, at whose address nobody listens. */
  async registerDeadBroker(): Promise<void> {
    const { client } = this.cluster;
    const names = { brokerName: 'broker-b', brokerAddr: DEAD_ADDR, clusterName: 'DefaultCluster', haServerAddr: '' };
    const header = { ...names, brokerId: 0, compressed: false, bodyCrc32: 0 };
    await this.cluster.done(client.askHeader(NAMESRV_ADDR, 'REGISTER_BROKER', header));
  }

  /** The lines of a command that has to succeed. */
  async lines(...words: readonly string[]): Promise<readonly string[]> {
    const { exitCode, out, err } = await this.run(...words);
    if (exitCode !== 0) throw new Error(`exit code ${exitCode}: ${err.join(' / ')}`);
    return out;
  }

  /** The JSON values of a command that has to succeed, one for each line. */
  async jsonLines(...words: readonly string[]): Promise<unknown[]> {
    return (await this.lines(...words, '--json')).map((line) => JSON.parse(line));
  }

  /** The one JSON value of a command that has to succeed. */
  async json(...words: readonly string[]): Promise<unknown> {
    const [value, ...more] = await this.jsonLines(...words);
    if (more.length > 0) throw new Error(`${more.length} lines too many`);
    return value;
  }
}
