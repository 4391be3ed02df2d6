import type { ConsumeQueue } from './consume-queue.ts';
import { ConsumeQueueEntries, CQ_ENTRY_BYTES } from './consume-queue-entries.ts';

/**
 * The offset of the message whose store time is nearest to `timestampMs`, found by binary search in one file of the
 * queue: the first changed at or after that time, else the last. Neighbours in other files are not considered, ties go
 * to the earlier message, a time behind the last message gives the last message; 0 for an empty queue. A few messages
 * whose time cannot be read are passed over (ADR 0027), where Java says 0. Throws StoreIoError.
 * Java: ConsumeQueue#getOffsetInQueueByTime, oddities included.
 */
export function offsetInQueueByTime(
  queue: ConsumeQueue,
  timestampMs: number,
  minPhyOffset: number,
  storeTimeAt: StoreTimeAt,
): number {
  // The choice of the file goes by modification times, so what memory holds must have its file.
  queue.writeDirty();
  const file = queue.files.findByTime(timestampMs, (candidate) => queue.mtimeOf(candidate));
  if (file === undefined || file.wrotePosition === 0) return 0;
  const base = file.fileFromOffset / CQ_ENTRY_BYTES;
  let low = Math.max(0, Math.floor(queue.minLogicOffset / CQ_ENTRY_BYTES) - base);
  let high = file.wrotePosition / CQ_ENTRY_BYTES - 1;
  const left: Neighbour = { entry: NOWHERE, storeTime: -1 };
  const right: Neighbour = { entry: NOWHERE, storeTime: -1 };
  let passedOver = 0;
  while (high >= low) {
    const first = Math.floor((low + high) / 2);
    let middle = first;
    let storeTime = -1;
    for (; middle <= high; middle++) {
      if (queue.entriesFrom(base + middle, 1, ENTRY) === 0) return 0;
      const phyOffset = ENTRY.phyOffset[0] as number;
      // Expired: its time is not known, so it is no neighbour, only a bound.
      if (phyOffset < minPhyOffset) break;
      storeTime = storeTimeAt(phyOffset, ENTRY.size[0] as number);
      if (storeTime >= 0) break;
      passedOver += 1;
      if (passedOver > MOST_PASSED_OVER) return 0;
    }
    if (storeTime === timestampMs) return base + middle;
    const isRight = middle > high || storeTime > timestampMs;
    if (middle <= high) {
      const side = isRight ? right : left;
      side.entry = middle;
      if (storeTime >= 0) side.storeTime = storeTime;
    }
    if (isRight) high = first - 1;
    else low = middle + 1;
  }
  return Math.max(0, base + nearest(left, right, timestampMs));
}

/** Store time of the message at a physical offset, −1 when it cannot be told. Java: CommitLog#pickupStoreTimestamp. */
export type StoreTimeAt = (phyOffset: number, sizeBytes: number) => number;

interface Neighbour {
  entry: number;
  storeTime: number;
}

const NOWHERE = -1;
/** Each costs a read that blocks. */
const MOST_PASSED_OVER = 64;
const ENTRY = new ConsumeQueueEntries(1);

function nearest(left: Neighbour, right: Neighbour, timestampMs: number): number {
  // Java divides (file start − 1 byte) by 20 and truncates, which is one entry down, but never below 0.
  if (left.storeTime === -1) return right.entry;
  if (right.storeTime === -1) return left.entry;
  return timestampMs - left.storeTime > right.storeTime - timestampMs ? right.entry : left.entry;
}
