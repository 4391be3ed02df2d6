import { expect, it, vi } from 'vitest';
import { MemFs } from '../../testing/mem-fs.ts';
import { openTestStore, put } from '../../testing/store-fixture.ts';
import { LogWalk } from './log-walk.ts';
import { MappedFile } from './mapped-file.ts';
import { OpenFiles } from './open-files.ts';

const FILE_BYTES = 256 << 20;

async function logOf(bodies: readonly number[]): Promise<{ fs: MemFs; file: MappedFile; ends: number[] }> {
  const fs = new MemFs();
  const { store } = openTestStore(fs, '/store', {
    changes: { mappedFileSizeCommitLog: FILE_BYTES, maxMessageSize: 8 << 20 },
  });
  const ends = bodies.map(
    (size) => put(store, { body: Buffer.alloc(size, 1), properties: { UNIQ_KEY: String(size) } }).endOffset,
  );
  await store.shutdown();
  return { fs, file: MappedFile.existing(new OpenFiles(fs), '/store/commitlog', 0, FILE_BYTES), ends };
}

it('finds every record, also those over the end of what was read at once', async () => {
  const { file, ends } = await logOf([1_000_000, 1_500_000, 100, 5_000_000, 3, 2_097_152, 7]);
  const walk = new LogWalk({ checkCrc: true, maxMessageSize: 8 << 20 });
  walk.seek(file, 0);
  const found: number[] = [];
  while (walk.check() === 'ok') {
    expect(walk.peek.phyOffset).toBe(walk.phyOffset);
    walk.skip(walk.peek.totalSize);
    found.push(walk.phyOffset);
  }
  expect(found).toEqual(ends);
});

it('does not make room for a length that no record has', async () => {
  const { fs, file, ends } = await logOf([100]);
  const handle = fs.open('/store/commitlog/00000000000000000000', 'update');
  const head = Buffer.alloc(2 << 20, 1);
  head.write('0c800000daa320a7', 'hex');
  head.writeInt32BE(200_000_000, 84);
  handle.pwrite(head, 0, head.length, ends[0] as number);
  const walk = new LogWalk({ checkCrc: true, maxMessageSize: 4 << 20 });
  walk.seek(file, ends[0] as number);
  expect(walk.check()).toBe('invalid');
  expect(walk.buffer.length).toBeLessThanOrEqual(2 << 20);
});

it('refuses a record whose body does not match its CRC, unless told not to look', async () => {
  const { fs, file } = await logOf([100]);
  fs.open('/store/commitlog/00000000000000000000', 'update').pwrite(Buffer.from('x'), 0, 1, 100);
  for (const checkCrc of [true, false]) {
    const walk = new LogWalk({ checkCrc, maxMessageSize: 4 << 20 });
    walk.seek(file, 0);
    expect(walk.check()).toBe(checkCrc ? 'invalid' : 'ok');
  }
});

it('passes over long bodies that nobody looks at, and finds the same records', async () => {
  const { fs, file, ends } = await logOf([100, 5_000_000, 70_000, 3_000_000, 3, 2_097_152, 4_000_000, 7]);
  fs.open('/store/commitlog/00000000000000000000', 'update').pwrite(Buffer.from('x'), 0, 1, 1_000_000);
  const read = vi.spyOn(file, 'read');
  const walk = new LogWalk({ checkCrc: false, maxMessageSize: 8 << 20 });
  walk.seek(file, 0);
  const found: number[] = [];
  while (walk.check() === 'ok') {
    const { topicStart, topicLength, propertiesStart, propertiesLength } = walk.peek;
    expect(walk.buffer.toString('latin1', topicStart, topicStart + topicLength)).toBe('TopicA');
    expect(walk.buffer.toString('latin1', propertiesStart, propertiesStart + propertiesLength)).toContain('UNIQ_KEY');
    expect(walk.check()).toBe('ok');
    walk.skip(walk.peek.totalSize);
    found.push(walk.phyOffset);
  }
  expect(found).toEqual(ends);
  const readBytes = read.mock.results.reduce((sum, { value }) => sum + (value as number), 0);
  expect(readBytes).toBeLessThan(5 << 20);
});

it('does not take a record whose lengths do not add up for one because its body was passed over', async () => {
  const { fs, file } = await logOf([5_000_000]);
  const bodyLength = Buffer.alloc(4);
  bodyLength.writeInt32BE(4_999_000);
  fs.open('/store/commitlog/00000000000000000000', 'update').pwrite(bodyLength, 0, 4, 84);
  const walk = new LogWalk({ checkCrc: false, maxMessageSize: 8 << 20 });
  walk.seek(file, 0);
  expect(walk.check()).toBe('invalid');
});
