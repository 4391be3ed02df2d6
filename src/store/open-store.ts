import type { DiskLevels } from '../config/disk-levels.ts';
import type { MessageStoreConfig } from '../config/message-store-config.ts';
import type { Clock } from '../util/clock.ts';
import { type Fs, FsError } from '../util/fs.ts';
import type { Logger } from '../util/logger.ts';
import type { ProcInfo } from '../util/proc-info.ts';
import { directoryOf, makeDirectory } from '../util/write-whole.ts';
import { AbortFile } from './abort-file.ts';
import { CommitLog } from './commit-log.ts';
import { roundUpToEntries } from './consume-queue-entries.ts';
import { ConsumeQueueTable } from './consume-queue-table.ts';
import { DelayLevels } from './delay-levels.ts';
import { availableBytesOf, diskSpaceOf } from './disk-space.ts';
import { IndexService } from './index-service.ts';
import { LogDispatch } from './log-dispatch.ts';
import { OpenFiles } from './open-files.ts';
import type { StorePorts } from './ports.ts';
import { QueueTable } from './queue-table.ts';
import { recover } from './recovery.ts';
import { lengthenShortFiles, lengthenShortQueues } from './short-files.ts';
import { javaDouble } from './stats.ts';
import { StoreCheckpoint } from './store-checkpoint.ts';
import { StoreLoadError, toStoreIoError } from './store-errors.ts';
import { StoreLock } from './store-lock.ts';
import { storePath } from './store-path.ts';

/** Java: StoreUtil.TOTAL_PHYSICAL_MEMORY_SIZE when the system does not tell. */
const UNKNOWN_MEMORY_BYTES = 24 * 1024 ** 3;

/** What a store needs to live. */
export interface MessageStoreOptions {
  readonly fs: Fs;
  readonly clock: Clock;
  readonly log: Logger;
  /** Live: settings marked so are read at each use. */
  readonly config: MessageStoreConfig;
  readonly ports?: StorePorts;
  /** Processes of the host, to tell whether another one uses the directory. */
  readonly proc?: ProcInfo;
  /** Runs a shell script when this process is gone, however it ends: it gives the directory back to Java. */
  readonly afterDeath?: (script: string, parameters: readonly string[]) => void;
  /** Memory of the host, of which `accessMessageInMemoryMaxRatio` percent count as page cache. */
  readonly totalMemoryBytes?: number;
  /** When a disk counts as full; by default as in Java. */
  readonly diskLevels?: DiskLevels;
  /** Called when the directory is ours and nothing of it was read; what it throws ends the start. */
  readonly onLocked?: () => void;
}

/** A directory that is locked, loaded and consistent: what the store's services work on. */
export interface OpenStore {
  readonly commitLog: CommitLog;
  readonly consumeQueues: ConsumeQueueTable;
  readonly queues: QueueTable;
  readonly index: IndexService;
  readonly checkpoint: StoreCheckpoint;
  readonly dispatch: LogDispatch;
  readonly delayLevels: DelayLevels;
  /** Of the last record in the log, 0 without one. */
  readonly lastStoreTimestamp: number;
  /** Bytes behind the end of the log that count as in memory; a live setting decides. */
  inMemoryBytes(): number;
  /** Exists while the store runs: found at a start, it makes the start recover. */
  readonly abort: AbortFile;
  /** Calls once when another process has taken the directory: nothing may be written any more. */
  onLockLost(listener: () => void): void;
  /** Available bytes of the partition of the commit log, undefined when they cannot be told. */
  freeBytes(): number | undefined;
  /** `commitLogDiskRatio` and `consumeQueueDiskRatio` of code 28, and where the log begins and ends. */
  runtimeInfo(): Record<string, string>;
  /**
   * Forces queues, index and checkpoint, and gives the directory back. The abort marker goes only when all of that
   * worked and `clean` says that the rest did too. Never rejects.
   */
  close(clean: boolean): Promise<void>;
}

/**
 * Locks, loads and recovers a store directory. Java: DefaultMessageStore#load, but the lock comes first. Throws
 * StoreLoadError, StoreIoError, the lock's refusal or what `onLocked` throws, and then holds nothing.
 */
export function openStore(options: MessageStoreOptions): OpenStore {
  const { fs, config, log } = options;
  const root = config.storePathRootDir;
  const held = new HeldLock(options);
  const { lock } = held;
  const openFiles = new OpenFiles(fs, { rootDir: root });
  try {
    options.onLocked?.();
    const delayLevels = DelayLevels.parse(config.messageDelayLevel);
    if (delayLevels === undefined) throw new StoreLoadError(root, 'messageDelayLevel cannot be read');
    openFiles.removeLeftovers();
    const abort = new AbortFile(fs, root);
    const cleanStop = !abort.exists;
    log.info({ root, cleanStop }, cleanStop ? 'the last stop was clean' : 'the last run ended without a clean stop');
    const parts = partsOf(options, openFiles, delayLevels);
    if (!cleanStop && lock.ownCrash) lengthenShort(options, parts);
    parts.commitLog.files.load();
    parts.consumeQueues.load();
    parts.index.load({ lastExitOk: cleanStop, ownCrash: lock.ownCrash });
    const lastStoreTimestamp = recover({ ...parts, log: parts.commitLog, config, logger: log }, cleanStop);
    parts.queues.recoverCounters();
    // A Java broker that was started just before us takes its lock only when its own recovery is done.
    lock.verify();
    return { ...parts, lastStoreTimestamp, abort, ...lifeOf(options, openFiles, parts, abort, held) };
  } catch (error) {
    openFiles.closeAll();
    lock.release();
    throw error;
  }
}

type Parts = ReturnType<typeof partsOf>;

function partsOf(options: MessageStoreOptions, openFiles: OpenFiles, delayLevels: DelayLevels) {
  const { config, clock, log } = options;
  const root = config.storePathRootDir;
  const commitLog = new CommitLog(openFiles, config.storePathCommitLog, config.mappedFileSizeCommitLog, log);
  const fileSize = roundUpToEntries(config.mappedFileSizeConsumeQueue);
  const consumeQueues = new ConsumeQueueTable({
    ...{ openFiles, dir: storePath.consumeQueue(root), fileSize, clock, log },
    ...(config.enableConsumeQueueExt ? { ext: extensionOf(config) } : {}),
  });
  const checkpoint = StoreCheckpoint.load(openFiles, root);
  const layout = { maxHashSlotNum: config.maxHashSlotNum, maxIndexNum: config.maxIndexNum };
  const index = new IndexService({ openFiles, dir: storePath.index(root), layout, checkpoint, clock, log });
  const queues = new QueueTable(consumeQueues);
  const filterBitMap = options.ports?.filterBitMap;
  const dispatch = new LogDispatch({ config, queues, index, delayLevels, filterBitMap });
  return { commitLog, consumeQueues, checkpoint, index, queues, dispatch, delayLevels, consumeQueueFileSize: fileSize };
}

function extensionOf(config: MessageStoreConfig): { dir: string; fileSize: number } {
  return {
    dir: storePath.consumeQueueExt(config.storePathRootDir),
    fileSize: config.mappedFileSizeConsumeQueueExt,
  };
}

/** The lock, and who wants to know when it is lost. */
class HeldLock {
  readonly lock: StoreLock;
  lost = false;
  listener: (() => void) | undefined;

  constructor(options: MessageStoreOptions) {
    const { fs, clock, config, log, proc, afterDeath } = options;
    makeDurable(fs, config.storePathRootDir);
    this.lock = StoreLock.acquire({
      fs,
      clock,
      log,
      rootDir: config.storePathRootDir,
      onLost: (reason) => {
        this.lost = true;
        log.error({ err: reason }, 'the store directory was taken by another process');
        this.listener?.();
      },
      ...(proc === undefined ? {} : { proc }),
      ...(afterDeath === undefined ? {} : { afterDeath }),
    });
  }
}

type Life = Pick<OpenStore, 'inMemoryBytes' | 'freeBytes' | 'runtimeInfo' | 'onLockLost' | 'close'>;

function lifeOf(
  options: MessageStoreOptions,
  openFiles: OpenFiles,
  parts: Parts,
  abort: AbortFile,
  held: HeldLock,
): Life {
  const { fs, config, log, totalMemoryBytes = UNKNOWN_MEMORY_BYTES } = options;
  return {
    inMemoryBytes: () => (totalMemoryBytes * config.accessMessageInMemoryMaxRatio) / 100,
    freeBytes: () => availableBytesOf(fs, config.storePathCommitLog),
    runtimeInfo: () => ({
      commitLogDiskRatio: javaDouble(diskSpaceOf(fs, config.storePathCommitLog).usedRatio),
      consumeQueueDiskRatio: javaDouble(diskSpaceOf(fs, storePath.consumeQueue(config.storePathRootDir)).usedRatio),
      commitLogMinOffset: String(parts.commitLog.minOffset),
      commitLogMaxOffset: String(parts.commitLog.writtenEnd),
    }),
    onLockLost(listener) {
      held.listener = listener;
    },
    async close(clean) {
      let orderly = false;
      try {
        if (!held.lost) {
          await flushDerived(parts);
          if (clean) abort.remove();
          orderly = clean;
        }
      } catch (error) {
        log.error({ err: error }, 'closing the store failed; the next start recovers');
      }
      try {
        openFiles.closeAll();
        held.lock.release(orderly);
      } catch (error) {
        log.error({ err: error }, 'giving the store directory back failed; the next start takes it all the same');
      }
    },
  };
}

function lengthenShort(options: MessageStoreOptions, { commitLog, consumeQueueFileSize }: Parts): void {
  const { fs, config, log } = options;
  lengthenShortFiles(fs, config.storePathCommitLog, commitLog.fileSizeBytes, log);
  lengthenShortQueues(fs, storePath.consumeQueue(config.storePathRootDir), consumeQueueFileSize, log);
  if (!config.enableConsumeQueueExt) return;
  const { dir, fileSize } = extensionOf(config);
  lengthenShortQueues(fs, dir, fileSize, log);
}

/**
 * Makes the directory and sees to it that a power loss does not take it away with all that is flushed inside. An empty
 * one may be what an earlier start could not finish, so its name is forced again.
 */
function makeDurable(fs: Fs, dir: string): void {
  try {
    if (fs.stat(dir) === undefined) makeDirectory(fs, dir);
    else if (fs.list(dir).length === 0) forceName(fs, dir);
  } catch (error) {
    throw toStoreIoError('mkdir', dir, 0, error);
  }
}

/** A parent that may be passed through and not be read is not ours to force. */
function forceName(fs: Fs, dir: string): void {
  try {
    fs.fsyncDir(directoryOf(dir) || '/');
  } catch (error) {
    if (!(error instanceof FsError) || error.code !== 'EACCES') throw error;
  }
}

/** Queues and index first: the checkpoint must not claim what is not on disk. */
async function flushDerived(parts: Parts): Promise<void> {
  const { consumeQueues, index, checkpoint, dispatch } = parts;
  consumeQueues.flush();
  await index.flushAsync();
  if (dispatch.lastStoreTimestamp > 0) checkpoint.logicsMsgTimestamp = dispatch.lastStoreTimestamp;
  checkpoint.flush();
}
