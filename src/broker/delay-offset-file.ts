import { bean, concurrentMapOf, decodeBody, encodeBodyText, intKey, long, property } from '../codec/bodies/schema.ts';
import { DecodeError } from '../codec/fast-json.ts';

/** Delay level, from 1 → queue offset of the next message of that level to deliver. */
export type DelayOffsets = ReadonlyMap<number, number>;

/**
 * The text of `config/delayOffset.json`, or undefined when it is none. Levels that no setting has are kept, as Java
 * does; an offset beyond 2^53 becomes the nearest double. Never throws. Java: ScheduleMessageService#decode.
 */
export function decodeDelayOffsets(text: string): DelayOffsets | undefined {
  const read = decodeBody(delayOffsetSerializeWrapper, text);
  return read instanceof DecodeError ? undefined : read.offsetTable;
}

/** The file as Java writes it; not `pretty` it is the body of code 45. Java: ScheduleMessageService#encode. */
export function encodeDelayOffsets(offsetTable: DelayOffsets, options: { pretty: boolean } = { pretty: true }): string {
  return encodeBodyText(delayOffsetSerializeWrapper, { offsetTable }, options);
}

/** Java: DelayOffsetSerializeWrapper. */
const delayOffsetSerializeWrapper = bean({
  offsetTable: property(concurrentMapOf(intKey, long), () => new Map<number, number>()),
});
