import type { Flip } from './flips.ts';
import type { Image } from './sample-store.ts';

const ENTRY_BYTES = 20;
const FILES_LOOKED_AT = 3;

interface Entry {
  readonly phyOffset: number;
  readonly end: number;
}

/** Number of the entry in its queue in which a bit of a ConsumeQueue lies. */
export function entryNumberOf({ path, bit }: Flip): number {
  return Math.floor((startOf(path) + (bit >> 3)) / ENTRY_BYTES);
}

/**
 * Whether a start must see that the changed entry cannot be right: it is in the last three files, and is none, or is
 * not in order with its neighbours, or is the last and leads behind the log. After a crash the last entry is
 * compared with its record when it leads behind `checkedFrom`. Written from the document, not from recovery.
 */
export function isSeenByStart(flip: Flip, image: Image, logEnd: number, checkedFrom: number | undefined): boolean {
  const folder = flip.path.slice(0, flip.path.lastIndexOf('/') + 1);
  const files = [...image.keys()].filter((path) => path.startsWith(folder)).sort();
  if (files.indexOf(flip.path) < files.length - FILES_LOOKED_AT) return false;
  const number = entryNumberOf(flip);
  const changed = entryAt(files, image, number);
  if (changed === undefined || changed.phyOffset < 0 || changed.end <= changed.phyOffset) return true;
  const before = entryAt(files, image, number - 1);
  const next = entryAt(files, image, number + 1);
  if (before !== undefined && changed.phyOffset < before.end) return true;
  if (next !== undefined) return next.phyOffset < changed.end;
  return changed.end > (checkedFrom ?? logEnd);
}

function entryAt(files: readonly string[], image: Image, number: number): Entry | undefined {
  const at = number * ENTRY_BYTES;
  for (const path of files) {
    const content = image.get(path) as Buffer;
    const inFile = at - startOf(path);
    if (inFile < 0 || inFile >= content.length) continue;
    const phyOffset = Number(content.readBigInt64BE(inFile));
    const size = content.readInt32BE(inFile + 8);
    if (phyOffset === 0 && (size === 0 || size === 0x7fffffff)) return undefined;
    return { phyOffset, end: phyOffset + size };
  }
  return undefined;
}

function startOf(path: string): number {
  return Number(path.slice(path.lastIndexOf('/') + 1));
}
