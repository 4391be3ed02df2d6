import type { Connection } from '../remoting/connection.ts';
import type { Clock } from '../util/clock.ts';
import type { Logger } from '../util/logger.ts';
import { CHANNEL_EXPIRED_MS, type ClientChannelInfo } from './consumer-manager.ts';

const MOST_GROUPS = 200_000;
const MOST_CHANNELS_PER_GROUP = 20_000;
/** Channels of a group that are looked at to find one. Java: one and GET_AVALIABLE_CHANNEL_RETRY_COUNT more. */
const MOST_TRIES = 4;

/**
 * Connected producers by group and by client id. A client id leads to the connection that announced it as long as that
 * is in any group (ADR 0041). Java: ProducerManager.
 */
export class ProducerManager {
  readonly #groups = new Map<string, Map<Connection, ClientChannelInfo>>();
  readonly #groupsOf = new Map<Connection, Set<string>>();
  readonly #byClientId = new Map<string, Connection>();
  readonly #clientIdsOf = new Map<Connection, Set<string>>();
  readonly #clock: Clock;
  readonly #log: Logger;

  constructor(options: { clock: Clock; log: Logger }) {
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** Channels of a group, or undefined when nobody of it is connected. */
  channels(group: string): ReadonlyMap<Connection, ClientChannelInfo> | undefined {
    return this.#groups.get(group);
  }

  /** The connection of a client, for the answer to its request. Java: ProducerManager#findChannel. */
  findConnection(clientId: string): Connection | undefined {
    return this.#byClientId.get(clientId);
  }

  /**
   * A connection of the group that can be told something now, another one each time; undefined without any.
   * Java: ProducerManager#getAvaliableChannel.
   */
  available(group: string): Connection | undefined {
    const channels = this.#groups.get(group);
    if (channels === undefined) return undefined;
    let tries = Math.min(channels.size, MOST_TRIES);
    for (const [connection, channel] of channels) {
      if (tries-- === 0) return undefined;
      // The first one goes behind the others.
      channels.delete(connection);
      channels.set(connection, channel);
      if (connection.isOpen && connection.isWritable) return connection;
    }
    return undefined;
  }

  /** Takes a heartbeat. Java: ProducerManager#registerProducer. */
  register(group: string, channel: ClientChannelInfo): void {
    let channels = this.#groups.get(group);
    if (channels === undefined) {
      if (this.#groups.size >= MOST_GROUPS) return;
      channels = new Map();
      this.#groups.set(group, channels);
    }
    const known = channels.get(channel.connection);
    if (known !== undefined) {
      known.lastUpdateMs = this.#clock.now();
      return;
    }
    if (channels.size >= MOST_CHANNELS_PER_GROUP) return;
    channels.set(channel.connection, channel);
    const groups = this.#groupsOf.get(channel.connection);
    if (groups === undefined) this.#groupsOf.set(channel.connection, new Set([group]));
    else groups.add(group);
    this.#noteClientId(channel);
  }

  /** Takes a client out of a group. Java: ProducerManager#unregisterProducer. */
  unregister(group: string, connection: Connection): void {
    const channels = this.#groups.get(group);
    channels?.delete(connection);
    if (channels?.size === 0) this.#groups.delete(group);
    const groups = this.#groupsOf.get(connection);
    groups?.delete(group);
    if (groups?.size === 0) this.#forget(connection);
  }

  /** Takes a closed connection out of all its groups. Java: ProducerManager#doChannelCloseEvent. */
  onClose(connection: Connection): void {
    for (const group of [...(this.#groupsOf.get(connection) ?? [])]) this.unregister(group, connection);
  }

  /** Closes connections whose last heartbeat is too long ago. Java: ProducerManager#scanNotActiveChannel. */
  scanNotActive(): void {
    const now = this.#clock.now();
    for (const [group, channels] of [...this.#groups]) {
      for (const channel of [...channels.values()]) {
        if (now - channel.lastUpdateMs <= CHANNEL_EXPIRED_MS) continue;
        this.#log.warn({ group, clientId: channel.clientId }, 'no heartbeat of a producer, closing');
        this.unregister(group, channel.connection);
        channel.connection.destroy('no heartbeat');
      }
    }
  }

  #noteClientId({ clientId, connection }: ClientChannelInfo): void {
    const ids = this.#clientIdsOf.get(connection);
    if (ids === undefined) this.#clientIdsOf.set(connection, new Set([clientId]));
    else ids.add(clientId);
    this.#byClientId.set(clientId, connection);
  }

  /** The connection is in no group any more. A client that has connected again keeps its new connection. */
  #forget(connection: Connection): void {
    this.#groupsOf.delete(connection);
    for (const clientId of this.#clientIdsOf.get(connection) ?? []) {
      if (this.#byClientId.get(clientId) === connection) this.#byClientId.delete(clientId);
    }
    this.#clientIdsOf.delete(connection);
  }
}
