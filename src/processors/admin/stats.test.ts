import { expect, it } from 'vitest';
import { BrokerFixture, topicOf, topicsFile } from '../../../testing/broker-fixture.ts';
import { pullFields, sendFields } from '../../../testing/requests.ts';
import type { TestReply } from '../../../testing/test-client.ts';

const SAMPLE_PERIOD_MS = 10_000;

it('counts what is sent and pulled, by topic and group, as 315 and 208 tell', async () => {
  const broker = await BrokerFixture.start({ files: { 'topics.json': topicsFile(topicOf('T')) } });
  const client = await broker.client();
  const ask = async (statsName: string, statsKey: string): Promise<unknown> => {
    const { code, remark, body } = await client.ask(315, { statsName, statsKey });
    return code === 0 ? JSON.parse(body.toString()) : remark;
  };
  const work = async (): Promise<void> => {
    for (let number = 0; number < 5; number++) await client.ask(10, sendFields());
    const { code } = await client.ask(11, pullFields({ commitOffset: 0 }));
    expect(code).toBe(0);
    broker.clock.advance(SAMPLE_PERIOD_MS);
  };
  expect(await ask('TOPIC_PUT_NUMS', 'T')).toBe('The stats <TOPIC_PUT_NUMS> <T> not exist');
  await work();
  expect(await ask('TOPIC_PUT_NUMS', 'T')).toMatchObject({ statsMinute: { avgpt: 0, sum: 0, tps: null } });
  await work();
  await work();
  const minute = { statsMinute: { sum: 10, tps: 0.5, avgpt: 1 } };
  expect(await ask('TOPIC_PUT_NUMS', 'T')).toMatchObject(minute);
  // Java does not count how often.
  expect(await ask('BROKER_PUT_NUMS', 'DefaultCluster')).toMatchObject({
    statsMinute: { sum: 10, tps: 0.5, avgpt: 0 },
  });
  expect(await ask('TOPIC_PUT_SIZE', 'T')).toMatchObject({ statsMinute: { sum: 1150, avgpt: 115 } });
  expect(await ask('GROUP_GET_NUMS', 'T@consumers')).toMatchObject({ statsMinute: { sum: 10 + 15, avgpt: 12.5 } });
  await client.ask(15, { consumerGroup: 'consumers', topic: 'T', queueId: 0, commitOffset: 1 });
  const { body } = await client.ask(208, { consumerGroup: 'consumers' });
  expect(body.toString()).toContain('"consumeTps":1.25');
  await broker.stop();
});

it('counts topics of the broker as Java: sends by where they wait, reads of checks, all of it in 28', async () => {
  const settings = ({ brokerConfig }: BrokerFixture['configs']): void => {
    Object.assign(brokerConfig, { transactionTimeOut: 2000, transactionCheckInterval: 4 * SAMPLE_PERIOD_MS });
  };
  const broker = await BrokerFixture.start({ settings, files: { 'topics.json': topicsFile(topicOf('T')) } });
  const client = await broker.client();
  const send = async (properties: string): Promise<TestReply> => {
    const reply = await client.ask(10, sendFields({ properties, bornTimestamp: broker.clock.now() }));
    expect(reply.code).toBe(0);
    return reply;
  };
  const sum = async (statsName: string, statsKey: string): Promise<unknown> => {
    const { code, body } = await client.ask(315, { statsName, statsKey });
    return code === 0 ? JSON.parse(body.toString()).statsMinute.sum : undefined;
  };
  const half = 'TRAN_MSG\u0001true\u0002PGROUP\u0001p\u0002';
  for (const properties of [half, half, 'DELAY\u00012\u0002']) await send(properties);
  await broker.advance(SAMPLE_PERIOD_MS, 100);
  const { ext } = await send(half);
  for (const properties of [half, half, 'DELAY\u00012\u0002']) await send(properties);
  const place = {
    tranStateTableOffset: ext?.['queueOffset'],
    commitLogOffset: Number(`0x${ext?.['msgId']?.slice(16)}`),
  };
  const end = { ...place, producerGroup: 'p', msgId: 'U', commitOrRollback: 8, fromTransactionCheck: false };
  expect(await client.ask(37, end)).toMatchObject({ code: 0, remark: undefined });
  // The first round reads one op record and four half messages, and stores these anew.
  await broker.advance(3 * SAMPLE_PERIOD_MS + 5000, 100);
  expect(await sum('TOPIC_PUT_NUMS', 'RMQ_SYS_TRANS_HALF_TOPIC')).toBe(3);
  expect(await sum('TOPIC_PUT_NUMS', 'SCHEDULE_TOPIC_XXXX')).toBe(1);
  expect(await sum('TOPIC_PUT_NUMS', 'RMQ_SYS_TRANS_OP_HALF_TOPIC')).toBeUndefined();
  expect(await sum('TOPIC_PUT_NUMS', 'T')).toBeUndefined();
  expect(await sum('BROKER_PUT_NUMS', 'DefaultCluster')).toBe(4);
  // The second reads the four again.
  await broker.advance(5 * SAMPLE_PERIOD_MS, 100);
  expect(await sum('GROUP_GET_NUMS', 'RMQ_SYS_TRANS_HALF_TOPIC@CID_RMQ_SYS_TRANS')).toBe(4);
  expect(await sum('GROUP_GET_NUMS', 'RMQ_SYS_TRANS_OP_HALF_TOPIC@CID_RMQ_SYS_TRANS')).toBe(0);
  const figures = JSON.parse((await client.ask(28)).body.toString()).table;
  // Five halves, two delayed, two delivered, a commit with its op record, four copies in each of two rounds.
  expect(figures.msgPutTotalTodayNow).toBe(String(5 + 2 + 2 + 2 + 4 + 4));
  expect(figures.msgGetTotalTodayNow).toBe(String(1 + 4 + 4));
  await broker.stop();
});
