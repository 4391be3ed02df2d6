import type { MessageExt } from '../../codec/message.ts';
import { MessageConst } from '../../codec/message-const.ts';

/** Transactions whose half message was written anew and that have not ended. Beyond it they act as Java's. */
const MOST_COPIES = 100_000;

/**
 * Which copy of a half message is the newest, for transactions whose half message was written anew: every check does
 * that. It makes a late answer, which names an older copy, end the newest as well, and keeps an older copy from being
 * checked beside a newer one after a crash (ADR 0038). Lost with the process and found again by a walk over the queue.
 */
export class HalfCopies {
  readonly #newest = new Map<string, number>();

  get size(): number {
    return this.#newest.size;
  }

  /** @returns false when the table is full: the copy is not known then. */
  note(copy: MessageExt, queueOffset: number): boolean {
    const key = identityOf(copy);
    if (key === undefined) return true;
    const known = this.#newest.get(key);
    if (known === undefined && this.#newest.size >= MOST_COPIES) return false;
    if (known === undefined || known < queueOffset) this.#newest.set(key, queueOffset);
    return true;
  }

  /** Queue offset of the newest copy of the message; undefined when it has none. */
  newestOf(half: MessageExt): number | undefined {
    const key = identityOf(half);
    return key === undefined ? undefined : this.#newest.get(key);
  }

  /** The half messages below are worked off, for good. */
  forgetBelow(queueId: number, queueOffset: number): void {
    const prefix = `${queueId} `;
    for (const [key, newest] of this.#newest) {
      if (newest < queueOffset && key.startsWith(prefix)) this.#newest.delete(key);
    }
  }
}

/** True for a half message that was written by the broker itself, not by a producer. */
export function isCopy({ properties }: MessageExt): boolean {
  return (
    properties.has(MessageConst.PROPERTY_TRANSACTION_CHECK_TIMES) ||
    properties.has(MessageConst.PROPERTY_TRANSACTION_PREPARED_QUEUE_OFFSET)
  );
}

/**
 * What all copies of a half message have in common and no other message has. A producer that sends again after a
 * time-out uses the unique key once more, but not the time of birth.
 */
function identityOf({ queueId, properties, bornTimestamp, bodyCrc }: MessageExt): string | undefined {
  const uniqueKey = properties.get(MessageConst.PROPERTY_UNIQ_CLIENT_MESSAGE_ID_KEYIDX);
  if (uniqueKey === undefined) return undefined;
  const group = properties.get(MessageConst.PROPERTY_PRODUCER_GROUP);
  return `${queueId} ${bornTimestamp} ${bodyCrc} ${uniqueKey} ${group}`;
}
