import type { SeededRandom } from '../seeded-random.ts';
import { type Image, type KnownRecord, ROOT, type SampleStore, SETTINGS } from './sample-store.ts';

/** The seven equal parts. */
export const PARTS = [
  'body',
  'record header',
  'topic or properties',
  'ConsumeQueue',
  'IndexFile',
  'checkpoint',
  'state file',
] as const;
/** The eighth, of a store with extension files. */
export const EXT_PART = 'unit of an extension';
export type Part = (typeof PARTS)[number] | typeof EXT_PART;

/** One changed bit. */
export interface Flip {
  readonly part: Part;
  readonly path: string;
  /** Bit of the file. */
  readonly bit: number;
  /** The record it lies in, and the field, for the first three parts; the field for the others. */
  readonly record: KnownRecord | undefined;
  readonly field: string;
}

/** Picks a bit of a part of an image. */
export function pickFlip(part: Part, sample: SampleStore, image: Image, random: SeededRandom): Flip {
  if (part === 'body' || part === 'record header' || part === 'topic or properties') {
    return recordFlip(part, sample, random);
  }
  const at = (path: string, byte: number, field: string): Flip => ({
    ...{ part, path, field, bit: byte * 8 + random.below(8) },
    record: undefined,
  });
  if (part === 'checkpoint') {
    const byte = random.below(24);
    return at(`${ROOT}/checkpoint`, byte, ['physic', 'logics', 'index'][byte >> 3] as string);
  }
  if (part === 'ConsumeQueue') {
    const path = random.pick(pathsIn(image, 'consumequeue/'));
    const entries = usedBytes(image.get(path) as Buffer, 20) / 20;
    const inEntry = random.below(20);
    const field = inEntry < 8 ? 'offset' : inEntry < 12 ? 'size' : 'tagsCode';
    return at(path, random.below(Math.max(1, entries)) * 20 + inEntry, field);
  }
  if (part === EXT_PART) {
    const path = random.pick(pathsIn(image, 'consumequeue_ext/'));
    return at(path, random.below(Math.max(1, usedBytes(image.get(path) as Buffer, 1))), 'unit');
  }
  if (part === 'IndexFile') return indexFlip(at, image, random);
  const path = random.pick(pathsIn(image, 'config/').filter((name) => !name.endsWith('.bak')));
  return at(path, random.below((image.get(path) as Buffer).length), path.slice(path.lastIndexOf('/') + 1));
}

/** The image with the bit changed; all other files are shared. */
export function flipped(image: Image, { path, bit }: Flip): Image {
  const content = Buffer.from(image.get(path) as Buffer);
  const byte = bit >> 3;
  content[byte] = (content[byte] as number) ^ (1 << (bit & 7));
  return new Map([...image, [path, content]]);
}

/** Name of the field of a record that a byte of it belongs to; written from the format, not from our codec. */
export function fieldOf(record: Buffer, byte: number): string {
  for (const [name, end] of fieldEnds(record)) if (byte < end) return name;
  throw new Error('no byte of the record');
}

/** The topic that a record names. */
export function topicOf(record: Buffer): string {
  const ends = new Map(fieldEnds(record));
  return record.toString('utf8', ends.get('TOPICLEN'), ends.get('topic'));
}

/** Fields of a record in order, each with the byte behind its last. */
function fieldEnds(record: Buffer): [string, number][] {
  const sysFlag = record.readInt32BE(36);
  const born = (sysFlag & 0x10) === 0 ? 8 : 20;
  const store = (sysFlag & 0x20) === 0 ? 8 : 20;
  const hosts = 48 + born + 8 + store;
  const body = hosts + 16;
  const topic = body + record.readInt32BE(body - 4);
  const properties = topic + 1 + record.readInt8(topic) + 2;
  return [
    ['TOTALSIZE', 4],
    ['MAGICCODE', 8],
    ['BODYCRC', 12],
    ['QUEUEID', 16],
    ['FLAG', 20],
    ['QUEUEOFFSET', 28],
    ['PHYSICALOFFSET', 36],
    ['SYSFLAG', 40],
    ['BORNTIMESTAMP', 48],
    ['BORNHOST', 48 + born],
    ['STORETIMESTAMP', 56 + born],
    ['STOREHOST', hosts],
    ['RECONSUMETIMES', hosts + 4],
    ['PREPAREDTRANSACTIONOFFSET', hosts + 12],
    ['BODYLEN', body],
    ['body', topic],
    ['TOPICLEN', topic + 1],
    ['topic', properties - 2],
    ['PROPERTIESLEN', properties],
    ['properties', record.length],
  ];
}

function recordFlip(part: Part, { records }: SampleStore, random: SeededRandom): Flip {
  for (;;) {
    const record = random.pick(records);
    const ends = new Map(fieldEnds(record.bytes));
    const bodyStart = ends.get('BODYLEN') as number;
    const bodyEnd = ends.get('body') as number;
    const from = part === 'body' ? bodyStart : part === 'record header' ? 0 : bodyEnd;
    const to = part === 'body' ? bodyEnd : part === 'record header' ? bodyStart : record.bytes.length;
    if (to === from) continue;
    const byte = from + random.below(to - from);
    const inFile = record.phyOffset % LOG_FILE_BYTES;
    return {
      ...{ part, record, field: fieldOf(record.bytes, byte) },
      path: `${ROOT}/commitlog/${String(record.phyOffset - inFile).padStart(20, '0')}`,
      bit: (inFile + byte) * 8 + random.below(8),
    };
  }
}

/** Of the store fixture. */
export const LOG_FILE_BYTES = 4096;

/** Header, slots and used entries, each in a third of the cases. */
function indexFlip(at: (path: string, byte: number, field: string) => Flip, image: Image, random: SeededRandom): Flip {
  const path = random.pick(pathsIn(image, 'index/'));
  const entriesAt = 40 + 4 * SETTINGS.maxHashSlotNum;
  const where = random.below(3);
  if (where === 0) {
    const byte = random.below(40);
    return at(path, byte, INDEX_HEADER[byte >> 2] as string);
  }
  if (where === 1) return at(path, 40 + random.below(entriesAt - 40), 'slot');
  const count = Math.max(2, (image.get(path) as Buffer).readInt32BE(36));
  const inEntry = random.below(20);
  const field = inEntry < 4 ? 'keyHash' : inEntry < 12 ? 'phyOffset' : inEntry < 16 ? 'timeDiff' : 'prevIndex';
  return at(path, entriesAt + (1 + random.below(count - 1)) * 20 + inEntry, field);
}

const INDEX_HEADER = [
  ...['beginTimestamp', 'beginTimestamp', 'endTimestamp', 'endTimestamp'],
  ...['beginPhyOffset', 'beginPhyOffset', 'endPhyOffset', 'endPhyOffset', 'hashSlotCount', 'indexCount'],
];

function pathsIn(image: Image, folder: string): string[] {
  return [...image.keys()].filter((path) => path.startsWith(`${ROOT}/${folder}`));
}

/** Length without the zeros at the end, in whole units. */
function usedBytes(content: Buffer, unit: number): number {
  let end = content.length;
  while (end > 0 && content[end - 1] === 0) end--;
  return Math.ceil(end / unit) * unit;
}
