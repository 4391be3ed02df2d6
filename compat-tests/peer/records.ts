import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** One stored record, decoded by hand; the CommitLog's layout is also what travels to consumers. */
export interface RawRecord {
  readonly topic: string;
  readonly queueId: number;
  readonly queueOffset: number;
  readonly physicalOffset: number;
  readonly size: number;
  readonly bodyCrc: number;
  readonly flag: number;
  readonly sysFlag: number;
  readonly bornTimestamp: number;
  readonly bornHost: string;
  readonly storeTimestamp: number;
  readonly storeHost: string;
  readonly reconsumeTimes: number;
  readonly preparedTransactionOffset: number;
  readonly bodyLength: number;
  readonly bodySha256: string;
  readonly offsetMsgId: string;
  readonly properties: Readonly<Record<string, string>>;
  /** Of the record as it came; not part of a comparison. */
  readonly body: Buffer;
}

const messageMagic = 0xdaa320a7;

/** Decodes the concatenated records of an answer to 11, 12 or 33. Throws at the first byte that is out of place. */
export function decodeRecords(bytes: Buffer): RawRecord[] {
  const records: RawRecord[] = [];
  let at = 0;
  while (at < bytes.length) {
    const size = bytes.readInt32BE(at);
    if (size <= 0 || at + size > bytes.length) throw new Error(`record of ${size} bytes at ${at} of ${bytes.length}`);
    records.push(decodeRecord(bytes.subarray(at, at + size)));
    at += size;
  }
  return records;
}

function decodeRecord(bytes: Buffer): RawRecord {
  const reader = new Reader(bytes);
  const size = reader.int32();
  const magic = reader.int32() >>> 0;
  if (magic !== messageMagic) throw new Error(`magic ${magic.toString(16)}`);
  const bodyCrc = reader.int32();
  const queueId = reader.int32();
  const flag = reader.int32();
  const queueOffset = reader.int64();
  const physicalOffset = reader.int64();
  const sysFlag = reader.int32();
  const bornTimestamp = reader.int64();
  const born = reader.take((sysFlag & 0x10) === 0 ? 8 : 20);
  const storeTimestamp = reader.int64();
  const stored = reader.take((sysFlag & 0x20) === 0 ? 8 : 20);
  const reconsumeTimes = reader.int32();
  const preparedTransactionOffset = reader.int64();
  const body = Buffer.from(reader.take(reader.int32()));
  const topic = reader.take(reader.int8()).toString('utf8');
  const properties = parseProperties(reader.take(reader.int16()).toString('utf8'));
  if (reader.at !== size) throw new Error(`record of ${size} bytes ends at ${reader.at}`);
  const realCrc = crc32(body) & 0x7fffffff;
  if (realCrc !== bodyCrc) throw new Error(`body CRC ${bodyCrc} at ${physicalOffset}, its bytes give ${realCrc}`);
  return {
    topic,
    queueId,
    queueOffset,
    physicalOffset,
    size,
    bodyCrc,
    flag,
    sysFlag,
    bornTimestamp,
    bornHost: hostText(born),
    storeTimestamp,
    storeHost: hostText(stored),
    reconsumeTimes,
    preparedTransactionOffset,
    bodyLength: body.length,
    bodySha256: sha256(body),
    offsetMsgId: offsetMsgId(stored, physicalOffset),
    properties,
    body,
  };
}

/** Hex SHA-256. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The physical offset inside an offset message id (32 or 56 hex digits). */
export function physicalOffsetOf(msgId: string): number {
  return Number(BigInt(`0x${msgId.slice(-16)}`));
}

/** Writes the properties text of a record or a send request. */
export function formatProperties(properties: Readonly<Record<string, string>>): string {
  return Object.entries(properties)
    .map(([key, value]) => `${key}\u0001${value}\u0002`)
    .join('');
}

function parseProperties(text: string): Record<string, string> {
  const properties: Record<string, string> = {};
  for (const item of text.split('\u0002')) {
    const [key, value, ...rest] = item.split('\u0001');
    if (key !== undefined && value !== undefined && value !== '' && rest.length === 0) properties[key] = value;
  }
  return properties;
}

function hostText(host: Buffer): string {
  const port = host.readInt32BE(host.length - 4);
  if (host.length === 8) return `${host.subarray(0, 4).join('.')}:${port}`;
  return `[${host.subarray(0, 16).toString('hex')}]:${port}`;
}

function offsetMsgId(storeHost: Buffer, physicalOffset: number): string {
  return (storeHost.toString('hex') + physicalOffset.toString(16).padStart(16, '0')).toUpperCase();
}

class Reader {
  at = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  int8(): number {
    return this.#bytes.readInt8(this.#advance(1));
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#advance(2));
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#advance(4));
  }

  int64(): number {
    return Number(this.#bytes.readBigInt64BE(this.#advance(8)));
  }

  take(length: number): Buffer {
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  #advance(length: number): number {
    const start = this.at;
    this.at += length;
    return start;
  }
}
