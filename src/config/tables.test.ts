import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { brokerConfigTable } from './broker-config.ts';
import { defaultBrokerConfigs } from './configs.ts';
import type { Environment } from './environment.ts';
import { createConfig, printValue, storedValue, type Table } from './key.ts';
import { messageStoreConfigTable } from './message-store-config.ts';
import { namesrvConfigTable } from './namesrv-config.ts';
import { nettyClientConfigTable, nettyServerConfigTable } from './netty-config.ts';

interface JavaField {
  key: string;
  type: string;
  value: string | null;
  important: boolean;
  settable: boolean;
}

/** Fields of Java's classes, recorded by testdata/RecordConfig.java on four CPUs with the home below. */
const fields = (
  JSON.parse(readFileSync(new URL('./testdata/java-4.6.0.json', import.meta.url), 'utf8')) as {
    fields: Record<string, JavaField[]>;
  }
).fields;

const brokerFields = fields['BrokerConfig'] ?? [];
const hostFacts = new Map(brokerFields.map(({ key, value }) => [key, value]));
const environment: Environment = {
  homeDir: '/home/tester',
  variables: {},
  systemProperties: { 'rocketmq.home.dir': '/opt/rocketmq' },
  hostName: hostFacts.get('brokerName') ?? '',
  localAddress: hostFacts.get('brokerIP1') ?? '',
  cpuCount: 4,
};

const tables: [string, Table, number][] = [
  ['BrokerConfig', brokerConfigTable, 75],
  ['MessageStoreConfig', messageStoreConfigTable, 66],
  ['NettyServerConfig', nettyServerConfigTable, 11],
  ['NettyClientConfig', nettyClientConfigTable, 12],
  ['NamesrvConfig', namesrvConfigTable, 6],
];

describe.each(tables)('%s', (name, table, count) => {
  const java = fields[name] ?? [];

  it('has exactly the settable fields of Java, in its order', () => {
    const settable = java.filter((field) => field.settable).map((field) => field.key);
    expect(Object.keys(table)).toEqual(settable);
    expect(settable).toHaveLength(count);
  });

  it("has Java's defaults", () => {
    const config = createConfig(table, environment);
    const ours = Object.keys(table).map((key) => [key, printValue(storedValue(config, key))]);
    expect(ours).toEqual(java.filter((field) => field.settable).map(({ key, value }) => [key, value ?? '']));
  });

  it("has Java's types and marks what -m prints", () => {
    const kinds: Record<string, string> = { int: 'int', long: 'long', boolean: 'bool', String: 'text' };
    for (const { key, type, important, settable } of java) {
      const row = table[key];
      if (!settable || row === undefined) continue;
      expect([key, row.kind, row.important === true]).toEqual([key, kinds[type] ?? 'oneOf', important]);
    }
  });

  it('documents each row', () => {
    for (const [key, row] of Object.entries(table)) {
      expect(row.doc, key).toMatch(/^[A-Z].*\.$/);
      expect(typeof row.default === 'function' && row.defaultText === undefined, key).toBe(false);
    }
  });
});

it("keeps settings in V8's fast form, in which they are read for every message", () => {
  setFlagsFromString('--allow-natives-syntax');
  const hasFastProperties = new Function('object', 'return %HasFastProperties(object)') as (object: object) => boolean;
  const slow: Record<string, number> = {};
  for (const { key } of brokerFields) slow[key] = 1;
  expect(hasFastProperties(slow)).toBe(false);
  for (const config of Object.values(defaultBrokerConfigs(environment))) expect(hasFastProperties(config)).toBe(true);
});

describe('createConfig', () => {
  const { messageStoreConfig, brokerConfig } = defaultBrokerConfigs(environment);

  it("shows what Java's getters return and keeps what was set", () => {
    messageStoreConfig.diskMaxUsedSpaceRatio = 99;
    messageStoreConfig.mappedFileSizeConsumeQueue = 30;
    brokerConfig.registerNameServerPeriod = 5;
    expect(messageStoreConfig.diskMaxUsedSpaceRatio).toBe(95);
    expect(messageStoreConfig.mappedFileSizeConsumeQueue).toBe(40);
    expect(brokerConfig.registerNameServerPeriod).toBe(10_000);
    expect(storedValue(messageStoreConfig, 'diskMaxUsedSpaceRatio')).toBe(99);
  });

  it('has the store pool only where Java has it', () => {
    messageStoreConfig.transientStorePoolEnable = true;
    expect(messageStoreConfig.transientStorePoolEnable).toBe(true);
    messageStoreConfig.flushDiskType = 'SYNC_FLUSH';
    expect(messageStoreConfig.transientStorePoolEnable).toBe(false);
    messageStoreConfig.flushDiskType = 'ASYNC_FLUSH';
    messageStoreConfig.brokerRole = 'SLAVE';
    expect(messageStoreConfig.transientStorePoolEnable).toBe(false);
  });

  it('types each setting by its row', () => {
    expectTypeOf(brokerConfig.brokerIP1).toEqualTypeOf<string>();
    expectTypeOf(brokerConfig.namesrvAddr).toEqualTypeOf<string | undefined>();
    expectTypeOf(brokerConfig.traceOn).toEqualTypeOf<boolean>();
    expectTypeOf(messageStoreConfig.maxMessageSize).toEqualTypeOf<number>();
    expectTypeOf(messageStoreConfig.flushDiskType).toEqualTypeOf<'SYNC_FLUSH' | 'ASYNC_FLUSH'>();
  });
});
