import { describe, expect, it } from 'vitest';
import { BrokerFixture } from '../../testing/broker-fixture.ts';
import { FaultFs } from '../../testing/fault-fs.ts';
import { MemFs } from '../../testing/mem-fs.ts';
import type { Environment } from '../config/environment.ts';
import { logFiles, openServerLog, partLog } from './log-files.ts';

const DIR = '/home/tester/logs/rocketmqlogs';

function environment(variables: Environment['variables'] = {}): Environment {
  const rest = { systemProperties: {}, hostName: 'vm', localAddress: '192.0.2.2', cpuCount: 4 };
  return { homeDir: '/home/tester', variables, ...rest };
}

function messages(fs: MemFs, file: string): unknown[] {
  const text =
    fs
      .readFile(`${DIR}/${file}`, 2 ** 20)
      ?.toString('utf8')
      .trimEnd() ?? '';
  return text === '' ? [] : text.split('\n').map((line) => (JSON.parse(line) as { msg: string }).msg);
}

describe('openServerLog', () => {
  it('opens the files of a broker in the place and with the names of Java', () => {
    const fs = new MemFs();
    openServerLog(environment(), 'broker', fs).close();
    const names = ['broker', 'filter', 'protection', 'remoting', 'store', 'storeerror', 'transaction'];
    expect(fs.files().sort()).toEqual(names.map((name) => `${DIR}/${name}.log`));
  });

  it('opens the one of a name server', () => {
    const fs = new MemFs();
    const { log, close } = openServerLog(environment(), 'namesrv', fs);
    partLog(log, 'RocketmqRemoting').info({}, 'said by the remoting');
    close();
    expect(fs.files()).toEqual([`${DIR}/namesrv.log`]);
    expect(messages(fs, 'namesrv.log')).toEqual(['said by the remoting']);
  });

  it('writes the lines of each part to its file, and errors of the store twice', () => {
    const fs = new MemFs();
    const { log, close } = openServerLog(environment(), 'broker', fs);
    log.info({}, 'main');
    for (const { logger } of logFiles.broker) partLog(log, logger).info({}, logger);
    partLog(log, 'RocketmqStore').error({}, 'broken');
    close();
    const all = fs.files().map((path) => path.slice(DIR.length + 1));
    expect(Object.fromEntries(all.map((name) => [name, messages(fs, name)]))).toEqual({
      'broker.log': ['main', 'RocketmqBroker'],
      'store.log': ['RocketmqStore', 'broken'],
      'storeerror.log': ['RocketmqStoreError', 'broken'],
      'remoting.log': ['RocketmqRemoting'],
      'transaction.log': ['RocketmqTransaction'],
      'filter.log': ['RocketmqFilter'],
      'protection.log': ['RocketmqProtection'],
    });
    const line = fs.readFile(`${DIR}/store.log`, 2 ** 20)?.toString('utf8') ?? '';
    expect(JSON.parse(line.slice(0, line.indexOf('\n')))).toMatchObject({ name: 'broker', logger: 'RocketmqStore' });
  });

  it('goes to standard output when asked, and in a container unless files are asked for', () => {
    const opens = (variables: Environment['variables'], ...there: string[]): boolean => {
      const fs = new MemFs();
      for (const path of there) fs.install(path, Buffer.alloc(0));
      openServerLog(environment(variables), 'namesrv', fs).close();
      return fs.stat(`${DIR}/namesrv.log`) !== undefined;
    };
    expect(opens({})).toBe(true);
    expect(opens({ WENCHANG_LOG: 'stdout' })).toBe(false);
    expect(opens({ WENCHANG_LOG: 'Files' }, '/.dockerenv')).toBe(true);
    expect(opens({ WENCHANG_LOG: 'odd' }, '/.dockerenv')).toBe(false);
    expect(opens({}, '/run/.containerenv')).toBe(false);
    expect(opens({ KUBERNETES_SERVICE_HOST: '10.0.0.1' })).toBe(false);
  });

  it('fails when a file cannot be opened, and leaves none open', () => {
    const fs = new FaultFs(new MemFs());
    fs.fail({ operation: 'open', path: /remoting/, code: 'EACCES' });
    expect(() => openServerLog(environment(), 'broker', fs)).toThrow(/EACCES/);
  });
});

it('the parts of a broker say whose their lines are', async () => {
  const broker = await BrokerFixture.start();
  await broker.stop();
  await broker.start();
  const said = new Map<unknown, string[]>();
  for (const { fields, text } of broker.log.lines) {
    said.set(fields['logger'], [...(said.get(fields['logger']) ?? []), text]);
  }
  expect([...said.keys()]).toContain('RocketmqStore');
  expect(said.get('RocketmqStore')?.join()).toMatch(/recover|store|CommitLog/i);
});
