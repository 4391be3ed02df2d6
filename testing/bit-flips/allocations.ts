/** Watches how much memory is asked for at once, from its making until {@link stop}. */
export class LargestAllocation {
  mostBytes = 0;
  #sinceTaken = 0;
  readonly #alloc = Buffer.alloc;
  readonly #allocUnsafe = Buffer.allocUnsafe;
  readonly #allocUnsafeSlow = Buffer.allocUnsafeSlow;

  constructor() {
    const note = (sizeBytes: number): void => {
      if (sizeBytes > this.#sinceTaken) this.#sinceTaken = sizeBytes;
      if (sizeBytes > this.mostBytes) this.mostBytes = sizeBytes;
    };
    const { alloc, allocUnsafe, allocUnsafeSlow } = Buffer;
    Buffer.alloc = (sizeBytes, ...rest) => {
      note(sizeBytes);
      return alloc(sizeBytes, ...rest);
    };
    Buffer.allocUnsafe = (sizeBytes) => {
      note(sizeBytes);
      return allocUnsafe(sizeBytes);
    };
    Buffer.allocUnsafeSlow = (sizeBytes) => {
      note(sizeBytes);
      return allocUnsafeSlow(sizeBytes);
    };
  }

  /** The most bytes asked for at once since the last call. */
  takeBytes(): number {
    const taken = this.#sinceTaken;
    this.#sinceTaken = 0;
    return taken;
  }

  stop(): void {
    Buffer.alloc = this.#alloc;
    Buffer.allocUnsafe = this.#allocUnsafe;
    Buffer.allocUnsafeSlow = this.#allocUnsafeSlow;
  }
}
