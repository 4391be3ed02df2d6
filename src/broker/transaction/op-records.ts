/** Half messages per page of the bit set: 512 KiB of half offsets cost 64 KiB. */
const PAGE_BITS = 524_288;
/** Op records that are remembered in order; a round cannot pass more of them. */
const MOST_LISTED = 1_048_576;

/**
 * The op records that one round has read: which half messages are done, one bit each, and in which order the records
 * stand, to find how far their queue is worked off. Java: the removeMap and doneOpOffset of #check.
 */
export class OpRecords {
  readonly #firstHalf: number;
  readonly #endHalf: number;
  readonly #pages = new Map<number, Uint32Array>();
  readonly #firstOp: number;
  /** By op record from #firstOp on: its half message; -1 when it is about none. */
  readonly #listed: number[] = [];

  /** For half messages in [firstHalf, endHalf) and op records from `firstOp` on. */
  constructor(firstHalf: number, endHalf: number, firstOp: number) {
    this.#firstHalf = firstHalf;
    this.#endHalf = endHalf;
    this.#firstOp = firstOp;
  }

  /** An op record; undefined: it is about no half message, or missing. Call it in the order of the queue. */
  add(opOffset: number, halfOffset: number | undefined): void {
    if (this.#firstOp + this.#listed.length <= opOffset && opOffset < this.#firstOp + MOST_LISTED) {
      while (this.#firstOp + this.#listed.length < opOffset) this.#listed.push(-1);
      this.#listed.push(halfOffset ?? -1);
    }
    if (halfOffset === undefined || halfOffset < this.#firstHalf || halfOffset >= this.#endHalf) return;
    const bit = halfOffset - this.#firstHalf;
    const page = Math.floor(bit / PAGE_BITS);
    let words = this.#pages.get(page);
    if (words === undefined) {
      words = new Uint32Array(PAGE_BITS / 32);
      this.#pages.set(page, words);
    }
    const inPage = bit % PAGE_BITS;
    words[inPage >>> 5] = (words[inPage >>> 5] as number) | (1 << (inPage & 31));
  }

  /** Whether the half message is done. */
  has(halfOffset: number): boolean {
    const bit = halfOffset - this.#firstHalf;
    if (bit < 0 || !Number.isSafeInteger(bit)) return false;
    const words = this.#pages.get(Math.floor(bit / PAGE_BITS));
    const inPage = bit % PAGE_BITS;
    return words !== undefined && ((words[inPage >>> 5] as number) & (1 << (inPage & 31))) !== 0;
  }

  /** How far the op queue is worked off when the half queue is up to `halfOffset`. Java: #calculateOpOffset. */
  doneBelow(halfOffset: number): number {
    const open = this.#listed.findIndex((half) => half >= halfOffset);
    return this.#firstOp + (open < 0 ? this.#listed.length : open);
  }
}
