import type { ConsumeFromWhere, ConsumeType, MessageModel, SubscriptionData } from '../codec/bodies/heartbeat.ts';
import type { Language } from '../codec/scanned-command.ts';
import type { Connection } from '../remoting/connection.ts';
import type { Clock } from '../util/clock.ts';
import type { Logger } from '../util/logger.ts';

/** Java: ClientHousekeepingService, ConsumerManager.CHANNEL_EXPIRED_TIMEOUT. */
export const CHANNEL_EXPIRED_MS = 120_000;
const MOST_GROUPS = 200_000;
const MOST_CHANNELS_PER_GROUP = 20_000;
const MOST_TOPICS_PER_GROUP = 10_000;

/** One client instance of a group on one connection. Java: ClientChannelInfo. */
export interface ClientChannelInfo {
  readonly connection: Connection;
  readonly clientId: string;
  readonly language: Language | undefined;
  readonly version: number;
  lastUpdateMs: number;
}

/** A subscription whose topic was checked. */
export type Subscription = SubscriptionData & { readonly topic: string };

/** What a heartbeat says about one group. */
export interface ConsumerRegistration {
  readonly group: string;
  readonly consumeType: ConsumeType | undefined;
  readonly messageModel: MessageModel | undefined;
  readonly consumeFromWhere: ConsumeFromWhere | undefined;
  readonly subscriptions: readonly Subscription[];
}

/** A group with connected consumers. Java: ConsumerGroupInfo. */
export interface ConsumerGroup {
  readonly group: string;
  consumeType: ConsumeType | undefined;
  messageModel: MessageModel | undefined;
  consumeFromWhere: ConsumeFromWhere | undefined;
  readonly subscriptions: Map<string, Subscription>;
  readonly channels: Map<Connection, ClientChannelInfo>;
}

/** Who of a group is told that its members changed. */
export type IdsChangedListener = (group: string, channels: readonly Connection[]) => void;

/** Told that the last consumer of a group went. Java: ConsumerGroupEvent.UNREGISTER. */
export type GroupGoneListener = (group: string) => void;

/** Connected consumers by group. Java: ConsumerManager. */
export class ConsumerManager {
  readonly #groups = new Map<string, ConsumerGroup>();
  readonly #groupsOf = new Map<Connection, Set<string>>();
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #onGroupGone: GroupGoneListener | undefined;

  constructor(options: { clock: Clock; log: Logger; onGroupGone?: GroupGoneListener }) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#onGroupGone = options.onGroupGone;
  }

  group(name: string): ConsumerGroup | undefined {
    return this.#groups.get(name);
  }

  get groupNames(): IterableIterator<string> {
    return this.#groups.keys();
  }

  /** Client ids of a group; one id may stand twice when a client is connected twice. */
  clientIds(name: string): string[] {
    return [...(this.#groups.get(name)?.channels.values() ?? [])].map((channel) => channel.clientId);
  }

  /** The first connected member with this client id. Java: ConsumerManager#findChannel. */
  findChannel(name: string, clientId: string | undefined): ClientChannelInfo | undefined {
    if (clientId === undefined) return undefined;
    for (const channel of this.#groups.get(name)?.channels.values() ?? []) {
      if (channel.clientId === clientId) return channel;
    }
    return undefined;
  }

  /**
   * False when members of the group are connected and none of them reads the topic: what is asked about it is then
   * left out. Java: AdminBrokerProcessor#getConsumeStats and others.
   */
  mayRead(name: string, topic: string): boolean {
    const online = this.#groups.get(name);
    return online === undefined || online.subscriptions.size === 0 || online.subscriptions.has(topic);
  }

  /** Groups that subscribe to a topic now. Java: ConsumerManager#queryTopicConsumeByWho. */
  groupsSubscribing(topic: string): string[] {
    return [...this.#groups.values()].filter((group) => group.subscriptions.has(topic)).map((group) => group.group);
  }

  /**
   * Takes a heartbeat.
   * @returns true when the group's members or topics changed, so that they have to rebalance.
   * Java: ConsumerManager#registerConsumer.
   */
  register(channel: ClientChannelInfo, registration: ConsumerRegistration): boolean {
    const group = this.#groups.get(registration.group) ?? this.#newGroup(registration);
    if (group === undefined) return false;
    const channelChanged = this.#updateChannel(group, channel, registration);
    const topicsChanged = this.#updateSubscriptions(group, registration.subscriptions);
    return channelChanged || topicsChanged;
  }

  /**
   * Takes a client out of a group.
   * @returns connections of the group's other members. Java: ConsumerManager#unregisterConsumer.
   */
  unregister(name: string, connection: Connection): Connection[] {
    const group = this.#groups.get(name);
    if (group === undefined) return [];
    group.channels.delete(connection);
    const groups = this.#groupsOf.get(connection);
    groups?.delete(name);
    if (groups?.size === 0) this.#groupsOf.delete(connection);
    if (group.channels.size === 0) {
      this.#groups.delete(name);
      this.#onGroupGone?.(name);
    }
    return [...group.channels.keys()];
  }

  /** Takes a closed connection out of all its groups and tells what is left of them. Java: #doChannelCloseEvent. */
  onClose(connection: Connection, tell: IdsChangedListener): void {
    const names = this.#groupsOf.get(connection);
    if (names === undefined) return;
    for (const name of [...names]) {
      if (this.#groups.get(name)?.channels.has(connection) !== true) continue;
      const others = this.unregister(name, connection);
      if (others.length > 0) tell(name, others);
    }
    this.#groupsOf.delete(connection);
  }

  /** Closes connections whose last heartbeat is too long ago. Java: ConsumerManager#scanNotActiveChannel. */
  scanNotActive(): void {
    const now = this.#clock.now();
    for (const group of [...this.#groups.values()]) {
      for (const channel of [...group.channels.values()]) {
        if (now - channel.lastUpdateMs <= CHANNEL_EXPIRED_MS) continue;
        this.#log.warn({ group: group.group, clientId: channel.clientId }, 'no heartbeat of a consumer, closing');
        this.unregister(group.group, channel.connection);
        channel.connection.destroy('no heartbeat');
      }
    }
  }

  #newGroup(registration: ConsumerRegistration): ConsumerGroup | undefined {
    if (this.#groups.size >= MOST_GROUPS) return undefined;
    const group: ConsumerGroup = {
      group: registration.group,
      consumeType: registration.consumeType,
      messageModel: registration.messageModel,
      consumeFromWhere: registration.consumeFromWhere,
      subscriptions: new Map(),
      channels: new Map(),
    };
    this.#groups.set(registration.group, group);
    return group;
  }

  /** The last heartbeat decides type, model and start. Java: ConsumerGroupInfo#updateChannel. */
  #updateChannel(group: ConsumerGroup, channel: ClientChannelInfo, registration: ConsumerRegistration): boolean {
    group.consumeType = registration.consumeType;
    group.messageModel = registration.messageModel;
    group.consumeFromWhere = registration.consumeFromWhere;
    const known = group.channels.get(channel.connection);
    if (known !== undefined && known.clientId === channel.clientId) {
      known.lastUpdateMs = this.#clock.now();
      return false;
    }
    if (known === undefined && group.channels.size >= MOST_CHANNELS_PER_GROUP) {
      this.#log.warn({ group: group.group, clientId: channel.clientId }, 'group is full, consumer not registered');
      return false;
    }
    group.channels.set(channel.connection, channel);
    const groups = this.#groupsOf.get(channel.connection);
    if (groups === undefined) this.#groupsOf.set(channel.connection, new Set([group.group]));
    else groups.add(group.group);
    return known === undefined;
  }

  /** New and vanished topics are changes, a newer version is not. Java: ConsumerGroupInfo#updateSubscription. */
  #updateSubscriptions(group: ConsumerGroup, subscriptions: readonly Subscription[]): boolean {
    let changed = false;
    const named = new Set<string>();
    for (const subscription of subscriptions) {
      named.add(subscription.topic);
      const known = group.subscriptions.get(subscription.topic);
      if (known === undefined) {
        if (group.subscriptions.size >= MOST_TOPICS_PER_GROUP) continue;
        changed = true;
        group.subscriptions.set(subscription.topic, subscription);
      } else if (subscription.subVersion > known.subVersion) {
        group.subscriptions.set(subscription.topic, subscription);
      }
    }
    for (const topic of [...group.subscriptions.keys()]) {
      if (named.has(topic)) continue;
      group.subscriptions.delete(topic);
      changed = true;
    }
    return changed;
  }
}
