import { field, header } from '../header.ts';

/** Java: ReplyMessageRequestHeader. */
export const replyMessageRequest = header({
  producerGroup: field.string('producer group of the replier'),
  topic: field.string('reply topic'),
  defaultTopic: field.string('template topic'),
  defaultTopicQueueNums: field.integer('queues of the template'),
  queueId: field.integer('queue'),
  sysFlag: field.integer('bits of MessageSysFlag'),
  bornTimestamp: field.boxedLong('when the reply was made, ms'),
  flag: field.integer('user flag, opaque'),
  properties: field.optionalString('properties text'),
  reconsumeTimes: field.optionalInteger('how often it was consumed already'),
  unitMode: field.boolean('unit mode'),
  bornHost: field.string('address of the replier, `/ip:port`'),
  storeHost: field.string('address of the broker, `/ip:port`'),
  storeTimestamp: field.long('when the broker took it, ms'),
});
