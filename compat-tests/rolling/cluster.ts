import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { takePorts } from '../../testing/ports.ts';
import { type Kind, type Server, startBroker, startNamesrv, type Workspace } from '../peer/peer.ts';
import { RawClient } from '../peer/raw-client.ts';

/** A program that can stand in a broker's place. */
export interface BrokerProgram {
  readonly kind: Kind;
  /** Another root than the built one: one with a planted bug. */
  readonly program?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** One place in the cluster: a directory and ports that stay, and who stands there now. */
interface Place {
  readonly name: string;
  readonly port: number;
  server: Server;
}

export interface ClusterPlan {
  readonly workspace: Workspace;
  readonly brokers: number;
  readonly namesrvs: number;
  readonly topic: string;
  /** Queues of the topic on each broker. */
  readonly queues: number;
  readonly program: BrokerProgram;
}

/** As in production, but with small files, so that they roll, and with patience for a machine that is busy. */
const settings = {
  mappedFileSizeCommitLog: '1048576',
  mappedFileSizeConsumeQueue: '6000',
  maxHashSlotNum: '500',
  maxIndexNum: '1500',
  registerNameServerPeriod: '10000',
  waitTimeMillsInSendQueue: '10000',
  osPageCacheBusyTimeOutMills: '10000',
};
const heap = ['-Xms96m', '-Xmx256m', '-XX:TieredStopAtLevel=1'];
const routeLimitMs = 60_000;

/** Name servers and brokers, each of which can be replaced by another program on its ports and directory. */
export class RollingCluster {
  readonly #plan: ClusterPlan;
  readonly #brokers: Place[] = [];
  readonly #namesrvs: Place[] = [];

  private constructor(plan: ClusterPlan) {
    this.#plan = plan;
  }

  /** Starts all of it, and makes the topic on every broker. */
  static async start(plan: ClusterPlan): Promise<RollingCluster> {
    const cluster = new RollingCluster(plan);
    try {
      for (let index = 0; index < plan.namesrvs; index++) await cluster.#addNamesrv(`namesrv-${index + 1}`);
      const names = ['a', 'b', 'c'].slice(0, plan.brokers).map((letter) => `broker-${letter}`);
      await Promise.all(names.map((name) => cluster.#addBroker(name)));
      await cluster.#untilRouted(cluster.namesrvAddr.split(';'));
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  /** What clients are told. */
  get namesrvAddr(): string {
    return this.#namesrvs.map(({ port }) => `127.0.0.1:${port}`).join(';');
  }

  get brokerNames(): string[] {
    return this.#brokers.map(({ name }) => name).sort();
  }

  get namesrvNames(): string[] {
    return this.#namesrvs.map(({ name }) => name);
  }

  storeDir(name: string): string {
    return join(this.#plan.workspace.dir, `store-${name}`);
  }

  /** Asks a broker on a connection of its own. */
  async ask<T>(name: string, work: (client: RawClient) => Promise<T>): Promise<T> {
    const client = await RawClient.connect(this.#broker(name).server.address);
    try {
      return await work(client);
    } finally {
      client.close();
    }
  }

  stopBroker(name: string): Promise<void> {
    return this.#broker(name).server.stop();
  }

  /** Puts a program in the place of a stopped broker. */
  async startBroker(name: string, program: BrokerProgram): Promise<void> {
    const place = this.#broker(name);
    place.server = await this.#start(name, place.port, program);
  }

  /** Replaces a name server, and waits until all brokers have registered at the new one. */
  async replaceNamesrv(name: string, kind: Kind): Promise<void> {
    const place = this.#namesrvs.find((each) => each.name === name);
    if (place === undefined) throw new Error(`no ${name}`);
    await place.server.stop();
    place.server = await startNamesrv({ kind, workspace: this.#plan.workspace, port: place.port, name });
    await this.#untilRouted([place.server.address]);
  }

  /** Stops what runs, brokers first. */
  async stop(): Promise<void> {
    await Promise.all(this.#brokers.map(({ server }) => server.stop()));
    await Promise.all(this.#namesrvs.map(({ server }) => server.stop()));
  }

  async #addNamesrv(name: string): Promise<void> {
    const { workspace, program } = this.#plan;
    const { namesrvPort: port } = await takePorts();
    const server = await startNamesrv({ kind: program.kind, workspace, port, name });
    this.#namesrvs.push({ name, port, server });
  }

  async #addBroker(name: string): Promise<void> {
    const { topic, queues, program } = this.#plan;
    const { listenPort: port } = await takePorts();
    this.#brokers.push({ name, port, server: await this.#start(name, port, program) });
    const reply = await this.ask(name, (client) => {
      return client.request(17, {
        ...{ topic, defaultTopic: 'TBW102', readQueueNums: queues, writeQueueNums: queues, perm: 6 },
        ...{ topicFilterType: 'SINGLE_TAG', topicSysFlag: 0, order: false },
      });
    });
    if (reply.code !== 0) throw new Error(`${name} did not make ${topic}: ${reply.code} ${reply.remark}`);
  }

  #start(name: string, port: number, program: BrokerProgram): Promise<Server> {
    const { workspace } = this.#plan;
    return startBroker({ ...program, workspace, port, name, namesrv: this.namesrvAddr, settings, jvm: heap });
  }

  async #untilRouted(addresses: readonly string[]): Promise<void> {
    const deadline = Date.now() + routeLimitMs;
    for (const address of addresses) {
      const client = await RawClient.connect(address);
      try {
        while (!(await this.#isRouted(client))) {
          if (Date.now() > deadline) throw new Error(`${address} does not know all brokers in ${routeLimitMs} ms`);
          await pause(200);
        }
      } finally {
        client.close();
      }
    }
  }

  async #isRouted(namesrv: RawClient): Promise<boolean> {
    const { code, body } = await namesrv.request(105, { topic: this.#plan.topic });
    return code === 0 && this.#brokers.every(({ port }) => body.includes(`127.0.0.1:${port}"`));
  }

  #broker(name: string): Place {
    const place = this.#brokers.find((each) => each.name === name);
    if (place === undefined) throw new Error(`no ${name}`);
    return place;
  }
}
