import type { ConsumeQueueExt } from './consume-queue-ext.ts';
import { CqExtUnit, MIN_UNIT_BYTES } from './consume-queue-ext-unit.ts';
import type { MappedFile } from './mapped-file.ts';

/**
 * Finds the end of loaded extension files: behind the unit at `newestOffset`, the greatest address in the tail of the
 * queue, −1 without one. Java walks all units of all files first; the walk is made here only when that unit cannot be
 * read, and only in the last file. Addresses whose units are lost are never given out again, or the entries
 * that hold them would lead to another message. After a crash, or when a unit is there, everything behind the end
 * becomes zero: `store repair` leaves units that no entry knows. Throws StoreIoError.
 * Java: ConsumeQueueExt#recover, #truncateByMaxAddress.
 */
export function recoverConsumeQueueExt(ext: ConsumeQueueExt, newestOffset: number, afterCrash: boolean): void {
  ext.endAt(endOf(ext, newestOffset));
  if (newestOffset >= ext.maxOffset) ext.passOver(newestOffset);
  if (afterCrash || isUnitBehindEnd(ext)) ext.zeroBehindEnd();
  if (!afterCrash) return;
  // Units added here are on disk only when the name of a file that a killed process made is, too.
  const { lastFile } = ext.files;
  lastFile?.doubtFrom(lastFile.flushedPosition);
}

function endOf(ext: ConsumeQueueExt, newestOffset: number): number {
  if (ext.unitAt(newestOffset, UNIT)) return newestOffset + UNIT.size;
  const { lastFile } = ext.files;
  return lastFile === undefined ? 0 : lastFile.fileFromOffset + unitsLength(lastFile);
}

function isUnitBehindEnd({ files: { lastFile } }: ConsumeQueueExt): boolean {
  if (lastFile === undefined || lastFile.isFull) return false;
  return lastFile.read(BUFFER, 0, 2, lastFile.wrotePosition) === 2 && BUFFER.readInt16BE(0) > 0;
}

/** Bytes of the file's leading units, by their sizes alone. Java: CqExtUnit#readBySkip. */
function unitsLength(file: MappedFile): number {
  let bufferFrom = 0;
  let length = 0;
  for (let at = 0; ; ) {
    if (at + 2 > bufferFrom + length) {
      bufferFrom = at;
      length = file.read(BUFFER, 0, Math.min(BUFFER.length, file.fileSize - at), at);
      if (length < 2) return at;
    }
    const size = BUFFER.readInt16BE(at - bufferFrom);
    if (size < MIN_UNIT_BYTES || at + size > file.fileSize) return at;
    at += size;
  }
}

const UNIT = new CqExtUnit();
const BUFFER = Buffer.alloc(65_536);
