import { PropertySpans, scanProperties } from '../codec/message-properties.ts';
import { isQueued, MessageSysFlag, transactionValue } from '../codec/sys-flags.ts';
import type { DelayLevels } from '../store/delay-levels.ts';
import { IndexKeys } from '../store/index-keys.ts';
import { computeTagsCode, type TagsCode } from '../store/tags-code.ts';
import { javaStringHash } from '../util/java-hash.ts';
import type { LogRecord } from './log-record.ts';

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
  readonly #keys = new IndexKeys();
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
    this.#keys.collectFrom(properties, spans, javaStringHash(`${this.topic}#`));
    this.keyHashes.push(...this.#keys.hashes.subarray(0, this.#keys.count));
  }
}
