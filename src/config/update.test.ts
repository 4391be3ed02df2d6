import { describe, expect, it } from 'vitest';
import { brokerSections, defaultBrokerConfigs, defaultNamesrvConfigs, namesrvSections, partsOf } from './configs.ts';
import type { Environment } from './environment.ts';
import { configText } from './print.ts';
import { updateSettings } from './update.ts';

const environment: Environment = {
  homeDir: '/home/tester',
  variables: {},
  systemProperties: {},
  hostName: 'vm',
  localAddress: '192.0.2.2',
  cpuCount: 4,
};

function broker() {
  const configs = defaultBrokerConfigs(environment);
  return { configs, parts: partsOf(brokerSections, configs) };
}

describe('updateSettings', () => {
  it('changes what differs and tells what counts only after a restart', () => {
    const { configs, parts } = broker();
    expect(updateSettings(parts, 'maxMessageSize=65536\nbrokerRole=SYNC_MASTER\ntraceOn=true\n')).toEqual({
      kind: 'done',
      changed: new Map([
        ['maxMessageSize', '65536'],
        ['brokerRole', 'SYNC_MASTER'],
      ]),
      afterRestart: ['maxMessageSize', 'brokerRole'],
    });
    expect(configs.messageStoreConfig).toMatchObject({ maxMessageSize: 65_536, brokerRole: 'SYNC_MASTER' });
  });

  it('ignores unknown keys and unparsable values, as Java does', () => {
    const { parts } = broker();
    const nothing = { kind: 'done', changed: new Map(), afterRestart: [] };
    expect(updateSettings(parts, 'noSuchKey=1\nmaxMessageSize=big\n__proto__=1')).toEqual(nothing);
  });

  it('refuses a text with a broken escape', () => {
    expect(updateSettings(broker().parts, 'a=\\u12')).toEqual({ kind: 'malformed' });
  });

  it('CVE-2023-33246: refuses paths and class names on a broker, and then changes nothing', () => {
    const { configs, parts } = broker();
    const body = 'traceOn=false\nrocketmqHome=-c $@|sh . echo id;\nstorePathRootDir=/x\nmessageStorePlugIn=a.B';
    expect(updateSettings(parts, body)).toMatchObject({
      kind: 'refused',
      reasons: [
        'rocketmqHome can only be changed in the file',
        'storePathRootDir can only be changed in the file',
        'messageStorePlugIn can only be changed in the file',
      ],
    });
    expect(configs.brokerConfig.traceOn).toBe(true);
    expect(configs.brokerConfig.rocketmqHome).toBeUndefined();
  });

  it('CVE-2023-37582: refuses paths on a name server', () => {
    const parts = partsOf(namesrvSections, defaultNamesrvConfigs(environment));
    for (const key of ['rocketmqHome', 'kvConfigPath', 'configStorePath']) {
      expect(updateSettings(parts, `${key}=/etc/cron.d/x`), key).toMatchObject({ kind: 'refused' });
    }
  });

  it('refuses what is not there yet and what is out of bounds', () => {
    expect(updateSettings(broker().parts, 'duplicationEnable=true\nmappedFileSizeCommitLog=0')).toEqual({
      kind: 'refused',
      reasons: ['duplicationEnable=true is not available yet', 'mappedFileSizeCommitLog=0 is outside 1..2147483647'],
    });
  });
});

describe('configText', () => {
  it('has every setting with a value and the unknown keys of the file', () => {
    const lines = configText(
      broker().parts,
      new Map([
        ['x', '1'],
        ['brokerName', 'stale'],
      ]),
    ).split('\n');
    expect(lines).toEqual(expect.arrayContaining(['brokerName=vm', 'x=1', 'brokerRole=ASYNC_MASTER']));
    // Without a value: rocketmqHome, namesrvAddr, haMasterAddress and the three keys of DLedger.
    expect(lines).toHaveLength(75 + 11 + 12 + 66 - 6 + 1 + 1);
  });
});
