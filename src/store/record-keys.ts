import { peekRecord, RecordPeek } from '../codec/message.ts';
import { PropertySlot, PropertySpans, scanProperties } from '../codec/message-properties.ts';
import { javaStringHash, javaStringHashOfUtf8 } from '../util/java-hash.ts';
import { toIndexKeyHash } from './index-file.ts';

const KEY_SEPARATOR = 0x20;

/** Tells whether a record has the key that an entry of the index says it has. */
export class RecordKeys {
  readonly #peek = new RecordPeek();
  readonly #spans = new PropertySpans();

  /**
   * Whether the unique key of a record, or one of its keys, has this hash under the topic it is stored to. True for
   * every entry that a healthy index has. Java: IndexService#buildIndex.
   */
  hasHash(record: Buffer, keyHash: number): boolean {
    const peek = this.#peek;
    const spans = this.#spans;
    if (peekRecord(record, 0, record.length, peek) !== 'ok') return false;
    scanProperties(record, peek.propertiesStart, peek.propertiesStart + peek.propertiesLength, spans);
    const topic = javaStringHashOfUtf8(record, peek.topicStart, peek.topicStart + peek.topicLength);
    const seed = javaStringHash('#', topic);
    const isHashOf = (start: number, end: number): boolean =>
      toIndexKeyHash(javaStringHashOfUtf8(record, start, end, seed)) === keyHash;
    const uniqueStart = spans.start(PropertySlot.UNIQ_KEY);
    if (uniqueStart >= 0 && isHashOf(uniqueStart, spans.end(PropertySlot.UNIQ_KEY))) return true;
    const keysEnd = spans.end(PropertySlot.KEYS);
    let start = spans.start(PropertySlot.KEYS);
    for (let at = start; start >= 0 && at <= keysEnd; at++) {
      if (at < keysEnd && record[at] !== KEY_SEPARATOR) continue;
      if (at > start && isHashOf(start, at)) return true;
      start = at + 1;
    }
    return false;
  }
}
