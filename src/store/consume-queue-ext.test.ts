import { describe, expect, it } from 'vitest';
import { FaultFs } from '../../testing/fault-fs.ts';
import { MemFs } from '../../testing/mem-fs.ts';
import { silentLogger } from '../util/logger.ts';
import { ConsumeQueueExt, ExtWindow, isMatchedByEntry } from './consume-queue-ext.ts';
import { recoverConsumeQueueExt } from './consume-queue-ext-recovery.ts';
import {
  CqExtUnit,
  extAddressHigh,
  extAddressLow,
  extOffset,
  isExtAddress,
  MIN_UNIT_BYTES,
} from './consume-queue-ext-unit.ts';
import { OpenFiles } from './open-files.ts';
import { StoreLoadError } from './store-errors.ts';

const SMALLEST = -(2n ** 63n);

describe('addresses', () => {
  it.each([
    [0n, false],
    [1n, false],
    [-1n, false],
    [-2_147_483_648n, false],
    [-2_147_483_649n, true],
    [SMALLEST, true],
    [SMALLEST + 2n ** 40n, true],
    [2n ** 63n - 1n, false],
    [2n ** 31n, false],
  ])('%i is one: %s', (value, expected) => {
    const [high, low] = halves(value);
    expect(isExtAddress(high, low)).toBe(expected);
  });

  it.each([0, 20, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 45 + 7])(
    'are the smallest long plus %i',
    (offset) => {
      const address = [extAddressHigh(offset), extAddressLow(offset)] as const;
      expect(address).toEqual(halves(SMALLEST + BigInt(offset)));
      expect(extOffset(...address)).toBe(offset);
      expect(isExtAddress(...address)).toBe(true);
    },
  );
});

describe('CqExtUnit', () => {
  const whole = Buffer.from('0016000000000027a807000001a20570bbb30002abcd', 'hex');

  it('reads what Java writes', () => {
    const unit = new CqExtUnit();
    expect(unit.decode(whole, 0, whole.length)).toBe(true);
    expect(unit).toMatchObject({ size: 22, tagsCodeHigh: 0, tagsCodeLow: 2_598_919, msgStoreTime: 0x1a2_0570_bbb3 });
    expect(Buffer.from(unit.bitMap).toString('hex')).toBe('abcd');
  });

  it.each([
    ['cut anywhere', (bytes: Buffer) => bytes.subarray(0, 21)],
    ['of a negative size, the mark of the end', (bytes: Buffer) => setInt16(bytes, 0, -1)],
    ['of size 0, empty space', (bytes: Buffer) => bytes.fill(0)],
    ['smaller than its fields', (bytes: Buffer) => setInt16(bytes, 0, 19)],
    ['of another size than its parts', (bytes: Buffer) => setInt16(bytes, 0, 21)],
    ['with a negative bit map', (bytes: Buffer) => setInt16(setInt16(bytes, 0, 19), 18, -1)],
    ['with a bit map behind the end', (bytes: Buffer) => setInt16(setInt16(bytes, 0, 32_767), 18, 32_747)],
    ['without a store time', (bytes: Buffer) => bytes.fill(0, 10, 18)],
    ['with a negative store time', (bytes: Buffer) => setInt16(bytes, 10, -1)],
  ])('refuses one %s', (_, change) => {
    const bytes = change(Buffer.from(whole));
    expect(new CqExtUnit().decode(bytes, 0, bytes.length)).toBe(false);
  });
});

describe('ConsumeQueueExt', () => {
  it('gives back what was put, with and without bit maps, from memory and files. Java: ConsumeQueueExtTest', () => {
    const { fs, ext } = make();
    const units = Array.from({ length: 40 }, (_, index) => unitOf(index, index % 2 === 0 ? 14 : 0));
    for (const unit of units) putUnit(ext, unit);
    for (const unit of units) expectUnit(ext, unit);
    ext.flush();
    for (const unit of units) expectUnit(ext, unit);
    const again = reopen(fs, units.at(-1)?.offset);
    for (const unit of units.toReversed()) expectUnit(again, unit);
    expect(again.maxOffset).toBe(ext.maxOffset);
  });

  it('begins at the smallest long, and has nothing at 0 or above. Java: ConsumeQueueExtTest', () => {
    const { ext } = make();
    expect(ext.put(0, 1, 1_000)).toBe(true);
    expect([ext.addressHigh, ext.addressLow]).toEqual(halves(SMALLEST));
    const unit = new CqExtUnit();
    expect(ext.get(...halves(SMALLEST), unit)).toBe(true);
    expect(ext.get(...halves(SMALLEST + 20n), unit)).toBe(false);
    expect(ext.get(...halves(SMALLEST + 2n ** 62n), unit)).toBe(false);
    expect(ext.get(...halves(-2_147_483_649n), unit)).toBe(false);
  });

  it('writes the bytes that Java writes, the mark at the end of a file too', () => {
    const { fs, ext } = make(64);
    for (let index = 0; index < 4; index += 1) ext.put(0, 100 + index, 1_795_000_000_000, Buffer.from([index, 255]));
    ext.flush();
    const unit = (tag: number, bits: string) => `0016${tag.toString(16).padStart(16, '0')}000001a1ee565e00${bits}`;
    expect(fs.readFile('/ext/T/3/00000000000000000000', 1_000)?.toString('hex')).toBe(
      `${unit(100, '000200ff')}${unit(101, '000201ff')}ffff${'00'.repeat(18)}`,
    );
    expect(fs.readFile('/ext/T/3/00000000000000000064', 1_000)?.toString('hex')).toBe(
      `${unit(102, '000202ff')}${unit(103, '000203ff')}${'00'.repeat(20)}`,
    );
  });

  it('has Java’s offsets after a start. Java: ConsumeQueueExtTest', () => {
    const { fs, ext } = make(2_048);
    const perFile = Math.floor((2_048 - 4) / 34);
    for (let index = 0; index < 2 * perFile + 5; index += 1) putUnit(ext, unitOf(index, 14));
    ext.flush();
    const again = reopen(fs);
    expect([again.minOffset, again.maxOffset]).toEqual([0, 2 * 2_048 + 5 * 34]);
    // Nothing names a unit of the last file: Java cuts to the greatest address that is named.
    expect(reopen(fs, 2_048 + 34).maxOffset).toBe(2_048 + 68);
    expect(fs.list('/ext/T/3')).toEqual(['00000000000000000000', '00000000000000002048']);
  });

  it('goes on behind the last unit after a start, over the mark of a file that was full for larger ones', () => {
    const { fs, ext } = make(64);
    putUnit(ext, { offset: 0, tag: 1, time: 5, bitMap: Buffer.alloc(16) });
    putUnit(ext, { offset: 64, tag: 2, time: 5, bitMap: Buffer.alloc(16) });
    ext.flush();
    fs.unlink('/ext/T/3/00000000000000000064');
    const again = reopen(fs, 0);
    putUnit(again, { offset: 36, tag: 3, time: 5, bitMap: Buffer.alloc(0) });
    putUnit(again, { offset: 64, tag: 4, time: 5, bitMap: Buffer.alloc(0) });
    expectUnit(again, { offset: 36, tag: 3, time: 5, bitMap: Buffer.alloc(0) });
  });

  it('keeps no unit that does not fit a file, and is asked again', () => {
    const errors: unknown[] = [];
    const { fs, ext } = make(40, new MemFs(), errors);
    expect(ext.put(0, 1, 5, Buffer.alloc(17))).toBe(false);
    expect(ext.put(0, 1, 5, Buffer.alloc(18))).toBe(false);
    expect(ext.put(0, 1, 5, Buffer.alloc(16))).toBe(true);
    expect(make(60_000).ext.put(0, 1, 5, Buffer.alloc(32_748))).toBe(false);
    ext.flush();
    expect([errors.length, fs.list('/ext/T/3').length]).toEqual([1, 1]);
    const tiny = make(20).ext;
    expect(tiny.put(0, 1, 5)).toBe(false);
  });

  it('keeps the longest unit there is, and reads it in one piece', () => {
    const { fs, ext } = make(100_000);
    const units = [unitOf(0, 32_747), unitOf(1, 0), unitOf(2, 32_747)];
    for (const unit of units) putUnit(ext, unit);
    for (const unit of units) expectUnit(ext, unit);
    ext.flush();
    const again = reopen(fs, units.at(-1)?.offset);
    for (const unit of units) expectUnit(again, unit);
  });

  it('says so when a unit cannot be kept, and goes on when it can', () => {
    const errors: unknown[] = [];
    const fs = new FaultFs(new MemFs());
    const { ext } = make(64, fs, errors);
    putUnit(ext, unitOf(0, 2));
    putUnit(ext, unitOf(1, 2));
    fs.fail({ operation: 'pwrite', path: /ext/, times: 1, code: 'ENOSPC' });
    expect(ext.put(0, 1, 5, Buffer.alloc(2))).toBe(false);
    expect(ext.put(0, 1, 5, Buffer.alloc(2))).toBe(true);
    expect([errors.length, ext.maxOffset]).toEqual([1, 64 + 22]);
    expectUnit(ext, unitOf(0, 2));
    expectUnit(ext, unitOf(1, 2));
  });

  it('finds no unit, and does not fail, when its file cannot be read', () => {
    const fs = new FaultFs(new MemFs());
    const { ext } = make(64, fs);
    putUnit(ext, unitOf(0, 2));
    ext.flush();
    fs.fail({ operation: 'pread', path: /ext/, times: 1, code: 'EIO' });
    expect(ext.get(...halves(SMALLEST), new CqExtUnit())).toBe(false);
    expectUnit(ext, unitOf(0, 2));
  });

  it('removes leading files that end below the first unit in use. Java: ConsumeQueueExtTest', async () => {
    const { fs, ext } = make(64);
    for (let index = 0; index < 8; index += 1) putUnit(ext, unitOf(index, 2));
    ext.flush();
    await ext.truncateByMinOffset(64);
    expect(ext.minOffset).toBe(0);
    await ext.truncateByMinOffset(1.5 * 64);
    expect([ext.minOffset, fs.list('/ext/T/3').length]).toEqual([64, 3]);
    expect(ext.get(...halves(SMALLEST), new CqExtUnit())).toBe(false);
    await ext.truncateByMinOffset(2 ** 40);
    expect(ext.minOffset).toBe(192);
  });

  it('is empty and new after its removal', () => {
    const { fs, ext } = make(64);
    for (let index = 0; index < 8; index += 1) putUnit(ext, unitOf(index, 2));
    ext.flush();
    ext.destroy();
    expect(fs.files()).toEqual([]);
    expect([ext.maxOffset, ext.isUnflushed]).toEqual([0, false]);
    putUnit(ext, unitOf(0, 2));
  });

  it('does not open files of another length', () => {
    const { fs, ext } = make(64);
    putUnit(ext, unitOf(0, 2));
    ext.flush();
    expect(() => make(80, fs).ext.load()).toThrow(StoreLoadError);
  });
});

describe('recoverConsumeQueueExt', () => {
  it('never gives an address out again that an entry holds, although the unit is lost', () => {
    for (const lostFrom of [0, 64, 128]) {
      const { fs, ext } = make(64);
      for (let index = 0; index < 6; index += 1) putUnit(ext, unitOf(index, 2));
      ext.flush();
      for (let from = lostFrom; from < 192; from += 64) fs.unlink(`/ext/T/3/${String(from).padStart(20, '0')}`);
      const again = reopen(fs, 128 + 22, true);
      expect(again.maxOffset).toBe(192);
      for (const offset of [0, 22, 64, 86, 128, 150].filter((one) => one >= lostFrom)) {
        expect(again.unitAt(offset, new CqExtUnit())).toBe(false);
      }
      putUnit(again, { ...unitOf(6, 2), offset: 192 });
      again.flush();
      // The next start finds it, and so would Java's, which walks from the first file on.
      expect(reopen(fs, 192).maxOffset).toBe(192 + 22);
      expect(walkAsJava(fs, 64)).toBe(192 + 22);
    }
  });

  it('takes an address far behind its files for damage', () => {
    const { fs, ext } = make(64);
    putUnit(ext, unitOf(0, 2));
    ext.flush();
    expect(reopen(fs, 2 ** 30).maxOffset).toBe(22);
    expect(reopen(new MemFs(), 2 ** 52).maxOffset).toBe(0);
  });

  it('ends at the last whole unit when the newest address leads into the middle of one', () => {
    const { fs, ext } = make(2_048);
    for (let index = 0; index < 9; index += 1) putUnit(ext, unitOf(index, 2));
    ext.flush();
    expect(reopen(fs, 22 * 8 + 3).maxOffset).toBe(22 * 9);
  });

  it.each([
    ['after a crash', true],
    ['when units lie there that no entry knows', false],
  ])('leaves zeros behind the end %s, over which Java walks', (_, afterCrash) => {
    const { fs, ext } = make(2_048);
    for (let index = 0; index < 50; index += 1) putUnit(ext, unitOf(index, 14));
    ext.flush();
    const again = reopen(fs, 3 * 34, afterCrash);
    again.put(0, 7, 5);
    again.flush();
    const file = fs.readFile('/ext/T/3/00000000000000000000', 4_096);
    expect(file?.length).toBe(2_048);
    expect(file?.subarray(4 * 34 + 20).every((byte) => byte === 0)).toBe(true);
    expect(walkAsJava(fs, 2_048)).toBe(4 * 34 + 20);
  });
});

describe('isMatchedByEntry', () => {
  const asked: unknown[] = [];
  const filter = {
    isMatchedByConsumeQueue: (high: number, low: number, unit?: CqExtUnit) => {
      asked.push([high, low, unit?.msgStoreTime]);
      return low === 7;
    },
  };

  it('hands the tagsCode of the unit to the filter, never an address', () => {
    const { ext } = make();
    putUnit(ext, { offset: 0, tag: 7, time: 99, bitMap: Buffer.alloc(0) });
    putUnit(ext, { offset: 20, tag: 8, time: 99, bitMap: Buffer.alloc(0) });
    expect(isMatchedByEntry(filter, ext, ...halves(SMALLEST))).toBe(true);
    expect(isMatchedByEntry(filter, ext, ...halves(SMALLEST + 20n))).toBe(false);
    expect(isMatchedByEntry(filter, ext, 0, 7)).toBe(true);
    expect(isMatchedByEntry(filter, undefined, -1, -7)).toBe(false);
    expect(asked.splice(0)).toEqual([
      [0, 7, 99],
      [0, 8, 99],
      [0, 7, undefined],
      [-1, -7, undefined],
    ]);
  });

  it('lets a message pass whose unit nobody has: its client filters again', () => {
    const { ext } = make();
    expect(isMatchedByEntry(filter, ext, ...halves(SMALLEST))).toBe(true);
    expect(isMatchedByEntry(filter, undefined, ...halves(SMALLEST))).toBe(true);
    expect(asked).toEqual([]);
  });

  it('lets a message pass whose unit has a code that no tag has: a bit has changed', () => {
    const { ext } = make();
    expect(ext.put(-0x80000000, 8, 99, Buffer.alloc(0))).toBe(true);
    expect(isMatchedByEntry(filter, ext, ...halves(SMALLEST))).toBe(true);
    expect(asked).toEqual([]);
  });
});

interface TestUnit {
  readonly offset: number;
  readonly tag: number;
  readonly time: number;
  readonly bitMap: Buffer;
}

/** The unit with a number; the offset is filled in when it is put. */
function unitOf(index: number, bitMapBytes: number): TestUnit & { offset: number } {
  return {
    offset: -1,
    tag: index * 1_000_003,
    time: 1_795_000_000_000 + index,
    bitMap: Buffer.alloc(bitMapBytes, index),
  };
}

function putUnit(ext: ConsumeQueueExt, unit: TestUnit & { offset: number }): void {
  expect(ext.put(unit.tag < 0 ? -1 : 0, unit.tag, unit.time, unit.bitMap)).toBe(true);
  const offset = extOffset(ext.addressHigh, ext.addressLow);
  if (unit.offset < 0) unit.offset = offset;
  expect(unit.offset).toBe(offset);
}

function expectUnit(ext: ConsumeQueueExt, unit: TestUnit): void {
  const found = new CqExtUnit();
  const offset = unit.offset < 0 ? offsetOf(ext, unit) : unit.offset;
  expect(ext.get(extAddressHigh(offset), extAddressLow(offset), found)).toBe(true);
  expect(found).toMatchObject({ tagsCodeLow: unit.tag | 0, msgStoreTime: unit.time });
  expect(found.size).toBe(MIN_UNIT_BYTES + unit.bitMap.length);
  expect(unit.bitMap.equals(found.bitMap)).toBe(true);
}

/** Where a unit lies that a test made once more to compare. */
function offsetOf(ext: ConsumeQueueExt, unit: TestUnit): number {
  const found = new CqExtUnit();
  for (let offset = 0; ext.unitAt(offset, found); offset += found.size)
    if (found.tagsCodeLow === unit.tag) return offset;
  throw new Error('no such unit');
}

/** Where Java's walk ends: units by size from the first file on, a size of 0 or less ends a file. */
function walkAsJava(fs: MemFs, fileSize: number): number {
  let end = 0;
  for (const name of fs.list('/ext/T/3').sort()) {
    const file = fs.readFile(`/ext/T/3/${name}`, fileSize) as Buffer;
    let at = 0;
    for (let size = file.readInt16BE(at); size > 0; size = file.readInt16BE(at)) {
      at += size;
      if (at > fileSize - 2) throw new Error('Java reads behind the end of the file');
    }
    end = Number(name) + at;
  }
  return end;
}

function setInt16(bytes: Buffer, at: number, value: number): Buffer {
  bytes.writeInt16BE(value, at);
  return bytes;
}

function halves(value: bigint): [number, number] {
  return [Number(BigInt.asIntN(32, value >> 32n)), Number(BigInt.asIntN(32, value))];
}

function make<F extends MemFs | FaultFs = MemFs>(fileSize = 200, fs = new MemFs() as F, errors: unknown[] = []) {
  const log = { ...silentLogger, error: (fields: unknown) => void errors.push(fields) };
  const parts = { openFiles: new OpenFiles(fs), dir: '/ext', fileSize, log, window: new ExtWindow() };
  return { fs, ext: new ConsumeQueueExt(parts, 'T', 3) };
}

/** The extension as another process finds it; `newest` is the greatest offset that an entry names. */
function reopen(fs: MemFs, newest = -1, afterCrash = false): ConsumeQueueExt {
  const name = fs.files()[0];
  const { ext } = make(name === undefined ? 64 : (fs.stat(name)?.sizeBytes ?? 0), fs);
  ext.load();
  recoverConsumeQueueExt(ext, newest, afterCrash);
  return ext;
}
