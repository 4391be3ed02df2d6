import type { OutputBuffer } from '../codec/output-buffer.ts';
import { JSON_TYPE, type RemotingCommand, writeCommand } from '../codec/remoting-command.ts';
import type { Socket } from '../util/net.ts';
import type { LoopTurn } from './loop-turn.ts';

/** Pieces of a body from here on are written as they are; smaller ones are cheaper to copy. */
const OWN_PIECE_BYTES = 8192;

/**
 * Frames of one connection on their way out: collected in a buffer, written in one go. Long pieces of bodies are not
 * copied into the buffer; they stand between its runs as segments. The buffer comes from the turn's spares and goes
 * back there only when the kernel took everything within the write; else it stays with the socket.
 */
export class ConnectionOutput {
  private readonly socket: Socket;
  private readonly turn: LoopTurn;
  private current: OutputBuffer | undefined;
  /** Start of the bytes of `current` that are in no segment yet. */
  private segmentStart = 0;
  private readonly segments: Uint8Array[] = [];
  private segmentBytes = 0;

  constructor(socket: Socket, turn: LoopTurn) {
    this.socket = socket;
    this.turn = turn;
  }

  /** Bytes that wait for {@link send}. */
  get waitingBytes(): number {
    return this.current === undefined ? 0 : this.segmentBytes + this.current.length - this.segmentStart;
  }

  /** The buffer to append whole frames to. Ask for it anew after each {@link send}. */
  buffer(): OutputBuffer {
    let current = this.current;
    if (current === undefined) {
      current = this.turn.takeBuffer();
      this.current = current;
    }
    return current;
  }

  /** Appends a command as one frame. */
  command(command: RemotingCommand): void {
    const { body } = command;
    const out = this.buffer();
    if (body === undefined || body.length < OWN_PIECE_BYTES) {
      writeCommand(command, JSON_TYPE, out);
      return;
    }
    const frameStart = out.length;
    writeCommand({ ...command, body: undefined }, JSON_TYPE, out);
    out.putInt32At(frameStart, out.length - frameStart - 4 + body.length);
    this.piece(body);
  }

  /** Appends body bytes behind the header of a frame that announced them. A long piece belongs to the output now. */
  piece(bytes: Buffer): void {
    const out = this.buffer();
    if (bytes.length < OWN_PIECE_BYTES) {
      out.raw(bytes);
      return;
    }
    this.closeSegment(out);
    this.segments.push(bytes);
    this.segmentBytes += bytes.length;
  }

  /**
   * Writes everything to the socket.
   * @returns the bytes that the kernel did not take.
   */
  send(): number {
    const out = this.current;
    if (out === undefined) return this.socket.unsentBytes;
    const { socket, segments } = this;
    if (segments.length === 0) {
      if (out.length > 0) socket.write(out.bytes.subarray(0, out.length));
    } else {
      this.closeSegment(out);
      socket.cork();
      for (let i = 0; i < segments.length; i++) socket.write(segments[i] as Uint8Array);
      socket.uncork();
      segments.length = 0;
      this.segmentBytes = 0;
    }
    this.segmentStart = 0;
    this.current = undefined;
    const unsentBytes = socket.unsentBytes;
    if (unsentBytes === 0) this.turn.giveBack(out);
    return unsentBytes;
  }

  /** Drops what waits; the connection is gone. */
  drop(): void {
    this.segments.length = 0;
    this.segmentBytes = 0;
    this.segmentStart = 0;
    if (this.current !== undefined) this.turn.giveBack(this.current);
    this.current = undefined;
  }

  private closeSegment(out: OutputBuffer): void {
    if (out.length === this.segmentStart) return;
    this.segments.push(out.bytes.subarray(this.segmentStart, out.length));
    this.segmentBytes += out.length - this.segmentStart;
    this.segmentStart = out.length;
  }
}
