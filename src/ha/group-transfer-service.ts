import type { MessageStoreConfig } from '../config/message-store-config.ts';
import type { ReplicationGate } from '../store/ports.ts';

/**
 * What SYNC_MASTER waits for: the mark *replicated* is the highest offset that any slave has acknowledged, and a slave
 * counts while it is connected. Receipts wait in the store's one list of parked replies, so nothing is queued here.
 * Java: HAService.GroupTransferService; differences in docs/adr/0063-what-counts-as-replicated.md.
 */
export class GroupTransferService implements ReplicationGate {
  readonly #config: MessageStoreConfig;
  /** Connection of a slave → what it has acknowledged last. */
  readonly #slaves = new Map<object, number>();
  /** Highest of {@link #slaves}, −1 without any. */
  #nearest = -1;
  #replicated = 0;
  #listener: (replicated: number) => void = () => {};
  #onWritten: (() => void) | undefined;

  constructor(config: MessageStoreConfig) {
    this.#config = config;
  }

  /** Java: HAService#isSlaveOK; here a connection counts from its first report on. */
  isSlaveOk(endOffset: number): boolean {
    return this.#nearest >= 0 && endOffset - this.#nearest < this.#config.haSlaveFallbehindMax;
  }

  onWritten(): void {
    this.#onWritten?.();
  }

  setListener(listener: (replicated: number) => void): void {
    this.#listener = listener;
  }

  /** Who sends to slaves; undefined while there is none, so that a turn costs a master alone nothing. */
  setSender(onWritten: (() => void) | undefined): void {
    this.#onWritten = onWritten;
  }

  /** A slave has everything below `offset`. The caller has seen that this can be true. */
  onReport(slave: object, offset: number): void {
    this.#slaves.set(slave, offset);
    this.#findNearest();
    if (offset <= this.#replicated) return;
    this.#replicated = offset;
    this.#listener(offset);
  }

  /** The connection of a slave is gone, or what it says cannot be believed. */
  onGone(slave: object): void {
    if (this.#slaves.delete(slave)) this.#findNearest();
  }

  #findNearest(): void {
    let nearest = -1;
    for (const offset of this.#slaves.values()) nearest = Math.max(nearest, offset);
    this.#nearest = nearest;
  }
}
