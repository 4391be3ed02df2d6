import { describe, expect, it } from 'vitest';
import { AssemblyBudget, FRAME_MAX_BYTES, FrameDecoder } from './frame.ts';

const frame = (body: string) => {
  const bytes = Buffer.alloc(4 + body.length);
  bytes.writeInt32BE(body.length);
  bytes.write(body, 4, 'latin1');
  return bytes;
};

function collect(decoder: FrameDecoder, ...chunks: Buffer[]): { frames: string[]; problem: string | undefined } {
  const frames: string[] = [];
  let problem: string | undefined;
  for (const chunk of chunks) {
    problem ??= decoder.feed(chunk, (bytes, start, end) => {
      frames.push(bytes.toString('latin1', start, end));
      return true;
    });
  }
  return { frames, problem };
}

const prefix = (length: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(length);
  return bytes;
};

describe('FrameDecoder', () => {
  it('hands out frames as views of the chunk', () => {
    const chunk = Buffer.concat([frame('1234'), frame('56789')]);
    const starts: number[] = [];
    new FrameDecoder(new AssemblyBudget(0)).feed(chunk, (bytes, start) => {
      expect(bytes).toBe(chunk);
      starts.push(start);
      return true;
    });
    expect(starts).toEqual([4, 12]);
  });

  it('assembles a frame that crosses chunks in one buffer of exactly its length', () => {
    const budget = new AssemblyBudget(1000);
    const decoder = new FrameDecoder(budget);
    const bytes = frame('abcdefgh');
    expect(collect(decoder, bytes.subarray(0, 2), bytes.subarray(2, 7)).frames).toEqual([]);
    expect(budget.usedBytes).toBe(8);
    let seen: Buffer | undefined;
    decoder.feed(bytes.subarray(7), (whole) => {
      seen = whole;
      return true;
    });
    expect(seen?.toString('latin1')).toBe('abcdefgh');
    expect(budget.usedBytes).toBe(0);
  });

  it('goes on behind an assembled frame within the same chunk', () => {
    const bytes = Buffer.concat([frame('first'), frame('second'), frame('third')]);
    const decoder = new FrameDecoder(new AssemblyBudget(1000));
    expect(collect(decoder, bytes.subarray(0, 6), bytes.subarray(6)).frames).toEqual(['first', 'second', 'third']);
  });

  it('takes a frame of exactly the ceiling and refuses one byte more', () => {
    const decoder = () => new FrameDecoder(new AssemblyBudget(FRAME_MAX_BYTES));
    expect(collect(decoder(), prefix(FRAME_MAX_BYTES - 4)).problem).toBeUndefined();
    expect(collect(decoder(), prefix(FRAME_MAX_BYTES - 3)).problem).toBe('frame too large');
  });

  it.each([-1, -0x80000000, 0, 3])('refuses a length of %i, whole or in pieces', (length) => {
    const bytes = Buffer.concat([prefix(length), Buffer.alloc(8)]);
    expect(collect(new FrameDecoder(new AssemblyBudget(100)), bytes).problem).toBe('frame too short');
    const pieces = [bytes.subarray(0, 3), bytes.subarray(3, 4)];
    expect(collect(new FrameDecoder(new AssemblyBudget(100)), ...pieces).problem).toBe('frame too short');
  });

  it('allocates nothing beyond what all partial frames may hold together', () => {
    const budget = new AssemblyBudget(1000);
    const first = new FrameDecoder(budget);
    const second = new FrameDecoder(budget);
    expect(collect(first, prefix(600)).problem).toBeUndefined();
    expect(collect(second, prefix(600)).problem).toBe('too much in partial frames');
    first.release();
    first.release();
    expect(budget.usedBytes).toBe(0);
    expect(collect(new FrameDecoder(budget), prefix(600)).problem).toBeUndefined();
  });

  it('stops where the receiver says so', () => {
    let calls = 0;
    const chunk = Buffer.concat([frame('1234'), frame('5678')]);
    const problem = new FrameDecoder(new AssemblyBudget(0)).feed(chunk, () => {
      calls += 1;
      return false;
    });
    expect([calls, problem]).toEqual([1, undefined]);
  });
});
