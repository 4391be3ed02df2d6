/** Topics with a meaning of their own. Java: ScheduleMessageService, MixAll, TransactionalMessageUtil. */

/** Delayed messages until their time has come; one queue a level. Java: ScheduleMessageService.SCHEDULE_TOPIC. */
export const SCHEDULE_TOPIC = 'SCHEDULE_TOPIC_XXXX';
/** Half messages, each until its transaction has ended or it is written anew. Java: MixAll.RMQ_SYS_TRANS_HALF_TOPIC. */
export const HALF_TOPIC = 'RMQ_SYS_TRANS_HALF_TOPIC';
/** One record per ended transaction: which half message is done. Java: MixAll.RMQ_SYS_TRANS_OP_HALF_TOPIC. */
export const OP_TOPIC = 'RMQ_SYS_TRANS_OP_HALF_TOPIC';
/** Half messages nobody could say anything about. Java: MixAll.TRANS_CHECK_MAX_TIME_TOPIC. */
export const GIVEN_UP_TOPIC = 'TRANS_CHECK_MAX_TIME_TOPIC';
/** Owner of how far the topics of transactions are worked off. Java: MixAll.CID_SYS_RMQ_TRANS. */
export const TRANSACTION_GROUP = 'CID_RMQ_SYS_TRANS';
/** Before the name of a group: messages to be consumed once more. Java: MixAll.RETRY_GROUP_TOPIC_PREFIX. */
export const RETRY_PREFIX = '%RETRY%';
/** Before the name of a group: messages nobody could consume. Java: MixAll.DLQ_GROUP_TOPIC_PREFIX. */
export const DLQ_PREFIX = '%DLQ%';
/** Tells that a group wanted what was deleted already. Java: MixAll.OFFSET_MOVED_EVENT. */
export const OFFSET_MOVED_EVENT = 'OFFSET_MOVED_EVENT';

/** What a topic that is not there is made like. Java: MixAll.AUTO_CREATE_TOPIC_KEY_TOPIC. */
export const AUTO_CREATE_TOPIC = 'TBW102';

/** Where messages of a group are to be consumed once more. Java: MixAll#getRetryTopic. */
export function retryTopic(group: string): string {
  return RETRY_PREFIX + group;
}

/** The group of a retry topic; undefined for any other topic. */
export function groupOfRetryTopic(topic: string): string | undefined {
  return topic.startsWith(RETRY_PREFIX) ? topic.slice(RETRY_PREFIX.length) : undefined;
}

/** Whether a topic holds what one group is to consume once more, or could not consume. */
export function isGroupTopic(topic: string): boolean {
  return topic.startsWith(RETRY_PREFIX) || topic.startsWith(DLQ_PREFIX);
}

/** Whether a topic is one that the broker writes whether it stands in the table of topics or not. */
export function isSystemTopic(name: string): boolean {
  return Object.hasOwn(SYSTEM_TOPIC_BYTES, name);
}

/** The topics as they stand in a record. */
export const SYSTEM_TOPIC_BYTES: Readonly<
  Record<typeof SCHEDULE_TOPIC | typeof HALF_TOPIC | typeof OP_TOPIC | typeof GIVEN_UP_TOPIC, Buffer>
> = {
  [SCHEDULE_TOPIC]: Buffer.from(SCHEDULE_TOPIC, 'latin1'),
  [HALF_TOPIC]: Buffer.from(HALF_TOPIC, 'latin1'),
  [OP_TOPIC]: Buffer.from(OP_TOPIC, 'latin1'),
  [GIVEN_UP_TOPIC]: Buffer.from(GIVEN_UP_TOPIC, 'latin1'),
};
