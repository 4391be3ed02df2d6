/**
 * Preloaded into the server under test (`node --expose-gc --import`): tells its parent, over the IPC channel, what
 * memory it holds, and ends with its parent. The server itself is the program that users run, without a change.
 */

/** What the server answers. */
export interface MemoryReport {
  readonly heapUsed: number;
  /** What the heap has taken from the system. */
  readonly heapTotal: number;
  readonly external: number;
  readonly rss: number;
}

const COLLECTIONS = 4;

process.on('message', () => {
  collect(COLLECTIONS);
});
process.on('disconnect', () => process.exit(1));

/** Collects a few times, with turns of the loop between: what finalizers let go of falls with the next one. */
function collect(left: number): void {
  globalThis.gc?.();
  if (left > 0) {
    setTimeout(() => collect(left - 1), 50);
    return;
  }
  const { heapUsed, heapTotal, external, rss } = process.memoryUsage();
  const report: MemoryReport = { heapUsed, heapTotal, external, rss };
  process.send?.(report);
}
