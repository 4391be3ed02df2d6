import { describe, expect, it } from 'vitest';
import { brokerSections, defaultBrokerConfigs, defaultNamesrvConfigs, namesrvSections, partsOf } from './configs.ts';
import type { Environment } from './environment.ts';
import { configText } from './print.ts';
import { isOnlyOfFile, type Plan, plannedUpdate } from './update.ts';

const environment: Environment = {
  homeDir: '/home/tester',
  variables: {},
  systemProperties: {},
  hostName: 'vm',
  localAddress: '192.0.2.2',
  cpuCount: 4,
};

const none: ReadonlyMap<string, string> = new Map();
const broker = partsOf(brokerSections, defaultBrokerConfigs(environment));
const namesrv = partsOf(namesrvSections, defaultNamesrvConfigs(environment));

function plan(body: string, parts = broker, fileProperties = none, waiting = none): Plan {
  return plannedUpdate(body, { parts, fileProperties, waiting });
}

/** `key=text live` for each change. */
function changes(made: Plan): string[] {
  expect(made.kind).toBe('changes');
  if (made.kind !== 'changes') return [];
  return made.changes.map(({ key, text, isLive }) => `${key}=${text} ${isLive ? 'live' : 'restart'}`);
}

/** Keys of a table that nobody may change over the network, as the rows say. */
function guarded(parts: typeof broker): string[] {
  return parts.flatMap(({ table }) =>
    Object.entries(table)
      .filter(([, row]) => isOnlyOfFile(row))
      .map(([key]) => key),
  );
}

describe('plannedUpdate', () => {
  it('lists what differs and what counts only after a restart', () => {
    const made = plan('maxMessageSize=65536\nbrokerRole=SYNC_MASTER\ntraceOn=true\nregionId=r\n');
    expect(changes(made)).toEqual([
      'maxMessageSize=65536 restart',
      'brokerRole=SYNC_MASTER restart',
      'regionId=r live',
    ]);
  });

  it('ignores unknown keys and unparsable values, as Java does', () => {
    const made = plan('noSuchKey=1\nmaxMessageSize=big\n__proto__=1');
    expect(made).toEqual({ kind: 'changes', changes: [], ignored: ['noSuchKey', 'maxMessageSize', '__proto__'] });
  });

  it('changes an unknown key that the file has, as Java does', () => {
    expect(changes(plan('mine=2', broker, new Map([['mine', '1']])))).toEqual(['mine=2 restart']);
    expect(changes(plan('mine=1', broker, new Map([['mine', '1']])))).toEqual([]);
  });

  it('compares with a value that waits for its restart', () => {
    const waiting = new Map([['maxMessageSize', '65536']]);
    expect(changes(plan('maxMessageSize=65536', broker, none, waiting))).toEqual([]);
    expect(changes(plan('maxMessageSize=4194304', broker, none, waiting))).toEqual(['maxMessageSize=4194304 restart']);
  });

  it('refuses a text with a broken escape', () => {
    expect(plan('a=\\u12')).toEqual({ kind: 'malformed' });
  });

  it('refuses what is not there yet, what is out of bounds, and what is too long', () => {
    const file = new Map([['tls.server.mode', 'disabled']]);
    const long = `regionId=${'r'.repeat(4097)}`;
    const body = ['duplicationEnable=true', 'mappedFileSizeCommitLog=0', long, 'tls.server.mode=enforcing'];
    expect(plan(body.join('\n'), broker, file)).toEqual({
      kind: 'refused',
      reasons: [
        'duplicationEnable=true is not available yet',
        'mappedFileSizeCommitLog=0 is outside 1..2147483647',
        'regionId would be longer than 4096 characters',
        'tls.server.mode=enforcing is not available yet',
      ],
    });
  });

  it('refuses a period that would never let the broker rest', () => {
    expect(plan('transactionCheckInterval=0').kind).toBe('refused');
    expect(changes(plan('transactionCheckInterval=1'))).toEqual(['transactionCheckInterval=1 live']);
  });
});

/** Every key whose name says that it is a path, the home or a class; a row without its role would be a hole. */
const dangerous = /path|dir|home|file$|plugin|class/i;
/** A number of pages. */
const harmless: readonly string[] = ['flushLeastPagesWhenWarmMapedFile'];

describe('CVE-2023-33246: an update of a broker', () => {
  it('is refused for every path, class name and process of the table', () => {
    expect(guarded(broker)).toEqual([
      'rocketmqHome',
      'messageStorePlugIn',
      'filterServerNums',
      'storePathRootDir',
      'storePathCommitLog',
    ]);
    const named = broker.flatMap(({ table }) => Object.keys(table)).filter((key) => dangerous.test(key));
    expect(named.filter((key) => !guarded(broker).includes(key) && !harmless.includes(key))).toEqual([]);
  });

  it.each(guarded(broker))('cannot change %s', (key) => {
    const value = key === 'filterServerNums' ? '1' : '-c $@|sh . echo touch /tmp/pwned;';
    const refused = { kind: 'refused', reasons: [`${key} can only be changed in the file`] };
    expect(plan(`${key}=${value}`)).toEqual(refused);
    // Beside harmless keys, with its first letter escaped, given twice, and while the file has it.
    const escaped = `\\u${key.charCodeAt(0).toString(16).padStart(4, '0')}${key.slice(1)}`;
    expect(plan(`traceOn=false\n${escaped} : ${value}\nregionId=x`)).toEqual(refused);
    expect(plan(`${key}=1\n${key}=${value}`)).toEqual(refused);
    expect(plan(`${key}=${value}`, broker, new Map([[key, 'x']]))).toEqual(refused);
  });
});

describe('CVE-2023-37582: an update of a name server', () => {
  it('is refused for every path of the table', () => {
    expect(guarded(namesrv)).toEqual(['rocketmqHome', 'kvConfigPath', 'configStorePath']);
    const named = namesrv.flatMap(({ table }) => Object.keys(table)).filter((key) => dangerous.test(key));
    expect(named.filter((key) => !guarded(namesrv).includes(key) && !harmless.includes(key))).toEqual([]);
  });

  it.each(guarded(namesrv))('cannot change %s', (key) => {
    const refused = { kind: 'refused', reasons: [`${key} can only be changed in the file`] };
    expect(plan(`orderMessageEnable=true\n${key}=/etc/cron.d/x`, namesrv)).toEqual(refused);
    expect(plan(`${key}=/x`, namesrv, new Map([[key, '/y']]))).toEqual(refused);
  });
});

describe('configText', () => {
  it('has every setting with a value, those that wait for a restart, and the unknown keys of the file', () => {
    const file = new Map([
      ['x', '1'],
      ['brokerName', 'stale'],
    ]);
    const lines = configText(broker, file, new Map([['brokerRole', 'SYNC_MASTER']])).split('\n');
    expect(lines).toEqual(expect.arrayContaining(['brokerName=vm', 'x=1', 'brokerRole=SYNC_MASTER']));
    // Without a value: rocketmqHome, namesrvAddr, haMasterAddress and the three keys of DLedger.
    expect(lines).toHaveLength(75 + 11 + 12 + 66 - 6 + 1 + 1);
  });
});
