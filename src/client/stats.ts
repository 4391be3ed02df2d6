/** Figures that are put together from what several brokers answer. */
import { type ConsumeStats, consumeStats, type OffsetWrapper } from '../codec/bodies/consume-stats.ts';
import type { MessageQueue } from '../codec/bodies/message-queue.ts';
import type { MqClient } from './mq-client.ts';

/**
 * How far a group has read at these brokers, one asked after another; of one topic, or of all. Queues stand in the
 * order in which they were answered, rates are summed. Java: DefaultMQAdminExtImpl#examineConsumeStats.
 */
export async function consumeStatsAt(
  mq: MqClient,
  addresses: readonly string[],
  what: { readonly consumerGroup: string; readonly topic?: string | undefined },
): Promise<ConsumeStats> {
  const offsetTable = new Map<MessageQueue, OffsetWrapper>();
  let consumeTps = 0;
  for (const address of addresses) {
    const stats = await mq.askBody(address, 'GET_CONSUME_STATS', what, consumeStats);
    for (const [queue, offsets] of stats.offsetTable) offsetTable.set(queue, offsets);
    consumeTps += stats.consumeTps;
  }
  return { consumeTps, offsetTable };
}

/** Sum of what a group has not read yet. Java: ConsumeStats#computeTotalDiff. */
export function totalDiff({ offsetTable }: ConsumeStats): number {
  return [...offsetTable.values()].reduce((sum, { brokerOffset, consumerOffset }) => {
    return sum + brokerOffset - consumerOffset;
  }, 0);
}
