import { messageQueue } from './message-queue.ts';
import { bean, encodeBody, long, optional, property, text, type ValueOf } from './schema.ts';

/** Body of the messages on topic OFFSET_MOVED_EVENT. Java: OffsetMovedEvent. */
export const offsetMovedEvent = bean({
  consumerGroup: optional(text),
  messageQueue: optional(messageQueue),
  offsetNew: property(long, 0),
  offsetRequest: property(long, 0),
});
export type OffsetMovedEvent = ValueOf<typeof offsetMovedEvent>;

/** The event as JSON bytes. */
export function encodeOffsetMovedEvent(event: OffsetMovedEvent): Buffer {
  return encodeBody(offsetMovedEvent, event);
}
