import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Environment } from './environment.ts';
import { loadBrokerConfig, loadNamesrvConfig } from './load.ts';

const conf = new URL('../../conf/', import.meta.url);
const environment: Environment = {
  homeDir: '/home/tester',
  variables: { ROCKETMQ_HOME: '/opt/rocketmq' },
  systemProperties: {},
  hostName: 'vm',
  localAddress: '192.0.2.2',
  cpuCount: 4,
};

const files = readdirSync(conf, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.(conf|properties)$/.test(name))
  .sort();

function load(name: string) {
  const file = { name, text: readFileSync(new URL(name, conf), 'latin1') };
  const input = { file, namesrvAddr: undefined, environment };
  return name.startsWith('namesrv') ? loadNamesrvConfig(input) : loadBrokerConfig(input);
}

describe('conf/', () => {
  it("has the files of Java's distribution that this broker can use", () => {
    expect(files).toEqual([
      '2m-2s-async/broker-a-s.properties',
      '2m-2s-async/broker-a.properties',
      '2m-2s-async/broker-b-s.properties',
      '2m-2s-async/broker-b.properties',
      '2m-2s-sync/broker-a-s.properties',
      '2m-2s-sync/broker-a.properties',
      '2m-2s-sync/broker-b-s.properties',
      '2m-2s-sync/broker-b.properties',
      '2m-noslave/broker-a.properties',
      '2m-noslave/broker-b.properties',
      '2m-noslave/broker-c.properties',
      '2m-noslave/broker-trace.properties',
      'broker.conf',
      'namesrv.conf',
    ]);
  });

  it.each(files)('%s has known keys only and is refused only where a slave is asked for', (name) => {
    const { notices, problems } = load(name);
    expect(notices.filter((notice) => notice.level === 'warn')).toEqual([]);
    const isSlave = name.endsWith('-s.properties');
    const slave = expect.stringMatching(/brokerRole=SLAVE is not available yet/);
    expect(problems.map((problem) => problem.text)).toEqual(isSlave ? [slave] : []);
  });

  it.each(files.filter((name) => name.includes('/')))('%s names broker and role as its place says', (name) => {
    const loaded = load(name);
    if (!('brokerConfig' in loaded.configs)) throw new Error('a broker file is expected');
    const { brokerConfig, messageStoreConfig } = loaded.configs;
    const [, folder = '', broker = '', slave] = /^(.*)\/(broker-(?:[abc]|trace))(-s)?\.properties$/.exec(name) ?? [];
    expect(brokerConfig).toMatchObject({ brokerName: broker, brokerId: slave === undefined ? 0 : 1 });
    const role = folder === '2m-2s-sync' ? 'SYNC_MASTER' : 'ASYNC_MASTER';
    expect(messageStoreConfig.brokerRole).toBe(slave === undefined ? role : 'SLAVE');
    expect(messageStoreConfig.fileReservedTime).toBe(48);
  });
});
