import { basename, dirname } from 'node:path';
import type { FileHandle, Fs } from '../src/util/fs.ts';
import { overridden } from './trace-ports.ts';

/** Bugs that leave wrong bytes in the files of a store, for the checks of directories to find. */
export const filePlants = ['queue-entry-left-out', 'queue-offset-off-by-one', 'index-entry-left-out'] as const;
export type FilePlant = (typeof filePlants)[number];

/** Changes bytes that are about to be written at `position` of a file. */
type Change = (bytes: Buffer, position: number, handle: FileHandle) => void;

/**
 * A file system below which the store writes something else than it believes: a message has no entry in its consume
 * queue (its place leads to the message before it), every twentieth record says a queue offset too many, or some keys
 * of each index file are left out. What the running broker serves from memory is right.
 */
export function plantedFilesFs(fs: Fs, plant: FilePlant, maxHashSlotNum: number): Fs {
  const changes: Readonly<Record<FilePlant, readonly [folder: RegExp, change: Change]>> = {
    'queue-entry-left-out': [/\/consumequeue\//, repeatEntry],
    'queue-offset-off-by-one': [/\/commitlog$/, raiseQueueOffset],
    'index-entry-left-out': [/\/index$/, (bytes, position) => loseKey(bytes, position, maxHashSlotNum)],
  };
  const [folder, change] = changes[plant];
  return overridden(fs, {
    open(path, mode) {
      const handle = fs.open(path, mode);
      if (!folder.test(dirname(path)) || !/^\d+$/.test(basename(path))) return handle;
      const changed = (source: Uint8Array, start: number, length: number, position: number): Buffer => {
        const bytes = Buffer.from(source.subarray(start, start + length));
        change(bytes, position, handle);
        return bytes;
      };
      return overridden(handle, {
        pwrite: (source, start, length, position) => {
          return handle.pwrite(changed(source, start, length, position), 0, length, position);
        },
        pwriteAsync: (source, start, length, position) => {
          return handle.pwriteAsync(changed(source, start, length, position), 0, length, position);
        },
      });
    },
  });
}

const queueEntryBytes = 20;
const plantedEntry = 3;

function repeatEntry(bytes: Buffer, position: number, handle: FileHandle): void {
  const at = plantedEntry * queueEntryBytes - position;
  if (at < 0 || at + queueEntryBytes > bytes.length || bytes.readInt32BE(at + 8) === 0) return;
  if (at >= queueEntryBytes) bytes.copy(bytes, at, at - queueEntryBytes, at);
  else handle.pread(bytes, at, queueEntryBytes, position + at - queueEntryBytes);
}

const messageMagic = 0xdaa320a7;
const recordsBetween = 20;
let records = 0;

function raiseQueueOffset(bytes: Buffer): void {
  for (
    let at = 0;
    at + 28 <= bytes.length && bytes.readUInt32BE(at + 4) === messageMagic;
    at += bytes.readInt32BE(at)
  ) {
    records += 1;
    if (records % recordsBetween === 0) bytes.writeBigInt64BE(bytes.readBigInt64BE(at + 20) + 1n, at + 20);
  }
}

const indexHeaderBytes = 40;
/** Several, because a message may have the same key twice. */
const plantedKeys = [5, 17, 29, 41, 53];

/** Another hash of the same slot: the chain stays whole, the key is not found. */
function loseKey(bytes: Buffer, position: number, maxHashSlotNum: number): void {
  for (const number of plantedKeys) {
    const at = indexHeaderBytes + 4 * maxHashSlotNum + queueEntryBytes * number - position;
    if (at < 0 || at + queueEntryBytes > bytes.length) continue;
    const keyHash = bytes.readInt32BE(at);
    const other = keyHash + maxHashSlotNum;
    bytes.writeInt32BE(other > 0x7fffffff ? keyHash - maxHashSlotNum : other, at);
  }
}
