import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { notYetRows } from '../../src/config/not-yet.ts';
import { systemProperties } from './configuration-page.ts';
import { settingReaders, settingSections } from './setting-readers.ts';

/** Keys whose every use stops the start: nothing can read them yet. A row goes when its feature comes. */
const refused = new Set(notYetRows.map(({ key }) => key));
const rows = settingSections.flatMap(({ name, table }) =>
  Object.entries(table).map(([key, { effect }]) => ({ name, key, effect })),
);

describe('every setting of 4.6.0', () => {
  it('is a row, and so are the two keys for the address server', () => {
    const recorded = JSON.parse(
      readFileSync(new URL('../../src/config/testdata/java-4.6.0.json', import.meta.url), 'utf8'),
    ) as { fields: Record<string, { key: string; settable: boolean }[]> };
    const settable = Object.entries(recorded.fields).flatMap(([section, fields]) =>
      fields.filter((field) => field.settable).map(({ key }) => `${section}.${key}`.toLowerCase()),
    );
    expect(settable).toHaveLength(170);
    const ours = rows.map(({ name, key }) => `${name}.${key}`.toLowerCase());
    const addressServer = ['rmqAddressServerDomain', 'rmqAddressServerSubGroup'];
    const wanted = [...settable, ...addressServer.map((key) => `addressserverconfig.${key.toLowerCase()}`)];
    expect(ours.toSorted()).toEqual(wanted.toSorted());
    expect(ours).toHaveLength(172);
  });
});

describe('what a row claims', () => {
  const readers = settingReaders();

  it.each(rows)('$name $key', ({ key, effect }) => {
    const found = readers.get(key) ?? [];
    if (typeof effect === 'object') expect(found, `${key} is accepted without effect, and yet read`).toEqual([]);
    else if (!refused.has(key)) expect(found, `${key} is said to have an effect, and nobody reads it`).not.toEqual([]);
  });

  it('is never "accepted" for a key that stops the start', () => {
    expect(rows.filter(({ key, effect }) => refused.has(key) && typeof effect === 'object')).toEqual([]);
  });
});

it('lists the system properties that the settings look at', () => {
  const folder = new URL('../../src/config/', import.meta.url);
  const texts = readdirSync(folder).filter((name) => name.endsWith('.ts') && !name.includes('.test.'));
  const named = texts.flatMap((name) =>
    [...readFileSync(new URL(name, folder), 'utf8').matchAll(/'((?:rocketmq|com\.rocketmq|tls|user)\.[\w.]+)'/g)].map(
      (match) => match[1],
    ),
  );
  expect([...new Set(named)].toSorted()).toEqual(systemProperties.map(([name]) => name).toSorted());
});

describe('settingReaders', () => {
  const read = (text: string): string[] => {
    const found = settingReaders(new Map([['a.ts', text]]));
    return [...found].filter(([, files]) => files.length > 0).map(([key]) => key);
  };

  it('sees members and destructuring of settings objects', () => {
    expect(read('x = parts.configs.brokerConfig.regionId + this.#config.traceOn;')).toEqual(['regionId', 'traceOn']);
    expect(read('const { regionId, traceOn: t } = configs.brokerConfig;')).toEqual(['regionId', 'traceOn']);
    expect(read('function f({ regionId }: BrokerConfig) {}')).toEqual(['regionId']);
    expect(read('if (config.listenPort === 1) settings?.useTLS')).toEqual(['listenPort', 'useTLS']);
  });

  it('sees neither writes nor comments nor other objects', () => {
    expect(read('config.regionId = 1;')).toEqual([]);
    expect(read('/** config.regionId */\n// config.traceOn\nheader.regionId; const { traceOn } = header;')).toEqual([]);
  });
});
