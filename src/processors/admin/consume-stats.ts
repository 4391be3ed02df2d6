import type { Look } from '../../broker/long-looks.ts';
import {
  type ConsumeStats,
  consumeStats,
  consumeStatsList,
  type OffsetWrapper,
} from '../../codec/bodies/consume-stats.ts';
import { encodeBody } from '../../codec/bodies/schema.ts';
import { formatHost } from '../../codec/message-id.ts';
import type { LateResult, Request } from '../../remoting/handler.ts';
import type { BrokerParts } from '../parts.ts';
import { type OwnQueue, queuesOf } from './topic.ts';

/** 208: how far a group is behind, by queue. Java: AdminBrokerProcessor#getConsumeStats. */
export function getConsumeStats(
  parts: BrokerParts,
): (request: Request<'GET_CONSUME_STATS'>) => Promise<LateResult<'GET_CONSUME_STATS'>> {
  return (request) =>
    parts.looks.run(async (look) => {
      const { consumerGroup, topic } = request.header;
      const blank = topic === undefined || topic.trim() === '';
      const topics = blank ? parts.offsets.topicsOf(consumerGroup) : [topic];
      const offsetTable = new Map<OwnQueue, OffsetWrapper>();
      let consumeTps = 0;
      for (const name of topics) {
        const config = parts.topics.select(name)?.config;
        if (config === undefined || !parts.consumers.mayRead(consumerGroup, name)) continue;
        await addQueues(parts, consumerGroup, queuesOf(parts, name, config.readQueueNums), offsetTable, look);
        consumeTps += parts.statsManager.tpsGroupGetNums(consumerGroup, name);
      }
      return { code: 'SUCCESS', body: encodeBody(consumeStats, { consumeTps, offsetTable }) };
    });
}

/**
 * 317: how far each group of this broker is behind in each of its topics, by writable queue. Looked up in turns, so
 * that sends and pulls do not wait. Java: AdminBrokerProcessor#fetchAllConsumeStatsInBroker.
 */
export function getBrokerConsumeStats(
  parts: BrokerParts,
): (request: Request<'GET_BROKER_CONSUME_STATS'>) => Promise<LateResult<'GET_BROKER_CONSUME_STATS'>> {
  return (request) =>
    parts.looks.run(async (look) => {
      const { isOrder } = request.header;
      const topicsByGroup = parts.offsets.topicsByGroup();
      const groups: Map<string, ConsumeStats[]>[] = [];
      let totalDiff = 0;
      for (const group of [...parts.groups.table().subscriptionGroupTable.keys()]) {
        const ofGroup: ConsumeStats[] = [];
        for (const topic of topicsByGroup.get(group) ?? []) {
          const config = parts.topics.select(topic)?.config;
          if (config === undefined || (isOrder && !config.order) || !parts.consumers.mayRead(group, topic)) continue;
          const offsetTable = new Map<OwnQueue, OffsetWrapper>();
          await addQueues(parts, group, queuesOf(parts, topic, config.writeQueueNums), offsetTable, look);
          for (const { brokerOffset, consumerOffset } of offsetTable.values())
            totalDiff += brokerOffset - consumerOffset;
          ofGroup.push({ consumeTps: parts.statsManager.tpsGroupGetNums(group, topic), offsetTable });
        }
        groups.push(new Map([[group, ofGroup]]));
      }
      const brokerAddr = formatHost(parts.storeHost);
      return {
        code: 'SUCCESS',
        body: encodeBody(consumeStatsList, { brokerAddr, consumeStatsList: groups, totalDiff }),
      };
    });
}

async function addQueues(
  parts: BrokerParts,
  group: string,
  queues: Iterable<OwnQueue>,
  table: Map<OwnQueue, OffsetWrapper>,
  look: Look,
): Promise<void> {
  for (const queue of queues) {
    const { topic, queueId } = queue;
    const brokerOffset = Math.max(0, parts.store.getMaxOffsetInQueue(topic, queueId));
    const consumerOffset = Math.max(0, parts.offsets.query(group, topic, queueId));
    const lastTimestamp =
      consumerOffset > 0 ? Math.max(0, parts.store.getMessageStoreTimeStamp(topic, queueId, consumerOffset - 1)) : 0;
    table.set(queue, { brokerOffset, consumerOffset, lastTimestamp });
    await look.took(1);
  }
}
