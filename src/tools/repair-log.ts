import { posix } from 'node:path';
import {
  BLANK_HEAD_BYTES,
  encodeRecord,
  RECORD_OVERHEAD_BYTES,
  RecordDraft,
  recordSizeBytes,
  writeBlank,
} from '../codec/message.ts';
import { isQueued, MessageSysFlag } from '../codec/sys-flags.ts';
import { offsetToFileName } from '../store/mapped-file.ts';
import { storePath } from '../store/store-path.ts';
import type { Fs } from '../util/fs.ts';
import { FileWindow } from './file-window.ts';
import type { LogRecord } from './log-record.ts';
import { type LogDamage, walkLog } from './log-walker.ts';
import { QueueFiles } from './queue-files.ts';
import type { RepairChanges } from './repair-changes.ts';
import { OFFSET_NAME, type StoreLayout } from './store-layout.ts';

/** Where the log ends after its repair, and what of it cannot be repaired. */
export interface RepairedLog {
  /** Physical offset: from here on nothing counts. */
  readonly end: number;
  readonly left: number;
}

/**
 * Makes a log that a recovery can read to its end: behind the last readable record everything becomes zero; damage
 * before it is bridged, by records of a rolled back transaction, which no queue and no index takes, or by a blank
 * record when it reaches to the end of its file (ADR 0028).
 */
export function repairLog(fs: Fs, layout: StoreLayout, changes: RepairChanges): RepairedLog {
  repairFiles(fs, layout, changes);
  const { damages, end } = survey(fs, layout);
  let left = 0;
  for (const damage of damages) {
    if (damage.followers === 0) {
      cut(fs, layout, changes, damage);
      return { end: damage.from, left };
    }
    if (!bridge(changes, damage)) left += 1;
  }
  return { end, left };
}

/** The topic of the records that stand where others were. */
export const REPAIR_TOPIC = 'WENCHANG_REPAIR';

/** Damage, and what is behind it. */
interface SurveyedDamage extends LogDamage {
  readonly path: string;
  /** Store time of the record before, for those that take its place. */
  readonly storeTimestamp: number;
  /** Readable records behind it that are no left-overs of an older end of the log. */
  followers: number;
}

/** Names and lengths of files, and files that are missing between others. */
function repairFiles(fs: Fs, layout: StoreLayout, changes: RepairChanges): void {
  const { commitLogDir, logFileBytes } = layout;
  let expected: number | undefined;
  for (const name of fs.list(commitLogDir).sort()) {
    const file = posix.join(commitLogDir, name);
    const path = `commitlog/${name}`;
    const stat = fs.stat(file);
    if (stat === undefined || stat.isDirectory) continue;
    if (!OFFSET_NAME.test(name)) {
      if (changes.step(`move ${path} away: it is no log file`)) changes.moveAway(path, file);
      continue;
    }
    if (stat.sizeBytes !== logFileBytes) {
      const what = stat.sizeBytes < logFileBytes ? 'lengthen' : 'shorten';
      if (changes.step(`${what} ${path} from ${stat.sizeBytes} to ${logFileBytes} bytes`)) {
        changes.resize(path, file, logFileBytes);
      }
    }
    const from = Number(name);
    while (expected !== undefined && from > expected && (from - expected) / logFileBytes <= MOST_NEW_FILES) {
      fillGap(layout, changes, expected);
      expected += logFileBytes;
    }
    expected = from + logFileBytes;
  }
}

/** A file that is one blank record: a reader goes on to the next. */
function fillGap({ commitLogDir, logFileBytes }: StoreLayout, changes: RepairChanges, from: number): void {
  const name = offsetToFileName(from);
  if (!changes.step(`make commitlog/${name}, which is missing, as one blank record: what it held is lost`)) return;
  const file = posix.join(commitLogDir, name);
  changes.create(file, logFileBytes);
  changes.overwrite(`commitlog/${name}`, file, 0, blankHead(logFileBytes), 0);
}

function survey(fs: Fs, layout: StoreLayout): { damages: SurveyedDamage[]; end: number } {
  const damages: SurveyedDamage[] = [];
  const next = new Map<string, number>();
  const queues = new QueueFiles(fs, storePath.consumeQueue(layout.dir), layout.queueFileBytes);
  let storeTimestamp = 0;
  const summary = walkLog(fs, layout, {
    record: (record) => {
      storeTimestamp = record.storeTimestamp;
      const counts = !isLeftOver(record, next, queues);
      const damage = damages.at(-1);
      if (counts && damage !== undefined) damage.followers += 1;
    },
    damage: (path, _offset, _what, place) => {
      if (place !== undefined) damages.push({ ...place, path, storeTimestamp, followers: 0 });
    },
  });
  queues.close();
  // What follows a later damage follows the earlier ones too.
  for (let index = damages.length - 2; index >= 0; index -= 1) {
    const [damage, after] = [damages[index], damages[index + 1]];
    if (damage !== undefined && after !== undefined) damage.followers += after.followers;
  }
  return { damages, end: summary.end };
}

/**
 * Java leaves records behind a log that it has cut: their places in the queue are given out again before them, and no
 * entry leads to them. (A topic that was made anew has lower numbers too, and entries.)
 */
function isLeftOver(record: LogRecord, next: Map<string, number>, queues: QueueFiles): boolean {
  if (!isQueued(record.sysFlag)) return false;
  const topic = record.topic.toString('utf8');
  const key = `${topic}/${record.queueId}`;
  const expected = next.get(key) ?? 0;
  if (record.queueOffset < expected) {
    return queues.entry(topic, record.queueId, record.queueOffset)?.phyOffset !== record.phyOffset;
  }
  next.set(key, record.queueOffset + 1);
  return false;
}

/** Nothing readable follows: the log ends before the damage. */
function cut(fs: Fs, layout: StoreLayout, changes: RepairChanges, damage: SurveyedDamage): void {
  const { path, file, from, fileFrom, fileBytes } = damage;
  const at = from - fileFrom;
  if (changes.step(`end the log at ${from} (${path}:${at}): ${damage.what}; no readable record follows`)) {
    changes.zero(path, file, at, fileBytes);
  }
  for (const name of fs.list(layout.commitLogDir).sort()) {
    if (!OFFSET_NAME.test(name) || Number(name) <= fileFrom) continue;
    const later = posix.join(layout.commitLogDir, name);
    const window = new FileWindow(fs, later);
    const isZero = window.isZero(0, window.sizeBytes);
    window.close();
    if (isZero) continue;
    if (changes.step(`move commitlog/${name} away: it is behind the end of the log`)) {
      changes.moveAway(`commitlog/${name}`, later);
    }
  }
}

/** Puts something readable in the place of damage; false when that cannot be. */
function bridge(changes: RepairChanges, damage: SurveyedDamage): boolean {
  const { path, file, from, to, fileFrom, tail, what } = damage;
  const at = from - fileFrom;
  const length = to - from;
  const where = `${path}:${at}`;
  if (tail && length >= BLANK_HEAD_BYTES) {
    const text = `${where}: ${what}; the log goes on in the next file`;
    if (changes.step(`write a blank record over the last ${length} bytes of ${text}`)) {
      changes.overwrite(path, file, at, blankHead(length), at + length);
    }
    return true;
  }
  if (tail || length < LEAST_RECORD_BYTES) {
    changes.step(`leave ${where}: ${what}; ${length} bytes are too few for a record in their place`);
    return false;
  }
  if (changes.step(`replace ${length} bytes at ${where} by records that are rolled back: ${what}`)) {
    const bytes = replacement(damage.storeTimestamp, from, length);
    let done = 0;
    changes.copyRange(path, file, at, at + length);
    for (const piece of bytes) {
      changes.overwrite(path, file, at + done, piece, at + done);
      done += piece.length;
    }
  }
  return true;
}

function blankHead(length: number): Buffer {
  const head = Buffer.alloc(BLANK_HEAD_BYTES);
  writeBlank(head, 0, length);
  return head;
}

const LEAST_RECORD_BYTES = RECORD_OVERHEAD_BYTES + 1;
/** A broker that reads one takes its length in memory. */
const MOST_RECORD_BYTES = 1 << 20;
const MOST_NEW_FILES = 10_000;

/** Records that together have `length` bytes; each is intact and of a transaction that was rolled back. */
function* replacement(storeTimestamp: number, phyOffset: number, length: number): Generator<Buffer> {
  let at = phyOffset;
  for (let rest = length; rest > 0; ) {
    let size = Math.min(rest, MOST_RECORD_BYTES);
    if (rest - size > 0 && rest - size < LEAST_RECORD_BYTES) size -= LEAST_RECORD_BYTES;
    yield rolledBack(storeTimestamp, at, size);
    at += size;
    rest -= size;
  }
}

function rolledBack(storeTimestamp: number, phyOffset: number, size: number): Buffer {
  const draft = new RecordDraft();
  draft.sysFlag = MessageSysFlag.TRANSACTION_ROLLBACK_TYPE;
  draft.phyOffset = phyOffset;
  // Recovery looks for a file by the store time of its first record, and takes none for 0.
  draft.storeTimestamp = Math.max(1, storeTimestamp);
  draft.bornTimestamp = draft.storeTimestamp;
  draft.topic = Buffer.from(REPAIR_TOPIC.slice(0, size - RECORD_OVERHEAD_BYTES));
  draft.topicEnd = draft.topic.length;
  draft.body = Buffer.alloc(size - recordSizeBytes(8, 8, 0, draft.topicEnd, 0));
  draft.bodyEnd = draft.body.length;
  const bytes = Buffer.alloc(size);
  encodeRecord(bytes, 0, draft);
  return bytes;
}
