import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeRecords, type RawRecord } from '../peer/records.ts';

/** Sizes a store directory was written with. */
export interface StoreSizes {
  readonly mappedFileSizeCommitLog: number;
  readonly mappedFileSizeConsumeQueue: number;
  readonly maxHashSlotNum: number;
  readonly maxIndexNum: number;
}

/** What lies in the CommitLog files: every record from the first one to the end of the log. */
export interface LogContent {
  readonly records: readonly RawRecord[];
  /** Where the next record would go. */
  readonly end: number;
  /** One line for everything in the files that cannot be. */
  readonly problems: readonly string[];
}

const messageMagic = 0xdaa320a7;
const blankMagic = 0xcbd43194;

/**
 * Reads the CommitLog of a directory from its files, with none of our own decoders: lengths, magic, CRC, the record's
 * own position, and that a file goes on in the next one only behind a blank.
 */
export function readLog(storeDir: string, sizes: StoreSizes): LogContent {
  const dir = join(storeDir, 'commitlog');
  const names = existsSync(dir) ? readdirSync(dir).sort() : [];
  const records: RawRecord[] = [];
  const problems: string[] = [];
  let end = 0;
  for (const [index, name] of names.entries()) {
    const bytes = readFileSync(join(dir, name));
    const start = Number(name);
    if (bytes.length !== sizes.mappedFileSizeCommitLog) problems.push(`commitlog/${name}: ${bytes.length} bytes`);
    const filled = readLogFile(bytes, start, records);
    end = start + filled.length;
    if (filled.full) continue;
    for (const later of names.slice(index + 1)) {
      if (!isZero(readFileSync(join(dir, later))))
        problems.push(`commitlog/${later}: data behind the log's end ${end}`);
    }
    break;
  }
  return { records, end, problems };
}

function readLogFile(bytes: Buffer, start: number, records: RawRecord[]): { length: number; full: boolean } {
  let at = 0;
  while (at + 8 <= bytes.length) {
    const size = bytes.readInt32BE(at);
    const magic = bytes.readUInt32BE(at + 4);
    if (magic === blankMagic) return { length: bytes.length, full: true };
    if (magic !== messageMagic || size <= 0 || at + size > bytes.length) break;
    const record = decodeOne(bytes.subarray(at, at + size));
    if (record === undefined || record.physicalOffset !== start + at) break;
    records.push(record);
    at += size;
  }
  return { length: at, full: false };
}

/** A torn record of a killed broker ends the log. */
function decodeOne(bytes: Buffer): RawRecord | undefined {
  try {
    return decodeRecords(bytes)[0];
  } catch {
    return undefined;
  }
}

/** One entry of a consume queue; `tagsCode` as signed 64-bit number in decimal. */
export interface QueueEntry {
  readonly physicalOffset: number;
  readonly size: number;
  readonly tagsCode: string;
}

/** All queues of a directory by `topic queueId`: their entries up to the first empty one, and what lies behind. */
export function readQueues(
  storeDir: string,
): Map<string, { entries: QueueEntry[]; tailIsZero: boolean; from: number }> {
  const queues = new Map<string, { entries: QueueEntry[]; tailIsZero: boolean; from: number }>();
  const root = join(storeDir, 'consumequeue');
  if (!existsSync(root)) return queues;
  for (const topic of readdirSync(root)) {
    for (const queueId of readdirSync(join(root, topic))) {
      const dir = join(root, topic, queueId);
      const names = readdirSync(dir).sort();
      const bytes = Buffer.concat(names.map((name) => readFileSync(join(dir, name))));
      const entries: QueueEntry[] = [];
      let at = 0;
      for (; at + 20 <= bytes.length && bytes.readInt32BE(at + 8) > 0; at += 20) {
        entries.push({
          physicalOffset: Number(bytes.readBigInt64BE(at)),
          size: bytes.readInt32BE(at + 8),
          tagsCode: bytes.readBigInt64BE(at + 12).toString(),
        });
      }
      const tailIsZero = isZero(bytes.subarray(at));
      queues.set(`${topic} ${queueId}`, { entries, tailIsZero, from: Number(names[0] ?? '0') });
    }
  }
  return queues;
}

/** One index file: its header, its entries from number 1, and the slot table. */
export interface IndexContent {
  readonly name: string;
  readonly beginPhyOffset: number;
  readonly endPhyOffset: number;
  readonly indexCount: number;
  readonly hashSlotCount: number;
  readonly entries: readonly { readonly keyHash: number; readonly physicalOffset: number; readonly previous: number }[];
  readonly slots: readonly number[];
}

/** All index files, oldest first. */
export function readIndex(storeDir: string, sizes: StoreSizes): IndexContent[] {
  const dir = join(storeDir, 'index');
  if (!existsSync(dir)) return [];
  return readdirSync(dir)
    .sort()
    .map((name) => {
      const bytes = readFileSync(join(dir, name));
      const indexCount = Math.max(1, bytes.readInt32BE(36));
      const entriesAt = 40 + 4 * sizes.maxHashSlotNum;
      const count = Math.min(indexCount, sizes.maxIndexNum) - 1;
      return {
        name,
        beginPhyOffset: Number(bytes.readBigInt64BE(16)),
        endPhyOffset: Number(bytes.readBigInt64BE(24)),
        indexCount,
        hashSlotCount: bytes.readInt32BE(32),
        entries: Array.from({ length: count }, (_, index) => {
          const at = entriesAt + 20 * (index + 1);
          const physicalOffset = Number(bytes.readBigInt64BE(at + 4));
          return { keyHash: bytes.readInt32BE(at), physicalOffset, previous: bytes.readInt32BE(at + 16) };
        }),
        slots: Array.from({ length: sizes.maxHashSlotNum }, (_, slot) => bytes.readInt32BE(40 + 4 * slot)),
      };
    });
}

/** Java's String#hashCode. */
export function javaHash(text: string): number {
  let hash = 0;
  for (let index = 0; index < text.length; index++) hash = (Math.imul(31, hash) + text.charCodeAt(index)) | 0;
  return hash;
}

/** The hash that an index entry of `topic#key` carries. */
export function indexHash(topic: string, key: string): number {
  const hash = Math.abs(javaHash(`${topic}#${key}`));
  return hash > 0x7fffffff ? 0 : hash;
}

/** The keys under which a record is indexed, as often as each is inserted: its unique key, the pieces of KEYS. */
export function keysOf(record: Pick<RawRecord, 'properties' | 'sysFlag'>): { key: string; unique: boolean }[] {
  if ((record.sysFlag & 0xc) === 0xc) return [];
  const uniqueKey = record.properties['UNIQ_KEY'];
  const keys = (record.properties['KEYS'] ?? '').split(' ').filter((key) => key !== '');
  return [
    ...(uniqueKey === undefined ? [] : [{ key: uniqueKey, unique: true }]),
    ...keys.map((key) => ({ key, unique: false })),
  ];
}

/** The records that have an entry in a consume queue, by `topic queueId`, in the order of the log. */
export function recordsByQueue(records: readonly RawRecord[]): Map<string, RawRecord[]> {
  const queues = new Map<string, RawRecord[]>();
  for (const record of records) {
    const transactionType = record.sysFlag & 0xc;
    if (transactionType !== 0 && transactionType !== 0x8) continue;
    const key = `${record.topic} ${record.queueId}`;
    const queue = queues.get(key) ?? [];
    if (queue.length === 0) queues.set(key, queue);
    queue.push(record);
  }
  return queues;
}

function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}
