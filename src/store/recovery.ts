import type { MessageStoreConfig } from '../config/message-store-config.ts';
import type { Logger } from '../util/logger.ts';
import type { CommitLog } from './commit-log.ts';
import { mendConsumeQueues } from './consume-queue-mend.ts';
import type { DoubtfulQueue } from './consume-queue-recovery.ts';
import type { ConsumeQueueTable } from './consume-queue-table.ts';
import type { IndexService } from './index-service.ts';
import type { LogDispatch } from './log-dispatch.ts';
import { LogWalk } from './log-walk.ts';
import type { MappedFile } from './mapped-file.ts';
import { type RecordVisitor, ReputMessageService } from './reput-message-service.ts';
import type { StoreCheckpoint } from './store-checkpoint.ts';

/** Java checks the last three files after a clean stop. */
const FILES_TO_CHECK = 3;

/** What recovery reads and repairs. Everything is loaded: files are listed, nothing is looked into yet. */
export interface RecoveryParts {
  readonly config: MessageStoreConfig;
  readonly logger: Logger;
  readonly log: CommitLog;
  readonly consumeQueues: ConsumeQueueTable;
  readonly index: IndexService;
  readonly checkpoint: StoreCheckpoint;
  readonly dispatch: LogDispatch;
}

/**
 * Finds the end of the log and makes queues and index agree with it. Blocks until done; the process serves nobody yet.
 * Gives the store timestamp of the last record, 0 when there is none. Throws StoreIoError.
 * Java: DefaultMessageStore#recover, CommitLog#recoverNormally, #recoverAbnormally; docs/store/recovery.md.
 */
export function recover(parts: RecoveryParts, cleanStop: boolean): number {
  const { log, logger, consumeQueues } = parts;
  for (const gap of log.files.gaps()) logger.warn(gap, 'the commit log has a gap between two files');
  const doubtful = consumeQueues.recover(!cleanStop);
  const found = findEnd(parts, cleanStop, doubtful);
  if (log.files.lastFile === undefined) consumeQueues.destroyLogics();
  log.endAt(found.end);
  makeDurable(log, found.from);
  if (cleanStop) mendConsumeQueues(parts, doubtful, { behind: found.end, afterCrash: false });
  const queuesEnd = consumeQueues.maxPhysicOffset();
  if (queuesEnd > found.end) {
    logger.warn({ queuesEnd, end: found.end }, 'the consume queues know more than the commit log: cut to its end');
    consumeQueues.truncateDirtyLogicFiles(found.end);
  }
  parts.index.truncateTo(found.end);
  rebuildQueues(parts);
  if (!cleanStop) consumeQueues.doubtFrom(found.from);
  consumeQueues.correctMinOffset(log.minOffset);
  logger.info({ cleanStop, minOffset: log.minOffset, end: found.end }, 'recovered the store');
  return found.storeTimestamp;
}

/**
 * What a killed process wrote may still be in the kernel only, the name of the last file with it, and the zeroed tail
 * is. The checkpoint will move on, and a recovery after that would not look here again.
 */
function makeDurable(log: CommitLog, from: number): void {
  const { lastFile } = log.files;
  lastFile?.doubtFrom(lastFile.flushedPosition);
  for (const file of log.files.files) {
    if (file.fileFromOffset >= from) file.flush();
  }
}

interface LogEnd {
  /** Start of the first file that was checked. */
  readonly from: number;
  readonly end: number;
  readonly storeTimestamp: number;
}

/** After a clean stop the last three files are checked; otherwise all from the checkpoint on, and dispatched. */
function findEnd(parts: RecoveryParts, cleanStop: boolean, doubtful: readonly DoubtfulQueue[]): LogEnd {
  const { log, config } = parts;
  const { files } = log.files;
  // After a clean stop nothing can be torn: a body that changed since is its reader's to find (ADR 0030).
  const checkCrc = config.checkCRCOnRecover && !cleanStop;
  const walk = new LogWalk({ checkCrc, maxMessageSize: config.maxMessageSize });
  const first = cleanStop ? Math.max(0, files.length - FILES_TO_CHECK) : firstFileToRecover(parts, walk);
  const visit: RecordVisitor | undefined = cleanStop
    ? undefined
    : (bytes, peek) => parts.dispatch.dispatchRecord(bytes, peek);
  const from = files[first]?.fileFromOffset ?? 0;
  let end = from;
  if (!cleanStop) {
    mendConsumeQueues(parts, doubtful, { behind: end, afterCrash: true });
    parts.consumeQueues.dropSplitEntries(end);
    rebuildIndex(parts, end);
  }
  let storeTimestamp = 0;
  for (const file of files.slice(first)) {
    parts.logger.info({ path: file.path, cleanStop }, 'checking a commit log file');
    end = file.fileFromOffset;
    walk.seek(file, 0);
    let status = walk.check();
    for (; status === 'ok'; status = walk.check()) {
      visit?.(walk.buffer, walk.peek);
      storeTimestamp = walk.peek.storeTimestamp;
      walk.skip(walk.peek.totalSize);
    }
    end = walk.phyOffset;
    if (status !== 'blank') break;
  }
  return { from, end, storeTimestamp };
}

/** The newest file whose first message is not younger than the checkpoint. Java: #isMappedFileMatchedRecover. */
function firstFileToRecover(parts: RecoveryParts, walk: LogWalk): number {
  const { config, checkpoint, log } = parts;
  const safeIndex = config.messageIndexEnable && config.messageIndexSafe;
  const limit = safeIndex ? checkpoint.minTimestampIndex : checkpoint.minTimestamp;
  const { files } = log.files;
  for (let index = files.length - 1; index > 0; index--) {
    const storeTimestamp = firstStoreTimestamp(files[index] as MappedFile, walk);
    if (storeTimestamp !== 0 && storeTimestamp <= limit) return index;
  }
  return 0;
}

/** 0 when the file does not begin with a message. */
function firstStoreTimestamp(file: MappedFile, walk: LogWalk): number {
  walk.seek(file, 0);
  return walk.check() === 'ok' ? walk.peek.storeTimestamp : 0;
}

/**
 * Index files that were removed after a crash are filled again, before newer messages are indexed: the index is built
 * in the order of the log (ADR "index rebuilt after a crash").
 */
function rebuildIndex(parts: RecoveryParts, end: number): void {
  const { log, config, logger, index, dispatch } = parts;
  const from = index.needsRebuildFrom;
  if (from === undefined || !config.messageIndexEnable) return;
  logger.info({ from, end }, 'indexing messages again whose index file did not survive the crash');
  const reput = new ReputMessageService(log, logger, config.maxMessageSize);
  reput.run(from, end, (bytes, peek) => dispatch.indexRecord(bytes, peek));
}

/** What the queues do not know yet: nothing after a crash, everything when their directory was removed. */
function rebuildQueues(parts: RecoveryParts): void {
  const { log, config, logger, dispatch, consumeQueues } = parts;
  const from = Math.max(consumeQueues.maxPhysicOffset(), log.minOffset);
  if (from >= log.writtenEnd) return;
  logger.info({ from, end: log.writtenEnd }, 'the consume queues are behind the commit log');
  const reput = new ReputMessageService(log, logger, config.maxMessageSize);
  reput.run(from, log.writtenEnd, (bytes, peek) => dispatch.dispatchRecord(bytes, peek));
}
