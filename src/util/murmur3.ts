/**
 * The low 64 bits of MurmurHash3 x64 128 with seed 0, as two signed 32-bit halves. For names, not for the path of
 * messages: it computes with bigints. Java: Hashing.murmur3_128().hashBytes(bytes).asLong() of Guava.
 */
export function murmur3Low64(bytes: Uint8Array): Murmur3Halves {
  let h1 = 0n;
  let h2 = 0n;
  const blocksEnd = bytes.length - (bytes.length % BLOCK_BYTES);
  for (let at = 0; at < blocksEnd; at += BLOCK_BYTES) {
    h1 ^= mixK1(littleEndian(bytes, at, at + 8));
    h1 = (((rotateLeft(h1, 27n) + h2) & MASK) * 5n + 0x52dce729n) & MASK;
    h2 ^= mixK2(littleEndian(bytes, at + 8, at + BLOCK_BYTES));
    h2 = (((rotateLeft(h2, 31n) + h1) & MASK) * 5n + 0x38495ab5n) & MASK;
  }
  const middle = Math.min(blocksEnd + 8, bytes.length);
  h1 ^= mixK1(littleEndian(bytes, blocksEnd, middle));
  h2 ^= mixK2(littleEndian(bytes, middle, bytes.length));

  const length = BigInt(bytes.length);
  h1 = (h1 ^ length) & MASK;
  h2 = (h2 ^ length) & MASK;
  h1 = (h1 + h2) & MASK;
  h2 = (h2 + h1) & MASK;
  h1 = (finalMix(h1) + finalMix(h2)) & MASK;
  return { low: Number(BigInt.asIntN(32, h1)), high: Number(BigInt.asIntN(32, h1 >> 32n)) };
}

/** 64 bits as two signed 32-bit numbers. */
export interface Murmur3Halves {
  readonly low: number;
  readonly high: number;
}

function mixK1(k1: bigint): bigint {
  return (rotateLeft((k1 * C1) & MASK, 31n) * C2) & MASK;
}

function mixK2(k2: bigint): bigint {
  return (rotateLeft((k2 * C2) & MASK, 33n) * C1) & MASK;
}

function finalMix(hash: bigint): bigint {
  let k = hash ^ (hash >> 33n);
  k = (k * 0xff51afd7ed558ccdn) & MASK;
  k ^= k >> 33n;
  k = (k * 0xc4ceb9fe1a85ec53n) & MASK;
  return k ^ (k >> 33n);
}

function rotateLeft(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (64n - bits))) & MASK;
}

/** Bytes [start, end), at most eight, as a number; 0 for none. */
function littleEndian(bytes: Uint8Array, start: number, end: number): bigint {
  let value = 0n;
  for (let at = end - 1; at >= start; at -= 1) value = (value << 8n) | BigInt(bytes[at] as number);
  return value;
}

const BLOCK_BYTES = 16;
const MASK = 0xffff_ffff_ffff_ffffn;
const C1 = 0x87c37b91114253d5n;
const C2 = 0x4cf5ad432745937fn;
