import type { MessageStoreConfig } from '../config/message-store-config.ts';
import type { Clock, Timer } from '../util/clock.ts';
import type { Logger } from '../util/logger.ts';
import type { Listener, Net, Socket } from '../util/net.ts';
import type { GroupTransferService } from './group-transfer-service.ts';
import { HAConnection, type MasterLog } from './ha-connection.ts';

/** Slaves of one master are few; what connects beyond is closed at once. */
const MOST_CONNECTIONS = 64;
/** How often connections are looked at. Java's writer waits as long for something to send. */
const TICK_MS = 100;
/** What was written before a stop has so long to reach a slave. */
const STOP_WAIT_MS = 1_000;

/** What the service works with. */
export interface HAServiceParts {
  readonly net: Net;
  readonly clock: Clock;
  readonly log: Logger;
  readonly config: MessageStoreConfig;
  readonly raw: MasterLog;
  readonly gate: GroupTransferService;
  /** Undefined: every interface, as Java. */
  readonly host?: string | undefined;
  readonly port: number;
}

/** The master's side of replication: owns the port and the connections of the slaves. Java: HAService. */
export class HAService {
  readonly #parts: HAServiceParts;
  readonly #connections = new Set<HAConnection>();
  #listener: Listener | undefined;
  #ticker: Timer | undefined;

  constructor(parts: HAServiceParts) {
    this.#parts = parts;
  }

  /** Slaves, and whatever else is connected. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Takes the port. Rejects with NetError. */
  async start(): Promise<void> {
    const { net, log, host, port } = this.#parts;
    const address = host === undefined ? { port } : { host, port };
    const onError = (error: Error): void => log.error({ err: error }, 'a slave could not be accepted');
    const options = { ...address, maxConnections: MOST_CONNECTIONS, onError };
    this.#listener = await net.listen(options, (socket) => this.#accept(socket));
  }

  /** Gives the port back and closes the connections; what was sent may still arrive. */
  async stop(): Promise<void> {
    await this.#listener?.close();
    if (this.#connections.size === 0) return;
    for (const connection of this.#connections) connection.end();
    this.#parts.clock.setTimeout(() => {
      for (const connection of [...this.#connections]) connection.close('stopped');
    }, STOP_WAIT_MS);
  }

  #accept(socket: Socket): void {
    const { clock, config, raw, gate } = this.#parts;
    const log = this.#parts.log.child({ peer: `${socket.remoteAddress}:${socket.remotePort}` });
    const onClose = (): void => this.#onClose(connection);
    const connection = new HAConnection({ clock, log, config, raw, gate, socket, onClose });
    log.info({}, 'a slave connects');
    this.#connections.add(connection);
    if (this.#ticker !== undefined) return;
    gate.setSender(() => {
      for (const each of this.#connections) each.send();
    });
    this.#ticker = clock.setInterval(() => {
      const nowMs = clock.monotonicMs();
      for (const each of [...this.#connections]) each.tick(nowMs);
    }, TICK_MS);
  }

  #onClose(connection: HAConnection): void {
    this.#connections.delete(connection);
    if (this.#connections.size > 0) return;
    this.#parts.gate.setSender(undefined);
    this.#ticker?.cancel();
    this.#ticker = undefined;
  }
}
