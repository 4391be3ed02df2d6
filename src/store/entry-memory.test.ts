import { expect, it } from 'vitest';
import { type ChunkOwner, type EntryChunk, EntryMemory } from './entry-memory.ts';

it('takes chunks from those who did not use them since the last round', () => {
  const memory = new EntryMemory(64 * 4_080);
  const released: EntryChunk[] = [];
  const owner: ChunkOwner = {
    release(chunk) {
      released.push(chunk);
      memory.give(chunk);
    },
  };
  const chunks = Array.from({ length: 64 }, (_, number) => memory.acquire(owner, number));
  expect(memory.allocatedBytes).toBe(64 * 4_080);
  for (const chunk of chunks) chunk.used = false;
  const hot = chunks.filter((_, index) => index % 3 === 0);
  for (const chunk of hot) chunk.used = true;
  for (let number = 0; number < 42; number += 1) memory.acquire(owner, 100 + number);
  expect(released.length).toBe(42);
  expect(released.filter((chunk) => hot.includes(chunk))).toEqual([]);
  memory.acquire(owner, 200);
  expect(memory.allocatedBytes).toBe(64 * 4_080);
});

it('hands an error of an owner on and stays usable', () => {
  const memory = new EntryMemory(0);
  let broken = true;
  const owner: ChunkOwner = {
    release(chunk) {
      if (broken) throw new Error('disk');
      memory.give(chunk);
    },
  };
  for (let number = 0; number < 64; number += 1) memory.acquire(owner, number);
  expect(() => memory.acquire(owner, 64)).toThrow('disk');
  broken = false;
  expect(memory.acquire(owner, 64).chunkNumber).toBe(64);
});
