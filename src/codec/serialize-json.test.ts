import { describe, expect, it } from 'vitest';
import { decodeCommand, encodeCommand, JSON_TYPE } from './remoting-command.ts';
import { MOST_FIELDS, ScannedCommand, scanJsonHeader } from './scanned-command.ts';
import { fallBackJsonHeader, MOST_FALL_BACK_BYTES } from './serialize-json.ts';

function scan(text: string): { path: 'fast' | 'fall-back' | 'refused'; scanned: ScannedCommand } {
  const bytes = Buffer.from(text, 'utf8');
  const scanned = new ScannedCommand();
  if (scanJsonHeader(bytes, 0, bytes.length, scanned)) return { path: 'fast', scanned };
  const taken = fallBackJsonHeader(bytes, 0, bytes.length, scanned);
  return { path: taken ? 'fall-back' : 'refused', scanned };
}

function fallBack(text: string): ScannedCommand {
  const { path, scanned } = scan(text);
  expect(path).toBe('fall-back');
  expect(scanned.fellBack).toBe(true);
  return scanned;
}

describe('the fast path', () => {
  it.each([
    [
      'a Java producer',
      '{"code":310,"extFields":{"a":"g","i":"KEYS\\u0001k\\u0002"},"flag":0,"language":"JAVA",' +
        '"opaque":1,"serializeTypeCurrentRPC":"JSON","version":333}',
    ],
    [
      'a Go producer',
      '{"code":10,"language":"GO","version":317,"opaque":1,"flag":0,"remark":"","extFields":{"topic":"T"}}',
    ],
    ['nothing at all', '{}'],
    ['empty extFields', '{"extFields":{},"code":1}'],
  ])('takes the header of %s', (_name, text) => {
    expect(scan(text).path).toBe('fast');
  });

  it('undoes short escapes and \\u0000 to \\u007f in values and remarks', () => {
    const { path, scanned } = scan('{"extFields":{"p":"a\\u0001b\\u007f\\n\\"\\\\\\/"},"remark":"x\\ty"}');
    expect([path, scanned.ext('p'), scanned.remark()]).toEqual(['fast', 'a\u0001b\u007f\n"\\/', 'x\ty']);
  });
});

describe('FastJSON leniency', () => {
  it.each([
    ['white space', ' { "code" : 17 ,\n"opaque":\t5 } '],
    ['keys in another case', '{"Code":17,"OPAQUE":5}'],
    ['keys with _ and -', '{"co_de":17,"opa-que":5}'],
    ['single quotes', "{'code':17,'opaque':5}"],
    ['bare keys', '{code:17,opaque:5}'],
    ['quoted numbers', '{"code":"17","opaque":"+5"}'],
    ['unknown keys with any value', '{"code":17,"opaque":5,"more":{"a":[1,{"b":null}]},"and":null}'],
    [
      'null for absent',
      '{"code":17,"opaque":5,"remark":null,"extFields":null,"flag":null,"version":null,"language":null}',
    ],
    ['numbers with a fraction', '{"code":17.9,"opaque":5}'],
    ['empty text for absent', '{"code":17,"opaque":5,"flag":"","version":"null"}'],
    ['the last of two equal keys', '{"code":3,"code":17,"opaque":5}'],
    ['comments', '{"code":17,/* x */"opaque":5}'],
  ])('%s', (_name, text) => {
    expect(fallBack(text)).toMatchObject({ code: 17, opaque: 5, hasOpaque: true, flag: 0, version: 0, language: 0 });
  });

  it('reads the language as a name in any case or an ordinal; an unknown name is unknown', () => {
    const language = (value: string) => decodeCommand(frameOf(`{"language":${value}}`))?.language;
    expect(language('"go"')).toBe('GO');
    expect(language('9')).toBe('GO');
    expect(language('"KLINGON"')).toBeUndefined();
    expect(decodeCommand(frameOf('{}'))?.language).toBe('JAVA');
    expect(decodeCommand(frameOf('{"language":12}'))).toBeUndefined();
  });

  it('turns numbers, booleans and anything else in extFields into text, and leaves null out', () => {
    const scanned = fallBack(
      '{"extFields":{"n":5,"big":9223372036854775807,"b":true,"x":null,"o":{"k":[1,"t"]},"e":""}}',
    );
    expect(Object.fromEntries(scanned.extFields())).toEqual({
      n: '5',
      big: '9223372036854775807',
      b: 'true',
      o: '{"k":[1,"t"]}',
      e: '',
    });
  });

  it('reads every escape', () => {
    const scanned = fallBack('{"extFields":{"k\\u4E2D":"\\u8ba2\\uD83D\\uDE00"},"remark":"\\x41\\u00e9"}');
    expect([scanned.ext('k中'), scanned.remark()]).toEqual(['订😀', 'Aé']);
  });

  it('puts strings into a buffer of exactly their length', () => {
    const scanned = fallBack('{ "remark": "abc", "extFields": {"k":"订"} }');
    expect(scanned.bytes.toString('utf8')).toBe('abck订');
  });
});

describe('what closes the connection', () => {
  it.each([
    ['nothing', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['a string', '"x"'],
    ['an unclosed object', '{"code":1'],
    ['text behind the object', '{"code":1}x'],
    ['no number', '{"code":"x"}'],
    ['a number beyond 32 bits', '{"code":4294967296}'],
    ['a quoted number beyond 32 bits', '{"code":"99999999999"}'],
    ['an object for a number', '{"code":{}}'],
    ['a list for extFields', '{"extFields":[]}'],
    ['text for extFields', '{"extFields":"x"}'],
    ['an object as a key', '{"extFields":{{}:"x"}}'],
    ['deep nesting', `${'{"a":'.repeat(200)}1${'}'.repeat(200)}`],
  ])('%s', (_name, text) => {
    expect(scan(text).path).toBe('refused');
  });

  it('more fields than the bound', () => {
    const fields = (count: number) =>
      `{"extFields":{${Array.from({ length: count }, (_, i) => `"k${i}":"v${i}"`).join(',')}}}`;
    expect(scan(fields(64)).path).toBe('fast');
    const most = scan(fields(MOST_FIELDS));
    expect([most.path, most.scanned.extFields().size, most.scanned.ext('k1023')]).toEqual(['fall-back', 1024, 'v1023']);
    expect(scan(fields(MOST_FIELDS + 1)).path).toBe('refused');
  });

  it('a long header that needs the fall-back; a compact one may be as long as a frame', () => {
    const value = 'x'.repeat(MOST_FALL_BACK_BYTES);
    expect(scan(`{"extFields":{"k":"${value}"}}`).path).toBe('fast');
    expect(scan(`{ "extFields":{"k":"${value}"}}`).path).toBe('refused');
  });
});

describe('writing', () => {
  it('escapes as FastJSON does', () => {
    const bytes = encodeCommand(
      { code: 0, version: 333, opaque: 1, flag: 1, remark: '"\\\b\f\n\r\t\u0001\u007f\u0085\u2028/é订😀' },
      JSON_TYPE,
    );
    expect(bytes.subarray(8).toString('utf8')).toBe(
      '{"code":0,"flag":1,"language":"JAVA","opaque":1,' +
        '"remark":"\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u007F\\u0085\\u2028/é订😀",' +
        '"serializeTypeCurrentRPC":"JSON","version":333}',
    );
  });
});

function frameOf(header: string): Buffer {
  const bytes = Buffer.alloc(4 + header.length);
  bytes.writeInt32BE(header.length);
  bytes.write(header, 4, 'latin1');
  return bytes;
}
