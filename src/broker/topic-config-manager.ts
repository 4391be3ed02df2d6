import { decodeBody, encodeBodyText } from '../codec/bodies/schema.ts';
import { type DataVersion, topicConfigSerializeWrapper } from '../codec/bodies/topic-config.ts';
import { DecodeError } from '../codec/fast-json.ts';
import { isSafePathSegment } from '../codec/names.ts';
import { sameBytes } from '../codec/scanned-command.ts';
import { PermName, TopicSysFlag } from '../codec/sys-flags.ts';
import { AUTO_CREATE_TOPIC, OFFSET_MOVED_EVENT } from '../codec/system-topics.ts';
import type { BrokerConfig } from '../config/broker-config.ts';
import type { Clock } from '../util/clock.ts';
import type { StateFile } from '../util/state-file.ts';
import { saveOrRefuse } from './save-or-refuse.ts';

/** Topics one broker may hold. Auto-creation stops here; Java has no limit. */
const MOST_TOPICS = 200_000;
/** Queues one topic may have; Java has no limit and takes any number into its tables. */
export const MOST_QUEUES = 65_536;
/** Slots of the byte look-up, a power of two. */
const LOOK_UP_SLOTS = 1024;

/** Java: TopicConfig. */
export interface TopicConfig {
  readonly topicName: string;
  readonly readQueueNums: number;
  readonly writeQueueNums: number;
  readonly perm: number;
  readonly topicFilterType: 'SINGLE_TAG' | 'MULTI_TAG';
  readonly topicSysFlag: number;
  readonly order: boolean;
}

/** A topic of the table: its settings and its name as bytes, for the hot path. */
export interface Topic {
  readonly config: TopicConfig;
  readonly nameBytes: Buffer;
  /** False for a name from an old store that is no safe path; it is kept, but takes no new messages. */
  readonly safe: boolean;
}

/** What changed, for the registration at the name servers. */
export type TopicChange =
  | { readonly kind: 'created on first use' | 'rights of the broker' }
  | { readonly kind: 'updated'; readonly topic: string };

/** The topics of this broker, `config/topics.json`. Java: TopicConfigManager. */
export class TopicConfigManager {
  readonly #topics = new Map<string, Topic>();
  readonly #systemTopics = new Set<string>();
  readonly #lookUp = new Array<Topic | undefined>(LOOK_UP_SLOTS).fill(undefined);
  readonly #config: BrokerConfig;
  readonly #clock: Clock;
  readonly #file: StateFile;
  #dataVersion: DataVersion;
  #onChange: (change: TopicChange) => void = () => {};

  constructor(options: { config: BrokerConfig; clock: Clock; file: StateFile }) {
    this.#config = options.config;
    this.#clock = options.clock;
    this.#file = options.file;
    this.#dataVersion = { counter: 0, timestamp: options.clock.now() };
    for (const config of builtInTopics(options.config)) {
      this.#put(config);
      this.#systemTopics.add(config.topicName);
    }
  }

  /** Lays the file over the built-in topics. @throws StateFileError */
  load(): void {
    const loaded = this.#file.load((text) => {
      const table = decodeBody(topicConfigSerializeWrapper, text);
      return table instanceof DecodeError ? undefined : table;
    });
    if (loaded === undefined) return;
    for (const [topicName, config] of loaded.topicConfigTable) this.#put({ ...config, topicName });
    this.#dataVersion = loaded.dataVersion;
  }

  /** Called after every change, when it is on disk. One listener: the registration. */
  onChange(listener: (change: TopicChange) => void): void {
    this.#onChange = listener;
  }

  get dataVersion(): DataVersion {
    return this.#dataVersion;
  }

  /** All topics with the version of the table, as code 21 and the registration send them. */
  table(): { readonly dataVersion: DataVersion; readonly topicConfigTable: ReadonlyMap<string, TopicConfig> } {
    const topicConfigTable = new Map([...this.#topics].map(([name, topic]) => [name, topic.config]));
    return { dataVersion: this.#dataVersion, topicConfigTable };
  }

  get systemTopics(): ReadonlySet<string> {
    return this.#systemTopics;
  }

  isSystemTopic(name: string): boolean {
    return this.#systemTopics.has(name);
  }

  /** Java: TopicConfigManager#isTopicCanSendMessage. */
  isReserved(name: string): boolean {
    return name === AUTO_CREATE_TOPIC;
  }

  select(name: string): Topic | undefined {
    return this.#topics.get(name);
  }

  /** Finds a topic by the bytes of its name, without making a string when it was asked for lately. */
  selectByBytes(bytes: Buffer, start: number, end: number): Topic | undefined {
    const length = end - start;
    if (length === 0) return undefined;
    const last = bytes[end - 1] as number;
    const middle = bytes[start + (length >> 1)] as number;
    const slot = (length * 131 + last * 31 + middle * 7 + (bytes[start] as number)) & (LOOK_UP_SLOTS - 1);
    const known = this.#lookUp[slot];
    if (known !== undefined && known.nameBytes.length === length && sameBytes(known.nameBytes, bytes, start)) {
      return known;
    }
    const found = this.#topics.get(bytes.toString('utf8', start, end));
    if (found !== undefined) this.#lookUp[slot] = found;
    return found;
  }

  /**
   * Makes a topic after the template that the producer named, if that is allowed to be one.
   * @returns undefined when it is not. @throws RequestError when the file cannot be written.
   * Java: TopicConfigManager#createTopicInSendMessageMethod.
   */
  createFromTemplate(
    topic: string,
    templateName: string,
    clientQueueNums: number,
    topicSysFlag: number,
  ): Topic | undefined {
    const known = this.#topics.get(topic);
    if (known !== undefined) return known;
    let template = this.#topics.get(templateName)?.config;
    if (template === undefined) return undefined;
    if (templateName === AUTO_CREATE_TOPIC && !this.#config.autoCreateTopicEnable) {
      template = { ...template, perm: PermName.PERM_READ | PermName.PERM_WRITE };
      this.#put(template);
    }
    if ((template.perm & PermName.PERM_INHERIT) === 0) return undefined;
    const queueNums = Math.min(clientQueueNums, template.writeQueueNums);
    // A topic without queues would refuse every send (deviation 9 of COMPATIBILITY.md).
    if (queueNums <= 0) return undefined;
    return this.#create({
      topicName: topic,
      readQueueNums: queueNums,
      writeQueueNums: queueNums,
      perm: template.perm & ~PermName.PERM_INHERIT,
      topicFilterType: template.topicFilterType,
      topicSysFlag,
      order: false,
    });
  }

  /**
   * Makes a topic that a group or the broker itself needs, when it is missing; not for a name that is too long for a
   * directory. Where a message waits for it, it is in the file first. Otherwise it would be made again
   * after a restart, so a full disk keeps no consumer from its heartbeat, and the file follows.
   * @throws RequestError when a message waits and the file cannot be written.
   * Java: TopicConfigManager#createTopicInSendMessageBackMethod.
   */
  createForGroup(
    topic: string,
    queueNums: number,
    perm: number,
    topicSysFlag: number,
    cause: 'message' | 'heartbeat' | 'timer' = 'message',
  ): Topic | undefined {
    const known = this.#topics.get(topic);
    if (known !== undefined) return known;
    if (queueNums <= 0) return undefined;
    const config: TopicConfig = {
      topicName: topic,
      readQueueNums: queueNums,
      writeQueueNums: queueNums,
      perm,
      topicFilterType: 'SINGLE_TAG',
      topicSysFlag,
      order: false,
    };
    return cause === 'message' ? this.#create(config) : this.#create(config, () => this.#keep(config));
  }

  /**
   * Creates or replaces a topic as the administrator says.
   * @throws RequestError when the file cannot be written. Java: TopicConfigManager#updateTopicConfig.
   */
  update(config: TopicConfig): void {
    this.#store([config]);
    this.#onChange({ kind: 'updated', topic: config.topicName });
  }

  /**
   * Forgets a topic: in the file first. False when it is not there. The name servers go on listing it until they are
   * told, as they do with Java. @throws RequestError when the file cannot be written. Java: #deleteTopicConfig.
   */
  delete(topicName: string): boolean {
    if (!this.#topics.has(topicName)) return false;
    const table = this.#configs();
    table.delete(topicName);
    const dataVersion = this.#nextVersion();
    saveOrRefuse(this.#file, encoded(dataVersion, table));
    this.#topics.delete(topicName);
    this.#lookUp.fill(undefined);
    this.#dataVersion = dataVersion;
    return true;
  }

  /**
   * The rights of the whole broker changed, with which all topics are registered: a new version, and the name servers
   * are told. Java: AdminBrokerProcessor#updateBrokerConfig.
   */
  onPermissionChanged(): void {
    this.#dataVersion = this.#nextVersion();
    void this.#file.save(() => encoded(this.#dataVersion, this.#configs()));
    this.#onChange({ kind: 'rights of the broker' });
  }

  /**
   * Takes the order flags from the name server's table: listed topics are ordered, the others are not.
   * Java: TopicConfigManager#updateOrderTopicConfig.
   */
  updateOrderTopics(ordered: ReadonlySet<string>): void {
    const changed: TopicConfig[] = [];
    for (const { config } of this.#topics.values()) {
      const order = ordered.has(config.topicName);
      if (config.order !== order) changed.push({ ...config, order });
    }
    if (changed.length > 0) this.#store(changed);
  }

  /** A change that is no topic's own, such as of brokerPermission: the name servers have to look again. */
  touch(): void {
    this.#store([]);
  }

  #create(config: TopicConfig, store = () => this.#store([config])): Topic | undefined {
    if (this.#topics.size >= MOST_TOPICS || !isSafePathSegment(config.topicName)) return undefined;
    store();
    this.#onChange({ kind: 'created on first use' });
    return this.#topics.get(config.topicName);
  }

  /** The file first: a table that is ahead of it would lose topics at the next start. */
  #store(changed: readonly TopicConfig[]): void {
    const table = this.#configs();
    for (const config of changed) table.set(config.topicName, config);
    const dataVersion = this.#nextVersion();
    saveOrRefuse(this.#file, encoded(dataVersion, table));
    for (const config of changed) this.#put(config);
    this.#dataVersion = dataVersion;
  }

  /** The table first, the file when the disk takes it. */
  #keep(config: TopicConfig): void {
    this.#put(config);
    this.#dataVersion = this.#nextVersion();
    void this.#file.save(() => encoded(this.#dataVersion, this.#configs()));
  }

  #configs(): Map<string, TopicConfig> {
    return new Map([...this.#topics].map(([name, topic]) => [name, topic.config]));
  }

  #nextVersion(): DataVersion {
    return { counter: this.#dataVersion.counter + 1, timestamp: this.#clock.now() };
  }

  #put(config: TopicConfig): Topic {
    const { topicName } = config;
    const topic: Topic = { config, nameBytes: Buffer.from(topicName, 'utf8'), safe: isSafePathSegment(topicName) };
    this.#topics.set(config.topicName, topic);
    this.#lookUp.fill(undefined);
    return topic;
  }
}

function encoded(dataVersion: DataVersion, topicConfigTable: ReadonlyMap<string, TopicConfig>): string {
  return encodeBodyText(topicConfigSerializeWrapper, { dataVersion, topicConfigTable }, { pretty: true });
}

/** The topicSysFlag of a topic made for a client in unit mode. Java: TopicSysFlag#buildSysFlag. */
export function topicSysFlagOf(unitMode: boolean, isRetryTopic: boolean): number {
  if (!unitMode) return 0;
  return isRetryTopic ? TopicSysFlag.FLAG_UNIT_SUB : TopicSysFlag.FLAG_UNIT;
}

/** Topics that every broker has from the start. Java: the constructor of TopicConfigManager. */
function builtInTopics(config: BrokerConfig): TopicConfig[] {
  const rw = PermName.PERM_READ | PermName.PERM_WRITE;
  const topic = (topicName: string, queueNums: number, perm: number = rw): TopicConfig => ({
    topicName,
    readQueueNums: queueNums,
    writeQueueNums: queueNums,
    perm,
    topicFilterType: 'SINGLE_TAG',
    topicSysFlag: 0,
    order: false,
  });
  const own = (enabled: boolean): number => PermName.PERM_INHERIT | (enabled ? rw : 0);
  return [
    topic('SELF_TEST_TOPIC', 1),
    ...(config.autoCreateTopicEnable
      ? [topic(AUTO_CREATE_TOPIC, config.defaultTopicQueueNums, PermName.PERM_INHERIT | rw)]
      : []),
    topic('BenchmarkTest', 1024),
    topic(config.brokerClusterName, 16, own(config.clusterTopicEnable)),
    topic(config.brokerName, 1, own(config.brokerTopicEnable)),
    topic(OFFSET_MOVED_EVENT, 1),
    ...(config.traceTopicEnable ? [topic(config.msgTraceTopicName, 1)] : []),
    topic(`${config.brokerClusterName}_REPLY_TOPIC`, 1),
  ];
}
