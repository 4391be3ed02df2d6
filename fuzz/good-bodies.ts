import { checkClientRequestBody, heartbeatData, type SubscriptionData } from '../src/codec/bodies/heartbeat.ts';
import { lockBatchRequestBody } from '../src/codec/bodies/message-queue.ts';
import { encodeRegisterBrokerBody } from '../src/codec/bodies/register-broker.ts';
import { encodeBody } from '../src/codec/bodies/schema.ts';
import { dataVersion, type TopicConfig } from '../src/codec/bodies/topic-config.ts';
import type { CommandName } from '../src/codec/commands.ts';
import { encodeBatch } from '../src/codec/message-batch.ts';
import type { SeededRandom } from '../testing/seeded-random.ts';
import { GROUPS, propertiesText, TOPICS } from './dictionary.ts';

/** Bodies as clients send them, about the topics and groups of the dictionary; none for commands without. */
export const GOOD_BODIES: Readonly<Partial<Record<CommandName, (random: SeededRandom) => Buffer>>> = {
  HEART_BEAT: (random) =>
    encodeBody(heartbeatData, {
      clientID: `fuzz@${random.below(4)}`,
      consumerDataSet: Array.from({ length: random.below(3) }, () => ({
        groupName: random.pick(GROUPS),
        consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET' as const,
        consumeType: random.pick(['CONSUME_PASSIVELY', 'CONSUME_ACTIVELY'] as const),
        messageModel: random.pick(['CLUSTERING', 'BROADCASTING'] as const),
        subscriptionDataSet: Array.from({ length: random.below(3) }, () => subscription(random)),
        unitMode: random.next() < 0.1,
      })),
      producerDataSet: Array.from({ length: random.below(3) }, () => ({ groupName: random.pick(GROUPS) })),
    }),
  CHECK_CLIENT_CONFIG: (random) =>
    encodeBody(checkClientRequestBody, {
      clientId: 'fuzz@1',
      group: random.pick(GROUPS),
      subscriptionData: subscription(random),
    }),
  LOCK_BATCH_MQ: lockBody,
  UNLOCK_BATCH_MQ: lockBody,
  QUERY_DATA_VERSION: (random) => encodeBody(dataVersion, { counter: random.below(5), timestamp: 1_795_354_620_000 }),
  REGISTER_BROKER: (random) => registrationBody(random, random.next() < 0.5),
  SEND_BATCH_MESSAGE: (random) => batchBody(random, 1 + random.below(4), []),
};

function subscription(random: SeededRandom): SubscriptionData {
  const isSql = random.next() < 0.1;
  return {
    topic: random.pick(TOPICS),
    classFilterMode: false,
    codeSet: isSql ? [] : [2598919],
    expressionType: isSql ? 'SQL92' : 'TAG',
    subString: isSql ? 'a > 1' : 'TagA',
    subVersion: random.below(3),
    tagsSet: isSql ? [] : ['TagA'],
  };
}

function lockBody(random: SeededRandom): Buffer {
  const mqSet = Array.from({ length: random.below(5) }, () => ({
    topic: random.pick(TOPICS),
    brokerName: 'broker-a',
    queueId: random.below(4),
  }));
  return encodeBody(lockBatchRequestBody, {
    consumerGroup: random.pick(GROUPS),
    clientId: `fuzz@${random.below(2)}`,
    mqSet,
  });
}

/** A batch of so many members, with properties of every kind. */
export function batchBody(random: SeededRandom, count: number, recorded: readonly string[]): Buffer {
  const text = (): string => (recorded.length === 0 ? 'WAIT\u0001true\u0002' : propertiesText(random, recorded));
  return encodeBatch(
    Array.from({ length: count }, () => ({
      flag: random.below(5),
      body: Buffer.alloc(random.below(40), 0x62),
      properties: Buffer.from(text(), 'utf8').subarray(0, 32_767),
    })),
  );
}

/** Registrations as a broker sends them, compressed or not, small enough to mutate. */
export function registrationBody(random: SeededRandom, compressed: boolean): Buffer {
  const topic = (topicName: string): TopicConfig => ({
    topicName,
    order: false,
    perm: random.pick([2, 4, 6, 7]),
    readQueueNums: random.pick([1, 4, 8]),
    writeQueueNums: random.pick([1, 4, 8]),
    topicFilterType: 'SINGLE_TAG',
    topicSysFlag: random.below(4),
  });
  const names = TOPICS.slice(0, 1 + random.below(6));
  return encodeRegisterBrokerBody(
    {
      filterServerList: random.next() < 0.2 ? ['127.0.0.1:30000'] : [],
      topicConfigSerializeWrapper: {
        dataVersion: { counter: random.below(5), timestamp: 1_795_354_620_000 },
        topicConfigTable: new Map(names.map((name) => [name, topic(name)])),
      },
    },
    compressed,
  );
}
