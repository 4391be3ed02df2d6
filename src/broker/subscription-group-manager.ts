import { decodeBody, encodeBodyText } from '../codec/bodies/schema.ts';
import { type DataVersion, subscriptionGroupWrapper } from '../codec/bodies/topic-config.ts';
import { DecodeError } from '../codec/fast-json.ts';
import type { BrokerConfig } from '../config/broker-config.ts';
import type { Clock } from '../util/clock.ts';
import type { StateFile } from '../util/state-file.ts';
import { saveOrRefuse } from './save-or-refuse.ts';

/** Groups one broker may hold. Auto-creation stops here; Java has no limit. */
const MOST_GROUPS = 200_000;

/** Java: SubscriptionGroupConfig. */
export interface SubscriptionGroupConfig {
  readonly groupName: string;
  readonly consumeEnable: boolean;
  readonly consumeFromMinEnable: boolean;
  readonly consumeBroadcastEnable: boolean;
  readonly retryQueueNums: number;
  readonly retryMaxTimes: number;
  readonly brokerId: number;
  readonly whichBrokerWhenConsumeSlowly: number;
  readonly notifyConsumerIdsChangedEnable: boolean;
}

interface Table {
  readonly dataVersion: DataVersion;
  readonly subscriptionGroupTable: ReadonlyMap<string, SubscriptionGroupConfig>;
}

/** The consumer groups of this broker, `config/subscriptionGroup.json`. Java: SubscriptionGroupManager. */
export class SubscriptionGroupManager {
  readonly #groups = new Map<string, SubscriptionGroupConfig>();
  readonly #config: BrokerConfig;
  readonly #clock: Clock;
  readonly #file: StateFile;
  #dataVersion: DataVersion;

  constructor(options: { config: BrokerConfig; clock: Clock; file: StateFile }) {
    this.#config = options.config;
    this.#clock = options.clock;
    this.#file = options.file;
    this.#dataVersion = { counter: 0, timestamp: options.clock.now() };
    for (const name of BUILT_IN_GROUPS) this.#groups.set(name, defaultGroup(name));
  }

  /** Lays the file over the built-in groups. @throws StateFileError */
  load(): void {
    const loaded = this.#file.load((text) => {
      const table = decodeBody(subscriptionGroupWrapper, text);
      return table instanceof DecodeError ? undefined : table;
    });
    if (loaded === undefined) return;
    for (const [groupName, group] of loaded.subscriptionGroupTable)
      this.#groups.set(groupName, { ...group, groupName });
    this.#dataVersion = loaded.dataVersion;
  }

  /** All groups with the version of the table, as code 201 answers them. */
  table(): Table {
    return { dataVersion: this.#dataVersion, subscriptionGroupTable: this.#groups };
  }

  /** True when the group is in the table already, whatever its name. */
  has(group: string): boolean {
    return this.#groups.has(group);
  }

  /**
   * The group's settings; an unknown group is made when that is allowed. It would be made again after a restart, so a
   * disk that is full keeps nobody from reading: the file follows. Java: #findSubscriptionGroupConfig.
   */
  find(group: string): SubscriptionGroupConfig | undefined {
    const known = this.#groups.get(group);
    if (known !== undefined) return known;
    if (!this.#config.autoCreateSubscriptionGroup && !group.startsWith('CID_RMQ_SYS_')) return undefined;
    if (this.#groups.size >= MOST_GROUPS) return undefined;
    const created = defaultGroup(group);
    this.#groups.set(group, created);
    this.#dataVersion = this.#nextVersion();
    void this.#file.save(() => encoded(this.table()));
    return created;
  }

  /**
   * Creates or replaces a group: in the file first, so that the table is never ahead of it.
   * @throws RequestError when the file cannot be written. Java: SubscriptionGroupManager#updateSubscriptionGroupConfig.
   */
  update(config: SubscriptionGroupConfig): void {
    const dataVersion = this.#nextVersion();
    const subscriptionGroupTable = new Map(this.#groups).set(config.groupName, config);
    saveOrRefuse(this.#file, encoded({ dataVersion, subscriptionGroupTable }));
    this.#groups.set(config.groupName, config);
    this.#dataVersion = dataVersion;
  }

  /**
   * Forgets a group: in the file first. False when it is not there. Its offsets stay, as in Java.
   * @throws RequestError when the file cannot be written. Java: #deleteSubscriptionGroupConfig.
   */
  delete(groupName: string): boolean {
    if (!this.#groups.has(groupName)) return false;
    const dataVersion = this.#nextVersion();
    const subscriptionGroupTable = new Map(this.#groups);
    subscriptionGroupTable.delete(groupName);
    saveOrRefuse(this.#file, encoded({ dataVersion, subscriptionGroupTable }));
    this.#groups.delete(groupName);
    this.#dataVersion = dataVersion;
    return true;
  }

  /** Takes the right to consume from a group, until it is updated or the broker starts again. Java: #disableConsume. */
  disableConsume(group: string): void {
    const known = this.#groups.get(group);
    if (known === undefined) return;
    this.#groups.set(group, { ...known, consumeEnable: false });
    this.#dataVersion = this.#nextVersion();
  }

  #nextVersion(): DataVersion {
    return { counter: this.#dataVersion.counter + 1, timestamp: this.#clock.now() };
  }
}

function encoded(table: Table): string {
  return encodeBodyText(subscriptionGroupWrapper, table, { pretty: true });
}

const DEFAULTS = {
  consumeEnable: true,
  consumeFromMinEnable: true,
  consumeBroadcastEnable: true,
  retryQueueNums: 1,
  retryMaxTimes: 16,
  brokerId: 0,
  whichBrokerWhenConsumeSlowly: 1,
  notifyConsumerIdsChangedEnable: true,
} as const;

/** A group with the defaults of 4.6.0. */
export function defaultGroup(groupName: string): SubscriptionGroupConfig {
  return { groupName, ...DEFAULTS };
}

/** Java: SubscriptionGroupManager#init. */
const BUILT_IN_GROUPS = [
  'TOOLS_CONSUMER',
  'FILTERSRV_CONSUMER',
  'SELF_TEST_C_GROUP',
  'CID_ONS-HTTP-PROXY',
  'CID_ONSAPI_PULL',
  'CID_ONSAPI_PERMISSION',
  'CID_ONSAPI_OWNER',
] as const;
