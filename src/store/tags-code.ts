import { PropertySlot, type PropertySpans } from '../codec/message-properties.ts';
import { SCHEDULE_TOPIC } from '../codec/system-topics.ts';
import { javaStringHashOfUtf8 } from '../util/java-hash.ts';
import type { DelayLevels } from './delay-levels.ts';

/** The 64 bits of a ConsumeQueue entry's third field as two signed halves. */
export interface TagsCode {
  high: number;
  low: number;
}

/**
 * Sets `out` to the tagsCode of a message: the hash of TAGS, or for a delayed message the time it is due.
 * `spans` are positions in `text`. Java: CommitLog#checkMessageAndReturnSize.
 */
export function computeTagsCode(
  topic: string,
  text: Buffer,
  spans: PropertySpans,
  storeTimestamp: number,
  delayLevels: DelayLevels,
  out: TagsCode,
): void {
  const start = spans.start(PropertySlot.TAGS);
  out.low = start < 0 ? 0 : javaStringHashOfUtf8(text, start, spans.end(PropertySlot.TAGS));
  out.high = out.low >> 31;
  if (topic !== SCHEDULE_TOPIC || !spans.has(PropertySlot.DELAY)) return;
  const level = Math.min(Number(spans.text(PropertySlot.DELAY, text)), delayLevels.maxLevel);
  if (!(level > 0)) return;
  const due = delayLevels.deliverTimestamp(level, storeTimestamp);
  out.high = Math.floor(due / TWO_POW_32) | 0;
  out.low = due | 0;
}

const TWO_POW_32 = 0x100000000;
