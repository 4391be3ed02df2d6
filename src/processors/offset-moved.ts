import { offsetMovedEvent } from '../codec/bodies/message-queue.ts';
import { encodeBody } from '../codec/bodies/schema.ts';
import { OFFSET_MOVED_EVENT } from '../codec/system-topics.ts';
import { MessageDraft } from '../store/message-draft.ts';
import type { BrokerParts } from './parts.ts';

/** The pull whose offset was moved. */
interface MovedPull {
  readonly consumerGroup: string;
  readonly topic: string;
  readonly queueId: number;
  readonly queueOffset: number;
}

/**
 * Stores the event that tells monitors of a consumer whose offset lay outside its queue. Java:
 * PullMessageProcessor#generateOffsetMovedEvent; the record has KEYS, TAGS and DELAY=0, and no WAIT.
 */
export function storeOffsetMovedEvent(parts: BrokerParts, pull: MovedPull, offsetNew: number): void {
  const topic = parts.topics.select(OFFSET_MOVED_EVENT);
  if (topic === undefined) return;
  const { consumerGroup: group, queueId, queueOffset: offsetRequest } = pull;
  const messageQueue = { topic: pull.topic, brokerName: parts.configs.brokerConfig.brokerName, queueId };
  const body = encodeBody(offsetMovedEvent, { consumerGroup: group, messageQueue, offsetNew, offsetRequest });
  const draft = new MessageDraft();
  draft.topic = topic.config.topicName;
  draft.topicBytes = topic.nameBytes;
  draft.bornTimestamp = parts.clock.now();
  draft.bornHost = parts.storeHost;
  draft.storeHost = parts.storeHost;
  draft.body = body;
  draft.bodyEnd = body.length;
  draft.properties = Buffer.from(`KEYS\u0001${group}\u0002TAGS\u0001${group}\u0002DELAY\u00010\u0002`, 'utf8');
  draft.propertiesEnd = draft.properties.length;
  const result = parts.store.putMessage(draft);
  if (!result.accepted) parts.log.warn({ group, status: result.status }, 'OFFSET_MOVED_EVENT was not stored');
}
