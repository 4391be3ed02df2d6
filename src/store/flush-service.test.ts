import { beforeEach, describe, expect, it } from 'vitest';
import { collectingLogger } from '../../testing/collecting-logger.ts';
import { FakeClock } from '../../testing/fake-clock.ts';
import { MemFs } from '../../testing/mem-fs.ts';
import { storeConfig } from '../../testing/store-fixture.ts';
import { CommitLog } from './commit-log.ts';
import { FlushService } from './flush-service.ts';
import { OpenFiles } from './open-files.ts';

const RECORD_BYTES = 500;
const clock = new FakeClock();
let log: CommitLog;
let idle: number;
let flush: FlushService;

beforeEach(() => {
  log = new CommitLog(new OpenFiles(new MemFs()), '/commitlog', 1 << 26, collectingLogger());
  log.roll();
  idle = 0;
  flush = new FlushService({
    ...{ clock, config: storeConfig('/store'), log, lastTimestamp: () => 0 },
    onIdle: () => idle++,
    onFlushed: () => log.onFlushed(),
    onFailed: (error) => {
      throw error;
    },
  });
  flush.start();
});

async function passes(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    clock.advance(100);
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  }
}

function append(bytes: number): Buffer {
  const chunk = log.reserve(bytes);
  log.advance(chunk, bytes);
  log.writeStaged();
  flush.onWritten(false);
  return chunk.buffer;
}

describe('memory for the newest part of the log', () => {
  it('is one small piece under slow traffic, however long it lasts', async () => {
    const buffers = new Set<Buffer>();
    let most = 0;
    for (let second = 0; second < 600; second++) {
      for (let message = 0; message < 40; message++) buffers.add(append(RECORD_BYTES));
      most = Math.max(most, log.window.tail?.staged ?? 0);
      await passes(1_000);
    }
    expect(log.writtenEnd).toBe(600 * 40 * RECORD_BYTES);
    expect(buffers.size).toBe(1);
    expect(most).toBeLessThan(1 << 20);
    expect(idle).toBe(0);
    await flush.stop();
  });

  it('is the whole window under more', async () => {
    for (let second = 0; second < 90; second++) {
      append(100_000);
      await passes(1_000);
    }
    expect(log.window.startOffset).toBe(0);
    await flush.stop();
  });

  it('is kept while something is not on disk', async () => {
    for (let second = 0; second < 60; second++) {
      await passes(1_000);
      append(RECORD_BYTES);
      // Younger than any flush.
      expect(log.window.find(log.writtenEnd - RECORD_BYTES, RECORD_BYTES)).toBeDefined();
    }
    await flush.stop();
  });

  it('is let go of altogether when nothing comes any more', async () => {
    append(RECORD_BYTES);
    await passes(45_000);
    expect([idle, flush.unflushedBytes]).toEqual([1, 0]);
    append(RECORD_BYTES);
    await passes(45_000);
    expect(idle).toBe(2);
    await flush.stop();
  });
});
