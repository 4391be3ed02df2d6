import { basename, dirname } from 'node:path';
import type { FileHandle, Fs } from '../src/util/fs.ts';
import { overridden } from './trace-ports.ts';

/** A bug to plant: which promise of the disk is broken, for the files of the CommitLog or for consumerOffset.json. */
export type Plant = 'none' | 'reply-before-write' | 'reply-before-fdatasync' | 'offsets-not-saved';

/** How long after its return a planted call really happens: longer than an answer needs to reach the client. */
const LATE_MS = 150;

/**
 * A file system that returns from a write (or an fdatasync) of the CommitLog before it has done it. The writer is
 * served its own bytes meanwhile, so nothing shows until the process ends. Or one that never puts a new
 * consumerOffset.json in the place of the old one.
 */
export function plantedFs(fs: Fs, plant: Plant, lateMs = LATE_MS): Fs {
  if (plant === 'none') return fs;
  if (plant === 'offsets-not-saved') return keepsOldOffsets(fs);
  const late = new LateWrites(fs, lateMs);
  return overridden(fs, {
    open(path, mode) {
      const handle = fs.open(path, mode);
      if (basename(dirname(path)) !== 'commitlog') return handle;
      return plant === 'reply-before-write' ? late.handle(handle) : flushedLate(fs, handle, lateMs);
    },
  });
}

function keepsOldOffsets(fs: Fs): Fs {
  return overridden(fs, {
    rename(from, to) {
      if (!basename(from).startsWith('consumerOffset.json')) fs.rename(from, to);
    },
  });
}

function flushedLate(fs: Fs, handle: FileHandle, lateMs: number): FileHandle {
  const flushLate = (): void => {
    setTimeout(() => {
      // By now the store may have closed its own handle.
      const own = fs.open(handle.path, 'update');
      void own.fdatasyncAsync().finally(() => own.close());
    }, lateMs).unref();
  };
  return overridden(handle, {
    fdatasync: flushLate,
    fdatasyncAsync: async () => flushLate(),
  });
}

interface LateWrite {
  readonly position: number;
  readonly bytes: Buffer;
}

class LateWrites {
  readonly #fs: Fs;
  readonly #lateMs: number;
  readonly #waiting = new Map<string, LateWrite[]>();

  constructor(fs: Fs, lateMs: number) {
    this.#fs = fs;
    this.#lateMs = lateMs;
  }

  handle(inner: FileHandle): FileHandle {
    const { path } = inner;
    const write = (source: Uint8Array, start: number, length: number, position: number): number => {
      this.#write(path, { position, bytes: Buffer.from(source.subarray(start, start + length)) });
      return length;
    };
    return overridden(inner, {
      pwrite: write,
      pwriteAsync: async (...args) => write(...args),
      pread: (target, start, length, position) => {
        const count = inner.pread(target, start, length, position);
        return this.#overlay(path, { target, start, count, position });
      },
      preadAsync: async (target, start, length, position) => {
        const count = await inner.preadAsync(target, start, length, position);
        return this.#overlay(path, { target, start, count, position });
      },
    });
  }

  #write(path: string, write: LateWrite): void {
    const waiting = this.#waiting.get(path) ?? [];
    this.#waiting.set(path, waiting);
    waiting.push(write);
    setTimeout(() => {
      const own = this.#fs.open(path, 'update');
      own.pwrite(write.bytes, 0, write.bytes.length, write.position);
      own.close();
      waiting.splice(waiting.indexOf(write), 1);
    }, this.#lateMs).unref();
  }

  #overlay(path: string, read: { target: Uint8Array; start: number; count: number; position: number }): number {
    for (const { position, bytes } of this.#waiting.get(path) ?? []) {
      const from = Math.max(position, read.position);
      const to = Math.min(position + bytes.length, read.position + read.count);
      if (from >= to) continue;
      read.target.set(bytes.subarray(from - position, to - position), read.start + from - read.position);
    }
    return read.count;
  }
}
