import { describe, expect, it } from 'vitest';
import { BrokerFixture, STORE_DIR, topicOf, topicsFile } from '../../testing/broker-fixture.ts';
import { NamesrvFixture } from '../../testing/namesrv-fixture.ts';
import { heartbeat, lockBody, registrationBody, sendFields, subscription } from '../../testing/requests.ts';
import type { TestClient } from '../../testing/test-client.ts';
import { unsafeNames } from '../../testing/unsafe-names.ts';
import { type CommandName, type CommandRow, commands, isServed } from '../codec/commands.ts';
import type { FieldRow } from '../codec/header.ts';
import { encodeBatch } from '../codec/message-batch.ts';
import { isSafePathSegment } from '../codec/names.ts';

/**
 * CVE-2019-17572: a topic or group name that leads out of the store. The cases are made from THE TABLE: every text
 * field of every served request is a name of some kind or is declared not to be one, and every name is refused unless
 * it is listed as harmless. A new command, field or body does not pass by itself.
 */
const UNSAFE: readonly string[] = unsafeNames;
/** Words of the official client's rule. */
const REFUSAL = /illegal characters|is blank|is longer than/;

type Kind = 'topic' | 'group' | 'segment' | 'not a name';

/** What each text field of a request header is. */
const FIELDS: Readonly<Record<string, Kind>> = {
  topic: 'topic',
  defaultTopic: 'topic',
  producerGroup: 'group',
  consumerGroup: 'group',
  group: 'group',
  groupName: 'group',
  srcGroup: 'group',
  destGroup: 'group',
  compareGroup: 'group',
  originTopic: 'topic',
  originMsgId: 'not a name',
  brokerName: 'segment',
  clusterName: 'segment',
  cluster: 'segment',
  properties: 'not a name',
  subscription: 'not a name',
  expressionType: 'not a name',
  key: 'not a name',
  clientID: 'not a name',
  topicFilterType: 'not a name',
  namespace: 'not a name',
  value: 'not a name',
  filterServerAddr: 'not a name',
  brokerAddr: 'not a name',
  transactionId: 'not a name',
  haServerAddr: 'not a name',
  filterGroups: 'not a name',
  clientId: 'not a name',
  clientAddr: 'not a name',
  msgId: 'not a name',
  statsName: 'not a name',
  statsKey: 'not a name',
  accessKey: 'not a name',
  secretKey: 'not a name',
  whiteRemoteAddress: 'not a name',
  defaultTopicPerm: 'not a name',
  defaultGroupPerm: 'not a name',
  topicPerms: 'not a name',
  groupPerms: 'not a name',
  globalWhiteAddrs: 'not a name',
};

/** Bodies with names in them, by the table's word: how one is made with each of its names replaced. */
const BODIES: Readonly<Record<string, readonly (readonly [string, (name: string) => string | Buffer])[]>> = {
  none: [],
  'message body': [],
  'batch of messages': [],
  'properties text': [],
  DataVersion: [],
  HeartbeatData: [
    ['producer group', (name) => heartbeat('c', [], [name])],
    ['consumer group', (name) => heartbeat('c', [{ group: name }])],
    ['subscribed topic', (name) => heartbeat('c', [{ group: 'g', subscriptions: [subscription(name)] }])],
  ],
  SubscriptionGroupConfig: [['groupName', (name) => JSON.stringify({ groupName: name })]],
  'none; to a client one record': [],
  CheckClientRequestBody: [['group', (name) => JSON.stringify({ clientId: 'c', group: name, subscriptionData: {} })]],
  LockBatchRequestBody: [
    ['consumerGroup', (name) => lockBody(name, 'c', 0)],
    ['topic', (name) => lockBody('g', 'c', 0).replace('"T"', JSON.stringify(name))],
  ],
  UnlockBatchRequestBody: [
    ['consumerGroup', (name) => lockBody(name, 'c', 0)],
    ['topic', (name) => lockBody('g', 'c', 0).replace('"T"', JSON.stringify(name))],
  ],
  RegisterBrokerBody: [['registered topic', (name) => registrationBody({ topics: { [name]: {} } })]],
};

/** Names that are looked up, taken away, or not looked at: any answer will do, as long as nothing comes of them. */
const HARMLESS: Readonly<Record<string, string>> = {
  'SEND_MESSAGE.producerGroup': 'not kept',
  'SEND_MESSAGE_V2.producerGroup': 'not kept',
  'SEND_BATCH_MESSAGE.producerGroup': 'not kept',
  'SEND_MESSAGE.defaultTopic': 'looked up among the topics',
  'SEND_MESSAGE_V2.defaultTopic': 'looked up among the topics',
  'SEND_BATCH_MESSAGE.defaultTopic': 'looked up among the topics',
  'SEND_REPLY_MESSAGE.producerGroup': 'told to the asker',
  'SEND_REPLY_MESSAGE_V2.producerGroup': 'told to the asker',
  'SEND_REPLY_MESSAGE.defaultTopic': 'looked up among the topics',
  'SEND_REPLY_MESSAGE_V2.defaultTopic': 'looked up among the topics',
  'CONSUMER_SEND_MSG_BACK.originTopic': 'not looked at',
  'END_TRANSACTION.producerGroup': 'compared with a property',
  'UPDATE_AND_CREATE_TOPIC.defaultTopic': 'not looked at',
  'QUERY_MESSAGE.topic': 'hashed',
  'QUERY_CONSUMER_OFFSET.topic': 'looked up',
  'QUERY_CONSUMER_OFFSET.consumerGroup': 'looked up',
  'SEARCH_OFFSET_BY_TIMESTAMP.topic': 'looked up',
  'GET_MAX_OFFSET.topic': 'looked up',
  'GET_MIN_OFFSET.topic': 'looked up',
  'GET_EARLIEST_MSG_STORETIME.topic': 'looked up',
  'UNREGISTER_CLIENT.producerGroup': 'taken away',
  'GET_CONSUMER_LIST_BY_GROUP.consumerGroup': 'looked up',
  'CHECK_CLIENT_CONFIG.group': 'not looked at',
  'UNLOCK_BATCH_MQ.consumerGroup': 'taken away',
  'UNLOCK_BATCH_MQ.topic': 'taken away',
  'GET_CONSUMER_CONNECTION_LIST.consumerGroup': 'looked up',
  'GET_CONSUME_STATS.consumerGroup': 'looked up',
  'GET_CONSUME_STATS.topic': 'looked up',
  'GET_TOPIC_STATS_INFO.topic': 'looked up',
  'GET_PRODUCER_CONNECTION_LIST.producerGroup': 'looked up',
  'DELETE_SUBSCRIPTIONGROUP.groupName': 'taken away',
  'DELETE_TOPIC_IN_BROKER.topic': 'taken away; the queues that go are found in the store',
  'INVOKE_BROKER_TO_RESET_OFFSET.topic': 'looked up',
  'INVOKE_BROKER_TO_RESET_OFFSET.group': 'looked up',
  'INVOKE_BROKER_TO_GET_CONSUMER_STATUS.topic': 'told to members of the group',
  'INVOKE_BROKER_TO_GET_CONSUMER_STATUS.group': 'looked up',
  'QUERY_TOPIC_CONSUME_BY_WHO.topic': 'looked up',
  'QUERY_CONSUME_TIME_SPAN.topic': 'looked up',
  'QUERY_CONSUME_TIME_SPAN.group': 'looked up',
  'GET_CONSUMER_RUNNING_INFO.consumerGroup': 'looked up',
  'QUERY_CORRECTION_OFFSET.topic': 'looked up',
  'QUERY_CORRECTION_OFFSET.compareGroup': 'looked up',
  'CONSUME_MESSAGE_DIRECTLY.consumerGroup': 'looked up',
  'CONSUME_MESSAGE_DIRECTLY.brokerName': 'replaced by our own',
  'CLONE_GROUP_OFFSET.topic': 'looked up',
  'CLONE_GROUP_OFFSET.srcGroup': 'looked up',
  'QUERY_CONSUME_QUEUE.topic': 'looked up',
  'QUERY_CONSUME_QUEUE.consumerGroup': 'looked up',
  'GET_ROUTEINTO_BY_TOPIC.topic': 'looked up',
  'DELETE_TOPIC_IN_NAMESRV.topic': 'taken away',
  'UNREGISTER_BROKER.brokerName': 'taken away',
  'UNREGISTER_BROKER.clusterName': 'taken away',
  'QUERY_DATA_VERSION.brokerName': 'not looked at',
  'QUERY_DATA_VERSION.clusterName': 'not looked at',
  'WIPE_WRITE_PERM_OF_BROKER.brokerName': 'looked up',
  'GET_TOPICS_BY_CLUSTER.cluster': 'looked up',
};

/** Values of the fields around the name, where what follows from the type would not do. */
const AROUND: Readonly<Record<string, string>> = {
  topic: 'T',
  defaultTopic: 'TBW102',
  topicFilterType: 'SINGLE_TAG',
  properties: '',
  expressionType: 'TAG',
  subscription: '*',
  brokerId: '0',
  bodyCrc32: '0',
  queueId: '0',
};
const AROUND_OF: Partial<Record<CommandName, Readonly<Record<string, string>>>> = {
  PULL_MESSAGE: { sysFlag: '4' },
  SEND_BATCH_MESSAGE: { batch: 'true' },
  END_TRANSACTION: { commitOrRollback: '8' },
};
const BY_KIND = { string: 'x', int: '1', long: '1', boolean: 'false', double: '1' } as const;

interface NameCase {
  /** `COMMAND.field`. */
  readonly where: string;
  readonly command: CommandName;
  readonly kind: Kind;
  readonly ask: (client: TestClient, name: string) => ReturnType<TestClient['ask']>;
}

function headerOf(command: CommandName): Record<string, string> {
  const row: CommandRow = commands[command];
  const fields = Object.entries(row.request).map(([name, { kind, wire }]) => {
    const value = AROUND_OF[command]?.[name] ?? AROUND[name] ?? BY_KIND[kind];
    return [wire ?? name, value] as const;
  });
  return Object.fromEntries(fields);
}

function bodyOf(command: CommandName): string | Buffer {
  const { requestBody } = commands[command] as CommandRow;
  if (requestBody === 'batch of messages') {
    return encodeBatch([{ body: Buffer.from('x'), flag: 0, properties: Buffer.alloc(0) }]);
  }
  if (requestBody === 'DataVersion') return '{"counter":1,"timestamp":1}';
  return BODIES[requestBody]?.[0]?.[1]('g') ?? '';
}

function fieldCases(command: CommandName): NameCase[] {
  const row: CommandRow = commands[command];
  return Object.entries<FieldRow>(row.request).flatMap(([name, { kind, wire }]) => {
    if (kind !== 'string') return [];
    const nameKind = FIELDS[name];
    if (nameKind === undefined) throw new Error(`${command}.${name}: is this text a name? Say so in FIELDS`);
    if (nameKind === 'not a name') return [];
    const code = row.code;
    const ask: NameCase['ask'] = (client, value) =>
      client.ask(code, { ...headerOf(command), [wire ?? name]: value }, { body: bodyOf(command) });
    return [{ where: `${command}.${name}`, command, kind: nameKind, ask }];
  });
}

function bodyCases(command: CommandName): NameCase[] {
  const row: CommandRow = commands[command];
  const made = BODIES[row.requestBody];
  if (made === undefined) throw new Error(`${command}: are there names in ${row.requestBody}? Say so in BODIES`);
  return made.map(([what, body]) => ({
    where: `${command}.${what}`,
    command,
    kind: /topic/.test(what) ? 'topic' : 'group',
    ask: (client, name) => client.ask(row.code, headerOf(command), { body: body(name) }),
  }));
}

function casesOf(server: 'broker' | 'namesrv'): NameCase[] {
  const served = (Object.keys(commands) as CommandName[]).filter((name) => isServed(name, server));
  return served.flatMap((command) => [...fieldCases(command), ...bodyCases(command)]);
}

/** A group may have 255 characters, a topic 127: the longest name is too long for both. */
async function answers(client: TestClient, { ask }: NameCase): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const name of UNSAFE) {
    const { code, remark } = await ask(client, name);
    found.set(name, code === 1 && REFUSAL.test(remark ?? '') ? 'refused' : `${code} ${remark}`);
  }
  return found;
}

const isHarmless = ({ where }: NameCase): boolean => where in HARMLESS;

describe('a broker asked with names that lead out of its store (CVE-2019-17572)', () => {
  const cases = casesOf('broker');

  async function started() {
    const broker = await BrokerFixture.start({ files: { 'topics.json': topicsFile(topicOf('T')) } });
    return { broker, client: await broker.client() };
  }

  /** What is written, and every path, when it has stopped. */
  async function traces(broker: BrokerFixture): Promise<string[]> {
    await broker.stop();
    const texts = broker.fs.files().map((path) => {
      const isText = path.endsWith('.json') || path.endsWith('.bak');
      return `${path} ${isText ? broker.fs.readFile(path, 2 ** 20)?.toString() : ''}`;
    });
    return texts.filter((text) => /[ée恶]vil/.test(text) || !text.startsWith(`${STORE_DIR}/`) || text.includes('/../'));
  }

  it.each(cases.filter((row) => !isHarmless(row)))('$where refuses them all', async (row) => {
    const { broker, client } = await started();
    expect([...(await answers(client, row))].filter(([, answer]) => answer !== 'refused')).toEqual([]);
    expect(await traces(broker)).toEqual([]);
  });

  it.each(cases.filter(isHarmless))('$where makes nothing of them', async (row) => {
    const { broker, client } = await started();
    await client.ask(10, sendFields());
    await answers(client, row);
    expect(await traces(broker)).toEqual([]);
  });

  it('does not mind names that only look odd', async () => {
    const { broker, client } = await started();
    for (const topic of ['%2e%2e', 'a|b', '-', '%', 'a'.repeat(127)]) {
      expect((await client.ask(10, sendFields({ topic }))).code).toBe(0);
    }
    await broker.stop();
    expect(broker.fs.files().some((path) => path.startsWith(`${STORE_DIR}/consumequeue/%2e%2e/0/`))).toBe(true);
  });
});

describe('a name server told names that lead out of a directory (CVE-2019-17572)', () => {
  const cases = casesOf('namesrv');

  it.each(cases.filter((row) => !isHarmless(row)))('$where refuses those that are no safe path', async (row) => {
    const server = await NamesrvFixture.start();
    const client = await server.client();
    const found = [...(await answers(client, row))];
    expect(found.filter(([name, answer]) => (answer === 'refused') === isSafePathSegment(name))).toEqual([]);
    const routed = [(await client.ask(206)).body, (await client.ask(106)).body].join('');
    for (const name of UNSAFE.filter((unsafe) => unsafe !== '' && !isSafePathSegment(unsafe))) {
      expect(routed).not.toContain(`${JSON.stringify(name)}:`);
      expect(routed).not.toContain(`[${JSON.stringify(name)}]`);
    }
  });

  it.each(cases.filter(isHarmless))('$where makes nothing of them', async (row) => {
    const server = await NamesrvFixture.start();
    const client = await server.client();
    await answers(client, row);
    expect((await client.ask(206)).body.toString()).toBe('{"topicList":[]}');
    expect(server.fs.files()).toEqual([]);
  });
});

it('lists as harmless only what is asked', () => {
  const all = [...casesOf('broker'), ...casesOf('namesrv')].map(({ where }) => where);
  expect(Object.keys(HARMLESS).filter((where) => !all.includes(where))).toEqual([]);
});
