import type { FileHandle, Fs } from '../util/fs.ts';

/**
 * A file that is read in pieces of bounded size, mostly forwards. One buffer is used again and again: what
 * {@link view} gives holds until the next call. Throws FsError.
 */
export class FileWindow {
  readonly path: string;
  readonly sizeBytes: number;
  readonly #handle: FileHandle;
  readonly #readBytes: number;
  #buffer: Buffer;
  #from = 0;
  #length = 0;

  /** Opens the file for reading; `readBytes` is how much is read at once. */
  constructor(fs: Fs, path: string, readBytes = READ_BYTES) {
    this.path = path;
    this.#handle = fs.open(path, 'read');
    this.sizeBytes = this.#handle.stat().sizeBytes;
    this.#readBytes = readBytes;
    this.#buffer = Buffer.allocUnsafeSlow(readBytes);
  }

  /** As the constructor; undefined when the path is no file. */
  static ofFile(fs: Fs, path: string, readBytes: number): FileWindow | undefined {
    const stat = fs.stat(path);
    return stat === undefined || stat.isDirectory ? undefined : new FileWindow(fs, path, readBytes);
  }

  /** The bytes from `position` on, `length` of them or fewer where the file ends. At most {@link MAX_VIEW_BYTES}. */
  view(position: number, length: number): Buffer {
    const wanted = Math.max(0, Math.min(length, MAX_VIEW_BYTES, this.sizeBytes - position));
    if (position < this.#from || position + wanted > this.#from + this.#length) this.#fill(position, wanted);
    const start = position - this.#from;
    return this.#buffer.subarray(start, start + Math.min(wanted, Math.max(0, this.#length - start)));
  }

  /** Whether all bytes of a range are 0. */
  isZero(start: number, end: number): boolean {
    return this.firstNonZero(start, end) === end;
  }

  /** Position of the first byte in [start, end) that is not 0, `end` when there is none. */
  firstNonZero(start: number, end: number): number {
    for (let at = start; at < end; ) {
      const piece = this.view(at, Math.min(this.#readBytes, end - at));
      if (piece.length === 0) return end;
      if (!piece.equals(ZEROS.subarray(0, piece.length))) {
        for (let index = 0; index < piece.length; index += 1) if (piece[index] !== 0) return at + index;
      }
      at += piece.length;
    }
    return end;
  }

  close(): void {
    this.#handle.close();
  }

  #fill(position: number, wanted: number): void {
    const length = Math.max(wanted, this.#readBytes);
    if (this.#buffer.length < length) this.#buffer = Buffer.allocUnsafeSlow(length);
    this.#from = position;
    this.#length = 0;
    while (this.#length < length) {
      const count = this.#handle.pread(this.#buffer, this.#length, length - this.#length, position + this.#length);
      if (count <= 0) break;
      this.#length += count;
    }
  }
}

const READ_BYTES = 1 << 18;
/** More than any part of a record but its body, which is read in pieces. */
export const MAX_VIEW_BYTES = 1 << 18;
const ZEROS = Buffer.alloc(MAX_VIEW_BYTES);
