import { field, header } from '../header.ts';

/** Java: PullMessageRequestHeader. */
export const pullMessageRequest = header({
  consumerGroup: field.string('consumer group'),
  topic: field.string('topic'),
  queueId: field.integer('queue'),
  queueOffset: field.boxedLong('first index wanted'),
  maxMsgNums: field.integer('most messages wanted'),
  sysFlag: field.integer('bits of PullSysFlag'),
  commitOffset: field.boxedLong('offset to commit when the flag asks for it'),
  suspendTimeoutMillis: field.boxedLong('how long the request may be held, ms'),
  subscription: field.optionalString('filter expression when it comes with the request'),
  subVersion: field.boxedLong('version of the subscription'),
  expressionType: field.optionalString('TAG or SQL92'),
});

/** Java: PullMessageResponseHeader. */
export const pullMessageResponse = header({
  suggestWhichBrokerId: field.optionalLong('broker id to pull from next'),
  nextBeginOffset: field.optionalLong('index to pull from next'),
  minOffset: field.optionalLong('first index of the queue'),
  maxOffset: field.optionalLong('index behind the last of the queue'),
});
