import { afterEach, describe, expect, it } from 'vitest';
import { CommitLog } from '../src/store/commit-log.ts';
import { type Fs, FsError } from '../src/util/fs.ts';
import { allCases, countOperations, type FaultCase, runCase, type Wrap } from './fault-run.ts';
import { overridden } from './trace-ports.ts';

/** One case in so many runs here; `npm run test:faults` runs all. */
const SAMPLE = 79;

/** What is wrong in the cases, up to the first that shows `wanted`. */
async function problemsOf(cases: Iterable<FaultCase>, wanted = 'nothing', wrap?: Wrap): Promise<string[]> {
  const problems: string[] = [];
  for (const one of cases) {
    for (const problem of await runCase(one, wrap)) problems.push(`${JSON.stringify(one)}: ${problem}`);
    if (problems.some((problem) => problem.includes(wanted))) break;
  }
  return problems;
}

describe('one operation of a run fails, or some in a row', () => {
  it('loses nothing that was answered, starts again three times, and names file and error', async () => {
    const operations = await countOperations();
    expect(operations).toBeGreaterThan(250);
    const cases = [...allCases(operations)].filter((_, index) => index % SAMPLE === 0);
    expect(cases.length).toBeGreaterThan(40);
    expect(await problemsOf(cases)).toEqual([]);
  }, 60_000);
});

describe('planted bugs turn it red', () => {
  const rewrite = CommitLog.prototype.rewriteUnflushed;
  afterEach(() => {
    CommitLog.prototype.rewriteUnflushed = rewrite;
  });

  /** The cases that hit the flushes of the log in the middle of a run. */
  async function middle(kind: FaultCase['kind'], times: number, end: FaultCase['end']): Promise<FaultCase[]> {
    const operations = await countOperations();
    const from = Math.floor(operations / 5);
    return Array.from({ length: 25 }, (_, index) => ({ at: from + index, kind, times, end }));
  }

  it('a reply is released although the fdatasync failed', async () => {
    const swallow: Wrap = (fs: Fs) =>
      overridden(fs, {
        open(path, mode) {
          const handle = fs.open(path, mode);
          if (!path.includes('/commitlog/')) return handle;
          const fdatasyncAsync = (): Promise<void> => handle.fdatasyncAsync().catch(() => undefined);
          return overridden(handle, { fdatasyncAsync });
        },
      });
    const problems = await problemsOf(await middle('EIO', 1, 'power loss'), 'lacks', swallow);
    expect(problems.join()).toContain('lacks');
  }, 60_000);

  it('what a failed write left is not made zero', async () => {
    const noZeros: Wrap = (fs: Fs) =>
      overridden(fs, {
        open(path, mode) {
          const handle = fs.open(path, mode);
          if (!path.includes('/commitlog/')) return handle;
          return overridden(handle, {
            pwrite(source, start, length, position) {
              const isZero = source.subarray(start, start + length).every((byte) => byte === 0);
              return isZero ? length : handle.pwrite(source, start, length, position);
            },
          });
        },
      });
    const problems = await problemsOf(await middle('torn', 2, 'stop'), 'half a record', noZeros);
    expect(problems.join()).toContain('half a record behind');
  }, 60_000);

  it('the range is not written again before the next fdatasync', async () => {
    CommitLog.prototype.rewriteUnflushed = async function (this: CommitLog) {
      for (const file of this.files.files) file.rewritten();
      return 'rewritten';
    };
    const problems = await problemsOf(await middle('EIO', 1, 'stop'), 'lacks');
    expect(problems.join()).toContain('lacks');
  }, 60_000);

  it('the error is logged without its file', async () => {
    const nameless: Wrap = (fs: Fs) =>
      overridden(fs, {
        open(path, mode) {
          const handle = fs.open(path, mode);
          return overridden(handle, {
            pwrite(source, start, length, position) {
              try {
                return handle.pwrite(source, start, length, position);
              } catch {
                throw new FsError('pwrite', '?', '?');
              }
            },
          });
        },
      });
    const problems = await problemsOf(await middle('EIO', 1, 'stop'), 'nobody tells', nameless);
    expect(problems.join()).toContain('nobody tells');
  }, 60_000);
});
