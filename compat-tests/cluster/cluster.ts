import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type PortBlock, takePorts } from '../../testing/ports.ts';
import { repoDir, type Server, startBroker, startNamesrv, subjectKind, type Workspace } from '../peer/peer.ts';

/** A host of the cluster: a name server and a broker, which come and go together. */
export interface ClusterHost {
  /** `broker-a`. */
  readonly broker: string;
  readonly brokerAddress: string;
  readonly namesrvAddress: string;
  start(): Promise<void>;
  /** As an operator does it, not a crash. */
  stop(): Promise<void>;
}

/** Three hosts with the settings of conf/2m-noslave, all of them started. */
export interface Cluster {
  readonly hosts: readonly ClusterHost[];
  /** Stops what runs, and removes everything. */
  close(): Promise<void>;
}

/** Where a host listens, and its settings. */
export interface HostPlan {
  readonly broker: string;
  readonly ports: PortBlock;
  readonly brokerAddress: string;
  readonly namesrvAddress: string;
  /** All name servers. */
  readonly namesrvs: string;
}

/** Three hosts, all of them on the loopback address, with ports of their own in the place of addresses of their own. */
export async function planHosts(): Promise<HostPlan[]> {
  const hosts: Omit<HostPlan, 'namesrvs'>[] = [];
  for (const broker of ['broker-a', 'broker-b', 'broker-c']) {
    const ports = await takePorts();
    const { listenPort, namesrvPort } = ports;
    hosts.push({
      ...{ broker, ports },
      ...{ brokerAddress: `127.0.0.1:${listenPort}`, namesrvAddress: `127.0.0.1:${namesrvPort}` },
    });
  }
  const namesrvs = hosts.map(({ namesrvAddress }) => namesrvAddress).join(';');
  return hosts.map((host) => ({ ...host, namesrvs }));
}

/** conf/2m-noslave/NAME.properties as it is shipped, and what a host adds to it. Returns the path of the new file. */
export function writeBrokerConf(dir: string, plan: HostPlan, more: Readonly<Record<string, string>>): string {
  const shipped = readFileSync(join(repoDir, 'conf', '2m-noslave', `${plan.broker}.properties`), 'utf8');
  const added = {
    namesrvAddr: plan.namesrvs,
    brokerIP1: '127.0.0.1',
    brokerIP2: '127.0.0.1',
    listenPort: String(plan.ports.listenPort),
    // The shortest there is: a name server that comes back knows all brokers within ten seconds.
    registerNameServerPeriod: '10000',
    mappedFileSizeCommitLog: '16777216',
    mappedFileSizeConsumeQueue: '60000',
    // A busy machine is no busy broker.
    waitTimeMillsInSendQueue: '10000',
    osPageCacheBusyTimeOutMills: '10000',
    ...more,
  };
  const lines = Object.entries(added).map(([key, value]) => `${key}=${value}\n`);
  mkdirSync(dir, { recursive: true });
  const file = join(dir, `${plan.broker}.properties`);
  writeFileSync(file, `${shipped}\n${lines.join('')}`);
  return file;
}

/** A broker of the cluster that is another program than the shipped one. */
export interface PlantedBroker {
  readonly broker: string;
  readonly program: string;
  readonly env: Readonly<Record<string, string>>;
}

/** The three hosts as six processes: first all name servers, then all brokers. */
export async function processCluster(workspace: Workspace, planted?: PlantedBroker): Promise<Cluster> {
  const hosts = (await planHosts()).map((plan) => new ProcessHost(workspace, plan, planted));
  const cluster = {
    hosts,
    close: async () => {
      await Promise.all(hosts.map((host) => host.stop()));
    },
  };
  try {
    await Promise.all(hosts.map((host) => host.startNamesrv()));
    await Promise.all(hosts.map((host) => host.startBroker()));
  } catch (error) {
    await cluster.close();
    throw error;
  }
  return cluster;
}

class ProcessHost implements ClusterHost {
  readonly broker: string;
  readonly brokerAddress: string;
  readonly namesrvAddress: string;
  readonly #workspace: Workspace;
  readonly #plan: HostPlan;
  readonly #planted: PlantedBroker | undefined;
  readonly #servers: Server[] = [];

  constructor(workspace: Workspace, plan: HostPlan, planted: PlantedBroker | undefined) {
    this.#workspace = workspace;
    this.#plan = plan;
    this.#planted = planted?.broker === plan.broker ? planted : undefined;
    ({ broker: this.broker, brokerAddress: this.brokerAddress, namesrvAddress: this.namesrvAddress } = plan);
  }

  async start(): Promise<void> {
    await this.startNamesrv();
    await this.startBroker();
  }

  async startNamesrv(): Promise<void> {
    const options = { kind: subjectKind(), workspace: this.#workspace, port: this.#plan.ports.namesrvPort };
    this.#servers.unshift(await startNamesrv({ ...options, name: `namesrv-${this.broker}` }));
  }

  async startBroker(): Promise<void> {
    const { broker, ports } = this.#plan;
    const { dir } = this.#workspace;
    const storeDir = join(dir, `store-${broker}`);
    const paths = { storePathRootDir: storeDir, storePathCommitLog: join(storeDir, 'commitlog') };
    const conf = writeBrokerConf(join(dir, 'conf'), this.#plan, paths);
    const options = { kind: subjectKind(), workspace: this.#workspace, port: ports.listenPort, name: broker, conf };
    const { program, env } = this.#planted ?? {};
    const other = program === undefined || env === undefined ? {} : { program, env };
    this.#servers.unshift(await startBroker({ ...options, ...other }));
  }

  /** The broker first: it still has to tell the name servers that it goes. */
  async stop(): Promise<void> {
    for (const server of this.#servers.splice(0)) await server.stop();
  }
}
