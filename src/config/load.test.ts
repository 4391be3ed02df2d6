import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Environment } from './environment.ts';
import { storedValue } from './key.ts';
import { type LoadInput, loadBrokerConfig, loadNamesrvConfig } from './load.ts';
import { notYetRows } from './not-yet.ts';

const environment: Environment = {
  homeDir: '/home/tester',
  variables: { ROCKETMQ_HOME: '/opt/rocketmq' },
  systemProperties: {},
  hostName: 'host-1',
  localAddress: '192.0.2.2',
  cpuCount: 4,
};

function input(text: string, more: Partial<LoadInput> = {}): LoadInput {
  return { file: { name: 'b.conf', text }, namesrvAddr: undefined, environment, ...more };
}

function texts(text: string): string[] {
  return loadBrokerConfig(input(text)).notices.map((notice) => notice.text);
}

function problems(text: string, more: Partial<LoadInput> = {}) {
  return loadBrokerConfig(input(text, more)).problems.map(({ exitCode, text: said }) => [exitCode, said]);
}

interface JavaSetting {
  text: string;
  changed: Record<string, string>;
  getters: Record<string, string>;
}

/** What MixAll#properties2Object and the getters made of each text, recorded by testdata/RecordConfig.java. */
const recorded = (
  JSON.parse(readFileSync(new URL('./testdata/java-4.6.0.json', import.meta.url), 'utf8')) as {
    settings: JavaSetting[];
  }
).settings;

/** Values where ours differ on purpose: beyond 2^53, a bound Java only finds later, what the role derives. */
const NOT_JAVAS = new Set([
  'brokerId=9223372036854775807',
  'brokerId=9007199254740993',
  'listenPort=-1',
  'haListenPort=1',
  'registerNameServerPeriod=5',
]);

describe('loadBrokerConfig beside Java', () => {
  it.each(recorded.filter(({ text }) => !NOT_JAVAS.has(text)))('$text', ({ text, changed, getters }) => {
    const before = loadBrokerConfig(input('')).configs;
    const after = loadBrokerConfig(input(text)).configs;
    const ours: Record<string, string> = {};
    const read: Record<string, string> = {};
    for (const [section, config] of Object.entries(after)) {
      for (const key in config) {
        const now = storedValue(config, key);
        if (now === storedValue((before as unknown as Record<string, object>)[section] ?? {}, key)) continue;
        if (key === 'haListenPort' || key === 'brokerId') continue;
        ours[key] = String(now);
        if (key in getters) read[key] = String((config as Record<string, unknown>)[key]);
      }
    }
    expect(ours).toEqual(changed);
    expect(read).toEqual(getters);
  });
});

describe('loadBrokerConfig', () => {
  it("puts Java's broker defaults in place", () => {
    const { configs, notices, problems: none } = loadBrokerConfig(input(''));
    expect(configs.nettyServerConfig).toMatchObject({ listenPort: 10_911, serverSocketSndBufSize: 131_072 });
    expect(configs.nettyClientConfig.clientSocketRcvBufSize).toBe(131_072);
    expect(configs.brokerConfig).toMatchObject({ brokerName: 'host-1', brokerIP1: '192.0.2.2', brokerId: 0 });
    expect(configs.messageStoreConfig.storePathCommitLog).toBe('/home/tester/store/commitlog');
    expect([notices, none]).toEqual([[], []]);
  });

  it('derives port and id whatever the file says, and says so', () => {
    const { configs, notices } = loadBrokerConfig(input('listenPort=20911\nhaListenPort=1\nbrokerId=7'));
    expect(configs.messageStoreConfig.haListenPort).toBe(20_912);
    expect(configs.messageStoreConfig.bitMapLengthConsumeQueueExt).toBe(112);
    expect(configs.brokerConfig.brokerId).toBe(0);
    expect(notices.map((notice) => notice.text)).toEqual([
      'b.conf:2: haListenPort is accepted and has no effect: 4.6.0 overwrites it at start, so does this broker',
      'b.conf:3: brokerId=7 becomes 0, as ASYNC_MASTER always has',
    ]);
  });

  it('takes the command line over the file over the environment', () => {
    const variables = { ...environment.variables, NAMESRV_ADDR: 'e:1' };
    const env = { ...environment, variables };
    const addr = (more: Partial<LoadInput>, text = '') =>
      loadBrokerConfig(input(text, { environment: env, ...more })).configs.brokerConfig.namesrvAddr;
    expect(addr({})).toBe('e:1');
    expect(addr({}, 'namesrvAddr=f:1')).toBe('f:1');
    expect(addr({ namesrvAddr: 'c:1' }, 'namesrvAddr=f:1')).toBe('c:1');
    const property = { ...env, systemProperties: { 'rocketmq.namesrv.addr': 'p:1' } };
    expect(addr({ environment: property })).toBe('p:1');
  });

  it('reads the keys of the address server', () => {
    const { configs } = loadBrokerConfig(input('rmqAddressServerDomain=ns.example:8080\n'));
    expect(configs.addressServerConfig).toEqual({
      rmqAddressServerDomain: 'ns.example:8080',
      rmqAddressServerSubGroup: 'nsaddr',
    });
  });

  it('keeps unknown keys for GET_BROKER_CONFIG', () => {
    expect([...loadBrokerConfig(input('x=1\nbrokerName=b\nx=2')).fileProperties]).toEqual([
      ['brokerName', 'b'],
      ['x', '2'],
    ]);
  });
});

describe('notices', () => {
  it('name the key that was probably meant', () => {
    expect(texts('mapedFileSizeCommitLog=1\nbrokername=x\nflushDiskTyp=x\nzzz=1\nkvConfigPath=x\n=v')).toEqual([
      'b.conf:1: mapedFileSizeCommitLog is not a key of 4.6.0 and has no effect; did you mean mappedFileSizeCommitLog?',
      'b.conf:2: brokername is not a key of 4.6.0 and has no effect; did you mean brokerName?',
      'b.conf:3: flushDiskTyp is not a key of 4.6.0 and has no effect; did you mean flushDiskType?',
      'b.conf:4: zzz is not a key of 4.6.0 and has no effect',
      'b.conf:5: kvConfigPath has no effect here: it is a key of the name server',
      'b.conf:6: a value without a key has no effect',
    ]);
  });

  it('name what an unparsable value leaves in place, and a blank or comment behind it', () => {
    expect(
      texts('listenPort=1O911\nsyncFlushTimeout=50 \nbrokerRole=SLAVE \nmaxTransferCountOnMessageInDisk=8 #x'),
    ).toEqual([
      'b.conf:1: listenPort="1O911" is not a whole number, listenPort=10911 stays',
      'b.conf:2: syncFlushTimeout="50 " is not a whole number, syncFlushTimeout=5000 stays; ' +
        'the blank at the end belongs to the value',
      'b.conf:3: brokerRole="SLAVE " is none of ASYNC_MASTER, SYNC_MASTER, SLAVE, brokerRole=ASYNC_MASTER stays; ' +
        'the blank at the end belongs to the value',
      'b.conf:4: maxTransferCountOnMessageInDisk="8 #x" is not a whole number, maxTransferCountOnMessageInDisk=8 ' +
        'stays; a properties file has no comments behind a value',
    ]);
  });

  it('name texts that are not what they look like', () => {
    expect(
      texts('longPollingEnable=true \nslaveReadEnable=yes\nbrokerName=a \nbrokerClusterName=c #d\nregionId=\xe9'),
    ).toEqual([
      'b.conf:1: longPollingEnable="true " reads as false: only "true" is true; ' +
        'the blank at the end belongs to the value',
      'b.conf:2: slaveReadEnable="yes" reads as false: only "true" is true',
      'b.conf:3: brokerName="a ": the blank at the end belongs to the value',
      'b.conf:4: brokerClusterName="c #d": a properties file has no comments behind a value',
      'b.conf:5: regionId="é": bytes beyond ASCII are read as Latin-1; write such letters as \\uXXXX',
    ]);
  });

  it('name repeated keys, clamps, keys without effect and system properties', () => {
    expect(texts('regionId=a\nregionId=b\nregisterNameServerPeriod=5\nhighSpeedMode=true\ntls.enable=true')).toEqual([
      'b.conf:1: regionId is given again in line 2, which counts',
      'b.conf:3: registerNameServerPeriod=5 is used as 10000',
      'b.conf:4: highSpeedMode is accepted and has no effect: 4.6.0 itself never reads it',
      'b.conf:5: tls.enable has no effect here: it is a system property of Java, not a key of this file',
    ]);
  });

  it('are louder about a path that differs from the one in use', () => {
    const { notices } = loadBrokerConfig(input('storePathIndex=/a/index/\nabortFile=/b/abort\nstorePathRootDir=/a'));
    expect(notices).toEqual([
      {
        level: 'info',
        text:
          'b.conf:1: storePathIndex is not a key of 4.6.0 and has no effect; ' +
          'the path in use follows storePathRootDir and is the same, /a/index',
      },
      {
        level: 'warn',
        text:
          'b.conf:2: abortFile is not a key of 4.6.0 and has no effect; ' +
          'the path in use follows storePathRootDir: DIFFERENT from the "/b/abort" given here, it is /a/abort',
      },
    ]);
  });

  it('cut a number beyond 2^53', () => {
    const { configs, notices } = loadBrokerConfig(input('startAcceptSendRequestTimeStamp=9223372036854775807'));
    expect(configs.brokerConfig.startAcceptSendRequestTimeStamp).toBe(Number.MAX_SAFE_INTEGER);
    expect(notices[0]?.text).toContain('is taken as 9007199254740991');
  });

  it('name hours that never come, and idle times beyond the longest timer', () => {
    expect(texts('deleteWhen=4;24\nserverChannelMaxIdleTimeSeconds=2147483647')).toEqual([
      'b.conf:1: deleteWhen="4;24" is not hours from 0 to 23 separated by semicolons; the others never come',
      'b.conf:2: serverChannelMaxIdleTimeSeconds=2147483647 is used as 2147483',
    ]);
    expect(texts('deleteWhen=04')).toEqual([]);
    expect(texts('deleteWhen=04;12 ')).toEqual([
      'b.conf:1: deleteWhen="04;12 ": the blank at the end belongs to the value',
    ]);
  });

  it('warn of a blank inside a list of name servers and go on', () => {
    const { notices, problems: none } = loadBrokerConfig(input('namesrvAddr=a:1; b:2'));
    expect(none).toEqual([]);
    expect(notices[0]?.text).toContain('a blank belongs to the host name beside it');
  });
});

describe('problems', () => {
  const home =
    'Please set the ROCKETMQ_HOME variable in your environment to match the location of the RocketMQ installation';
  const illegal = (addr: string) =>
    `The Name Server Address[${addr}] illegal, please set it as follows, "127.0.0.1:9876;192.168.0.1:9876"`;

  it("are Java's: home, name server address, id of a slave", () => {
    expect(problems('', { environment: { ...environment, variables: {} } })).toEqual([[254, home]]);
    for (const bad of ['foo', '', 'a:70000', ';a:1', 'a:1;;b:2', 'a:x', 'a:']) {
      expect(problems(`namesrvAddr=${bad}`), bad).toEqual([[253, illegal(bad)]]);
    }
    for (const good of ['a:1', 'a:1;', ';', 'a:1;b:2', '[::1]:9876', ':1']) {
      expect(problems(`namesrvAddr=${good}`), good).toEqual([]);
    }
    expect(problems('brokerRole=SLAVE')[0]).toEqual([253, "Slave's brokerId must be > 0"]);
  });

  it('are a comment or a blank behind an address, with file, line and the likely reason', () => {
    expect(problems('\nbrokerIP1=192.0.2.10 #card\nbrokerIP2=192.0.2.10 ')).toEqual([
      [
        253,
        'b.conf:2: brokerIP1="192.0.2.10 #card": probably a comment behind the value: ' +
          'a properties file has none, the whole text would be the address',
      ],
      [253, 'b.conf:3: brokerIP2="192.0.2.10 ": the blank at the end would belong to the address'],
    ]);
    expect(problems('namesrvAddr=a:9876 #x').map(([, text]) => text)).toEqual([
      illegal('a:9876 #x'),
      expect.stringContaining('b.conf:1: namesrvAddr="a:9876 #x": probably a comment'),
    ]);
  });

  it('are values with which not even Java runs', () => {
    expect(problems('listenPort=70000\nmappedFileSizeCommitLog=0')).toEqual([
      [253, 'b.conf:1: listenPort="70000" is outside 0..65535'],
      [253, 'b.conf:2: mappedFileSizeCommitLog="0" is outside 1..2147483647'],
    ]);
    const outside = [
      ['sendThreadPoolQueueCapacity=0', '1..2147483647'],
      ['cleanResourceInterval=-1', '1..2147483647'],
      ['maxHashSlotNum=536870902', '1..536870901'],
      ['maxErrorRateOfBloomFilter=100', '1..99'],
      ['flushDelayOffsetInterval=0', '1..9223372036854775807'],
    ] as const;
    for (const [text, bounds] of outside) {
      const [key, value] = text.split('=');
      expect(problems(text)).toEqual([[253, `b.conf:1: ${key}="${value}" is outside ${bounds}`]]);
    }
  });

  it('are a host name where an address must be', () => {
    expect(problems('brokerIP1=broker-1.example')).toEqual([
      [253, 'b.conf:1: brokerIP1="broker-1.example" is no IP address; a host name is not looked up here'],
    ]);
    for (const address of ['192.0.2.1', '2001:db8::1', '[2001:db8::1]']) {
      expect(problems(`brokerIP1=${address}`), address).toEqual([]);
    }
  });

  it('are index files larger than Java can make', () => {
    expect(problems('maxIndexNum=107374180\nmaxHashSlotNum=500')).toEqual([
      [
        253,
        'b.conf:2, b.conf:1: maxHashSlotNum=500 and maxIndexNum=107374180 make an index file of 2147485640 bytes, ' +
          'at most 2147483647 can be',
      ],
    ]);
    expect(problems('maxIndexNum=107374180').map(([, text]) => text)).toEqual([
      expect.stringMatching(/^b\.conf:1: maxHashSlotNum=5000000 and maxIndexNum=107374180 make an index file of /),
    ]);
    expect(problems('maxIndexNum=107374179\nmaxHashSlotNum=1')).toEqual([]);
  });

  it('are delays that cannot be read, and a port without room for the other two', () => {
    expect(problems('messageDelayLevel=1s  5s')).toEqual([
      [
        253,
        'b.conf:1: messageDelayLevel="1s  5s" is no list of delays such as "1s 5m 2h", with one blank between them',
      ],
    ]);
    for (const port of [1, 65_535]) {
      const why = 'a broker also listens 2 below it and 1 above it, so 2..65534 can be used';
      expect(problems(`listenPort=${port}`)).toEqual([[253, `b.conf:1: listenPort=${port}: ${why}`]]);
    }
    expect(loadNamesrvConfig(input('listenPort=65535')).problems).toEqual([]);
  });

  it('are a text that is no properties file', () => {
    const { problems: found } = loadBrokerConfig(input('a=1\nb=\\u12'));
    expect(found).toEqual([
      {
        exitCode: 255,
        stream: 'stderr',
        text: 'b.conf:2: a \\u is not followed by four hexadecimal digits, so the whole file cannot be read',
        blocksPrint: true,
      },
    ]);
  });
});

describe('what is not there yet', () => {
  it('is exactly this', () => {
    expect(notYetRows.map(({ key, refused }) => `${key}=${refused}`)).toEqual([
      'aclEnable=true',
      'tls.server.mode=enforcing',
      'useTLS=true',
      'brokerRole=SLAVE',
      'enableDLegerCommitLog=true',
      'messageStorePlugIn=any',
      'duplicationEnable=true',
    ]);
  });

  it.each(notYetRows)('stops the start: $key', ({ key, refused, feature }) => {
    const value = refused === 'any' ? 'org.example.Store' : refused;
    const slave = key === 'brokerRole' ? 'brokerId=1' : '';
    expect(problems(`${slave}\n${key}=${value}`)).toEqual([
      [253, `b.conf:2: ${key}=${value} is not available yet (${feature})`],
    ]);
  });

  it('does not mind the other values', () => {
    const harmless = 'aclEnable=false\ntls.server.mode=permissive\nbrokerRole=SYNC_MASTER\nmessageStorePlugIn=';
    expect(problems(harmless)).toEqual([]);
  });

  it('stops the start by a system property too, on both servers', () => {
    const systemProperties = { 'tls.server.mode': 'enforcing' };
    const more = { environment: { ...environment, systemProperties } };
    const text = 'the environment: tls.server.mode=enforcing is not available yet (encrypted connections)';
    expect(problems('', more)).toEqual([[253, text]]);
    expect(loadNamesrvConfig(input('', more)).problems.map((problem) => problem.text)).toEqual([text]);
  });
});

describe('the configuration of a site', () => {
  const text = readFileSync(new URL('./testdata/site-broker.properties', import.meta.url), 'latin1');
  const loaded = loadBrokerConfig(input(text));

  it('runs as Java would: sizes, paths, ratio', () => {
    expect(loaded.configs.messageStoreConfig).toMatchObject({
      mappedFileSizeCommitLog: 1_073_741_824,
      mappedFileSizeConsumeQueue: 6_000_000,
      storePathRootDir: '/mnt/store',
      diskMaxUsedSpaceRatio: 88,
      maxMessageSize: 65_536,
    });
  });

  it('is refused for the comment behind the address, by line', () => {
    const { problems: found } = loaded;
    expect(found.map((problem) => problem.text)).toEqual([expect.stringMatching(/^b\.conf:33: brokerIP1=/)]);
    const repaired = loadBrokerConfig(input(text.replace(/ #the address.*/, '')));
    expect(repaired.problems).toEqual([]);
    expect(repaired.configs.brokerConfig.brokerIP1).toBe('192.0.2.10');
  });

  it('is told everything else in one line each', () => {
    const none = 'is not a key of 4.6.0 and has no effect;';
    const same = `${none} the path in use follows storePathRootDir and is the same, /mnt/store`;
    expect(loaded.notices.map(({ level, text: said }) => `${level} ${said}`)).toEqual([
      `warn b.conf:12: mapedFileSizeCommitLog ${none} did you mean mappedFileSizeCommitLog?`,
      `warn b.conf:13: mapedFileSizeConsumeQueue ${none} ` +
        'did you mean mappedFileSizeConsumeQueue (its unit is bytes, 20 for each entry)?',
      `info b.conf:19: storePathConsumeQueue ${same}/consumequeue`,
      `info b.conf:20: storePathIndex ${same}/index`,
      `info b.conf:21: storeCheckpoint ${same}/checkpoint`,
      `info b.conf:22: abortFile ${same}/abort`,
    ]);
  });

  it('is told more when the lines that are commented out come in', () => {
    const all = loadBrokerConfig(input(text.replace(/^#(?=\w+=)/gm, '').replace(/ #the address.*/, '')));
    expect(all.problems).toEqual([]);
    const known = new Set(loaded.notices.map((notice) => notice.text));
    const more = all.notices.filter((notice) => !known.has(notice.text));
    const pool =
      'is accepted and has no effect: requests are handled on one event loop, there is no thread pool to size';
    expect(more.map(({ level, text: said }) => `${level} ${said}`)).toEqual([
      'info b.conf:14: destroyMapedFileIntervalForcibly is accepted and has no effect: ' +
        'readers hold no mapping: a removed file lives until the last read of it ends',
      'info b.conf:30: checkTransactionMessageEnable is not a key of 4.6.0 and has no effect: ' +
        'half messages are always checked',
      `info b.conf:31: sendMessageThreadPoolNums ${pool}`,
      `info b.conf:32: pullMessageThreadPoolNums ${pool}`,
    ]);
  });

  it('has a word for each line: an effect, a notice or a refusal', () => {
    const lines = text.split('\n').flatMap((line, index) => (/^\w/.test(line) ? [`b.conf:${index + 1}:`] : []));
    const told = [...loaded.notices, ...loaded.problems].map((said) => said.text);
    const defaults = loadBrokerConfig(input('')).configs;
    const tables = Object.values(defaults).filter((table): table is object => typeof table === 'object');
    const silent = lines.filter((at) => !told.some((said) => said.startsWith(at)));
    const keys = silent.map((at) => text.split('\n')[Number(at.split(':')[1]) - 1]?.split('=')[0] ?? '');
    expect(lines).toHaveLength(23);
    expect(keys.filter((key) => !tables.some((table) => key in table))).toEqual([]);
  });
});

describe('loadNamesrvConfig', () => {
  it("has Java's defaults and always stores changes in the file of -c", () => {
    const { configs, problems: none } = loadNamesrvConfig(input('kvConfigPath=/x/kv.json\nconfigStorePath=/y'));
    expect(configs.nettyServerConfig).toMatchObject({ listenPort: 9876, serverSocketSndBufSize: 65_535 });
    expect(configs.namesrvConfig).toMatchObject({ kvConfigPath: '/x/kv.json', configStorePath: 'b.conf' });
    expect(none).toEqual([]);
  });

  it('needs a home, but not to print', () => {
    const { problems: found } = loadNamesrvConfig(input('', { environment: { ...environment, variables: {} } }));
    expect(found).toMatchObject([{ exitCode: 254, blocksPrint: false }]);
  });

  it('names what belongs to the broker, and -n', () => {
    const { notices } = loadNamesrvConfig(input('brokerName=x', { namesrvAddr: 'a:1' }));
    expect(notices.map((notice) => notice.text)).toEqual([
      'b.conf:1: brokerName has no effect here: it is a key of the broker',
      'the command line: -n has no effect on a name server',
    ]);
  });
});
