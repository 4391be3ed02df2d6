import type { DiskLevels } from '../config/disk-levels.ts';
import type { MessageStoreConfig } from '../config/message-store-config.ts';
import type { Clock } from '../util/clock.ts';
import type { Fs } from '../util/fs.ts';
import type { Logger } from '../util/logger.ts';
import type { CommitLog } from './commit-log.ts';
import { type DiskSpace, diskSpaceOf } from './disk-space.ts';
import type { MappedFile } from './mapped-file.ts';
import type { Pacer } from './pacer.ts';
import { type PutRefusal, refusePut } from './results.ts';
import type { RunningFlags } from './running-flags.ts';
import { StoreIoError } from './store-errors.ts';
import { storePath } from './store-path.ts';

/** Java: MappedFileQueue.DELETE_FILES_BATCH_MAX. */
const MOST_FILES_PER_RUN = 10;
/** Java: CleanCommitLogService.MAX_MANUAL_DELETE_FILE_TIMES. */
const RUNS_PER_MANUAL_DELETION = 20;
const MS_PER_HOUR = 3_600_000;

/** What the service looks at and removes. */
export interface CleanCommitLogParts {
  readonly fs: Fs;
  readonly clock: Clock;
  readonly config: MessageStoreConfig;
  readonly logger: Logger;
  readonly flags: RunningFlags;
  readonly diskLevels: DiskLevels;
  readonly log: CommitLog;
  readonly pacer: Pacer;
  /** Everything below is in consume queues and index, in memory at least. */
  dispatchedEnd(): number;
  /** Brings to disk what the queues know of messages below `phyOffset`. Rejects with StoreIoError. */
  makeQueuesDurableBelow(phyOffset: number): Promise<void>;
}

/**
 * Removes the oldest files of the CommitLog when they are old or the disk is short, and marks the store full.
 * Java: DefaultMessageStore.CleanCommitLogService; docs/store/expiry.md.
 */
export class CleanCommitLogService {
  readonly #parts: CleanCommitLogParts;
  #manualRuns = 0;
  #cleanImmediately = false;
  #lastRedeleteMs: number;
  #refusal: PutRefusal | undefined;
  /** The file whose removal failed last; it stays the first one. */
  #hanged: MappedFile | undefined;
  /** What was logged already: the same again says nothing new. */
  #toldFailure = '';
  #toldShort = '';
  #toldDeleteWhen = '';

  constructor(parts: CleanCommitLogParts) {
    this.#parts = parts;
    this.#lastRedeleteMs = parts.clock.monotonicMs();
  }

  /** What a sender is told while the disk counts as full. */
  get refusal(): PutRefusal | undefined {
    return this.#refusal;
  }

  /** The next twenty runs delete expired files at any hour. Java: #excuteDeleteFilesManualy. */
  executeDeleteFilesManually(): void {
    this.#manualRuns = RUNS_PER_MANUAL_DELETION;
    this.#parts.logger.info({ runs: RUNS_PER_MANUAL_DELETION }, 'deletion of expired files was asked for');
  }

  /** One run; gives the number of files removed. Trouble with files is logged, the next run tries again. */
  async run(): Promise<number> {
    try {
      const removed = await this.#deleteExpiredFiles();
      return removed + (await this.#redeleteHangedFile());
    } catch (error) {
      if (!(error instanceof StoreIoError)) throw error;
      this.#tellFailure(error);
      return 0;
    }
  }

  /** Java: #deleteExpiredFiles. */
  async #deleteExpiredFiles(): Promise<number> {
    const { config, clock, logger, log } = this.#parts;
    const isTime = this.#isTimeToDelete();
    const short = this.#shortSpace();
    const isManual = this.#manualRuns > 0;
    if (short === undefined) this.#toldShort = '';
    if (!isTime && short === undefined && !isManual) return 0;
    if (isManual) this.#manualRuns -= 1;
    const atOnce = config.cleanFileForciblyEnable && this.#cleanImmediately;
    const reservedMs = config.fileReservedTime * MS_PER_HOUR;
    const removed = await this.#removeLeading((file) => atOnce || clock.now() >= file.mtimeMs() + reservedMs);
    if (removed > 0) {
      const why = { isTime, isManual, atOnce, ...(short === undefined ? {} : { short }) };
      logger.info({ removed, minOffset: log.minOffset, ...why }, 'removed commit log files');
    } else if (short !== undefined && this.#toldShort !== short.path) {
      this.#toldShort = short.path;
      const kept = { files: log.files.files.length, fileReservedTime: config.fileReservedTime };
      logger.warn({ ...short, ...kept }, 'disk space will be full soon, but no commit log file may be deleted');
    }
    return removed;
  }

  /** Java: MappedFileQueue#deleteExpiredFileByTime. */
  async #removeLeading(mayGo: (file: MappedFile) => boolean): Promise<number> {
    const { config, pacer } = this.#parts;
    for (let removed = 0; ; removed++) {
      if (removed === MOST_FILES_PER_RUN || pacer.hasStopped()) return removed;
      const file = this.#oldest();
      if (file === undefined || !mayGo(file)) return removed;
      if (removed > 0) await pacer.pause(config.deleteCommitLogFilesInterval);
      if (pacer.hasStopped() || !(await this.#remove(file))) return removed;
    }
  }

  /** The first file, unless it is the last or something about it is not safe on disk yet. */
  #oldest(): MappedFile | undefined {
    const { log } = this.#parts;
    const [first, second] = log.files.files;
    if (first === undefined || second === undefined) return undefined;
    const safe = Math.min(log.flushedEnd, this.#parts.dispatchedEnd());
    return second.fileFromOffset <= safe ? first : undefined;
  }

  async #remove(file: MappedFile): Promise<boolean> {
    const { log, logger, pacer } = this.#parts;
    const { path } = file;
    const end = file.fileFromOffset + file.fileSize;
    try {
      // After a crash the queues begin again at what they have on disk, and these messages are not there to tell more.
      await this.#parts.makeQueuesDurableBelow(end);
      if (pacer.hasStopped()) return false;
      await log.files.removeFirst();
    } catch (error) {
      if (!(error instanceof StoreIoError)) throw error;
      if (error.operation === 'unlink') this.#hanged = file;
      this.#tellFailure(error);
      return false;
    }
    this.#hanged = undefined;
    this.#toldFailure = '';
    logger.info({ path, minOffset: log.minOffset }, 'removed a commit log file');
    return true;
  }

  /** A file that was to go and did not is tried again at any hour. Java: #redeleteHangedFile. */
  async #redeleteHangedFile(): Promise<number> {
    const { clock, config } = this.#parts;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#lastRedeleteMs <= config.redeleteHangedFileInterval) return 0;
    this.#lastRedeleteMs = nowMs;
    const file = this.#hanged;
    if (file === undefined || file !== this.#oldest()) return 0;
    return (await this.#remove(file)) ? 1 : 0;
  }

  /** Java: UtilAll#isItTimeToDo: hours of the local day, separated by semicolons. */
  #isTimeToDelete(): boolean {
    const { clock, config, logger } = this.#parts;
    const { deleteWhen } = config;
    const pieces = deleteWhen.split(';').map((piece) => piece.trim());
    if (!pieces.every((piece) => /^\d+$/.test(piece) && Number(piece) < 24) && this.#toldDeleteWhen !== deleteWhen) {
      this.#toldDeleteWhen = deleteWhen;
      logger.warn({ deleteWhen }, 'deleteWhen is not hours 0 to 23 separated by semicolons: the rest of it is ignored');
    }
    const hour = new Date(clock.now()).getHours();
    return pieces.some((piece) => /^\d+$/.test(piece) && Number(piece) === hour);
  }

  /**
   * The partition that is used beyond `diskMaxUsedSpaceRatio`, if any; on the way it marks the store full or not. As in
   * Java the queues' partition is asked only when the log's is not short, and then has the last word.
   * Java: #isSpaceToDelete.
   */
  #shortSpace(): DiskSpace | undefined {
    const { fs, config, flags, diskLevels } = this.#parts;
    const limit = config.diskMaxUsedSpaceRatio / 100;
    let isFull = flags.isDiskFull;
    let cause: DiskSpace | undefined;
    let short: DiskSpace | undefined;
    this.#cleanImmediately = false;
    for (const path of [config.storePathCommitLog, storePath.consumeQueue(config.storePathRootDir)]) {
      const space = diskSpaceOf(fs, path);
      if (space.usedRatio > diskLevels.cleanForciblyRatio) this.#cleanImmediately = true;
      if (space.usedRatio > diskLevels.warningRatio) {
        this.#cleanImmediately = true;
        if (!isFull) cause = space;
        isFull = true;
      } else if (space.usedRatio <= diskLevels.cleanForciblyRatio) {
        if (isFull) cause = space;
        isFull = false;
      }
      cause ??= space;
      if (space.usedRatio < 0 || space.usedRatio > limit) short = space;
      if (short !== undefined) break;
    }
    if (cause !== undefined) this.#mark(isFull, cause);
    return short;
  }

  #mark(isFull: boolean, cause: DiskSpace): void {
    const { flags, diskLevels, logger } = this.#parts;
    this.#refusal = isFull ? refuseFull(cause, diskLevels) : undefined;
    if (flags.isDiskFull === isFull) return;
    const fields = { ...cause, ...diskLevels };
    if (isFull) {
      flags.makeDiskFull();
      logger.error(fields, 'the disk maybe full soon, so mark disk full: sends are refused');
    } else {
      flags.makeDiskOk();
      logger.info(fields, 'the disk space OK, so mark disk ok: sends are taken again');
    }
  }

  #tellFailure(error: StoreIoError): void {
    const told = error.message;
    if (this.#toldFailure === told) return;
    this.#toldFailure = told;
    this.#parts.logger.error({ err: error }, 'removing a commit log file failed; it is tried again');
  }
}

function refuseFull({ path, usedRatio, freeBytes }: DiskSpace, levels: DiskLevels): PutRefusal {
  const place = path.slice(path.lastIndexOf('/') + 1);
  const again = Math.min(levels.warningRatio, levels.cleanForciblyRatio);
  const figures = `${usedRatio.toFixed(4)} of it in use, ${freeBytes} bytes free, sends are taken again at ${again}`;
  return refusePut('SERVICE_NOT_AVAILABLE', `the disk of ${place} is full: ${figures}`);
}
