import type { CommandName } from '../src/codec/commands.ts';
import type { SeededRandom } from '../testing/seeded-random.ts';

/**
 * Values for fields. The names come from small sets, so that requests meet the state that others made (a pull finds
 * messages, a commit its group), and so that the tables of the servers are full in the first half of a long run.
 */
export const TOPICS: readonly string[] = [
  ...Array.from({ length: 10 }, (_, number) => `FuzzTopic${number}`),
  ...['TopicTest', 'LabDemo', 'BenchmarkTest', 'SELF_TEST_TOPIC', 'OFFSET_MOVED_EVENT', '%RETRY%fuzz_group_1'],
];
export const GROUPS: readonly string[] = [
  ...Array.from({ length: 8 }, (_, number) => `fuzz_group_${number}`),
  ...['w133357_cg', 'TOOLS_CONSUMER', 'CLIENT_INNER_PRODUCER'],
];
const BROKERS = ['broker-a', 'broker-b', 'fuzz-broker'];
const ADDRESSES = ['127.0.0.1:22911', '127.0.0.1:22921', '10.0.0.1:10911', '[::1]:10911'];
const CLUSTERS = ['DefaultCluster', 'FuzzCluster'];
const TIMES = ['0', '1500000000000', '1795354620000', '4102444800000'];
const SMALL_NUMBERS = ['0', '1', '2', '3', '4', '5', '7', '8', '16', '32'];
const PROPERTIES = [
  'KEYS\u0001k1\u0002TAGS\u0001TagA\u0002WAIT\u0001true\u0002',
  'KEYS\u0001fuzz a b\u0002UNIQ_KEY\u00017F0000010000597F0000000000001234\u0002WAIT\u0001false\u0002',
  'UNIQ_KEY\u0001C000020276DA4E25154F7B51E0CD0000\u0002TAGS\u0001订单\u0002',
  'WAIT\u0001true\u0002',
  '',
];

const COMMON: Readonly<Record<string, readonly string[]>> = {
  topic: TOPICS,
  originTopic: TOPICS,
  defaultTopic: ['TBW102', 'TBW102', 'DefaultCluster', 'FuzzTopic1'],
  consumerGroup: GROUPS,
  producerGroup: GROUPS,
  group: GROUPS,
  groupName: GROUPS,
  clientID: ['172.17.0.1@1795354530282', 'fuzz-client'],
  defaultTopicQueueNums: ['4', '8', '1'],
  queueId: ['0', '0', '1', '2', '3', '-1'],
  sysFlag: ['0', '0', '0', '1', '2', '4', '6', '7'],
  bornTimestamp: TIMES,
  properties: PROPERTIES,
  reconsumeTimes: ['0', '0', '3', '16'],
  maxReconsumeTimes: ['16', '3'],
  unitMode: ['false', 'true'],
  batch: ['false', 'false', 'true'],
  subscription: ['*', 'TagA', 'TagA || TagB', '订单'],
  expressionType: ['TAG', 'TAG', 'SQL92'],
  maxMsgNums: ['1', '32', '64'],
  queueOffset: ['0', '0', '1', '2', '10', '1000'],
  commitOffset: SMALL_NUMBERS,
  suspendTimeoutMillis: ['0', '1', '50', '300', '20000'],
  subVersion: ['0', '1795354620000'],
  key: ['k1', 'fuzz', '7F0000010000597F0000000000001234', 'no-such-key'],
  maxNum: ['1', '32', '64'],
  beginTimestamp: TIMES,
  endTimestamp: ['1795354769918', '4102444800000', '9223372036854775807'],
  timestamp: TIMES,
  offset: ['0', '120', '4096', '5585'],
  perm: ['6', '6', '6', '4', '2'],
  readQueueNums: ['1', '4', '8'],
  writeQueueNums: ['1', '4', '8'],
  topicFilterType: ['SINGLE_TAG', 'SINGLE_TAG', 'MULTI_TAG'],
  topicSysFlag: ['0', '1', '2'],
  order: ['false', 'true'],
  namespace: ['ORDER_TOPIC_CONFIG', 'FuzzSpace'],
  value: ['broker-a:4;broker-b:4', 'v', ''],
  brokerName: BROKERS,
  brokerAddr: ADDRESSES,
  haServerAddr: ADDRESSES,
  clusterName: CLUSTERS,
  cluster: CLUSTERS,
  brokerId: ['0', '0', '1'],
  compressed: ['false', 'true'],
  bodyCrc32: ['0', '0', '0', '10'],
  flag: SMALL_NUMBERS,
};

/** Where a field means something else, or a request would hardly ever succeed. */
const OF_COMMAND: Readonly<Partial<Record<CommandName, Readonly<Record<string, readonly string[]>>>>> = {
  PULL_MESSAGE: {
    sysFlag: ['4', '4', '4', '4', '5', '6', '7', '0', '2'],
    expressionType: ['TAG', 'TAG', 'TAG', 'TAG', 'SQL92'],
    queueId: ['0', '0', '1', '2', '3'],
  },
  SEND_MESSAGE: { batch: ['false'] },
  SEND_MESSAGE_V2: { batch: ['false'] },
  SEND_BATCH_MESSAGE: { batch: ['true'] },
};

/** A value that a field of this name (as the schema calls it) has in real life. */
export function goodValue(random: SeededRandom, command: CommandName, fieldName: string): string {
  return random.pick(OF_COMMAND[command]?.[fieldName] ?? COMMON[fieldName] ?? SMALL_NUMBERS);
}

/** Numbers at the edges of what Java's types hold, and texts that almost are numbers. */
export const ODD_NUMBERS: readonly string[] = [
  ...['-1', '0', '-0', '127', '128', '255', '256', '32767', '32768', '-32769', '65535', '65536', '16777216'],
  ...['2147483647', '2147483648', '-2147483648', '-2147483649', '4294967295', '4294967296', '9007199254740993'],
  ...['9223372036854775807', '9223372036854775808', '-9223372036854775808', '-9223372036854775809'],
  ...['99999999999999999999999999', '1e9', '1e400', '-1e400', '1.5', '.5', '5.', '0x10', '010', '+1', ' 1', '1 ', '１'],
  ...['NaN', 'Infinity', '-Infinity', '1L', '1B', '1D', '--1', '-', '+', '1_000', '0'.repeat(40)],
];

const LONG_BYTES = [127, 128, 255, 256, 1024, 32_767, 32_768, 65_535, 65_536, 70_000];

/** Texts that break path, name, JSON, properties and table code. Long ones are made of a letter that names may have. */
export const ODD_TEXTS: readonly string[] = [
  ...[
    '',
    ' ',
    '.',
    '..',
    '/',
    '\\',
    '../../../etc/passwd',
    '..%2f..%2fx',
    'a/b',
    'a\\b',
    '/tmp/x',
    'C:\\x',
    '~',
    '%00',
  ],
  ...[
    'a\0b',
    '\0',
    '\u0001',
    '\u0002',
    'a\u0001b\u0002',
    '@',
    'a@b',
    'a b',
    'null',
    'true',
    'false',
    '\r\n',
    '\t',
    '*',
  ],
  ...['%RETRY%', '%DLQ%', '%RETRY%fuzz_group_2', '%DLQ%fuzz_group_2', '%RETRY%%RETRY%x', 'TBW102', 'DefaultCluster'],
  ...[
    'SCHEDULE_TOPIC_XXXX',
    'RMQ_SYS_TRANS_HALF_TOPIC',
    'RMQ_SYS_TRANS_OP_HALF_TOPIC',
    'broker-a',
    'OFFSET_MOVED_EVENT',
  ],
  ...['__proto__', 'constructor', 'hasOwnProperty', 'toString', 'length', '{}', '[]', '{"a":1}', '"', "'", '\\u0000'],
  ...['订单', 'é', '😀', '\ud800', '\udc00', '\ufeff', '\u2028', '\ufffd', 'İ', 'ﬃ', '\u202e', 'A\u0300', '||', '||||'],
  ...['TagA||', '|| ||', 'a>1', 'a BETWEEN 1 AND', "a = '", '('.repeat(500), '*'.repeat(300), 'x|'.repeat(64)],
  ...LONG_BYTES.map((length) => 'x'.repeat(length)),
  ...[100, 127, 20_000].map((length) => '界'.repeat(length)),
];

/** A value nobody sends in earnest. */
export function oddValue(random: SeededRandom): string {
  return random.next() < 0.45 ? random.pick(ODD_NUMBERS) : random.pick(ODD_TEXTS);
}

/** Properties texts that meet the broker's own rules: kinds of messages, limits, doubled and broken pairs. */
export const ODD_PROPERTIES: readonly string[] = [
  ...['DELAY\u00011\u0002', 'DELAY\u0001-1\u0002', 'DELAY\u0001x\u0002', 'DELAY\u000199999999999\u0002'],
  ...['TRAN_MSG\u0001true\u0002', 'TRAN_MSG\u0001TRUE\u0002', 'TRAN_MSG\u0001false\u0002PGROUP\u0001g\u0002'],
  ...['CLUSTER\u0001x\u0002', 'CLUSTER\u0001a\u0002CLUSTER\u0001b\u0002', 'KEYS\u0001\u0002', 'KEYS\u0001   \u0002'],
  ...[
    'REAL_TOPIC\u0001FuzzTopic1\u0002REAL_QID\u0001-5\u0002',
    'UNIQ_KEY\u0001\u0002',
    'WAIT\u0001\u0002',
    'WAIT\u0001x',
  ],
  ...['\u0001\u0001v\u0002', 'a\u0002\u0001\u0002\u0001\u0001\u0002', '\u0002\u0002\u0002', '\u0001', 'noend\u0001v'],
  ...[
    '__proto__\u0001x\u0002constructor\u0001y\u0002',
    'TAGS\u0001订单||\u0002',
    'TAGS\u0001 \u0002',
    'RETRY_TOPIC\u0001..\u0002',
  ],
  `KEYS\u0001${'k '.repeat(900)}\u0002`,
  `KEYS\u0001${'k'.repeat(32_700)}\u0002`,
  `k\u0001${'v'.repeat(32_764)}\u0002`,
  `k\u0001${'v'.repeat(32_767)}\u0002`,
  `k\u0001${'界'.repeat(20_000)}\u0002`,
  'a\u0001b\u0002'.repeat(3000),
];

/** A properties text, good, odd or put together. */
export function propertiesText(random: SeededRandom, recorded: readonly string[]): string {
  const one = (): string => random.pick([PROPERTIES, ODD_PROPERTIES, recorded][random.below(3)] as readonly string[]);
  return random.next() < 0.7 ? one() : `${one()}${one()}`;
}
