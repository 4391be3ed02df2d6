import type { SlaveLog } from '../../src/ha/ha-client.ts';
import type { MasterLog } from '../../src/ha/ha-connection.ts';
import type { MessageStore } from '../../src/store/message-store.ts';
import type { RawLog } from '../../src/store/raw-log.ts';

/** A mistake between a log and what is sent of it, or between what comes and a log. */
export interface Plant {
  /** `twin` has written already what the master has only staged. */
  readonly master?: (raw: RawLog, twin: MessageStore) => MasterLog;
  readonly slave?: (raw: RawLog) => SlaveLog;
}

/** Mistakes that replication could make; the run must see each. */
export const PLANTS = {
  /** What is staged is sent: when its write fails, the slave has what the master took back. */
  'staged bytes are sent': {
    master: (_, twin) => twin.rawLog,
  },
  /** Bytes are added wherever the master says that they come from. */
  'the offset of a packet is not compared': {
    slave: (raw) => ({
      get endOffset() {
        return raw.endOffset;
      },
      expects: () => true,
      append: (phyOffset, bytes) => raw.append(raw.nextOffset === 0 ? phyOffset : raw.nextOffset, bytes),
      dropPart: () => raw.dropPart(),
    }),
  },
  /** A packet is acknowledged before it is written, and the write may fail. */
  'a packet that could not be written is acknowledged': {
    slave: (raw) => {
      let claimed = 0;
      return {
        get endOffset() {
          return Math.max(claimed, raw.endOffset);
        },
        expects: (phyOffset) => phyOffset === claimed || raw.expects(phyOffset),
        append: (phyOffset, bytes) => {
          claimed = phyOffset + bytes.length;
          raw.append(phyOffset, bytes);
          return 'appended';
        },
        dropPart: () => raw.dropPart(),
      };
    },
  },
  /** The last byte that is written waits for the next one. */
  'the newest byte is not sent': {
    master: (raw) => ({
      get endOffset() {
        return raw.endOffset;
      },
      fileSizeBytes: raw.fileSizeBytes,
      readableBytes: (from, most) => Math.max(0, Math.min(raw.readableBytes(from, most), raw.endOffset - 1 - from)),
      read: (from, length, target, start) => raw.read(from, length, target, start),
    }),
  },
} satisfies Record<string, Plant>;
