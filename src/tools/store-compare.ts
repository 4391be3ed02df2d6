import { posix } from 'node:path';
import { SCHEDULE_TOPIC } from '../codec/system-topics.ts';
import { CQ_ENTRY_BYTES } from '../store/consume-queue-entries.ts';
import type { Fs } from '../util/fs.ts';
import { CompareCounts, type Difference, type Mask } from './compare-counts.ts';
import { orderJson } from './compare-json.ts';
import { compareLogFiles } from './compare-log.ts';
import { filesBelow } from './directory.ts';
import { FileWindow } from './file-window.ts';
import { detectIndexLayout, entriesAt, INDEX_AT } from './index-layout.ts';

/** What {@link compareStores} may be told. */
export interface CompareOptions {
  /** Slots of an index file; without it the files are asked. */
  readonly maxHashSlotNum?: number;
  /** storePathCommitLog of each side, when it is not `commitlog` in the directory. */
  readonly commitLogs?: readonly [a: string, b: string];
  /** Differences kept in the report; all are counted. */
  readonly maxDifferences?: number;
  /** Files that this comparison is not about, by path relative to the directory; the report names them. */
  readonly leaveOut?: (path: string) => boolean;
}

/** What was found; `equal` says that nothing differs but what is masked. */
export interface CompareReport {
  readonly equal: boolean;
  readonly files: number;
  readonly comparedBytes: number;
  readonly maskedBytes: number;
  readonly masked: ReadonlyMap<Mask, number>;
  readonly differenceCount: number;
  readonly differences: readonly Difference[];
  /** Paths of files that were not compared. */
  readonly leftOut: readonly string[];
}

/**
 * Compares two store directories byte by byte. Masked are exactly: timestamps and what derives from them, hosts, the
 * order of properties and of JSON maps, bytes behind a blank's header, and a trailing file of zeros that only one
 * side has (ADR 0028). Index files are paired in order, because their names are times. Throws FsError.
 */
export function compareStores(
  fsA: Fs,
  dirA: string,
  fsB: Fs,
  dirB: string,
  options: CompareOptions = {},
): CompareReport {
  const counts = new CompareCounts(options.maxDifferences ?? DEFAULT_MAX_DIFFERENCES);
  const a = new Side(fsA, dirA, options.commitLogs?.[0]);
  const b = new Side(fsB, dirB, options.commitLogs?.[1]);
  const slots = options.maxHashSlotNum ?? a.hashSlots() ?? b.hashSlots();
  const leftOut: string[] = [];
  let files = 0;
  for (const pair of pairFiles(a, b)) {
    const path = pair.a ?? pair.b ?? '';
    if (isLeftOut(path) || options.leaveOut?.(path) === true) {
      leftOut.push(path);
      continue;
    }
    files += 1;
    if (pair.a === undefined || pair.b === undefined) compareMissing(counts, pair.a === undefined ? b : a, pair);
    else comparePair(counts, { path, a: a.open(pair.a), b: b.open(pair.b), slots });
  }
  let maskedBytes = 0;
  for (const bytes of counts.masked.values()) maskedBytes += bytes;
  return {
    equal: counts.differenceCount === 0,
    files,
    comparedBytes: counts.comparedBytes,
    maskedBytes,
    masked: counts.masked,
    differenceCount: counts.differenceCount,
    differences: counts.differences,
    leftOut,
  };
}

/** A report as lines: differences first, the sums last. */
export function compareLines(report: CompareReport): string[] {
  const lines = report.differences.map(({ path, offset, what, a, b }) => `${path}:${offset}: ${what}: ${a} | ${b}`);
  const more = report.differenceCount - report.differences.length;
  if (more > 0) lines.push(`and ${more} more differences`);
  if (report.leftOut.length > 0) lines.push(`not compared: ${report.leftOut.join(', ')}`);
  const masks = [...report.masked].map(([mask, bytes]) => `${mask} ${bytes}`).join(', ');
  const masked = `${report.maskedBytes} masked${masks === '' ? '' : ` (${masks})`}`;
  const verdict = report.equal ? 'equal' : `${report.differenceCount} differences`;
  lines.push(`${verdict}: ${report.files} files, ${report.comparedBytes} bytes compared, ${masked}`);
  return lines;
}

const DEFAULT_MAX_DIFFERENCES = 20;
/** State files are read whole, up to this length. */
const MAX_JSON_BYTES = 16 * 1024 * 1024;
const TIMESTAMPS_BYTES = 24;

/** One of the two directories; paths are relative to it, whatever the CommitLog's own place. */
class Side {
  readonly fs: Fs;
  readonly #dir: string;
  readonly #commitLog: string | undefined;

  constructor(fs: Fs, dir: string, commitLog: string | undefined) {
    this.fs = fs;
    this.#dir = dir;
    this.#commitLog = commitLog;
  }

  files(): string[] {
    const found = filesBelow(this.fs, this.#dir);
    if (this.#commitLog === undefined) return found;
    const log = filesBelow(this.fs, this.#commitLog).map((name) => `commitlog/${name}`);
    return [...found.filter((path) => !path.startsWith('commitlog/')), ...log].sort();
  }

  hashSlots(): number | undefined {
    return detectIndexLayout(this.fs, posix.join(this.#dir, 'index'))?.maxHashSlotNum;
  }

  open(path: string): FileWindow {
    if (this.#commitLog === undefined || !path.startsWith('commitlog/')) {
      return new FileWindow(this.fs, posix.join(this.#dir, path));
    }
    return new FileWindow(this.fs, posix.join(this.#commitLog, path.slice('commitlog/'.length)));
  }
}

interface Pair {
  readonly a: string | undefined;
  readonly b: string | undefined;
  /** The last file of its directory on the side that has it. */
  readonly isLast: boolean;
}

/** Files by path; index files by their order. */
function pairFiles(a: Side, b: Side): Pair[] {
  const left = a.files();
  const right = b.files();
  const isIndex = (path: string): boolean => path.startsWith('index/');
  const pairs: Pair[] = [];
  const [indexA, indexB] = [left.filter(isIndex), right.filter(isIndex)];
  for (let at = 0; at < Math.max(indexA.length, indexB.length); at += 1) {
    pairs.push({ a: indexA[at], b: indexB[at], isLast: at === Math.max(indexA.length, indexB.length) - 1 });
  }
  const has = new Set(right);
  const common = new Set(left);
  for (const [at, path] of left.entries()) {
    if (isIndex(path)) continue;
    pairs.push({ a: path, b: has.has(path) ? path : undefined, isLast: isLastOfDirectory(left, at) });
  }
  for (const [at, path] of right.entries()) {
    if (isIndex(path) || common.has(path)) continue;
    pairs.push({ a: undefined, b: path, isLast: isLastOfDirectory(right, at) });
  }
  return pairs;
}

function isLastOfDirectory(paths: readonly string[], at: number): boolean {
  const next = paths[at + 1];
  return next === undefined || posix.dirname(next) !== posix.dirname(paths[at] ?? '');
}

/** Marks of a running process, copies that a repair made, and a lock that is a directory while we run. */
function isLeftOut(path: string): boolean {
  return /^(wenchang\.|repair-|lock\/)/.test(path);
}

function compareMissing(counts: CompareCounts, side: Side, pair: Pair): void {
  const path = pair.a ?? pair.b ?? '';
  const window = side.open(path);
  const zeroFile = /^(commitlog|consumequeue(_ext)?)\//.test(path) && pair.isLast;
  if (zeroFile && window.isZero(0, window.sizeBytes)) counts.mask('trailing zero file', window.sizeBytes);
  else {
    const sizes = [`${window.sizeBytes} bytes`, 'no such file'] as const;
    const [a, b] = pair.a === undefined ? [sizes[1], sizes[0]] : sizes;
    counts.differ({ path, offset: 0, what: 'file', a, b });
  }
  window.close();
}

interface OpenPair {
  readonly path: string;
  readonly a: FileWindow;
  readonly b: FileWindow;
  readonly slots: number | undefined;
}

function comparePair(counts: CompareCounts, pair: OpenPair): void {
  const { path, a, b } = pair;
  try {
    if (path.startsWith('config/')) compareJson(counts, pair);
    else if (a.sizeBytes !== b.sizeBytes) {
      const [left, right] = [`${a.sizeBytes} bytes`, `${b.sizeBytes} bytes`];
      counts.differ({ path, offset: 0, what: 'length', a: left, b: right });
    } else compareEqualLengths(counts, pair);
  } finally {
    a.close();
    b.close();
  }
}

function compareEqualLengths(counts: CompareCounts, pair: OpenPair): void {
  const { path, a, b, slots } = pair;
  if (path.startsWith('commitlog/')) compareLogFiles(counts, path, a, b);
  else if (path.startsWith('consumequeue/')) {
    // The tagsCode of a message that waits is the time it is due.
    const mask = path.split('/')[1] === SCHEDULE_TOPIC ? { unitBytes: 20, start: 12, end: 20 } : undefined;
    compareUnits(counts, pair, 'entry', 0, mask);
  } else if (path.startsWith('consumequeue_ext/')) compareExtUnits(counts, pair);
  else if (path.startsWith('index/') && slots !== undefined) {
    counts.mask('timestamp', INDEX_AT.beginPhyOffset);
    counts.range(path, 'header', a, b, INDEX_AT.beginPhyOffset, INDEX_AT.slots);
    counts.range(path, 'hash slots', a, b, INDEX_AT.slots, entriesAt(slots));
    compareUnits(counts, pair, 'entry', entriesAt(slots), { unitBytes: INDEX_AT.entryBytes, start: 12, end: 16 });
  } else if (path === 'checkpoint') {
    counts.mask('timestamp', Math.min(TIMESTAMPS_BYTES, a.sizeBytes));
    counts.range(path, 'bytes behind the timestamps', a, b, TIMESTAMPS_BYTES, a.sizeBytes);
  } else counts.range(path, 'bytes', a, b, 0, a.sizeBytes);
}

/** ConsumeQueueExt: size, tagsCode, store time, bit map; a size that is none ends the units. */
function compareExtUnits(counts: CompareCounts, { path, a, b }: OpenPair): void {
  const delayed = path.split('/')[1] === SCHEDULE_TOPIC;
  let at = 0;
  for (;;) {
    const head = a.view(at, 2);
    const size = head.length < 2 ? 0 : head.readInt16BE(0);
    const other = b.view(at, 2);
    if (size < EXT_HEAD_BYTES || other.length < 2 || other.readInt16BE(0) !== size) break;
    const what = `unit at ${at}`;
    counts.range(path, what, a, b, at, at + (delayed ? 2 : 10));
    counts.mask('timestamp', delayed ? 16 : 8);
    counts.range(path, what, a, b, at + 18, Math.min(at + size, a.sizeBytes));
    at += size;
  }
  counts.range(path, 'bytes behind the units', a, b, at, a.sizeBytes);
}

const EXT_HEAD_BYTES = 20;

/** Bytes of each unit that are times. */
interface UnitMask {
  readonly unitBytes: number;
  readonly start: number;
  readonly end: number;
}

/** Compares equal units from `from` to the end of the file; one difference for each unit. */
function compareUnits(counts: CompareCounts, pair: OpenPair, what: string, from: number, mask?: UnitMask): void {
  const { path, a, b } = pair;
  const unitBytes = mask?.unitBytes ?? CQ_ENTRY_BYTES;
  const chunk = UNITS_AT_ONCE * unitBytes;
  for (let at = from; at < a.sizeBytes; at += chunk) {
    const left = Buffer.from(a.view(at, chunk));
    const right = Buffer.from(b.view(at, chunk));
    let maskedBytes = 0;
    if (mask !== undefined) {
      for (let unit = 0; unit < left.length; unit += unitBytes) {
        // A unit that is empty on one side only is no matter of time.
        if (isZeroUnit(left, unit, unitBytes) || isZeroUnit(right, unit, unitBytes)) continue;
        left.fill(0, unit + mask.start, unit + mask.end);
        right.fill(0, unit + mask.start, unit + mask.end);
        maskedBytes += mask.end - mask.start;
      }
      counts.mask('timestamp', maskedBytes);
    }
    counts.comparedBytes += left.length - maskedBytes;
    if (left.equals(right)) continue;
    for (let unit = 0; unit < left.length; unit += unitBytes) {
      const [x, y] = [left.subarray(unit, unit + unitBytes), right.subarray(unit, unit + unitBytes)];
      if (x.equals(y)) continue;
      const number = (at + unit - from) / unitBytes;
      counts.differ({ path, offset: at + unit, what: `${what} ${number}`, a: x.toString('hex'), b: y.toString('hex') });
    }
  }
}

function isZeroUnit(bytes: Buffer, at: number, length: number): boolean {
  for (let index = at; index < at + length; index += 1) if (bytes[index] !== 0) return false;
  return true;
}

const UNITS_AT_ONCE = 3_000;

function compareJson(counts: CompareCounts, { path, a, b }: OpenPair): void {
  const texts = [a, b].map((window) => orderJson(wholeText(window)));
  const [left, right] = texts;
  if (left === undefined || right === undefined) {
    if (a.sizeBytes !== b.sizeBytes) {
      const [sizeA, sizeB] = [`${a.sizeBytes} bytes`, `${b.sizeBytes} bytes`];
      counts.differ({ path, offset: 0, what: 'length', a: sizeA, b: sizeB });
    } else counts.range(path, 'bytes', a, b, 0, a.sizeBytes);
    return;
  }
  counts.mask('timestamp', left.maskedChars);
  counts.comparedBytes += Math.max(a.sizeBytes, b.sizeBytes) - left.maskedChars;
  if (left.text === right.text) return;
  let at = 0;
  while (at < left.text.length && left.text[at] === right.text[at]) at += 1;
  const from = Math.max(0, at - 20);
  const show = (text: string): string => JSON.stringify(text.slice(from, at + 40));
  counts.differ({ path, offset: at, what: 'JSON', a: show(left.text), b: show(right.text) });
}

/** A file that is too long to be read whole is none of Java's state files. */
function wholeText(window: FileWindow): string {
  if (window.sizeBytes > MAX_JSON_BYTES) return '';
  const pieces: Buffer[] = [];
  for (let at = 0; at < window.sizeBytes; ) {
    const piece = Buffer.from(window.view(at, 1 << 17));
    if (piece.length === 0) break;
    pieces.push(piece);
    at += piece.length;
  }
  return Buffer.concat(pieces).toString('utf8');
}
