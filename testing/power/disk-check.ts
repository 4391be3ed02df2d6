import { CQ_ENTRY_BYTES } from '../../src/store/consume-queue-entries.ts';
import { indexFileBytes } from '../../src/store/index-file.ts';
import type { MemFs } from '../mem-fs.ts';
import { LOG_FILE_BYTES, type LogImage, type LogMessage, parseLog, ROOT, readFiles } from './log-image.ts';

export const QUEUE_FILE_BYTES = 400;
export const INDEX_LAYOUT = { maxHashSlotNum: 20, maxIndexNum: 50 } as const;

/** What a disk must hold: the log up to `safe`, and nothing that is not in the log. */
export interface Promised {
  readonly log: LogImage;
  readonly safe: number;
  /** Physical offsets of records that a power loss tore where no checksum looks. */
  readonly torn: ReadonlySet<number>;
}

/** What was found on a disk that its store has closed in order. */
export interface DiskState {
  readonly log: LogImage;
  /** As {@link Promised.torn}, with those that this power loss tore. */
  readonly torn: ReadonlySet<number>;
}

/** Compares the files of a stopped store with the log that it must have; a text names the first difference. */
export function checkDisk(fs: MemFs, promised: Promised): DiskState | string {
  const bytes = readFiles(fs, `${ROOT}/commitlog`, LOG_FILE_BYTES);
  if (typeof bytes === 'string') return bytes;
  const log = parseLog(bytes, promised.log);
  const torn = comparePrefix(log, promised);
  if (typeof torn === 'string') return torn;
  if (bytes.subarray(log.end).some((byte) => byte !== 0)) return `the log has bytes behind its end ${log.end}`;
  return checkQueues(fs, log, torn) ?? checkIndex(fs, log, torn) ?? { log, torn };
}

/** Every record is the one that was written there; where it was not flushed yet, its unprotected parts may be torn. */
function comparePrefix(log: LogImage, promised: Promised): ReadonlySet<number> | string {
  const { safe } = promised;
  let torn: Set<number> | undefined;
  if (log.recordsEnd < promised.log.messages.reduce((end, m) => (m.endOffset <= safe ? m.endOffset : end), 0)) {
    return `the log ends at ${log.recordsEnd}, ${safe} was promised`;
  }
  for (const [index, message] of promised.log.messages.entries()) {
    const found = log.messages[index];
    if (found === undefined) break;
    if (found === message) continue;
    const place = `the record at ${message.phyOffset}`;
    if (message.endOffset <= safe) return `${place} is not what was written, ${safe} was promised`;
    if (found.phyOffset !== message.phyOffset || found.endOffset !== message.endOffset) return `${place} is another`;
    if (!found.decoded.body.equals(message.decoded.body)) return `${place} has another body`;
    torn ??= new Set(promised.torn);
    torn.add(found.phyOffset);
  }
  return torn ?? promised.torn;
}

function checkQueues(fs: MemFs, log: LogImage, torn: ReadonlySet<number>): string | undefined {
  const expected = new Map<string, LogMessage[]>();
  for (const message of log.messages) {
    const { queue, queueOffset, phyOffset } = message;
    if (queue === undefined) continue;
    const messages = expected.get(queue) ?? [];
    expected.set(queue, messages);
    if (queueOffset !== messages.length) return `${queue}: the record at ${phyOffset} is number ${queueOffset}`;
    messages.push(message);
  }
  const dir = `${ROOT}/consumequeue`;
  for (const topic of fs.list(dir)) {
    for (const id of fs.list(`${dir}/${topic}`))
      if (!expected.has(`${topic}/${id}`)) expected.set(`${topic}/${id}`, []);
  }
  for (const [queue, messages] of expected) {
    const bytes = readFiles(fs, `${dir}/${queue}`, QUEUE_FILE_BYTES);
    if (typeof bytes === 'string') return bytes;
    if (bytes.length < messages.length * CQ_ENTRY_BYTES) {
      return `${queue} has ${bytes.length} bytes for ${messages.length} entries`;
    }
    const other = messages.findIndex((message, index) => !isEntryOf(bytes, index * CQ_ENTRY_BYTES, message, torn));
    if (other >= 0) return `${queue} has another entry ${other}`;
    if (bytes.subarray(messages.length * CQ_ENTRY_BYTES).some((byte) => byte !== 0)) {
      return `${queue} has entries behind its end`;
    }
  }
  return undefined;
}

/** An entry may know the tag that a torn record has lost: it was on disk before its record was whole. */
function isEntryOf(bytes: Buffer, at: number, message: LogMessage, torn: ReadonlySet<number>): boolean {
  const length = torn.has(message.phyOffset) ? TAGS_CODE_AT : CQ_ENTRY_BYTES;
  return bytes.compare(message.queueEntry, 0, length, at, at + length) === 0;
}

/** Offset and size of the message come first. */
const TAGS_CODE_AT = 12;

/** Every key of every record once, in the order of the log, each found from its slot, and nothing else. */
function checkIndex(fs: MemFs, log: LogImage, torn: ReadonlySet<number>): string | undefined {
  const found: string[] = [];
  const dir = `${ROOT}/index`;
  for (const name of fs.list(dir).sort()) {
    const bytes = fs.readFile(`${dir}/${name}`, 1 << 20) ?? Buffer.alloc(0);
    if (bytes.length !== indexFileBytes(INDEX_LAYOUT)) return `index file ${name} has ${bytes.length} bytes`;
    const entries = entriesOf(bytes);
    if (typeof entries === 'string') return `index file ${name}: ${entries}`;
    for (const { keyHash, phyOffset } of entries) if (!torn.has(phyOffset)) found.push(`${keyHash}@${phyOffset}`);
  }
  const wanted = log.messages.flatMap((message) => (torn.has(message.phyOffset) ? [] : keysOf(message)));
  for (let at = 0; at < Math.max(found.length, wanted.length); at += 1) {
    if (found[at] !== wanted[at]) return `index entry ${at + 1} is ${found[at]}, the log says ${wanted[at]}`;
  }
  return undefined;
}

function keysOf(message: LogMessage): string[] {
  return message.keyHashes.map((keyHash) => `${keyHash}@${message.phyOffset}`);
}

interface IndexEntry {
  readonly keyHash: number;
  readonly phyOffset: number;
}

/** The counted entries, oldest first; a text when the chains of the slots are not made of exactly these. */
function entriesOf(bytes: Buffer): IndexEntry[] | string {
  const count = bytes.readInt32BE(36) - 1;
  const start = 40 + 4 * INDEX_LAYOUT.maxHashSlotNum;
  const entries: IndexEntry[] = [];
  for (let number = 1; number <= count; number += 1) {
    const at = start + number * 20;
    entries.push({ keyHash: bytes.readInt32BE(at), phyOffset: Number(bytes.readBigInt64BE(at + 4)) });
  }
  let reached = 0;
  for (let slot = 0; slot < INDEX_LAYOUT.maxHashSlotNum; slot += 1) {
    let last = Number.MAX_SAFE_INTEGER;
    for (let number = bytes.readInt32BE(40 + 4 * slot); number > 0; ) {
      const entry = entries[number - 1];
      if (entry === undefined || number >= last) return `slot ${slot} leads to entry ${number} of ${count}`;
      if (entry.keyHash % INDEX_LAYOUT.maxHashSlotNum !== slot) return `entry ${number} is in slot ${slot}`;
      last = number;
      reached += 1;
      number = bytes.readInt32BE(start + number * 20 + 16);
    }
  }
  return reached === Math.max(0, count) ? entries : `${count} entries, ${reached} of them are reached`;
}
