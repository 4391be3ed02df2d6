import { join } from 'node:path';
import { takePorts } from '../../testing/ports.ts';
import { type Kind, openWorkspace, type Server, startBroker, startNamesrv, type Workspace } from '../peer/peer.ts';
import { type Mask, maskOf } from './compare.ts';
import type { Answer, Port } from './request.ts';
import { WireClient } from './wire-client.ts';

export const storeSizes = {
  mappedFileSizeCommitLog: 67_108_864,
  mappedFileSizeConsumeQueue: 60_000,
  maxHashSlotNum: 5_000,
  maxIndexNum: 20_000,
};

/** Both sides alike; no flow control by time, no check of transactions that comes by the clock. */
const settings = {
  ...Object.fromEntries(Object.entries(storeSizes).map(([key, value]) => [key, String(value)])),
  autoCreateTopicEnable: 'true',
  brokerFastFailureEnable: 'false',
  osPageCacheBusyTimeOutMills: '60000',
  transactionCheckInterval: '3600000',
  messageDelayLevel: '1s 2s 3s 4s 5s',
  diskMaxUsedSpaceRatio: '95',
};

const mostTries = 20;

export interface SideOptions {
  readonly kind: Kind;
  readonly name: string;
  readonly withNamesrv: boolean;
  /** Beside those that every run has. */
  readonly settings: Readonly<Record<string, string>>;
  /** Another root of our broker, such as one with a planted bug. */
  readonly program?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** One side of the comparison: its servers, its fake clients, and what its answers said about places. */
export class Side {
  readonly kind: Kind;
  readonly storeDir: string;
  readonly #workspace: Workspace;
  readonly #servers: readonly Server[];
  readonly #addresses: Readonly<Record<Port, string>>;
  readonly #clients = new Map<string, Promise<WireClient>>();
  /** Where clients have connected from. */
  readonly #places = new Set<string>();
  /** What is this side's own in texts. */
  readonly #own = new Map<string, string>();
  /** Answers to sends by `stream send`. */
  readonly sent = new Map<string, Answer>();
  mask: Mask;

  private constructor(kind: Kind, workspace: Workspace, servers: readonly Server[], addresses: Record<Port, string>) {
    this.kind = kind;
    this.#workspace = workspace;
    this.#servers = servers;
    this.#addresses = addresses;
    this.storeDir = join(workspace.dir, 'store-broker-a');
    this.#own.set(workspace.dir, 'DIR').set(workspace.logDir, 'DIR');
    for (const [port, address] of Object.entries(addresses)) {
      this.#own.set(address, port === 'namesrv' ? 'NAMESRV' : 'BROKER');
    }
    this.mask = maskOf(this.#own);
  }

  static async start(options: SideOptions): Promise<Side> {
    const { kind, withNamesrv } = options;
    const workspace = openWorkspace(options.name);
    const ports = await takePorts();
    const servers: Server[] = [];
    if (withNamesrv) servers.push(await startNamesrv({ kind, workspace, port: ports.namesrvPort }));
    const namesrv = `127.0.0.1:${ports.namesrvPort}`;
    const broker = await startBroker({
      ...{ kind, workspace, port: ports.listenPort, settings: { ...settings, ...options.settings } },
      ...(withNamesrv ? { namesrv } : {}),
      ...(options.program === undefined ? {} : { program: options.program, env: options.env ?? {} }),
    });
    const addresses = { main: broker.address, vip: `127.0.0.1:${ports.vipPort}`, namesrv };
    return new Side(kind, workspace, [broker, ...servers], addresses);
  }

  /** The fake client of a stream; connected when it is first used, or again when the server has closed it. */
  async client(stream: number, port: Port, connection: number): Promise<WireClient> {
    const key = `${stream} ${port} ${connection}`;
    const known = await this.#clients.get(key);
    if (known !== undefined && !known.isClosed) return known;
    const made = this.#connect(this.#addresses[port]);
    this.#clients.set(key, made);
    const client = await made;
    this.#own.set(client.localAddress, `CLIENT ${key}`);
    this.mask = maskOf(this.#own);
    return client;
  }

  /** From a place of its own: connections to two ports of a server may come from one, and then look like one client. */
  async #connect(address: string): Promise<WireClient> {
    for (let tries = 0; tries < mostTries; tries++) {
      const client = await WireClient.connect(address);
      if (!this.#places.has(client.localAddress)) {
        this.#places.add(client.localAddress);
        return client;
      }
      client.close();
    }
    throw new Error(`no free place to connect to ${address} from`);
  }

  /** All clients that have been asked something, by stream, port and number. */
  async clients(): Promise<[string, WireClient][]> {
    const all = [...this.#clients].map(async ([key, client]) => [key, await client] as [string, WireClient]);
    return (await Promise.all(all)).sort(([left], [right]) => (left < right ? -1 : 1));
  }

  async stop(): Promise<void> {
    for (const [, client] of await this.clients()) client.close();
    for (const server of this.#servers) await server.stop();
  }

  remove(): void {
    this.#workspace.close();
  }
}
