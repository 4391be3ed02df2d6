import { type Fields, RawClient } from '../../compat-tests/peer/raw-client.ts';
import { sendFields } from '../../compat-tests/peer/store-check.ts';
import type { SeededRandom } from '../seeded-random.ts';

/** Where the servers of a run listen. */
export interface Addresses {
  readonly namesrv: string;
  readonly main: string;
  readonly vip: string;
}

/** Topic of the visits and of the traffic; the queue from `emptyQueue` on never gets a message. */
export const visitedTopic = 'Visited';
export const visitedQueues = 4;
const emptyQueue = 3;
/** Few, because a group that was there once is kept for good, as in Java. */
const groups = 8;

/** One connection, from its opening to its end. Rejects when an answer is missing. */
export type Visit = (addresses: Addresses, random: SeededRandom, number: number) => Promise<void>;

/** Each way in which a connection comes and goes; the console's own are the first three. */
export const visits: Readonly<Record<string, Visit>> = {
  'asks the name server': ({ namesrv }) =>
    visit(namesrv, async (client) => {
      await client.request(106, {});
      await client.request(105, { topic: visitedTopic });
    }),
  'asks the VIP port': ({ vip }) =>
    visit(vip, async (client) => {
      await client.request(28, {});
      await client.request(300, { topic: visitedTopic });
      await client.request(202, { topic: visitedTopic });
    }),
  'an admin client that unregisters': ({ main }, _, number) =>
    visit(main, async (client) => {
      await heartbeat(client, number, ['CLIENT_INNER_PRODUCER'], []);
      await client.request(201, {});
      await client.request(35, { clientID: clientId(number), producerGroup: 'CLIENT_INNER_PRODUCER' });
    }),
  'a producer that only closes': ({ main }, random, number) =>
    visit(main, async (client) => {
      await heartbeat(client, number, [`visit_producers_${random.below(groups)}`], []);
      await send(client, random.below(emptyQueue), `v-${number}`);
    }),
  'a consumer that closes with a pull held and queues locked': ({ main }, random, number) =>
    visit(main, async (client) => {
      const consumerGroup = `visit_consumers_${random.below(groups)}`;
      await heartbeat(client, number, [], [consumerGroup]);
      await client.request(38, { consumerGroup });
      const mqSet = [{ topic: visitedTopic, brokerName: 'broker-a', queueId: random.below(visitedQueues) }];
      await client.request(41, {}, Buffer.from(JSON.stringify({ consumerGroup, clientId: clientId(number), mqSet })));
      void client.request(11, heldPull(consumerGroup)).catch(() => {});
      await client.request(38, { consumerGroup });
    }),
  'closes without a word': ({ main }) => visit(main, () => Promise.resolve()),
  'closes with an answer under way': ({ main }) =>
    visit(main, (client) => {
      void client.request(26, {}).catch(() => {});
      return Promise.resolve();
    }),
};

/** Traffic that goes on beside the visits: one message, and a pull of it. */
export async function oneMessage(producer: RawClient, consumer: RawClient, number: number): Promise<void> {
  const { queueId, queueOffset } = await send(producer, number % emptyQueue, `t-${number}`);
  const pulled = await consumer.request(11, {
    ...heldPull('traffic_consumers'),
    ...{ queueId, queueOffset, sysFlag: 4, maxMsgNums: 1 },
  });
  if (pulled.code !== 0) throw new Error(`pull of ${queueId} at ${queueOffset}: ${pulled.code} ${pulled.remark}`);
}

/** Makes the topic; rejects when the broker refuses it. */
export async function makeTopic(main: string): Promise<void> {
  await visit(main, async (client) => {
    const reply = await client.request(17, {
      ...{ topic: visitedTopic, defaultTopic: 'TBW102', readQueueNums: visitedQueues, writeQueueNums: visitedQueues },
      ...{ perm: 6, topicFilterType: 'SINGLE_TAG', topicSysFlag: 0, order: false },
    });
    if (reply.code !== 0) throw new Error(`${visitedTopic}: ${reply.code} ${reply.remark}`);
  });
}

async function visit(address: string, ask: (client: RawClient) => Promise<void>): Promise<void> {
  const client = await RawClient.connect(address);
  try {
    await ask(client);
  } finally {
    client.close();
  }
}

function clientId(number: number): string {
  return `10.0.0.1@visit-${number}`;
}

async function heartbeat(
  client: RawClient,
  number: number,
  producerGroups: readonly string[],
  consumerGroups: readonly string[],
): Promise<void> {
  const subscription = { topic: visitedTopic, subString: '*', subVersion: 1, tagsSet: [], codeSet: [] };
  const body = {
    clientID: clientId(number),
    producerDataSet: producerGroups.map((groupName) => ({ groupName })),
    consumerDataSet: consumerGroups.map((groupName) => ({
      ...{ groupName, consumeType: 'CONSUME_PASSIVELY', messageModel: 'CLUSTERING', unitMode: false },
      ...{ consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET' },
      subscriptionDataSet: [{ ...subscription, expressionType: 'TAG', classFilterMode: false }],
    })),
  };
  const reply = await client.request(34, {}, Buffer.from(JSON.stringify(body)));
  if (reply.code !== 0) throw new Error(`heartbeat: ${reply.code} ${reply.remark}`);
}

async function send(
  client: RawClient,
  queueId: number,
  key: string,
): Promise<{ readonly queueId: number; readonly queueOffset: number }> {
  const message = { topic: visitedTopic, queueId, flag: 0, properties: { UNIQ_KEY: key, WAIT: 'true' } };
  const reply = await client.request(310, sendFields(310, message), Buffer.alloc(100));
  if (reply.code !== 0) throw new Error(`send: ${reply.code} ${reply.remark}`);
  return { queueId, queueOffset: Number(reply.fields['queueOffset']) };
}

function heldPull(consumerGroup: string): Fields {
  return {
    ...{ consumerGroup, topic: visitedTopic, queueId: emptyQueue, queueOffset: 0, maxMsgNums: 32, sysFlag: 6 },
    ...{ commitOffset: 0, suspendTimeoutMillis: 15_000, subscription: '*', subVersion: 1, expressionType: 'TAG' },
  };
}
