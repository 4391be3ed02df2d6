import { type CommandName, type CommandRow, type Commands, commands } from '../codec/commands.ts';
import { AssemblyBudget } from '../codec/frame.ts';
import type { HeaderInput } from '../codec/header.ts';
import type { Clock } from '../util/clock.ts';
import type { Logger } from '../util/logger.ts';
import type { Net } from '../util/net.ts';
import { Admission, plainLimits } from './admission.ts';
import { Connection, type ConnectionParts, type FrameReceiver } from './connection.ts';
import { type ConnectionLimits, connectionLimits } from './connection-limits.ts';
import { type ConnectionListener, ConnectionTable } from './connection-table.ts';
import { Dispatcher, noHandlers } from './dispatcher.ts';
import { requestExtFields } from './ext-fields.ts';
import { LogLimit, PEER_LINES_PER_SECOND } from './log-limit.ts';
import type { LoopTurn } from './loop-turn.ts';
import { ParkedReplies } from './parked-replies.ts';
import { type Answer, RemotingError } from './reply.ts';

export interface RemotingClientOptions {
  readonly net: Net;
  readonly clock: Clock;
  readonly log: Logger;
  readonly turn: LoopTurn;
  /** Who handles requests of the servers; without it they are answered REQUEST_CODE_NOT_SUPPORTED. */
  readonly receiver?: FrameReceiver;
  /** Java: connectTimeoutMillis. */
  readonly connectTimeoutMs?: number;
  /** Java: clientChannelMaxIdleTimeSeconds. */
  readonly idleMs?: number;
  /** Java: clientCloseSocketIfTimeout. */
  readonly closeOnTimeout?: boolean;
  readonly limits?: ConnectionLimits;
}

const CONNECT_TIMEOUT_MS = 3000;
const IDLE_MS = 120_000;
const MOST_ADDRESSES = 1024;
const PARTIAL_FRAME_BYTES = 268_435_456;
const CLOSE_PATIENCE_MS = 1000;

/**
 * Requests to servers by address. One connection per address, made when first needed and again after it was lost;
 * which of several servers to ask is the caller's choice. Java: NettyRemotingClient.
 */
export class RemotingClient {
  readonly #options: RemotingClientOptions;
  readonly #parts: ConnectionParts;
  readonly #table: ConnectionTable;
  readonly #byAddress = new Map<string, Peer>();
  #isClosed = false;

  constructor(options: RemotingClientOptions) {
    const { clock, log, turn, limits } = options;
    this.#options = options;
    this.#parts = {
      clock,
      log,
      turn,
      budget: new AssemblyBudget(PARTIAL_FRAME_BYTES),
      receiver: options.receiver ?? answersOnly(options),
      lines: new LogLimit(clock, PEER_LINES_PER_SECOND),
      limits: limits ?? connectionLimits,
    };
    this.#table = new ConnectionTable({ clock, log, idleMs: options.idleMs ?? IDLE_MS });
  }

  addListener(listener: ConnectionListener): void {
    this.#table.addListener(listener);
  }

  /** Asks the server at `address` (`host:port`); rejects with {@link RemotingError}. The time-out covers connecting. */
  invoke<C extends CommandName>(
    address: string,
    command: C,
    header: HeaderInput<Commands[C]['request']>,
    body: Buffer | undefined,
    timeoutMs: number,
  ): Promise<Answer<Commands[C]['response']>> {
    const row: CommandRow = commands[command];
    const answered = this.call(address, row.code, requestExtFields(row, header), body, timeoutMs);
    return answered as Promise<Answer<Commands[C]['response']>>;
  }

  /** As {@link invoke} with any code and extFields as they are (undefined: none at all). */
  async call(
    address: string,
    code: number,
    extFields: ReadonlyMap<string, string> | undefined,
    body: Buffer | undefined,
    timeoutMs: number,
  ): Promise<Answer> {
    const { clock } = this.#parts;
    const startMs = clock.monotonicMs();
    const connection = await this.connect(address, timeoutMs);
    const leftMs = timeoutMs - (clock.monotonicMs() - startMs);
    if (leftMs <= 0) throw new RemotingError('timeout', `connecting to <${address}> took all of ${timeoutMs}(ms)`);
    try {
      return await connection.call(code, extFields, body, leftMs);
    } catch (error) {
      const isTimeout = error instanceof RemotingError && error.problem === 'timeout';
      if (isTimeout && this.#options.closeOnTimeout === true) connection.destroy('request timed out');
      throw error;
    }
  }

  /** Tells the server something; rejects when it cannot be reached, gives false when it was dropped. */
  async oneway<C extends CommandName>(
    address: string,
    command: C,
    header: HeaderInput<Commands[C]['request']>,
    body: Buffer | undefined,
  ): Promise<boolean> {
    const connection = await this.connect(address, CONNECT_TIMEOUT_MS);
    return connection.oneway(command, header, body);
  }

  /** The open connection to `address`, made now if there is none. Rejects with {@link RemotingError}. */
  connect(address: string, timeoutMs: number): Promise<Connection> {
    const known = this.#byAddress.get(address);
    // A connection whose end was decided but not told yet must not be used again.
    if (known !== undefined && known.connection?.isOpen !== false) return known.connecting;
    if (this.#isClosed) return Promise.reject(new RemotingError('closed', 'the client is closed'));
    if (this.#byAddress.size >= MOST_ADDRESSES) {
      return Promise.reject(new RemotingError('too many requests', `more than ${MOST_ADDRESSES} servers`));
    }
    const within = Math.min(timeoutMs, this.#options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS);
    const peer: Peer = { connecting: this.#open(address, within), connection: undefined };
    this.#byAddress.set(address, peer);
    peer.connecting.then(
      (connection) => {
        peer.connection = connection;
        connection.onClosed(() => this.#forget(address, peer));
      },
      () => this.#forget(address, peer),
    );
    return peer.connecting;
  }

  /** Ends every connection; nothing can be asked afterwards. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled([...this.#byAddress.values()].map((peer) => peer.connecting));
    await this.#table.close(CLOSE_PATIENCE_MS);
  }

  async #open(address: string, timeoutMs: number): Promise<Connection> {
    const at = parseAddress(address);
    if (at === undefined) throw new RemotingError('connect failed', `<${address}> is no address`);
    const socket = await this.#options.net.connect({ ...at, timeoutMs }).catch((error: unknown) => {
      throw new RemotingError('connect failed', `connect to <${address}> failed`, error);
    });
    const connection = new Connection(socket, this.#parts);
    this.#table.add(connection);
    return connection;
  }

  #forget(address: string, peer: Peer): void {
    if (this.#byAddress.get(address) === peer) this.#byAddress.delete(address);
  }
}

interface Peer {
  readonly connecting: Promise<Connection>;
  /** Set when connected. */
  connection: Connection | undefined;
}

function answersOnly({ clock, log, turn }: RemotingClientOptions): FrameReceiver {
  return new Dispatcher({
    server: 'client',
    port: 'main',
    handlers: noHandlers,
    admission: new Admission(plainLimits()),
    parked: new ParkedReplies({ clock, turn }),
    clock,
    log,
  });
}

/** `host:port`, an IPv6 address in brackets; undefined when it is neither. */
export function parseAddress(address: string): { host: string; port: number } | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(address);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host === undefined || !(port >= 1 && port <= 65_535) ? undefined : { host, port };
}
