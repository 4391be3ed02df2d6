import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  commandOf,
  decodeCommand,
  encodeCommand,
  JSON_TYPE,
  type RemotingCommand,
  ROCKETMQ_TYPE,
} from './remoting-command.ts';
import { languages, ScannedCommand, scanJsonHeader } from './scanned-command.ts';
import { fallBackJsonHeader } from './serialize-json.ts';

const int = fc.integer({ min: -0x80000000, max: 0x7fffffff });
const short = fc.integer({ min: -0x8000, max: 0x7fff });
/** No lone surrogates: they are no UTF-8. */
const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.string());
const command: fc.Arbitrary<RemotingCommand> = fc.record({
  code: short,
  language: fc.constantFrom(...languages),
  version: short,
  opaque: int,
  flag: int,
  remark: fc.option(
    text.filter((remark) => remark !== ''),
    { nil: undefined },
  ),
  extFields: fc.option(
    fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 80 }).map((entries) => new Map(entries)),
    { nil: undefined },
  ),
  body: fc.option(
    fc.uint8Array({ minLength: 1 }).map((bytes) => Buffer.from(bytes)),
    { nil: undefined },
  ),
});

/** Pieces of headers, good and broken, that are put together at random. */
const piece = fc.constantFrom(
  ...[
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    '"',
    "'",
    ' ',
    '\\',
    '\\u0001',
    '\\u00e9',
    '\\n',
    '\\x41',
    '/*',
    '*/',
    'é',
    '\u0001',
  ],
  ...[
    '"code":',
    '"Code":',
    '"flag":0',
    '"opaque":7',
    '"version":333',
    '"language":"JAVA"',
    '"language":"go"',
    '"remark":',
  ],
  ...['"extFields":{', '"k":"v"', '"k":5', '"k":null', '"":""', '"extFields":{}', '"code":1', '"remark":"r"', '"x":1'],
  ...['1', '-0', '007', '4294967296', '1.5', 'true', 'null', '"v"', '"a\\u0002b"', '"serializeTypeCurrentRPC":"JSON"'],
);
const almostHeader = fc.oneof(
  fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join('')),
  fc.array(piece, { maxLength: 8 }).map((pieces) => `{${pieces.join(',')}}`),
  fc.array(piece, { maxLength: 8 }).map((pieces) => `{"code":1,"extFields":{${pieces.join(',')}}}`),
);

function fast(bytes: Buffer): RemotingCommand | undefined {
  const out = new ScannedCommand();
  return scanJsonHeader(bytes, 0, bytes.length, out) ? commandOf(out, undefined) : undefined;
}

function slow(bytes: Buffer): RemotingCommand | undefined {
  const out = new ScannedCommand();
  return fallBackJsonHeader(bytes, 0, bytes.length, out) ? commandOf(out, undefined) : undefined;
}

describe('the scanner', () => {
  it('reads back whatever was written, in both serializations', () => {
    fc.assert(
      fc.property(command, (value) => {
        for (const type of [JSON_TYPE, ROCKETMQ_TYPE]) {
          const frame = encodeCommand(value, type);
          expect(frame.readInt32BE(0)).toBe(frame.length - 4);
          expect(decodeCommand(frame, 4)).toEqual(value);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('gives what the fall-back gives, wherever it takes a header', () => {
    let taken = 0;
    fc.assert(
      fc.property(fc.oneof(almostHeader, command.map(headerText)), (header) => {
        const bytes = Buffer.from(header, 'utf8');
        const scanned = fast(bytes);
        if (scanned === undefined) return;
        taken += 1;
        expect(slow(bytes)).toEqual(scanned);
      }),
      { numRuns: 5000 },
    );
    expect(taken).toBeGreaterThan(500);
  });

  it('never throws, whatever the bytes', () => {
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      almostHeader.map((header) => Buffer.from(header, 'latin1')),
      fc.tuple(command, fc.constantFrom(JSON_TYPE, ROCKETMQ_TYPE), fc.nat(), fc.nat(255)).map(mutated),
    );
    fc.assert(
      fc.property(anything, fc.constantFrom(0, 1, 2), (bytes, type) => {
        decodeCommand(bytes);
        const frame = Buffer.concat([Buffer.alloc(4), bytes]);
        frame.writeUInt32BE(((type << 24) | bytes.length) >>> 0);
        decodeCommand(frame);
      }),
      { numRuns: 5000 },
    );
  });
});

function headerText(value: RemotingCommand): string {
  const frame = encodeCommand({ ...value, body: undefined }, JSON_TYPE);
  return frame.toString('utf8', 8);
}

function mutated([value, type, position, byte]: [RemotingCommand, number, number, number]): Buffer {
  const frame = encodeCommand(value, type).subarray(4);
  frame[position % frame.length] = byte;
  return frame;
}
