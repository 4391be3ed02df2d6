/** What the store needs from above. The roots plug it in; the store knows none of the implementations. */

import type { CqExtUnit } from './consume-queue-ext-unit.ts';

/** Replication as seen by the append. Implemented by ha/group-transfer-service.ts. */
export interface ReplicationGate {
  /** Whether a slave is near enough to `endOffset` to be waited for. Java: HAService#isSlaveOK. */
  isSlaveOk(endOffset: number): boolean;
  /** Told after each change of the written mark: there are bytes to send. */
  onWritten(written: number): void;
  /** The store listens here: everything below `replicated` is on the slaves that count. Called once, at open. */
  setListener(listener: (replicated: number) => void): void;
}

/**
 * Picks messages while a queue is read. The two halves of tagsCode are signed 32-bit numbers, never an address.
 * `unit` is there with enableConsumeQueueExt and good until the answer; its bit map may be empty.
 * Java: MessageFilter#isMatchedByConsumeQueue.
 */
export interface MessageFilter {
  isMatchedByConsumeQueue(tagsCodeHigh: number, tagsCodeLow: number, unit?: CqExtUnit): boolean;
  /** Absent in filters that need no more than the queue entry. */
  readonly byRecord?: RecordFilter;
}

/** Picks messages by their properties, which costs reading each record. Java: MessageFilter#isMatchedByCommitLog. */
export interface RecordFilter {
  /** Records one read may look at, because each costs so much; at least one. */
  readonly mostRecords: number;
  /** Whether the message passes whose properties text lies at [start, end) of `bytes`. Must not throw. */
  isMatchedByCommitLog(bytes: Buffer, start: number, end: number): boolean;
}

/**
 * Computes which filters a message passes, while it is dispatched; asked only with enableConsumeQueueExt.
 * Java: CommitLogDispatcherCalcBitMap.
 */
export interface FilterBitMap {
  /**
   * The bit map of a message whose properties text lies at [start, end) of `bytes`; undefined when nobody filters the
   * topic. Good until the next call. At most 32,747 bytes. Must not throw.
   */
  bitMapOf(topic: string, bytes: Buffer, start: number, end: number): Uint8Array | undefined;
}

/** Told of every message that became readable, after the whole turn is readable. Java: MessageArrivingListener. */
export interface MessageArrivingListener {
  /** `nextOffset` is the queue's offset behind the message. Called per message: must be cheap when nobody waits. */
  arriving(
    topic: string,
    queueId: number,
    nextOffset: number,
    tagsCodeHigh: number,
    tagsCodeLow: number,
    storeTimestamp: number,
    records: ArrivedRecords,
    row: number,
  ): void;
}

/** The records of a turn that just arrived, for a listener that has to look into one. */
export interface ArrivedRecords {
  /** Asks a filter about the record of a row. */
  passes(row: number, filter: RecordFilter): boolean;
}

/** All of them; the absent ones do nothing. Without a gate SYNC_MASTER answers SLAVE_NOT_AVAILABLE. */
export interface StorePorts {
  readonly replicationGate?: ReplicationGate;
  readonly messageArrivingListener?: MessageArrivingListener;
  readonly filterBitMap?: FilterBitMap;
}
