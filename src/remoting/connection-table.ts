import type { Clock, Timer } from '../util/clock.ts';
import type { Logger } from '../util/logger.ts';
import type { Connection } from './connection.ts';

/** Told about the connections of a server or client. Java: ChannelEventListener. */
export interface ConnectionListener {
  onConnect?(connection: Connection): void;
  /** Nothing was read or written for too long; the connection is closed next. */
  onIdle?(connection: Connection): void;
  onClose?(connection: Connection, reason: string): void;
}

export interface ConnectionTableOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Silence in both directions after which a connection is closed; 0: never. */
  readonly idleMs: number;
}

const MOST_LISTENERS = 16;
/** An idle connection lives at most this part of its idle time too long. */
const SWEEPS_PER_IDLE = 12;

/** The live connections of a server or client, who wants to know of them, and the sweep that closes idle ones. */
export class ConnectionTable {
  readonly #options: ConnectionTableOptions;
  readonly #connections = new Set<Connection>();
  readonly #listeners: ConnectionListener[] = [];
  readonly #sweep: Timer | undefined;
  #whenEmpty: (() => void) | undefined;

  constructor(options: ConnectionTableOptions) {
    this.#options = options;
    if (options.idleMs > 0) {
      const periodMs = Math.max(1, Math.ceil(options.idleMs / SWEEPS_PER_IDLE));
      this.#sweep = options.clock.setInterval(() => this.#closeIdle(), periodMs);
    }
  }

  get size(): number {
    return this.#connections.size;
  }

  [Symbol.iterator](): IterableIterator<Connection> {
    return this.#connections.values();
  }

  /** Listeners stay for the life of the table. */
  addListener(listener: ConnectionListener): void {
    if (this.#listeners.length >= MOST_LISTENERS) throw new RangeError(`more than ${MOST_LISTENERS} listeners`);
    this.#listeners.push(listener);
  }

  add(connection: Connection): void {
    this.#connections.add(connection);
    connection.onClosed((closed, reason) => this.#remove(closed, reason));
    for (const listener of this.#listeners) listener.onConnect?.(connection);
  }

  /** Ends every connection when its output is sent; those that take longer than `patienceMs` are cut. */
  async close(patienceMs: number): Promise<void> {
    this.#sweep?.cancel();
    if (this.#connections.size === 0) return;
    const empty = new Promise<void>((resolve) => {
      this.#whenEmpty = resolve;
    });
    for (const connection of this.#connections) connection.end('closing');
    const cut = this.#options.clock.setTimeout(() => {
      for (const connection of this.#connections) connection.cut();
    }, patienceMs);
    await empty;
    cut.cancel();
  }

  #remove(connection: Connection, reason: string): void {
    this.#connections.delete(connection);
    this.#options.log.debug({ peer: connection.remoteAddress, reason }, 'connection closed');
    for (const listener of this.#listeners) listener.onClose?.(connection, reason);
    if (this.#connections.size === 0) this.#whenEmpty?.();
  }

  #closeIdle(): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const connection of this.#connections) {
      if (connection.wroteSinceSweep) {
        connection.wroteSinceSweep = false;
        connection.lastWriteMs = nowMs;
      }
      if (nowMs - Math.max(connection.lastReadMs, connection.lastWriteMs) < this.#options.idleMs) continue;
      this.#options.log.info({ peer: connection.remoteAddress }, 'closed an idle connection');
      for (const listener of this.#listeners) listener.onIdle?.(connection);
      connection.destroy('idle');
    }
  }
}
