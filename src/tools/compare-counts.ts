import type { FileWindow } from './file-window.ts';

/** What is not compared, and why: exactly what issue and ADR 0028 name. */
export type Mask = 'timestamp' | 'host' | 'behind a blank' | 'trailing zero file' | 'left out';

/** One place where the two directories differ. */
export interface Difference {
  /** Relative to the store directory, as named in A. */
  readonly path: string;
  /** Position in the file; of JSON: of the first text that differs, in A. */
  readonly offset: number;
  /** What stands there, as `BODYCRC of the record at 4096`. */
  readonly what: string;
  readonly a: string;
  readonly b: string;
}

/** Counts bytes and keeps the first differences. */
export class CompareCounts {
  comparedBytes = 0;
  readonly masked = new Map<Mask, number>();
  readonly differences: Difference[] = [];
  differenceCount = 0;
  readonly #maxDifferences: number;

  constructor(maxDifferences: number) {
    this.#maxDifferences = maxDifferences;
  }

  mask(why: Mask, bytes: number): void {
    this.masked.set(why, (this.masked.get(why) ?? 0) + bytes);
  }

  differ(difference: Difference): void {
    this.differenceCount += 1;
    if (this.differences.length < this.#maxDifferences) this.differences.push(difference);
  }

  /** Compares two byte strings that stand at `offset` of a file; reports one difference at most. */
  bytes(path: string, offset: number, what: string, a: Buffer, b: Buffer): boolean {
    this.comparedBytes += Math.max(a.length, b.length);
    if (a.equals(b)) return true;
    const at = firstDifference(a, b);
    const show = (bytes: Buffer): string => bytes.toString('hex', at, at + SHOWN_BYTES);
    this.differ({ path, offset: offset + at, what, a: show(a), b: show(b) });
    return false;
  }

  /** Compares [start, end) of two files piece by piece; reports one difference at most. */
  range(path: string, what: string, a: FileWindow, b: FileWindow, start: number, end: number): boolean {
    let same = true;
    for (let at = start; at < end; ) {
      const length = Math.min(PIECE_BYTES, end - at);
      const left = a.view(at, length);
      const right = b.view(at, length);
      if (same) same = this.bytes(path, at, what, left, right);
      else this.comparedBytes += length;
      at += length;
    }
    return same;
  }
}

function firstDifference(a: Buffer, b: Buffer): number {
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at += 1;
  return at;
}

const PIECE_BYTES = 1 << 16;
const SHOWN_BYTES = 16;
