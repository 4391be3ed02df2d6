/**
 * Frames: `i32 length | u8 serialize type, u24 header length | header | body`, length not counting itself.
 * The decoder is fed chunks and hands out whole frames: as views of the chunk, or, for a frame that crosses chunks,
 * of one buffer of exactly its length.
 */

/** Java: NettyDecoder, com.rocketmq.remoting.frameMaxLength. Compared with the whole frame, prefix included. */
export const FRAME_MAX_BYTES = 16_777_216;
const PREFIX_BYTES = 4;
/** Serialize type and header length are always there. */
const SMALLEST_LENGTH = 4;

/** Why a connection has to be closed. */
export type FrameProblem = 'frame too large' | 'frame too short' | 'too much in partial frames';

/** Bytes all partial frames of a server may hold together. */
export class AssemblyBudget {
  readonly limitBytes: number;
  usedBytes = 0;
  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }
}

/** Cuts a stream of bytes into frames; one per connection. Java: NettyDecoder. */
export class FrameDecoder {
  private readonly maxBytes: number;
  private readonly budget: AssemblyBudget;
  private readonly prefix = Buffer.allocUnsafeSlow(PREFIX_BYTES);
  private prefixBytes = 0;
  private partial: Buffer | undefined;
  private partialBytes = 0;

  constructor(budget: AssemblyBudget, maxBytes = FRAME_MAX_BYTES) {
    this.budget = budget;
    this.maxBytes = maxBytes;
  }

  /**
   * Takes a chunk and calls `onFrame(bytes, start, end)` for each frame that is complete, `start` behind the length
   * prefix. The view ends with the call. `onFrame` returns false to stop (the connection is being closed).
   * @returns a problem when the bytes cannot be frames; nothing may be fed afterwards.
   */
  feed(chunk: Buffer, onFrame: (bytes: Buffer, start: number, end: number) => boolean): FrameProblem | undefined {
    let at = 0;
    const size = chunk.length;
    while (at < size) {
      if (this.partial !== undefined) {
        at = this.fillPartial(this.partial, chunk, at);
        if (this.partialBytes < this.partial.length) return undefined;
        const frame = this.partial;
        this.release();
        if (!onFrame(frame, 0, frame.length)) return undefined;
        continue;
      }
      if (this.prefixBytes === 0 && size - at >= PREFIX_BYTES) {
        const length = chunk.readInt32BE(at);
        const problem = this.lengthProblem(length);
        if (problem !== undefined) return problem;
        const end = at + PREFIX_BYTES + length;
        if (end <= size) {
          if (!onFrame(chunk, at + PREFIX_BYTES, end)) return undefined;
          at = end;
          continue;
        }
        at += PREFIX_BYTES;
        const started = this.startPartial(length);
        if (started !== undefined) return started;
        continue;
      }
      this.prefix[this.prefixBytes++] = chunk[at++] as number;
      if (this.prefixBytes < PREFIX_BYTES) continue;
      this.prefixBytes = 0;
      const length = this.prefix.readInt32BE(0);
      const problem = this.lengthProblem(length) ?? this.startPartial(length);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  /** Gives back what a partial frame holds; call it when the connection closes. */
  release(): void {
    if (this.partial === undefined) return;
    this.budget.usedBytes -= this.partial.length;
    this.partial = undefined;
    this.partialBytes = 0;
  }

  private lengthProblem(length: number): FrameProblem | undefined {
    if (length < SMALLEST_LENGTH) return 'frame too short';
    if (length + PREFIX_BYTES > this.maxBytes) return 'frame too large';
    return undefined;
  }

  private startPartial(length: number): FrameProblem | undefined {
    if (this.budget.usedBytes + length > this.budget.limitBytes) return 'too much in partial frames';
    this.budget.usedBytes += length;
    this.partial = Buffer.allocUnsafeSlow(length);
    this.partialBytes = 0;
    return undefined;
  }

  private fillPartial(partial: Buffer, chunk: Buffer, at: number): number {
    const count = Math.min(partial.length - this.partialBytes, chunk.length - at);
    chunk.copy(partial, this.partialBytes, at, at + count);
    this.partialBytes += count;
    return at + count;
  }
}

/** Serialize type of a frame and where its header and body lie; undefined when the frame cannot be one. */
export interface FrameParts {
  serializeType: number;
  headerStart: number;
  headerEnd: number;
  bodyEnd: number;
}

/** Splits a frame (prefix already taken off) into `out`; false when it is malformed. Java: RemotingCommand#decode. */
export function splitFrame(bytes: Buffer, start: number, end: number, out: FrameParts): boolean {
  if (end - start < SMALLEST_LENGTH) return false;
  const word = bytes.readUInt32BE(start);
  out.serializeType = word >>> 24;
  out.headerStart = start + 4;
  out.headerEnd = out.headerStart + (word & 0xffffff);
  out.bodyEnd = end;
  return out.headerEnd <= end && out.serializeType <= 1;
}
