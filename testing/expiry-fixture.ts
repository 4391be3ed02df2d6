import type { DiskLevels } from '../src/config/disk-levels.ts';
import type { MessageStoreConfig } from '../src/config/message-store-config.ts';
import { MessageStore } from '../src/store/message-store.ts';
import type { Fs } from '../src/util/fs.ts';
import { type CollectingLogger, collectingLogger } from './collecting-logger.ts';
import { FakeClock } from './fake-clock.ts';
import { MemFs } from './mem-fs.ts';
import { put, storeConfig, testProc } from './store-fixture.ts';

export const HOUR_MS = 3_600_000;
const LOG_FILE_BYTES = 128;
/** What a message has besides topic and body, and 8 bytes behind it: the rest of a CommitLog file. */
const ROOM_BYTES = LOG_FILE_BYTES - 91 - 8;

/** A store whose every message has a CommitLog file of its own, and that expires them. */
export class ExpiryFixture {
  readonly fs: MemFs;
  readonly clock: FakeClock;
  readonly log: CollectingLogger = collectingLogger();
  readonly config: MessageStoreConfig;
  readonly store: MessageStore;

  /** `disk` is what the store sees of `fs`. */
  constructor(
    options: {
      readonly changes?: Partial<MessageStoreConfig>;
      readonly diskLevels?: Partial<DiskLevels>;
      readonly fs?: MemFs;
      readonly disk?: (fs: MemFs) => Fs;
      readonly clock?: FakeClock;
    } = {},
  ) {
    this.clock = options.clock ?? new FakeClock();
    this.fs = options.fs ?? new MemFs({ now: () => this.clock.now() });
    this.config = storeConfig('/store', {
      mappedFileSizeCommitLog: LOG_FILE_BYTES,
      mappedFileSizeConsumeQueue: 140,
      maxMessageSize: 4096,
      flushDiskType: 'SYNC_FLUSH',
      fileReservedTime: 1,
      deleteWhen: otherHour(this.clock),
      diskMaxUsedSpaceRatio: 95,
      ...options.changes,
    });
    this.store = MessageStore.open({
      fs: options.disk?.(this.fs) ?? this.fs,
      clock: this.clock,
      log: this.log,
      config: this.config,
      proc: testProc(),
      diskLevels: { warningRatio: 0.9, cleanForciblyRatio: 0.999, ...options.diskLevels },
    });
    this.store.start();
  }

  /** Messages, one per file; bodies begin with their number. Nothing is staged when this is done. */
  async fill(count: number, more: { readonly topic?: string; readonly queueId?: number; first?: number } = {}) {
    const { topic = 'test', queueId = 0, first = 0 } = more;
    for (let index = first; index < first + count; index++) {
      put(this.store, { topic, queueId, body: String(index).padEnd(ROOM_BYTES - topic.length, '.'), properties: {} });
      this.clock.endTurn();
    }
    await this.settle(0);
  }

  /** Sets the time of the first `count` CommitLog files back. */
  age(count: number, byMs = 2 * HOUR_MS): void {
    for (const path of this.logFiles().slice(0, count)) {
      this.fs.open(path, 'update').setMtime(this.clock.now() - byMs);
    }
  }

  /** Lets the first run of the cleaning, or the next one, go through. */
  async firstRun(): Promise<void> {
    await this.settle(62_000);
  }

  async nextRun(): Promise<void> {
    await this.settle(12_000);
  }

  /** What the promise gives, while others of the store's turns go by. */
  async done<T>(promise: Promise<T>): Promise<T> {
    await this.settle(0);
    return promise;
  }

  async settle(byMs: number): Promise<void> {
    if (byMs > 0) await this.clock.advanceAsync(byMs, 100);
    for (let turn = 0; turn < 20; turn++) {
      this.clock.endTurn();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** The share of the partition in use. */
  use(ratio: number): void {
    const totalBytes = 1_000_000;
    const freeBytes = Math.round(totalBytes * (1 - ratio));
    this.fs.space = { totalBytes, freeBytes, availableBytes: freeBytes };
  }

  logFiles(): string[] {
    return this.fs.files().filter((path) => path.startsWith('/store/commitlog/'));
  }

  queueFiles(topic = 'test', queueId = 0): string[] {
    return this.fs.files().filter((path) => path.startsWith(`/store/consumequeue/${topic}/${queueId}/`));
  }

  /** Log lines with this text. */
  told(text: RegExp): readonly Readonly<Record<string, unknown>>[] {
    return this.log.lines.filter((line) => text.test(line.text)).map((line) => line.fields);
  }
}

/** The hour it is, as `deleteWhen` has it. */
export function thisHour(clock: FakeClock): string {
  return String(new Date(clock.now()).getHours()).padStart(2, '0');
}

function otherHour(clock: FakeClock): string {
  return String((new Date(clock.now()).getHours() + 12) % 24);
}
