import type { AdminClient } from '../client/admin-client.ts';
import { MASTER_ID } from '../codec/bodies/route.ts';
import { describeTopic, type TopicConfig } from '../codec/bodies/topic-config.ts';
import { ORDER_TOPIC_CONFIG } from '../codec/names.ts';
import { TopicSysFlag } from '../codec/sys-flags.ts';
import { type Call, CommandError, mastersOf, type Output, UsageError } from './command.ts';

const DEFAULT_QUEUES = 8;
const READ_AND_WRITE = 6;

type NamedTopic = TopicConfig & { readonly topicName: string };

/** Makes a topic, or changes it; an ordered one is told to the name servers. Java: UpdateTopicSubCommand. */
export async function updateTopic({ admin, options }: Call<'updateTopic'>): Promise<Output> {
  const { topic, brokerAddr, clusterName, order = false, unit = false, hasUnitSub = false } = options;
  const config: NamedTopic = {
    topicName: topic,
    readQueueNums: options.readQueueNums ?? DEFAULT_QUEUES,
    writeQueueNums: options.writeQueueNums ?? DEFAULT_QUEUES,
    perm: options.perm ?? READ_AND_WRITE,
    topicFilterType: 'SINGLE_TAG',
    topicSysFlag: (unit ? TopicSysFlag.FLAG_UNIT : 0) | (hasUnitSub ? TopicSysFlag.FLAG_UNIT_SUB : 0),
    order,
  };
  const created = await createTopic(admin, await mastersOf(admin, options), config);
  const lines = created.addresses.map((address) => `create topic to ${address} success.`);
  const json = { addresses: created.addresses, topic: config };
  if (created.addresses.length === 0) return { lines, json, failures: created.failures };
  let orderConf: string | undefined;
  if (order) {
    const names = brokerAddr === undefined ? await namesOf(admin, clusterName) : [await nameOf(admin, brokerAddr)];
    const added = names.map((name) => `${name}:${config.writeQueueNums}`);
    orderConf = added.join(';');
    // One broker is changed in what the others have; a cluster replaces everything.
    await admin.putKv(
      ORDER_TOPIC_CONFIG,
      topic,
      brokerAddr === undefined ? orderConf : await merged(admin, topic, added),
    );
    lines.push(
      `set ${brokerAddr === undefined ? 'cluster' : 'broker'} orderConf. isOrder=true, orderConf=[${orderConf}]`,
    );
  }
  lines.push(describeTopic(config));
  return { lines, json: { ...json, orderConf }, failures: created.failures };
}

async function createTopic(
  admin: AdminClient,
  addresses: readonly string[],
  config: NamedTopic,
): Promise<{ addresses: string[]; failures: readonly string[] }> {
  const { done, failures } = await admin.everywhere(addresses, (address) => admin.mq.createTopic(address, config));
  return { addresses: done.map(([address]) => address), failures };
}

async function namesOf(admin: AdminClient, cluster = ''): Promise<string[]> {
  return (await admin.brokersOf(cluster)).map(({ brokerName }) => brokerName);
}

/** Java: CommandUtil#fetchBrokerNameByAddr. */
async function nameOf(admin: AdminClient, address: string): Promise<string> {
  for (const [name, { brokerAddrs }] of (await admin.clusters()).brokerAddrTable) {
    if ([...brokerAddrs.values()].includes(address)) return name;
  }
  throw new CommandError(`the name server knows no broker at ${address}; the order was not set`);
}

/** Java: DefaultMQAdminExtImpl#createOrUpdateOrderConf. */
async function merged(admin: AdminClient, topic: string, added: readonly string[]): Promise<string> {
  const old = (await admin.kvValue(ORDER_TOPIC_CONFIG, topic)) ?? '';
  const all = [...old.split(';').filter((item) => item.trim() !== ''), ...added];
  return [...new Map(all.map((item) => [item.split(':')[0], item])).values()].join(';');
}

/** Deletes a topic from the brokers of a cluster, then from the routes. Java: DeleteTopicSubCommand. */
export async function deleteTopic({ admin, options }: Call<'deleteTopic'>): Promise<Output> {
  const { topic, clusterName } = options;
  const { lines, failures } = await deleteEverywhere(admin, clusterName, topic);
  return { lines, json: { topic, clusterName, deleted: failures.length === 0 }, failures };
}

/** The lines about each step that was done at every server. */
export async function deleteEverywhere(
  admin: AdminClient,
  cluster: string,
  topic: string,
): Promise<{ lines: string[]; failures: readonly string[] }> {
  const inBrokers = await admin.deleteTopicInBrokers(cluster, topic);
  // Java stops here, too: a topic that a broker still has would come back with its next registration.
  if (inBrokers.failures.length > 0) return { lines: [], failures: inBrokers.failures };
  const inNamesrvs = await admin.deleteTopicInNamesrvs(topic);
  const lines = [`delete topic [${topic}] from cluster [${cluster}] success.`];
  if (inNamesrvs.failures.length === 0) lines.push(`delete topic [${topic}] from NameServer success.`);
  return { lines, failures: inNamesrvs.failures };
}

/** Changes the permission of a topic, the rest as the route has it. Java: UpdateTopicPermSubCommand. */
export async function updateTopicPerm({ admin, options }: Call<'updateTopicPerm'>): Promise<Output> {
  const { topic, perm, brokerAddr } = options;
  const { queueDatas, brokerDatas } = await admin.route(topic);
  const addresses = await mastersOf(admin, options);
  const owner = brokerDatas.find(({ brokerAddrs }) => brokerAddrs.get(MASTER_ID) === brokerAddr)?.brokerName;
  if (brokerAddr !== undefined && owner === undefined) {
    throw new CommandError(`${brokerAddr} is no master of topic ${topic}`);
  }
  const queues = queueDatas.find(({ brokerName }) => brokerName === owner) ?? queueDatas[0];
  if (queues === undefined) throw new CommandError(`topic ${topic} has no queues`);
  if (brokerAddr !== undefined && queues.perm === perm) {
    return { lines: ['new perm equals to the old one!'], json: { topic, from: perm, to: perm, addresses: [] } };
  }
  const config: NamedTopic = {
    topicName: topic,
    readQueueNums: queues.readQueueNums,
    writeQueueNums: queues.writeQueueNums,
    perm,
    topicFilterType: 'SINGLE_TAG',
    topicSysFlag: queues.topicSynFlag,
    order: false,
  };
  const created = await createTopic(admin, addresses, config);
  const lines = created.addresses.map((at) => `update topic perm from ${queues.perm} to ${perm} in ${at} success.`);
  if (brokerAddr !== undefined && lines.length > 0) lines.push(`${describeTopic(config)}.`);
  return {
    lines,
    json: { topic, from: queues.perm, to: perm, addresses: created.addresses },
    failures: created.failures,
  };
}

/** Sets, shows or removes the queues of an ordered topic. Java: UpdateOrderConfCommand. */
export async function updateOrderConf({ admin, options }: Call<'updateOrderConf'>): Promise<Output> {
  const { topic, method, orderConf } = options;
  switch (method) {
    case 'get': {
      const found = await admin.kvValue(ORDER_TOPIC_CONFIG, topic);
      if (found === undefined) throw new CommandError(`topic ${topic} has no order conf`);
      return {
        lines: [`get orderConf success. topic=[${topic}], orderConf=[${found}]`],
        json: { topic, orderConf: found },
      };
    }
    case 'put':
      if (orderConf === undefined || orderConf === '') throw new UsageError('put needs -v (orderConf)');
      await admin.putKv(ORDER_TOPIC_CONFIG, topic, orderConf);
      return {
        lines: [`update orderConf success. topic=[${topic}], orderConf=[${orderConf}]`],
        json: { topic, orderConf },
      };
    case 'delete':
      await admin.deleteKv(ORDER_TOPIC_CONFIG, topic);
      return { lines: [`delete orderConf success. topic=[${topic}]`], json: { topic } };
    default:
      throw new UsageError(`-m ${method}: method is put, get or delete`);
  }
}
