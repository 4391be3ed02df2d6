import { peekRecord, RecordPeek } from '../codec/message.ts';
import { PropertySlot } from '../codec/message-properties.ts';
import { topicNameProblem } from '../codec/names.ts';
import { HALF_TOPIC, SCHEDULE_TOPIC } from '../codec/system-topics.ts';
import { delayLevelOf } from '../store/delayed-put.ts';
import { MessageDraft } from '../store/message-draft.ts';
import { MOST_QUEUES } from './topic-config-manager.ts';

/**
 * Makes the message of a record of the schedule topic: as stored, but in its own topic and queue, and nobody waits for
 * it. The properties stay as they are, DELAY, REAL_TOPIC and REAL_QID among them: consumers of Java see them too.
 * Java: ScheduleMessageService#messageTimeup.
 */
export class DeliveredMessage {
  /** Good until the next {@link take}; views of the bytes that were given. */
  readonly draft: MessageDraft = new MessageDraft();
  readonly #peek = new RecordPeek();
  #topic: string | undefined;
  #topicBytes: Buffer = Buffer.alloc(0);
  readonly #isKnown: (topic: string) => boolean;

  /** `isKnown`: the topic has a safe name that a store of Java brought, which no new topic may have. */
  constructor(isKnown: (topic: string) => boolean) {
    this.#isKnown = isKnown;
  }

  /** Logical offset in the schedule queue of the record last taken. */
  get queueOffset(): number {
    return this.#peek.queueOffset;
  }

  /** Bytes of the record last taken. */
  get sizeBytes(): number {
    return this.#peek.totalSize;
  }

  /** Fills the draft from the whole record at `position`. Returns why it is no delayed message, or undefined. */
  take(bytes: Buffer, position: number): string | undefined {
    const { draft } = this;
    const peek = this.#peek;
    draft.reset();
    if (peekRecord(bytes, position, bytes.length, peek) !== 'ok') return 'the record is not whole';
    draft.flag = peek.flag;
    draft.sysFlag = peek.sysFlag;
    draft.bornTimestamp = peek.bornTimestamp;
    draft.bornHost = bytes.subarray(peek.bornHostStart, peek.bornHostStart + peek.bornHostLength);
    draft.storeHost = bytes.subarray(peek.storeHostStart, peek.storeHostStart + peek.storeHostLength);
    draft.reconsumeTimes = peek.reconsumeTimes;
    draft.body = bytes;
    draft.bodyStart = peek.bodyStart;
    draft.bodyEnd = peek.bodyStart + peek.bodyLength;
    draft.properties = bytes;
    draft.propertiesStart = peek.propertiesStart;
    draft.propertiesEnd = peek.propertiesStart + peek.propertiesLength;
    draft.delayServed = true;
    draft.noWait = true;
    draft.resolveProperties();
    return this.#address();
  }

  /** Where it goes. Only what the put wrote itself counts: clients can send to the schedule topic too. */
  #address(): string | undefined {
    const { spans, text } = this.draft;
    if (!((delayLevelOf(spans, text) ?? 0) > 0)) return 'it has no DELAY';
    const topic = spans.text(PropertySlot.REAL_TOPIC, text) ?? '';
    const queueText = spans.text(PropertySlot.REAL_QID, text) ?? '';
    const queueId = /^\d{1,5}$/.test(queueText) ? Number(queueText) : MOST_QUEUES;
    if (queueId >= MOST_QUEUES) return 'REAL_QID is no queue';
    if (topic === SCHEDULE_TOPIC || topic === HALF_TOPIC) return `REAL_TOPIC is ${topic}`;
    if (topic !== this.#topic) {
      const problem = topicNameProblem(topic);
      if (problem !== undefined && !this.#isKnown(topic)) return problem;
      this.#topic = topic;
      this.#topicBytes = Buffer.from(topic, 'utf8');
    }
    this.draft.topic = topic;
    this.draft.topicBytes = this.#topicBytes;
    this.draft.queueId = queueId;
    return undefined;
  }
}
