import { PropertySlot, PropertySpans, scanProperties } from '../codec/message-properties.ts';
import { isQueued, MessageSysFlag, transactionValue } from '../codec/sys-flags.ts';
import type { DelayLevels } from '../store/delay-levels.ts';
import { toIndexKeyHash } from '../store/index-file.ts';
import { computeTagsCode, type TagsCode } from '../store/tags-code.ts';
import { javaStringHash, javaStringHashOfUtf8 } from '../util/java-hash.ts';
import type { LogRecord } from './log-record.ts';

const SPACE = 0x20;

/** What ConsumeQueue and index must hold for a record; used again from record to record. */
export class Derived {
  topic = '';
  queueId = 0;
  /** False for prepared and rolled back messages: they have no entry in a queue. */
  queued = false;
  readonly tagsCode: TagsCode = { high: 0, low: 0 };
  /** Hashes of `topic#key`, the unique key first. */
  keyHashes: number[] = [];
  readonly #spans = new PropertySpans();
  readonly #delayLevels: DelayLevels;

  constructor(delayLevels: DelayLevels) {
    this.#delayLevels = delayLevels;
  }

  /** Java: CommitLog#checkMessageAndReturnSize, IndexService#buildIndex. */
  of(record: LogRecord): void {
    const { properties, sysFlag } = record;
    this.topic = record.topic.toString('utf8');
    this.queueId = record.queueId;
    this.queued = isQueued(sysFlag);
    const spans = this.#spans;
    scanProperties(properties, 0, properties.length, spans);
    computeTagsCode(this.topic, properties, spans, record.storeTimestamp, this.#delayLevels, this.tagsCode);
    this.keyHashes.length = 0;
    if (transactionValue(sysFlag) === MessageSysFlag.TRANSACTION_ROLLBACK_TYPE) return;
    const seed = javaStringHash(`${this.topic}#`);
    if (spans.has(PropertySlot.UNIQ_KEY)) {
      this.#add(properties, spans.start(PropertySlot.UNIQ_KEY), spans.end(PropertySlot.UNIQ_KEY), seed);
    }
    if (!spans.has(PropertySlot.KEYS)) return;
    let start = spans.start(PropertySlot.KEYS);
    const end = spans.end(PropertySlot.KEYS);
    for (let at = start; at <= end; at += 1) {
      if (at < end && properties[at] !== SPACE) continue;
      if (at > start) this.#add(properties, start, at, seed);
      start = at + 1;
    }
  }

  #add(bytes: Buffer, start: number, end: number, seed: number): void {
    this.keyHashes.push(toIndexKeyHash(javaStringHashOfUtf8(bytes, start, end, seed)));
  }
}
