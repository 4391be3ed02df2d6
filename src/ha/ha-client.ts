import type { MessageStoreConfig } from '../config/message-store-config.ts';
import type { RawLog } from '../store/raw-log.ts';
import type { Clock, Timer } from '../util/clock.ts';
import type { Logger } from '../util/logger.ts';
import { type Net, NetError, type Socket } from '../util/net.ts';
import { offsetReport, TransferDecoder } from './ha-frame.ts';

/** Java: HAClient#connectMaster, RemotingUtil#connect. */
const CONNECT_TIMEOUT_MS = 5_000;
/** Java: HAClient waits as long when there is no connection. */
const REDIAL_MS = 5_000;
const TICK_MS = 1_000;

/** What a slave does with its log. */
export type SlaveLog = Pick<RawLog, 'endOffset' | 'expects' | 'append' | 'dropPart'>;

/** What the client works with. */
export interface HAClientParts {
  readonly net: Net;
  readonly clock: Clock;
  readonly log: Logger;
  readonly config: MessageStoreConfig;
  readonly raw: SlaveLog;
  /** Replication address of the master. */
  readonly master: { readonly host: string; readonly port: number };
}

/**
 * The slave's side of replication: keeps one connection to the master, adds what comes to the log, and reports where
 * the log ends: at once, after each packet, and now and then. Java: HAService.HAClient; docs/protocol/ha.md.
 */
export class HAClient {
  readonly #parts: HAClientParts;
  #connection: MasterConnection | undefined;
  #isDialing = false;
  #redial: Timer | undefined;
  #ticker: Timer | undefined;
  #isStopped = false;

  constructor(parts: HAClientParts) {
    this.#parts = parts;
  }

  /** Dials, and keeps dialing. */
  start(): void {
    this.#ticker = this.#parts.clock.setInterval(() => this.#connection?.tick(), TICK_MS);
    void this.#dial();
  }

  /** Closes the connection; nothing is added to the log any more. */
  stop(): void {
    this.#isStopped = true;
    this.#ticker?.cancel();
    this.#redial?.cancel();
    this.#connection?.close('stopped');
  }

  /** True while there is a connection. */
  get isConnected(): boolean {
    return this.#connection !== undefined;
  }

  async #dial(): Promise<void> {
    if (this.#isDialing || this.#isStopped) return;
    this.#isDialing = true;
    const { net, log, master } = this.#parts;
    try {
      const socket = await net.connect({ ...master, timeoutMs: CONNECT_TIMEOUT_MS });
      // A stop that came meanwhile.
      // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- changes while awaited
      if (this.#isStopped) socket.destroy();
      else this.#connection = new MasterConnection(this.#parts, socket, () => this.#onClose());
    } catch (error) {
      if (!(error instanceof NetError)) throw error;
      log.warn({ master, code: error.code }, 'the master could not be reached for replication');
      this.#dialLater();
    } finally {
      this.#isDialing = false;
    }
  }

  #dialLater(): void {
    if (this.#isStopped) return;
    this.#redial = this.#parts.clock.setTimeout(() => void this.#dial(), REDIAL_MS);
  }

  #onClose(): void {
    this.#connection = undefined;
    this.#dialLater();
  }
}

/** One connection to the master. */
class MasterConnection {
  readonly #parts: HAClientParts;
  readonly #socket: Socket;
  readonly #onClosed: () => void;
  readonly #decoder: TransferDecoder;
  #isWritable = true;
  /** The log has grown since the last report, which the socket has not taken yet. */
  #isReportDue = false;
  #isClosed = false;
  #lastReadMs: number;
  #lastWriteMs = 0;

  constructor(parts: HAClientParts, socket: Socket, onClosed: () => void) {
    const { clock, raw, log, master } = parts;
    this.#parts = parts;
    this.#socket = socket;
    this.#onClosed = onClosed;
    this.#lastReadMs = clock.monotonicMs();
    this.#decoder = new TransferDecoder({
      onHeader: (phyOffset, sizeBytes) => this.#fits(phyOffset, sizeBytes),
      onBody: (phyOffset, body) => this.#append(phyOffset, body),
    });
    socket.setEvents({
      onData: (bytes) => this.#onData(bytes),
      onDrain: () => {
        this.#isWritable = true;
        if (this.#isReportDue) this.#report();
      },
      onClose: (reason) => this.#onClose(reason),
    });
    raw.dropPart();
    log.info({ master, end: raw.endOffset }, 'connected to the master for replication');
    this.#report();
  }

  /** Reports that the slave lives; ends a connection on which the master has fallen silent. */
  tick(): void {
    const { clock, config } = this.#parts;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#lastReadMs > config.haHousekeepingInterval) this.close('the master has fallen silent');
    else if (nowMs - this.#lastWriteMs > config.haSendHeartbeatInterval) this.#report();
  }

  close(reason: string): void {
    this.#socket.destroy();
    this.#onClose(reason);
  }

  /** A master that does not read its reports gets fewer of them. */
  #report(): void {
    this.#isReportDue = !this.#isWritable;
    if (this.#isReportDue) return;
    this.#lastWriteMs = this.#parts.clock.monotonicMs();
    this.#isWritable = this.#socket.write(offsetReport(this.#parts.raw.endOffset));
  }

  #onData(bytes: Buffer): void {
    if (this.#isClosed) return;
    this.#lastReadMs = this.#parts.clock.monotonicMs();
    const outcome = this.#decoder.feed(bytes);
    if (outcome !== 'ok') this.close(outcome === 'invalid' ? 'no packet of a master' : 'the packet does not fit');
  }

  /** Java checks it as soon as the header is there, heartbeats included; an empty slave takes any. */
  #fits(phyOffset: number, sizeBytes: number): boolean {
    const { raw, log } = this.#parts;
    if ((sizeBytes === 0 && raw.endOffset === 0) || raw.expects(phyOffset)) return true;
    const fields = { end: raw.endOffset, phyOffset, sizeBytes };
    log.error(fields, 'the master sends from an offset at which this log does not end');
    return false;
  }

  #append(phyOffset: number, body: Buffer): boolean {
    const { raw, log } = this.#parts;
    const outcome = raw.append(phyOffset, body);
    if (outcome === 'appended') this.#report();
    else log.error({ outcome, phyOffset, sizeBytes: body.length }, 'bytes of the master could not be added to the log');
    return outcome === 'appended';
  }

  #onClose(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#parts.raw.dropPart();
    this.#parts.log.info({ reason, end: this.#parts.raw.endOffset }, 'the connection to the master is closed');
    this.#onClosed();
  }
}
