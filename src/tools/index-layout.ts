import { posix } from 'node:path';
import { type IndexLayout, indexFileBytes } from '../store/index-file.ts';
import type { Fs } from '../util/fs.ts';
import { fileNames } from './directory.ts';
import { FileWindow } from './file-window.ts';

/** Java's defaults for maxHashSlotNum and maxIndexNum. */
export const DEFAULT_INDEX_LAYOUT: IndexLayout = { maxHashSlotNum: 5_000_000, maxIndexNum: 20_000_000 };

/** Header fields and entries of an index file; the numbers stand in docs/store/index-file.md. */
export const INDEX_AT = {
  beginTimestamp: 0,
  endTimestamp: 8,
  beginPhyOffset: 16,
  endPhyOffset: 24,
  hashSlotCount: 32,
  indexCount: 36,
  slots: 40,
  slotBytes: 4,
  entryBytes: 20,
} as const;

/** Where entry 0 of an index file stands. */
export function entriesAt(maxHashSlotNum: number): number {
  return INDEX_AT.slots + INDEX_AT.slotBytes * maxHashSlotNum;
}

/**
 * The layout of the index files in a directory, from the files alone: Java's default by its length, else the number of
 * slots with which the first file's chains lead from slots to entries. Undefined when no file tells it.
 */
export function detectIndexLayout(fs: Fs, dir: string): IndexLayout | undefined {
  for (const name of fileNames(fs, dir)) {
    const window = new FileWindow(fs, posix.join(dir, name));
    try {
      if (window.sizeBytes === indexFileBytes(DEFAULT_INDEX_LAYOUT)) return DEFAULT_INDEX_LAYOUT;
      const found = layoutOf(window);
      if (found !== undefined) return found;
    } finally {
      window.close();
    }
  }
  return undefined;
}

/** Tries every number of slots that the length allows: entry 1 begins with known bytes. */
function layoutOf(window: FileWindow): IndexLayout | undefined {
  const header = window.view(0, INDEX_AT.slots);
  if (header.length < INDEX_AT.slots) return undefined;
  const first = Buffer.from(header.subarray(INDEX_AT.beginPhyOffset, INDEX_AT.beginPhyOffset + 8));
  const count = header.readInt32BE(INDEX_AT.indexCount);
  if (count <= 1) return undefined;
  const forEntries = window.sizeBytes - INDEX_AT.slots;
  // 4·slots + 20·entries fill the file, so the slots are known up to multiples of five.
  for (let slots = (forEntries / 4) % 5; slots * 4 + INDEX_AT.entryBytes * 2 <= forEntries; slots += 5) {
    if (slots === 0) continue;
    const entry = window.view(entriesAt(slots) + INDEX_AT.entryBytes, INDEX_AT.entryBytes);
    if (!entry.subarray(4, 12).equals(first) || entry.readInt32BE(16) !== 0 || entry.readInt32BE(12) !== 0) continue;
    const layout = { maxHashSlotNum: slots, maxIndexNum: (forEntries - 4 * slots) / INDEX_AT.entryBytes };
    if (count <= layout.maxIndexNum && leadsToEntries(window, layout, count)) return layout;
  }
  return undefined;
}

/** Whether some entries are found from the slots of their hashes. */
function leadsToEntries(window: FileWindow, { maxHashSlotNum }: IndexLayout, count: number): boolean {
  const entry = (number: number) => window.view(entriesAt(maxHashSlotNum) + number * INDEX_AT.entryBytes, 20);
  for (const number of [1, Math.ceil(count / 2), count - 1]) {
    const hash = entry(number).readInt32BE(0);
    if (hash < 0) return false;
    let at = window.view(INDEX_AT.slots + INDEX_AT.slotBytes * (hash % maxHashSlotNum), 4).readInt32BE(0);
    while (at > number && at < count) {
      const previous = entry(at).readInt32BE(16);
      if (previous >= at) return false;
      at = previous;
    }
    if (at !== number) return false;
  }
  return true;
}
