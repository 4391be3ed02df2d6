import type { Ticket } from '../util/ticket.ts';

/** How a put ended. The first four mean that the message is stored. Java: PutMessageStatus. */
export type PutMessageStatus =
  | 'PUT_OK'
  | 'FLUSH_DISK_TIMEOUT'
  | 'FLUSH_SLAVE_TIMEOUT'
  | 'SLAVE_NOT_AVAILABLE'
  | 'SERVICE_NOT_AVAILABLE'
  | 'CREATE_MAPEDFILE_FAILED'
  | 'MESSAGE_ILLEGAL'
  | 'PROPERTIES_SIZE_EXCEEDED'
  | 'OS_PAGECACHE_BUSY'
  | 'UNKNOWN_ERROR';

/** How a read from a queue ended. Java: GetMessageStatus. */
export type GetMessageStatus =
  | 'FOUND'
  | 'NO_MATCHED_MESSAGE'
  | 'MESSAGE_WAS_REMOVING'
  | 'OFFSET_FOUND_NULL'
  | 'OFFSET_OVERFLOW_BADLY'
  | 'OFFSET_OVERFLOW_ONE'
  | 'OFFSET_TOO_SMALL'
  | 'NO_MATCHED_LOGIC_QUEUE'
  | 'NO_MESSAGE_IN_QUEUE';

/** A put that was not stored. `remark` is for the sender's answer. */
export interface PutRefusal {
  readonly accepted: false;
  readonly status: PutMessageStatus;
  readonly remark: string;
}

/** A refusal. */
export function refusePut(status: PutMessageStatus, remark: string): PutRefusal {
  return { accepted: false, status, remark };
}

/**
 * The receipt of one put: of a message, or of a whole batch. It is made when the record is staged; nothing may be
 * answered before `marks.written >= endOffset`, and nothing but a failure once `failed` is set.
 * The only object the append allocates per message.
 */
export class PutTicket implements Ticket {
  readonly accepted = true;
  readonly endOffset: number;
  readonly needs: number;
  readonly deadlineMs: number;
  failed = false;
  /** Physical offset of the record; of the first record of a batch. */
  readonly phyOffset: number;
  /** Logical offset in the queue; of the first record of a batch. */
  readonly queueOffset: number;
  /** Broker time in the record, milliseconds since the epoch. */
  readonly storeTimestamp: number;
  /** Records stored: 1, or the members of a batch. */
  readonly msgNum: number;
  /** PUT_OK, or SLAVE_NOT_AVAILABLE when SYNC_MASTER found no slave to wait for. */
  readonly statusWhenStored: 'PUT_OK' | 'SLAVE_NOT_AVAILABLE';
  /** Physical offset of each member of a batch; undefined for a single message. */
  readonly phyOffsets: readonly number[] | undefined;

  constructor(
    phyOffset: number,
    endOffset: number,
    queueOffset: number,
    storeTimestamp: number,
    msgNum: number,
    needs: number,
    deadlineMs: number,
    statusWhenStored: 'PUT_OK' | 'SLAVE_NOT_AVAILABLE',
    phyOffsets: readonly number[] | undefined,
  ) {
    this.phyOffset = phyOffset;
    this.endOffset = endOffset;
    this.queueOffset = queueOffset;
    this.storeTimestamp = storeTimestamp;
    this.msgNum = msgNum;
    this.needs = needs;
    this.deadlineMs = deadlineMs;
    this.statusWhenStored = statusWhenStored;
    this.phyOffsets = phyOffsets;
  }

  /** Bytes in the log, the sum over a batch. */
  get wroteBytes(): number {
    return this.endOffset - this.phyOffset;
  }
}

/** What a put gives: a receipt to park the reply on, or a refusal to answer at once. */
export type PutResult = PutTicket | PutRefusal;

/** What a read from a queue asks for. `maxMsgNums` below 1 acts like 1. */
export interface GetMessageRequest {
  readonly topic: string;
  readonly queueId: number;
  readonly offset: number;
  readonly maxMsgNums: number;
  /**
   * The caller's memory for the records: used when they fit and need no wait, and then the body is a view of it. Left
   * out, every answer gets memory of its own.
   */
  readonly into?: Buffer;
}

/** What a read from a queue gives. Java: GetMessageResult. */
export interface GetMessageResult {
  readonly status: GetMessageStatus;
  readonly nextBeginOffset: number;
  readonly minOffset: number;
  readonly maxOffset: number;
  /** Records as stored, in queue order, back to back; empty without any. */
  readonly body: Buffer;
  readonly messageCount: number;
  /** The reader is further behind than memory reaches: Java's master then names the slave to read from. */
  readonly suggestPullingFromSlave: boolean;
}

/** What a query by key gives. Java: QueryMessageResult. */
export interface QueryMessageResult {
  readonly indexLastUpdateTimestamp: number;
  readonly indexLastUpdatePhyoffset: number;
  /** One buffer per record, ascending physical offsets. */
  readonly buffers: readonly Buffer[];
  readonly sizeBytes: number;
}
