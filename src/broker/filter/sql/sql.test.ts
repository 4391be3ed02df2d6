import { describe, expect, it } from 'vitest';
import type { SqlCondition } from './sql-compile.ts';
import { SqlError } from './sql-error.ts';
import { compileSql } from './sql-filter.ts';

// What expressions mean is nailed down by Java's answers in compat-tests/vectors/data/sql; here are our own bounds.

const truth = (expression: string, properties: string): unknown => {
  const compiled = compileSql(expression);
  if (compiled instanceof SqlError) return compiled.message;
  const bytes = Buffer.from(properties);
  return compiled.evaluate(bytes, 0, bytes.length);
};

describe('an expression', () => {
  it('reads properties as the decoder of a message does: last of equal names, no broken pairs', () => {
    expect(truth('a = 2', 'a\u00011\u0002a\u00012\u0002')).toBe(true);
    expect(truth('a IS NULL', 'a\u0001\u0002a\u0001x\u0001y\u0002aa\u00011\u0002')).toBe(true);
    expect(truth('a = 5', 'b\u00011\u0002a\u00015')).toBe(true);
    expect(truth("a = '中'", 'é\u0001x\u0002a\u0001中\u0002')).toBe(true);
  });

  it('may be asked again, and remembers nothing of the message before', () => {
    const compiled = compileSql('a > 5') as SqlCondition;
    const ask = (text: string) => compiled.evaluate(Buffer.from(text), 0, Buffer.byteLength(text));
    expect(['a\u00016\u0002', '', 'a\u0001x\u0002', 'a\u00015\u0002', 'a\u00017\u0002'].map(ask)).toEqual([
      true,
      undefined,
      'error',
      false,
      true,
    ]);
  });

  it.each([
    ['parentheses', `${'('.repeat(100_000)}a${')'.repeat(100_000)}`, 'characters'],
    ['parentheses', `${'('.repeat(20_000)}a${')'.repeat(20_000)}`, 'levels'],
    ['NOT', `${'NOT '.repeat(10_000)}a`, 'levels'],
    ['minus signs', `a = ${'- '.repeat(10_000)}5`, 'levels'],
    ['plus signs', `a = ${'+ '.repeat(10_000)}5`, 'levels'],
    ['comparisons in a row', `a${' = TRUE'.repeat(3_000)}`, 'levels'],
    ['null tests in a row', `a${' IS NULL'.repeat(3_000)}`, 'levels'],
    ['alternatives', `a = 1${' OR a = 1'.repeat(5_000)}`, 'parts'],
  ])('with too many %s is refused, and not by an exhausted stack', (_, expression, what) => {
    const refused = compileSql(expression);
    expect(refused).toMatchObject({ name: 'SqlError', tooLarge: true });
    expect((refused as SqlError).message).toContain(what);
  });

  it('may have a thousand alternatives, a list of thousands, and a hundred levels', () => {
    expect(truth(`a = 0${' OR a = 1'.repeat(1_000)}`, 'a\u00011\u0002')).toBe(true);
    const list = Array.from({ length: 5_000 }, (_, at) => `'${at}'`).join(',');
    expect(truth(`a IN (${list})`, 'a\u00014999\u0002')).toBe(true);
    expect(truth(`${'('.repeat(100)}a = 1${')'.repeat(100)}`, 'a\u00011\u0002')).toBe(true);
  });

  it('is compiled once while it is among the last hundred', () => {
    const first = compileSql('kept = 1');
    expect(compileSql('kept = 1')).toBe(first);
    for (let other = 0; other < 100; other++) compileSql(`other = ${other}`);
    expect(compileSql('kept = 1')).not.toBe(first);
  });
});
