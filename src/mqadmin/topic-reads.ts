import { compareQueues, topicStats } from '../client/queues.ts';
import { type ClusterInfo, type TopicRouteData, topicRouteData } from '../codec/bodies/route.ts';
import { encodeBodyText } from '../codec/bodies/schema.ts';
import { isReadable } from '../codec/sys-flags.ts';
import { isGroupTopic } from '../codec/system-topics.ts';
import { type Call, CommandError, type Output } from './command.ts';
import { front, printf, timeWithMillis } from './text.ts';

/** Where a topic is, as Java's pretty JSON. Java: TopicRouteSubCommand. */
export async function topicRoute({ admin, options }: Call<'topicRoute'>): Promise<Output> {
  const route = await admin.route(options.topic);
  return { lines: encodeBodyText(topicRouteData, route, { pretty: true }).split('\n'), json: route };
}

const STATUS_LINE = '%-32s  %-4s  %-20s  %-20s    %s';

/** Ends of the queues of a topic. Java: TopicStatusSubCommand. */
export async function topicStatus({ admin, options: { topic } }: Call<'topicStatus'>): Promise<Output> {
  const table = await topicStats(admin, topic);
  if (table.size === 0) throw new CommandError(`no broker has figures of topic ${topic}`);
  const rows = [...table].sort(([a], [b]) => compareQueues(a, b));
  return {
    lines: [
      printf(STATUS_LINE, '#Broker Name', '#QID', '#Min Offset', '#Max Offset', '#Last Updated'),
      ...rows.map(([{ brokerName = '', queueId }, { minOffset, maxOffset, lastUpdateTimestamp }]) => {
        const updated = lastUpdateTimestamp > 0 ? timeWithMillis(lastUpdateTimestamp) : '';
        return printf(STATUS_LINE, front(brokerName, 32), queueId, minOffset, maxOffset, updated);
      }),
    ],
    json: rows.map(([{ brokerName, queueId }, offset]) => ({ brokerName, queueId, ...offset })),
  };
}

/** Clusters that have a topic. Java: TopicClusterSubCommand. */
export async function topicClusterList({ admin, options }: Call<'topicClusterList'>): Promise<Output> {
  const clusters = clustersOf(await admin.clusters(), await admin.route(options.topic));
  return { lines: clusters, json: clusters };
}

/** By the first broker of the route, as in Java: DefaultMQAdminExtImpl#getTopicClusterList. */
function clustersOf({ clusterAddrTable }: ClusterInfo, { brokerDatas }: TopicRouteData): string[] {
  const name = brokerDatas[0]?.brokerName;
  const all = [...clusterAddrTable].filter(([, names]) => name !== undefined && names.includes(name));
  return all.map(([cluster]) => cluster).sort();
}

const LIST_LINE = '%-20s  %-48s  %-48s';

/** All topics, or topics with their clusters and groups. Java: TopicListSubCommand. */
export async function topicList({ admin, options }: Call<'topicList'>): Promise<Output> {
  const topics = [...(await admin.topics())].sort();
  if (!options.clusterModel) return { lines: topics, json: topics };
  const clusters = await admin.clusters();
  const plain = topics.filter((topic) => !isGroupTopic(topic));
  const { done, failures } = await admin.everywhere(plain, async (topic) => {
    const cluster = clustersOf(clusters, await admin.route(topic))[0] ?? '';
    return { cluster, groups: await admin.groupsOf(topic) };
  });
  const lines = done.flatMap(([topic, { cluster, groups }]) =>
    (groups.length === 0 ? [''] : groups).map((group) =>
      printf(LIST_LINE, front(cluster, 20), front(topic, 48), front(group, 48)),
    ),
  );
  return {
    lines: [printf(LIST_LINE, '#Cluster Name', '#Topic', '#Consumer Group'), ...lines],
    json: done.map(([topic, { cluster, groups }]) => ({ cluster, topic, groups })),
    failures,
  };
}

/** Which client would read which queues. Java: AllocateMQSubCommand, AllocateMessageQueueAveragely. */
export async function allocateMQ({ admin, options: { topic, ipList } }: Call<'allocateMQ'>): Promise<Output> {
  const { queueDatas } = await admin.route(topic);
  const queues = queueDatas
    .filter(({ perm }) => isReadable(perm))
    .flatMap(({ brokerName = '', readQueueNums }) =>
      Array.from({ length: readQueueNums }, (_, queueId) => ({ brokerName, queueId, topic })),
    )
    .sort(compareQueues);
  const clients = ipList.split(',').map((ip) => ip.trim());
  const result = Object.fromEntries(clients.map((client, index) => [client, share(queues, index, clients.length)]));
  return { lines: [JSON.stringify({ result })], json: { result } };
}

/** Neighbouring queues; the first clients have one more when it does not come out even. */
function share<T>(queues: readonly T[], index: number, clients: number): T[] {
  const more = queues.length % clients;
  const each = Math.floor(queues.length / clients);
  const start = index * each + Math.min(index, more);
  return queues.slice(start, start + each + (index < more ? 1 : 0));
}
