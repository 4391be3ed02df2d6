import { describe, expect, it } from 'vitest';
import { firstOpaque, SendFrames } from './send-frames.ts';

const options = { topic: 'BenchStream', queues: 4, bodyBytes: 128, capacity: 3, keySeed: 0xabcdef };

interface Header {
  readonly code: number;
  readonly opaque: number;
  readonly extFields: Readonly<Record<string, string>>;
}

function headers(bytes: Buffer): Header[] {
  const found: Header[] = [];
  for (let at = 0; at < bytes.length; at += 4 + bytes.readInt32BE(at)) {
    found.push(JSON.parse(bytes.toString('latin1', at + 8, at + 8 + bytes.readInt32BE(at + 4))) as Header);
  }
  return found;
}

describe('SendFrames', () => {
  it('has the size of the official producer', () => {
    expect(new SendFrames(options).frameBytes).toBe(476);
  });

  it('writes opaque, queue, birth time and unique key of each frame', () => {
    const frames = new SendFrames(options);
    for (let index = 0; index < 3; index++) frames.prepare(index, firstOpaque + index * 64, 1_795_363_882_810 + index);
    const written = headers(frames.first(3));
    expect(written.map(({ opaque }) => opaque)).toEqual([1_000_000, 1_000_064, 1_000_128]);
    expect(written.map(({ extFields }) => extFields['e'])).toEqual(['0', '1', '2']);
    expect(written.map(({ extFields }) => extFields['g'])).toEqual(['1795363882810', '1795363882811', '1795363882812']);
    const keys = written.map(({ extFields }) => /(FD[\dA-F]{54})/.exec(extFields['i'] ?? '')?.[1]);
    expect(written[0]?.extFields['i']).toBe(`UNIQ_KEY\u0001${keys[0]}\u0002`);
    expect(new Set(keys).size).toBe(3);
    expect(keys[2]).toBe(`FD${'0'.repeat(36)}ABCDEF${'0'.repeat(11)}2`);
  });

  it('goes on with other bytes when the old ones are still needed', () => {
    const frames = new SendFrames(options);
    frames.prepare(0, firstOpaque, 1);
    const old = frames.first(1);
    const before = Buffer.from(old);
    frames.renew();
    frames.prepare(0, firstOpaque + 1, 2);
    expect(old).toEqual(before);
    expect(headers(frames.first(1))[0]?.opaque).toBe(firstOpaque + 1);
  });

  it('refuses more queues than one digit can tell', () => {
    expect(() => new SendFrames({ ...options, queues: 11 })).toThrow('11 queues');
  });
});
