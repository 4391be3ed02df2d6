/** Takes a whole frame: `bytes[start, end)` from its length prefix on, valid only during the call. */
export type FrameTaker = (bytes: Buffer, start: number, end: number) => void;

const prefixBytes = 4;

/**
 * Cuts a byte stream into frames without copying those that lie whole within one chunk. A frame that crosses chunks is
 * collected in a buffer of its own length. Throws when a length prefix is beyond `maxFrameBytes`.
 */
export class FrameCutter {
  readonly #maxFrameBytes: number;
  #pending: Buffer = Buffer.allocUnsafe(4_096);
  #pendingBytes = 0;

  constructor(maxFrameBytes: number) {
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** Hands out every frame that `chunk[0, sizeBytes)` completes, in order. */
  feed(chunk: Buffer, sizeBytes: number, take: FrameTaker): void {
    let at = this.#pendingBytes === 0 ? 0 : this.#finishPending(chunk, sizeBytes, take);
    while (sizeBytes - at >= prefixBytes) {
      const end = at + this.#frameBytes(chunk, at);
      if (end > sizeBytes) break;
      take(chunk, at, end);
      at = end;
    }
    if (at < sizeBytes) this.#keep(chunk, at, sizeBytes);
  }

  /** Returns how much of the chunk belonged to the frame that was begun earlier. */
  #finishPending(chunk: Buffer, sizeBytes: number, take: FrameTaker): number {
    let at = 0;
    if (this.#pendingBytes < prefixBytes) {
      at = Math.min(prefixBytes - this.#pendingBytes, sizeBytes);
      this.#keep(chunk, 0, at);
      if (this.#pendingBytes < prefixBytes) return at;
    }
    const frameBytes = this.#frameBytes(this.#pending, 0);
    const end = Math.min(sizeBytes, at + frameBytes - this.#pendingBytes);
    this.#keep(chunk, at, end);
    if (this.#pendingBytes < frameBytes) return end;
    this.#pendingBytes = 0;
    take(this.#pending, 0, frameBytes);
    return end;
  }

  #keep(chunk: Buffer, start: number, end: number): void {
    const needed = this.#pendingBytes + end - start;
    const frameBytes =
      this.#pendingBytes >= prefixBytes
        ? this.#frameBytes(this.#pending, 0)
        : this.#pendingBytes === 0 && end - start >= prefixBytes
          ? this.#frameBytes(chunk, start)
          : needed;
    if (this.#pending.length < Math.max(needed, frameBytes)) {
      const larger = Buffer.allocUnsafe(Math.max(needed, frameBytes));
      this.#pending.copy(larger, 0, 0, this.#pendingBytes);
      this.#pending = larger;
    }
    chunk.copy(this.#pending, this.#pendingBytes, start, end);
    this.#pendingBytes = needed;
  }

  #frameBytes(bytes: Buffer, at: number): number {
    const length = bytes.readInt32BE(at);
    if (length < prefixBytes || length > this.#maxFrameBytes) throw new Error(`a frame of ${length} bytes`);
    return prefixBytes + length;
  }
}
