import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MemFs } from '../../testing/mem-fs.ts';
import { silentLogger } from '../util/logger.ts';
import { ConsumeQueueExt, ExtWindow } from './consume-queue-ext.ts';
import { recoverConsumeQueueExt } from './consume-queue-ext-recovery.ts';
import { CqExtUnit, extOffset } from './consume-queue-ext-unit.ts';
import { OpenFiles } from './open-files.ts';

const DIR = '/ext/T/0';

const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('put' as const), bitMap: fc.uint8Array({ maxLength: 40 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('flush' as const, 'restart' as const) }) },
);

it('has Java’s addresses and bytes at any size of file and unit, over restarts', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), fc.array(step, { maxLength: 60 }), (fileSize, steps) => {
      const fs = new MemFs();
      const java = new JavaModel(fileSize);
      let ext = open(fs, fileSize);
      for (const [index, one] of steps.entries()) {
        if (one.kind === 'put') {
          const kept = ext.put(-1, -index, 1_000 + index, one.bitMap);
          const offset = java.put(unitBytes(-index, 1_000 + index, one.bitMap));
          expect(kept ? extOffset(ext.addressHigh, ext.addressLow) : undefined).toBe(offset);
        } else {
          ext.flush();
        }
        if (one.kind !== 'restart') continue;
        ext = open(fs, fileSize);
        ext.load();
        recoverConsumeQueueExt(ext, java.newest, false);
        java.recover();
      }
      ext.flush();
      expect(new Map(fs.files().map((path) => [path, fs.readFile(path, 1_000)?.toString('hex')]))).toEqual(
        new Map(
          [...java.files].map(([from, bytes]) => [`${DIR}/${String(from).padStart(20, '0')}`, bytes.toString('hex')]),
        ),
      );
      const unit = new CqExtUnit();
      for (const [offset, bytes] of java.units) {
        expect(ext.unitAt(offset, unit)).toBe(true);
        expect([unit.size, unit.tagsCodeLow, unit.msgStoreTime]).toEqual([
          bytes.length,
          bytes.readInt32BE(6),
          bytes.readInt32BE(14),
        ]);
        expect(Buffer.from(unit.bitMap).equals(bytes.subarray(20))).toBe(true);
      }
    }),
  );
});

/** What the source of Java 4.6.0 does, step by step, with whole buffers for files. */
class JavaModel {
  readonly files = new Map<number, Buffer>();
  readonly units = new Map<number, Buffer>();
  /** Offset of the last unit, −1 without one. */
  newest = -1;
  readonly #fileSize: number;
  #last = -1;
  #wrotePosition = 0;

  constructor(fileSize: number) {
    this.#fileSize = fileSize;
  }

  /** The offset of the unit; undefined for one that fits no file, for which Java makes files in vain. */
  put(unit: Buffer): number | undefined {
    if (unit.length > this.#fileSize - 4) return undefined;
    for (;;) {
      if (this.#last < 0 || this.#wrotePosition === this.#fileSize) {
        this.#last = this.#last < 0 ? 0 : this.#last + this.#fileSize;
        this.#wrotePosition = 0;
        this.files.set(this.#last, Buffer.alloc(this.#fileSize));
      }
      const file = this.files.get(this.#last) as Buffer;
      if (unit.length > this.#fileSize - this.#wrotePosition - 4) {
        file.writeInt16BE(-1, this.#wrotePosition);
        this.#wrotePosition = this.#fileSize;
        continue;
      }
      unit.copy(file, this.#wrotePosition);
      this.newest = this.#last + this.#wrotePosition;
      this.units.set(this.newest, unit);
      this.#wrotePosition += unit.length;
      return this.newest;
    }
  }

  /** A start: the end is behind the newest unit, also when the file had been marked as full. */
  recover(): void {
    const unit = this.units.get(this.newest);
    if (unit !== undefined) this.#wrotePosition = this.newest - this.#last + unit.length;
  }
}

function unitBytes(tagsCodeLow: number, time: number, bitMap: Uint8Array): Buffer {
  const unit = Buffer.alloc(20 + bitMap.length);
  unit.writeInt16BE(unit.length, 0);
  unit.writeInt32BE(-1, 2);
  unit.writeInt32BE(tagsCodeLow, 6);
  unit.writeInt32BE(time, 14);
  unit.writeInt16BE(bitMap.length, 18);
  unit.set(bitMap, 20);
  return unit;
}

function open(fs: MemFs, fileSize: number): ConsumeQueueExt {
  const parts = { openFiles: new OpenFiles(fs), dir: '/ext', fileSize, log: silentLogger, window: new ExtWindow() };
  return new ConsumeQueueExt(parts, 'T', 0);
}
