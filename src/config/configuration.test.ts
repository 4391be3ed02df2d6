import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../testing/fake-clock.ts';
import { FaultFs } from '../../testing/fault-fs.ts';
import { MemFs } from '../../testing/mem-fs.ts';
import { SeededRandom } from '../../testing/seeded-random.ts';
import { brokerSections, partsOf } from './configs.ts';
import { Configuration, type SettingsFile } from './configuration.ts';
import type { Environment } from './environment.ts';
import { loadBrokerConfig } from './load.ts';

const environment: Environment = {
  homeDir: '/home/tester',
  variables: { ROCKETMQ_HOME: '/opt/rocketmq' },
  systemProperties: {},
  hostName: 'vm',
  localAddress: '192.0.2.2',
  cpuCount: 4,
};

const FILE = '/etc/wenchang/broker.conf';

/** The settings of a broker that was started with a file. */
function world(text: string | undefined, more: Partial<SettingsFile> = {}) {
  const fs = new MemFs();
  const faults = new FaultFs(fs);
  const clock = new FakeClock();
  if (text !== undefined) fs.install(FILE, Buffer.from(text, 'latin1'));
  const load = (read: string) =>
    loadBrokerConfig({ file: { name: FILE, text: read }, namesrvAddr: undefined, environment });
  const loaded = load(text ?? '');
  const problemsOf = (changed: string): string[] => load(changed).problems.map((problem) => problem.text);
  const configuration = new Configuration({
    parts: partsOf(brokerSections, loaded.configs),
    fileProperties: loaded.fileProperties,
    file: { path: FILE, isRead: true, problemsOf, ...more },
    fs: faults,
    clock,
  });
  const read = (path = FILE): string | undefined => fs.readFile(path, 2 ** 20)?.toString('latin1');
  return { configuration, configs: loaded.configs, read, fs, faults, clock };
}

const text = `# Broker of host 1, ask Liu before you change it.
brokerName = broker-a
! rights
brokerPermission: 6

traceOn=false
traceOn=true
mine=J\xfcrgen
regionId=a\\
  b
# the end`;

describe('Configuration', () => {
  it('writes changed keys only, in their lines; comments, order, unknown keys and bytes stay', () => {
    const { configuration, configs, read } = world(text);
    const updated = configuration.update('brokerPermission=4\ntraceOn=false\nregionId=c\nslaveReadEnable=true\n');
    expect(updated).toMatchObject({ kind: 'done', remark: undefined });
    expect(read()).toBe(`# Broker of host 1, ask Liu before you change it.
brokerName = broker-a
! rights
brokerPermission=4

traceOn=false
traceOn=false
mine=J\xfcrgen
regionId=c
# the end
slaveReadEnable=true
`);
    expect(read(`${FILE}.bak`)).toBe(text);
    const { brokerPermission, traceOn, regionId, slaveReadEnable } = configs.brokerConfig;
    expect([brokerPermission, traceOn, regionId, slaveReadEnable]).toEqual([4, false, 'c', true]);
  });

  it('leaves the file to those whom its mode, owner and group name, and the old one beside it', () => {
    const { configuration, fs } = world(text);
    const access = { mode: 0o640, uid: 7, gid: 8 };
    fs.open(FILE, 'update').setAccess(access);
    configuration.update('brokerPermission=4');
    expect([FILE, `${FILE}.bak`].map((path) => fs.stat(path)?.access)).toEqual([access, access]);
  });

  it('tells the new value of a setting that is read at start, and leaves the value in force alone', () => {
    const { configuration, configs, read } = world('maxMessageSize=65536\n');
    const remark = 'in force after a restart: maxMessageSize';
    expect(configuration.update('maxMessageSize=131072\ntraceOn=false')).toMatchObject({ kind: 'done', remark });
    expect(configs.messageStoreConfig.maxMessageSize).toBe(65_536);
    expect(configuration.text()).toContain('\nmaxMessageSize=131072\n');
    expect(read()).toBe('maxMessageSize=131072\ntraceOn=false\n');
    // Back again, as in the file of before.
    expect(configuration.update('maxMessageSize=65536')).toMatchObject({ kind: 'done', remark });
    expect(configuration.text()).toContain('\nmaxMessageSize=65536\n');
    expect(read()).toBe('maxMessageSize=65536\ntraceOn=false\n');
  });

  it('changes an unknown key of the file and ignores any other', () => {
    const { configuration, read } = world('mine=1\n');
    expect(configuration.update('mine=2\nother=1\nmaxMessageSize=big')).toMatchObject({
      kind: 'done',
      changed: new Map([['mine', '2']]),
      remark: 'ignored, no setting or no value of it: other, maxMessageSize',
    });
    expect(configuration.text()).toContain('\nmine=2\n');
    expect(read()).toBe('mine=2\n');
  });

  it('counts every update that is taken, as Java, and leaves the file alone when nothing differs', () => {
    const { configuration, clock, read } = world('traceOn=true\n');
    const startedAtMs = clock.now();
    expect(configuration.dataVersionJson).toBe(`{"counter":0,"timestamp":${startedAtMs}}`);
    clock.advance(1000);
    configuration.update('traceOn=true');
    expect(configuration.dataVersionJson).toBe(`{"counter":1,"timestamp":${startedAtMs + 1000}}`);
    configuration.update('rocketmqHome=/x');
    expect(configuration.dataVersionJson).toBe(`{"counter":1,"timestamp":${startedAtMs + 1000}}`);
    expect([read(), read(`${FILE}.bak`)]).toEqual(['traceOn=true\n', undefined]);
  });

  it('makes a file that nobody gave, and says that a start does not read it', () => {
    const { configuration, read } = world(undefined, { isRead: false });
    expect(configuration.update('traceOn=false')).toMatchObject({
      remark: `written to ${FILE}, which a start reads only with -c`,
    });
    expect([read(), read(`${FILE}.bak`)]).toEqual(['traceOn=false\n', undefined]);
  });

  it('changes nothing when any key is refused', () => {
    const { configuration, configs, read } = world(text);
    expect(configuration.update('traceOn=false\nstorePathRootDir=/x\nmessageStorePlugIn=a.B')).toEqual({
      kind: 'refused',
      why: 'storePathRootDir can only be changed in the file; messageStorePlugIn can only be changed in the file',
    });
    expect([configs.brokerConfig.traceOn, read()]).toEqual([true, text]);
  });

  it('refuses what each row allows and no start would', () => {
    for (const [body, why] of [
      ['listenPort=65535', /listenPort=65535: a broker also listens 2 below it and 1 above it/],
      ['maxHashSlotNum=500000000', /make an index file of/],
      ['namesrvAddr=a', /Name Server Address\[a\] illegal/],
      ['namesrvAddr=10.0.0.1:9876 # new', /Name Server Address/],
      ['brokerRole=SLAVE', /is not available yet/],
    ] as const) {
      const { configuration, read } = world(text);
      expect(configuration.update(body), body).toMatchObject({ kind: 'refused', why: expect.stringMatching(why) });
      expect(read()).toBe(text);
    }
  });

  it('refuses a file that is broken, or would be longer than a start reads', () => {
    const broken = world(text);
    broken.fs.install(FILE, Buffer.from('a=\\u12'));
    expect(broken.configuration.update('traceOn=false')).toEqual({
      kind: 'refused',
      why: 'the file of the settings is no properties file, nothing was changed',
    });
    const long = `#${'x'.repeat(1_048_560)}\n`;
    const full = world(long);
    expect(full.configuration.update('traceOn=false\nregionId=x')).toEqual({
      kind: 'refused',
      why: 'the file of the settings would be too long, nothing was changed',
    });
    expect(full.read()).toBe(long);
  });

  it.each(['open', 'pwrite', 'fdatasync', 'rename'] as const)('changes nothing when %s fails', (operation) => {
    const { configuration, configs, read, faults } = world(text);
    faults.fail({ operation, path: /broker\.conf/, code: 'ENOSPC', times: 1 });
    const why = 'the settings could not be written (ENOSPC), nothing was changed';
    expect(configuration.update('traceOn=false')).toEqual({ kind: 'refused', why });
    expect([configs.brokerConfig.traceOn, read()]).toEqual([true, text]);
    expect(configuration.text()).toContain('\ntraceOn=true\n');
    expect(configuration.update('traceOn=false').kind).toBe('done');
  });

  it('is done when only the directory could not be synced: the file has it', () => {
    const { configuration, configs, read, faults } = world(text);
    faults.fail({ operation: 'fsyncDir', path: /./, code: 'EIO', skip: 1 });
    const remark = 'written, but perhaps not safe from a power failure (EIO)';
    expect(configuration.update('traceOn=false')).toMatchObject({ kind: 'done', remark });
    expect([configs.brokerConfig.traceOn, read()?.includes('\ntraceOn=false\nmine')]).toEqual([false, true]);
  });

  it('leaves the old file or the new one whenever the power goes, and the new one once it is answered', () => {
    const whole = world(text);
    whole.configuration.update('traceOn=false');
    const changed = whole.read();
    const operations = whole.faults.changes;
    expect(operations).toBeGreaterThan(5);
    for (let survived = 0; survived < operations; survived++) {
      const seeded = new SeededRandom(survived);
      for (const random of [() => 0, () => 1, () => seeded.next()]) {
        const { configuration, fs, faults, read } = world(text);
        faults.hitNth({ first: survived + 1, times: operations, code: 'EIO' });
        configuration.update('traceOn=false');
        fs.crash({ random, keep: 0.5 });
        expect([text, changed]).toContain(read());
      }
    }
    whole.fs.crash();
    expect(whole.read()).toBe(changed);
  });
});
