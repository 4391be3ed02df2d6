import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { AdminFixture } from '../../testing/admin-fixture.ts';
import { sendFields } from '../../testing/requests.ts';

const TOPIC = 'SELF_TEST_TOPIC';
const BROKER = '127.0.0.1:10911';

/** Three messages in queue 0: tags A, B, A; keys k0, k1, k2. */
async function filled(): Promise<{ admin: AdminFixture; ids: string[] }> {
  const admin = await AdminFixture.start();
  const ids: string[] = [];
  for (const [index, tag] of ['A', 'B', 'A'].entries()) {
    const where = ['-t', TOPIC, '-b', 'broker-a', '-i', '0'];
    const words = ['sendMessage', ...where, '-p', `body ${index}`, '-k', `k${index}`, '-c', tag];
    const { msgId } = (await admin.json(...words)) as { msgId: string };
    ids.push(msgId);
  }
  return { admin, ids };
}

describe('sendMessage', () => {
  it('names the queue and the id, which finds the message again', async () => {
    const { admin, ids } = await filled();
    const lines = await admin.lines('sendMessage', '-t', TOPIC, '-p', 'x', '-b', 'broker-a', '-i', '0');
    expect(lines[0]).toBe('#Broker Name                      #QID  #Send Result            #MsgId');
    expect(lines[1]).toMatch(/^broker-a {26}0 {5}SEND_OK {17}[0-9A-F]{32}$/);
    expect(new Set(ids).size).toBe(3);
    const found = await admin.lines('queryMsgByUniqueKey', '-t', TOPIC, '-i', ids[1] ?? '');
    expect(found).toContain('Keys:                [k1]');
    expect(found[0]).toMatch(/^Topic:/);
  });

  it('wants a broker for a queue, and one that has the topic', async () => {
    const admin = await AdminFixture.start();
    expect((await admin.run('sendMessage', '-t', TOPIC, '-p', 'x', '-i', '0')).err).toEqual([
      'mqadmin sendMessage: -i needs the broker name too: give -b',
    ]);
    expect((await admin.run('sendMessage', '-t', TOPIC, '-p', 'x', '-b', 'nobody', '-i', '0')).err).toEqual([
      `mqadmin sendMessage: topic ${TOPIC} is not on a broker nobody`,
    ]);
  });

  it('makes a topic like the template', async () => {
    const admin = await AdminFixture.start();
    const sent = await admin.json('sendMessage', '-t', 'NewTopic', '-p', 'x');
    expect(sent).toMatchObject({ sendStatus: 'SEND_OK', topic: 'NewTopic', queueId: 0, queueOffset: 0 });
  });
});

describe('finding messages', () => {
  it('by key: those that have just this key', async () => {
    const { admin, ids } = await filled();
    expect(await admin.lines('queryMsgByKey', '-t', TOPIC, '-k', 'k2')).toEqual([
      `#Message ID${' '.repeat(40)}#QID${' '.repeat(34)}#Offset`,
      `${ids[2]?.padEnd(50)}    0${' '.repeat(40)}2`,
    ]);
    const none = await admin.run('queryMsgByKey', '-t', TOPIC, '-k', 'k');
    expect([none.exitCode, none.out]).toEqual([1, []]);
    expect(none.err[0]).toMatch(/CODE: 208 {2}DESC: query message by key finished, but no message\./);
  });

  it('by offset and by id: everything about it, the body in a file, who has consumed it', async () => {
    const { admin, ids } = await filled();
    const lines = await admin.lines('queryMsgByOffset', '-t', TOPIC, '-b', 'broker-a', '-i', '0', '-o', '1');
    const body = `/tmp/rocketmq/msgbodys/${ids[1]}`;
    expect(lines.slice(0, 8)).toEqual([
      expect.stringMatching(/^OffsetID: {12}7F00000100002A9F[0-9A-F]{16}$/),
      `Topic:               ${TOPIC}`,
      'Tags:                [B]',
      'Keys:                [k1]',
      'Queue ID:            0',
      'Queue Offset:        1',
      expect.stringMatching(/^CommitLog Offset: {4}\d+$/),
      'Reconsume Times:     0',
    ]);
    expect(lines.slice(-5)).toEqual([
      expect.stringMatching(/^Properties: {10}\{MIN_OFFSET=0, MAX_OFFSET=3, KEYS=k1, UNIQ_KEY=\w+, .*TAGS=B\}$/),
      `Message Body Path:   ${body}`,
      '',
      '',
      'WARN: No Consumer',
    ]);
    expect(admin.cluster.broker.fs.readFile(body, 100)?.toString()).toBe('body 1');
    const offsetId = lines[0]?.slice(21) ?? '';
    const byId = await admin.lines('queryMsgById', '-i', ` ${offsetId}, ${offsetId}`);
    expect(byId.filter((line) => line === 'Keys:                [k1]')).toHaveLength(2);
    const end = await admin.run('queryMsgByOffset', '-t', TOPIC, '-b', 'broker-a', '-i', '0', '-o', '3');
    expect(end.err).toEqual(['mqadmin queryMsgByOffset: no message at offset 3: NO_NEW_MSG']);
  });

  it('by id: refuses what is none, tells what the broker says, sends again', async () => {
    const { admin } = await filled();
    expect((await admin.run('queryMsgById', '-i', 'xyz')).err).toEqual([
      'mqadmin queryMsgById: -i xyz: an offset id has 32 or 56 hexadecimal digits',
    ]);
    const far = await admin.run('queryMsgById', '-i', '7F00000100002A9F0000000000FFFFFF');
    expect([far.exitCode, far.err[0]]).toEqual([1, expect.stringContaining('CODE: 1')]);
    const [line = ''] = await admin.lines('queryMsgById', '-i', '7F00000100002A9F0000000000000000', '-s', 'true');
    expect(line).toMatch(
      /^prepare resend msg\. originalMsgId=7F\w+SendResult \[sendStatus=SEND_OK, msgId=\w{32}, offsetMsgId=\w{32}, /,
    );
    expect(line).toMatch(
      /messageQueue=MessageQueue \[topic=SELF_TEST_TOPIC, brokerName=broker-a, queueId=0\], queueOff/,
    );
    const copies = (await admin.json('queryMsgByKey', '-t', TOPIC, '-k', 'k0')) as { properties: object }[];
    expect(copies).toHaveLength(2);
    expect(copies[1]?.properties).toEqual(copies[0]?.properties);
  });

  it('by an id that would be a path: the offset id names the file', async () => {
    const admin = await AdminFixture.start();
    const client = await admin.cluster.broker.client();
    const properties = 'UNIQ_KEY\u0001../../../etc/x\u0002';
    await client.ask(10, sendFields({ topic: TOPIC, properties }), { body: 'evil' });
    const lines = await admin.lines('queryMsgByOffset', '-t', TOPIC, '-b', 'broker-a', '-i', '0', '-o', '0');
    expect(lines.find((line) => line.startsWith('Message Body Path'))).toMatch(/msgbodys\/7F[0-9A-F]{30}$/);
  });
});

describe('printing queues', () => {
  it('printMsg: all queues, tags, bodies or none', async () => {
    const { admin, ids } = await filled();
    const all = await admin.lines('printMsg', '-t', TOPIC, '-s', 'A || C');
    expect(all).toHaveLength(2);
    expect(all[0]).toMatch(
      /^minOffset=0, maxOffset=3, MessageQueue \[topic=SELF_TEST_TOPIC, brokerName=broker-a, queueId=0\]MSG/,
    );
    expect(all[1]).toMatch(
      new RegExp(`^MSGID: ${ids[2]} MessageExt \\[queueId=0, storeSize=\\d+, queueOffset=2, sysFlag=0, `),
    );
    expect(all[1]).toMatch(/, body=\[98, 111, 100, 121, 32, 50\], transactionId='null'\}\] BODY: body 2$/);
    const none = await admin.lines('printMsg', '-t', TOPIC, '-d', 'false');
    expect(none[0]).toMatch(/BODY: NOT PRINT BODY$/);
    expect(await admin.lines('printMsg', '-t', TOPIC, '-s', 'Z')).toEqual([
      expect.stringMatching(/queueId=0\]MessageQueue .* no matched msg\. status=NO_MATCHED_MSG, offset=3$/),
    ]);
  });

  it('printMsg: a range of time, and texts that are no time or charset', async () => {
    const { admin } = await filled();
    const now = admin.cluster.broker.clock.now();
    const [line] = await admin.lines('printMsg', '-t', TOPIC, '-b', String(now - 60_000), '-e', String(now - 50_000));
    expect(line).toMatch(/^minOffset=0, maxOffset=0, /);
    expect((await admin.run('printMsg', '-t', TOPIC, '-b', 'yesterday')).err).toEqual([
      'mqadmin printMsg: -b yesterday: a time is ms, or yyyy-MM-dd#HH:mm:ss:SSS',
    ]);
    expect((await admin.run('printMsg', '-t', TOPIC, '-c', 'klingon')).err).toEqual([
      'mqadmin printMsg: -c klingon: no such charset',
    ]);
  });

  it('printMsgByQueue: counts by tag, and prints only when asked', async () => {
    const { admin } = await filled();
    const words = ['printMsgByQueue', '-t', TOPIC, '-a', 'broker-a', '-i', '0'];
    expect(await admin.lines(...words)).toEqual([]);
    expect(await admin.lines(...words, '-f', 'true')).toEqual([
      `Tag: ${'A'.padEnd(30)} Count: 2`,
      `Tag: ${'B'.padEnd(30)} Count: 1`,
    ]);
    const printed = await admin.lines(...words, '-p', 'true');
    expect(printed).toHaveLength(3);
    expect(printed[0]).toMatch(/BODY: NOT PRINT BODY$/);
  });

  it('shows compressed bodies as their sender had them, and damaged ones as they are', async () => {
    const admin = await AdminFixture.start();
    const client = await admin.cluster.broker.client();
    await client.ask(10, sendFields({ topic: TOPIC, sysFlag: 1 }), { body: deflateSync('long text') });
    await client.ask(10, sendFields({ topic: TOPIC, sysFlag: 1 }), { body: 'no zlib' });
    const lines = await admin.lines('printMsg', '-t', TOPIC);
    expect(lines.map((line) => line.split('BODY: ')[1])).toEqual(['long text', 'no zlib']);
  });

  it('consumeMessage: the oldest of each queue, one queue, one offset', async () => {
    const { admin } = await filled();
    const first = await admin.lines('consumeMessage', '-t', TOPIC, '-c', '2');
    expect(first.slice(0, 2)).toEqual(['The older 2 message of the 0 queue will be provided', 'Consume ok']);
    expect(first).toHaveLength(4);
    const queue = ['consumeMessage', '-t', TOPIC, '-b', 'broker-a', '-i', '0'];
    expect((await admin.lines(...queue)).length).toBe(4);
    const at = await admin.lines(...queue, '-o', '1', '-c', '1');
    expect(at).toEqual(['The oldler 1 message will be provided', 'Consume ok', expect.stringMatching(/BODY: body 1$/)]);
    expect(await admin.lines(...queue, '-o', '9')).toEqual([
      'MessageQueue [topic=SELF_TEST_TOPIC, brokerName=broker-a, queueId=0] no matched msg, offset=9',
    ]);
  });

  it.each([
    [['-i', '0'], 'Please set the brokerName before queueId!'],
    [['-o', '0'], 'Please set queueId before offset!'],
    [['-s', '99999999999999'], 'Please set the beginTimestamp before now!'],
    [['-e', '99999999999999'], 'Please set the endTimestamp before now!'],
    [['-s', '2', '-e', '1'], 'Please make sure that the beginTimestamp is less than or equal to the endTimestamp!'],
  ])('consumeMessage refuses %j', async (words, why) => {
    const { admin } = await filled();
    const refused = await admin.run('consumeMessage', '-t', TOPIC, ...words);
    expect([refused.exitCode, refused.err]).toEqual([1, [`mqadmin consumeMessage: ${why}`]]);
  });
});

describe('the rest about messages', () => {
  it('queryCq prints entries with their places', async () => {
    const { admin } = await filled();
    const lines = await admin.lines('queryCq', '-t', TOPIC, '-q', '0', '-i', '1', '-c', '1', '-b', BROKER);
    expect(lines).toEqual([
      'Queue data: ',
      'max: 3, min: 0',
      '======================================',
      'idx: 1',
      expect.stringMatching(
        /^ConsumeQueueData\{physicOffset=\d+, physicSize=\d+, tagsCode=66, extendDataJson='null', /,
      ),
      '======================================',
    ]);
    const json = await admin.json('queryCq', '-t', TOPIC, '-q', '0', '-i', '0');
    expect(json).toMatchObject({ maxQueueIndex: 3, queueData: [{ tagsCode: '65' }, { tagsCode: '66' }, {}] });
  });

  it('sendMsgStatus sends to the topic of the broker', async () => {
    const admin = await AdminFixture.start();
    const lines = await admin.lines('sendMsgStatus', '-b', 'broker-a', '-c', '2', '-s', '12');
    expect(lines).toEqual([
      expect.stringMatching(/^rt:\d+ms, SendResult=SendResult \[sendStatus=SEND_OK, .* queueOffset=1\]$/),
      expect.stringMatching(/queueOffset=2\]$/),
    ]);
  });

  it('checkMsgSendRT goes round the queues and tells the average without the first', async () => {
    const admin = await AdminFixture.start();
    const lines = await admin.lines('checkMsgSendRT', '-t', 'BenchmarkTest', '-a', '2', '-s', '10');
    expect(lines[1]).toMatch(/^broker-a {26}0 {5}true/);
    expect(lines[2]).toMatch(/^broker-a {26}1 {5}true/);
    expect(lines[3]).toMatch(/^Avg RT: \d+\.\d\d$/);
    expect((await admin.run('checkMsgSendRT', '-t', 'BenchmarkTest', '-s', '-1')).err).toEqual([
      'mqadmin checkMsgSendRT: -s -1: a body has 0 to 67108864 bytes',
    ]);
  });

  it('checkMsgSendRT says of each send that failed why', async () => {
    const admin = await AdminFixture.start();
    const { exitCode, out, err } = await admin.run('checkMsgSendRT', '-t', TOPIC, '-a', '1', '-s', '5000000');
    expect([exitCode, out[2]]).toEqual([1, 'Avg RT: NaN']);
    expect(out[1]).toMatch(/^broker-a {26}0 {5}false/);
    expect(err).toEqual([expect.stringMatching(/^mqadmin checkMsgSendRT: CODE: 13 /)]);
  });
});
