import { expect, it } from 'vitest';
import { BrokerFixture, topicOf, topicsFile } from '../../../testing/broker-fixture.ts';
import { pullFields, sendFields } from '../../../testing/requests.ts';

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
  expect(await ask('BROKER_PUT_NUMS', 'DefaultCluster')).toMatchObject(minute);
  expect(await ask('TOPIC_PUT_SIZE', 'T')).toMatchObject({ statsMinute: { sum: 1150, avgpt: 115 } });
  expect(await ask('GROUP_GET_NUMS', 'T@consumers')).toMatchObject({ statsMinute: { sum: 10 + 15, avgpt: 12.5 } });
  await client.ask(15, { consumerGroup: 'consumers', topic: 'T', queueId: 0, commitOffset: 1 });
  const { body } = await client.ask(208, { consumerGroup: 'consumers' });
  expect(body.toString()).toContain('"consumeTps":1.25');
  await broker.stop();
});
