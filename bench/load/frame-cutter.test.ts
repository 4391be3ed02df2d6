import { describe, expect, it } from 'vitest';
import { FrameCutter } from './frame-cutter.ts';

function frame(body: string): Buffer {
  const bytes = Buffer.from(`....${body}`);
  bytes.writeInt32BE(bytes.length - 4, 0);
  return bytes;
}

function cut(chunks: readonly Buffer[], maxFrameBytes = 1_000): string[] {
  const cutter = new FrameCutter(maxFrameBytes);
  const seen: string[] = [];
  for (const chunk of chunks) {
    cutter.feed(chunk, chunk.length, (bytes, start, end) => seen.push(bytes.toString('latin1', start + 4, end)));
  }
  return seen;
}

describe('FrameCutter', () => {
  const bodies = ['first', 'the second, a longer one', 'last'];
  const stream = Buffer.concat(bodies.map(frame));

  it('cuts frames out of chunks of any size', () => {
    for (let sizeBytes = 1; sizeBytes <= stream.length; sizeBytes++) {
      const chunks: Buffer[] = [];
      for (let at = 0; at < stream.length; at += sizeBytes) chunks.push(stream.subarray(at, at + sizeBytes));
      expect(cut(chunks)).toEqual(bodies);
    }
  });

  it('collects a frame that is larger than its first buffer', () => {
    const large = 'x'.repeat(20_000);
    const bytes = Buffer.concat([frame(large), frame('next')]);
    expect(cut([bytes.subarray(0, 100), bytes.subarray(100, 9_000), bytes.subarray(9_000)], 30_000)).toEqual([
      large,
      'next',
    ]);
  });

  it('reads only as much of the chunk as was filled', () => {
    const seen: number[] = [];
    new FrameCutter(1_000).feed(stream, 9, (_, start, end) => seen.push(end - start));
    expect(seen).toEqual([9]);
  });

  it('refuses a length prefix beyond the limit', () => {
    expect(() => cut([frame('x'.repeat(50))], 40)).toThrow('a frame of 50 bytes');
  });
});
