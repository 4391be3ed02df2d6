import { peekRecord, RecordPeek } from '../codec/message.ts';
import { PropertySpans, scanProperties } from '../codec/message-properties.ts';
import { javaStringHash, javaStringHashOfUtf8 } from '../util/java-hash.ts';
import { IndexKeys } from './index-keys.ts';

/** Tells whether a record has the key that an entry of the index says it has. */
export class RecordKeys {
  readonly #peek = new RecordPeek();
  readonly #spans = new PropertySpans();
  readonly #keys = new IndexKeys();

  /**
   * Whether the unique key of a record, or one of its keys, has this hash under the topic it is stored to. True for
   * every entry that a healthy index has. Java: IndexService#buildIndex.
   */
  hasHash(record: Buffer, keyHash: number): boolean {
    const peek = this.#peek;
    const spans = this.#spans;
    const keys = this.#keys;
    if (peekRecord(record, 0, record.length, peek) !== 'ok') return false;
    scanProperties(record, peek.propertiesStart, peek.propertiesStart + peek.propertiesLength, spans);
    const topic = javaStringHashOfUtf8(record, peek.topicStart, peek.topicStart + peek.topicLength);
    keys.collectFrom(record, spans, javaStringHash('#', topic));
    return keys.hashes.subarray(0, keys.count).includes(keyHash);
  }
}
