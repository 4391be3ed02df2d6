import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { benchDir } from '../sides.ts';

const readBytes = 1 << 20;
/** Stays free, as on a machine that has run for a while. */
const reserveBytes = 512 << 20;

/**
 * Fills the free memory of the machine with page cache that can go at any time. A virtual machine gets memory which it
 * has not used before, or has given back, page by page from its host, which takes ten times as long as to write to it;
 * on a server that has run for a day all memory is page cache, and writing takes the place of the oldest.
 */
export class PageCache {
  readonly #dir = mkdtempSync(join(benchDir, 'work-cache-'));
  readonly #remove = (): void => rmSync(this.#dir, { recursive: true, force: true });
  #files = 0;

  constructor() {
    process.once('exit', this.#remove);
  }

  /** Reads as many zeros of a file without blocks as there is free memory. Returns the bytes; 0 where /proc is not. */
  async fill(): Promise<number> {
    const bytes = Math.max(0, freeBytes() - reserveBytes);
    if (bytes === 0) return 0;
    const path = join(this.#dir, String(this.#files++));
    const file = await open(path, 'w+');
    try {
      await file.truncate(bytes);
      const buffer = Buffer.allocUnsafeSlow(readBytes);
      for (let at = 0; at < bytes; at += readBytes) await file.read(buffer, 0, readBytes, at);
    } finally {
      await file.close();
    }
    return bytes;
  }

  /** Gives the memory back. */
  close(): void {
    process.off('exit', this.#remove);
    this.#remove();
  }
}

function freeBytes(): number {
  try {
    const [, kilobytes] = /^MemFree:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8')) ?? [];
    return Number(kilobytes ?? 0) * 1024;
  } catch {
    return 0;
  }
}
