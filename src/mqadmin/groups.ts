import { encodeBody } from '../codec/bodies/schema.ts';
import { type SubscriptionGroupConfig, subscriptionGroupConfig } from '../codec/bodies/topic-config.ts';
import { DLQ_PREFIX, retryTopic } from '../codec/system-topics.ts';
import { type Call, mastersOf, type Output } from './command.ts';
import { deleteEverywhere } from './topic-changes.ts';

/** Makes a group, or replaces its settings by these and defaults. Java: UpdateSubGroupSubCommand. */
export async function updateSubGroup({ admin, options }: Call<'updateSubGroup'>): Promise<Output> {
  const config: SubscriptionGroupConfig = {
    groupName: options.groupName,
    consumeEnable: options.consumeEnable ?? true,
    // The tool's own defaults; the broker's are true.
    consumeFromMinEnable: options.consumeFromMinEnable ?? false,
    consumeBroadcastEnable: options.consumeBroadcastEnable ?? false,
    retryQueueNums: options.retryQueueNums ?? 1,
    retryMaxTimes: options.retryMaxTimes ?? 16,
    brokerId: options.brokerId ?? 0,
    whichBrokerWhenConsumeSlowly: options.whichBrokerWhenConsumeSlowly ?? 1,
    notifyConsumerIdsChangedEnable: options.notifyConsumerIdsChanged ?? true,
  };
  const body = encodeBody(subscriptionGroupConfig, config);
  const { done, failures } = await admin.everywhere(await mastersOf(admin, options), (address) =>
    admin.mq.askHeader(address, 'UPDATE_AND_CREATE_SUBSCRIPTIONGROUP', {}, body),
  );
  const addresses = done.map(([address]) => address);
  const lines = addresses.map((address) => `create subscription group to ${address} success.`);
  if (lines.length > 0) lines.push(describeGroup(config));
  return { lines, json: { addresses, group: config }, failures };
}

/** Java: SubscriptionGroupConfig#toString. */
function describeGroup(config: SubscriptionGroupConfig): string {
  const names = [
    'groupName',
    'consumeEnable',
    'consumeFromMinEnable',
    'consumeBroadcastEnable',
    'retryQueueNums',
    'retryMaxTimes',
    'brokerId',
    'whichBrokerWhenConsumeSlowly',
    'notifyConsumerIdsChangedEnable',
  ] as const;
  return `SubscriptionGroupConfig [${names.map((name) => `${name}=${config[name]}`).join(', ')}]`;
}

/** Deletes a group; from a cluster with its retry and dead-letter topics. Java: DeleteSubscriptionGroupCommand. */
export async function deleteSubGroup({ admin, options }: Call<'deleteSubGroup'>): Promise<Output> {
  const { groupName, brokerAddr, clusterName } = options;
  const { done, failures } = await admin.everywhere(await mastersOf(admin, options), (address) =>
    admin.mq.askHeader(address, 'DELETE_SUBSCRIPTIONGROUP', { groupName }),
  );
  const addresses = done.map(([address]) => address);
  const where = brokerAddr === undefined ? ` in cluster [${clusterName}]` : '';
  const lines = addresses.map((at) => `delete subscription group [${groupName}] from broker [${at}]${where} success.`);
  const allFailures = [...failures];
  if (brokerAddr === undefined && clusterName !== undefined) {
    for (const topic of [retryTopic(groupName), `${DLQ_PREFIX}${groupName}`]) {
      const deleted = await deleteEverywhere(admin, clusterName, topic);
      lines.push(...deleted.lines);
      allFailures.push(...deleted.failures);
    }
  }
  return { lines, json: { groupName, addresses }, failures: allFailures };
}
