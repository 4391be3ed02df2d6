import type { Clock, Timer } from '../util/clock.ts';
import type { Logger } from '../util/logger.ts';
import { type PutRefusal, refusePut } from './results.ts';
import type { RunningFlags } from './running-flags.ts';
import { StoreIoError } from './store-errors.ts';

/** How often what failed is tried again, and the text of a refusal made anew. */
const RETRY_PERIOD_MS = 1_000;
/** A full disk is not tried before so much is free: the state files need room, too. */
export const ROOM_TO_GO_ON_BYTES = 1 << 20;

/** What can keep the store from taking messages. Each is told once when it begins and once when it ends. */
export type TroubleKind =
  /** A write of a turn or of a blank record failed. */
  | 'log-write'
  /** The next file of the commit log could not be made. */
  | 'log-file'
  /** An fdatasync of the commit log failed. */
  | 'log-flush'
  /** A turn is in the log, but not in the queues and the index. */
  | 'dispatch'
  /** An fdatasync of a consume queue failed. */
  | 'queue-flush'
  /** An fdatasync of an index file failed. */
  | 'index-flush'
  /** Another process has taken the directory. */
  | 'lock';

const WHAT: Readonly<Record<TroubleKind, string>> = {
  'log-write': 'writing to the commit log failed',
  'log-file': 'the next commit log file could not be created',
  'log-flush': 'flushing the commit log failed',
  dispatch: 'writing a consume queue or an index file failed',
  'queue-flush': 'flushing a consume queue failed',
  'index-flush': 'flushing an index file failed',
  lock: 'another process has taken the store directory',
};

/** These are tried again here; the others by the service that flushes, or never. */
const TRIED_HERE: readonly TroubleKind[] = ['log-write', 'log-file', 'dispatch'];

interface Trouble {
  readonly kind: TroubleKind;
  error: StoreIoError | undefined;
  readonly sinceMs: number;
  /** Only a new start can end it. */
  final: boolean;
}

/** What {@link DiskTrouble} asks and changes. */
export interface DiskTroubleParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly flags: RunningFlags;
  /** Bytes of the commit log's partition that are available, undefined when it cannot be told. */
  freeBytes(): number | undefined;
  /** Does once more what failed. Throws StoreIoError. */
  retry(kind: TroubleKind): void;
}

/**
 * Why the store takes no messages: kept by cause, tried again every second where that can help, and told to every
 * sender with the figures. Reads go on whatever is the matter. ADR 0023, docs/store/disk-trouble.md.
 */
export class DiskTrouble {
  readonly #parts: DiskTroubleParts;
  readonly #troubles = new Map<TroubleKind, Trouble>();
  #timer: Timer | undefined;
  #refusal: PutRefusal | undefined;
  #isSlow = false;

  constructor(parts: DiskTroubleParts) {
    this.#parts = parts;
  }

  /** True while anything is the matter. */
  get isAny(): boolean {
    return this.#troubles.size > 0;
  }

  /** What a sender is told, or undefined when nothing is the matter. */
  get refusal(): PutRefusal | undefined {
    return this.#refusal;
  }

  /** Something failed: the store takes no messages until {@link end}, or for good with `final`. */
  begin(kind: TroubleKind, error: StoreIoError | undefined, final = false): void {
    const { clock, logger } = this.#parts;
    const known = this.#troubles.get(kind);
    if (known !== undefined) {
      known.error = error;
      if (known.final === final) {
        this.#changed();
        return;
      }
      known.final = final;
    } else this.#troubles.set(kind, { kind, error, sinceMs: clock.monotonicMs(), final });
    this.#changed();
    const fields = { err: error, path: error?.path, operation: error?.operation, code: error?.code };
    const freeBytes = this.#parts.freeBytes();
    const ending = final ? 'until it is started again' : 'until that works again';
    logger.error({ kind, ...fields, freeBytes }, `the store takes no more messages ${ending}: ${WHAT[kind]}`);
  }

  /** What failed has worked; nothing happens when it was not the matter. */
  end(kind: TroubleKind): void {
    const trouble = this.#troubles.get(kind);
    if (trouble === undefined || trouble.final) return;
    this.#troubles.delete(kind);
    this.#changed();
    const { clock, logger } = this.#parts;
    const lastedMs = Math.round(clock.monotonicMs() - trouble.sinceMs);
    const path = trouble.error?.path;
    const text = this.isAny ? 'what failed works again, but not everything' : 'the store takes messages again';
    logger.warn({ kind, path, lastedMs, freeBytes: this.#parts.freeBytes() }, text);
  }

  /** The disk is behind by more than memory holds: told once, until {@link keepsUp}. */
  refuseSlow(waitingBytes: number, flushMs: number): PutRefusal {
    const figures = `${waitingBytes} bytes wait for it, the flush under way has taken ${Math.round(flushMs)} ms`;
    if (!this.#isSlow) {
      this.#isSlow = true;
      this.#parts.logger.error({ waitingBytes, flushMs }, 'the disk is too slow: sends are refused until it keeps up');
    }
    return refusePut('SERVICE_NOT_AVAILABLE', `the disk is too slow: ${figures}`);
  }

  /** A flush has brought down what waits for the disk. */
  keepsUp(waitingBytes: number): void {
    if (!this.#isSlow) return;
    this.#isSlow = false;
    this.#parts.logger.warn({ waitingBytes }, 'the disk keeps up again: sends are taken');
  }

  /** Tries no more: the store is being closed. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #changed(): void {
    const { flags, clock } = this.#parts;
    const has = (...kinds: TroubleKind[]): boolean => kinds.some((kind) => this.#troubles.has(kind));
    if (has('log-write', 'log-file', 'log-flush', 'lock')) flags.makeNotWriteable();
    else flags.makeWriteable();
    if (has('dispatch', 'queue-flush')) flags.makeLogicsQueueError();
    else flags.makeLogicsQueueOk();
    if (has('index-flush')) flags.makeIndexFileError();
    else flags.makeIndexFileOk();
    this.#refusal = this.#describe();
    if (this.isAny) this.#timer ??= clock.setInterval(() => this.#tick(), RETRY_PERIOD_MS);
    else this.stop();
  }

  #tick(): void {
    if (this.#troubles.has('lock')) return;
    for (const { kind, error, final } of [...this.#troubles.values()]) {
      if (final || !TRIED_HERE.includes(kind) || !this.#hasRoomAfter(error)) continue;
      try {
        this.#parts.retry(kind);
      } catch (failure) {
        if (!(failure instanceof StoreIoError)) throw failure;
        this.begin(kind, failure);
        continue;
      }
      this.end(kind);
    }
    this.#refusal = this.#describe();
  }

  #hasRoomAfter(error: StoreIoError | undefined): boolean {
    if (error?.code !== 'ENOSPC') return true;
    return (this.#parts.freeBytes() ?? ROOM_TO_GO_ON_BYTES) >= ROOM_TO_GO_ON_BYTES;
  }

  /** The oldest cause, which mostly has led to the others. */
  #describe(): PutRefusal | undefined {
    const [trouble] = this.#troubles.values();
    if (trouble === undefined) return undefined;
    const { kind, error, final, sinceMs } = trouble;
    const seconds = Math.floor((this.#parts.clock.monotonicMs() - sinceMs) / 1000);
    let text = WHAT[kind];
    if (error !== undefined) {
      const free = this.#parts.freeBytes();
      const figure = free === undefined ? 'free bytes unknown' : `${free} bytes free`;
      text += `: ${error.operation} of ${shortPath(error.path)}: ${error.code}, for ${seconds} s, ${figure}`;
    }
    if (final) text += '; the broker must be started again';
    return refusePut(kind === 'log-file' ? 'CREATE_MAPEDFILE_FAILED' : 'SERVICE_NOT_AVAILABLE', text);
  }
}

/** Directory and name: a sender needs to know no more of this host. */
function shortPath(path: string): string {
  return path.split('/').slice(-2).join('/');
}
