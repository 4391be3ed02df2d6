import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AdminFixture, type AdminRun } from '../../testing/admin-fixture.ts';
import { sendFields } from '../../testing/requests.ts';
import { settle, type TestClient } from '../../testing/test-client.ts';

const TOPIC = 'SELF_TEST_TOPIC';
const GROUP = 'g';
const MOST_ROUNDS = 400;

/** Five messages in queue 0; the group has read two of them, a client is its member and a producer of `pg`. */
async function joined(options: { online?: boolean } = {}): Promise<{ admin: AdminFixture; member: TestClient }> {
  const admin = await AdminFixture.start();
  const { broker } = admin.cluster;
  const member = await broker.client();
  for (let index = 0; index < 5; index++) {
    await member.ask(10, sendFields({ topic: TOPIC, producerGroup: 'pg' }), { body: `body ${index}` });
  }
  const subscription = { topic: TOPIC, subString: '*', tagsSet: [], codeSet: [], subVersion: 1 };
  await member.ask(34, {}, { body: beat('192.0.2.7@c', subscription) });
  await member.ask(15, { consumerGroup: GROUP, topic: TOPIC, queueId: 0, commitOffset: 2 });
  if (options.online === false) {
    await member.ask(35, { clientID: '192.0.2.7@c', consumerGroup: GROUP, producerGroup: 'pg' });
  }
  await broker.settle();
  return { admin, member };
}

function beat(clientID: string, subscription: object): string {
  const consumer = {
    groupName: GROUP,
    consumeType: 'CONSUME_PASSIVELY',
    messageModel: 'CLUSTERING',
    consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
    subscriptionDataSet: [subscription],
    unitMode: false,
  };
  return JSON.stringify({ clientID, consumerDataSet: [consumer], producerDataSet: [{ groupName: 'pg' }] });
}

/** Answers the broker's requests with `code` in the name of the member while a command runs. */
async function answering(
  { admin, member }: { admin: AdminFixture; member: TestClient },
  answers: Readonly<Record<number, object>>,
  words: readonly string[],
): Promise<AdminRun> {
  const state = { isDone: false };
  const running = admin.run(...words).finally(() => {
    state.isDone = true;
  });
  for (const [code, body] of Object.entries(answers)) {
    for (let round = 0; round < MOST_ROUNDS && !state.isDone; round++) {
      if (member.pushed.some((line) => line.startsWith(`${code} `))) {
        await member.answer(Number(code), { body: Buffer.from(JSON.stringify(body)) });
        break;
      }
      await settle(admin.cluster.broker.clock, 1);
    }
  }
  return running;
}

const info = {
  jstack: 'main TID: 1 STATE: RUNNABLE\n',
  mqTable: {},
  properties: {
    PROP_CONSUME_TYPE: 'CONSUME_PASSIVELY',
    PROP_CONSUMEORDERLY: 'false',
    pullBatchSize: 32,
    PROP_CONSUMER_START_TIMESTAMP: '0',
  },
  statusTable: { [TOPIC]: { pullRT: 1.234, pullTPS: 2, consumeRT: 3, consumeOKTPS: 4.5, consumeFailedTPS: 0 } },
  subscriptionSet: [{ topic: TOPIC, subString: '*', classFilterMode: false }],
};

describe('who is connected', () => {
  it('producers of a group, or why there are none', async () => {
    const { admin } = await joined();
    expect(await admin.lines('producerConnection', '-g', 'pg', '-t', TOPIC)).toEqual([
      expect.stringMatching(/^0001 {2}192\.0\.2\.7@c {22}\S+ +JAVA {5}V4_6_0$/),
    ]);
    const none = await admin.run('producerConnection', '-g', 'nobody', '-t', TOPIC);
    expect(none.err).toEqual([
      expect.stringMatching(/^mqadmin producerConnection: CODE: 1 {2}DESC: the producer group\[nobody\] not exist/),
    ]);
  });

  it('consumers of a group with what they read', async () => {
    const { admin } = await joined();
    const lines = await admin.lines('consumerConnection', '-g', GROUP);
    expect(lines).toEqual([
      expect.stringMatching(/^001 {2}192\.0\.2\.7@c {22}\S+ +JAVA {5}V4_6_0$/),
      '',
      `Below is subscription:001  Topic: ${TOPIC.padEnd(40)} SubExpression: *`,
      'ConsumeType: CONSUME_PASSIVELY',
      'MessageModel: CLUSTERING',
      'ConsumeFromWhere: CONSUME_FROM_FIRST_OFFSET',
    ]);
    const offline = await admin.run('consumerConnection', '-g', 'nobody');
    expect([offline.exitCode, offline.err.length]).toEqual([1, 1]);
  });
});

describe('consumerProgress', () => {
  it('of one group', async () => {
    const { admin } = await joined();
    const lines = await admin.lines('consumerProgress', '-g', GROUP);
    expect(lines[0]).toBe(
      '#Topic                            #Broker Name                      #QID  #Broker Offset        ' +
        '#Consumer Offset      #Client IP           #Diff                 #LastTime',
    );
    const row = lines.find((line) => line.startsWith(TOPIC));
    expect(row?.split(/ {2,}/).slice(0, 7)).toEqual([TOPIC, 'broker-a', '0', '5', '2', 'N/A', '3']);
    expect(lines.slice(-3)).toEqual(['', 'Consume TPS: 0.00', 'Diff Total: 3']);
  });

  it('with the client that holds each queue', async () => {
    const cluster = await joined();
    const held = `{"mqTable":{{"brokerName":"broker-a","queueId":0,"topic":"${TOPIC}"}:{}}}`;
    const state = { isDone: false };
    const running = cluster.admin.run('consumerProgress', '-g', GROUP, '-s', 'true').finally(() => {
      state.isDone = true;
    });
    for (let round = 0; round < MOST_ROUNDS && !state.isDone; round++) {
      if (cluster.member.pushed.some((line) => line.startsWith('307 '))) break;
      await settle(cluster.admin.cluster.broker.clock, 1);
    }
    await cluster.member.answer(307, { body: Buffer.from(held) });
    const row = (await running).out.find((line) => line.startsWith(TOPIC));
    expect(row).toContain(' 192.0.2.7 ');
  });

  it('of all groups: members or offline', async () => {
    const { admin } = await joined();
    const online = await admin.lines('consumerProgress');
    expect(online.slice(1).map((line) => line.split(/ +/))).toEqual([
      [GROUP, '1', 'V4_6_0', 'PUSH', 'CLUSTERING', '0', '3'],
    ]);
    const gone = await joined({ online: false });
    const offline = await gone.admin.lines('consumerProgress');
    expect(offline.slice(1).map((line) => line.split(/ +/))).toEqual([[GROUP, '0', 'OFFLINE', '0', '3']]);
  });
});

describe('consumerStatus', () => {
  it('prints what one member says', async () => {
    const cluster = await joined();
    const { exitCode, out } = await answering(cluster, { 307: info }, [
      ...['consumerStatus', '-g', GROUP, '-i', '192.0.2.7@c', '-s'],
    ]);
    expect(exitCode).toBe(0);
    expect(out).toContain('pullBatchSize                           : 32');
    expect(out).toContain(`001 Topic: ${TOPIC.padEnd(40)} ClassFilter: false    SubExpression: *`);
    expect(out).toContain(
      `${TOPIC.padEnd(32)}            1.23           2.00           3.00           4.50               0.00` +
        '                         0',
    );
    expect(out.slice(-3)).toEqual(['#Consumer jstack#', 'main TID: 1 STATE: RUNNABLE', '']);
  });

  it('puts a file for each member below the working directory, whatever its id is', async () => {
    const cluster = await joined();
    const { clock, fs } = cluster.admin.cluster.broker;
    await cluster.member.ask(35, { clientID: '192.0.2.7@c', consumerGroup: GROUP });
    const subscription = { topic: TOPIC, subString: '*', tagsSet: [], codeSet: [], subVersion: 1 };
    await cluster.member.ask(34, {}, { body: beat('../../etc/x', subscription) });
    cluster.member.frames.received.length = 0;
    const nowMs = clock.now();
    const { exitCode, out } = await answering(cluster, { 307: info }, ['consumerStatus', '-g', GROUP]);
    expect(exitCode).toBe(0);
    const [, path = ''] = /(\d+\/\S+)$/.exec(out[0] ?? '') ?? [];
    expect(path).toMatch(/^\d+\/_+.*etc_x$/);
    expect(path.split('/')).toHaveLength(2);
    expect(fs.readFile(resolve(path), 10_000)?.toString()).toContain('#Consumer Properties#');
    expect(Number(path.split('/')[0])).toBeGreaterThanOrEqual(nowMs);
    expect(out.slice(1)).toEqual(['', '', 'Same subscription in the same group of consumer', '', 'Rebalance OK']);
  });
});

describe('a message pushed to a member', () => {
  const result = { order: false, autoCommit: true, consumeResult: 'CR_SUCCESS', spentTimeMills: 7 };
  const words = ['queryMsgById', '-i', '7F00000100002A9F0000000000000000', '-g', GROUP, '-d', '192.0.2.7@c'];

  it('is told with its result', async () => {
    const done = await answering(await joined(), { 307: info, 309: result }, words);
    expect(done).toMatchObject({
      exitCode: 0,
      out: [
        'ConsumeMessageDirectlyResult [order=false, autoCommit=true, consumeResult=CR_SUCCESS, remark=null, ' +
          'spentTimeMills=7]',
      ],
    });
  });

  it('fails when it was not consumed, or the member is none that is pushed to', async () => {
    const later = await answering(await joined(), { 307: info, 309: { ...result, consumeResult: 'CR_LATER' } }, words);
    expect([later.exitCode, later.err]).toEqual([1, ['mqadmin queryMsgById: not consumed: CR_LATER']]);
    const pull = { ...info, properties: { PROP_CONSUME_TYPE: 'CONSUME_ACTIVELY' } };
    const refused = await answering(await joined(), { 307: pull }, words);
    expect(refused.err).toEqual([
      'mqadmin queryMsgById: this 192.0.2.7@c client is not push consumer ,not support direct push',
    ]);
  });
});

describe('who has consumed a message', () => {
  it.each([
    [1, 'CONSUMED'],
    [2, 'NOT_CONSUME_YET'],
  ])('offset %i: %s', async (offset, trackType) => {
    const { admin } = await joined();
    const words = ['queryMsgByOffset', '-t', TOPIC, '-b', 'broker-a', '-i', '0', '-o', String(offset)];
    expect((await admin.lines(...words)).at(-1)).toBe(
      `MessageTrack [consumerGroup=${GROUP}, trackType=${trackType}, exceptionDesc=null]`,
    );
  });

  it('a group without members is not online', async () => {
    const { admin } = await joined({ online: false });
    const words = ['queryMsgByOffset', '-t', TOPIC, '-b', 'broker-a', '-i', '0', '-o', '0'];
    expect((await admin.lines(...words)).at(-1)).toBe(
      `MessageTrack [consumerGroup=${GROUP}, trackType=NOT_ONLINE, exceptionDesc=CODE:206 DESC:the consumer ` +
        `group[${GROUP}] not online]`,
    );
  });
});

describe('offsets of groups', () => {
  it('cloneGroupOffset copies where the source goes on, not the end of the queue', async () => {
    const { admin, member } = await joined();
    expect(await admin.lines('cloneGroupOffset', '-s', GROUP, '-d', 'copy', '-t', TOPIC)).toEqual([
      `clone group offset success. srcGroup[${GROUP}], destGroup=[copy], topic[${TOPIC}]`,
    ]);
    const copied = await member.ask(14, { consumerGroup: 'copy', topic: TOPIC, queueId: 0 });
    expect(copied.ext).toEqual({ offset: '2' });
    expect((await admin.run('cloneGroupOffset', '-s', GROUP, '-d', 'copy', '-t', 'TBW102')).err).toEqual([
      `mqadmin cloneGroupOffset: group ${GROUP} has no offsets of topic TBW102`,
    ]);
  });

  it('resetOffsetByTime through the members', async () => {
    const { admin, member } = await joined();
    const lines = await admin.lines('resetOffsetByTime', '-g', GROUP, '-t', TOPIC, '-s', '0');
    expect(lines).toEqual([
      `rollback consumer offset by specified group[${GROUP}], topic[${TOPIC}], force[true], timestamp(string)[0], ` +
        'timestamp(long)[0]',
      `${'#brokerName'.padEnd(40)}  ${'#queueId'.padEnd(40)}  ${'#offset'.padEnd(40)}`,
      `${'broker-a'.padEnd(40)}  ${'0'.padEnd(40)}  ${'0'.padEnd(40)}`,
    ]);
    expect(member.pushed.some((line) => line.startsWith('220 '))).toBe(true);
  });

  it('resetOffsetByTime of a group without members, with and without force', async () => {
    const { admin, member } = await joined({ online: false });
    const kept = await admin.lines('resetOffsetByTime', '-g', GROUP, '-t', TOPIC, '-s', '-1', '-f', 'false');
    expect(kept[0]).toContain(`consumerGroup[${GROUP}], topic[${TOPIC}], force[false], timestamp(string)[-1]`);
    expect(kept[2]?.trim().split(/ +/)).toEqual(['broker-a', '0', '5', '2', '5', '2']);
    const moved = await admin.lines('resetOffsetByTime', '-g', GROUP, '-t', TOPIC, '-s', '-1');
    expect(moved[2]?.trim().split(/ +/)).toEqual(['broker-a', '0', '5', '2', '5', '5']);
    const offset = await member.ask(14, { consumerGroup: GROUP, topic: TOPIC, queueId: 0 });
    expect(offset.ext).toEqual({ offset: '5' });
  });

  it('resetOffsetByTime of a group that has never read is refused by the broker', async () => {
    const { admin } = await joined();
    expect((await admin.run('resetOffsetByTime', '-g', 'never', '-t', TOPIC, '-s', '0')).err).toEqual([
      'mqadmin resetOffsetByTime: CODE: 1  DESC: THe consumer group <never> not exist ' +
        '(SYSTEM_ERROR from 127.0.0.1:10911)',
    ]);
  });

  it('resetOffsetByTime refuses a text that is no time, and members in C++', async () => {
    const { admin } = await joined();
    const words = ['resetOffsetByTime', '-g', GROUP, '-t', TOPIC];
    expect((await admin.run(...words, '-s', 'soon')).err).toEqual([
      'mqadmin resetOffsetByTime: -s soon: a time is ms, or yyyy-MM-dd#HH:mm:ss:SSS',
    ]);
    expect((await admin.run(...words, '-s', 'now', '-c')).exitCode).toBe(1);
  });
});
