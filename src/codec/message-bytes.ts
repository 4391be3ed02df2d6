/**
 * Copies source[start, end) to target at `at`. Below 32 bytes a loop is cheaper than the call into the runtime
 * (docs/performance.md).
 */
export function copyBytes(source: Buffer, start: number, end: number, target: Buffer, at: number): void {
  if (end - start >= 32) source.copy(target, at, start, end);
  else for (let index = start; index < end; index++) target[at + index - start] = source[index] as number;
}

/** Writes 32 bits, big-endian. */
export function writeInt32(target: Buffer, at: number, value: number): void {
  target[at] = value >>> 24;
  target[at + 1] = value >>> 16;
  target[at + 2] = value >>> 8;
  target[at + 3] = value;
}

/** Writes 64 bits, big-endian, high and low half apart; a number outside Java's long is cut to its nearest end. */
export function writeInt64(target: Buffer, at: number, value: number): void {
  const outside = value >= TWO_POW_63;
  writeInt32(target, at, outside ? 0x7fffffff : Math.floor(Math.max(value, -TWO_POW_63) / TWO_POW_32));
  writeInt32(target, at + 4, outside ? -1 : value < -TWO_POW_63 ? 0 : value >>> 0);
}

const TWO_POW_32 = 0x100000000;
const TWO_POW_63 = 2 ** 63;

/** Reads a signed int32, big-endian. */
export function readInt32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}

/** Reads a signed int64, big-endian; beyond 2^53, which only foreign bytes reach, the nearest double. */
export function readInt64(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at) * TWO_POW_32 + (readInt32(bytes, at + 4) >>> 0);
}
