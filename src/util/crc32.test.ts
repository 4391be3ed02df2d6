import { crc32 as zlibCrc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bodyCrc, crc32 } from './crc32.ts';

describe('crc32', () => {
  it('gives the values recorded from Java', () => {
    expect(bodyCrc(Buffer.from('hello'), 0, 5)).toBe(907060870);
    expect(bodyCrc(Buffer.from([0x00, 0xff]), 0, 2)).toBe(1826356594);
    expect(bodyCrc(Buffer.alloc(0), 0, 0)).toBe(0);
  });

  it('is unsigned, and masked only in bodyCrc', () => {
    const bytes = Buffer.from('a');
    expect(crc32(bytes, 0, 1)).toBe(0xe8b7be43);
    expect(bodyCrc(bytes, 0, 1)).toBe(0x68b7be43);
  });

  it('equals zlib on both sides of the switch, at every length and offset', () => {
    const bytes = Buffer.alloc(700, 0).map((_, at) => (at * 151 + 7) & 0xff);
    for (let length = 0; length < 600; length++) {
      const start = length % 13;
      const wanted = zlibCrc32(bytes.subarray(start, start + length));
      expect(crc32(bytes, start, start + length)).toBe(wanted);
      expect(bodyCrc(bytes, start, start + length)).toBe(wanted & 0x7fffffff);
    }
  });

  it('equals zlib on arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => crc32(bytes, 0, bytes.length) === zlibCrc32(bytes)),
    );
  });
});
