import { type CommandName, type CommandRow, type Commands, commands } from '../codec/commands.ts';
import { type AssemblyBudget, FrameDecoder } from '../codec/frame.ts';
import type { HeaderInput } from '../codec/header.ts';
import { encodeHost, formatHost } from '../codec/message-id.ts';
import type { OutputBuffer } from '../codec/output-buffer.ts';
import {
  FLAG_ONEWAY,
  FLAG_RESPONSE,
  JSON_TYPE,
  type RemotingCommand,
  VERSION_4_6_0,
  writeCommand,
} from '../codec/remoting-command.ts';
import { type ResponseName, responseCode, responseName } from '../codec/response-codes.ts';
import type { ScannedCommand } from '../codec/scanned-command.ts';
import { assert } from '../util/assert.ts';
import type { Clock } from '../util/clock.ts';
import type { Logger } from '../util/logger.ts';
import type { Socket, SocketEvents } from '../util/net.ts';
import type { LoopTurn, TurnMember } from './loop-turn.ts';
import { PendingRequests } from './pending-requests.ts';
import { type Answer, RemotingError, type Reply } from './reply.ts';
import { extFieldsOf, writeResponse } from './response-writer.ts';

/** Who handles the frames of a connection. */
export interface FrameReceiver {
  /**
   * Takes one whole frame, `start` behind the length prefix. The view ends with the call.
   * @returns false when the bytes are no command: the connection is closed.
   */
  onFrame(connection: Connection, bytes: Buffer, start: number, end: number): boolean;
}

/** Bounds of one connection. */
export interface ConnectionLimits {
  /** Frames and bytes handled in one turn of the event loop before other connections get theirs. */
  readonly framesPerTurn: number;
  readonly bytesPerTurn: number;
  /** Nothing is read while more output than this is unsent. */
  readonly pauseUnsentBytes: number;
  /** A connection with more unsent output than this is closed. */
  readonly mostUnsentBytes: number;
  /** Nothing is read while this many requests of the peer wait for their reply. */
  readonly mostInFlight: number;
  /** Requests of ours that may wait for an answer. */
  readonly mostPendingRequests: number;
}

export const connectionLimits: ConnectionLimits = {
  framesPerTurn: 1024,
  bytesPerTurn: 4_194_304,
  pauseUnsentBytes: 8_388_608,
  mostUnsentBytes: 268_435_456,
  mostInFlight: 4096,
  mostPendingRequests: 1024,
};

/** What a connection is made of; the same object for all connections of a server or client. */
export interface ConnectionParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly turn: LoopTurn;
  /** Shared by all connections of a server: what their partial frames may hold together. */
  readonly budget: AssemblyBudget;
  readonly receiver: FrameReceiver;
  readonly limits: ConnectionLimits;
}

/** Told once when a connection is gone. */
export type CloseListener = (connection: Connection, reason: string) => void;

/** Why nothing is read: bits of {@link Connection}'s pause word. */
const PAUSE_UNSENT = 1;
const PAUSE_IN_FLIGHT = 2;
const PAUSE_LEFT_OVER = 4;

/** Pieces of a body from here on are written as they are; smaller ones are cheaper to copy. */
const OWN_PIECE_BYTES = 8192;
/** Output of one turn that is sent before the turn ends. */
const FLUSH_EARLY_BYTES = 131_072;
const MOST_CLOSE_LISTENERS = 16;
const TLS_HANDSHAKE = 0x16;
const NO_BYTES = Buffer.alloc(0);

let lastId = 0;

/**
 * One socket, accepted or connected: frames in, frames out, in both directions. Output is collected and written once
 * per turn; a buffer is used again only when the kernel took all of it within the write. Java: NettyRemotingAbstract.
 */
export class Connection implements SocketEvents, TurnMember {
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
  /** How long the frames in hand waited in this process; 0 for frames just read. */
  waitedMs = 0;
  /** Requests of the peer that wait for their reply. */
  inFlight = 0;
  /** Kept by {@link LoopTurn}. */
  waitsForFlush = false;

  private readonly socket: Socket;
  private readonly parts: ConnectionParts;
  private readonly turn: LoopTurn;
  private readonly decoder: FrameDecoder;
  private readonly pending: PendingRequests;
  private readonly closeListeners: CloseListener[] = [];
  private closeReason = '';
  private isGone = false;
  private ownOpaque = 0;
  private pauses = 0;
  private isFresh = true;
  /** The chunk being decoded, and where decoding was stopped in it (-1: to its end). */
  private chunk: Buffer = NO_BYTES;
  private stoppedAt = -1;
  private leftOver: Buffer | undefined;
  private leftOverSinceMs = 0;
  private turnId = 0;
  private turnFrames = 0;
  private turnBytes = 0;
  /** Inside {@link onData}: output leaves when it returns. */
  private isReading = false;
  private out: OutputBuffer | undefined;
  /** Start of the bytes in `out` that are not in a segment yet. */
  private segmentStart = 0;
  private readonly segments: Uint8Array[] = [];
  private segmentBytes = 0;
  private readonly takeFrame = (bytes: Buffer, start: number, end: number): boolean => this.onFrame(bytes, start, end);

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
    this.decoder = new FrameDecoder(parts.budget);
    this.pending = new PendingRequests(parts.clock, parts.limits.mostPendingRequests, this.remoteAddress);
    socket.setEvents(this);
  }

  /** False while the peer does not read what it was sent. Java: Channel#isWritable. */
  get isWritable(): boolean {
    return this.isOpen && (this.pauses & PAUSE_UNSENT) === 0;
  }

  /** Calls `listener` once when the connection is gone; at once when it is already. */
  onClosed(listener: CloseListener): void {
    if (this.isGone) return listener(this, this.closeReason);
    assert(this.closeListeners.length < MOST_CLOSE_LISTENERS, 'too many close listeners');
    this.closeListeners.push(listener);
  }

  /** Answers a request, also long after its handler returned. Nothing happens when the connection is gone. */
  reply<C extends CommandName>(opaque: number, command: C, reply: Reply<C>): void {
    this.replyRow(opaque, commands[command], reply);
  }

  /** As {@link reply} for who has the row in hand. */
  replyRow(opaque: number, row: CommandRow, reply: Reply): void {
    if (!this.isOpen) return;
    const body = reply.body;
    const bodyBytes = body === undefined ? 0 : Buffer.isBuffer(body) ? body.length : totalBytes(body);
    const out = this.output();
    const before = out.length;
    try {
      const header = reply.header as Readonly<Record<string, unknown>> | undefined;
      writeResponse(out, row, { opaque, code: responseCode(reply.code), remark: reply.remark, header, bodyBytes });
    } catch (error) {
      // A value no header can carry: half a frame must not stay behind, and the peer must not wait.
      out.length = before;
      this.parts.log.error({ err: error, peer: this.remoteAddress }, 'a reply could not be written');
      return this.refuse(opaque, 'SYSTEM_ERROR', String(error));
    }
    if (body !== undefined) {
      if (Buffer.isBuffer(body)) this.appendPiece(out, body);
      else for (const piece of body) this.appendPiece(out, piece);
    }
    this.wrote();
  }

  /** Answers without extFields and body: what the remoting layer itself says. */
  refuse(opaque: number, code: ResponseName, remark: string): void {
    this.relay(opaque, { code: responseCode(code), remark, extFields: undefined, body: undefined });
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
    const answered = this.call(row.code, extFieldsFor(row, header), body, timeoutMs);
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
    const extFields = extFieldsFor(row, header);
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

  // What the dispatcher and the parked replies use.

  /** The buffer to append whole frames to; call {@link wrote} behind each. */
  output(): OutputBuffer {
    let out = this.out;
    if (out === undefined) {
      out = this.turn.takeBuffer();
      this.out = out;
    }
    return out;
  }

  /** A frame was appended: it leaves when the reading ends, or with the turn. */
  wrote(): void {
    const out = this.out as OutputBuffer;
    if (this.segmentBytes + out.length - this.segmentStart >= FLUSH_EARLY_BYTES) this.flush();
    else if (!this.isReading) this.turn.addDirty(this);
  }

  /** As {@link wrote}, for a caller that flushes the turn itself before it returns. */
  wroteForTurn(): void {
    const out = this.out as OutputBuffer;
    if (this.segmentBytes + out.length - this.segmentStart >= FLUSH_EARLY_BYTES) this.flush();
    else this.turn.addDirtyForFlush(this);
  }

  /** A request of the peer now waits for its reply. */
  began(): void {
    this.inFlight += 1;
    if (this.inFlight >= this.parts.limits.mostInFlight) this.pause(PAUSE_IN_FLIGHT);
  }

  /** The reply of a request that had {@link began} was written, or will never be. */
  ended(): void {
    this.inFlight -= 1;
    if ((this.pauses & PAUSE_IN_FLIGHT) !== 0 && this.inFlight <= this.parts.limits.mostInFlight >> 1) {
      this.lift(PAUSE_IN_FLIGHT);
    }
  }

  /** An answer of the peer: given to who waits for it, else dropped. */
  takeAnswer(scanned: ScannedCommand, frame: Buffer, bodyStart: number, bodyEnd: number): void {
    const answer: Answer = {
      code: scanned.code,
      codeName: responseName(scanned.code),
      remark: scanned.remark(),
      extFields: scanned.extFields(),
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
    const out = this.out;
    if (out === undefined || !this.isOpen) return;
    const { socket, segments } = this;
    if (segments.length === 0) {
      if (out.length === 0) return;
      socket.write(out.bytes.subarray(0, out.length));
    } else {
      if (out.length > this.segmentStart) segments.push(out.bytes.subarray(this.segmentStart, out.length));
      socket.cork();
      for (let i = 0; i < segments.length; i++) socket.write(segments[i] as Uint8Array);
      socket.uncork();
      segments.length = 0;
      this.segmentBytes = 0;
    }
    this.segmentStart = 0;
    this.out = undefined;
    const unsentBytes = socket.unsentBytes;
    if (unsentBytes === 0) {
      this.wroteSinceSweep = true;
      this.turn.giveBack(out);
    } else if (unsentBytes > this.parts.limits.mostUnsentBytes) {
      this.destroy(`${unsentBytes} bytes unsent`);
    } else if (unsentBytes > this.parts.limits.pauseUnsentBytes) {
      this.pause(PAUSE_UNSENT);
    }
  }

  // What the socket and the turn call.

  onData(bytes: Buffer): void {
    if (!this.isOpen) return;
    this.lastReadMs = this.parts.clock.monotonicMs();
    if (this.isFresh) {
      this.isFresh = false;
      if (bytes[0] === TLS_HANDSHAKE) {
        this.parts.log.info(
          { peer: this.remoteAddress },
          'closed a connection that began a TLS handshake: no TLS here',
        );
        return this.destroy('TLS handshake');
      }
    }
    assert(this.leftOver === undefined, 'bytes from a paused socket');
    this.waitedMs = 0;
    this.read(bytes, false);
  }

  onDrain(): void {
    this.wroteSinceSweep = true;
    if ((this.pauses & PAUSE_UNSENT) !== 0) this.lift(PAUSE_UNSENT);
  }

  onClose(reason: string): void {
    this.noteClosing(reason);
    this.isGone = true;
    this.decoder.release();
    this.leftOver = undefined;
    this.segments.length = 0;
    if (this.out !== undefined) this.turn.giveBack(this.out);
    this.out = undefined;
    this.pending.failAll(this.closeReason);
    for (const listener of this.closeListeners) listener(this, this.closeReason);
    this.closeListeners.length = 0;
  }

  continueReading(): void {
    const rest = this.leftOver;
    if (rest === undefined || !this.isOpen || this.pauses !== PAUSE_LEFT_OVER) return;
    this.leftOver = undefined;
    this.waitedMs = this.parts.clock.monotonicMs() - this.leftOverSinceMs;
    this.read(rest, true);
    if (this.leftOver === undefined) this.lift(PAUSE_LEFT_OVER);
  }

  // Inside.

  private read(chunk: Buffer, isOurs: boolean): void {
    if (this.turnId !== this.turn.id) {
      this.turnId = this.turn.id;
      this.turnFrames = 0;
      this.turnBytes = 0;
    }
    this.isReading = true;
    this.chunk = chunk;
    this.stoppedAt = -1;
    const problem = this.decoder.feed(chunk, this.takeFrame);
    this.chunk = NO_BYTES;
    this.isReading = false;
    if (problem !== undefined) {
      this.parts.log.info({ peer: this.remoteAddress, problem }, 'closed a connection whose bytes are no frames');
      this.destroy(problem);
    } else if (this.stoppedAt >= 0 && this.isOpen) {
      this.keepRest(chunk, isOurs);
    }
    if (this.out !== undefined) this.flush();
  }

  private onFrame(bytes: Buffer, start: number, end: number): boolean {
    this.turnFrames += 1;
    this.turnBytes += end - start;
    if (!this.parts.receiver.onFrame(this, bytes, start, end)) {
      this.parts.log.info({ peer: this.remoteAddress }, 'closed a connection that sent a malformed command');
      this.flush();
      this.destroy('malformed command');
      return false;
    }
    if (!this.isOpen) return false;
    // A frame assembled from several chunks is the first of its chunk, so stopping can wait for the next one.
    if (bytes !== this.chunk || end === bytes.length) return true;
    const { framesPerTurn, bytesPerTurn } = this.parts.limits;
    if (this.turnFrames < framesPerTurn && this.turnBytes < bytesPerTurn && this.pauses === 0) return true;
    this.stoppedAt = end;
    return false;
  }

  /** Keeps the frames behind `stoppedAt` for the next turn. */
  private keepRest(chunk: Buffer, isOurs: boolean): void {
    const rest = chunk.subarray(this.stoppedAt);
    this.leftOver = isOurs ? rest : Buffer.from(rest);
    if (!isOurs) this.leftOverSinceMs = this.lastReadMs;
    this.pause(PAUSE_LEFT_OVER);
    if (this.pauses === PAUSE_LEFT_OVER) this.turn.addLeftOver(this);
  }

  private pause(bit: number): void {
    if (this.pauses === 0) this.socket.pause();
    this.pauses |= bit;
  }

  private lift(bit: number): void {
    if (!this.isOpen) return;
    this.pauses &= ~bit;
    if (this.pauses === 0) this.socket.resume();
    else if (this.pauses === PAUSE_LEFT_OVER && this.leftOver !== undefined) this.turn.addLeftOver(this);
  }

  private appendPiece(out: OutputBuffer, piece: Buffer): void {
    if (piece.length < OWN_PIECE_BYTES) {
      out.raw(piece);
      return;
    }
    if (out.length > this.segmentStart) this.segments.push(out.bytes.subarray(this.segmentStart, out.length));
    this.segmentBytes += out.length - this.segmentStart + piece.length;
    this.segmentStart = out.length;
    this.segments.push(piece);
  }

  private writeWhole(command: RemotingCommand): void {
    if (!this.isOpen) return;
    writeCommand(command, JSON_TYPE, this.output());
    this.wrote();
  }

  private noteClosing(reason: string): void {
    if (this.closeReason === '') this.closeReason = reason;
    this.isOpen = false;
  }
}

/** Java sends no extFields at all for a request without a header class. */
function extFieldsFor(row: CommandRow, header: object): Map<string, string> | undefined {
  if (Object.keys(row.request).length === 0) return undefined;
  return extFieldsOf(row.request, header as Readonly<Record<string, unknown>>);
}

function totalBytes(pieces: readonly Buffer[]): number {
  let bytes = 0;
  for (const piece of pieces) bytes += piece.length;
  return bytes;
}
