/**
 * A double as Java's Double.toString prints it: plain between 10^-3 and 10^7, else `d.dddE±n`, always with a digit
 * behind the point. The digits are the shortest that give the number back; Java before 19 sometimes prints one more.
 */
export function javaDoubleText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const [mantissa, power] = Math.abs(value).toExponential().split('e') as [string, string];
  const digits = mantissa.replace('.', '');
  const exponent = Number(power);
  return (value < 0 ? '-' : '') + layOut(digits, exponent);
}

function layOut(digits: string, exponent: number): string {
  if (exponent >= 7 || exponent < -3) return `${digits[0]}.${digits.slice(1) || '0'}E${exponent}`;
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${whole}.${digits.slice(exponent + 1) || '0'}`;
}

/** An integer as Java prints a long; beyond its range the nearest end. Up to 2^53 exact, beyond as the double is. */
export function javaLongText(value: number): string {
  if (Number.isSafeInteger(value)) return value === 0 ? '0' : String(value);
  if (value >= TWO_POW_63) return '9223372036854775807';
  if (value <= -TWO_POW_63) return '-9223372036854775808';
  return BigInt(Math.trunc(value)).toString();
}

const TWO_POW_63 = 2 ** 63;
