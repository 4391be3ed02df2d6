import fc from 'fast-check';
import Long from 'long';
import { describe, expect, it } from 'vitest';
import { DecodeError, type JsonValue, MAX_JSON_DEPTH, parseJson } from './fast-json.ts';
import { JsonWriter, quoteJson, writeJsonValue } from './fast-json-writer.ts';

/** Values with maps shown as lists of pairs, so that one line says all. */
function plain(value: JsonValue | DecodeError): unknown {
  if (value instanceof DecodeError) return `ERROR ${value.message}`;
  if (value instanceof Map) return { map: [...value].map(([key, item]) => [plain(key), plain(item)]) };
  if (Array.isArray(value)) return value.map(plain);
  return Long.isLong(value) ? `${value.toString()}L` : value;
}

const a = (value: unknown) => ({ map: [['a', value]] });

// Every line was put through FastJSON 1.2.61; see compat-tests/vectors for the recorded ones.
const accepted: [string, unknown][] = [
  ['{"a":1}', a(1)],
  ['{a:1}', a(1)],
  ["{'a':'it\\'s'}", a("it's")],
  ['{"a":1,}', a(1)],
  ['{,"a":1,,}', a(1)],
  ['[1,,2,]', [1, 2]],
  ['[1 2]', [1, 2]],
  ['/*c*/{a:/*x*/1}//end', a(1)],
  ['{a:NaN}', a(null)],
  ['{a:undefined}', a(null)],
  ['{a:01}', a(1)],
  ['{a:+1}', a(1)],
  ['{a:-0}', a(0)],
  ['{a:1.}', a(1)],
  ['{a:1e3}', a(1000)],
  ['{a:1L}', a(1)],
  ['{a:1.5D}', a(1.5)],
  ['{a:9007199254740991}', a(9007199254740991)],
  ['{a:9007199254740993}', a('9007199254740993L')],
  ['{a:9223372036854775807}', a('9223372036854775807L')],
  ['{a:-9223372036854775808}', a('-9223372036854775808L')],
  ['{a:12345678901234567890}', a(Number('12345678901234567890'))],
  ['{"a":"\\x41\\v\\0\\/\\u00e9\n\t"}', a('A\v\0/é\n\t')],
  [
    '{0:5,-1:6}',
    {
      map: [
        ['0', 5],
        ['-1', 6],
      ],
    },
  ],
  ['{{"x":1}:5}', { map: [[{ map: [['x', 1]] }, 5]] }],
  ['{$a:1}', { map: [['$a', 1]] }],
  ['{订:1}', { map: [['订', 1]] }],
  [
    '{null:1,true:2}',
    {
      map: [
        ['null', 1],
        ['true', 2],
      ],
    },
  ],
  ['{"a":1,"a":2}', a(2)],
  ['{"__proto__":{"x":1}}', { map: [['__proto__', { map: [['x', 1]] }]] }],
  ['\ufeff{a:1}', a(1)],
  ['{a:1}\f\b', a(1)],
  ['', null],
  [' \t\r\n', null],
  ['null', null],
  ["'a'", 'a'],
];

const refused = [
  '{a:1} x',
  '{a:1}{b:2}',
  '{a:Infinity}',
  '{a:.5}',
  '{a:0x1F}',
  '{"a":"\\q"}',
  '{"a":"\\u12"}',
  '{"a":TRUE}',
  '{"a":nul}',
  '{a b:1}',
  '{a-b:1}',
  '{a.b:1}',
  '{"a":tru',
  '{"a":1',
  '{',
  '[',
  '"a',
  '{"a":1 "b":2}',
  '{"a" 1}',
  '{"a"::1}',
  '{"a":1;"b":2}',
  '{"a":"b""c"}',
  '{a:1e}',
  '{a:--1}',
  '{a:1-2}',
  '{a:1a}',
  '{\u00a0a:1}',
  '<!-- x -->{a:1}',
  '[1,2',
  '{"a":[}',
  '{]',
  '[}',
  '/*',
  '/x',
  '}',
  ']',
  ',',
  '{:1}',
  '{"a":}',
  '"\\',
];

describe('parseJson', () => {
  it.each(accepted)('takes %j', (text, value) => {
    expect(plain(parseJson(text))).toEqual(value);
    expect(plain(parseJson(Buffer.from(text)))).toEqual(value);
  });

  it.each(refused)('refuses %j', (text) => {
    expect(parseJson(text)).toBeInstanceOf(DecodeError);
  });

  it('agrees with JSON.parse on standard JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        const out = new JsonWriter();
        writeJsonValue(parseJson(text) as JsonValue, out);
        expect(JSON.parse(out.text())).toEqual(JSON.parse(text));
      }),
    );
  });

  it('never throws, whatever the text', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ':',
      ',',
      '"',
      "'",
      '\\',
      '/',
      '*',
      'a',
      '1',
      '-',
      'e',
      '.',
      ' ',
      'null',
    );
    const text = fc.oneof(
      fc.array(piece, { maxLength: 30 }).map((all) => all.join('')),
      fc.string({ unit: 'binary' }),
    );
    fc.assert(
      fc.property(text, (each) => void parseJson(each)),
      { numRuns: 3000 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => void parseJson(Buffer.from(bytes))));
  });

  it('bounds the nesting', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    expect(parseJson(nested(MAX_JSON_DEPTH))).toBeInstanceOf(Array);
    expect(plain(parseJson(nested(MAX_JSON_DEPTH + 1)))).toContain('nested deeper');
    expect(plain(parseJson('{a:'.repeat(1_000_000)))).toContain('nested deeper');
    expect(plain(parseJson('{'.repeat(1_000_000)))).toContain('nested deeper');
  });
});

describe('writeJsonValue', () => {
  it('writes what was read', () => {
    const texts = [
      '{"a":[1,-2,0.5,true,false,null,"x"],"b":{}}',
      '{{"x":1}:5}',
      '{"max":9223372036854775807}',
      '[1.0E10]',
    ];
    for (const text of texts) {
      const out = new JsonWriter();
      writeJsonValue(parseJson(text) as JsonValue, out);
      expect(out.text()).toBe(text === '[1.0E10]' ? '[10000000000]' : text);
    }
  });

  it('round-trips every value', () => {
    const leaf = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.boolean(),
      fc.constant(null),
      fc.maxSafeInteger().map((each) => each + 0 || 0),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((each) => each || 0),
      fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }).map((each) => Long.fromString(String(each))),
    );
    const tree = fc.letrec<{ value: JsonValue }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.array(tie('value'), { maxLength: 4 }),
        fc
          .array(fc.tuple(fc.string({ unit: 'binary' }), tie('value')), { maxLength: 4 })
          .map((pairs) => new Map(pairs)),
      ),
    })).value;
    fc.assert(
      fc.property(tree, fc.boolean(), (value, pretty) => {
        const out = new JsonWriter({ pretty });
        writeJsonValue(value as JsonValue, out);
        expect(plain(parseJson(out.text()))).toEqual(plain(value as JsonValue));
      }),
    );
  });
});

describe('quoteJson', () => {
  it('escapes what FastJSON escapes, and nothing else', () => {
    expect(quoteJson('"\\/\b\t\n\f\r\v\u0000\u001f')).toBe('"\\"\\\\/\\b\\t\\n\\f\\r\\u000B\\u0000\\u001F"');
    expect(quoteJson("\u007e\u007f\u009f\u00a0\u2028\u2029\u202a订单'<>&")).toBe(
      '"\u007e\\u007F\\u009F\u00a0\\u2028\\u2029\u202a订单\'<>&"',
    );
  });
});
