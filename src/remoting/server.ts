import { AssemblyBudget } from '../codec/frame.ts';
import type { Clock } from '../util/clock.ts';
import type { Logger } from '../util/logger.ts';
import type { Listener, Net, Socket } from '../util/net.ts';
import { Connection, type ConnectionParts, type FrameReceiver } from './connection.ts';
import { type ConnectionLimits, connectionLimits } from './connection-limits.ts';
import { type ConnectionListener, ConnectionTable } from './connection-table.ts';
import { LogLimit, PEER_LINES_PER_SECOND } from './log-limit.ts';
import type { LoopTurn } from './loop-turn.ts';

/** One port of a server and who handles its frames. */
export interface ServerPort {
  /** Undefined: every interface, as Java binds. */
  readonly host?: string | undefined;
  readonly port: number;
  readonly receiver: FrameReceiver;
}

export interface RemotingServerOptions {
  readonly net: Net;
  readonly clock: Clock;
  readonly log: Logger;
  readonly turn: LoopTurn;
  /** Main port first, VIP port second. */
  readonly ports: readonly ServerPort[];
  /** Java: serverChannelMaxIdleTimeSeconds. */
  readonly idleMs: number;
  /** Of each port. */
  readonly maxConnections?: number;
  /** What the partial frames of all connections may hold together. */
  readonly partialFrameBytes?: number;
  readonly limits?: ConnectionLimits;
}

const MAX_CONNECTIONS = 65_535;
const PARTIAL_FRAME_BYTES = 536_870_912;
const CLOSE_PATIENCE_MS = 3000;

/** Listens, accepts, and keeps the connections of all its ports in one table. Java: NettyRemotingServer. */
export class RemotingServer {
  readonly #options: RemotingServerOptions;
  readonly #table: ConnectionTable;
  readonly #budget: AssemblyBudget;
  readonly #lines: LogLimit;
  readonly #listeners: Listener[] = [];
  #isClosing = false;

  constructor(options: RemotingServerOptions) {
    this.#options = options;
    this.#table = new ConnectionTable(options);
    this.#lines = new LogLimit(options.clock, PEER_LINES_PER_SECOND);
    this.#budget = new AssemblyBudget(options.partialFrameBytes ?? PARTIAL_FRAME_BYTES);
  }

  /** The live connections of all ports. */
  get connections(): Iterable<Connection> & { readonly size: number } {
    return this.#table;
  }

  /** The bound ports, in the order of the options; other than those when 0 was asked. */
  get ports(): readonly number[] {
    return this.#listeners.map((listener) => listener.port);
  }

  addListener(listener: ConnectionListener): void {
    this.#table.addListener(listener);
  }

  /** Binds every port, or none: rejects with NetError when one is taken. */
  async start(): Promise<void> {
    try {
      for (const port of this.#options.ports) this.#listeners.push(await this.#listen(port));
    } catch (error) {
      await this.#stopListening();
      throw error;
    }
  }

  /** Accepts nothing more, sends what is waiting, and closes every connection. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#stopListening();
    await this.#table.close(CLOSE_PATIENCE_MS);
  }

  #listen({ host, port, receiver }: ServerPort): Promise<Listener> {
    const { net, clock, log, turn, limits, maxConnections } = this.#options;
    const parts: ConnectionParts = {
      clock,
      log,
      turn,
      budget: this.#budget,
      receiver,
      lines: this.#lines,
      limits: limits ?? connectionLimits,
    };
    return net.listen(
      {
        ...(host === undefined ? {} : { host }),
        port,
        maxConnections: maxConnections ?? MAX_CONNECTIONS,
        onError: (error) => {
          if (this.#lines.allows()) log.warn({ err: error, port }, 'a connection could not be accepted');
        },
      },
      (socket) => this.#accept(socket, parts),
    );
  }

  #accept(socket: Socket, parts: ConnectionParts): void {
    if (this.#isClosing) socket.destroy();
    else this.#table.add(new Connection(socket, parts));
  }

  async #stopListening(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.close()));
  }
}
