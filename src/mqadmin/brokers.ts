import type { AdminClient } from '../client/admin-client.ts';
import { expectCode } from '../client/answer.ts';
import { compareQueues } from '../client/queues.ts';
import { consumeStatsList } from '../codec/bodies/consume-stats.ts';
import { MASTER_ID } from '../codec/bodies/route.ts';
import { formatProperties, parseProperties } from '../config/properties.ts';
import { compareTexts } from '../util/compare-texts.ts';
import { type Call, CommandError, mastersOf, type Output } from './command.ts';
import { front, printf, timeText } from './text.ts';

type BrokerOrCluster = { readonly brokerAddr: string | undefined; readonly clusterName: string | undefined };

/** Masters and slaves of `-c`, or the one broker of `-b`. */
function allBrokersOf(admin: AdminClient, options: BrokerOrCluster): Promise<readonly string[]> {
  const { brokerAddr, clusterName } = options;
  return brokerAddr === undefined && clusterName !== undefined
    ? admin.addressesOf(clusterName)
    : mastersOf(admin, options);
}

/** Counters and gauges. Java: BrokerStatusSubCommand. */
export async function brokerStatus({ admin, options }: Call<'brokerStatus'>): Promise<Output> {
  const addresses = await allBrokersOf(admin, options);
  const { done, failures } = await admin.everywhere(addresses, (address) => admin.runtimeInfo(address));
  const sorted = done.map(([address, info]) => [address, sortedByKey(info)] as const);
  const before = (address: string): string => (options.brokerAddr === undefined ? printf('%-24s ', address) : '');
  const lines = sorted.flatMap(([address, info]) =>
    info.map(([key, value]) => `${before(address)}${printf('%-32s: %s', key, value)}`),
  );
  return { lines, json: new Map(sorted.map(([address, info]) => [address, new Map(info)])), failures };
}

function sortedByKey(map: ReadonlyMap<string, string>): [string, string][] {
  return [...map].sort(([a], [b]) => compareTexts(a, b));
}

/** Settings in force. Java: GetBrokerConfigCommand. */
export async function getBrokerConfig({ admin, options }: Call<'getBrokerConfig'>): Promise<Output> {
  const { brokerAddr, clusterName } = options;
  const titles = new Map<string, string>();
  if (brokerAddr === undefined && clusterName !== undefined) {
    for (const { addresses } of await admin.brokersOf(clusterName)) {
      const master = addresses.find(([id]) => id === MASTER_ID)?.[1];
      for (const [, address] of addresses) {
        const isMaster = address === master;
        titles.set(address, isMaster ? `Master: ${address}` : `My Master: ${master}=====Slave: ${address}`);
      }
    }
  } else {
    for (const address of await mastersOf(admin, options)) titles.set(address, address);
  }
  return settingsOf(admin, titles, 'GET_BROKER_CONFIG');
}

/** Settings of every server under its title. */
export async function settingsOf(
  admin: AdminClient,
  titles: ReadonlyMap<string, string>,
  command: 'GET_BROKER_CONFIG' | 'GET_NAMESRV_CONFIG',
): Promise<Output> {
  const { done, failures } = await admin.everywhere([...titles.keys()], async (address) => {
    const answer = expectCode(await admin.mq.ask(address, command, {}), address, 'SUCCESS');
    const parsed = parseProperties(answer.body?.toString('utf8') ?? '');
    if (parsed.kind === 'malformed') throw new CommandError(`${address} answered no settings: line ${parsed.line}`);
    return sortedByKey(new Map(parsed.entries.map(({ key, value }) => [key, value])));
  });
  const lines = done.flatMap(([address, settings]) => [
    `============${titles.get(address)}============`,
    ...settings.map(([key, value]) => printf('%-50s=  %s', key, value)),
    // Only brokers are set apart.
    ...(command === 'GET_BROKER_CONFIG' ? [''] : []),
  ]);
  return { lines, json: new Map(done.map(([address, settings]) => [address, new Map(settings)])), failures };
}

/** Changes one setting of running brokers. Java: UpdateBrokerConfigSubCommand. */
export async function updateBrokerConfig({ admin, options }: Call<'updateBrokerConfig'>): Promise<Output> {
  const { key, value } = options;
  const body = Buffer.from(formatProperties([[key, value]]), 'utf8');
  const { done, failures } = await admin.everywhere(await mastersOf(admin, options), async (address) => {
    const asked = await admin.mq.ask(address, 'UPDATE_BROKER_CONFIG', {}, body);
    return expectCode(asked, address, 'SUCCESS').remark;
  });
  // What a broker adds to its yes, such as that the setting counts after a restart.
  const lines = done.flatMap(([address, remark]) => [
    `update broker config success, ${address}`,
    ...(remark === undefined || remark === '' ? [] : [remark]),
  ]);
  return { lines, json: { key, value, addresses: done.map(([address]) => address) }, failures };
}

/** Removes expired consume queues. Java: CleanExpiredCQSubCommand. */
export function cleanExpiredCQ({ admin, options }: Call<'cleanExpiredCQ'>): Promise<Output> {
  return clean(admin, options, 'CLEAN_EXPIRED_CONSUMEQUEUE');
}

/** Removes consume queues of unknown topics. Java takes the name of a cluster for an address here. */
export function cleanUnusedTopic({ admin, options }: Call<'cleanUnusedTopic'>): Promise<Output> {
  return clean(admin, options, 'CLEAN_UNUSED_TOPIC');
}

/** At one broker, at those of a cluster, or at all. Java: DefaultMQAdminExtImpl#cleanExpiredConsumerQueue. */
async function clean(
  admin: AdminClient,
  { brokerAddr, cluster }: { readonly brokerAddr: string | undefined; readonly cluster: string | undefined },
  command: 'CLEAN_EXPIRED_CONSUMEQUEUE' | 'CLEAN_UNUSED_TOPIC',
): Promise<Output> {
  let addresses: readonly string[];
  if (brokerAddr !== undefined) addresses = [brokerAddr];
  else if (cluster !== undefined) addresses = await admin.addressesOf(cluster);
  else
    addresses = [...(await admin.clusters()).brokerAddrTable.values()].flatMap(({ brokerAddrs }) => [
      ...brokerAddrs.values(),
    ]);
  const { done, failures } = await admin.everywhere(addresses, (address) => admin.mq.askHeader(address, command, {}));
  const isDone = failures.length === 0;
  return {
    lines: [isDone ? 'success' : 'false'],
    json: { success: isDone, addresses: done.map(([at]) => at) },
    failures,
  };
}

const STATS_LINE = '%-32s  %-32s  %-32s  %-4s  %-20s  %-20s  %-20s  %s';
const DEFAULT_TIMEOUT_MS = 50_000;

/** How far all groups have read at one broker. Java: BrokerConsumeStatsSubCommad. */
export async function brokerConsumeStats({ admin, options }: Call<'brokerConsumeStats'>): Promise<Output> {
  const { brokerAddr, order: isOrder = false, timeoutMillis = DEFAULT_TIMEOUT_MS, level = 0 } = options;
  const answer = await admin.mq.askBody(
    brokerAddr,
    'GET_BROKER_CONSUME_STATS',
    { isOrder },
    consumeStatsList,
    timeoutMillis,
  );
  const rows = answer.consumeStatsList
    .flatMap((byGroup) => [...byGroup])
    .flatMap(([group, all]) =>
      all.flatMap(({ offsetTable }) => [...offsetTable].map((row) => [group, ...row] as const)),
    )
    .map(([group, queue, offsets]) => ({ group, queue, offsets, diff: offsets.brokerOffset - offsets.consumerOffset }))
    // A queue from which the group never read a message is not shown, as in Java.
    .filter(({ diff, offsets }) => diff >= level && offsets.lastTimestamp > 0)
    .sort((a, b) => compareTexts(a.group, b.group) || compareQueues(a.queue, b.queue));
  return {
    lines: [
      printf(
        STATS_LINE,
        ...['#Topic', '#Group', '#Broker Name', '#QID', '#Broker Offset', '#Consumer Offset', '#Diff', '#LastTime'],
      ),
      ...rows.map(({ group, queue: { topic = '', brokerName = '', queueId }, offsets, diff }) => {
        const { brokerOffset, consumerOffset, lastTimestamp } = offsets;
        const where = [front(topic, 32), group, front(brokerName, 32), queueId];
        return printf(STATS_LINE, ...where, brokerOffset, consumerOffset, diff, timeText(lastTimestamp));
      }),
      '',
      `Diff Total: ${answer.totalDiff}`,
    ],
    json: {
      rows: rows.map(({ group, queue, offsets, diff }) => ({ group, ...queue, ...offsets, diff })),
      totalDiff: answer.totalDiff,
    },
  };
}
