import { AdminClient } from '../src/client/admin-client.ts';
import { MqClient } from '../src/client/mq-client.ts';
import { runAdmin } from '../src/mqadmin/run.ts';
import { RemotingClient } from '../src/remoting/client.ts';
import { LoopTurn } from '../src/remoting/loop-turn.ts';
import { ClusterFixture, NAMESRV_ADDR } from './cluster-fixture.ts';

/** How one run of mqadmin ended. */
export interface AdminRun {
  readonly exitCode: number;
  readonly out: readonly string[];
  readonly err: readonly string[];
}

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
    const exitCode = await this.cluster.done(running);
    await this.cluster.done(remoting.close());
    return { exitCode, out, err };
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
