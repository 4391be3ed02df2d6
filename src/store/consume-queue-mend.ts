import type { MessageStoreConfig } from '../config/message-store-config.ts';
import type { Logger } from '../util/logger.ts';
import type { CommitLog } from './commit-log.ts';
import type { ConsumeQueue } from './consume-queue.ts';
import { CQ_ENTRY_BYTES } from './consume-queue-entries.ts';
import { isFiller, MendedFiles, MendedRun, readEntry } from './consume-queue-mended.ts';
import type { DoubtfulQueue, EntryRun } from './consume-queue-recovery.ts';
import { LogSearch } from './consume-queue-search.ts';
import type { ConsumeQueueTable } from './consume-queue-table.ts';
import { EntryTrial } from './consume-queue-trial.ts';
import { repairCommand } from './damaged-reads.ts';
import type { LogDispatch } from './log-dispatch.ts';

/** What mending works on. */
export interface MendParts {
  readonly config: MessageStoreConfig;
  readonly logger: Logger;
  readonly log: CommitLog;
  readonly consumeQueues: ConsumeQueueTable;
  readonly dispatch: LogDispatch;
}

/** What is known about the log. */
export interface MendLimit {
  /** After a clean stop the end of the log; after a crash where the recovery begins, which indexes what follows. */
  readonly behind: number;
  readonly afterCrash: boolean;
  /** Bytes of the log that may be read to find messages; some seconds of reading by default. */
  readonly mostLogBytes?: number;
}

/**
 * Writes entries that cannot be right again from the log, each where it belongs, and with them the last entry of a
 * queue when it claims more than there is. Most are found by where they lead; for the others the log between their
 * neighbours is read, once for all queues and up to a limit. An entry whose message is not found repeats the one
 * before it, which every reader passes over, so that no place is given out twice; at the end of a queue it goes.
 * Blocks. Throws StoreIoError. ADR 0032; docs/store/damage.md.
 */
export function mendConsumeQueues(parts: MendParts, doubtful: readonly DoubtfulQueue[], limit: MendLimit): void {
  const { log, logger, config, dispatch, consumeQueues } = parts;
  if (log.files.lastFile === undefined) return;
  const trial = new EntryTrial(log, dispatch, config.maxMessageSize);
  const runsOf = new Map(doubtful.map(({ queue, runs }) => [queue, runs]));
  for (const queue of consumeQueues) {
    if (queue.maxPhysicOffset <= limit.behind) continue;
    const runs = runsOf.get(queue) ?? [];
    if (doubtEnd(queue, runs, limit, trial)) runsOf.set(queue, runs);
  }
  if (runsOf.size === 0) return;
  const mends: MendedRun[] = [];
  for (const [queue, runs] of runsOf) {
    for (const run of widened(queue, runs, trial)) mends.push(new MendedRun(queue, run, trial, limit.behind));
  }
  new LogSearch(log, logger, config.maxMessageSize).run(mends, limit.mostLogBytes ?? MOST_LOG_BYTES);
  const files = new MendedFiles();
  // The last run of a queue first: a cut takes what is behind it with it.
  for (const mend of mends.reverse()) mend.cut(log.minOffset, limit.afterCrash);
  const repair = repairCommand(config.storePathRootDir);
  for (const mend of mends.reverse()) mend.write(files, log.minOffset, logger, repair);
  files.flush();
  for (const queue of runsOf.keys()) endWithin(queue, limit);
}

/**
 * A last entry that leads behind the limit would keep new messages out of the queue. After a crash what it says is
 * compared with the log; after a clean stop nothing may lie there, and when more than one entry does the log was cut.
 */
function doubtEnd(queue: ConsumeQueue, runs: EntryRun[], limit: MendLimit, trial: EntryTrial): boolean {
  const last = runs.at(-1);
  const isDoubtful = last !== undefined && last.behind === queue.maxOffset;
  const from = isDoubtful ? last.first : queue.maxOffset;
  let first = from;
  let behind = 0;
  for (let number = from - 1; ; number -= 1) {
    const entry = readEntry(queue, number);
    if (entry === undefined || isFiller(entry) || entry.phyOffset + entry.size <= limit.behind) break;
    if (limit.afterCrash && trial.isRight(queue, number, entry)) break;
    if (entry.phyOffset >= limit.behind) behind += 1;
    first = number;
    if (!limit.afterCrash && behind > 1) return false;
    // The log has lost its end, not the queue: recovery finds where.
    if (from - first > MOST_LAST_ENTRIES) return false;
  }
  if (first === from) return false;
  if (isDoubtful) runs.pop();
  const before = runs.at(-1);
  if (before !== undefined && before.behind >= first) before.behind = queue.maxOffset;
  else runs.push({ first, behind: queue.maxOffset });
  return true;
}

/** Neighbours that are wrong in the same way are in order with each other: only the log tells. */
function widened(queue: ConsumeQueue, runs: readonly EntryRun[], trial: EntryTrial): EntryRun[] {
  const wide: EntryRun[] = [];
  const isWrong = (number: number): boolean => {
    const entry = readEntry(queue, number);
    return entry !== undefined && !isFiller(entry) && !trial.isGone(entry) && !trial.isRight(queue, number, entry);
  };
  for (const run of runs) {
    const last = wide.at(-1);
    let { first, behind } = run;
    const least = Math.max(last?.behind ?? 0, first - MOST_NEIGHBOURS);
    const most = Math.min(queue.maxOffset, behind + MOST_NEIGHBOURS);
    while (first > least && isWrong(first - 1)) first -= 1;
    if (last === undefined || behind > last.behind) while (behind < most && isWrong(behind)) behind += 1;
    if (last !== undefined && first <= last.behind) last.behind = Math.max(behind, last.behind);
    else wide.push({ first, behind });
  }
  return wide;
}

/** The queue knows from its last entry again how far the log is indexed; what was cut off becomes zero (ADR 0014). */
function endWithin(queue: ConsumeQueue, { behind }: MendLimit): void {
  const { lastFile } = queue.files;
  if (lastFile !== undefined && lastFile.zeroWhereDirty(lastFile.wrotePosition) > 0) lastFile.flush();
  const end = queue.lastPhyOffset();
  queue.endAt(queue.maxOffset * CQ_ENTRY_BYTES, end < 0 ? Math.min(queue.maxPhysicOffset, behind) : end);
}

const MOST_LAST_ENTRIES = 64;
/** Looked at on each side of a run; each costs a read of a few bytes. */
const MOST_NEIGHBOURS = 20_000;
const MOST_LOG_BYTES = 4 * 1024 ** 3;
