import type { MessageExt } from '../../codec/message.ts';
import { MessageConst } from '../../codec/message-const.ts';
import { serialiseProperties } from '../../codec/message-properties.ts';
import { MessageSysFlag, withTransactionValue } from '../../codec/sys-flags.ts';
import { GIVEN_UP_TOPIC, HALF_TOPIC, OP_TOPIC, SYSTEM_TOPIC_BYTES } from '../../codec/system-topics.ts';
import type { MessageDraft } from '../../store/message-draft.ts';
import { MOST_QUEUES } from '../topic-config-manager.ts';

/**
 * Turns a resolved message (`resolveProperties()`) into the half message of a transaction: it waits in the half topic
 * and remembers its topic and queue. Java: TransactionalMessageBridge#parseHalfMessageInner.
 */
export function toHalfMessage(draft: MessageDraft): void {
  const properties = draft.parsedProperties();
  properties.set(MessageConst.PROPERTY_REAL_TOPIC, draft.topic);
  properties.set(MessageConst.PROPERTY_REAL_QUEUE_ID, String(draft.queueId));
  draft.replaceProperties(properties);
  draft.sysFlag = withTransactionValue(draft.sysFlag, MessageSysFlag.TRANSACTION_NOT_TYPE);
  draft.topic = HALF_TOPIC;
  draft.topicBytes = SYSTEM_TOPIC_BYTES[HALF_TOPIC];
  draft.queueId = 0;
}

/** Where the message of a transaction goes; undefined when the record does not say so. */
export function realPlace(half: MessageExt): { readonly topic: string; readonly queueId: number } | undefined {
  const topic = half.properties.get(MessageConst.PROPERTY_REAL_TOPIC);
  const text = half.properties.get(MessageConst.PROPERTY_REAL_QUEUE_ID) ?? '';
  const queueId = Number(text);
  return topic === undefined || !/^\d+$/.test(text) || queueId >= MOST_QUEUES ? undefined : { topic, queueId };
}

/**
 * Fills a draft with the message that a commit makes readable. It keeps the properties of the half message, REAL_TOPIC
 * and REAL_QID among them. Java: EndTransactionProcessor#endMessageTransaction.
 * @returns false when the half message does not say where to.
 */
export function fillCommitted(draft: MessageDraft, half: MessageExt): boolean {
  const place = realPlace(half);
  if (place === undefined) return false;
  draft.takeMessage(half, half.propertiesText);
  draft.noWait = true;
  draft.topic = place.topic;
  draft.topicBytes = Buffer.from(place.topic, 'utf8');
  draft.queueId = place.queueId;
  draft.sysFlag = withTransactionValue(half.sysFlag, MessageSysFlag.TRANSACTION_COMMIT_TYPE);
  draft.preparedTransactionOffset = half.phyOffset;
  return true;
}

/** What changes when a half message is written anew. */
export interface CopyChanges {
  /** Checks so far, this one included; undefined: as before. */
  readonly checkTimes?: number;
  /** Queue offset of the first copy of a message that must not be checked yet. */
  readonly preparedQueueOffset?: string;
}

/**
 * Fills a draft with a half message that is written anew behind the others of its queue. Flag and reconsume times stay
 * with it (ADR 0039). Java: TransactionalMessageBridge#renewHalfMessageInner, #renewImmunityHalfMessageInner.
 */
export function fillCopy(draft: MessageDraft, half: MessageExt, changes: CopyChanges): void {
  const properties = new Map(half.properties);
  const { checkTimes, preparedQueueOffset } = changes;
  if (checkTimes !== undefined) properties.set(MessageConst.PROPERTY_TRANSACTION_CHECK_TIMES, String(checkTimes));
  if (preparedQueueOffset !== undefined) {
    properties.set(MessageConst.PROPERTY_TRANSACTION_PREPARED_QUEUE_OFFSET, preparedQueueOffset);
  }
  draft.takeMessage(half, serialiseProperties(properties));
  draft.noWait = true;
  draft.topic = HALF_TOPIC;
  draft.topicBytes = SYSTEM_TOPIC_BYTES[HALF_TOPIC];
  draft.delayServed = true;
}

/** Fills a draft with a half message that is given up, unchanged. Java: #toMessageExtBrokerInner of the listener. */
export function fillGivenUp(draft: MessageDraft, half: MessageExt): void {
  draft.takeMessage(half, half.propertiesText);
  draft.noWait = true;
  draft.topic = GIVEN_UP_TOPIC;
  draft.topicBytes = SYSTEM_TOPIC_BYTES[GIVEN_UP_TOPIC];
  draft.queueId = 0;
  draft.delayServed = true;
}

/** Fills a draft with the record that a half message is done. Java: TransactionalMessageBridge#makeOpMessageInner. */
export function fillOp(
  draft: MessageDraft,
  op: { readonly queueId: number; readonly halfOffset: number; readonly storeHost: Buffer; readonly nowMs: number },
): void {
  draft.reset();
  draft.topic = OP_TOPIC;
  draft.topicBytes = SYSTEM_TOPIC_BYTES[OP_TOPIC];
  draft.queueId = op.queueId;
  draft.bornTimestamp = op.nowMs;
  draft.bornHost = op.storeHost;
  draft.storeHost = op.storeHost;
  const body = Buffer.from(String(op.halfOffset), 'latin1');
  draft.body = body;
  draft.bodyEnd = body.length;
  draft.properties = OP_PROPERTIES;
  draft.propertiesEnd = OP_PROPERTIES.length;
  draft.noWait = true;
}

/** The tag of the only kind of op record there is. Java: TransactionalMessageUtil.REMOVETAG. */
const OP_TAG = 'd';
const OP_PROPERTIES = Buffer.from(
  serialiseProperties([
    [MessageConst.PROPERTY_WAIT_STORE_MSG_OK, 'true'],
    [MessageConst.PROPERTY_TAGS, OP_TAG],
  ]),
  'latin1',
);

/** The queue offset of the half message that an op record is about; undefined when it is none. */
export function halfOffsetOf(op: MessageExt): number | undefined {
  if (op.properties.get(MessageConst.PROPERTY_TAGS) !== OP_TAG || op.body.length > 16) return undefined;
  const text = op.body.toString('latin1');
  return /^\d+$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined;
}
