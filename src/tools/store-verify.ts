import { posix } from 'node:path';
import { storePath } from '../store/store-path.ts';
import { type Fs, FsError } from '../util/fs.ts';
import { Derived } from './derived.ts';
import { Findings } from './findings.ts';
import { type LogSummary, walkLog } from './log-walker.ts';
import { OFFSET_NAME, type StoreLayout } from './store-layout.ts';
import { verifyExt } from './verify-ext.ts';
import { IndexCheck } from './verify-index.ts';
import { QueueCheck } from './verify-queues.ts';
import { verifyCheckpoint, verifyStateFiles } from './verify-state.ts';

/** What was found in a store, and what was looked at. */
export interface VerifyReport {
  readonly findings: Findings;
  readonly log: LogSummary;
}

/**
 * Checks everything in a store directory that can be checked: the records of the log, the entries of queues and index
 * in both directions, checkpoint, state files, names and lengths of files. Changes nothing. A store that was not
 * stopped in order may lack what its next start adds: that is a remark and no damage.
 */
export function verifyStore(fs: Fs, layout: StoreLayout, findings: Findings = new Findings()): VerifyReport {
  const { dir } = layout;
  const afterCrash = fs.stat(storePath.abort(dir)) !== undefined;
  const queues = new QueueCheck(fs, layout, findings, afterCrash);
  const index = new IndexCheck(fs, layout, findings, afterCrash, firstOffset(fs, layout));
  const derived = new Derived(layout.delayLevels);
  const log = walkLog(fs, layout, {
    record: (record) => {
      derived.of(record);
      queues.record(record, derived);
      index.record(record, derived);
    },
    damage: (path, offset, what) => findings.damage(path, offset, what),
  });
  guarded(findings, 'consumequeue', () => queues.finish(log));
  guarded(findings, 'consumequeue_ext', () => verifyExt(fs, layout, findings));
  guarded(findings, 'index', () => index.finish());
  guarded(findings, 'checkpoint', () => verifyCheckpoint(fs, dir, log, findings));
  guarded(findings, 'config', () => verifyStateFiles(fs, dir, findings));
  noteDirectory(fs, layout, findings, afterCrash);
  return { findings, log };
}

/** Physical offset of the first file. */
export function firstOffset(fs: Fs, layout: StoreLayout): number {
  const names = fs.list(layout.commitLogDir).filter((name) => OFFSET_NAME.test(name));
  return Number(names.sort()[0] ?? 0);
}

function guarded(findings: Findings, path: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof FsError)) throw error;
    findings.damage(path, 0, `cannot be read: ${error.message}`);
  }
}

function noteDirectory(fs: Fs, layout: StoreLayout, findings: Findings, afterCrash: boolean): void {
  if (afterCrash) findings.note('abort is there: the last run did not stop in order, and the next start recovers');
  for (const name of fs.list(layout.dir).sort()) {
    if (!KNOWN.has(name) && !/^(repair-|wenchang\.)/.test(name)) findings.note(`${name} is no part of a store`);
  }
  const lock = fs.stat(posix.join(layout.dir, 'lock'));
  if (lock?.isDirectory === true)
    findings.note('lock is a directory: a broker of ours ran last and was killed, or runs');
}

const KNOWN: ReadonlySet<string> = new Set([
  'commitlog',
  'consumequeue',
  'consumequeue_ext',
  'index',
  'config',
  'checkpoint',
  'abort',
  'lock',
]);
