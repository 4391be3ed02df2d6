import { field, header } from '../header.ts';

/** Java: UnregisterClientRequestHeader. */
export const unregisterClientRequest = header({
  clientID: field.string('client id'),
  producerGroup: field.optionalString('producer group to leave'),
  consumerGroup: field.optionalString('consumer group to leave'),
});

/** Java: QueryConsumerOffsetRequestHeader. */
export const queryConsumerOffsetRequest = header({
  consumerGroup: field.string('consumer group'),
  topic: field.string('topic'),
  queueId: field.integer('queue'),
});

/** Java: QueryConsumerOffsetResponseHeader. Absent when the group has no offset there. */
export const queryConsumerOffsetResponse = header({
  offset: field.optionalLong('index the group goes on from'),
});

/** Java: UpdateConsumerOffsetRequestHeader. */
export const updateConsumerOffsetRequest = header({
  consumerGroup: field.string('consumer group'),
  topic: field.string('topic'),
  queueId: field.integer('queue'),
  commitOffset: field.boxedLong('index the group goes on from'),
});

/** Java: GetConsumerListByGroupRequestHeader. */
export const consumerListByGroupRequest = header({
  consumerGroup: field.string('consumer group'),
});

/** Java: ConsumerSendMsgBackRequestHeader. */
export const consumerSendMsgBackRequest = header({
  offset: field.boxedLong('physical offset of the record'),
  group: field.string('consumer group'),
  delayLevel: field.integer('0: by the number of retries; negative: to the dead letter queue'),
  originMsgId: field.optionalString('id of the first delivery'),
  originTopic: field.optionalString('topic of the first delivery'),
  unitMode: field.boolean('unit mode'),
  maxReconsumeTimes: field.optionalInteger('after how many the message goes to the dead letter queue'),
});

/** Java: NotifyConsumerIdsChangedRequestHeader. */
export const notifyConsumerIdsChangedRequest = header({
  consumerGroup: field.string('group whose members changed'),
});

/** Java: ResetOffsetRequestHeader (codes 220, 222). */
export const resetOffsetRequest = header({
  topic: field.string('topic'),
  group: field.string('consumer group'),
  timestamp: field.long('time to go back to, ms; -1: the end'),
  isForce: field.boolean('also move offsets forward; always false in 220'),
});

/** Java: GetConsumerStatusRequestHeader (codes 221, 223). */
export const consumerStatusRequest = header({
  topic: field.string('topic'),
  group: field.string('consumer group'),
  clientAddr: field.optionalString('client id; absent: all clients'),
});

/** Java: GetConsumerRunningInfoRequestHeader. */
export const consumerRunningInfoRequest = header({
  consumerGroup: field.string('consumer group'),
  clientId: field.string('client id'),
  jstackEnable: field.boolean('also a thread dump'),
});

/**
 * Java: ConsumeMessageDirectlyResultRequestHeader. clientId is marked required in Java but a missing one is answered
 * as an unknown client.
 */
export const consumeMessageDirectlyRequest = header({
  consumerGroup: field.string('consumer group'),
  clientId: field.optionalString('client id'),
  msgId: field.optionalString('offset id of the record'),
  brokerName: field.optionalString('added by the broker'),
});
