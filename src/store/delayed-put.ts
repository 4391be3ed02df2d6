import { MessageConst } from '../codec/message-const.ts';
import { PropertySlot, type PropertySpans } from '../codec/message-properties.ts';
import { MessageSysFlag, transactionValue } from '../codec/sys-flags.ts';
import { SCHEDULE_TOPIC, SYSTEM_TOPIC_BYTES } from '../codec/system-topics.ts';
import type { DelayLevels } from './delay-levels.ts';
import type { MessageDraft } from './message-draft.ts';
import { type PutRefusal, refusePut } from './results.ts';

/**
 * Turns a message that asks for a delay into one of the schedule topic, which remembers its own topic and queue in its
 * properties; a level that no setting has becomes the greatest. Half messages and rollbacks stay as they are. Call it
 * after `resolveProperties()`. Java: CommitLog#putMessage.
 * @returns why the message cannot be stored; undefined when it can, diverted or not.
 */
export function divertDelayed(draft: MessageDraft, levels: DelayLevels): PutRefusal | undefined {
  const transaction = transactionValue(draft.sysFlag);
  if (transaction !== 0 && transaction !== MessageSysFlag.TRANSACTION_COMMIT_TYPE) return undefined;
  const asked = delayLevelOf(draft.spans, draft.text);
  if (asked === undefined) return DELAY_NOT_A_NUMBER;
  if (asked <= 0) return undefined;
  const level = Math.min(asked, levels.maxLevel);
  const properties = draft.parsedProperties();
  if (level < asked) properties.set(MessageConst.PROPERTY_DELAY_TIME_LEVEL, String(level));
  properties.set(MessageConst.PROPERTY_REAL_TOPIC, draft.topic);
  properties.set(MessageConst.PROPERTY_REAL_QUEUE_ID, String(draft.queueId));
  draft.replaceProperties(properties);
  draft.topic = SCHEDULE_TOPIC;
  draft.topicBytes = SYSTEM_TOPIC_BYTES[SCHEDULE_TOPIC];
  draft.queueId = level - 1;
  return undefined;
}

/** The delay level a message asks for, 0 without one; undefined when DELAY is no int. Java: #getDelayTimeLevel. */
export function delayLevelOf(spans: PropertySpans, text: Buffer): number | undefined {
  const level = spans.text(PropertySlot.DELAY, text);
  if (level === undefined) return 0;
  const value = Number(level);
  return /^[+-]?\d{1,32}$/.test(level) && (value | 0) === value ? value : undefined;
}

/** Java answers code 1 with the text of its NumberFormatException. */
export const DELAY_NOT_A_NUMBER = refusePut('UNKNOWN_ERROR', 'the property DELAY is not a number');
