import type { IndexLayout } from '../store/index-file.ts';
import type { FileWindow } from './file-window.ts';
import type { Findings } from './findings.ts';
import { entryAt, type IndexHeader } from './index-entries.ts';
import { INDEX_AT } from './index-layout.ts';

/**
 * Checks one index file in itself by building its slots again from its entries: each entry must point to the one that
 * was newest in its slot, and the slots in the file must be those that come out. Takes four bytes for each slot.
 */
export function checkIndexStructure(
  window: FileWindow,
  path: string,
  header: IndexHeader,
  layout: IndexLayout,
  findings: Findings,
): void {
  const { maxHashSlotNum, maxIndexNum } = layout;
  if (header.indexCount < 0 || header.indexCount > maxIndexNum) {
    findings.damage(path, INDEX_AT.indexCount, `indexCount is ${header.indexCount}, at most ${maxIndexNum}`);
    return;
  }
  // A file that was just made says 0 and means 1: entry 0 is never used.
  const count = Math.max(1, header.indexCount);
  if (header.hashSlotCount !== count - 1) {
    const what = `hashSlotCount is ${header.hashSlotCount} with ${count - 1} entries`;
    findings.damage(path, INDEX_AT.hashSlotCount, what);
  }
  const slots = new Int32Array(maxHashSlotNum);
  for (let number = 1; number < count; number += 1) {
    const entry = entryAt(window, path, header, layout, number);
    if (entry.keyHash < 0) {
      findings.damage(path, entry.at, `entry ${number} has key hash ${entry.keyHash}, which no key has`);
      continue;
    }
    const slot = entry.keyHash % maxHashSlotNum;
    const newest = slots[slot] as number;
    if (entry.previous !== newest) {
      findings.damage(path, entry.at + 16, `entry ${number} points to entry ${entry.previous} in place of ${newest}`);
    }
    slots[slot] = number;
  }
  compareSlots(window, path, slots, findings);
  if (count > 1) checkOffsets(window, path, header, layout, findings);
}

function compareSlots(window: FileWindow, path: string, slots: Int32Array, findings: Findings): void {
  const length = SLOTS_AT_ONCE * INDEX_AT.slotBytes;
  for (let first = 0; first < slots.length; first += SLOTS_AT_ONCE) {
    const at = INDEX_AT.slots + first * INDEX_AT.slotBytes;
    const count = Math.min(SLOTS_AT_ONCE, slots.length - first);
    const bytes = window.view(at, Math.min(length, count * INDEX_AT.slotBytes));
    for (let index = 0; index < count; index += 1) {
      const stored = bytes.readInt32BE(index * INDEX_AT.slotBytes);
      const expected = slots[first + index] as number;
      if (stored === expected) continue;
      const what = `slot ${first + index} holds ${stored}, its newest entry is ${expected}`;
      findings.damage(path, at + index * INDEX_AT.slotBytes, what);
    }
  }
}

function checkOffsets(
  window: FileWindow,
  path: string,
  header: IndexHeader,
  layout: IndexLayout,
  findings: Findings,
): void {
  const first = entryAt(window, path, header, layout, 1).phyOffset;
  const last = entryAt(window, path, header, layout, header.indexCount - 1).phyOffset;
  const { beginPhyOffset, endPhyOffset, beginTimestamp, endTimestamp } = header;
  if (beginPhyOffset !== first) {
    findings.damage(path, INDEX_AT.beginPhyOffset, `beginPhyOffset is ${beginPhyOffset}, the first entry's ${first}`);
  }
  if (endPhyOffset !== last) {
    findings.damage(path, INDEX_AT.endPhyOffset, `endPhyOffset is ${endPhyOffset}, the last entry's ${last}`);
  }
  if (beginTimestamp < 0 || endTimestamp < beginTimestamp) {
    findings.damage(path, INDEX_AT.beginTimestamp, `the times ${beginTimestamp} to ${endTimestamp} are no span`);
  }
}

const SLOTS_AT_ONCE = 4_096;
