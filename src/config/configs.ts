import { assert } from '../util/assert.ts';
import { addressServerUrl } from './address-list.ts';
import { type AddressServerConfig, addressServerTable, type BrokerConfig, brokerConfigTable } from './broker-config.ts';
import { type DiskLevels, diskLevelsOf } from './disk-levels.ts';
import type { Environment } from './environment.ts';
import { createConfig, type Table } from './key.ts';
import { type MessageStoreConfig, messageStoreConfigTable } from './message-store-config.ts';
import { type NamesrvConfig, namesrvConfigTable } from './namesrv-config.ts';
import {
  type NettyClientConfig,
  type NettyServerConfig,
  nettyClientConfigTable,
  nettyServerConfigTable,
} from './netty-config.ts';

/** Everything a broker is configured by. Plain mutable objects: read them at use time. */
export interface BrokerConfigs {
  readonly brokerConfig: BrokerConfig;
  readonly nettyServerConfig: NettyServerConfig;
  readonly nettyClientConfig: NettyClientConfig;
  readonly messageStoreConfig: MessageStoreConfig;
  readonly addressServerConfig: AddressServerConfig;
  /** From system properties: no key of any file. */
  readonly diskLevels: DiskLevels;
}

/** Everything a name server is configured by. */
export interface NamesrvConfigs {
  readonly namesrvConfig: NamesrvConfig;
  readonly nettyServerConfig: NettyServerConfig;
  /** From the environment: no key of the file. */
  readonly productEnvironment: ProductEnvironment;
}

/** Where the cluster test mode finds its other name servers. Java: NameServerAddressUtils, MixAll#getWSAddr. */
export interface ProductEnvironment {
  readonly namesrvAddr: string | undefined;
  readonly addressServerUrl: string;
}

/** A part of the configuration: the name of its object and its table. */
export interface Section {
  readonly name: string;
  readonly table: Table;
}

/** Tables of a broker in the order in which Java prints them. Java: BrokerStartup#createBrokerController. */
export const brokerSections = [
  { name: 'brokerConfig', table: brokerConfigTable },
  { name: 'nettyServerConfig', table: nettyServerConfigTable },
  { name: 'nettyClientConfig', table: nettyClientConfigTable },
  { name: 'messageStoreConfig', table: messageStoreConfigTable },
] as const satisfies readonly Section[];

/** The two keys of the broker's file that are in none of Java's four objects. */
export const addressServerSection: Section = { name: 'addressServerConfig', table: addressServerTable };

/** Tables of a name server in the order in which Java prints them. Java: NamesrvStartup#createNamesrvController. */
export const namesrvSections = [
  { name: 'namesrvConfig', table: namesrvConfigTable },
  { name: 'nettyServerConfig', table: nettyServerConfigTable },
] as const satisfies readonly Section[];

/** A table with the object that holds its values. */
export interface ConfigPart {
  readonly table: Table;
  readonly config: object;
}

/** Pairs every section with the object its keys live in. */
export function partsOf(sections: readonly Section[], configs: BrokerConfigs | NamesrvConfigs): ConfigPart[] {
  const objects = new Map<string, object>(Object.entries(configs));
  return sections.map(({ name, table }) => {
    const config = objects.get(name);
    assert(config !== undefined, `no settings object is called ${name}`);
    return { table, config };
  });
}

/** Defaults of a broker, before a file is read. Port and socket buffers are those BrokerStartup puts in place. */
export function defaultBrokerConfigs(environment: Environment): BrokerConfigs {
  const configs: BrokerConfigs = {
    brokerConfig: createConfig(brokerConfigTable, environment),
    nettyServerConfig: createConfig(nettyServerConfigTable, environment),
    nettyClientConfig: createConfig(nettyClientConfigTable, environment),
    messageStoreConfig: createConfig(messageStoreConfigTable, environment),
    addressServerConfig: createConfig(addressServerTable, environment),
    diskLevels: diskLevelsOf(environment),
  };
  const { nettyServerConfig, nettyClientConfig } = configs;
  nettyServerConfig.listenPort = BROKER_PORT;
  if (environment.systemProperties['com.rocketmq.remoting.socket.sndbuf.size'] === undefined) {
    nettyServerConfig.serverSocketSndBufSize = BROKER_SOCKET_BUFFER_BYTES;
    nettyClientConfig.clientSocketSndBufSize = BROKER_SOCKET_BUFFER_BYTES;
  }
  if (environment.systemProperties['com.rocketmq.remoting.socket.rcvbuf.size'] === undefined) {
    nettyServerConfig.serverSocketRcvBufSize = BROKER_SOCKET_BUFFER_BYTES;
    nettyClientConfig.clientSocketRcvBufSize = BROKER_SOCKET_BUFFER_BYTES;
  }
  return configs;
}

/** Defaults of a name server, before a file is read. */
export function defaultNamesrvConfigs(environment: Environment): NamesrvConfigs {
  const nettyServerConfig = createConfig(nettyServerConfigTable, environment);
  nettyServerConfig.listenPort = NAMESRV_PORT;
  const productEnvironment = productEnvironmentOf(environment);
  return { namesrvConfig: createConfig(namesrvConfigTable, environment), nettyServerConfig, productEnvironment };
}

function productEnvironmentOf({ systemProperties, variables }: Environment): ProductEnvironment {
  const domain = systemProperties['rocketmq.namesrv.domain'] ?? 'jmenv.tbsite.net';
  const subGroup = systemProperties['rocketmq.namesrv.domain.subgroup'] ?? 'nsaddr';
  return {
    namesrvAddr: systemProperties['rocketmq.namesrv.addr'] ?? variables['NAMESRV_ADDR'],
    addressServerUrl: addressServerUrl(domain, subGroup),
  };
}

const BROKER_PORT = 10_911;
const NAMESRV_PORT = 9876;
const BROKER_SOCKET_BUFFER_BYTES = 131_072;
