import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GenericContainer, type StartedTestContainer, Wait } from 'testcontainers';
import { openDocker } from '../../scripts/run/docker.mjs';
import type { Workspace } from '../peer/peer.ts';
import { type Cluster, type ClusterHost, type HostPlan, planHosts, writeBrokerConf } from './cluster.ts';
import { importBase, makeContext, run } from './image.ts';

const startTimeoutMs = 180_000;
/** As in docker/compose.yaml: a broker gives up its stop after a minute by itself. */
const stopTimeoutMs = 70_000;
const bootLines = [/The Name Server boot success/, /The broker\[.*boot success/];

/** A cluster of containers, and what can be asked of them besides. */
export interface ContainerCluster extends Cluster {
  /** Runs a piece of JavaScript in the container of the first host and returns what it printed. */
  evaluate(script: string): Promise<string>;
}

/**
 * The three hosts as three containers of the image of docker/Dockerfile, on the network of this machine, confined as
 * docker/compose.yaml does it; or the reason why there can be none.
 */
export async function containerCluster(workspace: Workspace): Promise<ContainerCluster | { readonly reason: string }> {
  const engine = await openDocker((text: string) => console.error(text));
  if (engine.host === undefined) return { reason: engine.reason };
  const { host, stop } = engine;
  process.env['DOCKER_HOST'] = host;
  process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true';
  // Everything is on the network of this machine; there may be no bridge to look for a way to the engine.
  process.env['TESTCONTAINERS_HOST_OVERRIDE'] = '127.0.0.1';
  const names = { base: `wenchang-test-base:${process.pid}`, image: `wenchang-test:${process.pid}` };
  const hosts: ContainerHost[] = [];
  const close = async (): Promise<void> => {
    try {
      await Promise.all(hosts.map((each) => each.stop()));
      const volumes = hosts.map(({ volume }) => volume);
      if (volumes.length > 0) await run(['docker', '--host', host, 'volume', 'rm', '--force', ...volumes]);
      await run(['docker', '--host', host, 'image', 'rm', '--force', names.image, names.base]);
    } finally {
      await stop();
    }
  };
  try {
    await importBase(host, workspace.dir, names.base);
    const refusal = await probe(host, names.base);
    if (refusal !== undefined) {
      await run(['docker', '--host', host, 'image', 'rm', '--force', names.base]).finally(stop);
      return { reason: `the Docker engine runs no containers here: ${refusal}` };
    }
    const build = GenericContainer.fromDockerfile(makeContext(workspace.dir), 'docker/Dockerfile');
    await build.withBuildArgs({ BASE: names.base }).build(names.image, { deleteOnExit: false });
    for (const plan of await planHosts()) hosts.push(new ContainerHost(workspace, plan, names.image));
    await Promise.all(hosts.map((each) => each.start()));
  } catch (error) {
    await close();
    throw error;
  }
  return { hosts, close, evaluate: async (script) => (await hosts[0]?.evaluate(script)) ?? '' };
}

/** Why this engine cannot run anything, confined as the hosts are; no word of ours is in that container. */
async function probe(host: string, base: string): Promise<string | undefined> {
  const confined = [
    '--network',
    'host',
    '--read-only',
    '--cap-drop',
    'ALL',
    '--security-opt',
    'no-new-privileges:true',
  ];
  try {
    await run(['docker', '--host', host, 'run', '--rm', ...confined, base, 'sh', '-c', 'exit 0']);
    return undefined;
  } catch (error) {
    return String(error).trim().split('\n').at(-1);
  }
}

/** What testcontainers has no word for. */
class ReadOnlyContainer extends GenericContainer {
  constructor(image: string) {
    super(image);
    this.hostConfig.ReadonlyRootfs = true;
  }
}

class ContainerHost implements ClusterHost {
  readonly broker: string;
  readonly brokerAddress: string;
  readonly namesrvAddress: string;
  /** What outlives the container: store, logs and tables. */
  readonly volume: string;
  readonly #image: string;
  readonly #confDir: string;
  readonly #logFile: string;
  #container: StartedTestContainer | undefined;

  constructor(workspace: Workspace, plan: HostPlan, image: string) {
    this.#image = image;
    this.#confDir = join(workspace.dir, `conf-${plan.broker}`);
    this.#logFile = join(workspace.logDir, `${plan.broker}.out`);
    this.volume = `wenchang-test-${process.pid}-${plan.broker}`;
    ({ broker: this.broker, brokerAddress: this.brokerAddress, namesrvAddress: this.namesrvAddress } = plan);
    mkdirSync(this.#confDir, { recursive: true });
    writeBrokerConf(this.#confDir, plan, {});
    writeFileSync(join(this.#confDir, 'namesrv.conf'), `listenPort=${plan.ports.namesrvPort}\n`);
  }

  /** A new container on the old volume, as `docker compose up` makes it. */
  async start(): Promise<void> {
    this.#container = await new ReadOnlyContainer(this.#image)
      .withNetworkMode('host')
      .withDroppedCapabilities('ALL')
      .withSecurityOpt('no-new-privileges:true')
      .withTmpFs({ '/tmp': 'rw' })
      .withEnvironment({ NAMESRV_CONF: '/conf/namesrv.conf' })
      .withBindMounts([
        { source: this.#confDir, target: '/conf', mode: 'ro' },
        { source: this.volume, target: '/data' },
      ])
      .withCommand(['namesrv-and-broker', '-c', `/conf/${this.broker}.properties`])
      .withLogConsumer((lines) => lines.pipe(createWriteStream(this.#logFile, { flags: 'a' })))
      .withWaitStrategy(Wait.forAll(bootLines.map((line) => Wait.forLogMessage(line))))
      .withStartupTimeout(startTimeoutMs)
      .start();
  }

  async stop(): Promise<void> {
    const container = this.#container;
    this.#container = undefined;
    await container?.stop({ timeout: stopTimeoutMs, remove: true, removeVolumes: false });
  }

  async evaluate(script: string): Promise<string> {
    const { output } = (await this.#container?.exec(['node', '-e', script])) ?? { output: 'it does not run' };
    return output.trim();
  }
}
