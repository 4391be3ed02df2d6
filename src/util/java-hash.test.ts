import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inJavaHashOrder, javaStringHash, javaStringHashOfUtf8 } from './java-hash.ts';

const known: [string, number][] = [
  ['TagA', 2598919],
  ['TagB', 2598920],
  ['订单', 1129459],
  ['\u{1F600}', 1772899],
  ['polygenelubricants', -2147483648],
  ['', 0],
];

describe('javaStringHash', () => {
  it.each(known)('of %j is what Java gives, from the text and from its bytes', (text, hash) => {
    const bytes = Buffer.from(text);
    expect(javaStringHash(text)).toBe(hash);
    expect(javaStringHashOfUtf8(bytes, 0, bytes.length)).toBe(hash);
  });

  it('agrees between text and bytes for every well-formed text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const bytes = Buffer.from(text);
        expect(javaStringHashOfUtf8(bytes, 0, bytes.length)).toBe(javaStringHash(text));
      }),
    );
  });

  it('can be continued: hash(a + b) from hash(a)', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        const bytes = Buffer.from(b);
        expect(javaStringHash(b, javaStringHash(a))).toBe(javaStringHash(a + b));
        expect(javaStringHashOfUtf8(bytes, 0, bytes.length, javaStringHash(a))).toBe(javaStringHash(a + b));
      }),
    );
  });

  it('puts a replacement character where Java does', () => {
    const cases: [string, string][] = [
      ['41eda08042', 'A\ufffdB'],
      ['eda0', '\ufffd'],
      ['eda041', '\ufffdA'],
      ['c080', '\ufffd\ufffd'],
      ['e0808041', '\ufffd\ufffd\ufffdA'],
      ['e4b8', '\ufffd'],
      ['e4b841', '\ufffdA'],
      ['f09041', '\ufffdA'],
      ['f0908041', '\ufffdA'],
      ['f4908080', '\ufffd\ufffd\ufffd\ufffd'],
      ['f5808080', '\ufffd\ufffd\ufffd\ufffd'],
      ['ff80', '\ufffd\ufffd'],
    ];
    for (const [hex, text] of cases) {
      const bytes = Buffer.from(hex, 'hex');
      expect([hex, javaStringHashOfUtf8(bytes, 0, bytes.length)]).toEqual([hex, javaStringHash(text)]);
    }
  });

  it('never leaves the span', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
        const framed = Buffer.concat([Buffer.from([0xf0]), bytes, Buffer.from([0x80, 0x80])]);
        const alone = javaStringHashOfUtf8(bytes, 0, bytes.length);
        expect(javaStringHashOfUtf8(framed, 1, 1 + bytes.length)).toBe(alone);
      }),
    );
  });
});

describe('the order of a Java HashMap', () => {
  const order = (...names: string[]): string[] => inJavaHashOrder(names, (name) => javaStringHash(name));

  it('is that of hashes in 16 buckets, and within a bucket that of coming', () => {
    // As `mqadmin printMsg` of 4.6.0 prints the properties of a message.
    const properties = ['KEYS', 'UNIQ_KEY', 'CLUSTER', 'WAIT', 'TAGS', 'MIN_OFFSET', 'MAX_OFFSET'];
    const printed = ['MIN_OFFSET', 'MAX_OFFSET', 'KEYS', 'UNIQ_KEY', 'CLUSTER', 'WAIT', 'TAGS'];
    expect(order(...properties)).toEqual(printed);
    expect(order('sweep_cg', 'sweep_cg2')).toEqual(['sweep_cg2', 'sweep_cg']);
    expect(order('AaAa', 'BBBB', 'AaBB')).toEqual(['AaAa', 'BBBB', 'AaBB']);
  });

  it('has twice the buckets as soon as three quarters are full', () => {
    const numbers = (count: number): number[] => inJavaHashOrder([16, ...Array(count - 1).keys()], (number) => number);
    expect(numbers(12).slice(0, 3)).toEqual([16, 0, 1]);
    expect(numbers(13).slice(0, 3)).toEqual([0, 1, 2]);
  });
});
