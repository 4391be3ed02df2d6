/** Java's `Integer.valueOf(String)`; undefined where it throws NumberFormatException. */
export function parseJavaInt(text: string): number | undefined {
  const value = parseJavaLong(text);
  return value === undefined || value > MAX_INT || value < -MAX_INT - 1n ? undefined : Number(value);
}

/**
 * Java's `Long.valueOf(String)`: an optional sign and decimal digits, of any script within the first 65,536
 * characters. undefined where it throws NumberFormatException.
 */
export function parseJavaLong(text: string): bigint | undefined {
  if (SMALL.test(text)) return BigInt(text);
  const signed = text.startsWith('-') || text.startsWith('+');
  const digits = signed ? text.slice(1) : text;
  if (!DIGITS.test(digits) || SURROGATE.test(digits)) return undefined;
  const significant = digits.replace(LETTERS_OF_DIGITS, digitOf).replace(/^0+(?=.)/, '');
  if (significant.length > MOST_LONG_DIGITS) return undefined;
  const value = text.startsWith('-') ? -BigInt(significant) : BigInt(significant);
  return value > MAX_LONG || value < -MAX_LONG - 1n ? undefined : value;
}

/** Java's `Double.valueOf(String)`; undefined where it throws NumberFormatException. */
export function parseJavaDouble(text: string): number | undefined {
  const trimmed = trimmedAsJava(text);
  const decimal = DECIMAL.exec(trimmed);
  if (decimal?.[1] !== undefined) return Number(decimal[1]);
  const named = NAMED.exec(trimmed);
  if (named !== null) {
    const value = named[2] === 'NaN' ? Number.NaN : Number.POSITIVE_INFINITY;
    return named[1] === '-' ? -value : value;
  }
  const hex = HEX.exec(trimmed);
  return hex === null ? undefined : hexDouble(hex);
}

/**
 * Java's `Double.compareTo`: NaN is equal to itself and above everything, −0 below 0.
 * @returns below 0, 0 or above 0
 */
export function compareJavaDoubles(left: number, right: number): number {
  if (left < right) return -1;
  if (left > right) return 1;
  if (Object.is(left, right)) return 0;
  if (Number.isNaN(left)) return 1;
  if (Number.isNaN(right)) return -1;
  return Object.is(left, -0) ? -1 : 1;
}

/** Java's `String.trim`: everything up to the space goes, on both ends. */
function trimmedAsJava(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && text.charCodeAt(start) <= 0x20) start++;
  while (end > start && text.charCodeAt(end - 1) <= 0x20) end--;
  return text.slice(start, end);
}

/** Digits of one script stand in a row, zero first. */
function digitOf(digit: string): string {
  let zero = digit.charCodeAt(0);
  while (DIGITS.test(String.fromCharCode(zero - 1))) zero--;
  return String((digit.charCodeAt(0) - zero) % 10);
}

/** Sign, whole, fraction, exponent of a hexadecimal number, rounded once to the nearest double. */
function hexDouble([, sign, whole = '', fraction = '', exponentText = '']: RegExpExecArray): number {
  const digits = (whole + fraction).replace(/^0+/, '');
  // A digit that is not zero behind the 40th can only break a tie.
  const kept = digits.slice(0, MOST_HEX_DIGITS);
  const rest = /[^0]/.test(digits.slice(MOST_HEX_DIGITS)) ? 1n : 0n;
  const mantissa = kept === '' ? 0n : (BigInt(`0x${kept}`) << 1n) | rest;
  const dropped = Math.max(0, digits.length - MOST_HEX_DIGITS);
  const exponent = Number(exponentText) - 4 * fraction.length + 4 * dropped - 1;
  const value = scaled(mantissa, exponent);
  return sign === '-' ? -value : value;
}

/** mantissa · 2^exponent, ties to even. */
function scaled(mantissa: bigint, exponent: number): number {
  if (mantissa === 0n) return 0;
  const bits = mantissa.toString(2).length;
  const top = bits + exponent;
  if (top > 1024) return Number.POSITIVE_INFINITY;
  if (top < -1075) return 0;
  // A double has 53 bits, fewer the closer it is to zero.
  const lowest = Math.max(top - 53, -1074);
  const shift = lowest - exponent;
  const rounded = shift <= 0 ? mantissa << BigInt(-shift) : halfEven(mantissa, BigInt(shift));
  const half = Math.trunc(lowest / 2);
  return Number(rounded) * 2 ** half * 2 ** (lowest - half);
}

function halfEven(mantissa: bigint, shift: bigint): bigint {
  const floor = mantissa >> shift;
  const rest = mantissa - (floor << shift);
  const half = 1n << (shift - 1n);
  return rest > half || (rest === half && (floor & 1n) === 1n) ? floor + 1n : floor;
}

const MAX_INT = 2n ** 31n - 1n;
const MAX_LONG = 2n ** 63n - 1n;
const MOST_LONG_DIGITS = 19;
const MOST_HEX_DIGITS = 40;
const SMALL = /^-?[0-9]{1,15}$/;
/** Of the basic plane only: Java looks at 16 bits at a time. */
const DIGITS = /^\p{Nd}+$/u;
const SURROGATE = /[\ud800-\udfff]/;
const LETTERS_OF_DIGITS = /[^0-9]/gu;
const DECIMAL = /^([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)[fFdD]?$/;
const NAMED = /^([+-]?)(NaN|Infinity)$/;
const HEX = /^([+-]?)0[xX](?=\.?[0-9a-fA-F])([0-9a-fA-F]*)\.?([0-9a-fA-F]*)[pP]([+-]?[0-9]+)[fFdD]?$/;
