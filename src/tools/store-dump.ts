import { posix } from 'node:path';
import { encodeOffsetMsgId } from '../codec/message-id.ts';
import { parseProperties } from '../codec/message-properties.ts';
import { CQ_ENTRY_BYTES } from '../store/consume-queue-entries.ts';
import { storePath } from '../store/store-path.ts';
import type { Fs } from '../util/fs.ts';
import { directoryNames, fileNames } from './directory.ts';
import { ExtFiles, hasAddress } from './ext-files.ts';
import { FileWindow, MAX_VIEW_BYTES } from './file-window.ts';
import { indexEntries, readHeader } from './index-entries.ts';
import { INDEX_AT } from './index-layout.ts';
import type { LogRecord } from './log-record.ts';
import { walkLog } from './log-walker.ts';

import { decodeEntry, type QueueEntry } from './queue-files.ts';
import { OFFSET_NAME, type StoreLayout } from './store-layout.ts';

/** What can be shown of a store. */
export const DUMP_PARTS = ['log', 'queues', 'index', 'checkpoint', 'state'] as const;
export type DumpPart = (typeof DUMP_PARTS)[number];

/** Which of it, and how. */
export interface DumpOptions {
  readonly part: DumpPart;
  readonly topic?: string | undefined;
  readonly queue?: number | undefined;
  /** First and last place: physical offsets of the log and the index, numbers of queue entries. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** Most lines. */
  readonly limit?: number | undefined;
  /** One JSON object a line, with every field. */
  readonly json?: boolean | undefined;
  /** The entries of index files too. */
  readonly keys?: boolean | undefined;
}

/** Writes a part of a store line by line; reads it in pieces. Throws FsError. */
export function dumpStore(fs: Fs, layout: StoreLayout, options: DumpOptions, say: (line: string) => void): void {
  const out = new Lines(options, say);
  if (options.part === 'log') dumpLog(fs, layout, options, out);
  else if (options.part === 'queues') dumpQueues(fs, layout, options, out);
  else if (options.part === 'index') dumpIndex(fs, layout, options, out);
  else if (options.part === 'checkpoint') dumpCheckpoint(fs, layout, out);
  else dumpState(fs, layout, out);
}

/** Counts lines and leaves out what was not asked for. */
class Lines {
  readonly #options: DumpOptions;
  readonly #say: (line: string) => void;
  #left: number;

  constructor(options: DumpOptions, say: (line: string) => void) {
    this.#options = options;
    this.#say = say;
    this.#left = options.limit ?? Number.POSITIVE_INFINITY;
  }

  get isFull(): boolean {
    return this.#left <= 0;
  }

  isWanted(place: number): boolean {
    const { from = 0, to = Number.POSITIVE_INFINITY } = this.#options;
    return place >= from && place <= to;
  }

  isWantedQueue(topic: string, queueId: number): boolean {
    const { topic: wanted, queue } = this.#options;
    return (wanted === undefined || wanted === topic) && (queue === undefined || queue === queueId);
  }

  write(fields: Readonly<Record<string, unknown>>, text: string): void {
    if (this.isFull) return;
    this.#left -= 1;
    this.#say(this.#options.json === true ? JSON.stringify(fields) : text);
  }
}

function dumpLog(fs: Fs, layout: StoreLayout, { from = 0, to, json }: DumpOptions, out: Lines): void {
  let isPast = false;
  const visitor = {
    record: (record: LogRecord, { window }: { window: FileWindow }): void => {
      isPast = record.phyOffset > (to ?? Number.POSITIVE_INFINITY);
      const topic = record.topic.toString('utf8');
      if (!out.isWanted(record.phyOffset) || !out.isWantedQueue(topic, record.queueId)) return;
      const fields = recordFields(record, topic);
      const text = recordText(record, topic);
      out.write(json === true ? { ...fields, ...bodyFields(record, window) } : fields, text);
    },
    damage: (path: string, offset: number, what: string): void => {
      out.write({ damage: what, path, offset }, `damage ${path}:${offset}: ${what}`);
    },
    isDone: (): boolean => isPast || out.isFull,
  };
  walkLog(fs, layout, visitor, from);
}

function recordFields(record: LogRecord, topic: string): Record<string, unknown> {
  return {
    topic,
    queueId: record.queueId,
    queueOffset: record.queueOffset,
    physicalOffset: record.phyOffset,
    size: record.totalSize,
    bodyCrc: record.bodyCrc,
    flag: record.flag,
    sysFlag: record.sysFlag,
    bornTimestamp: record.bornTimestamp,
    bornHost: hostText(record.bornHost),
    storeTimestamp: record.storeTimestamp,
    storeHost: hostText(record.storeHost),
    reconsumeTimes: record.reconsumeTimes,
    preparedTransactionOffset: record.preparedTransactionOffset,
    bodyLength: record.bodyLength,
    offsetMsgId: encodeOffsetMsgId(record.storeHost, record.phyOffset),
    properties: Object.fromEntries(parseProperties(record.properties.toString('utf8'))),
  };
}

/** A long body would need its memory: it is left out, its length is told. */
function bodyFields(record: LogRecord, window: FileWindow): { bodyBase64?: string } {
  if (record.bodyLength > MAX_VIEW_BYTES) return {};
  return { bodyBase64: window.view(record.bodyPosition, record.bodyLength).toString('base64') };
}

function recordText(record: LogRecord, topic: string): string {
  const properties = parseProperties(record.properties.toString('utf8'));
  const words = [
    String(record.phyOffset).padStart(20, '0'),
    `${record.totalSize} bytes`,
    `${topic}-${record.queueId} #${record.queueOffset}`,
    timeText(record.storeTimestamp),
    `body ${record.bodyLength}`,
  ];
  if (record.sysFlag !== 0) words.push(`sysFlag 0x${record.sysFlag.toString(16)}`);
  if (record.reconsumeTimes !== 0) words.push(`reconsumed ${record.reconsumeTimes}`);
  for (const name of ['UNIQ_KEY', 'KEYS', 'TAGS']) {
    const value = properties.get(name);
    if (value !== undefined) words.push(`${name}=${value}`);
  }
  return words.join('  ');
}

function dumpQueues(fs: Fs, layout: StoreLayout, options: DumpOptions, out: Lines): void {
  const root = storePath.consumeQueue(layout.dir);
  const ext = new ExtFiles(fs, storePath.consumeQueueExt(layout.dir));
  for (const topic of directoryNames(fs, root)) {
    for (const queue of directoryNames(fs, posix.join(root, topic))) {
      if (!out.isWantedQueue(topic, Number(queue))) continue;
      const dir = posix.join(root, topic, queue);
      for (const name of fileNames(fs, dir)) {
        if (OFFSET_NAME.test(name)) dumpQueueFile(fs, posix.join(dir, name), { topic, queue, options, ext }, out);
        if (out.isFull) break;
      }
    }
  }
  ext.close();
}

function dumpQueueFile(
  fs: Fs,
  file: string,
  place: { topic: string; queue: string; options: DumpOptions; ext: ExtFiles },
  out: Lines,
): void {
  const window = new FileWindow(fs, file);
  const first = Number(posix.basename(file)) / CQ_ENTRY_BYTES;
  const begin = Math.max(0, (place.options.from ?? 0) - first) * CQ_ENTRY_BYTES;
  for (let at = begin; at + CQ_ENTRY_BYTES <= window.sizeBytes && !out.isFull; at += CQ_ENTRY_BYTES) {
    const number = first + at / CQ_ENTRY_BYTES;
    const entry = decodeEntry(window.view(at, CQ_ENTRY_BYTES), 0);
    const { phyOffset, size } = entry;
    if (!out.isWanted(number) || (phyOffset === 0 && size === 0)) continue;
    const tagsCode = long(entry.tagsHigh, entry.tagsLow);
    const { topic, queue } = place;
    const fields = { topic, queueId: Number(queue), number, physicalOffset: phyOffset, size, tagsCode };
    const text = `${topic}-${queue} #${number}  at ${phyOffset}  ${size} bytes  tagsCode ${tagsCode}`;
    const unit = hasAddress(entry) ? unitFields(place.ext, topic, Number(queue), entry) : undefined;
    if (unit === undefined) out.write(fields, text);
    else out.write({ ...fields, unit: unit.fields }, `${text}  ${unit.text}`);
  }
  window.close();
}

/** What an address in the extension leads to. */
function unitFields(ext: ExtFiles, topic: string, queueId: number, { tagsHigh, tagsLow }: QueueEntry) {
  const unit = ext.unit(topic, queueId, tagsHigh, tagsLow);
  if (unit === undefined) return { fields: null, text: 'unit missing' };
  const tagsCode = long(unit.tagsCodeHigh, unit.tagsCodeLow);
  const bitMap = Buffer.from(unit.bitMap).toString('hex');
  const words = `unit tagsCode ${tagsCode}  ${timeText(unit.msgStoreTime)}`;
  return {
    fields: { tagsCode, msgStoreTime: unit.msgStoreTime, bitMap },
    text: bitMap === '' ? words : `${words}  bitMap ${bitMap}`,
  };
}

function long(high: number, low: number): string {
  return String((BigInt(high) << 32n) | BigInt(low >>> 0));
}

function dumpIndex(fs: Fs, layout: StoreLayout, options: DumpOptions, out: Lines): void {
  const dir = storePath.index(layout.dir);
  for (const name of fileNames(fs, dir)) {
    const window = new FileWindow(fs, posix.join(dir, name));
    if (window.sizeBytes >= INDEX_AT.slots) {
      const header = readHeader(window);
      const { beginTimestamp, endTimestamp, beginPhyOffset, endPhyOffset, hashSlotCount, indexCount } = header;
      const times = `${timeText(beginTimestamp)} to ${timeText(endTimestamp)}`;
      const counts = `hashSlotCount ${hashSlotCount}  indexCount ${indexCount}`;
      out.write({ file: name, ...header }, `${name}  ${times}  ${beginPhyOffset} to ${endPhyOffset}  ${counts}`);
    } else out.write({ file: name, sizeBytes: window.sizeBytes }, `${name}  ${window.sizeBytes} bytes: no header`);
    window.close();
    if (options.keys !== true) continue;
    for (const entry of indexEntries(fs, dir, [name], layout.index)) {
      if (out.isFull) return;
      if (!out.isWanted(entry.phyOffset)) continue;
      const { number, keyHash, phyOffset, timeDiff, previous } = entry;
      const text = `${name} ${number}  hash ${keyHash}  at ${phyOffset}  +${timeDiff} s  previous ${previous}`;
      out.write({ file: name, number, keyHash, physicalOffset: phyOffset, timeDiff, previous }, text);
    }
  }
}

function dumpCheckpoint(fs: Fs, layout: StoreLayout, out: Lines): void {
  const bytes = fs.readFile(storePath.checkpoint(layout.dir), MAX_VIEW_BYTES);
  for (const [index, name] of ['physicMsgTimestamp', 'logicsMsgTimestamp', 'indexMsgTimestamp'].entries()) {
    if (bytes === undefined || bytes.length < index * 8 + 8) continue;
    const time = Number(bytes.readBigInt64BE(index * 8));
    out.write({ [name]: time }, `${name}  ${time}  ${timeText(time)}`);
  }
}

/** State files as they are, line by line. */
function dumpState(fs: Fs, layout: StoreLayout, out: Lines): void {
  const dir = storePath.config(layout.dir);
  for (const name of fileNames(fs, dir)) {
    const window = new FileWindow(fs, posix.join(dir, name));
    let rest = '';
    const decoder = new TextDecoder();
    for (let at = 0; at < window.sizeBytes && !out.isFull; ) {
      const piece = window.view(at, MAX_VIEW_BYTES);
      if (piece.length === 0) break;
      at += piece.length;
      const lines = (rest + decoder.decode(piece, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) out.write({ file: name, line }, `${name}: ${line}`);
    }
    if (rest !== '') out.write({ file: name, line: rest }, `${name}: ${rest}`);
    window.close();
  }
}

function hostText(host: Buffer): string {
  const port = host.readInt32BE(host.length - 4);
  if (host.length === 8) return `${[...host.subarray(0, 4)].join('.')}:${port}`;
  const groups = [0, 2, 4, 6, 8, 10, 12, 14].map((at) => host.readUInt16BE(at).toString(16));
  return `[${groups.join(':')}]:${port}`;
}

/** Times that damage made are shown as they are. */
function timeText(timeMs: number): string {
  return Math.abs(timeMs) <= GREATEST_TIME_MS ? new Date(timeMs).toISOString() : String(timeMs);
}

const GREATEST_TIME_MS = 8.64e15;
