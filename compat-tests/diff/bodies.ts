import type { CommandName } from '../../src/codec/commands.ts';
import type { SeededRandom } from '../../testing/seeded-random.ts';
import { batchBody } from '../peer/store-check.ts';
import { clientId, hasSql, type Scope } from './values.ts';

type Make = (random: SeededRandom, scope: Scope, connection: number) => Buffer;

const text = (random: SeededRandom): Buffer => Buffer.from(random.pick(['hello', 'x', 'ein Körper', 'b'.repeat(500)]));

/** Bodies as clients send them; a command that is not listed has none. */
export const goodBodies: Readonly<Partial<Record<CommandName, Make>>> = {
  SEND_MESSAGE: text,
  SEND_MESSAGE_V2: text,
  SEND_REPLY_MESSAGE: text,
  SEND_REPLY_MESSAGE_V2: text,
  SEND_BATCH_MESSAGE: (random) => {
    const item = (): { body: Buffer; flag: number; properties: Record<string, string> } => ({
      body: text(random),
      flag: random.below(3),
      properties: random.pick([{}, { TAGS: 'TagA', KEYS: 'k1' }, { UNIQ_KEY: 'C000020276DA4E25154F7B51E0CD0001' }]),
    });
    return batchBody(Array.from({ length: 1 + random.below(4) }, item));
  },
  HEART_BEAT: heartbeat,
  CHECK_CLIENT_CONFIG: (random, scope, connection) =>
    json({
      clientId: clientId(scope.stream, connection),
      group: random.pick(scope.groups),
      subscriptionData: subscription(random, scope),
    }),
  LOCK_BATCH_MQ: lock,
  UNLOCK_BATCH_MQ: lock,
  QUERY_DATA_VERSION: dataVersion,
  REGISTER_BROKER: (random, scope) => {
    const config = (topicName: string): object => ({
      topicName,
      order: false,
      perm: random.pick([2, 4, 6, 7]),
      readQueueNums: random.pick([1, 4]),
      writeQueueNums: random.pick([1, 4]),
      topicFilterType: 'SINGLE_TAG',
      topicSysFlag: random.below(4),
    });
    const names = scope.topics.slice(0, 3).map((name) => `${name}_ns`);
    return json({
      filterServerList: random.next() < 0.3 ? ['127.0.0.1:30000'] : [],
      topicConfigSerializeWrapper: {
        dataVersion: { counter: random.below(5), timestamp: 1_795_354_620_000 },
        topicConfigTable: Object.fromEntries(names.map((name) => [name, config(name)])),
      },
    });
  },
  UPDATE_AND_CREATE_SUBSCRIPTIONGROUP: (random, scope) =>
    json({
      groupName: random.pick(scope.groups),
      consumeEnable: random.next() < 0.9,
      consumeFromMinEnable: true,
      consumeBroadcastEnable: random.next() < 0.9,
      retryQueueNums: random.pick([1, 1, 0]),
      retryMaxTimes: random.pick([16, 3]),
      brokerId: 0,
      whichBrokerWhenConsumeSlowly: 1,
      notifyConsumerIdsChangedEnable: true,
    }),
  UPDATE_BROKER_CONFIG: (random) => settings(random, ['defaultQueryMaxNum=32', 'traceOn=true', 'noSuchKey=1', '']),
  UPDATE_NAMESRV_CONFIG: (random) => settings(random, ['clusterTest=false', 'orderMessageEnable=false', 'noSuchKey=1']),
};

/** Bodies that are nothing of what their command wants. */
export function oddBody(random: SeededRandom, good: Buffer): Buffer {
  const cut = random.below(good.length + 1);
  const odd = ['{', '{}', '[]', 'null', '""', '{"a":', '7', '\u0000\u0001\u0002', '{"consumerGroup":5,"clientID":[]}'];
  const shorter = good.subarray(0, insideEnum.test(good.toString('utf8', 0, cut)) ? 0 : cut);
  return random.pick([shorter, Buffer.alloc(0), ...odd.map((item) => Buffer.from(item))]);
}

/** A thread of Java looks for the end of such a name through all of 2^31 places that are not there. */
const insideEnum = /"(consumeFromWhere|consumeType|messageModel|topicFilterType)":"[^"]*$/;

function heartbeat(random: SeededRandom, scope: Scope, connection: number): Buffer {
  const consumer = (): object => ({
    groupName: random.pick(connection === 0 ? scope.groups : sharedGroups(scope)),
    consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
    consumeType: random.pick(['CONSUME_PASSIVELY', 'CONSUME_ACTIVELY']),
    messageModel: random.pick(['CLUSTERING', 'CLUSTERING', 'BROADCASTING']),
    subscriptionDataSet: [subscription(random, scope)],
    unitMode: false,
  });
  return json({
    clientID: clientId(scope.stream, connection),
    consumerDataSet: random.next() < 0.7 ? [consumer()] : [],
    producerDataSet: random.next() < 0.5 ? [{ groupName: random.pick(scope.producers) }] : [],
  });
}

/** Groups with two members; the last one has a single member, which may be too old for some requests (row 63). */
function sharedGroups({ groups }: Scope): readonly string[] {
  return groups.slice(0, -1);
}

/** A heartbeat of so old a client that only the group without other members hears of it. */
export function oldMemberBody(scope: Scope): Buffer {
  const groups = scope.groups.slice(-1);
  return membersBody({ ...scope, groups });
}

/** The other client, in the groups that have two. */
export function secondMemberBody(scope: Scope): Buffer {
  return membersBody({ ...scope, groups: sharedGroups(scope) }, 1);
}

/** A client in every group of the stream, which the broker then knows. */
export function membersBody({ stream, groups, producers, topics }: Scope, connection = 0): Buffer {
  const consumer = (groupName: string): object => ({
    ...{ groupName, consumeType: 'CONSUME_PASSIVELY', messageModel: 'CLUSTERING', unitMode: false },
    consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
    subscriptionDataSet: [{ topic: topics[0], subString: '*', expressionType: 'TAG', subVersion: 1 }],
  });
  return json({
    clientID: clientId(stream, connection),
    consumerDataSet: groups.map(consumer),
    producerDataSet: producers.map((groupName) => ({ groupName })),
  });
}

function subscription(random: SeededRandom, scope: Scope): object {
  const isSql = hasSql && random.next() < 0.2;
  return {
    topic: random.pick(scope.topics),
    classFilterMode: false,
    codeSet: isSql ? [] : [2598919],
    expressionType: isSql ? 'SQL92' : 'TAG',
    subString: isSql ? random.pick(['a > 1', 'a IS NULL', 'a >']) : 'TagA',
    subVersion: random.below(3),
    tagsSet: isSql ? [] : ['TagA'],
  };
}

function lock(random: SeededRandom, scope: Scope, connection: number): Buffer {
  const queues = Array.from({ length: random.below(4) }, (_, queueId) => ({
    topic: random.pick(scope.topics),
    brokerName: 'broker-a',
    queueId,
  }));
  return json({
    consumerGroup: random.pick(scope.groups),
    clientId: clientId(scope.stream, connection),
    mqSet: queues,
  });
}

function dataVersion(random: SeededRandom): Buffer {
  return json({ counter: random.below(5), timestamp: 1_795_354_620_000 });
}

function settings(random: SeededRandom, lines: readonly string[]): Buffer {
  return Buffer.from(random.pick(lines));
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
