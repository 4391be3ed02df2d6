import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commands } from './commands.ts';
import { OutputBuffer } from './output-buffer.ts';
import { decodeCommand } from './remoting-command.ts';
import { ResponseTemplate, writeResponse } from './response-template.ts';

const text = (out: OutputBuffer, start = 0) => out.bytes.toString('utf8', start + 8, out.length);
const END = '"serializeTypeCurrentRPC":"JSON","version":333}';

describe('writeResponse', () => {
  const write = (
    ...[row, parts]: [Parameters<typeof writeResponse>[1], Partial<Parameters<typeof writeResponse>[2]>]
  ) => {
    const out = new OutputBuffer(4);
    const frameBytes = writeResponse(out, row, { code: 0, opaque: 7, bodyBytes: 0, ...parts });
    expect(out.bytes.readInt32BE(0)).toBe(frameBytes - 4);
    expect(frameBytes).toBe(out.length + (parts.bodyBytes ?? 0));
    expect(decodeCommand(out.bytes, 4, out.length)).toBeDefined();
    return text(out);
  };

  it('has no extFields when Java has no header class', () => {
    expect(write(commands.HEART_BEAT, {})).toBe(`{"code":0,"flag":1,"language":"JAVA","opaque":7,${END}`);
  });

  it('has empty extFields when Java has a header class and no value', () => {
    const expected = `{"code":0,"extFields":{},"flag":1,"language":"JAVA","opaque":-7,${END}`;
    expect(write(commands.UPDATE_CONSUMER_OFFSET, { opaque: -7 })).toBe(expected);
    expect(write(commands.REGISTER_BROKER, { opaque: -7, header: { masterAddr: undefined } })).toBe(expected);
  });

  it('writes every value as text', () => {
    expect(write(commands.QUERY_DATA_VERSION, { header: { changed: false } })).toContain(
      '"extFields":{"changed":"false"}',
    );
    expect(write(commands.GET_MAX_OFFSET, { header: { offset: 4611686018427 } })).toContain(
      '{"offset":"4611686018427"}',
    );
    expect(write(commands.GET_KV_CONFIG, { header: { value: 'a"\u0001订' } })).toContain('{"value":"a\\"\\u0001订"}');
  });

  it('writes longs beyond 2^53, which a client may have committed', () => {
    const out = new OutputBuffer(4);
    writeResponse(out, commands.QUERY_CONSUMER_OFFSET, {
      code: 0,
      opaque: 1,
      bodyBytes: 0,
      header: { offset: 2 ** 63 },
    });
    expect(decodeCommand(out.bytes, 4, out.length)?.extFields?.get('offset')).toBe('9223372036854775807');
  });

  it('has the remark in its place and counts a body that follows', () => {
    expect(write(commands.HEART_BEAT, { code: 1, remark: 'x "y"\n', bodyBytes: 5 })).toBe(
      `{"code":1,"flag":1,"language":"JAVA","opaque":7,"remark":"x \\"y\\"\\n",${END}`,
    );
  });

  it('answers a request code without a row', () => {
    expect(write(undefined, { code: 3, remark: ' request type 9999 not supported' })).not.toContain('extFields');
  });
});

describe('ResponseTemplate', () => {
  it('writes what writeResponse writes', () => {
    const template = new ResponseTemplate(commands.SEND_MESSAGE_V2, {
      code: 10,
      remark: 'a "remark"',
      constants: { MSG_REGION: 'DefaultRegion', TRACE_ON: 'true' },
      fields: ['msgId', 'queueId', 'queueOffset'],
    });
    const out = new OutputBuffer(4);
    out.text('before');
    const frame = template.begin(out);
    out.text('7F00000100002A9F');
    out.hex64(0x1234_5678_9abc);
    template.next(out);
    out.decimal(3);
    template.next(out);
    out.decimal(0);
    const frameBytes = template.end(out, frame, 1010, 9);
    const header = {
      MSG_REGION: 'DefaultRegion',
      TRACE_ON: 'true',
      msgId: '7F00000100002A9F0000123456789ABC',
      queueId: 3,
      queueOffset: 0,
    };
    expect(frame).toBe(6);
    expect(out.bytes.readInt32BE(6)).toBe(frameBytes - 4);
    const answer = decodeCommand(out.bytes, 10, out.length);
    expect(answer).toEqual(
      cold(commands.SEND_MESSAGE_V2, { code: 10, remark: 'a "remark"', opaque: 1010, bodyBytes: 9, header }),
    );
    expect(text(out, 6)).toMatch(
      /^\{"code":10,"extFields":\{"MSG_REGION":"DefaultRegion","TRACE_ON":"true","msgId":"7F/,
    );
  });

  it.each(['HEART_BEAT', 'UPDATE_CONSUMER_OFFSET', 'PULL_MESSAGE'] as const)(
    'may have no varying field: %s',
    (name) => {
      const template = new ResponseTemplate(commands[name], { code: 0, fields: [] });
      const out = new OutputBuffer(4);
      template.end(out, template.begin(out), 5, 0);
      expect(decodeCommand(out.bytes, 4, out.length)).toEqual(
        cold(commands[name], { code: 0, opaque: 5, bodyBytes: 0 }),
      );
    },
  );

  it('notices a field that was left out', () => {
    const template = new ResponseTemplate(commands.GET_MAX_OFFSET, { code: 0, fields: ['offset'] });
    const two = new ResponseTemplate(commands.PULL_MESSAGE, { code: 0, fields: ['minOffset', 'maxOffset'] });
    const out = new OutputBuffer(4);
    expect(() => two.end(out, two.begin(out), 1, 0)).toThrow('fields left out');
    expect(() => template.end(out, template.begin(out), 1, 0)).not.toThrow();
  });
});

describe('OutputBuffer', () => {
  it.each([0, 7, 10, 4294967295, 4294967296, 9007199254740991, -1, -9007199254740991, 1700000000000])(
    'decimal %d',
    (value) => {
      const out = new OutputBuffer(1);
      out.decimal(value);
      expect(out.bytes.toString('latin1', 0, out.length)).toBe(String(value));
    },
  );

  it('writes any safe integer as JavaScript does', () => {
    const whole = fc.oneof(
      fc.maxSafeInteger(),
      fc.integer(),
      fc.nat(2_000_000_000).map((n) => n * 1_000_000),
    );
    fc.assert(
      fc.property(whole, (value) => {
        const out = new OutputBuffer(1);
        out.decimal(value);
        expect(out.bytes.toString('latin1', 0, out.length)).toBe(String(value));
      }),
      { numRuns: 1000 },
    );
  });

  it('writes texts of any length and letters, plain and for JSON', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (value) => {
        const out = new OutputBuffer(1);
        out.text(value);
        expect(out.bytes.toString('utf8', 0, out.length)).toBe(value);
        out.length = 0;
        out.jsonText(value);
        expect(JSON.parse(`"${out.bytes.toString('utf8', 0, out.length)}"`)).toBe(value);
      }),
    );
  });

  it('refuses what is no safe integer', () => {
    expect(() => new OutputBuffer(1).decimal(2 ** 53)).toThrow();
    expect(() => new OutputBuffer(1).decimal(Number.NaN)).toThrow();
  });

  it('writes sixteen hex digits', () => {
    for (const value of [0, 0xc6, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER]) {
      const out = new OutputBuffer(1);
      out.hex64(value);
      expect(out.bytes.toString('latin1', 0, out.length)).toBe(value.toString(16).toUpperCase().padStart(16, '0'));
    }
  });

  it('keeps its bytes while it grows', () => {
    const out = new OutputBuffer(1);
    for (let i = 0; i < 100; i++) out.raw(Buffer.alloc(i, i));
    out.text('订');
    out.int16(-2);
    out.int32(-3);
    out.byte(4);
    expect(out.length).toBe((99 * 100) / 2 + 3 + 2 + 4 + 1);
    expect(out.bytes.subarray(out.length - 10, out.length).toString('hex')).toBe('e8aea2fffefffffffd04');
    expect(out.bytes[1]).toBe(2);
  });
});

function cold(row: Parameters<typeof writeResponse>[1], parts: Parameters<typeof writeResponse>[2]) {
  const out = new OutputBuffer(4);
  writeResponse(out, row, parts);
  return decodeCommand(out.bytes, 4, out.length);
}
