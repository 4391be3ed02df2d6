import { field, header, renamed } from '../header.ts';

/** Java: SendMessageRequestHeader (codes 10, 324). */
export const sendMessageRequest = header({
  producerGroup: field.string('producer group'),
  topic: field.string('topic to store to'),
  defaultTopic: field.string('template for a topic that has to be created'),
  defaultTopicQueueNums: field.integer('queues of a topic that has to be created'),
  queueId: field.integer('queue to store to; negative: the broker chooses'),
  sysFlag: field.integer('bits of MessageSysFlag'),
  bornTimestamp: field.boxedLong('when the producer made the message, ms'),
  flag: field.integer('user flag, opaque'),
  properties: field.optionalString('properties text'),
  reconsumeTimes: field.optionalInteger('how often it was consumed already'),
  unitMode: field.boolean('unit mode'),
  batch: field.boolean('the body is a batch'),
  maxReconsumeTimes: field.optionalInteger('after how many the message goes to the dead letter queue'),
});

/** Java: SendMessageRequestHeaderV2 (codes 310, 320, 325): the same fields under one-letter names. */
export const sendMessageRequestV2 = renamed(sendMessageRequest, {
  producerGroup: 'a',
  topic: 'b',
  defaultTopic: 'c',
  defaultTopicQueueNums: 'd',
  queueId: 'e',
  sysFlag: 'f',
  bornTimestamp: 'g',
  flag: 'h',
  properties: 'i',
  reconsumeTimes: 'j',
  unitMode: 'k',
  maxReconsumeTimes: 'l',
  batch: 'm',
});

/** Java: SendMessageResponseHeader, and the two fields that the broker adds to every answer to a send. */
export const sendMessageResponse = header({
  msgId: field.optionalString('offset id of the record; of a batch: all, joined by commas'),
  queueId: field.optionalInteger('queue the request named or was given'),
  queueOffset: field.optionalLong('index in the queue; of a batch: of the first'),
  transactionId: field.optionalString('never set by 4.6.0'),
  MSG_REGION: field.optionalString('regionId of the broker'),
  TRACE_ON: field.optionalString('traceOn of the broker'),
});
