import { posix } from 'node:path';
import { CqExtUnit, MIN_UNIT_BYTES } from '../store/consume-queue-ext-unit.ts';
import { storePath } from '../store/store-path.ts';
import { type Fs, FsError } from '../util/fs.ts';
import { directoryNames } from './directory.ts';
import { unitAt } from './ext-files.ts';
import { FileWindow } from './file-window.ts';
import type { Findings } from './findings.ts';
import { OFFSET_NAME, type StoreLayout } from './store-layout.ts';

/**
 * Checks the extension files of all queues: names, lengths and order of files, and that units follow each other up to
 * the mark that ends a file, as Java walks them at a start.
 */
export function verifyExt(fs: Fs, layout: StoreLayout, findings: Findings): void {
  const root = storePath.consumeQueueExt(layout.dir);
  for (const topic of directoryNames(fs, root)) {
    for (const queue of directoryNames(fs, posix.join(root, topic))) {
      const path = `consumequeue_ext/${topic}/${queue}`;
      try {
        verifyQueue(fs, posix.join(root, topic, queue), path, findings);
      } catch (error) {
        if (!(error instanceof FsError)) throw error;
        findings.damage(path, 0, `cannot be read: ${error.code}`);
      }
    }
  }
}

function verifyQueue(fs: Fs, dir: string, path: string, findings: Findings): void {
  const names: string[] = [];
  let size = 0;
  for (const name of fs.list(dir).sort()) {
    const stat = fs.stat(posix.join(dir, name));
    if (!OFFSET_NAME.test(name) || stat === undefined || stat.isDirectory) {
      findings.damage(`${path}/${name}`, 0, 'is no extension file; a broker does not start with it');
      continue;
    }
    if (size === 0) size = stat.sizeBytes;
    if (stat.sizeBytes !== size) {
      findings.damage(`${path}/${name}`, stat.sizeBytes, `the file has ${stat.sizeBytes} bytes in place of ${size}`);
    }
    const before = names.at(-1);
    if (before !== undefined && Number(name) !== Number(before) + size) {
      findings.damage(`${path}/${name}`, 0, `a file is missing before this one: ${before} is the one before`);
    }
    names.push(name);
  }
  for (const name of names) verifyFile(fs, posix.join(dir, name), `${path}/${name}`, name === names.at(-1), findings);
}

function verifyFile(fs: Fs, file: string, path: string, isLast: boolean, findings: Findings): void {
  const window = new FileWindow(fs, file);
  const problem = walkUnits(window, isLast);
  if (problem !== undefined) findings.damage(path, problem.at, problem.what);
  window.close();
}

/**
 * Where units stop to follow each other, from the unit at `from` on; undefined when they do up to their end. `at` is
 * the place of the damage, `end` that behind the last unit before it.
 */
export function walkUnits(
  window: FileWindow,
  isLast: boolean,
  from = 0,
): { readonly at: number; readonly end: number; readonly what: string } | undefined {
  for (let at = from; at + 2 <= window.sizeBytes; at += UNIT.size) {
    const size = window.view(at, 2).readInt16BE(0);
    if (size === END_OF_FILE) return undefined;
    if (size === 0) {
      if (!isLast) return { at, end: at, what: 'the units end here without a mark, but a file follows' };
      const dirt = window.firstNonZero(at, window.sizeBytes);
      return dirt < window.sizeBytes
        ? { at: dirt, end: at, what: `not empty, behind the last unit at ${at}` }
        : undefined;
    }
    if (!unitAt(window, at, UNIT)) {
      const why = size < MIN_UNIT_BYTES || at + size > window.sizeBytes ? `${size} is no size of one` : UNSOUND;
      return { at, end: at, what: `no unit: ${why}; Java finds none behind it` };
    }
  }
  return undefined;
}

const UNIT = new CqExtUnit();
/** Stands where the size of a unit would. */
export const END_OF_FILE = -1;
const UNSOUND = 'its size does not agree with its bit map, or it has no store time';
