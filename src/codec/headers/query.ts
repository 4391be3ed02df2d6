import { field, header } from '../header.ts';

/** Java: QueryMessageRequestHeader. An extra extField `_UNIQUE_KEY_QUERY` = `true` asks for a unique key. */
export const queryMessageRequest = header({
  topic: field.string('topic'),
  key: field.string('one key of the message, or its unique id'),
  maxNum: field.integer('most messages wanted'),
  beginTimestamp: field.boxedLong('stored at or after, ms'),
  endTimestamp: field.boxedLong('stored at or before, ms'),
});

/** Java: QueryMessageResponseHeader. */
export const queryMessageResponse = header({
  indexLastUpdateTimestamp: field.boxedLong('end time of the last index file, ms'),
  indexLastUpdatePhyoffset: field.boxedLong('end position of the last index file'),
});

/** Java: ViewMessageRequestHeader. */
export const viewMessageRequest = header({
  offset: field.boxedLong('physical offset of the record'),
});

/** Java: SearchOffsetRequestHeader. */
export const searchOffsetRequest = header({
  topic: field.string('topic'),
  queueId: field.integer('queue'),
  timestamp: field.boxedLong('time looked for, ms'),
});

/** Java: GetMaxOffsetRequestHeader, GetMinOffsetRequestHeader, GetEarliestMsgStoretimeRequestHeader. */
export const queueRequest = header({
  topic: field.string('topic'),
  queueId: field.integer('queue'),
});

/** Java: SearchOffsetResponseHeader, GetMaxOffsetResponseHeader, GetMinOffsetResponseHeader. */
export const offsetResponse = header({
  offset: field.boxedLong('index in the queue'),
});

/** Java: GetEarliestMsgStoretimeResponseHeader. */
export const earliestMsgStoretimeResponse = header({
  timestamp: field.boxedLong('store time of the first message, ms; -1 when there is none'),
});

/** Java: QueryConsumeQueueRequestHeader. */
export const queryConsumeQueueRequest = header({
  topic: field.optionalString('topic'),
  queueId: field.int('queue'),
  index: field.long('first index wanted'),
  count: field.int('entries wanted'),
  consumerGroup: field.optionalString('group whose filter is evaluated'),
});
