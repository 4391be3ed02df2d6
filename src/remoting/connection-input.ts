import { type AssemblyBudget, FrameDecoder, type FrameProblem } from '../codec/frame.ts';
import { assert } from '../util/assert.ts';
import type { Clock } from '../util/clock.ts';
import type { Socket } from '../util/net.ts';
import type { LoopTurn, TurnReader } from './loop-turn.ts';

/** The connection, as its input sees it. */
export interface InputOwner {
  readonly isOpen: boolean;
  /** A whole frame; false when the connection is being closed. */
  takeFrame(bytes: Buffer, start: number, end: number): boolean;
  /** Frames will follow now, and until {@link readingEnded}. */
  readingBegan(): void;
  readingEnded(problem: FrameProblem | undefined): void;
}

/** How much one connection may have handled in one turn of the event loop before others get theirs. */
export interface TurnShare {
  readonly framesPerTurn: number;
  readonly bytesPerTurn: number;
}

export interface ConnectionInputParts {
  readonly owner: InputOwner;
  readonly socket: Socket;
  readonly clock: Clock;
  readonly turn: LoopTurn;
  readonly budget: AssemblyBudget;
  readonly share: TurnShare;
}

/** When the frames in hand arrived. */
export interface Arrival {
  /** How long they waited in this process; 0 for frames just read. */
  readonly waitedMs: number;
  /** Monotonic time at which they were taken up: the time for all of them. */
  readonly takenUpMs: number;
}

/** Why nothing is read. Several reasons may hold at once. */
export const PAUSE_UNSENT = 1;
export const PAUSE_IN_FLIGHT = 2;
const PAUSE_LEFT_OVER = 4;

const NO_BYTES: Buffer = Buffer.alloc(0);

/**
 * Frames of one connection on their way in. When its share of the turn is used up, or reading is paused in the middle
 * of a chunk, the rest of the chunk is kept, nothing more is read, and it goes on in a later turn.
 */
export class ConnectionInput implements TurnReader, Arrival {
  waitedMs = 0;
  takenUpMs = 0;
  private readonly parts: ConnectionInputParts;
  private readonly decoder: FrameDecoder;
  private pauses = 0;
  /** The chunk being decoded, and where decoding was stopped in it (-1: nowhere). */
  private chunk = NO_BYTES;
  private stoppedAt = -1;
  private leftOver: Buffer | undefined;
  private leftOverSinceMs = 0;
  private turnId = 0;
  private turnFrames = 0;
  private turnBytes = 0;
  /** One function object per connection, so that feeding a chunk makes none. */
  private readonly onFrame = (bytes: Buffer, start: number, end: number): boolean => this.takeFrame(bytes, start, end);

  constructor(parts: ConnectionInputParts) {
    this.parts = parts;
    this.decoder = new FrameDecoder(parts.budget);
  }

  /** Takes a chunk that is valid during the call, and the monotonic time of its arrival. */
  read(chunk: Buffer, nowMs: number): void {
    assert(this.leftOver === undefined, 'bytes from a paused socket');
    this.waitedMs = 0;
    this.takenUpMs = nowMs;
    this.decode(chunk);
    if (this.stoppedAt < 0) return;
    this.leftOver = Buffer.from(chunk.subarray(this.stoppedAt));
    this.leftOverSinceMs = nowMs;
    this.waitForTurn();
  }

  continueReading(): void {
    const rest = this.leftOver;
    if (rest === undefined || !this.parts.owner.isOpen || this.pauses !== PAUSE_LEFT_OVER) return;
    this.leftOver = undefined;
    this.takenUpMs = this.parts.clock.monotonicMs();
    this.waitedMs = this.takenUpMs - this.leftOverSinceMs;
    this.decode(rest);
    if (this.stoppedAt < 0) {
      this.lift(PAUSE_LEFT_OVER);
      return;
    }
    this.leftOver = rest.subarray(this.stoppedAt);
    this.waitForTurn();
  }

  isPaused(bit: number): boolean {
    return (this.pauses & bit) !== 0;
  }

  pause(bit: number): void {
    if (this.pauses === 0) this.parts.socket.pause();
    this.pauses |= bit;
  }

  lift(bit: number): void {
    if (!this.parts.owner.isOpen) return;
    this.pauses &= ~bit;
    if (this.pauses === 0) this.parts.socket.resume();
    else if (this.pauses === PAUSE_LEFT_OVER && this.leftOver !== undefined) this.parts.turn.addLeftOver(this);
  }

  /** Gives back what is held for half frames and left-over ones; the connection is gone. */
  release(): void {
    this.decoder.release();
    this.leftOver = undefined;
  }

  private decode(chunk: Buffer): void {
    const { owner, turn } = this.parts;
    if (this.turnId !== turn.id) {
      this.turnId = turn.id;
      this.turnFrames = 0;
      this.turnBytes = 0;
    }
    this.chunk = chunk;
    this.stoppedAt = -1;
    owner.readingBegan();
    const problem = this.decoder.feed(chunk, this.onFrame);
    this.chunk = NO_BYTES;
    owner.readingEnded(problem);
  }

  private takeFrame(bytes: Buffer, start: number, end: number): boolean {
    const { owner, share } = this.parts;
    this.turnFrames += 1;
    this.turnBytes += end - start;
    if (!owner.takeFrame(bytes, start, end)) return false;
    // A frame that was put together from several chunks is the first of its chunk: stopping can wait for the next.
    if (bytes !== this.chunk || end === bytes.length) return true;
    const isPaused = (this.pauses & ~PAUSE_LEFT_OVER) !== 0;
    if (this.turnFrames < share.framesPerTurn && this.turnBytes < share.bytesPerTurn && !isPaused) return true;
    this.stoppedAt = end;
    return false;
  }

  private waitForTurn(): void {
    this.pause(PAUSE_LEFT_OVER);
    if (this.pauses === PAUSE_LEFT_OVER) this.parts.turn.addLeftOver(this);
  }
}
