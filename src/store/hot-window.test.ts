import { describe, expect, it } from 'vitest';
import { CHUNK_BYTES, HOT_WINDOW_BYTES, HotWindow } from './hot-window.ts';

function fill(window: HotWindow, startOffset: number, bytes: number, written = true): void {
  const chunk = window.open(startOffset, bytes);
  chunk.staged = bytes;
  if (written) chunk.written = bytes;
}

describe('HotWindow', () => {
  it('finds visible ranges in one chunk only', () => {
    const window = new HotWindow(1 << 30);
    fill(window, 100, 50);
    fill(window, 150, 50);
    expect(window.find(100, 50)?.startOffset).toBe(100);
    expect(window.find(160, 40)?.startOffset).toBe(150);
    expect(window.find(140, 20)).toBeUndefined();
    expect(window.find(99, 1)).toBeUndefined();
    expect(window.find(200, 1)).toBeUndefined();
  });

  it('hides what is staged and forgets it after a failed write', () => {
    const window = new HotWindow(1 << 30);
    fill(window, 0, 10);
    fill(window, 10, 10, false);
    expect(window.find(10, 1)).toBeUndefined();
    window.dropStaged();
    expect(window.chunks.map((chunk) => chunk.startOffset)).toEqual([0]);
    const tail = window.tail;
    if (tail !== undefined) tail.staged = 15;
    window.dropStaged();
    expect(window.tail?.staged).toBe(10);
  });

  it('keeps 32 MiB, and more as long as it is not on disk', () => {
    const window = new HotWindow(1 << 30);
    const chunks = (HOT_WINDOW_BYTES / CHUNK_BYTES) * 2;
    for (let index = 0; index < chunks; index++) fill(window, index * CHUNK_BYTES, CHUNK_BYTES);
    window.evict(0);
    expect(window.heldBytes).toBe(2 * HOT_WINDOW_BYTES);
    window.evict(3 * CHUNK_BYTES);
    expect(window.startOffset).toBe(3 * CHUNK_BYTES);
    window.evict(Number.MAX_SAFE_INTEGER);
    expect(window.heldBytes).toBe(HOT_WINDOW_BYTES);
  });

  it('uses buffers again and makes a longer one for a long record', () => {
    const window = new HotWindow(64);
    const first = window.open(0, 10);
    first.staged = 10;
    first.written = 10;
    expect(first.buffer.length).toBe(64);
    expect(window.open(10, 100).buffer.length).toBe(100);
    expect(window.heldBytes).toBe(164);
  });

  it('lets go of everything only when all is safe', () => {
    const window = new HotWindow(1 << 30);
    fill(window, 0, 10);
    window.release(9);
    expect(window.tail).toBeDefined();
    window.release(10);
    expect(window.heldBytes).toBe(0);
    expect(window.find(0, 1)).toBeUndefined();
  });

  it('uses its last buffer anew, when all is safe', () => {
    const window = new HotWindow(1 << 30);
    fill(window, 0, 10);
    const buffer = window.tail?.buffer;
    expect(window.reuse(9)).toBe(false);
    expect(window.tail?.buffer).toBe(buffer);
    expect(window.reuse(10)).toBe(true);
    expect([window.heldBytes, window.find(0, 1)]).toEqual([0, undefined]);
    expect(window.open(10, 1).buffer).toBe(buffer);
    expect(window.open(11, 1).buffer).not.toBe(buffer);
  });
});
