/** What a load client needs of a response. */
export interface ResponseHead {
  code: number;
  opaque: number;
  /** Of all responses read into this object: those whose header was not of the usual form and had to be parsed. */
  parsedWhole: number;
}

const headerAt = 8;
const codeKey = Buffer.from('{"code":');
const tail = Buffer.from(',"serializeTypeCurrentRPC":"JSON","version":333}');
const opaqueKey = Buffer.from('"opaque":');

export function newResponseHead(): ResponseHead {
  return { code: 0, opaque: 0, parsedWhole: 0 };
}

/**
 * Reads code and opaque of a response with a JSON header, from the bytes where both brokers write them; any other form
 * is parsed whole. `start` is that of the length prefix. Throws when it is neither, or a request.
 */
export function readResponse(bytes: Buffer, start: number, end: number, into: ResponseHead): void {
  const word = bytes.readInt32BE(start + 4);
  const headerEnd = start + headerAt + (word & 0xffffff);
  if (word >>> 24 !== 0 || headerEnd > end) throw new Error('a response whose header is not JSON');
  if (!readUsual(bytes, start + headerAt, headerEnd, into)) parseWhole(bytes, start + headerAt, headerEnd, into);
}

function readUsual(bytes: Buffer, from: number, headerEnd: number, into: ResponseHead): boolean {
  if (headerEnd - from < 100 || !isAt(bytes, from, codeKey)) return false;
  let at = from + codeKey.length;
  let code = 0;
  for (; isDigit(bytes[at]); at++) code = code * 10 + digit(bytes[at]);
  if (bytes[at] !== 0x2c) return false;
  let last = headerEnd - tail.length;
  if (!isAt(bytes, last, tail)) return false;
  let opaque = 0;
  let unit = 1;
  for (last--; isDigit(bytes[last]); last--) {
    opaque += digit(bytes[last]) * unit;
    unit *= 10;
  }
  if (unit === 1 || !isAt(bytes, last + 1 - opaqueKey.length, opaqueKey)) return false;
  into.code = code;
  into.opaque = opaque;
  return true;
}

function parseWhole(bytes: Buffer, from: number, headerEnd: number, into: ResponseHead): void {
  const header = JSON.parse(bytes.toString('utf8', from, headerEnd)) as { code: number; flag: number; opaque: number };
  if ((header.flag & 1) === 0) throw new Error(`the broker sent request ${header.code}`);
  into.code = header.code;
  into.opaque = header.opaque;
  into.parsedWhole++;
}

function isAt(bytes: Buffer, at: number, expected: Buffer): boolean {
  for (let index = 0; index < expected.length; index++) {
    if (bytes[at + index] !== expected[index]) return false;
  }
  return true;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

function digit(byte: number | undefined): number {
  return (byte ?? 0x30) - 0x30;
}
