import type { LateResult, Request } from '../../remoting/handler.ts';
import type { BrokerParts } from '../parts.ts';

/**
 * 306: removes queues all of whose messages have expired; the answer follows the disk.
 * Java: AdminBrokerProcessor#cleanExpiredConsumeQueue.
 */
export function cleanExpiredConsumeQueue(
  parts: BrokerParts,
): (request: Request<'CLEAN_EXPIRED_CONSUMEQUEUE'>) => Promise<LateResult<'CLEAN_EXPIRED_CONSUMEQUEUE'>> {
  return async () => {
    const queues = await parts.store.cleaning.cleanExpiredConsumerQueue();
    parts.log.info({ queues }, 'an administrator had expired consume queues removed');
    return { code: 'SUCCESS' };
  };
}

/**
 * 316: removes the queues of topics that this broker does not know any more; the answer follows the disk.
 * Java: AdminBrokerProcessor#cleanUnusedTopic.
 */
export function cleanUnusedTopic(
  parts: BrokerParts,
): (request: Request<'CLEAN_UNUSED_TOPIC'>) => Promise<LateResult<'CLEAN_UNUSED_TOPIC'>> {
  return async () => {
    const topics = new Set(parts.topics.table().topicConfigTable.keys());
    const queues = await parts.store.cleaning.cleanUnusedTopic(topics);
    parts.log.info({ queues }, 'an administrator had the consume queues of unused topics removed');
    return { code: 'SUCCESS' };
  };
}
