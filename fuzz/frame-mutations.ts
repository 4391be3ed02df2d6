import type { SeededRandom } from '../testing/seeded-random.ts';

/** Turns the bytes of one frame (prefix included) into others; `other` is a second frame of the corpus. */
type FrameMutation = (frame: Buffer, random: SeededRandom, other: Buffer) => Buffer;

const PREFIX_BYTES = 4;
const ODD_INTS = [0, 1, 2, 3, 4, 5, 7, 8, -1, -4, 0x7fffffff, -0x80000000, 16_777_211, 16_777_212, 16_777_213, 0xffff];
const ODD_BYTES = [0, 1, 2, 0x16, 0x22, 0x5c, 0x7b, 0x7d, 0x7f, 0x80, 0xc0, 0xe8, 0xff];

/** One mutation at the level of frames: bits, length fields, cuts, copies and splices. */
export function mutateFrame(frame: Buffer, random: SeededRandom, other: Buffer): Buffer {
  return random.pick(FRAME_MUTATIONS)(frame, random, other);
}

/** Flips up to `most` bits. */
export function flipBits(bytes: Buffer, random: SeededRandom, most: number): Buffer {
  const out = Buffer.from(bytes);
  if (out.length === 0) return out;
  const count = 1 + random.below(most);
  for (let flip = 0; flip < count; flip++) {
    const at = random.below(out.length);
    out[at] = (out[at] as number) ^ (1 << random.below(8));
  }
  return out;
}

/** Writes an odd number over four bytes at `at`, or over what is there of them. */
export function oddInt32(bytes: Buffer, random: SeededRandom, at: number): Buffer {
  const out = Buffer.from(bytes);
  if (at + 4 > out.length) return out;
  const near = out.readInt32BE(at) + random.pick([-1, 1, 4, -4, 16]);
  const value = random.next() < 0.4 ? near : random.pick(ODD_INTS);
  out.writeInt32BE(value | 0, at);
  return out;
}

/** Overwrites, inserts, removes or repeats a run of bytes. */
export function editRun(bytes: Buffer, random: SeededRandom): Buffer {
  const at = random.below(bytes.length + 1);
  const length = random.below(Math.min(64, bytes.length - at + 1));
  const run = bytes.subarray(at, at + length);
  const odd = Buffer.from(Array.from({ length: 1 + random.below(8) }, () => random.pick(ODD_BYTES)));
  const middle = random.pick<readonly Buffer[]>([[odd], [run, odd], [run, run], [run, run, run], []]);
  return Buffer.concat([bytes.subarray(0, at), ...middle, bytes.subarray(at + length)]);
}

/** The frame with a prefix that fits its length. */
export function withPrefix(frame: Buffer): Buffer {
  if (frame.length < PREFIX_BYTES) return frame;
  const out = Buffer.from(frame);
  out.writeInt32BE(out.length - PREFIX_BYTES, 0);
  return out;
}

/** Serialize type and header length in one word, as it stands behind the prefix. */
export function headerEndOf(frame: Buffer): number {
  return frame.length < 8 ? frame.length : Math.min(frame.length, 8 + (frame.readUInt32BE(4) & 0xffffff));
}

/** The first part of one frame and the last part of another. */
function splice(frame: Buffer, random: SeededRandom, other: Buffer): Buffer {
  const head = frame.subarray(0, random.below(frame.length + 1));
  return Buffer.concat([head, other.subarray(random.below(other.length + 1))]);
}

const FRAME_MUTATIONS: readonly FrameMutation[] = [
  (frame, random) => flipBits(frame, random, 8),
  // Bits of the body or of the header's texts, lengths left alone: most still decode.
  (frame, random) => Buffer.concat([frame.subarray(0, 8), flipBits(frame.subarray(8), random, 2)]),
  (frame, random) => {
    const end = headerEndOf(frame);
    return Buffer.concat([frame.subarray(0, end), flipBits(frame.subarray(end), random, 16)]);
  },
  (frame, random) => oddInt32(frame, random, 0),
  (frame, random) => oddInt32(frame, random, 4),
  (frame, random) => withPrefix(oddInt32(frame, random, 4)),
  (frame, random) => frame.subarray(0, 1 + random.below(frame.length)),
  (frame, random) => withPrefix(frame.subarray(0, PREFIX_BYTES + random.below(frame.length))),
  (frame, random) => {
    const end = headerEndOf(frame);
    return withPrefix(frame.subarray(0, end + random.below(frame.length - end + 1)));
  },
  (frame, random) => Buffer.concat(Array.from({ length: 2 + random.below(3) }, () => frame)),
  (frame, _, other) => Buffer.concat([frame, other]),
  (frame, random, other) => withPrefix(splice(frame, random, other)),
  splice,
  (frame, _, other) => {
    // The header of one with the body of the other.
    return withPrefix(Buffer.concat([frame.subarray(0, headerEndOf(frame)), other.subarray(headerEndOf(other))]));
  },
  (frame, _, other) => withPrefix(Buffer.concat([frame, other])),
  (frame, random) => withPrefix(editRun(frame, random)),
  (frame, random) => {
    const end = headerEndOf(frame);
    return withPrefix(Buffer.concat([frame.subarray(0, end), editRun(frame.subarray(end), random)]));
  },
  (frame, random) => {
    const out = Buffer.from(frame);
    out[4] = random.pick([0, 1, 1, 2, 0x16, 0x7f, 0xff]);
    return out;
  },
];
