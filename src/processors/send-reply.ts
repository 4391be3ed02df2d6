import { commands } from '../codec/commands.ts';
import type { OutputBuffer } from '../codec/output-buffer.ts';
import { type ResponseName, responseCode } from '../codec/response-codes.ts';
import { ResponseTemplate, writeResponse } from '../codec/response-template.ts';
import type { ParkedReply, TicketOutcome } from '../remoting/handler.ts';
import type { PutMessageStatus, PutTicket } from '../store/results.ts';
import type { BrokerParts } from './parts.ts';

/** All send codes answer alike. */
const ROW = commands.SEND_MESSAGE;

/** Java: SendMessageProcessor#handlePutMessageResult. */
const STORED = {
  PUT_OK: 'SUCCESS',
  FLUSH_DISK_TIMEOUT: 'FLUSH_DISK_TIMEOUT',
  FLUSH_SLAVE_TIMEOUT: 'FLUSH_SLAVE_TIMEOUT',
  SLAVE_NOT_AVAILABLE: 'SLAVE_NOT_AVAILABLE',
} as const satisfies Partial<Record<PutMessageStatus, ResponseName>>;

type StoredStatus = keyof typeof STORED;

/** What all answers to sends of one broker share: compiled templates and the constant half of every message id. */
export class SendResponses {
  readonly #parts: BrokerParts;
  readonly #config: BrokerParts['configs']['brokerConfig'];
  /** Upper-case hex of IP and port, the first half of an offset id. */
  readonly idPrefix: Buffer;
  readonly #templates = new Map<StoredStatus, ResponseTemplate>();
  #regionId = '';
  #traceOn = false;
  #ratios = '';
  #ratiosEndMs = Number.NEGATIVE_INFINITY;

  constructor(parts: BrokerParts) {
    this.#parts = parts;
    this.#config = parts.configs.brokerConfig;
    this.idPrefix = Buffer.from(parts.storeHost.toString('hex').toUpperCase(), 'latin1');
  }

  /** The template of a status under the settings in force: regionId and traceOn may change while running. */
  template(status: StoredStatus): ResponseTemplate {
    const { regionId, traceOn } = this.#config;
    if (regionId !== this.#regionId || traceOn !== this.#traceOn) {
      this.#templates.clear();
      this.#regionId = regionId;
      this.#traceOn = traceOn;
    }
    const known = this.#templates.get(status);
    if (known !== undefined) return known;
    const made = new ResponseTemplate(ROW, {
      code: responseCode(STORED[status]),
      constants: { MSG_REGION: regionId, TRACE_ON: String(traceOn) },
      fields: ['msgId', 'queueId', 'queueOffset'],
    }) as unknown as ResponseTemplate;
    this.#templates.set(status, made);
    return made;
  }

  /** What a message is told whose write failed after it had been taken. */
  lostInWrite(): string {
    return this.serviceNotAvailable(`the message is not stored: ${failedWrite(this.#parts)}`);
  }

  /**
   * Java's text, which guesses at a full disk, and behind it what is really the matter. Every refused message gets it,
   * so the disk is asked once a second. Java: SendMessageProcessor#handlePutMessageResult, #diskUtil.
   */
  serviceNotAvailable(cause: string): string {
    const nowMs = this.#parts.clock.monotonicMs();
    if (nowMs >= this.#ratiosEndMs) {
      const { commitLogDiskRatio = '-1', consumeQueueDiskRatio = '-1' } = this.#parts.store.runtimeInfo();
      const ratio = (text: string): string => Number(text).toFixed(2).padStart(5);
      const queues = ratio(consumeQueueDiskRatio);
      this.#ratios = `CL: ${ratio(commitLogDiskRatio)} CQ: ${queues} INDEX: ${queues}`;
      this.#ratiosEndMs = nowMs + 1000;
    }
    const guess = `maybe disk full, ${this.#ratios}, maybe your broker machine memory too small.`;
    return `service not available now, ${guess} [${cause}]`;
  }

  /** The two fields that every answer to a send carries, also a refusal. */
  failureHeader(): { MSG_REGION: string; TRACE_ON: string } {
    return { MSG_REGION: this.#config.regionId, TRACE_ON: String(this.#config.traceOn) };
  }
}

/** Why what the store had taken could not be written, in operators' words. */
export function failedWrite({ store }: Pick<BrokerParts, 'store'>): string {
  return store.trouble ?? 'the write to the CommitLog failed';
}

/** The answer to a stored message, waiting for its ticket. */
export class ParkedSend implements ParkedReply {
  readonly ticket: PutTicket;
  readonly #responses: SendResponses;
  readonly #queueId: number;

  constructor(responses: SendResponses, ticket: PutTicket, queueId: number) {
    this.ticket = ticket;
    this.#responses = responses;
    this.#queueId = queueId;
  }

  write(out: OutputBuffer, opaque: number, outcome: TicketOutcome): void {
    if (outcome === 'failed') {
      writeResponse(out, ROW, {
        code: responseCode('SERVICE_NOT_AVAILABLE'),
        opaque,
        remark: this.#responses.lostInWrite(),
        header: this.#responses.failureHeader(),
        bodyBytes: 0,
      });
      return;
    }
    const { ticket } = this;
    const template = this.#responses.template(statusOf(ticket, outcome));
    const frame = template.begin(out);
    this.#writeIds(out);
    template.next(out);
    out.decimal(this.#queueId);
    template.next(out);
    out.decimal(ticket.queueOffset);
    template.end(out, frame, opaque, 0);
  }

  /** The offset id; of a batch all ids, joined by commas. Java: MessageDecoder#createMessageId. */
  #writeIds(out: OutputBuffer): void {
    const { ticket } = this;
    const prefix = this.#responses.idPrefix;
    if (ticket.phyOffsets === undefined) {
      out.raw(prefix);
      out.hex64(ticket.phyOffset);
      return;
    }
    for (let at = 0; at < ticket.phyOffsets.length; at++) {
      if (at > 0) out.byte(0x2c);
      out.raw(prefix);
      out.hex64(ticket.phyOffsets[at] as number);
    }
  }
}

/** The replica's outcome overwrites the disk's. Java: CommitLog#handleDiskFlush, then #handleHA. */
function statusOf(ticket: PutTicket, outcome: Exclude<TicketOutcome, 'failed'>): StoredStatus {
  if (outcome === 'replication timeout') return 'FLUSH_SLAVE_TIMEOUT';
  if (ticket.statusWhenStored === 'SLAVE_NOT_AVAILABLE') return 'SLAVE_NOT_AVAILABLE';
  return outcome === 'flush timeout' ? 'FLUSH_DISK_TIMEOUT' : 'PUT_OK';
}
