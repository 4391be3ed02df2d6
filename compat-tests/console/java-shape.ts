import { type JavaValue, javaValueOf, sortedValue } from '../peer/java-json.ts';

/**
 * What is compared of a body in Java's JSON: keys, and the kinds of values. An object keeps its keys, objects as keys
 * (fastjson writes queues that way) and bare numbers included; a list keeps the kinds of its items. `int` and `decimal`
 * are told apart, because Java reads a field as the one or the other. Throws on text that is no such JSON.
 */
export function shapeOf(text: string): string {
  return shape(javaValueOf(text));
}

/** A key stands with its values, which make it the key that it is. */
function shape(value: JavaValue): string {
  if (value.kind === 'scalar') return kindOf(value.text);
  if (value.kind === 'list') return `[${[...new Set(value.items.map(shape))].sort().join('|')}]`;
  const members = value.members.map(([key, held]) => `${sortedValue(key)}:${shape(held)}`);
  return `{${members.sort().join(',')}}`;
}

function kindOf(scalar: string): string {
  if (scalar.startsWith('"')) return 'string';
  if (scalar === 'true' || scalar === 'false') return 'boolean';
  if (scalar === 'null') return 'null';
  if (/^-?\d+$/.test(scalar)) return 'int';
  if (/^-?\d+\.\d+(E-?\d+)?$/.test(scalar)) return 'decimal';
  throw new Error(`what is ${scalar}?`);
}

/** The format of a value: numbers as N, decimals as F, sizes (`6.4 KiB`, `0 B`) as SIZE. */
export function formatOf(text: string): string {
  return text
    .replaceAll(/-?\d+\.\d+ [KMGT]iB|\d+ B\b/g, 'SIZE')
    .replaceAll(/-?\d+\.\d+(E-?\d+)?/g, 'F')
    .replaceAll(/-?\d+/g, 'N');
}
