/**
 * JSON string text as bytes: escapes are undone while copying, without a string on the way. The hot path meets
 * `\u0001` and `\u0002` in every properties value.
 */

export const BACKSLASH = 0x5c;
const QUOTE = 0x22;
const LETTER_U = 0x75;

/** Value of an ASCII hex digit, or -1. */
function hexValue(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/**
 * Copies JSON string text (without its quotes) from `source[start, end)` to `target` at `targetPosition`, undoing
 * escapes. Handles the short escapes and `\u0000`–`\u007f`; the scanner sends every other escape to the slow path, so
 * here it is malformed. Never writes more than `end - start` bytes.
 * @returns the position behind the copied text, or -1 when malformed or when it would pass the end of `target`.
 */
export function unescapeJsonInto(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  targetPosition: number,
): number {
  let out = targetPosition;
  const limit = target.length;
  for (let at = start; at < end; at++) {
    const byte = source[at] as number;
    if (out >= limit) return -1;
    if (byte !== BACKSLASH) {
      target[out++] = byte;
      continue;
    }
    const value = escapedByte(source, at, end);
    if (value < 0) return -1;
    target[out++] = value;
    at += escapeBytes(source, at) - 1;
  }
  return out;
}

/** The byte that the escape at `at`, where a backslash stands, means; -1 when it is malformed. */
export function escapedByte(source: Uint8Array, at: number, end: number): number {
  if (at + 1 >= end) return -1;
  if (source[at + 1] !== LETTER_U) return shortEscape(source[at + 1] as number);
  return at + 5 < end ? asciiEscape(source, at + 2) : -1;
}

/** Length of the well-formed escape at `at`. */
export function escapeBytes(source: Uint8Array, at: number): number {
  return source[at + 1] === LETTER_U ? 6 : 2;
}

/** Value of the four hex digits at `at` when it is below 0x80, else -1. */
export function asciiEscape(source: Uint8Array, at: number): number {
  if (source[at] !== 0x30 || source[at + 1] !== 0x30) return -1;
  const high = hexValue(source[at + 2] as number);
  const low = hexValue(source[at + 3] as number);
  return high < 0 || high > 7 || low < 0 ? -1 : high * 16 + low;
}

/** The byte that a short escape such as `\n` stands for, or -1. */
export function shortEscape(letter: number): number {
  switch (letter) {
    case QUOTE:
    case BACKSLASH:
    case 0x2f:
      return letter;
    case 0x62:
      return 8;
    case 0x66:
      return 12;
    case 0x6e:
      return 10;
    case 0x72:
      return 13;
    case 0x74:
      return 9;
    default:
      return -1;
  }
}
