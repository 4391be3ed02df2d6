import { describe, expect, it } from 'vitest';
import { BatchCursor, encodeBatch } from './message-batch.ts';

// Recorded from MessageDecoder.encodeMessages of 4.6.0 (spec vector V7).
const V7 =
  '0000002c0000000000000000000000090000000262310014574149540174727565025441475301546167420200000023000000000000' +
  '00000000000000000003623232000a57414954017472756502';

describe('batch body', () => {
  it('is what Java encodes', () => {
    const bytes = encodeBatch([
      { flag: 9, body: Buffer.from('b1'), properties: Buffer.from('WAIT\u0001true\u0002TAGS\u0001TagB\u0002') },
      { flag: 0, body: Buffer.from('b22'), properties: Buffer.from('WAIT\u0001true\u0002') },
    ]);
    expect(bytes.toString('hex')).toBe(V7);
  });

  it('is walked member by member; sizes, magic and CRC of the client are not looked at', () => {
    const bytes = Buffer.from(V7, 'hex');
    bytes.fill(0xff, 0, 12);
    const cursor = new BatchCursor();
    cursor.reset(bytes, 0, bytes.length);
    expect(cursor.next()).toBe('message');
    expect(cursor.flag).toBe(9);
    expect(bytes.toString('utf8', cursor.bodyStart, cursor.bodyEnd)).toBe('b1');
    expect(cursor.next()).toBe('message');
    expect(bytes.toString('utf8', cursor.propertiesStart, cursor.propertiesEnd)).toBe('WAIT\u0001true\u0002');
    expect(cursor.next()).toBe('end');
  });

  it('is malformed when a length is negative or leaves the span, and at every cut inside a member', () => {
    const bytes = Buffer.from(V7, 'hex');
    const cursor = new BatchCursor();
    for (let end = 1; end < bytes.length; end++) {
      cursor.reset(bytes, 0, end);
      let step = cursor.next();
      while (step === 'message') step = cursor.next();
      expect([end, step]).toEqual([end, end === 0x2c ? 'end' : 'malformed']);
    }
    for (const [at, value] of [
      [16, 0x80],
      [22, 0x80],
      [16, 0x7f],
    ] as const) {
      const damaged = Buffer.from(bytes);
      damaged[at] = value;
      cursor.reset(damaged, 0, damaged.length);
      expect(cursor.next()).toBe('malformed');
    }
  });

  it('refuses properties that int16 cannot count', () => {
    expect(() => encodeBatch([{ flag: 0, body: Buffer.alloc(0), properties: Buffer.alloc(32768) }])).toThrow(
      RangeError,
    );
  });
});
