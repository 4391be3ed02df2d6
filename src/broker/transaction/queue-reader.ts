import { decodeRecord, type MessageExt } from '../../codec/message.ts';
import type { MessageStore } from '../../store/message-store.ts';

/** What transactions need of the store. */
export type TransactionStore = Pick<
  MessageStore,
  | 'putMessage'
  | 'commitTurn'
  | 'getMessage'
  | 'getMaxOffsetInQueue'
  | 'getMinOffsetInQueue'
  | 'selectOneMessageByOffset'
  | 'getMaxPhyOffset'
  | 'marks'
>;

/** What a read of a transaction topic gives. Records that are damaged or gone are left out. */
export interface QueueRead {
  /** In the order of the queue. */
  readonly messages: readonly MessageExt[];
  /** Where to read on: greater than what was asked for, unless nothing is there. */
  readonly nextOffset: number;
}

/** Reads at most `mostMessages` of a queue; undefined when the store is closed. Rejects with StoreIoError. */
export async function readQueue(
  store: TransactionStore,
  topic: string,
  queueId: number,
  offset: number,
  mostMessages: number,
): Promise<QueueRead | undefined> {
  const result = await store.getMessage({ topic, queueId, offset, maxMsgNums: mostMessages });
  if (result === undefined) return undefined;
  const messages: MessageExt[] = [];
  for (let at = 0; at < result.body.length; ) {
    const message = decodeRecord(result.body, at);
    if (typeof message === 'string') break;
    messages.push(message);
    at += message.totalSize;
  }
  return { messages, nextOffset: Math.max(result.nextBeginOffset, offset) };
}
