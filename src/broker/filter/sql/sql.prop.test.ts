import fc from 'fast-check';
import { expect, it } from 'vitest';
import { eachProperty, parseProperties } from '../../../codec/message-properties.ts';
import { SqlCondition } from './sql-compile.ts';
import { compileSql } from './sql-filter.ts';

const piece = fc.constantFrom(
  ...[
    'a',
    ' ',
    '=',
    '<',
    '>',
    '(',
    ')',
    "'",
    ',',
    '-',
    '+',
    '.',
    '5',
    '0',
    'e',
    '/*',
    '*/',
    '--',
    '\n',
    '\t',
    '中',
    '?',
  ],
  ...['NOT', 'AND', 'OR', 'BETWEEN', 'IN', 'TRUE', 'NULL', 'IS', 'L'],
);

it('any text is compiled or refused, and any bytes are an answer', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), fc.uint8Array({ maxLength: 40 }), (pieces, properties) => {
      const compiled = compileSql(pieces.join(''));
      if (!(compiled instanceof SqlCondition)) return;
      expect([true, false, undefined, 'error']).toContain(
        compiled.evaluate(Buffer.from(properties), 0, properties.length),
      );
    }),
  );
});

it('every property is found where the decoder finds it', () => {
  const letter = fc.constantFrom('a', 'b', '\u0001', '\u0002', 'é');
  fc.assert(
    fc.property(fc.array(letter, { maxLength: 24 }), (letters) => {
      const text = letters.join('');
      const bytes = Buffer.from(`xx${text}\u0001`);
      const found = new Map<string, string>();
      eachProperty(bytes, 2, bytes.length - 1, (nameStart, nameEnd, valueStart, valueEnd) => {
        found.set(bytes.toString('utf8', nameStart, nameEnd), bytes.toString('utf8', valueStart, valueEnd));
      });
      expect(found).toEqual(parseProperties(text));
    }),
  );
});
