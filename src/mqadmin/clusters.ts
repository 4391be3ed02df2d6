import { type AdminClient, brokersIn } from '../client/admin-client.ts';
import { attempt } from '../client/answer.ts';
import { writeQueues } from '../client/routes.ts';
import type { Clock } from '../util/clock.ts';
import { type Call, CommandError, type Output, pause } from './command.ts';
import { printf, timeTextInChina } from './text.ts';

interface BrokerRow {
  readonly cluster: string;
  readonly brokerName: string;
  readonly brokerId: number;
  readonly address: string;
}

/** Every broker with its load, or its totals, once or again and again. Java: ClusterListSubCommand. */
export async function* clusterList({ admin, options, clock }: Call<'clusterList'>): AsyncGenerator<Output> {
  const { interval, moreStats } = options;
  for (;;) {
    const rows = await brokerRows(admin);
    const failures: string[] = [];
    const shown = [];
    for (const row of rows) {
      // A broker that does not answer has a row without figures, as in Java.
      const { value: info = NO_INFO, failure } = await attempt(admin.runtimeInfo(row.address));
      if (failure !== undefined) failures.push(failure);
      shown.push(moreStats ? totals(row, info) : load(row, info, clock.now()));
    }
    const header = moreStats ? printf(TOTALS_LINE, ...TOTALS_HEADER) : printf(LOAD_LINE, ...LOAD_HEADER);
    yield { lines: [header, ...shown.map(({ line }) => line)], json: shown.map(({ json }) => json), failures };
    if (interval === undefined) return;
    await pause(clock, interval * 1000);
  }
}

async function brokerRows(admin: AdminClient): Promise<BrokerRow[]> {
  const info = await admin.clusters();
  return [...info.clusterAddrTable.keys()]
    .sort()
    .flatMap((cluster) =>
      brokersIn(info, cluster).flatMap(({ brokerName, addresses }) =>
        addresses.map(([brokerId, address]) => ({ cluster, brokerName, brokerId, address })),
      ),
    );
}

type Info = ReadonlyMap<string, string>;

const NO_INFO: Info = new Map();

const LOAD_LINE = '%-16s  %-22s  %-4s  %-22s %-16s %19s %19s %10s %5s %6s';
const LOAD_HEADER = [
  '#Cluster Name',
  '#Broker Name',
  '#BID',
  '#Addr',
  '#Version',
  '#InTPS(LOAD)',
  '#OutTPS(LOAD)',
  '#PCWait(ms)',
  '#Hour',
  '#SPACE',
];
const HOUR_MS = 3_600_000;

function load(row: BrokerRow, info: Info, nowMs: number): { line: string; json: unknown } {
  const text = (key: string): string => info.get(key) ?? '';
  const first = (key: string): number => Number(text(key).split(' ')[0]);
  const lane = (tps: number, name: string): string =>
    `${tps.toFixed(2).padStart(9)}(${text(`${name}ThreadPoolQueueSize`)},` +
    `${text(`${name}ThreadPoolQueueHeadWaitTimeMills`)}ms)`;
  const earliest = text('earliestMessageTimeStamp');
  const hours = earliest === '' ? 0 : (nowMs - Number(earliest)) / HOUR_MS;
  const space = Number(text('commitLogDiskRatio'));
  const inTps = first('putTps');
  const outTps = first('getTransferedTps');
  const line = printf(
    LOAD_LINE,
    row.cluster,
    row.brokerName,
    row.brokerId,
    row.address,
    text('brokerVersionDesc'),
    lane(inTps, 'send'),
    lane(outTps, 'pull'),
    text('pageCacheLockTimeMills'),
    hours.toFixed(2),
    space.toFixed(4),
  );
  const numberOf = (key: string): number | undefined => (info.has(key) ? Number(text(key)) : undefined);
  const json = {
    ...row,
    version: info.get('brokerVersionDesc'),
    inTps,
    outTps,
    sendQueueSize: numberOf('sendThreadPoolQueueSize'),
    sendQueueWaitMs: numberOf('sendThreadPoolQueueHeadWaitTimeMills'),
    pullQueueSize: numberOf('pullThreadPoolQueueSize'),
    pullQueueWaitMs: numberOf('pullThreadPoolQueueHeadWaitTimeMills'),
    pageCacheLockMs: numberOf('pageCacheLockTimeMills'),
    earliestMessageTimestamp: numberOf('earliestMessageTimeStamp'),
    commitLogDiskRatio: numberOf('commitLogDiskRatio'),
  };
  return { line, json };
}

const TOTALS_LINE = '%-16s  %-32s %14s %14s %14s %14s';
const TOTALS_HEADER = [
  '#Cluster Name',
  '#Broker Name',
  '#InTotalYest',
  '#OutTotalYest',
  '#InTotalToday',
  '#OutTotalToday',
];

function totals(row: BrokerRow, info: Info): { line: string; json: unknown } {
  const at = (key: string): number => Number(info.get(key) ?? 0);
  const between = (kind: 'Put' | 'Get', from: string, to: string): number =>
    at(`msg${kind}Total${to}`) - at(`msg${kind}Total${from}`);
  const inYesterday = between('Put', 'YesterdayMorning', 'TodayMorning');
  const outYesterday = between('Get', 'YesterdayMorning', 'TodayMorning');
  const inToday = between('Put', 'TodayMorning', 'TodayNow');
  const outToday = between('Get', 'TodayMorning', 'TodayNow');
  const line = printf(TOTALS_LINE, row.cluster, row.brokerName, inYesterday, outYesterday, inToday, outToday);
  return { line, json: { ...row, inYesterday, outYesterday, inToday, outToday } };
}

const RT_LINE = '%-24s  %-24s  %-8s  %-16s  %-16s';
const DEFAULT_AMOUNT = 50;
const DEFAULT_INTERVAL_S = 10;
/** As much as a client of Java's sends. Java: maxMessageSize of DefaultMQProducer. */
const MOST_BODY_BYTES = 4_194_304;

/** How long sends to each broker take, round after round. Java: CLusterSendMsgRTCommand. */
export async function* clusterRT({ admin, options, clock }: Call<'clusterRT'>): AsyncGenerator<Output> {
  const { cluster, size, amout: amount = DEFAULT_AMOUNT, interval = DEFAULT_INTERVAL_S } = options;
  if (size < 1 || size > MOST_BODY_BYTES) throw new CommandError(`size is 1 to ${MOST_BODY_BYTES}`);
  const asLog = options['print log'] === true;
  const room = options['machine room'] ?? 'noname';
  const body = Buffer.alloc(size, 'a');
  const info = await admin.clusters();
  const names = cluster === undefined ? [...info.clusterAddrTable.keys()].sort() : [cluster];
  const brokers = names.flatMap((name) => brokersIn(info, name).map(({ brokerName }) => ({ name, brokerName })));
  // The second head is narrower than its column, as in Java.
  const header = printf(
    '%-24s  %-24s  %-4s  %-8s  %-8s',
    ...['#Cluster Name', '#Broker Name', '#RT', '#successCount', '#failCount'],
  );
  let lines = asLog ? [] : [header];
  for (;;) {
    for (const { name, brokerName } of brokers) {
      const { rtMs, success, fail } = await sendSome(admin, clock, brokerName, body, amount);
      lines.push(
        asLog
          ? [timeTextInChina(clock.now()), room, name, brokerName, Math.round(rtMs)].join('|')
          : printf(RT_LINE, name, brokerName, rtMs.toFixed(2), success, fail),
      );
      yield { lines, json: { time: clock.now(), cluster: name, brokerName, rtMs, success, fail } };
      lines = [];
    }
    await pause(clock, interval * 1000);
  }
}

/** Sends to the topic that has the name of the broker; the first is not timed, it also connects. */
async function sendSome(
  admin: AdminClient,
  clock: Clock,
  brokerName: string,
  body: Buffer,
  amount: number,
): Promise<{ rtMs: number; success: number; fail: number }> {
  let elapsedMs = 0;
  let success = 0;
  for (let sent = 0; sent < amount; sent++) {
    const startMs = clock.monotonicMs();
    const { value: isDone = false } = await attempt(sendOne({ admin, clock }, brokerName, body, sent));
    if (isDone) success++;
    if (sent > 0) elapsedMs += clock.monotonicMs() - startMs;
  }
  return { rtMs: elapsedMs / Math.max(1, amount - 1), success, fail: amount - success };
}

/** False when the broker has no queue that takes messages. */
async function sendOne(
  { admin, clock }: Pick<Call, 'admin' | 'clock'>,
  brokerName: string,
  body: Buffer,
  number: number,
): Promise<boolean> {
  const queues = writeQueues(await admin.route(brokerName), brokerName);
  const own = queues.filter((queue) => queue.brokerName === brokerName);
  const queue = own[number % own.length];
  if (queue === undefined) return false;
  const { topic, queueId, address } = queue;
  await admin.mq.send(address, { topic, queueId, body, bornTimestamp: clock.now() });
  return true;
}
