import { type StoreLayout, storeLayout } from '../src/tools/store-layout.ts';
import { FakeClock } from './fake-clock.ts';
import { unpackJavaStore } from './java-store.ts';
import { MemFs } from './mem-fs.ts';
import { openTestStore, put, readAll, storeConfig } from './store-fixture.ts';

/** Sizes that a small store of ours was written with, as the tools are told them. */
export function ourLayout(fs: MemFs, root = '/store'): StoreLayout {
  return storeLayout(fs, root, { config: storeConfig(root) });
}

/** How many messages each of the queues TopicA-0 to TopicA-2 has in {@link ourStore}. */
export const MESSAGES_PER_QUEUE = 40;

/**
 * A store that we wrote and stopped in order: five log files, three queues of several files, index files that
 * rolled. Message n of queue q has the body `q:n`, a unique key `uq-n`, keys `k-n shared` and a tag.
 */
export async function ourStore(root = '/store'): Promise<MemFs> {
  const clock = new FakeClock();
  const fs = new MemFs({ now: () => clock.now() });
  const { store } = openTestStore(fs, root, { clock });
  for (let number = 0; number < MESSAGES_PER_QUEUE; number += 1) {
    for (let queueId = 0; queueId < 3; queueId += 1) {
      const properties = { UNIQ_KEY: `u${queueId}-${number}`, KEYS: `k${number} shared`, TAGS: `tag${number % 3}` };
      put(store, { queueId, body: `${queueId}:${number}`, properties });
      clock.advance(7);
    }
  }
  await store.shutdown();
  return fs;
}

/** A copy of the clean directory that Java wrote. */
export function javaStore(root = '/store'): MemFs {
  const fs = new MemFs();
  unpackJavaStore(fs, 'clean', root);
  return fs;
}

/** Bodies of the three queues of {@link ourStore}, read by a store that opens the directory. */
export async function bodiesOf(fs: MemFs, root = '/store'): Promise<string[][]> {
  const { store } = openTestStore(fs, root);
  const bodies: string[][] = [];
  for (let queueId = 0; queueId < 3; queueId += 1) bodies.push(await readAll(store, 'TopicA', queueId));
  await store.shutdown();
  return bodies;
}

/** Bytes of a file as a copy. */
export function bytesOf(fs: MemFs, path: string): Buffer {
  return fs.readFile(path, 1 << 26) ?? Buffer.alloc(0);
}

/** Writes bytes into a file. */
export function poke(fs: MemFs, path: string, at: number, bytes: Uint8Array): void {
  const handle = fs.open(path, 'update');
  handle.pwrite(bytes, 0, bytes.length, at);
  handle.fdatasync();
  handle.close();
}

/** Turns one bit. */
export function flip(fs: MemFs, path: string, at: number, mask = 0x10): void {
  poke(fs, path, at, Uint8Array.of((bytesOf(fs, path)[at] ?? 0) ^ mask));
}
