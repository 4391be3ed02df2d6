import { type CommandName, type CommandRow, type Commands, commands } from '../codec/commands.ts';
import type { AssemblyBudget, FrameProblem } from '../codec/frame.ts';
import type { HeaderInput } from '../codec/header.ts';
import { encodeHost, formatHost } from '../codec/message-id.ts';
import type { OutputBuffer } from '../codec/output-buffer.ts';
import { FLAG_ONEWAY, FLAG_RESPONSE, type RemotingCommand, VERSION_4_6_0 } from '../codec/remoting-command.ts';
import { type ResponseName, responseCode, responseName } from '../codec/response-codes.ts';
import { writeResponse } from '../codec/response-template.ts';
import type { ScannedCommand } from '../codec/scanned-command.ts';
import { assert } from '../util/assert.ts';
import type { Clock } from '../util/clock.ts';
import type { Logger } from '../util/logger.ts';
import type { Socket, SocketEvents } from '../util/net.ts';
import { type Arrival, ConnectionInput, type InputOwner, PAUSE_IN_FLIGHT, PAUSE_UNSENT } from './connection-input.ts';
import type { ConnectionLimits } from './connection-limits.ts';
import { ConnectionOutput } from './connection-output.ts';
import { requestExtFields } from './ext-fields.ts';
import type { LogLimit } from './log-limit.ts';
import type { LoopTurn, TurnWriter } from './loop-turn.ts';
import { PendingRequests } from './pending-requests.ts';
import { type Answer, RemotingError, type Reply, type WrittenReply } from './reply.ts';

/** Who handles the frames of a connection. */
export interface FrameReceiver {
  /**
   * Takes one whole frame, `start` behind the length prefix. The view ends with the call.
   * @returns false when the bytes are no command: the connection is closed.
   */
  onFrame(connection: Connection, bytes: Buffer, start: number, end: number): boolean;
  /** The connection is gone: nothing of it is kept. */
  forget(connection: Connection): void;
}

/** What a connection is made of; the same object for all connections of a server or client. */
export interface ConnectionParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly turn: LoopTurn;
  /** Shared by all connections of a server: what their partial frames may hold together. */
  readonly budget: AssemblyBudget;
  readonly receiver: FrameReceiver;
  /** Lines about peers that send nonsense. */
  readonly lines: LogLimit;
  readonly limits: ConnectionLimits;
}

/** Told once when a connection is gone. */
export type CloseListener = (connection: Connection, reason: string) => void;

/** Output of one turn that is sent before the turn ends. */
const FLUSH_EARLY_BYTES = 131_072;
const MOST_CLOSE_LISTENERS = 16;
const TLS_HANDSHAKE = 0x16;

let lastId = 0;

/**
 * One socket, accepted or connected: frames in, frames out, in both directions. Output is collected and written once
 * per turn; a buffer is used again only when the kernel took all of it within the write. Java: NettyRemotingAbstract.
 */
export class Connection implements SocketEvents, TurnWriter, InputOwner {
  /** Unique within the process. */
  readonly id: number;
  /** `ip:port`, an IPv6 address in brackets, IPv4-mapped as IPv4. */
  readonly remoteAddress: string;
  /** IP (4 or 16 bytes) and port (4 bytes), as the stored record has it. */
  readonly remoteHost: Buffer;
  readonly localPort: number;
  /** False as soon as closing was decided. */
  isOpen = true;
  /** Monotonic time of the last bytes from the peer. */
  lastReadMs: number;
  /** True when the kernel took output since the owner of the idle sweep last cleared it. */
  wroteSinceSweep = false;
  /** Monotonic time of the last sweep that saw output; kept by the owner of the sweep. */
  lastWriteMs: number;
  /** Requests of the peer that wait for their reply. */
  inFlight = 0;
  /** Kept by {@link LoopTurn}. */
  waitsForFlush = false;

  private readonly socket: Socket;
  private readonly parts: ConnectionParts;
  private readonly turn: LoopTurn;
  private readonly input: ConnectionInput;
  private readonly pending: PendingRequests;
  private readonly closeListeners: CloseListener[] = [];
  private closeReason = '';
  private isGone = false;
  private ownOpaque = 0;
  private isFresh = true;
  /** Inside {@link onData}: output leaves when it returns. */
  private isReading = false;
  private readonly out: ConnectionOutput;

  /** Takes over the socket: it is closed with the connection. */
  constructor(socket: Socket, parts: ConnectionParts) {
    this.id = ++lastId;
    this.socket = socket;
    this.parts = parts;
    this.turn = parts.turn;
    const host = encodeHost(socket.remoteAddress, socket.remotePort);
    assert(host !== undefined, `no address: ${socket.remoteAddress}`);
    this.remoteHost = host;
    this.remoteAddress = formatHost(host);
    this.localPort = socket.localPort;
    this.lastReadMs = parts.clock.monotonicMs();
    this.lastWriteMs = this.lastReadMs;
    const { clock, turn, budget, limits } = parts;
    this.input = new ConnectionInput({ owner: this, socket, clock, turn, budget, share: limits });
    this.out = new ConnectionOutput(socket, parts.turn);
    this.pending = new PendingRequests(parts.clock, parts.limits.mostPendingRequests, this.remoteAddress);
    socket.setEvents(this);
  }

  /** Of the frame in hand. */
  get arrival(): Arrival {
    return this.input;
  }

  /** False while the peer does not read what it was sent. Java: Channel#isWritable. */
  get isWritable(): boolean {
    return this.isOpen && !this.input.isPaused(PAUSE_UNSENT);
  }

  /** Calls `listener` once when the connection is gone; at once when it is already. */
  onClosed(listener: CloseListener): void {
    assert(this.closeListeners.length < MOST_CLOSE_LISTENERS, 'too many close listeners');
    if (this.isGone) listener(this, this.closeReason);
    else this.closeListeners.push(listener);
  }

  /** Answers a request, also long after its handler returned. Nothing happens when the connection is gone. */
  reply<C extends CommandName>(opaque: number, command: C, reply: Reply<C>): void {
    this.replyRow(opaque, commands[command], reply);
  }

  /** As {@link reply} for who has the row in hand. */
  replyRow(opaque: number, row: CommandRow, reply: Reply): void {
    if (!this.isOpen) return;
    const { remark, body } = reply;
    const bodyBytes = body === undefined ? 0 : Buffer.isBuffer(body) ? body.length : totalBytes(body);
    const out = this.out.buffer();
    const before = out.length;
    try {
      const header = reply.header as Readonly<Record<string, unknown>> | undefined;
      writeResponse(out, row, { opaque, code: responseCode(reply.code), remark, header, bodyBytes });
    } catch (error) {
      this.couldNotWrite(opaque, before, error);
      return;
    }
    if (Buffer.isBuffer(body)) this.out.piece(body);
    else if (body !== undefined) for (const piece of body) this.out.piece(piece);
    this.wrote();
  }

  /** As {@link reply} with a frame that writes itself. */
  replyWritten(opaque: number, reply: WrittenReply): void {
    if (!this.isOpen) return;
    const out = this.out.buffer();
    const before = out.length;
    try {
      reply.writeNow(out, opaque);
    } catch (error) {
      this.couldNotWrite(opaque, before, error);
      return;
    }
    this.wrote();
  }

  /** Answers without extFields and body: what the remoting layer itself says. */
  refuse(opaque: number, code: ResponseName, remark: string): void {
    if (!this.isOpen) return;
    writeResponse(this.out.buffer(), undefined, { opaque, code: responseCode(code), remark, bodyBytes: 0 });
    this.wrote();
  }

  /** Passes on an answer that another peer gave, code, remark, extFields and body unchanged. */
  relay(opaque: number, answer: Pick<RemotingCommand, 'code' | 'remark' | 'extFields' | 'body'>): void {
    const { code, remark, extFields, body } = answer;
    this.writeWhole({ code, version: VERSION_4_6_0, opaque, flag: FLAG_RESPONSE, remark, extFields, body });
  }

  /**
   * Asks the peer. Rejects with {@link RemotingError}: no answer in time, connection gone, too many waiting.
   * Java: RemotingServer#invokeSync.
   */
  request<C extends CommandName>(
    command: C,
    header: HeaderInput<Commands[C]['request']>,
    body: Buffer | undefined,
    timeoutMs: number,
  ): Promise<Answer<Commands[C]['response']>> {
    const row: CommandRow = commands[command];
    const answered = this.call(row.code, requestExtFields(row, header), body, timeoutMs);
    return answered as Promise<Answer<Commands[C]['response']>>;
  }

  /** As {@link request} with extFields as they are (undefined: none at all). */
  call(
    code: number,
    extFields: ReadonlyMap<string, string> | undefined,
    body: Buffer | undefined,
    timeoutMs: number,
  ): Promise<Answer> {
    if (!this.isOpen) return Promise.reject(new RemotingError('closed', `channel <${this.remoteAddress}> closed`));
    if (this.pending.isFull || !this.isWritable) {
      const text = `too many requests wait on the channel <${this.remoteAddress}>`;
      return Promise.reject(new RemotingError('too many requests', text));
    }
    const opaque = this.nextOpaque();
    const answered = this.pending.add(opaque, timeoutMs);
    this.writeWhole({ code, version: VERSION_4_6_0, opaque, flag: 0, extFields, body });
    return answered;
  }

  /**
   * Tells the peer something that it does not answer.
   * @returns false when it was dropped: the connection is gone or the peer does not read.
   */
  oneway<C extends CommandName>(
    command: C,
    header: HeaderInput<Commands[C]['request']>,
    body: Buffer | undefined,
  ): boolean {
    if (!this.isWritable) return false;
    const row: CommandRow = commands[command];
    const extFields = requestExtFields(row, header);
    const opaque = this.nextOpaque();
    this.writeWhole({ code: row.code, version: VERSION_4_6_0, opaque, flag: FLAG_ONEWAY, extFields, body });
    return true;
  }

  /** The next opaque of ours; they overlap with the peer's, so the response flag decides first. */
  nextOpaque(): number {
    this.ownOpaque = (this.ownOpaque + 1) & 0x7fffffff;
    return this.ownOpaque;
  }

  /** Closes after everything written has been sent. */
  end(reason: string): void {
    if (!this.isOpen) return;
    this.flush();
    this.noteClosing(reason);
    this.socket.end();
  }

  /** Closes now. */
  destroy(reason: string): void {
    if (!this.isOpen) return;
    this.noteClosing(reason);
    this.socket.destroy();
  }

  /** As {@link destroy}, also when it is closing already and waits for the peer to take its output. */
  cut(): void {
    this.noteClosing('cut');
    this.socket.destroy();
  }

  // What the dispatcher and the parked replies use.

  /** The buffer to append whole frames to; call {@link wrote} behind each. */
  output(): OutputBuffer {
    return this.out.buffer();
  }

  /** A frame was appended: it leaves when the reading ends, or with the turn. */
  wrote(): void {
    if (this.out.waitingBytes >= FLUSH_EARLY_BYTES) this.flush();
    else if (!this.isReading) this.turn.addDirty(this);
  }

  /** As {@link wrote}, for a caller that flushes the turn itself before it returns. */
  wroteForTurn(): void {
    if (this.out.waitingBytes >= FLUSH_EARLY_BYTES) this.flush();
    else this.turn.addDirtyForFlush(this);
  }

  /**
   * A reply failed while it was appended behind `before`, for instance by a value no header can carry: half a frame
   * must not stay behind, the replies before it are not lost with it, and the peer must not wait.
   */
  couldNotWrite(opaque: number, before: number, error: unknown): void {
    this.out.buffer().length = before;
    this.parts.log.error({ err: error, peer: this.remoteAddress }, 'a reply could not be written');
    this.refuse(opaque, 'SYSTEM_ERROR', String(error));
  }

  /** A request of the peer now waits for its reply. */
  began(): void {
    this.inFlight += 1;
    if (this.inFlight >= this.parts.limits.mostInFlight) this.input.pause(PAUSE_IN_FLIGHT);
  }

  /** The reply of a request that had {@link began} was written, or will never be. */
  ended(): void {
    this.inFlight -= 1;
    if (this.inFlight > this.parts.limits.mostInFlight >> 1 || !this.input.isPaused(PAUSE_IN_FLIGHT)) return;
    this.input.lift(PAUSE_IN_FLIGHT);
  }

  /** An answer of the peer: given to who waits for it, else dropped. */
  takeAnswer(scanned: ScannedCommand, frame: Buffer, bodyStart: number, bodyEnd: number): void {
    const answer: Answer = {
      code: scanned.code,
      codeName: responseName(scanned.code),
      remark: scanned.remark(),
      extFields: scanned.extFields(),
      hasExtFields: scanned.hasExtFields,
      body: bodyEnd > bodyStart ? Buffer.from(frame.subarray(bodyStart, bodyEnd)) : undefined,
      version: scanned.version,
    };
    if (this.pending.settle(scanned.opaque, answer)) return;
    const { log } = this.parts;
    if (!log.isLevelEnabled('debug')) return;
    log.debug({ peer: this.remoteAddress, opaque: scanned.opaque }, 'dropped an answer nobody waits for');
  }

  /** Hands all waiting output to the socket, in one go. */
  flush(): void {
    if (!this.isOpen || this.out.waitingBytes === 0) return;
    const unsentBytes = this.out.send();
    const { mostUnsentBytes, pauseUnsentBytes } = this.parts.limits;
    if (unsentBytes === 0) this.wroteSinceSweep = true;
    else if (unsentBytes > mostUnsentBytes) this.destroy(`${unsentBytes} bytes unsent`);
    else if (unsentBytes > pauseUnsentBytes) this.input.pause(PAUSE_UNSENT);
  }

  // What the socket and the turn call.

  onData(bytes: Buffer): void {
    if (!this.isOpen) return;
    this.lastReadMs = this.parts.clock.monotonicMs();
    if (this.isFresh && bytes[0] === TLS_HANDSHAKE) {
      this.closeWith('TLS handshake', 'closed a connection that began a TLS handshake: there is no TLS here');
      return;
    }
    this.isFresh = false;
    this.input.read(bytes, this.lastReadMs);
  }

  onDrain(): void {
    this.wroteSinceSweep = true;
    if (this.input.isPaused(PAUSE_UNSENT)) this.input.lift(PAUSE_UNSENT);
  }

  onClose(reason: string): void {
    this.noteClosing(reason);
    this.isGone = true;
    this.input.release();
    this.out.drop();
    this.parts.receiver.forget(this);
    this.pending.failAll(this.closeReason);
    for (const listener of this.closeListeners.splice(0)) listener(this, this.closeReason);
  }

  // What the input calls.

  takeFrame(bytes: Buffer, start: number, end: number): boolean {
    if (this.parts.receiver.onFrame(this, bytes, start, end)) return this.isOpen;
    this.flush();
    this.closeWith('malformed command', 'closed a connection that sent a malformed command');
    return false;
  }

  readingBegan(): void {
    this.isReading = true;
  }

  readingEnded(problem: FrameProblem | undefined): void {
    this.isReading = false;
    this.flush();
    if (problem !== undefined) this.closeWith(problem, 'closed a connection whose bytes are no frames');
  }

  // Inside.

  private writeWhole(command: RemotingCommand): void {
    if (!this.isOpen) return;
    this.out.command(command);
    this.wrote();
  }

  private closeWith(reason: string, text: string): void {
    if (this.parts.lines.allows()) this.parts.log.info({ peer: this.remoteAddress, reason }, text);
    this.destroy(reason);
  }

  private noteClosing(reason: string): void {
    if (this.closeReason === '') this.closeReason = reason;
    this.isOpen = false;
  }
}

function totalBytes(pieces: readonly Buffer[]): number {
  let bytes = 0;
  for (const piece of pieces) bytes += piece.length;
  return bytes;
}
