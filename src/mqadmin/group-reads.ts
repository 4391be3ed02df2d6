/** Commands that show producers, consumers and how far groups are. */

import type { AdminClient } from '../client/admin-client.ts';
import { attempt } from '../client/answer.ts';
import { groupMembers, groupStats, producerMembers, runningInfo } from '../client/groups.ts';
import { compareQueues, queueText } from '../client/queues.ts';
import { totalDiff } from '../client/stats.ts';
import type { ConsumerConnection } from '../codec/bodies/consumer-connection.ts';
import { versionName } from '../codec/client-version.ts';
import { groupOfRetryTopic } from '../codec/system-topics.ts';
import { inJavaHashOrder, javaStringHash } from '../util/java-hash.ts';
import type { Call, Output } from './command.ts';
import { digits, front, printf, timeText } from './text.ts';

const PROGRESS_FORMAT = '%-32s  %-32s  %-4s  %-20s  %-20s  %-20s %-20s  %s';
const GROUPS_FORMAT = '%-32s  %-6s  %-24s %-5s  %-14s  %-7s  %s';
const NAME_WIDTH = 32;

type Connection = ConsumerConnection['connectionSet'][number];

/** Java: ProducerConnectionSubCommand. */
export async function producerConnection({ admin, options }: Call<'producerConnection'>): Promise<Output> {
  const { connectionSet } = await producerMembers(admin, options.producerGroup, options.topic);
  return { lines: connectionSet.map((connection, index) => connectionLine(connection, index, 4)), json: connectionSet };
}

/** Java: ConsumerConnectionSubCommand. */
export async function consumerConnection({ admin, options }: Call<'consumerConnection'>): Promise<Output> {
  const members = await groupMembers(admin, options.consumerGroup);
  const subscriptions = inJavaHashOrder(members.subscriptionTable, ([topic]) => javaStringHash(topic));
  const subscribed = subscriptions.map(([key, { topic = key, subString }], index) => {
    return printf('%s  Topic: %-40s SubExpression: %s', digits(index + 1, 3), topic, String(subString));
  });
  const [first = '', ...more] = subscribed;
  return {
    lines: [
      ...members.connectionSet.map((connection, index) => connectionLine(connection, index, 3)),
      '',
      `Below is subscription:${first}`,
      ...more,
      `ConsumeType: ${members.consumeType ?? null}`,
      `MessageModel: ${members.messageModel ?? null}`,
      `ConsumeFromWhere: ${members.consumeFromWhere ?? null}`,
    ],
    json: members,
  };
}

/** Java: ConsumerProgressSubCommand. */
export async function consumerProgress(call: Call<'consumerProgress'>): Promise<Output> {
  const { admin, options } = call;
  if (options.groupName === undefined) return allGroups(admin);
  const stats = await groupStats(admin, options.groupName);
  const clients = options.showClientIP === true ? await clientOfQueue(admin, options.groupName) : undefined;
  const rows = [...stats.offsetTable]
    .sort(([a], [b]) => compareQueues(a, b))
    .map(([queue, offsets]) => {
      const { brokerOffset, consumerOffset, lastTimestamp } = offsets;
      const clientIp = clients?.get(queueText(queue));
      return { ...queue, brokerOffset, consumerOffset, clientIp, diff: brokerOffset - consumerOffset, lastTimestamp };
    });
  const heads = ['#Topic', '#Broker Name', '#QID', '#Broker Offset', '#Consumer Offset', '#Client IP', '#Diff'];
  const diffTotal = totalDiff(stats);
  return {
    lines: [
      printf(PROGRESS_FORMAT, ...heads, '#LastTime'),
      ...rows.map((row) => {
        const { topic = '', brokerName = '', clientIp = 'N/A', lastTimestamp } = row;
        const names = [front(topic, NAME_WIDTH), front(brokerName, NAME_WIDTH)];
        const time = lastTimestamp === 0 ? 'N/A' : timeText(lastTimestamp);
        const { queueId, brokerOffset, consumerOffset, diff } = row;
        return printf(PROGRESS_FORMAT, ...names, queueId, brokerOffset, consumerOffset, clientIp, diff, time);
      }),
      '',
      `Consume TPS: ${stats.consumeTps.toFixed(2)}`,
      `Diff Total: ${diffTotal}`,
    ],
    json: { queues: rows, consumeTps: stats.consumeTps, diffTotal },
  };
}

/** Address of the client that reads a queue, by the text of the queue. */
async function clientOfQueue(admin: AdminClient, consumerGroup: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const { clientId = '' } of (await groupMembers(admin, consumerGroup)).connectionSet) {
    const { mqTable } = await runningInfo(admin, { consumerGroup, clientId, jstackEnable: false });
    const [ip = ''] = clientId.split('@');
    for (const queue of mqTable.keys()) found.set(queueText(queue), ip);
  }
  return found;
}

interface GroupRow {
  readonly group: string;
  readonly count: number;
  readonly version: string;
  readonly type: string;
  readonly model: string;
  readonly tps: number;
  readonly diffTotal: number;
}

/** A group without members or offsets is what the table shows; anything else is worth a line. */
const SHOWN_BY_ROW = /CONSUMER_NOT_ONLINE|TOPIC_NOT_EXIST/;

/** A row for each group that has a retry topic; the groups that could not be asked are failures. */
async function allGroups(admin: AdminClient): Promise<Output> {
  const rows: GroupRow[] = [];
  const failures: string[] = [];
  for (const topic of await admin.topics()) {
    const group = groupOfRetryTopic(topic);
    if (group === undefined) continue;
    const stats = await attempt(groupStats(admin, group));
    const members = await attempt(groupMembers(admin, group));
    for (const failure of [stats.failure, members.failure]) {
      if (failure !== undefined && !SHOWN_BY_ROW.test(failure)) failures.push(`${group}: ${failure}`);
    }
    rows.push({
      group,
      ...memberColumns(members.value),
      tps: Math.trunc(stats.value?.consumeTps ?? 0),
      diffTotal: stats.value === undefined ? 0 : totalDiff(stats.value),
    });
  }
  const lines = rows.map(({ group, count, version, type, model, tps, diffTotal }) => {
    return printf(GROUPS_FORMAT, front(group, NAME_WIDTH), count, version, type, model, tps, diffTotal);
  });
  const head = printf(GROUPS_FORMAT, '#Group', '#Count', '#Version', '#Type', '#Model', '#TPS', '#Diff Total');
  return { lines: [head, ...lines], json: rows, failures };
}

function memberColumns(
  members: ConsumerConnection | undefined,
): Pick<GroupRow, 'count' | 'version' | 'type' | 'model'> {
  if (members === undefined) return { count: 0, version: 'OFFLINE', type: '', model: '' };
  const { connectionSet, consumeType, messageModel } = members;
  const oldest = Math.min(...connectionSet.map(({ version }) => version));
  const isPull = consumeType === 'CONSUME_ACTIVELY';
  return {
    count: connectionSet.length,
    version: versionName(oldest),
    type: isPull ? 'PULL' : 'PUSH',
    model: isPull ? '' : String(messageModel ?? ''),
  };
}

function connectionLine({ clientId, clientAddr, language, version }: Connection, index: number, width: number): string {
  const number = digits(index + 1, width);
  const shown = [clientId, clientAddr, language].map(String);
  return printf('%s  %-32s %-22s %-8s %s', number, ...shown, versionName(version));
}
