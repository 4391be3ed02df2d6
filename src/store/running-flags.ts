/**
 * What the store may do at the moment, as bits; several causes can forbid writing at once. Java: RunningFlags, whose
 * number the runtime info shows.
 */
export class RunningFlags {
  #bits = 0;

  /** The bits as Java counts them. */
  get bits(): number {
    return this.#bits;
  }

  get isReadable(): boolean {
    return (this.#bits & NOT_READABLE) === 0;
  }

  /** Messages may be put. Java: RunningFlags#isWriteable. */
  get isWriteable(): boolean {
    return (this.#bits & (NOT_WRITEABLE | LOGICS_QUEUE_ERROR | INDEX_FILE_ERROR | DISK_FULL)) === 0;
  }

  /** Entries may be added to consume queues: a full disk is tolerated. Java: RunningFlags#isCQWriteable. */
  get isCqWriteable(): boolean {
    return (this.#bits & (NOT_WRITEABLE | LOGICS_QUEUE_ERROR | INDEX_FILE_ERROR)) === 0;
  }

  get isDiskFull(): boolean {
    return (this.#bits & DISK_FULL) !== 0;
  }

  get isLogicsQueueError(): boolean {
    return (this.#bits & LOGICS_QUEUE_ERROR) !== 0;
  }

  get isIndexFileError(): boolean {
    return (this.#bits & INDEX_FILE_ERROR) !== 0;
  }

  makeReadable(): void {
    this.#bits &= ~NOT_READABLE;
  }

  makeNotReadable(): void {
    this.#bits |= NOT_READABLE;
  }

  makeWriteable(): void {
    this.#bits &= ~NOT_WRITEABLE;
  }

  makeNotWriteable(): void {
    this.#bits |= NOT_WRITEABLE;
  }

  /** A queue lacks an entry, or is not on disk. Java keeps this until the restart. */
  makeLogicsQueueError(): void {
    this.#bits |= LOGICS_QUEUE_ERROR;
  }

  makeLogicsQueueOk(): void {
    this.#bits &= ~LOGICS_QUEUE_ERROR;
  }

  /** Java keeps this until the restart. */
  makeIndexFileError(): void {
    this.#bits |= INDEX_FILE_ERROR;
  }

  makeIndexFileOk(): void {
    this.#bits &= ~INDEX_FILE_ERROR;
  }

  makeDiskFull(): void {
    this.#bits |= DISK_FULL;
  }

  makeDiskOk(): void {
    this.#bits &= ~DISK_FULL;
  }
}

const NOT_READABLE = 1;
const NOT_WRITEABLE = 1 << 1;
const LOGICS_QUEUE_ERROR = 1 << 2;
const INDEX_FILE_ERROR = 1 << 3;
const DISK_FULL = 1 << 4;
