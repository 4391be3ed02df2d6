import { MappedFile } from './mapped-file.ts';
import type { OpenFiles } from './open-files.ts';
import { toStoreIoError } from './store-errors.ts';

/**
 * Up to which store time each part of the store is on disk: where a recovery after a crash has to begin. 4096 bytes,
 * three int64 at the start. Java: StoreCheckpoint; docs/store/checkpoint-and-abort.md.
 */
export class StoreCheckpoint {
  /** Store time of the newest message known to be on disk in the CommitLog. */
  physicMsgTimestamp = 0;
  /** Store time of the newest message known to be on disk in the consume queues. */
  logicsMsgTimestamp = 0;
  /** Store time of the last message of the newest full index file that is on disk. */
  indexMsgTimestamp = 0;
  readonly #file: MappedFile;

  private constructor(file: MappedFile) {
    this.#file = file;
  }

  /** Reads the file of a store directory, or makes one of zeros. Throws StoreIoError. */
  static load(files: OpenFiles, rootDir: string): StoreCheckpoint {
    const path = `${rootDir}/${NAME}`;
    const sizeBytes = files.fs.stat(path)?.sizeBytes;
    if (sizeBytes === undefined) {
      const file = MappedFile.create(files, rootDir, 0, CHECKPOINT_BYTES, NAME);
      file.flush();
      return new StoreCheckpoint(file);
    }
    try {
      // Java maps 4096 bytes, which lengthens a shorter file.
      if (sizeBytes < CHECKPOINT_BYTES) files.handle(path).truncate(CHECKPOINT_BYTES);
    } catch (error) {
      throw toStoreIoError('truncate', path, 0, error);
    }
    const checkpoint = new StoreCheckpoint(MappedFile.existing(files, rootDir, 0, CHECKPOINT_BYTES, NAME));
    const content = Buffer.alloc(TIMESTAMPS_BYTES);
    checkpoint.#file.read(content, 0, TIMESTAMPS_BYTES, 0);
    checkpoint.physicMsgTimestamp = timestampAt(content, 0);
    checkpoint.logicsMsgTimestamp = timestampAt(content, 8);
    checkpoint.indexMsgTimestamp = timestampAt(content, 16);
    return checkpoint;
  }

  /**
   * Store time up to which CommitLog and queues are on disk, less a margin of three seconds.
   * Java: StoreCheckpoint#getMinTimestamp.
   */
  get minTimestamp(): number {
    return Math.max(0, Math.min(this.physicMsgTimestamp, this.logicsMsgTimestamp) - MARGIN_MS);
  }

  /** The same with the index. Java: StoreCheckpoint#getMinTimestampIndex. */
  get minTimestampIndex(): number {
    return Math.min(this.minTimestamp, this.indexMsgTimestamp);
  }

  /** Writes and forces the file, blocking. Throws StoreIoError. */
  flush(): void {
    this.#write();
    this.#file.flush();
  }

  /** As {@link flush}, forced on the thread pool; has the times of the call. Throws StoreIoError. */
  async flushAsync(): Promise<void> {
    this.#write();
    await this.#file.flushAsync();
  }

  #write(): void {
    const content = Buffer.alloc(TIMESTAMPS_BYTES);
    content.writeBigInt64BE(BigInt(this.physicMsgTimestamp), 0);
    content.writeBigInt64BE(BigInt(this.logicsMsgTimestamp), 8);
    content.writeBigInt64BE(BigInt(this.indexMsgTimestamp), 16);
    this.#file.write(content, 0, TIMESTAMPS_BYTES, 0);
    // That was all of it: after a failed flush the next one means something again.
    this.#file.rewritten();
  }
}

const NAME = 'checkpoint';
const CHECKPOINT_BYTES = 4096;
const TIMESTAMPS_BYTES = 24;
const MARGIN_MS = 3_000;

/** A value that is no time is damage; 0 makes recovery begin at the first file. */
function timestampAt(content: Buffer, at: number): number {
  const value = Number(content.readBigInt64BE(at));
  return Number.isSafeInteger(value) && value > 0 ? value : 0;
}
