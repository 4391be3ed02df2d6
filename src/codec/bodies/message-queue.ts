import { bean, int, optional, property, text, type ValueOf } from './schema.ts';

/** One queue of a topic on one broker. Java: MessageQueue. */
export const messageQueue = bean({
  brokerName: optional(text),
  queueId: property(int, 0),
  topic: optional(text),
});
export type MessageQueue = ValueOf<typeof messageQueue>;
