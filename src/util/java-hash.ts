/** `String.hashCode()` of a text, continued from `seed`: hash(a + b) = javaStringHash(b, javaStringHash(a)). */
export function javaStringHash(text: string, seed = 0): number {
  let hash = seed;
  for (let at = 0; at < text.length; at++) hash = (Math.imul(31, hash) + text.charCodeAt(at)) | 0;
  return hash;
}

/**
 * `String.hashCode()` of the text that Java decodes from the UTF-8 bytes [start, end), continued from `seed`.
 * Malformed bytes count as U+FFFD exactly where Java's decoder puts one. Java: new String(bytes, UTF_8).hashCode().
 */
export function javaStringHashOfUtf8(bytes: Uint8Array, start: number, end: number, seed = 0): number {
  let hash = seed;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte >= 0x80) return hashOfWideUtf8(bytes, at, end, hash);
    hash = (Math.imul(31, hash) + byte) | 0;
  }
  return hash;
}

const REPLACEMENT = 0xfffd;

function hashOfWideUtf8(bytes: Uint8Array, start: number, end: number, seed: number): number {
  let hash = seed;
  let at = start;
  while (at < end) {
    const sequence = readSequence(bytes, at, end);
    const code = sequence & 0xffffff;
    at += sequence >>> 24;
    if (code < 0x10000) {
      hash = (Math.imul(31, hash) + code) | 0;
    } else {
      hash = (Math.imul(31, hash) + (0xd7c0 + (code >>> 10))) | 0;
      hash = (Math.imul(31, hash) + (0xdc00 | (code & 0x3ff))) | 0;
    }
  }
  return hash;
}

/** The code point at `at` in the low 24 bits, the count of its bytes above them. */
function readSequence(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at] as number;
  if (first < 0x80) return found(first, 1);
  if (first >= 0xc2 && first <= 0xdf) return readTwo(bytes, at, end, first);
  if (first >= 0xe0 && first <= 0xef) return readThree(bytes, at, end, first);
  if (first >= 0xf0 && first <= 0xf4) return readFour(bytes, at, end, first);
  return found(REPLACEMENT, 1);
}

function readTwo(bytes: Uint8Array, at: number, end: number, first: number): number {
  if (at + 1 >= end || !isContinuation(bytes[at + 1] as number)) return found(REPLACEMENT, 1);
  return found(((first & 0x1f) << 6) | ((bytes[at + 1] as number) & 0x3f), 2);
}

/** An encoded surrogate is one replacement for its three bytes in Java, three in the WHATWG decoder of Node. */
function readThree(bytes: Uint8Array, at: number, end: number, first: number): number {
  if (at + 1 >= end) return found(REPLACEMENT, 1);
  const second = bytes[at + 1] as number;
  if (!isContinuation(second) || (first === 0xe0 && second < 0xa0)) return found(REPLACEMENT, 1);
  if (at + 2 >= end || !isContinuation(bytes[at + 2] as number)) return found(REPLACEMENT, 2);
  const code = ((first & 0x0f) << 12) | ((second & 0x3f) << 6) | ((bytes[at + 2] as number) & 0x3f);
  return found(code >= 0xd800 && code <= 0xdfff ? REPLACEMENT : code, 3);
}

function readFour(bytes: Uint8Array, at: number, end: number, first: number): number {
  if (at + 1 >= end) return found(REPLACEMENT, 1);
  const second = bytes[at + 1] as number;
  if (!isContinuation(second) || (first === 0xf0 && second < 0x90) || (first === 0xf4 && second > 0x8f)) {
    return found(REPLACEMENT, 1);
  }
  if (at + 2 >= end || !isContinuation(bytes[at + 2] as number)) return found(REPLACEMENT, 2);
  if (at + 3 >= end || !isContinuation(bytes[at + 3] as number)) return found(REPLACEMENT, 3);
  const low = (((bytes[at + 2] as number) & 0x3f) << 6) | ((bytes[at + 3] as number) & 0x3f);
  return found(((first & 0x07) << 18) | ((second & 0x3f) << 12) | low, 4);
}

function found(codePoint: number, length: number): number {
  return codePoint | (length << 24);
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

const FIRST_BUCKETS = 16;

/**
 * Things in the order in which a Java HashMap or HashSet that was filled with them one after another gives them out.
 * Exact as long as no bucket has eight or more of them, which Java makes a tree of. `hashOf` is hashCode().
 */
export function inJavaHashOrder<T>(things: Iterable<T>, hashOf: (thing: T) => number): T[] {
  const all = [...things];
  let buckets = FIRST_BUCKETS;
  while (all.length > buckets * 0.75) buckets *= 2;
  const bucketOf = (thing: T): number => {
    const hash = hashOf(thing);
    return (hash ^ (hash >>> 16)) & (buckets - 1);
  };
  return all
    .map((thing, index) => ({ thing, index, bucket: bucketOf(thing) }))
    .sort((a, b) => a.bucket - b.bucket || a.index - b.index)
    .map(({ thing }) => thing);
}
