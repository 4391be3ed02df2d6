import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  MAX_BODY_BYTES,
  OFFSET_REPORT_BYTES,
  OffsetReportDecoder,
  offsetReport,
  TRANSFER_HEADER_BYTES,
  TransferDecoder,
  writeTransferHeader,
} from './ha-frame.ts';

const offsets = fc.oneof(fc.maxSafeNat(), fc.nat(100_000), fc.constant(Number.MAX_SAFE_INTEGER));
const packets = fc.array(fc.record({ offset: offsets, body: fc.uint8Array({ maxLength: 40 }) }), { maxLength: 8 });
const cuts = fc.array(fc.nat(60), { minLength: 1, maxLength: 20 });

/** A packet as a master sends it. */
function packet(offset: number, body: Uint8Array): Buffer {
  const header = Buffer.alloc(TRANSFER_HEADER_BYTES);
  writeTransferHeader(header, offset, body.length);
  return Buffer.concat([header, body]);
}

/** The bytes in pieces of these lengths, over and over; each piece is overwritten when its turn is over. */
function* pieces(bytes: Buffer, lengths: readonly number[]): Iterable<Buffer> {
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const length = 1 + (lengths[index % lengths.length] as number);
    const piece = Buffer.from(bytes.subarray(at, at + length));
    yield piece;
    piece.fill(0xee);
    at += length;
  }
}

/** What a decoder says of a stream. */
function decoded(stream: Iterable<Buffer>): { lines: string[]; outcome: string } {
  const lines: string[] = [];
  const decoder = new TransferDecoder({
    onHeader: (offset, size) => lines.push(`${offset} ${size}`) > 0,
    onBody: (offset, body) => lines.push(`${offset} ${body.toString('hex')}`) > 0,
  });
  for (const piece of stream) {
    const outcome = decoder.feed(piece);
    if (outcome !== 'ok') return { lines, outcome };
  }
  return { lines, outcome: 'ok' };
}

describe('packets of a master', () => {
  it('are the same however the stream is cut', () => {
    fc.assert(
      fc.property(packets, cuts, (sent, lengths) => {
        const stream = Buffer.concat(sent.map(({ offset, body }) => packet(offset, body)));
        const expected = sent.flatMap(({ offset, body }) => [
          `${offset} ${body.length}`,
          ...(body.length === 0 ? [] : [`${offset} ${Buffer.from(body).toString('hex')}`]),
        ]);
        expect(decoded(pieces(stream, lengths))).toEqual({ lines: expected, outcome: 'ok' });
      }),
    );
  });

  it('or are no packets, whatever bytes come: then the stream is over, and the same however it is cut', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), cuts, (bytes, lengths) => {
        const whole = decoded([Buffer.from(bytes)]);
        expect(decoded(pieces(Buffer.from(bytes), lengths))).toEqual(whole);
        expect(['ok', 'invalid']).toContain(whole.outcome);
      }),
    );
  });

  it.each([
    ['a negative offset', 'ffffffffffffffff00000000'],
    ['an offset that is no safe integer', '002000000000000000000000'],
    ['a negative size', '0000000000000000ffffffff'],
    ['a size beyond what a Java slave holds', `0000000000000000${(MAX_BODY_BYTES + 1).toString(16).padStart(8, '0')}`],
  ])('are refused with %s before anything is allocated, and so is what follows', (_, hex) => {
    const seen: unknown[] = [];
    const sink = { onHeader: () => seen.push(1) > 0, onBody: () => seen.push(2) > 0 };
    const decoder = new TransferDecoder(sink);
    expect(decoder.feed(Buffer.from(hex, 'hex'))).toBe('invalid');
    expect(decoder.feed(packet(0, Buffer.alloc(3)))).toBe('ended');
    expect(seen).toEqual([]);
  });

  it('end when the sink says so, at a header and at a body', () => {
    for (const last of ['header', 'body']) {
      const seen: string[] = [];
      const note = (what: string): boolean => {
        seen.push(what);
        return what !== last;
      };
      const decoder = new TransferDecoder({ onHeader: () => note('header'), onBody: () => note('body') });
      const stream = Buffer.concat([packet(0, Buffer.alloc(3)), packet(3, Buffer.alloc(3))]);
      expect(decoder.feed(stream)).toBe('ended');
      expect(decoder.feed(stream)).toBe('ended');
      expect(seen.at(-1)).toBe(last);
      expect(seen.length).toBe(last === 'header' ? 1 : 2);
    }
  });
});

describe('reports of a slave', () => {
  it('give the last complete value of each piece, as one byte after the other would', () => {
    fc.assert(
      fc.property(fc.array(offsets, { maxLength: 8 }), cuts, (values, lengths) => {
        const stream = Buffer.concat(values.map((value) => offsetReport(value)));
        const decoder = new OffsetReportDecoder();
        let fed = 0;
        for (const piece of pieces(stream, lengths)) {
          const before = Math.floor(fed / OFFSET_REPORT_BYTES);
          fed += piece.length;
          const after = Math.floor(fed / OFFSET_REPORT_BYTES);
          expect(decoder.feed(piece)).toBe(after > before ? values[after - 1] : 'incomplete');
        }
      }),
    );
  });

  it('decode to an offset, or the stream is invalid for good', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), cuts, (bytes, lengths) => {
        const decoder = new OffsetReportDecoder();
        let invalid = false;
        for (const piece of pieces(Buffer.from(bytes), lengths)) {
          const value = decoder.feed(piece);
          if (invalid) expect(value).toBe('invalid');
          else if (typeof value === 'number') expect(Number.isSafeInteger(value) && value >= 0).toBe(true);
          invalid ||= value === 'invalid';
        }
      }),
    );
  });

  it('are eight bytes, the most significant first', () => {
    expect(offsetReport(0x12_3456_789a).toString('hex')).toBe('000000123456789a');
    const header = Buffer.alloc(TRANSFER_HEADER_BYTES);
    writeTransferHeader(header, 0x12_3456_789a, 32_768);
    expect(header.toString('hex')).toBe('000000123456789a00008000');
  });
});
