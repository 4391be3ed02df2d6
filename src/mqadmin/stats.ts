import type { AdminClient } from '../client/admin-client.ts';
import { unlessRefused } from '../client/answer.ts';
import { totalDiff } from '../client/stats.ts';
import { type BrokerStatsData, brokerStatsData } from '../codec/bodies/broker-stats-data.ts';
import { isGroupTopic } from '../codec/system-topics.ts';
import type { Call, Output } from './command.ts';
import { front, printf } from './text.ts';

const HEADER_LINE = '%-32s  %-32s %12s %11s %11s %14s %14s';
const HEADER = ['#Topic', '#Consumer Group', '#Accumulation', '#InTPS', '#OutTPS', '#InMsg24Hour', '#OutMsg24Hour'];

interface GroupRow {
  readonly group: string;
  readonly accumulation: number;
  readonly outTps: number;
  readonly out24Hours: number;
}

interface TopicRow {
  readonly topic: string;
  readonly inTps: number;
  readonly in24Hours: number;
  readonly groups: readonly GroupRow[];
}

/** What goes in and out of topics. Java: StatsAllSubCommand. */
export async function statsAll({ admin, options }: Call<'statsAll'>): Promise<Output> {
  const { topic: wanted = '', activeTopic } = options;
  const topics = [...(await admin.topics())].sort().filter((topic) => {
    return !isGroupTopic(topic) && (wanted === '' || wanted === topic);
  });
  const { done, failures } = await admin.everywhere(topics, (topic) => topicRow(admin, topic));
  const rows = done.map(([, row]) => (activeTopic ? active(row) : row)).filter((row) => row !== undefined);
  return { lines: [printf(HEADER_LINE, ...HEADER), ...rows.flatMap(linesOf)], json: rows, failures };
}

async function topicRow(admin: AdminClient, topic: string): Promise<TopicRow> {
  const brokers = (await admin.brokersOfTopic(topic)).map(([, address]) => address);
  const came = await sumOf(admin, brokers, 'TOPIC_PUT_NUMS', topic);
  const groups: GroupRow[] = [];
  for (const group of await admin.groupsOf(topic)) {
    const went = await sumOf(admin, brokers, 'GROUP_GET_NUMS', `${topic}@${group}`);
    const accumulation = await behind(admin, group, topic);
    groups.push({ group, accumulation, outTps: went.tps, out24Hours: went.sum });
  }
  return { topic, inTps: came.tps, in24Hours: came.sum, groups };
}

/** A broker that has no such figure yet says so in a refusal: it counts as nothing. */
async function sumOf(
  admin: AdminClient,
  addresses: readonly string[],
  statsName: string,
  statsKey: string,
): Promise<{ tps: number; sum: number }> {
  let tps = 0;
  let sum = 0;
  for (const address of addresses) {
    const asked = admin.mq.askBody(address, 'VIEW_BROKER_STATS_DATA', { statsName, statsKey }, brokerStatsData);
    const data = await unlessRefused(asked);
    if (data === undefined) continue;
    tps += data.statsMinute.tps;
    sum += sumOfDay(data);
  }
  return { tps, sum };
}

/** Of the longest span that has any. Java: StatsAllSubCommand#compute24HourSum. */
function sumOfDay({ statsDay, statsHour, statsMinute }: BrokerStatsData): number {
  return statsDay.sum || statsHour.sum || statsMinute.sum;
}

async function behind(admin: AdminClient, group: string, topic: string): Promise<number> {
  const stats = await unlessRefused(admin.consumeStats(group, topic));
  return stats === undefined ? 0 : Math.max(0, totalDiff(stats));
}

function active(row: TopicRow): TopicRow | undefined {
  const groups = row.groups.filter(({ out24Hours }) => row.in24Hours > 0 || out24Hours > 0);
  return groups.length > 0 || row.in24Hours > 0 ? { ...row, groups } : undefined;
}

function linesOf({ topic, inTps, in24Hours, groups }: TopicRow): string[] {
  const shown = front(topic, 32);
  const tps = inTps.toFixed(2);
  if (groups.length === 0) return [printf(HEADER_LINE, shown, '', 0, tps, '', in24Hours, 'NO_CONSUMER')];
  return groups.map(({ group, accumulation, outTps, out24Hours }) =>
    printf(HEADER_LINE, shown, front(group, 32), accumulation, tps, outTps.toFixed(2), in24Hours, out24Hours),
  );
}
