import type { Environment } from './environment.ts';
import { bool, type ConfigOf, int, long, type Mistake, optionalText, text } from './key.ts';
import { NO_COPY, NO_COUNT, NO_POOL, UNUSED } from './reasons.ts';

/** The settings of a broker, as Java names them. Java: BrokerConfig. */
export type BrokerConfig = ConfigOf<typeof brokerConfigTable>;

/** The home of the installation. Java: MixAll.ROCKETMQ_HOME_PROPERTY, then the environment variable. */
export const rocketmqHome = optionalText(
  (e: Environment) => e.systemProperties['rocketmq.home.dir'] ?? e.variables['ROCKETMQ_HOME'],
  'restart',
  'Directory of the installation; required.',
  { role: 'path', defaultText: '$ROCKETMQ_HOME' },
);

/** One row per key, in the order in which Java declares and prints them. Java: BrokerConfig. */
export const brokerConfigTable = {
  rocketmqHome,
  namesrvAddr: optionalText(
    (e) => e.systemProperties['rocketmq.namesrv.addr'] ?? e.variables['NAMESRV_ADDR'],
    'restart',
    'Name servers to register at, as host:port;host:port. Without one the broker runs unregistered.',
    {
      important: true,
      role: 'address',
      defaultText: '$NAMESRV_ADDR',
      lookalikes: ['nameSrvAddr', 'nameServerAddr', 'nameserver'],
    },
  ),
  brokerIP1: text((e) => e.localAddress, 'restart', 'Address told to clients, and the store host of new messages.', {
    important: true,
    role: 'address',
    check: checkHostName,
    defaultText: 'first local address',
    lookalikes: ['brokerIP', 'brokerIp'],
  }),
  brokerIP2: text((e) => e.localAddress, 'restart', 'Address told to slaves for replication.', {
    role: 'address',
    defaultText: 'first local address',
  }),
  brokerName: text((e) => e.hostName, 'restart', 'Name shared by a master and its slaves.', {
    important: true,
    defaultText: 'host name',
  }),
  brokerClusterName: text('DefaultCluster', 'restart', 'Cluster this broker belongs to.', { important: true }),
  brokerId: long(0, 'restart', 'Number among the brokers of one name; 0 is the master, slaves have more.', {
    important: true,
  }),
  brokerPermission: int(6, 'live', 'Rights of the whole broker: 4 read, 2 write, 6 both.', { unit: 'bits' }),
  defaultTopicQueueNums: int(8, 'restart', 'Queues of a topic made on first use, at most.', { min: 1 }),
  autoCreateTopicEnable: bool(true, 'live', 'Makes a topic on its first message.', { important: true }),
  clusterTopicEnable: bool(true, 'restart', 'Gives the topic named after the cluster read and write rights.'),
  brokerTopicEnable: bool(true, 'restart', 'Gives the topic named after the broker read and write rights.'),
  autoCreateSubscriptionGroup: bool(true, 'live', 'Makes a consumer group on its first use.', { important: true }),
  messageStorePlugIn: text('', 'restart', 'Java classes to wrap the store with; must be empty here.', {
    role: 'class',
  }),
  msgTraceTopicName: text('RMQ_SYS_TRACE_TOPIC', 'restart', 'Topic for message traces.', { important: true }),
  traceTopicEnable: bool(false, 'restart', 'Makes the topic for message traces at start.', { important: true }),
  sendMessageThreadPoolNums: int(1, NO_POOL, 'Threads for sends.'),
  pullMessageThreadPoolNums: int((e) => 16 + 2 * e.cpuCount, NO_POOL, 'Threads for pulls.', {
    defaultText: '16 + 2 × CPUs',
  }),
  processReplyMessageThreadPoolNums: int((e) => 16 + 2 * e.cpuCount, NO_POOL, 'Threads for reply messages.', {
    defaultText: '16 + 2 × CPUs',
  }),
  queryMessageThreadPoolNums: int((e) => 8 + e.cpuCount, NO_POOL, 'Threads for message queries.', {
    defaultText: '8 + CPUs',
  }),
  adminBrokerThreadPoolNums: int(16, NO_POOL, 'Threads for admin requests.'),
  clientManageThreadPoolNums: int(32, NO_POOL, 'Threads for client requests.'),
  consumerManageThreadPoolNums: int(32, NO_POOL, 'Threads for consumer requests.'),
  heartbeatThreadPoolNums: int((e) => Math.min(32, e.cpuCount), NO_POOL, 'Threads for heartbeats.', {
    defaultText: 'CPUs, at most 32',
  }),
  endTransactionThreadPoolNums: int((e) => 8 + 2 * e.cpuCount, NO_POOL, 'Threads for ends of transactions.', {
    defaultText: '8 + 2 × CPUs',
  }),
  flushConsumerOffsetInterval: int(5000, 'restart', 'How often consumer offsets are saved.', { unit: 'ms', min: 1 }),
  flushConsumerOffsetHistoryInterval: int(60_000, UNUSED, 'Once meant for a history of consumer offsets.', {
    unit: 'ms',
  }),
  rejectTransactionMessage: bool(false, 'live', 'Refuses transactional messages.', { important: true }),
  fetchNamesrvAddrByAddressServer: bool(
    false,
    'restart',
    'Asks an address server over HTTP for the name servers; used when namesrvAddr is not set.',
    { important: true },
  ),
  sendThreadPoolQueueCapacity: int(10_000, 'restart', 'Most sends that wait for their answer.', { min: 1 }),
  pullThreadPoolQueueCapacity: int(100_000, 'restart', 'Most pulls that wait for their answer.', { min: 1 }),
  replyThreadPoolQueueCapacity: int(10_000, 'restart', 'Most reply messages that wait for their answer.', { min: 1 }),
  queryThreadPoolQueueCapacity: int(20_000, 'restart', 'Most message queries that wait for their answer.', { min: 1 }),
  clientManagerThreadPoolQueueCapacity: int(1_000_000, 'restart', 'Most client requests that wait for their answer.', {
    min: 1,
  }),
  consumerManagerThreadPoolQueueCapacity: int(
    1_000_000,
    'restart',
    'Most consumer requests that wait for their answer.',
    { min: 1 },
  ),
  heartbeatThreadPoolQueueCapacity: int(50_000, 'restart', 'Most heartbeats that wait for their answer.', { min: 1 }),
  endTransactionPoolQueueCapacity: int(100_000, 'restart', 'Most ends of transactions that wait for their answer.', {
    min: 1,
  }),
  filterServerNums: int(
    0,
    'live',
    'Above 0: filter servers that register are told to the name servers. None is ever started.',
    { role: 'trust' },
  ),
  longPollingEnable: bool(true, 'live', 'Holds a pull that finds nothing until a message comes.'),
  shortPollingTimeMills: long(1000, 'live', 'How long a pull is held when long polling is off.', { unit: 'ms' }),
  notifyConsumerIdsChangedEnable: bool(true, 'live', 'Tells the members of a group when one comes or goes.'),
  highSpeedMode: bool(false, UNUSED, 'Once meant for a faster mode.'),
  commercialEnable: bool(true, NO_COUNT, 'Counts requests for billing.'),
  commercialTimerCount: int(1, NO_COUNT, 'Weight of a delayed message.'),
  commercialTransCount: int(1, NO_COUNT, 'Weight of a transactional message.'),
  commercialBigCount: int(1, NO_COUNT, 'Weight of a large message.'),
  commercialBaseCount: int(1, NO_COUNT, 'Weight of any other message.'),
  transferMsgByHeap: bool(true, NO_COPY, 'Copies pulled messages to the heap instead of sending file regions.'),
  maxDelayTime: int(40, UNUSED, 'Once meant as a bound for delays.'),
  regionId: text('DefaultRegion', 'live', 'Region written into messages and told to producers.'),
  registerBrokerTimeoutMills: int(6000, 'live', 'Time-out of a registration at a name server.', { unit: 'ms', min: 1 }),
  slaveReadEnable: bool(false, 'live', 'Sends consumers that fell behind to a slave.'),
  disableConsumeIfConsumerReadSlowly: bool(false, 'live', 'Stops connected groups that fell too far behind.'),
  consumerFallbehindThreshold: long(17_179_869_184, 'live', 'What counts as too far behind.', { unit: 'B' }),
  brokerFastFailureEnable: bool(true, 'restart', 'Answers requests that waited too long with busy.'),
  waitTimeMillsInSendQueue: long(200, 'restart', 'Longest wait of a send; 0 or less: any.', { unit: 'ms' }),
  waitTimeMillsInPullQueue: long(5000, 'restart', 'Longest wait of a pull; 0 or less: any.', { unit: 'ms' }),
  waitTimeMillsInHeartbeatQueue: long(31_000, 'restart', 'Longest wait of a heartbeat; 0 or less: any.', {
    unit: 'ms',
  }),
  waitTimeMillsInTransactionQueue: long(3000, 'restart', 'Longest wait of an end of a transaction; 0 or less: any.', {
    unit: 'ms',
  }),
  startAcceptSendRequestTimeStamp: long(0, 'live', 'Sends are refused before this moment.', { unit: 'ms since 1970' }),
  traceOn: bool(true, 'live', 'Tells producers that traces are wanted.'),
  enableCalcFilterBitMap: bool(false, 'live', 'Computes filter bit maps while messages are dispatched.'),
  expectConsumerNumUseFilter: int(32, 'restart', 'Groups a filter bit map is sized for.', { min: 1 }),
  maxErrorRateOfBloomFilter: int(20, 'restart', 'False positives a filter bit map may show.', {
    unit: '%',
    min: 1,
    max: 99,
  }),
  filterDataCleanTimeSpan: long(86_400_000, 'live', 'Age at which an unused filter is dropped.', { unit: 'ms' }),
  filterSupportRetry: bool(false, 'live', 'Filters messages of retry topics by the filters of their own topics.'),
  enablePropertyFilter: bool(false, 'live', 'Allows SQL filters on message properties.'),
  compressedRegister: bool(false, 'live', 'Compresses the body of a registration.'),
  forceRegister: bool(true, 'live', 'Registers every time, also when nothing changed.'),
  registerNameServerPeriod: int(30_000, 'restart', 'How often the broker registers; used within 10 s to 60 s.', {
    unit: 'ms',
    read: (stored) => Math.max(10_000, Math.min(stored, 60_000)),
  }),
  transactionTimeOut: long(6000, 'live', 'Age at which a half message is first asked about.', {
    unit: 'ms',
    important: true,
  }),
  transactionCheckMax: int(15, 'live', 'Questions before a half message is given up.', { important: true }),
  transactionCheckInterval: long(60_000, 'live', 'How often half messages are looked at.', {
    unit: 'ms',
    min: 1,
    important: true,
  }),
  aclEnable: bool(false, 'restart', 'Checks signatures and rights of clients; must be false here.', {
    important: true,
  }),
  storeReplyMessageEnable: bool(true, 'live', 'Stores reply messages too.'),
};

/** Where the broker looks up name servers by HTTP. Java: BrokerStartup#properties2SystemEnv. */
export type AddressServerConfig = ConfigOf<typeof addressServerTable>;

/** Two keys of the broker's file that Java turns into system properties; printed by neither `-p` nor `-m`. */
export const addressServerTable = {
  rmqAddressServerDomain: text(
    (e) => e.systemProperties['rocketmq.namesrv.domain'] ?? 'jmenv.tbsite.net',
    'restart',
    'Host of the address server; port 8080 unless it names one.',
    { role: 'address', defaultText: 'jmenv.tbsite.net' },
  ),
  rmqAddressServerSubGroup: text(
    (e) => e.systemProperties['rocketmq.namesrv.domain.subgroup'] ?? 'nsaddr',
    'restart',
    'Last part of the path asked at the address server.',
    { defaultText: 'nsaddr' },
  ),
};

/** It goes into every record, as 4 or 16 bytes. A comment or a blank behind an address is told by another check. */
function checkHostName(given: string): Mistake | undefined {
  if (!/^[\w.-]+$/.test(given) || /^\d+(\.\d+){3}$/.test(given)) return undefined;
  return { kind: 'unusable', why: 'is no IP address; a host name is not looked up here' };
}
