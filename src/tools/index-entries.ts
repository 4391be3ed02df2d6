import { posix } from 'node:path';
import { type IndexLayout, indexFileBytes } from '../store/index-file.ts';
import type { Fs } from '../util/fs.ts';
import { FileWindow } from './file-window.ts';
import { entriesAt, INDEX_AT } from './index-layout.ts';

/** The 40 bytes at the begin of an index file. */
export interface IndexHeader {
  readonly beginTimestamp: number;
  readonly endTimestamp: number;
  readonly beginPhyOffset: number;
  readonly endPhyOffset: number;
  readonly hashSlotCount: number;
  readonly indexCount: number;
  /** endTimestamp of the file before in the directory, from which the first entry counts; left out when not known. */
  readonly previousEnd?: number | undefined;
}

/** One entry, and where it stands. */
export interface IndexEntry {
  readonly path: string;
  readonly header: IndexHeader;
  /** Position in the file. */
  readonly at: number;
  readonly number: number;
  readonly keyHash: number;
  readonly phyOffset: number;
  readonly timeDiff: number;
  readonly previous: number;
}

/** Reads a header; numbers beyond 2^53, which only damage makes, are the nearest double. */
export function readHeader(window: FileWindow): IndexHeader {
  const bytes = window.view(0, INDEX_AT.slots);
  const long = (at: number): number => Number(bytes.readBigInt64BE(at));
  return {
    beginTimestamp: long(INDEX_AT.beginTimestamp),
    endTimestamp: long(INDEX_AT.endTimestamp),
    beginPhyOffset: long(INDEX_AT.beginPhyOffset),
    endPhyOffset: long(INDEX_AT.endPhyOffset),
    hashSlotCount: bytes.readInt32BE(INDEX_AT.hashSlotCount),
    indexCount: bytes.readInt32BE(INDEX_AT.indexCount),
  };
}

/** The entries that the headers count, of all files of the right length, oldest first. Throws FsError. */
export function* indexEntries(
  fs: Fs,
  dir: string,
  names: readonly string[],
  layout: IndexLayout,
): Generator<IndexEntry> {
  let previousEnd: number | undefined;
  for (const name of names) {
    const window = new FileWindow(fs, posix.join(dir, name));
    if (window.sizeBytes === indexFileBytes(layout)) {
      const header = { ...readHeader(window), previousEnd };
      const count = Math.min(header.indexCount, layout.maxIndexNum);
      for (let number = 1; number < count; number += 1) {
        yield entryAt(window, `index/${name}`, header, layout, number);
      }
      previousEnd = header.endTimestamp;
    } else previousEnd = undefined;
    window.close();
  }
}

/** One entry of an open file. */
export function entryAt(
  window: FileWindow,
  path: string,
  header: IndexHeader,
  layout: IndexLayout,
  number: number,
): IndexEntry {
  const at = entriesAt(layout.maxHashSlotNum) + number * INDEX_AT.entryBytes;
  const bytes = window.view(at, INDEX_AT.entryBytes);
  return {
    path,
    header,
    at,
    number,
    keyHash: bytes.readInt32BE(0),
    phyOffset: Number(bytes.readBigInt64BE(4)),
    timeDiff: bytes.readInt32BE(12),
    previous: bytes.readInt32BE(16),
  };
}
