import type { CommandName } from '../../src/codec/commands.ts';
import { isNotYet } from '../../src/config/not-yet.ts';
import type { SeededRandom } from '../../testing/seeded-random.ts';
import type { FieldValue } from './request.ts';

/** What a stream sends beside plain messages. */
export type Role = 'plain' | 'delay' | 'transaction';

/** What one stream talks about; no other stream knows these names, so the order of streams does not show. */
export interface Scope {
  readonly stream: number;
  readonly role: Role;
  readonly topics: readonly string[];
  /** One queue: the only topic that gets negative queue ids, for which a broker draws a queue at random. */
  readonly oneQueue: string;
  readonly groups: readonly string[];
  readonly producers: readonly string[];
  /** Sends so far, for values that come from their answers. */
  sends: number;
  /** Odd names so far: each is used once, so that what it leaves behind meets nothing else. */
  odd: number;
}

/** The names of stream `stream`. */
export function scopeOf(stream: number, role: Role): Scope {
  const name = `D${stream}`;
  return {
    stream,
    role,
    topics: [`${name}_a`, `${name}_b`, `${name}_c`, `${name}_multi`, `%RETRY%${name}_g0`],
    oneQueue: `${name}_one`,
    groups: [`${name}_g0`, `${name}_g1`, `${name}_g2`],
    producers: [`${name}_p0`, `${name}_p1`],
    sends: 0,
    odd: 0,
  };
}

/** False while a start with SQL filters is refused here. */
export const hasSql = !isNotYet('enablePropertyFilter', 'true');

export const bornMs = '1795354620000';
const properties = [
  'KEYS\u0001k1\u0002TAGS\u0001TagA\u0002WAIT\u0001true\u0002',
  'KEYS\u0001k1 k2 k1\u0002TAGS\u0001TagB\u0002a\u00015\u0002',
  'TAGS\u0001订单\u0002UNIQ_KEY\u0001C000020276DA4E25154F7B51E0CD0000\u0002',
  'WAIT\u0001false\u0002b\u0001x\u0002c\u0001y z\u0002',
  '',
];
const small = ['0', '1', '2', '3', '4', '8'];

const common: Readonly<Record<string, readonly string[]>> = {
  defaultTopic: ['TBW102', 'TBW102', 'TBW102', 'DefaultCluster'],
  defaultTopicQueueNums: ['4', '4', '8'],
  queueId: ['0', '0', '0', '1', '2', '3'],
  sysFlag: ['0'],
  bornTimestamp: [bornMs],
  flag: ['0', '0', '7', '-1'],
  properties,
  reconsumeTimes: ['0', '0', '1', '16'],
  maxReconsumeTimes: ['16', '3'],
  unitMode: ['false', 'false', 'true'],
  batch: ['false'],
  subscription: ['*', 'TagA', 'TagA || TagB', '订单'],
  expressionType: hasSql ? ['TAG', 'TAG', 'TAG', 'SQL92'] : ['TAG'],
  maxMsgNums: ['1', '2', '32'],
  queueOffset: ['0', '0', '1', '2', '5', '100000'],
  commitOffset: small,
  suspendTimeoutMillis: ['0'],
  subVersion: ['0', bornMs],
  key: ['k1', 'k2', 'C000020276DA4E25154F7B51E0CD0000', 'no-such-key'],
  maxNum: ['1', '32'],
  beginTimestamp: ['0'],
  endTimestamp: ['4102444800000', '9223372036854775807', '1'],
  timestamp: ['0', '1500000000000', '4102444800000', '-1'],
  isForce: ['true', 'false'],
  perm: ['6', '6', '6', '4', '2'],
  readQueueNums: ['4', '4', '8', '2'],
  writeQueueNums: ['4', '4', '8', '2'],
  topicFilterType: ['SINGLE_TAG'],
  topicSysFlag: ['0', '0', '1', '2'],
  order: ['false', 'true'],
  value: ['broker-x:4', 'v', ''],
  brokerId: ['0', '0', '1'],
  compressed: ['false'],
  bodyCrc32: ['0'],
  delayLevel: ['1', '2', '-1', '0'],
  commitOrRollback: ['8', '12', '0', '8'],
  statsName: ['TOPIC_PUT_NUMS', 'GROUP_GET_NUMS', 'NO_SUCH_STATS'],
  offline: ['true', 'false'],
  jstackEnable: ['false', 'true'],
  isOrder: ['false', 'true'],
  filterServerAddr: ['127.0.0.1:30999'],
  count: ['1', '10'],
  index: small,
};

/** A value as an official client or tool would send it. */
export function goodValue(random: SeededRandom, name: CommandName, field: string, scope: Scope): FieldValue {
  const { stream, topics, groups, producers } = scope;
  const scoped: Readonly<Record<string, () => FieldValue>> = {
    topic: () => random.pick(topics),
    originTopic: () => random.pick(topics),
    consumerGroup: () => random.pick(groups),
    group: () => random.pick(groups),
    groupName: () => random.pick(groups),
    srcGroup: () => random.pick(groups),
    destGroup: () => random.pick(groups),
    compareGroup: () => random.pick(groups),
    // Java deletes what it is told to leave out (row 42).
    filterGroups: () => oddPlainName(scope),
    producerGroup: () => random.pick(producers),
    clientID: () => clientId(stream, random.below(2)),
    clientId: () => clientId(stream, random.below(2)),
    clientAddr: () => clientId(stream, random.below(2)),
    statsKey: () => random.pick([...topics, `${topics[0]}@${groups[0]}`]),
    namespace: () => `D${stream}_space`,
    brokerName: () => `d${stream}-broker-${random.below(2)}`,
    brokerAddr: () => `10.0.${stream}.${1 + random.below(3)}:10911`,
    haServerAddr: () => `10.0.${stream}.1:10912`,
    clusterName: () => `D${stream}_cluster`,
    cluster: () => `D${stream}_cluster`,
    offset: () => fromAnswer(random, 'physicalOffset', scope),
    commitLogOffset: () => fromAnswer(random, 'physicalOffset', scope),
    tranStateTableOffset: () => fromAnswer(random, 'queueOffset', scope),
    msgId: () => fromAnswer(random, 'msgId', scope),
    originMsgId: () => fromAnswer(random, 'msgId', scope),
  };
  if (name === 'END_TRANSACTION' && field === 'msgId') return 'C000020276DA4E25154F7B51E0CD0000';
  if (name === 'PULL_MESSAGE' && field === 'sysFlag') return random.pick(['4', '4', '4', '4', '5', '0', '1']);
  return scoped[field]?.() ?? random.pick(common[field] ?? small);
}

/** Client id of a fake client. */
export function clientId(stream: number, connection: number): string {
  return `127.0.0.1@d${stream}c${connection}`;
}

function fromAnswer(random: SeededRandom, take: 'physicalOffset' | 'msgId' | 'queueOffset', scope: Scope): FieldValue {
  return { take, send: Math.max(0, scope.sends - 1 - random.below(8)) };
}

const oddNumbers = [
  ...['-1', '0', '-0', '+1', ' 1', '1 ', '1.5', '1e3', '0x10', '010', 'x', '', 'NaN', '１', '1L'],
  ...['2147483647', '2147483648', '-2147483648', '9223372036854775807', '9223372036854775808', '99999999999999999999'],
];
const oddProperties = [
  ...[
    'KEYS\u0001\u0002',
    'KEYS\u0001   \u0002TAGS\u0001 \u0002',
    'a\u0001b\u0002a\u0001c\u0002',
    'noend\u0001v',
    '\u0002\u0002',
  ],
  ...[
    '\u0001v\u0002',
    'k\u0001v\u0001w\u0002',
    'CLUSTER\u0001mine\u0002',
    'TAGS\u0001a||b\u0002',
    'WAIT\u0001x\u0002',
    'plain',
  ],
  ...[
    `k\u0001${'v'.repeat(32_700)}\u0002`,
    `k\u0001${'v'.repeat(33_000)}\u0002`,
    `k\u0001${'界'.repeat(11_000)}\u0002`,
  ],
  ...[`KEYS\u0001${'k '.repeat(300)}\u0002`, `KEYS\u0001${'k'.repeat(200)}\u0002`, '__proto__\u0001x\u0002'],
];
const oddTexts: Readonly<Record<string, readonly string[]>> = {
  properties: oddProperties,
  subscription: ['', ' ', '||', 'TagA||', ' TagA || ', '**', "a > 5 AND TAGS = 'TagA'", 'a >', 'a IS NULL OR b = 5'],
  expressionType: hasSql ? ['', 'tag', 'SQL', 'SQL92', 'sql92', 'X'] : ['tag', 'X'],
  topicFilterType: ['MULTI_TAG', 'multi_tag', '', 'ZZ'],
  defaultTopic: ['NoSuchTemplate', '', 'SELF_TEST_TOPIC', 'broker-a', 'DefaultCluster'],
};
/** Fields that name something of a stream. */
export const nameFields: ReadonlySet<string> = new Set([
  ...['topic', 'originTopic', 'group', 'groupName', 'consumerGroup', 'producerGroup', 'srcGroup', 'destGroup'],
  ...['compareGroup', 'clientID', 'clientId', 'brokerName', 'clusterName', 'cluster', 'namespace'],
]);
/** Queues of a topic are walked by both brokers: a huge number would only make them slow. */
const modestFields = /^(readQueueNums|writeQueueNums|defaultTopicQueueNums)$/;
const modestNumbers = ['-1', '0', '17', 'x', '', '1.5', '2147483648'];

/** A value nobody sends in earnest: not a number, huge, negative, unknown or illegal names. */
export function oddValue(random: SeededRandom, field: string, kind: string, scope: Scope): string {
  if (modestFields.test(field)) return random.pick(modestNumbers);
  if (kind === 'boolean') return random.pick(['', 'TRUE', 'yes', '1', 'x']);
  if (kind !== 'string') return random.pick(oddNumbers);
  if (!nameFields.has(field)) return random.pick(oddTexts[field] ?? ['', 'x', 'a b', '订单', 'x'.repeat(300)]);
  return oddName(random, scope);
}

/** A name as it should be, that no other request has. */
export function oddPlainName(scope: Scope): string {
  return `D${scope.stream}_odd${scope.odd++}`;
}

/** An address of a broker that no other request has. */
export function oddAddress(scope: Scope): string {
  scope.odd += 1;
  return `10.9.${scope.stream}.${scope.odd % 250}:${10_000 + scope.odd}`;
}

function oddName(random: SeededRandom, scope: Scope): string {
  const name = oddPlainName(scope);
  const names = [
    ...[name, name, `%DLQ%${name}`, 'TBW102', 'DefaultCluster', 'SELF_TEST_TOPIC'],
    ...[`${name} b`, `${name}@`, `${name}.`, `${name}订`, `${name}${'x'.repeat(130)}`, `${name}${'x'.repeat(256)}`, ''],
  ];
  return random.pick(names);
}
