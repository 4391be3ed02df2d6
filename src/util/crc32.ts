import { crc32 as zlibCrc32 } from 'node:zlib';

/** Above this length the call into zlib is cheaper than eight table look-ups per eight bytes (docs/performance.md). */
const ZLIB_FROM_BYTES = 256;

/** CRC-32 (zlib polynomial) of bytes[start, end) as an unsigned 32-bit number. Java: UtilAll#crc32 without its mask. */
export function crc32(bytes: Uint8Array, start: number, end: number): number {
  if (end - start >= ZLIB_FROM_BYTES) return zlibCrc32(bytes.subarray(start, end));
  return sliceBy8(bytes, start, end) >>> 0;
}

/** The CRC stored in a record and in a registration header: CRC-32 with its top bit cleared. Java: UtilAll#crc32. */
export function bodyCrc(bytes: Uint8Array, start: number, end: number): number {
  if (end - start >= ZLIB_FROM_BYTES) return zlibCrc32(bytes.subarray(start, end)) & 0x7fffffff;
  return sliceBy8(bytes, start, end) & 0x7fffffff;
}

/** Slicing-by-8: eight bytes per step from eight tables of 256 entries, laid end to end. */
function sliceBy8(bytes: Uint8Array, start: number, end: number): number {
  const table = TABLE;
  let crc = -1;
  let at = start;
  for (const last = end - 8; at <= last; at += 8) {
    crc ^=
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24);
    crc =
      (table[1792 + (crc & 0xff)] as number) ^
      (table[1536 + ((crc >>> 8) & 0xff)] as number) ^
      (table[1280 + ((crc >>> 16) & 0xff)] as number) ^
      (table[1024 + (crc >>> 24)] as number) ^
      (table[768 + (bytes[at + 4] as number)] as number) ^
      (table[512 + (bytes[at + 5] as number)] as number) ^
      (table[256 + (bytes[at + 6] as number)] as number) ^
      (table[bytes[at + 7] as number] as number);
  }
  for (; at < end; at++) {
    crc = (crc >>> 8) ^ (table[(crc ^ (bytes[at] as number)) & 0xff] as number);
  }
  return ~crc;
}

const TABLE = buildTable();

function buildTable(): Int32Array {
  const table = new Int32Array(8 * 256);
  for (let n = 0; n < 256; n++) {
    let value = n;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    table[n] = value;
  }
  for (let n = 0; n < 256; n++) {
    let value = table[n] as number;
    for (let slice = 1; slice < 8; slice++) {
      value = (value >>> 8) ^ (table[value & 0xff] as number);
      table[slice * 256 + n] = value;
    }
  }
  return table;
}
