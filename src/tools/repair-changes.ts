import { posix } from 'node:path';
import { type FileHandle, type Fs, FsError } from '../util/fs.ts';
import { writeAll, writeWhole } from '../util/write-whole.ts';
import { FileWindow } from './file-window.ts';

/**
 * Everything a repair does to a directory goes through here: each step is told, and with `write` it is done, after the
 * bytes that it takes the place of were copied to the repair directory and forced to disk. Throws FsError.
 */
export class RepairChanges {
  readonly write: boolean;
  steps = 0;
  /** Where copies go; made with the first one. */
  readonly copiesDir: string;
  readonly #fs: Fs;
  readonly #say: (line: string) => void;
  readonly #copied = new Set<string>();
  readonly #lines: string[] = [];

  constructor(fs: Fs, dir: string, options: { write: boolean; nowMs: number; say: (line: string) => void }) {
    this.#fs = fs;
    this.write = options.write;
    this.#say = options.say;
    const time = new Date(options.nowMs).toISOString().replaceAll(/[-:.]/g, '');
    this.copiesDir = posix.join(dir, `repair-${time}`);
  }

  /** Tells a step; true when it is to be done. */
  step(text: string): boolean {
    this.steps += 1;
    const line = `${this.write ? '' : 'would '}${text}`;
    this.#say(line);
    if (this.#lines.length < MOST_LINES) this.#lines.push(line);
    return this.write;
  }

  /** Puts `bytes` at a position of a file, after a copy of what stands there up to `copyEnd`. */
  overwrite(path: string, file: string, at: number, bytes: Buffer, copyEnd = at + bytes.length): void {
    this.copyRange(path, file, at, copyEnd);
    this.#change(file, (handle) => writeAll(handle, bytes, at));
  }

  /** Makes a range zero, after a copy of it. */
  zero(path: string, file: string, from: number, to: number): void {
    this.copyRange(path, file, from, to);
    this.#change(file, (handle) => {
      for (let at = from; at < to; at += PIECE_BYTES) {
        writeAll(handle, ZEROS.subarray(0, Math.min(PIECE_BYTES, to - at)), at);
      }
    });
  }

  /** Gives a file its length; what is cut off is copied before. */
  resize(path: string, file: string, sizeBytes: number): void {
    const now = this.#fs.stat(file)?.sizeBytes ?? 0;
    if (now > sizeBytes) this.copyRange(path, file, sizeBytes, now);
    this.#change(file, (handle) => handle.truncate(sizeBytes));
  }

  /** Makes a file of zeros; its directory too. */
  create(file: string, sizeBytes: number): void {
    this.#fs.mkdir(posix.dirname(file));
    const handle = this.#fs.open(file, 'create-new');
    handle.truncate(sizeBytes);
    handle.fdatasync();
    handle.close();
    this.#fs.fsyncDir(posix.dirname(file));
    this.#fs.fsyncDir(posix.dirname(posix.dirname(file)));
  }

  /** Writes a small file in one piece: it is there or not. A former one is copied before. */
  replace(path: string, file: string, bytes: Buffer): void {
    if (this.#fs.stat(file) !== undefined) this.copyFile(path, file);
    writeWhole(this.#fs, file, bytes);
  }

  /** Moves a file to the repair directory; across file systems it is copied and then removed. */
  moveAway(path: string, file: string): void {
    this.copyFile(path, file);
    this.#fs.unlink(file);
    this.#fs.fsyncDir(posix.dirname(file));
  }

  /** Copies a file, once. */
  copyFile(path: string, file: string): void {
    if (this.#copied.has(path)) return;
    this.#copied.add(path);
    this.#copy(posix.join(this.copiesDir, path), file, 0, this.#fs.stat(file)?.sizeBytes ?? 0);
  }

  /** Copies bytes of a file to `PATH@POSITION`. */
  copyRange(path: string, file: string, from: number, to: number): void {
    const end = Math.min(to, this.#fs.stat(file)?.sizeBytes ?? 0);
    if (from < end) this.#copy(posix.join(this.copiesDir, `${path}@${from}`), file, from, end);
  }

  /** Leaves the list of what was done beside the copies. */
  finish(): void {
    if (!this.write || this.steps === 0) return;
    this.#fs.mkdir(this.copiesDir);
    writeWhole(this.#fs, posix.join(this.copiesDir, 'repair.txt'), Buffer.from(`${this.#lines.join('\n')}\n`));
    this.#fs.fsyncDir(posix.dirname(this.copiesDir));
  }

  #change(file: string, change: (handle: FileHandle) => void): void {
    const handle = this.#fs.open(file, 'update');
    try {
      change(handle);
      handle.fdatasync();
    } finally {
      handle.close();
    }
  }

  #copy(target: string, file: string, from: number, to: number): void {
    this.#fs.mkdir(posix.dirname(target));
    if (this.#fs.stat(target) !== undefined) throw new FsError('copy', target, 'EEXIST');
    const window = new FileWindow(this.#fs, file);
    const handle = this.#fs.open(target, 'create-new');
    try {
      handle.truncate(to - from);
      for (let at = from; at < to; ) {
        const piece = window.view(at, Math.min(PIECE_BYTES, to - at));
        if (piece.length === 0) break;
        // Zeros stay a hole.
        if (!piece.equals(ZEROS.subarray(0, piece.length))) writeAll(handle, piece, at - from);
        at += piece.length;
      }
      handle.fdatasync();
    } finally {
      handle.close();
      window.close();
    }
    for (let dir = posix.dirname(target); dir.startsWith(this.copiesDir); dir = posix.dirname(dir)) {
      this.#fs.fsyncDir(dir);
    }
    this.#fs.fsyncDir(posix.dirname(this.copiesDir));
  }
}

const PIECE_BYTES = 1 << 17;
const ZEROS = Buffer.alloc(PIECE_BYTES);
const MOST_LINES = 100_000;
