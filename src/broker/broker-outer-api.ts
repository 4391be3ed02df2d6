import { encodeRegisterBrokerBody } from '../codec/bodies/register-broker.ts';
import { decodeBody, encodeBody } from '../codec/bodies/schema.ts';
import { dataVersion, kvTable } from '../codec/bodies/topic-config.ts';
import { DecodeError } from '../codec/fast-json.ts';
import { isSafePathSegment } from '../codec/names.ts';
import { isReadable, isWriteable } from '../codec/sys-flags.ts';
import { addressList, addressServerList, addressServerUrl } from '../config/address-list.ts';
import type { BrokerConfigs } from '../config/configs.ts';
import type { RemotingClient } from '../remoting/client.ts';
import type { Answer } from '../remoting/handler.ts';
import type { Clock, Timer } from '../util/clock.ts';
import { bodyCrc } from '../util/crc32.ts';
import type { Logger } from '../util/logger.ts';
import type { TopicConfig, TopicConfigManager } from './topic-config-manager.ts';

const FIRST_REGISTRATION_MS = 10_000;
const SHORTEST_PERIOD_MS = 10_000;
const LONGEST_PERIOD_MS = 60_000;
const UNREGISTER_TIMEOUT_MS = 3_000;
const FIRST_LOOK_UP_MS = 10_000;
const LOOK_UP_PERIOD_MS = 120_000;

/** How a registration is made. Java: the arguments of BrokerController#registerBrokerAll. */
export interface RegistrationKind {
  /** Take the order flags of the answer over. */
  readonly checkOrder: boolean;
  /** Nobody waits for the answer. */
  readonly oneway: boolean;
  /** Register without asking for the data version first. */
  readonly force: boolean;
  /** Only this topic, as after its creation by an administrator. */
  readonly topic?: string;
}

/** What the registration needs to know and to reach. */
export interface BrokerOuterApiParts {
  readonly client: RemotingClient;
  readonly configs: BrokerConfigs;
  readonly topics: TopicConfigManager;
  readonly clock: Clock;
  readonly log: Logger;
  /** `ip:port` told to clients, and that of the HA service. */
  readonly brokerAddr: string;
  readonly haServerAddr: string;
  /** Gets a small text by HTTP, for the look-up of the name servers. */
  readonly fetchText: (url: string) => Promise<string>;
  /** Addresses of filter servers to be told. */
  readonly filterServers: () => readonly string[];
}

/** Registers this broker at all name servers and keeps it registered. Java: BrokerOuterAPI, BrokerController. */
export class BrokerOuterApi {
  readonly #parts: BrokerOuterApiParts;
  readonly #timers: Timer[] = [];
  #nameServers: readonly string[];
  #scheduled: RegistrationKind[] = [];
  #state: 'new' | 'running' | 'stopped' = 'new';

  constructor(parts: BrokerOuterApiParts) {
    this.#parts = parts;
    this.#nameServers = addressList(parts.configs.brokerConfig.namesrvAddr ?? '');
  }

  /** Name servers in use now. */
  get nameServers(): readonly string[] {
    return this.#nameServers;
  }

  /** Registers for the first time and from then on by time and on every change of a topic. Never rejects. */
  async start(): Promise<void> {
    this.#state = 'running';
    const { topics, configs } = this.#parts;
    topics.onChange((change) => {
      this.#registerLater(
        change.kind === 'updated'
          ? { checkOrder: false, oneway: false, force: true, topic: change.topic }
          : { checkOrder: false, oneway: change.kind === 'created on first use', force: true },
      );
    });
    const { registerNameServerPeriod, fetchNamesrvAddrByAddressServer } = configs.brokerConfig;
    const periodMs = Math.min(LONGEST_PERIOD_MS, Math.max(SHORTEST_PERIOD_MS, registerNameServerPeriod));
    this.#every(FIRST_REGISTRATION_MS, periodMs, () => this.#registerByTime());
    if (fetchNamesrvAddrByAddressServer && this.#nameServers.length === 0) {
      this.#every(FIRST_LOOK_UP_MS, LOOK_UP_PERIOD_MS, () => this.lookUpNameServers());
    }
    await this.#logged(this.register({ checkOrder: true, oneway: false, force: true }));
  }

  /**
   * Stops registering and takes this broker off all name servers; not when it never registered, because the address
   * may then be that of another broker, which is why this one did not start.
   */
  async shutdown(): Promise<void> {
    const wasRunning = this.#state === 'running';
    this.#state = 'stopped';
    for (const timer of this.#timers) timer.cancel();
    this.#timers.length = 0;
    if (!wasRunning) return;
    const header = this.#identity();
    await this.#atEach(UNREGISTER_TIMEOUT_MS, (address, timeoutMs) =>
      this.#parts.client.invoke(address, 'UNREGISTER_BROKER', header, undefined, timeoutMs),
    );
  }

  /** Registers at every name server in parallel; a failing one is logged. Java: BrokerController#registerBrokerAll. */
  async register(kind: RegistrationKind): Promise<void> {
    if (this.#nameServers.length === 0) return;
    if (!kind.force && !(await this.#anyoneChanged())) return;
    if (this.#state !== 'running') return;
    const { client, configs } = this.#parts;
    const body = this.#body(kind.topic);
    const header = {
      ...this.#identity(),
      haServerAddr: this.#parts.haServerAddr,
      compressed: configs.brokerConfig.compressedRegister,
      bodyCrc32: bodyCrc(body, 0, body.length),
    };
    const timeoutMs = configs.brokerConfig.registerBrokerTimeoutMills;
    if (kind.oneway) {
      await this.#atEach(timeoutMs, (address) => client.oneway(address, 'REGISTER_BROKER', header, body));
      return;
    }
    const answers = await this.#atEach(timeoutMs, async (address, ms) => {
      const answer = await client.invoke(address, 'REGISTER_BROKER', header, body, ms);
      if (answer.codeName !== 'SUCCESS') this.#logRefusal(address, answer);
      return answer;
    });
    const first = answers.find((answer) => answer?.codeName === 'SUCCESS');
    if (kind.checkOrder && first?.body !== undefined) this.#takeOrder(first.body);
  }

  /** Asks the address server for the name servers. Java: TopAddressing#fetchNSAddr. */
  async lookUpNameServers(): Promise<void> {
    const { rmqAddressServerDomain, rmqAddressServerSubGroup } = this.#parts.configs.addressServerConfig;
    const url = addressServerUrl(rmqAddressServerDomain, rmqAddressServerSubGroup);
    try {
      const found = addressServerList(await this.#parts.fetchText(url));
      if (found.length > 0) this.#nameServers = found;
    } catch (error) {
      this.#parts.log.warn({ url, error }, 'the address server did not tell the name servers');
    }
  }

  /** The periodic registration; it asks first when forceRegister is off. */
  #registerByTime(): Promise<void> {
    return this.register({ checkOrder: true, oneway: false, force: this.#parts.configs.brokerConfig.forceRegister });
  }

  /** Several changes of one turn become one registration of all topics. */
  #registerLater(kind: RegistrationKind): void {
    this.#scheduled.push(kind);
    if (this.#scheduled.length > 1) return;
    this.#parts.clock.atTurnEnd(() => {
      const kinds = this.#scheduled;
      this.#scheduled = [];
      const only = kinds.length === 1 ? kinds[0] : undefined;
      void this.#logged(this.register(only ?? { checkOrder: false, oneway: false, force: true }));
    });
  }

  #every(firstMs: number, periodMs: number, task: () => Promise<void>): void {
    const { clock } = this.#parts;
    const run = (): void => void this.#logged(task());
    this.#timers.push(
      clock.setTimeout(() => {
        run();
        this.#timers.push(clock.setInterval(run, periodMs));
      }, firstMs),
    );
  }

  #logged(work: Promise<void>): Promise<void> {
    return work.catch((error: unknown) => this.#parts.log.error({ error }, 'registration failed'));
  }

  async #anyoneChanged(): Promise<boolean> {
    const own = this.#parts.topics.dataVersion;
    const header = this.#identity();
    const body = encodeBody(dataVersion, own);
    const timeoutMs = this.#parts.configs.brokerConfig.registerBrokerTimeoutMills;
    const answers = await this.#atEach(timeoutMs, (address, ms) =>
      this.#parts.client.invoke(address, 'QUERY_DATA_VERSION', header, body, ms),
    );
    return answers.some((answer) => {
      if (answer?.codeName !== 'SUCCESS' || answer.extFields.get('changed') !== 'false') return true;
      const theirs = answer.body === undefined ? undefined : decodeBody(dataVersion, answer.body);
      if (theirs === undefined || theirs instanceof DecodeError) return true;
      return theirs.counter !== own.counter || theirs.timestamp !== own.timestamp;
    });
  }

  /** Runs `call` for every name server; a failure is logged and gives undefined. */
  #atEach<T>(timeoutMs: number, call: (address: string, timeoutMs: number) => Promise<T>): Promise<(T | undefined)[]> {
    return Promise.all(
      this.#nameServers.map(async (address) => {
        try {
          return await call(address, timeoutMs);
        } catch (error) {
          this.#parts.log.warn({ nameServer: address, error }, 'a name server could not be reached');
          return undefined;
        }
      }),
    );
  }

  #logRefusal(nameServer: string, { code, remark }: Answer): void {
    this.#parts.log.warn({ nameServer, code, remark }, 'a name server refused the registration');
  }

  #identity() {
    const { brokerName, brokerClusterName, brokerId } = this.#parts.configs.brokerConfig;
    return { brokerName, brokerAddr: this.#parts.brokerAddr, clusterName: brokerClusterName, brokerId };
  }

  /** All topics, or the one; with the rights of the broker where it has not all. */
  #body(only: string | undefined): Buffer {
    const { configs, topics } = this.#parts;
    const { brokerPermission, compressedRegister } = configs.brokerConfig;
    const { dataVersion: version, topicConfigTable } = topics.table();
    const limited = !isReadable(brokerPermission) || !isWriteable(brokerPermission);
    const table = new Map<string, TopicConfig>();
    for (const [name, config] of topicConfigTable) {
      // A name of an old store that is no safe path takes no messages, and a name server would complain each time.
      if ((only !== undefined && name !== only) || !isSafePathSegment(name)) continue;
      table.set(name, limited ? { ...config, perm: brokerPermission } : config);
    }
    const topicConfigSerializeWrapper = { dataVersion: version, topicConfigTable: table };
    const filterServerList = this.#parts.filterServers();
    return encodeRegisterBrokerBody({ filterServerList, topicConfigSerializeWrapper }, compressedRegister);
  }

  #takeOrder(body: Buffer): void {
    const decoded = decodeBody(kvTable, body);
    if (decoded instanceof DecodeError) return;
    this.#parts.topics.updateOrderTopics(new Set(decoded.table.keys()));
  }
}
