import { describe, expect, it } from 'vitest';
import { AdminFixture, DEAD_ADDR } from '../../testing/admin-fixture.ts';
import { MemFs } from '../../testing/mem-fs.ts';
import { RemotingFixture } from '../../testing/remoting-fixture.ts';
import { AdminClient } from '../client/admin-client.ts';
import { aclConfig } from '../codec/bodies/acl-config.ts';
import { encodeBody } from '../codec/bodies/schema.ts';
import { clusterAclConfigVersion, getAccessConfigSubCommand } from './acl.ts';

const BROKER = '127.0.0.1:10911';
const NAMESRV = '127.0.0.1:9876';

describe('groups', () => {
  it('are made with the defaults of the tool, and deleted with their topics', async () => {
    const admin = await AdminFixture.start();
    const words = ['-g', 'g', '-s', 'false', '-d', 'true', '-q', '2', '-r', '5', '-i', '1', '-w', '2', '-a', 'false'];
    expect(await admin.lines('updateSubGroup', '-b', BROKER, ...words)).toEqual([
      `create subscription group to ${BROKER} success.`,
      'SubscriptionGroupConfig [groupName=g, consumeEnable=false, consumeFromMinEnable=false, ' +
        'consumeBroadcastEnable=true, retryQueueNums=2, retryMaxTimes=5, brokerId=1, ' +
        'whichBrokerWhenConsumeSlowly=2, notifyConsumerIdsChangedEnable=false]',
    ]);
    expect(await admin.json('updateSubGroup', '-c', 'DefaultCluster', '-g', 'h')).toEqual({
      addresses: [BROKER],
      group: {
        groupName: 'h',
        consumeEnable: true,
        consumeFromMinEnable: false,
        consumeBroadcastEnable: false,
        retryQueueNums: 1,
        retryMaxTimes: 16,
        brokerId: 0,
        whichBrokerWhenConsumeSlowly: 1,
        notifyConsumerIdsChangedEnable: true,
      },
    });
    const file = () => admin.cluster.broker.state('subscriptionGroup.json') as { subscriptionGroupTable: object };
    expect(file().subscriptionGroupTable).toMatchObject({ g: { retryMaxTimes: 5 }, h: { retryMaxTimes: 16 } });
    expect(await admin.lines('deleteSubGroup', '-b', BROKER, '-g', 'g')).toEqual([
      `delete subscription group [g] from broker [${BROKER}] success.`,
    ]);
    expect(await admin.lines('deleteSubGroup', '-c', 'DefaultCluster', '-g', 'h')).toEqual([
      `delete subscription group [h] from broker [${BROKER}] in cluster [DefaultCluster] success.`,
      'delete topic [%RETRY%h] from cluster [DefaultCluster] success.',
      'delete topic [%RETRY%h] from NameServer success.',
      'delete topic [%DLQ%h] from cluster [DefaultCluster] success.',
      'delete topic [%DLQ%h] from NameServer success.',
    ]);
    expect(Object.keys(file().subscriptionGroupTable)).not.toContain('g');
    expect((await admin.run('updateSubGroup', '-g', 'g')).exitCode).toBe(2);
  });
});

describe('brokers', () => {
  it('tell their state, with the address when they are several', async () => {
    const admin = await AdminFixture.start();
    const lines = await admin.lines('brokerStatus', '-b', BROKER);
    expect(lines).toContain('brokerVersionDesc               : V4_6_0');
    expect([...lines].sort()).toEqual(lines);
    const ofCluster = await admin.lines('brokerStatus', '-c', 'DefaultCluster');
    expect(ofCluster).toContain(`${BROKER.padEnd(24)} brokerVersionDesc               : V4_6_0`);
    expect(ofCluster).toHaveLength(lines.length);
    expect(await admin.json('brokerStatus', '-b', BROKER)).toMatchObject({ [BROKER]: { brokerVersionDesc: 'V4_6_0' } });
    expect((await admin.run('brokerStatus')).err).toEqual([
      'mqadmin brokerStatus: give -b (brokerAddr) or -c (clusterName)',
    ]);
  });

  it('tell their settings under a title', async () => {
    const admin = await AdminFixture.start();
    const lines = await admin.lines('getBrokerConfig', '-b', BROKER);
    expect([lines[0], lines.at(-1)]).toEqual([`============${BROKER}============`, '']);
    expect(lines).toContain(`${'brokerName'.padEnd(50)}=  broker-a`);
    const [title] = await admin.lines('getBrokerConfig', '-c', 'DefaultCluster');
    expect(title).toBe(`============Master: ${BROKER}============`);
    expect(await admin.json('getBrokerConfig', '-b', BROKER)).toMatchObject({ [BROKER]: { brokerName: 'broker-a' } });
  });

  it('are cleaned one by one, by cluster, or all', async () => {
    const admin = await AdminFixture.start();
    for (const command of ['cleanExpiredCQ', 'cleanUnusedTopic']) {
      for (const words of [['-b', BROKER], ['-c', 'DefaultCluster'], []]) {
        expect(await admin.lines(command, ...words)).toEqual(['success']);
      }
      expect(await admin.json(command)).toEqual({ success: true, addresses: [BROKER] });
    }
    await admin.registerDeadBroker();
    expect(await admin.run('cleanExpiredCQ')).toEqual({
      exitCode: 1,
      out: ['false'],
      err: [`mqadmin cleanExpiredCQ: connect to <${DEAD_ADDR}> failed`],
    });
  });

  it('tell how far groups have read', async () => {
    const admin = await AdminFixture.start();
    await consumed(admin);
    const lines = await admin.lines('brokerConsumeStats', '-b', BROKER);
    const head = ['#Topic', '#Group', '#Broker Name'].map((text) => text.padEnd(32)).join('  ');
    const offsets = ['#Broker Offset', '#Consumer Offset', '#Diff'].map((text) => text.padEnd(20)).join('  ');
    expect(lines[0]).toBe(`${head}  #QID  ${offsets}  #LastTime`);
    const row = ['T', 'g', 'broker-a'].map((text) => text.padEnd(32)).join('  ');
    expect(lines[1]?.startsWith(`${row}  0     ${['3', '2', '1'].map((text) => text.padEnd(20)).join('  ')}  `)).toBe(
      true,
    );
    expect(lines[1]).toMatch(/ \d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    expect(lines.slice(2)).toEqual(['', 'Diff Total: 1']);
    expect(await admin.json('brokerConsumeStats', '-b', BROKER)).toMatchObject({
      rows: [
        { group: 'g', topic: 'T', brokerName: 'broker-a', queueId: 0, brokerOffset: 3, consumerOffset: 2, diff: 1 },
      ],
      totalDiff: 1,
    });
    expect(await admin.json('brokerConsumeStats', '-b', BROKER, '-l', '2')).toEqual({ rows: [], totalDiff: 1 });
  });
});

describe('the cluster', () => {
  it('is listed with load or totals; a broker that is away has a row without figures', async () => {
    const admin = await AdminFixture.start();
    await admin.registerDeadBroker();
    const run = await admin.run('clusterList');
    expect([run.exitCode, run.err]).toEqual([1, [`mqadmin clusterList: connect to <${DEAD_ADDR}> failed`]]);
    expect(run.out[0]).toBe(
      '#Cluster Name     #Broker Name            #BID  #Addr                  #Version                ' +
        '#InTPS(LOAD)       #OutTPS(LOAD) #PCWait(ms) #Hour #SPACE',
    );
    expect(run.out[1]).toMatch(
      line(
        '^DefaultCluster {4}broker-a {16}0 {5}127\\.0\\.0\\.1:10911 {8}V4_6_0 {10}',
        ' +0\\.00\\(0,0ms\\) +0\\.00\\(0,0ms\\) +0 \\d+\\.\\d\\d 0\\.\\d{4}$',
      ),
    );
    expect(run.out[2]).toMatch(
      /^DefaultCluster {4}broker-b {16}0 {5}127\.0\.0\.1:1 +0\.00\(,ms\) +0\.00\(,ms\) +0\.00 0\.0000$/,
    );
    const more = await admin.run('clusterList', '-m');
    expect(more.out.slice(0, 2)).toEqual([
      `#Cluster Name     #Broker Name${' '.repeat(23)}#InTotalYest  #OutTotalYest  #InTotalToday #OutTotalToday`,
      `DefaultCluster    broker-a${' '.repeat(24)} ${['0', '0', '0', '0'].map((text) => text.padStart(14)).join(' ')}`,
    ]);
    const json = await admin.run('clusterList', '--json');
    expect(JSON.parse(json.out[0] ?? '')).toMatchObject([
      { cluster: 'DefaultCluster', brokerName: 'broker-a', brokerId: 0, address: BROKER, version: 'V4_6_0', inTps: 0 },
      { brokerName: 'broker-b', address: DEAD_ADDR },
    ]);
  });

  it('is listed again after each interval', async () => {
    const admin = await AdminFixture.start();
    const rounds = admin.rounds('clusterList', '-i', '3', '--json');
    for (let round = 0; round < 3; round++) expect(await rounds.next()).toHaveLength(1);
    expect(rounds.elapsedMs()).toBeGreaterThanOrEqual(6000);
  });

  it('is timed by sends to every broker', async () => {
    const admin = await AdminFixture.start();
    const rounds = admin.rounds('clusterRT', '-a', '4', '-s', '64', '-i', '1');
    const [head, row] = await rounds.next();
    expect(head).toBe(`#Cluster Name${' '.repeat(13)}#Broker Name${' '.repeat(14)}#RT   #successCount  #failCount`);
    expect(row).toMatch(/^DefaultCluster {12}broker-a {18}\d+\.\d\d +4 {17}0 {15}$/);
    expect(await rounds.next()).toHaveLength(1);
    const asLog = admin.rounds('clusterRT', '-a', '1', '-s', '1', '-p', 'true', '-m', 'here');
    expect((await asLog.next())[0]).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\|here\|DefaultCluster\|broker-a\|0$/);
    expect((await admin.run('clusterRT', '-s', '999999999')).err).toEqual(['mqadmin clusterRT: size is 1 to 4194304']);
  });

  it('is not timed at a broker that takes no messages of the topic with its name', async () => {
    const admin = await AdminFixture.start();
    await admin.registerDeadBroker();
    const rows = async (): Promise<unknown> => {
      const rounds = admin.rounds('clusterRT', '-a', '2', '-s', '1');
      const [, own] = await rounds.next();
      return [own, ...(await rounds.next())].map((row) => row?.split(/ +/).filter((_, at) => at === 1 || at > 2));
    };
    expect(await rows()).toEqual([
      ['broker-a', '2', '0', ''],
      ['broker-b', '0', '2', ''],
    ]);
    await admin.lines('updateTopic', '-b', BROKER, '-t', 'broker-b');
    await admin.lines('updateTopic', '-b', BROKER, '-t', 'broker-a', '-p', '4');
    expect(await rows()).toEqual([
      ['broker-a', '0', '2', ''],
      ['broker-b', '0', '2', ''],
    ]);
  });

  it('has figures for every topic', async () => {
    const admin = await AdminFixture.start();
    await consumed(admin);
    const lines = await admin.lines('statsAll', '-t', 'T');
    expect(lines[0]).toBe(
      `#Topic${' '.repeat(28)}#Consumer Group${' '.repeat(18)}` +
        '#Accumulation      #InTPS     #OutTPS   #InMsg24Hour  #OutMsg24Hour',
    );
    expect(lines.slice(1)).toHaveLength(1);
    expect(lines[1]).toMatch(/^T {33}g {32} +1 +\d+\.\d\d +\d+\.\d\d +\d+ +\d+$/);
    await admin.lines('updateTopic', '-b', BROKER, '-t', '%DLQ%g');
    const all = (await admin.json('statsAll')) as { topic: string; groups: unknown[] }[];
    expect(all.filter(({ topic }) => topic.startsWith('%'))).toEqual([]);
    expect(all.find(({ topic }) => topic === 'T')?.groups).toMatchObject([{ group: 'g', accumulation: 1 }]);
    const self = (await admin.lines('statsAll', '-t', 'SELF_TEST_TOPIC'))[1];
    expect(self).toMatch(/^SELF_TEST_TOPIC {51} +0 +0\.00 {12} +0 +NO_CONSUMER$/);
    expect(await admin.lines('statsAll', '-t', 'SELF_TEST_TOPIC', '-a')).toHaveLength(1);
  });

  it('is watched: what connected groups have not read', async () => {
    const admin = await AdminFixture.start();
    await consumed(admin);
    const rounds = admin.rounds('startMonitoring');
    expect(await rounds.next()).toEqual([
      '[MONITOR] =========================================beginRound',
      '[MONITOR] reportUndoneMsgs: UndoneMsgs [consumerGroup=g, topic=T, undoneMsgsTotal=1, ' +
        'undoneMsgsSingleMQ=1, undoneMsgsDelayTimeMills=0]',
      '[MONITOR] =========================================endRound',
    ]);
    const event = JSON.stringify({
      consumerGroup: 'g',
      messageQueue: { topic: 'T', brokerName: 'broker-a', queueId: 0 },
      offsetRequest: 7,
      offsetNew: 3,
    });
    const { cluster } = admin;
    const message = { topic: 'OFFSET_MOVED_EVENT', queueId: 0, body: Buffer.from(event), bornTimestamp: 5 };
    await cluster.done(cluster.client.send(BROKER, message));
    expect(await rounds.next()).toContainEqual(
      expect.stringMatching(
        line(
          '^\\[MONITOR\\] reportDeleteMsgsEvent: DeleteMsgsEvent \\[consumerGroup=g, topic=T, brokerName=broker-a, ',
          'queueId=0, offsetRequest=7, offsetNew=3, eventTimestamp=\\d+\\]$',
        ),
      ),
    );
    expect(await rounds.next()).not.toContainEqual(expect.stringContaining('DeleteMsgsEvent'));
  });
});

describe('accounts', () => {
  it.each([
    ['updateAclConfig', '-b', BROKER, '-a', 'key', '-s', 'secret', '-m', 'true'],
    ['deleteAccessConfig', '-c', 'DefaultCluster', '-a', 'key'],
    ['updateGlobalWhiteAddr', '-b', BROKER, '-g', '10.0.0.1'],
    ['clusterAclConfigVersion', '-b', BROKER],
    ['getAccessConfigSubCommand', '-c', 'DefaultCluster'],
  ])('%s tells what a broker without accounts answers', async (...words) => {
    const admin = await AdminFixture.start();
    const { exitCode, err, out } = await admin.run(...words);
    expect([exitCode, err.length, out]).toEqual([1, 1, []]);
    expect(err[0]).toMatch(new RegExp(`^mqadmin ${words[0]}: CODE: (3|209|210|211) {2}DESC: .* from ${BROKER}\\)$`));
  });

  it('show versions and accounts of brokers that have them, without the secrets', async () => {
    const broker = await RemotingFixture.start({
      handlers: {
        GET_BROKER_CLUSTER_ACL_INFO: () => ({ code: 'SUCCESS', header: VERSION }),
        GET_BROKER_CLUSTER_ACL_CONFIG: () => ({ code: 'SUCCESS', body: encodeBody(aclConfig, ACCOUNTS) }),
      },
    });
    const options = { brokerAddr: BROKER, clusterName: undefined };
    const call = { admin: new AdminClient(broker.mqClient(NAMESRV)), options, clock: broker.clock, fs: new MemFs() };
    const versions = await broker.done(clusterAclConfigVersion(call));
    expect(versions.lines).toEqual([
      expect.stringMatching(/^DefaultCluster {4}broker-a {16}b:1 {21}7 {21}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {3}$/),
      "get broker's plain access config version success.",
    ]);
    const accounts = await broker.done(getAccessConfigSubCommand(call));
    expect(accounts.lines.slice(0, 7)).toEqual([
      '',
      'globalWhiteRemoteAddresses: [10.0.0.1]',
      '',
      'accounts:',
      '  accessKey         : key',
      '  whiteRemoteAddress: ',
      '  admin             : true',
    ]);
    expect(JSON.stringify([accounts.lines, [...(accounts.json as Map<string, unknown>)]])).not.toContain('12345678');
  });
});

const VERSION = {
  clusterName: 'DefaultCluster',
  brokerName: 'broker-a',
  brokerAddr: 'b:1',
  version: '{"counter":7,"timestamp":1600000000000}',
};
const ACCOUNTS = {
  globalWhiteAddrs: ['10.0.0.1'],
  plainAccessConfigs: [
    {
      accessKey: 'key',
      secretKey: '12345678',
      admin: true,
      topicPerms: ['A=PUB'],
      groupPerms: [],
      defaultGroupPerm: undefined,
      defaultTopicPerm: undefined,
      whiteRemoteAddress: undefined,
    },
  ],
};

describe('name servers', () => {
  it('take and lose values', async () => {
    const admin = await AdminFixture.start();
    const at = ['-s', 'N', '-k', 'k'];
    expect(await admin.lines('updateKvConfig', ...at, '-v', 'v')).toEqual([
      'create or update kv config to namespace success.',
    ]);
    expect(admin.cluster.namesrv.fs.readFile('/home/test/namesrv/kvConfig.json', 999)?.toString()).toContain('"k":"v"');
    expect(await admin.lines('deleteKvConfig', ...at)).toEqual(['delete kv config from namespace success.']);
    expect(admin.cluster.namesrv.fs.readFile('/home/test/namesrv/kvConfig.json', 999)?.toString()).not.toContain('"k"');
  });

  it('tell and change their settings', async () => {
    const admin = await AdminFixture.start();
    const lines = await admin.lines('getNamesrvConfig');
    expect(lines[0]).toBe(`============${NAMESRV}============`);
    expect(lines).toContain(`${'clusterTest'.padEnd(50)}=  false`);
    expect(lines).not.toContain('');
    expect(await admin.lines('updateNamesrvConfig', '-k', 'orderMessageEnable', '-v', 'true')).toEqual([
      `update name server config success![${NAMESRV}]`,
      'orderMessageEnable : true',
    ]);
    expect(await admin.json('getNamesrvConfig')).toMatchObject({ [NAMESRV]: { orderMessageEnable: 'true' } });
    const both = await admin.run(
      'updateNamesrvConfig',
      '-k',
      'orderMessageEnable',
      '-v',
      'false',
      '-n',
      `${DEAD_ADDR};${NAMESRV}`,
    );
    expect([both.exitCode, both.out[0]]).toEqual([1, `update name server config success![${NAMESRV}]`]);
  });

  it('take the write permission of a broker away', async () => {
    const admin = await AdminFixture.start();
    const words = ['-b', 'broker-a', '-n', `${NAMESRV};${DEAD_ADDR}`];
    const run = await admin.run('wipeWritePerm', ...words);
    expect(run.out[0]).toMatch(
      /^wipe write perm of broker\[broker-a\] in name server\[127\.0\.0\.1:9876\] OK, [1-9]\d*$/,
    );
    expect(run.out[1]).toBe(`wipe write perm of broker[broker-a] in name server[${DEAD_ADDR}] Failed`);
    expect([run.exitCode, run.err]).toEqual([1, [`mqadmin wipeWritePerm: connect to <${DEAD_ADDR}> failed`]]);
    expect(await admin.json('topicRoute', '-t', 'TBW102')).toMatchObject({ queueDatas: [{ perm: 5 }] });
  });
});

/** Three messages in queue 0 of T, of which g, with one member, has read two. */
async function consumed(admin: AdminFixture): Promise<void> {
  const { cluster } = admin;
  const { client } = cluster;
  await admin.lines('updateTopic', '-b', BROKER, '-t', 'T', '-r', '1', '-w', '1');
  await admin.lines('updateSubGroup', '-b', BROKER, '-g', 'g');
  const member = {
    groupName: 'g',
    consumeType: 'CONSUME_PASSIVELY',
    messageModel: 'CLUSTERING',
    consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
    subscriptionDataSet: [],
    unitMode: false,
  } as const;
  await cluster.done(client.heartbeat(BROKER, { clientID: 'me', producerDataSet: [], consumerDataSet: [member] }));
  for (let n = 0; n < 3; n++) {
    await cluster.done(client.send(BROKER, { topic: 'T', queueId: 0, body: Buffer.from('x'), bornTimestamp: 5 }));
  }
  const offset = { consumerGroup: 'g', topic: 'T', queueId: 0, commitOffset: 2 };
  await cluster.done(client.askHeader(BROKER, 'UPDATE_CONSUMER_OFFSET', offset));
}

/** A pattern in pieces. */
function line(...pieces: readonly string[]): RegExp {
  return new RegExp(pieces.join(''));
}
