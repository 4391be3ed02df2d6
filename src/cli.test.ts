import { describe, expect, it } from 'vitest';
import { type Surroundings, startBroker, startNamesrv } from './cli.ts';
import { FsError } from './util/fs.ts';

const nowMs = Date.UTC(2020, 0, 2, 20, 4, 5, 678);

function around(files: Record<string, string> = {}, variables: Record<string, string> = {}): Surroundings {
  return {
    nowMs,
    environment: {
      homeDir: '/home/tester',
      variables: { ROCKETMQ_HOME: '/opt/rocketmq', ...variables },
      systemProperties: {},
      hostName: 'vm',
      localAddress: '192.0.2.2',
      cpuCount: 4,
    },
    fs: {
      readFile(path) {
        if (path === '/etc') throw new FsError('open', path, 'EISDIR');
        const text = files[path];
        return text === undefined ? undefined : Buffer.from(text, 'latin1');
      },
    },
  };
}

/** Printed by the official mqbroker -h. */
const BROKER_USAGE = [
  'usage: mqbroker [-c <arg>] [-h] [-m] [-n <arg>] [-p]',
  ' -c,--configFile <arg>       Broker config properties file',
  ' -h,--help                   Print help',
  ' -m,--printImportantConfig   Print important config item',
  ' -n,--namesrvAddr <arg>      Name server address list, eg: 192.168.0.1:9876;192.168.0.2:9876',
  ' -p,--printConfigItem        Print all config item',
];

/** Printed by the official mqnamesrv -h. */
const NAMESRV_USAGE = [
  'usage: mqnamesrv [-c <arg>] [-h] [-n <arg>] [-p]',
  ' -c,--configFile <arg>    Name server config properties file',
  ' -h,--help                Print help',
  ' -n,--namesrvAddr <arg>   Name server address list, eg: 192.168.0.1:9876;192.168.0.2:9876',
  ' -p,--printConfigItem     Print all config item',
];

/** Printed by the official mqbroker -m on this host, without the prefix of the logger. */
const IMPORTANT = `namesrvAddr=
brokerIP1=192.0.2.2
brokerName=vm
brokerClusterName=DefaultCluster
brokerId=0
autoCreateTopicEnable=true
autoCreateSubscriptionGroup=true
msgTraceTopicName=RMQ_SYS_TRACE_TOPIC
traceTopicEnable=false
rejectTransactionMessage=false
fetchNamesrvAddrByAddressServer=false
transactionTimeOut=6000
transactionCheckMax=15
transactionCheckInterval=60000
aclEnable=false
storePathRootDir=/home/tester/store
storePathCommitLog=/home/tester/store/commitlog
flushIntervalCommitLog=500
commitIntervalCommitLog=200
flushCommitLogTimed=false
deleteWhen=04
fileReservedTime=72
maxTransferBytesOnMessageInMemory=262144
maxTransferCountOnMessageInMemory=32
maxTransferBytesOnMessageInDisk=65536
maxTransferCountOnMessageInDisk=8
accessMessageInMemoryMaxRatio=40
messageIndexEnable=true
messageIndexSafe=false
haMasterAddress=
brokerRole=ASYNC_MASTER
flushDiskType=ASYNC_FLUSH
cleanFileForciblyEnable=true
transientStorePoolEnable=false`.split('\n');

describe('startBroker', () => {
  it('prints the usage for -h and for a wrong option, exit -1', () => {
    const expected = { kind: 'exit', exitCode: 255, stdout: BROKER_USAGE, stderr: [] };
    expect(startBroker(['-h'], around())).toEqual(expected);
    expect(startBroker(['-x'], around())).toEqual(expected);
    expect(startBroker(['-n'], around())).toEqual(expected);
  });

  it('prints the important settings for -m with the prefix of the logger', () => {
    const stdout = IMPORTANT.map((line) => `2020-01-03 04\\:04\\:05 INFO main - ${line}`);
    expect(startBroker(['-m'], around())).toEqual({ kind: 'exit', exitCode: 0, stdout, stderr: [] });
  });

  it('prints all settings for -p, also with -m, as they were set and derived', () => {
    const text = 'diskMaxUsedSpaceRatio=99\nlistenPort=20911\nbrokerIP1=a #b\naclEnable=true\nrmqAddressServerDomain=x';
    const started = startBroker(['-pm', '-c', '/b.conf', '-n', 'a:1'], around({ '/b.conf': text }));
    expect(started).toMatchObject({ kind: 'exit', exitCode: 0, stderr: [] });
    const printed = started.stdout.map((line) => line.replace(/^.* - /, ''));
    expect(printed).toHaveLength(75 + 11 + 12 + 66);
    expect(printed.slice(0, 2)).toEqual(['rocketmqHome=/opt/rocketmq', 'namesrvAddr=a:1']);
    expect(printed).toEqual(
      expect.arrayContaining(['diskMaxUsedSpaceRatio=99', 'haListenPort=20912', 'brokerIP1=a #b']),
    );
    expect(printed.at(-1)).toBe('dLegerSelfId=');
  });

  it('runs with the settings of file and command line', () => {
    const started = startBroker(['-c', '/b.conf', '-n', 'a:1'], around({ '/b.conf': 'brokerName=\\u0062-a' }));
    expect(started).toMatchObject({
      kind: 'run',
      stdout: [],
      settingsFile: { path: '/b.conf', isRead: true },
      loaded: { configs: { brokerConfig: { brokerName: 'b-a', namesrvAddr: 'a:1' } } },
    });
  });

  it('stops where Java stops, with its text and exit code', () => {
    const noHome = around({ '/s': 'brokerRole=SLAVE' });
    const { environment } = noHome;
    const homeless = { ...noHome, environment: { ...environment, variables: {} } };
    const illegal = 'The Name Server Address[foo] illegal, please set it as follows, "127.0.0.1:9876;192.168.0.1:9876"';
    expect(startBroker(['-p', '-n', 'foo'], homeless)).toMatchObject({
      exitCode: 254,
      stdout: [expect.stringMatching(/^Please set the ROCKETMQ_HOME variable/)],
    });
    expect(startBroker(['-n', 'foo'], noHome)).toEqual({ kind: 'exit', exitCode: 253, stdout: [illegal], stderr: [] });
    expect(startBroker(['-c', '/s', '-p'], noHome)).toMatchObject({
      exitCode: 253,
      stdout: ["Slave's brokerId must be > 0"],
    });
  });

  it('stops for a file that is not there, is none or is broken', () => {
    const world = around({ '/bad': 'a=\\u1' });
    expect(startBroker(['-c', '/no', '-p'], world)).toMatchObject({
      exitCode: 255,
      stdout: [],
      stderr: ['cannot read /no: no such file'],
    });
    expect(startBroker(['-c', '/etc'], world)).toMatchObject({ exitCode: 255, stderr: ['cannot read /etc: EISDIR'] });
    expect(startBroker(['-c', '/bad', '-p'], world)).toMatchObject({
      exitCode: 255,
      stderr: [expect.stringMatching(/^\/bad:1: a \\u is not followed/)],
    });
  });

  it('refuses on its own account only to run, with every reason', () => {
    const text = 'aclEnable=true\nbrokerIP1=a #b';
    expect(startBroker(['-c', '/b'], around({ '/b': text }))).toEqual({
      kind: 'exit',
      exitCode: 253,
      stdout: [],
      stderr: [
        expect.stringMatching(/^\/b:2: brokerIP1="a #b": probably a comment/),
        '/b:1: aclEnable=true is not available yet (access control lists)',
      ],
    });
  });
});

describe('startNamesrv', () => {
  it('prints its usage', () => {
    expect(startNamesrv(['--help'], around())).toMatchObject({ exitCode: 255, stdout: NAMESRV_USAGE });
    expect(startNamesrv(['-m'], around())).toMatchObject({ exitCode: 255, stdout: NAMESRV_USAGE });
  });

  it('says that it read its file, and prints before it asks for a home', () => {
    const world = around({ '/n.conf': 'listenPort=20876\nkvConfigPath=/tmp/x' });
    const homeless = { ...world, environment: { ...world.environment, variables: {} } };
    const started = startNamesrv(['-c', '/n.conf', '-p'], homeless);
    expect(started).toMatchObject({ kind: 'exit', exitCode: 0, stderr: [] });
    expect(started.stdout[0]).toBe('load config properties file OK, /n.conf');
    const printed = started.stdout.slice(1).map((line) => {
      expect(line).toMatch(/^\d\d:\d\d:05\.678 \[main\] INFO {2}RocketmqNamesrvConsole - /);
      return line.replace(/^.*RocketmqNamesrvConsole - /, '');
    });
    // As the official mqnamesrv prints for this file.
    expect(printed).toEqual([
      'rocketmqHome=',
      'kvConfigPath=/tmp/x',
      'configStorePath=/n.conf',
      'productEnvName=center',
      'clusterTest=false',
      'orderMessageEnable=false',
      'listenPort=20876',
      'serverWorkerThreads=8',
      'serverCallbackExecutorThreads=0',
      'serverSelectorThreads=3',
      'serverOnewaySemaphoreValue=256',
      'serverAsyncSemaphoreValue=64',
      'serverChannelMaxIdleTimeSeconds=120',
      'serverSocketSndBufSize=65535',
      'serverSocketRcvBufSize=65535',
      'serverPooledByteBufAllocatorEnable=true',
      'useEpollNativeSelector=false',
    ]);
    expect(startNamesrv(['-c', '/n.conf'], homeless)).toMatchObject({
      exitCode: 254,
      stdout: ['load config properties file OK, /n.conf', expect.stringMatching(/^Please set/)],
    });
  });

  it('runs', () => {
    expect(startNamesrv([], around())).toMatchObject({
      kind: 'run',
      stdout: [],
      settingsFile: { path: expect.stringMatching(/\/namesrv\/namesrv\.properties$/), isRead: false },
      loaded: { configs: { nettyServerConfig: { listenPort: 9876 } } },
    });
  });
});
