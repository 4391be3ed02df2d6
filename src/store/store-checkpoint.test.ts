import { expect, it } from 'vitest';
import { FaultFs } from '../../testing/fault-fs.ts';
import { javaStoreManifest, unpackJavaStore } from '../../testing/java-store.ts';
import { MemFs } from '../../testing/mem-fs.ts';
import { OpenFiles } from './open-files.ts';
import { StoreCheckpoint } from './store-checkpoint.ts';

it('keeps its values over a restart. Java: StoreCheckpointTest', async () => {
  const fs = prepared();
  const checkpoint = StoreCheckpoint.load(new OpenFiles(fs), '/store');
  checkpoint.physicMsgTimestamp = 0xaabb;
  checkpoint.logicsMsgTimestamp = 0xccdd;
  expect(checkpoint.minTimestamp).toBe(0xaabb - 3_000);
  checkpoint.flush();
  checkpoint.indexMsgTimestamp = 1_795_354_357_086;
  await checkpoint.flushAsync();
  checkpoint.physicMsgTimestamp = 1;
  fs.crash();
  const after = StoreCheckpoint.load(new OpenFiles(fs), '/store');
  expect([after.physicMsgTimestamp, after.logicsMsgTimestamp, after.indexMsgTimestamp]).toEqual([
    0xaabb, 0xccdd, 1_795_354_357_086,
  ]);
  expect(fs.readFile('/store/checkpoint', 4_096)?.length).toBe(4_096);
});

it('gives the earliest of its times less three seconds, never below 0', () => {
  const checkpoint = StoreCheckpoint.load(new OpenFiles(prepared()), '/store');
  expect([checkpoint.minTimestamp, checkpoint.minTimestampIndex]).toEqual([0, 0]);
  checkpoint.physicMsgTimestamp = 20_000;
  checkpoint.logicsMsgTimestamp = 10_000;
  checkpoint.indexMsgTimestamp = 5_000;
  expect([checkpoint.minTimestamp, checkpoint.minTimestampIndex]).toEqual([7_000, 5_000]);
  checkpoint.indexMsgTimestamp = 9_000;
  checkpoint.logicsMsgTimestamp = 2_000;
  expect([checkpoint.minTimestamp, checkpoint.minTimestampIndex]).toEqual([0, 0]);
});

it('reads what Java wrote', () => {
  for (const name of ['clean', 'crashed'] as const) {
    const fs = new MemFs();
    unpackJavaStore(fs, name, '/store');
    const { physicMsgTimestamp, logicsMsgTimestamp, indexMsgTimestamp } = StoreCheckpoint.load(
      new OpenFiles(fs),
      '/store',
    );
    const { size: _, ...expected } = javaStoreManifest(name).checkpoint;
    expect({ physicMsgTimestamp, logicsMsgTimestamp, indexMsgTimestamp }).toEqual(expected);
  }
});

it('lengthens a short file and takes damage for 0', () => {
  const fs = prepared();
  const content = Buffer.alloc(24);
  content.writeBigInt64BE(-5n, 0);
  content.writeBigInt64BE(2n ** 60n, 8);
  content.writeBigInt64BE(7n, 16);
  fs.install('/store/checkpoint', content);
  const checkpoint = StoreCheckpoint.load(new OpenFiles(fs), '/store');
  expect([checkpoint.physicMsgTimestamp, checkpoint.logicsMsgTimestamp, checkpoint.indexMsgTimestamp]).toEqual([
    0, 0, 7,
  ]);
  expect(fs.stat('/store/checkpoint')?.sizeBytes).toBe(4_096);
});

it('reports a failed write as StoreIoError', async () => {
  const fs = new FaultFs(prepared());
  const checkpoint = StoreCheckpoint.load(new OpenFiles(fs), '/store');
  fs.fail({ operation: 'pwrite', path: /checkpoint/, code: 'EIO' });
  await expect(checkpoint.flushAsync()).rejects.toMatchObject({ name: 'StoreIoError', path: '/store/checkpoint' });
  fs.fail({ operation: 'fdatasync', path: /checkpoint/, code: 'EIO' });
  expect(() => checkpoint.flush()).toThrow('EIO');
});

function prepared(): MemFs {
  const fs = new MemFs();
  fs.mkdir('/store');
  fs.fsyncDir('/');
  return fs;
}
