import { compareJavaDoubles, parseJavaDouble, parseJavaInt, parseJavaLong } from '../../../util/java-parse.ts';
import type { SqlConstant } from './sql-node.ts';

/** Below 0, 0, above 0; or what Java throws an exception for. */
export type Order = number | 'not a number';

/** How Java orders two values of different types: always as if left were smaller. */
const UNLIKE = -1;

/** Two literals against each other. Java: ComparisonExpression#__compare. */
export function compareConstants(left: SqlConstant | boolean, right: SqlConstant | boolean): Order {
  if (typeof left === 'boolean') {
    if (typeof right === 'boolean') return Number(left) - Number(right);
    // Java casts the boolean to a text, which fails.
    return right.type === 'string' ? 'not a number' : UNLIKE;
  }
  if (typeof right === 'boolean') {
    return left.type === 'string' ? Number(isTrueText(left.value)) - Number(right) : UNLIKE;
  }
  if (left.type === 'string') {
    if (right.type === 'string') return left.value === right.value ? 0 : left.value < right.value ? -1 : 1;
    const parsed = parseAs(right, left.value);
    return parsed === undefined ? 'not a number' : compareNumbers(parsed, right.value);
  }
  if (right.type === 'string') {
    const parsed = parseAs(left, right.value);
    return parsed === undefined ? 'not a number' : compareNumbers(left.value, parsed);
  }
  if (left.type === 'double' || right.type === 'double') {
    return compareJavaDoubles(Number(left.value), Number(right.value));
  }
  return compareNumbers(left.value, right.value);
}

/** A text becomes a number of the other side's type. */
function parseAs({ type }: SqlConstant, text: string): number | bigint | undefined {
  if (type === 'double') return parseJavaDouble(text);
  return type === 'int' ? parseJavaInt(text) : parseJavaLong(text);
}

/** Numbers of one type, or an int and a long. */
export function compareNumbers(left: number | bigint, right: number | bigint): number {
  if (typeof left === 'number' && typeof right === 'number') return compareJavaDoubles(left, right);
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Java: Boolean#valueOf. */
export function isTrueText(text: string): boolean {
  return text.length === 4 && text.toLowerCase() === 'true';
}
