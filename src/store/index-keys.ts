import { PropertySlot, type PropertySpans } from '../codec/message-properties.ts';
import { javaStringHashOfUtf8 } from '../util/java-hash.ts';
import { toIndexKeyHash } from './index-file.ts';

const KEY_SEPARATOR = 0x20;

/** The hashes under which one message is indexed; used again from message to message. */
export class IndexKeys {
  hashes = new Int32Array(64);
  count = 0;

  /** Of properties that were scanned into `spans`, which are positions in `bytes`; see {@link collect}. */
  collectFrom(bytes: Uint8Array, spans: PropertySpans, seed: number): void {
    this.collect(
      bytes,
      spans.start(PropertySlot.UNIQ_KEY),
      spans.end(PropertySlot.UNIQ_KEY),
      spans.start(PropertySlot.KEYS),
      spans.end(PropertySlot.KEYS),
      seed,
    );
  }

  /**
   * The unique key first, then each of KEYS; a start of −1 is an absent property. `seed` is the hash of `topic#`, which
   * a key continues. Java: IndexService#buildIndex.
   */
  collect(
    bytes: Uint8Array,
    uniqueStart: number,
    uniqueEnd: number,
    keysStart: number,
    keysEnd: number,
    seed: number,
  ): void {
    this.count = 0;
    if (uniqueStart >= 0) this.#add(javaStringHashOfUtf8(bytes, uniqueStart, uniqueEnd, seed));
    if (keysStart < 0) return;
    let start = keysStart;
    for (let at = keysStart; at <= keysEnd; at++) {
      if (at < keysEnd && bytes[at] !== KEY_SEPARATOR) continue;
      if (at > start) this.#add(javaStringHashOfUtf8(bytes, start, at, seed));
      start = at + 1;
    }
  }

  #add(hash: number): void {
    if (this.count === this.hashes.length) this.#grow();
    this.hashes[this.count++] = toIndexKeyHash(hash);
  }

  /** A message has as many keys as fit its properties. */
  #grow(): void {
    const grown = new Int32Array(this.hashes.length * 2);
    grown.set(this.hashes);
    this.hashes = grown;
  }
}
