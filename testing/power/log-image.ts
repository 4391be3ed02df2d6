import { BLANK_MAGIC, decodeRecord, MESSAGE_MAGIC, type MessageExt } from '../../src/codec/message.ts';
import { isQueued } from '../../src/codec/sys-flags.ts';
import { CQ_ENTRY_BYTES, encodeEntry } from '../../src/store/consume-queue-entries.ts';
import { toIndexKeyHash } from '../../src/store/index-file.ts';
import { bodyCrc } from '../../src/util/crc32.ts';
import { javaStringHash } from '../../src/util/java-hash.ts';
import type { MemFs } from '../mem-fs.ts';

/** Where the store of a recorded run lies. */
export const ROOT = '/store';
/** Small files, so that a short run rolls all of them. */
export const LOG_FILE_BYTES = 4096;

/** A record of the log, and what queues and index must say about it. */
export interface LogMessage {
  readonly phyOffset: number;
  readonly endOffset: number;
  /** `topic/queueId`; undefined when the message belongs to no queue yet. */
  readonly queue: string | undefined;
  readonly queueOffset: number;
  readonly queueEntry: Buffer;
  readonly keyHashes: readonly number[];
  readonly decoded: MessageExt;
}

/** The log on a disk: its bytes, its records, and where they end. */
export interface LogImage {
  readonly bytes: Buffer;
  readonly messages: readonly LogMessage[];
  /** Behind the last record, or behind the blank that closes its file. */
  readonly end: number;
  /** Behind the last record. */
  readonly recordsEnd: number;
}

/** The files of a directory as one run of bytes, each name checked; a text when they do not fit together. */
export function readFiles(fs: MemFs, dir: string, fileBytes: number): Buffer | string {
  const names = fs.list(dir).sort();
  const parts: Buffer[] = [];
  for (const [index, name] of names.entries()) {
    if (name !== String(index * fileBytes).padStart(20, '0')) return `${dir} has ${names.join(' ')}`;
    const bytes = fs.readFile(`${dir}/${name}`, fileBytes) ?? Buffer.alloc(0);
    if (bytes.length !== fileBytes) return `${dir}/${name} has ${bytes.length} bytes`;
    parts.push(bytes);
  }
  return Buffer.concat(parts);
}

/** Walks a log from its first byte. Messages that are byte for byte those of `known` are taken from there. */
export function parseLog(bytes: Buffer, known?: LogImage): LogImage {
  const messages: LogMessage[] = [];
  let at = 0;
  let recordsEnd = 0;
  while (at + 8 <= bytes.length) {
    const size = bytes.readInt32BE(at);
    const magic = bytes.readInt32BE(at + 4);
    const fileEnd = at - (at % LOG_FILE_BYTES) + LOG_FILE_BYTES;
    if (magic === BLANK_MAGIC && at + size === fileEnd) {
      at = fileEnd;
      continue;
    }
    if (magic !== MESSAGE_MAGIC || at + size > fileEnd) break;
    const message = sameMessage(bytes, known, messages.length, at) ?? messageAt(bytes, at);
    if (message === undefined) break;
    messages.push(message);
    at = message.endOffset;
    recordsEnd = at;
  }
  return { bytes, messages, end: at, recordsEnd };
}

function sameMessage(bytes: Buffer, known: LogImage | undefined, index: number, at: number): LogMessage | undefined {
  const message = known?.messages[index];
  if (known === undefined || message === undefined || message.phyOffset !== at) return undefined;
  return bytes.compare(known.bytes, at, message.endOffset, at, message.endOffset) === 0 ? message : undefined;
}

function messageAt(bytes: Buffer, at: number): LogMessage | undefined {
  const decoded = decodeRecord(bytes, at);
  if (typeof decoded === 'string') return undefined;
  if (bodyCrc(decoded.body, 0, decoded.body.length) !== decoded.bodyCrc) return undefined;
  const { topic, queueId, queueOffset, properties, totalSize, sysFlag } = decoded;
  const keys = [properties.get('UNIQ_KEY') ?? '', ...(properties.get('KEYS') ?? '').split(' ')];
  const queueEntry = Buffer.alloc(CQ_ENTRY_BYTES);
  const tags = properties.get('TAGS');
  const tagsCode = tags === undefined ? 0 : javaStringHash(tags);
  encodeEntry(queueEntry, 0, at, totalSize, tagsCode >> 31, tagsCode);
  return {
    phyOffset: at,
    endOffset: at + totalSize,
    queue: isQueued(sysFlag) ? `${topic}/${queueId}` : undefined,
    queueOffset,
    queueEntry,
    keyHashes: keys.filter((key) => key !== '').map((key) => toIndexKeyHash(javaStringHash(`${topic}#${key}`))),
    decoded,
  };
}
