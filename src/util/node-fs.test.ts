import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { fsSuite } from '../../testing/suites/fs-suite.ts';
import { nodeFs } from './node-fs.ts';

const base = mkdtempSync(join(tmpdir(), 'wenchang-node-fs-'));
afterAll(() => rmSync(base, { recursive: true }));

fsSuite('nodeFs', () => ({ fs: nodeFs, root: mkdtempSync(join(base, 'case-')) }));

it('reads files whose reported length is 0', () => {
  expect(nodeFs.readFile('/proc/self/stat', 65_536)?.toString()).toContain('(');
});

it('gives a file to another owner and group when the process may', () => {
  const handle = nodeFs.open(join(base, 'given'), 'create');
  const own = handle.stat().access;
  const isRoot = process.getuid?.() === 0;
  handle.setAccess({ mode: 0o664, uid: own.uid + 1, gid: own.gid + 1 });
  // Everybody may read, so the group may when it could not be given, but not write.
  const kept = { ...own, mode: 0o644 };
  expect(handle.stat().access).toEqual(isRoot ? { mode: 0o664, uid: own.uid + 1, gid: own.gid + 1 } : kept);
  handle.close();
});

it('does not turn a mistake of the caller into an FsError', () => {
  const handle = nodeFs.open(join(base, 'mistake'), 'create');
  expect(() => handle.pread(Buffer.alloc(1), 0, 2, 0)).toThrow(RangeError);
  handle.close();
});
