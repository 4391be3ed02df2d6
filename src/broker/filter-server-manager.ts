import type { BrokerConfig } from '../config/broker-config.ts';
import type { Connection } from '../remoting/connection.ts';
import type { Clock } from '../util/clock.ts';
import type { Logger } from '../util/logger.ts';

/** Java: FilterServerManager.FILTER_SERVER_MAX_IDLE_TIME_MILLS. */
const MOST_IDLE_MS = 30_000;
/** A name server takes as many of a broker. */
const MOST_SERVERS = 256;
const MOST_ADDRESS_CHARACTERS = 255;

interface FilterServer {
  /** The first one told over this connection. */
  readonly address: string;
  lastUpdateMs: number;
}

/**
 * Filter servers that are connected and have said so within 30 s. None is ever started, and none is announced unless
 * filterServerNums says that the operator has some (ADR 0055). Java: FilterServerManager.
 */
export class FilterServerManager {
  readonly #servers = new Map<Connection, FilterServer>();
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #config: BrokerConfig;

  constructor(options: { readonly clock: Clock; readonly log: Logger; readonly config: BrokerConfig }) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#config = options.config;
  }

  /** Java: FilterServerManager#registerFilterServer. */
  register(connection: Connection, address: string): void {
    const known = this.#servers.get(connection);
    if (known !== undefined) {
      known.lastUpdateMs = this.#clock.now();
      return;
    }
    if (address === '' || address.length > MOST_ADDRESS_CHARACTERS || this.#servers.size >= MOST_SERVERS) return;
    this.#servers.set(connection, { address, lastUpdateMs: this.#clock.now() });
    this.#log.info({ address, peer: connection.remoteAddress }, 'a filter server registered');
  }

  /** Addresses that the name servers are told. Java: FilterServerManager#buildNewFilterServerList. */
  announced(): readonly string[] {
    if (this.#config.filterServerNums <= 0) return [];
    return [...this.#servers.values()].map(({ address }) => address);
  }

  /** Forgets those that are silent, and closes their connections. Java: FilterServerManager#scanNotActiveChannel. */
  scanNotActive(): void {
    const nowMs = this.#clock.now();
    for (const [connection, { address, lastUpdateMs }] of this.#servers) {
      if (nowMs - lastUpdateMs <= MOST_IDLE_MS) continue;
      this.#servers.delete(connection);
      this.#log.info({ address }, 'a filter server expired, closing');
      connection.destroy('no registration of a filter server for 30 s');
    }
  }

  /** Java: FilterServerManager#doChannelCloseEvent. */
  onClose(connection: Connection): void {
    this.#servers.delete(connection);
  }
}
