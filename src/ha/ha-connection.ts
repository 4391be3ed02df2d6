import type { MessageStoreConfig } from '../config/message-store-config.ts';
import type { RawLog } from '../store/raw-log.ts';
import { StoreIoError } from '../store/store-errors.ts';
import type { Clock } from '../util/clock.ts';
import type { Logger } from '../util/logger.ts';
import type { Socket } from '../util/net.ts';
import type { GroupTransferService } from './group-transfer-service.ts';
import { MAX_BODY_BYTES, OffsetReportDecoder, TRANSFER_HEADER_BYTES, writeTransferHeader } from './ha-frame.ts';

/** What a master reads of its log. */
export type MasterLog = Pick<RawLog, 'endOffset' | 'fileSizeBytes' | 'readableBytes' | 'read'>;

/** What a connection of a slave works with. */
export interface HAConnectionParts {
  readonly clock: Clock;
  /** Its lines name the peer. */
  readonly log: Logger;
  /** Live: intervals and the size of a packet are read at each use. */
  readonly config: MessageStoreConfig;
  readonly raw: MasterLog;
  readonly gate: GroupTransferService;
  readonly socket: Socket;
  /** The connection is gone; called once. */
  onClose(): void;
}

/**
 * A slave as its master sees it: reads where the slave's log ends, sends what follows. At most one packet lies in
 * memory beyond what the socket wants to hold, however slow the slave. Java: HAConnection; docs/protocol/ha.md.
 */
export class HAConnection {
  readonly #parts: HAConnectionParts;
  readonly #reports = new OffsetReportDecoder();
  /** Where the next packet begins; undefined until the slave has said where its log ends. */
  #next: number | undefined;
  /** What the slave says cannot be true: it gets heartbeats, as in Java, and neither bytes nor a say. */
  #isRefused = false;
  #isWritable = true;
  /** A packet is being read from disk. */
  #isReading = false;
  #isEnding = false;
  #isClosed = false;
  #lastReadMs: number;
  #lastWriteMs: number;

  constructor(parts: HAConnectionParts) {
    const { clock, socket } = parts;
    this.#parts = parts;
    this.#lastReadMs = clock.monotonicMs();
    this.#lastWriteMs = this.#lastReadMs;
    socket.setEvents({
      onData: (bytes) => this.#onData(bytes),
      onDrain: () => {
        this.#isWritable = true;
        this.send();
      },
      onClose: (reason) => this.#onClose(reason),
    });
  }

  /** Sends what is visible and not sent, as far as the socket takes it. Java: WriteSocketService. */
  send(): void {
    const { raw, config } = this.#parts;
    const most = Math.max(1, Math.min(config.haTransferBatchSize, MAX_BODY_BYTES));
    while (this.#maySend() && !this.#isRefused) {
      const from = this.#next as number;
      const size = raw.readableBytes(from, most);
      if (size === 0) return;
      const packet = Buffer.allocUnsafe(TRANSFER_HEADER_BYTES + size);
      writeTransferHeader(packet, from, size);
      try {
        const read = raw.read(from, size, packet, TRANSFER_HEADER_BYTES);
        if (typeof read !== 'boolean') void this.#sendWhenRead(read, packet);
        else if (read) this.#write(packet);
        else return;
      } catch (error) {
        this.#failed(error);
      }
    }
  }

  /** Called several times a second: heartbeats, and the end of a slave that says nothing any more. */
  tick(nowMs: number): void {
    const { config } = this.#parts;
    if (nowMs - this.#lastReadMs > config.haHousekeepingInterval) {
      this.close('said nothing for haHousekeepingInterval');
    } else if (this.#maySend() && nowMs - this.#lastWriteMs > config.haSendHeartbeatInterval) {
      const heartbeat = Buffer.allocUnsafe(TRANSFER_HEADER_BYTES);
      writeTransferHeader(heartbeat, this.#next as number, 0);
      this.#write(heartbeat);
    }
    this.send();
  }

  /** Closes now. */
  close(reason: string): void {
    this.#parts.socket.destroy();
    this.#onClose(reason);
  }

  /** Closes when the slave has got what is on its way. */
  end(): void {
    this.#isEnding = true;
    this.#parts.socket.end();
  }

  #maySend(): boolean {
    return this.#next !== undefined && this.#isWritable && !this.#isReading && !this.#isEnding && !this.#isClosed;
  }

  #write(packet: Buffer): void {
    this.#lastWriteMs = this.#parts.clock.monotonicMs();
    this.#next = (this.#next as number) + packet.length - TRANSFER_HEADER_BYTES;
    this.#isWritable = this.#parts.socket.write(packet);
  }

  async #sendWhenRead(reading: Promise<boolean>, packet: Buffer): Promise<void> {
    this.#isReading = true;
    let isRead = false;
    try {
      isRead = await reading;
    } catch (error) {
      this.#failed(error);
    }
    this.#isReading = false;
    // Files that were removed meanwhile leave nothing to send; the next tick looks again.
    if (!isRead || !this.#maySend()) return;
    this.#write(packet);
    this.send();
  }

  #failed(error: unknown): void {
    if (!(error instanceof StoreIoError)) throw error;
    this.#parts.log.error({ err: error }, 'the log could not be read for a slave');
    this.close('the log could not be read');
  }

  #onData(bytes: Buffer): void {
    this.#lastReadMs = this.#parts.clock.monotonicMs();
    const report = this.#reports.feed(bytes);
    if (report === 'invalid') this.close('sent what is no offset');
    else if (report !== 'incomplete') this.#onReport(report);
  }

  #onReport(offset: number): void {
    const { gate, raw, log } = this.#parts;
    if (this.#next === undefined) {
      const end = raw.endOffset;
      // Java: an empty slave begins with the last file; what is older it never gets.
      this.#next = offset === 0 ? end - (end % raw.fileSizeBytes) : offset;
      log.info({ offset, from: this.#next, end }, 'a slave has told where its log ends');
      if (offset > end) this.#refuse(offset, 'its log is longer than this one');
    } else if (offset > this.#next) this.#refuse(offset, 'it acknowledges what it was not sent');
    if (this.#isRefused) return;
    gate.onReport(this, offset);
    this.send();
  }

  #refuse(offset: number, why: string): void {
    const { gate, raw, log } = this.#parts;
    if (!this.#isRefused) log.error({ offset, sent: this.#next, end: raw.endOffset }, `a slave does not count: ${why}`);
    this.#isRefused = true;
    gate.onGone(this);
  }

  #onClose(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#parts.gate.onGone(this);
    this.#parts.log.info({ reason, sent: this.#next }, 'the connection of a slave is closed');
    this.#parts.onClose();
  }
}
