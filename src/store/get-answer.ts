import type { MessageStoreConfig } from '../config/message-store-config.ts';
import type { CommitLog } from './commit-log.ts';
import { FILLER_SIZE } from './consume-queue-entries.ts';
import type { ConsumeQueueTable } from './consume-queue-table.ts';
import type { DamagedReads } from './damaged-reads.ts';
import type { FetchedRecords, RecordFetch } from './record-fetch.ts';
import type { GetMessageResult, GetMessageStatus } from './results.ts';

/** What reading works on. */
export interface GetMessageParts {
  readonly config: MessageStoreConfig;
  readonly log: CommitLog;
  readonly consumeQueues: ConsumeQueueTable;
  readonly fetch: RecordFetch;
  readonly damaged: DamagedReads;
  /** Bytes behind the end of the log that count as in memory. Java: StoreUtil.TOTAL_PHYSICAL_MEMORY_SIZE's share. */
  inMemoryBytes(): number;
}

/** Entries looked at by one read at the least; more when more messages are asked for. Java: 16000 bytes of index. */
export const MIN_SCAN_ENTRIES = 800;
/** However many messages are asked for, one read looks at no more entries. */
export const MAX_SCAN_ENTRIES = 16_384;

/**
 * Whether an answer of `count` messages and `totalBytes` has no room for another of `size` bytes. Never while it is
 * empty, so a message larger than the limits gets out. Java: DefaultMessageStore#isTheBatchFull.
 */
export function isBatchFull(
  config: MessageStoreConfig,
  count: number,
  totalBytes: number,
  size: number,
  maxMsgNums: number,
  inDisk: boolean,
): boolean {
  if (count === 0) return false;
  if (count >= maxMsgNums) return true;
  if (inDisk) {
    return (
      totalBytes + size > config.maxTransferBytesOnMessageInDisk || count >= config.maxTransferCountOnMessageInDisk
    );
  }
  return (
    totalBytes + size > config.maxTransferBytesOnMessageInMemory || count >= config.maxTransferCountOnMessageInMemory
  );
}

/** An entry that leads to no message of the log: its file was deleted, it only fills the queue, or it is damaged. */
export function noteImpossible(
  damaged: DamagedReads,
  logMinOffset: number,
  topic: string | undefined,
  queueId: number,
  queueOffset: number,
  phyOffset: number,
  size: number,
): void {
  if (phyOffset >= 0 && (phyOffset < logMinOffset || size === FILLER_SIZE)) return;
  damaged.note(
    `queue ${topic} ${queueId} ${queueOffset}`,
    { topic, queueId, queueOffset, phyOffset, sizeBytes: size },
    'a damaged entry of a consume queue was left out',
  );
}

/** What a read gives. */
export function getAnswer(
  status: GetMessageStatus,
  nextBeginOffset: number,
  minOffset: number,
  maxOffset: number,
  found: FetchedRecords | undefined,
  suggestPullingFromSlave: boolean,
): GetMessageResult {
  return {
    status,
    nextBeginOffset,
    minOffset,
    maxOffset,
    body: found?.bytes ?? NO_RECORDS,
    messageCount: found?.sizes.length ?? 0,
    suggestPullingFromSlave,
  };
}

const NO_RECORDS: Buffer = Buffer.alloc(0);
