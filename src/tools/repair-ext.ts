import { posix } from 'node:path';
import { CqExtUnit, encodeExtUnit, MAX_UNIT_BYTES, MIN_UNIT_BYTES } from '../store/consume-queue-ext-unit.ts';
import { storePath } from '../store/store-path.ts';
import type { Fs } from '../util/fs.ts';
import { directoryNames, fileNames } from './directory.ts';
import { unitAt } from './ext-files.ts';
import { FileWindow } from './file-window.ts';
import type { RepairChanges } from './repair-changes.ts';
import { OFFSET_NAME, type StoreLayout } from './store-layout.ts';
import { END_OF_FILE, walkUnits } from './verify-ext.ts';

/**
 * Makes the units of extension files follow each other again. Bytes that are no units become one that no entry asks
 * for when sound units follow; otherwise the units end there, as a start of the broker ends them. Which units that
 * takes away is known before anything is written: their entries get the tagsCode first, which costs them nothing but
 * the bit map (ADR 0028). Files that are none of an extension move away.
 */
export class ExtRepair {
  readonly #foreign: readonly ForeignFile[];
  readonly #patches: readonly Patch[];

  /** Looks at all extension files. Throws FsError. */
  constructor(fs: Fs, layout: StoreLayout) {
    const root = storePath.consumeQueueExt(layout.dir);
    const queues = directoryNames(fs, root).flatMap((topic) =>
      directoryNames(fs, posix.join(root, topic)).map((queue) => `${topic}/${queue}`),
    );
    this.#foreign = queues.flatMap((queue) => foreignFilesOf(fs, root, queue));
    this.#patches = queues.flatMap((queue) => patchesOf(fs, root, queue));
  }

  /** Whether the unit at an offset of `topic/queueId` is there no more afterwards. */
  takes(queue: string, offset: number): boolean {
    return this.#patches.some((patch) => patch.queue === queue && offset >= patch.from && offset < patch.to);
  }

  /** Says the steps, and does them unless it is a dry run; entries have changed before. Throws FsError. */
  run(changes: RepairChanges): void {
    for (const { path, file } of this.#foreign) {
      if (changes.step(`move ${path} away: it is no extension file`)) changes.moveAway(path, file);
    }
    for (const { path, file, at, bytes, kind, what } of this.#patches) {
      if (!changes.step(stepText[kind](path, at, bytes, what))) continue;
      if (kind === 'zero') changes.zero(path, file, at, at + bytes);
      else if (kind === 'pass') changes.overwrite(path, file, at, passedUnits(bytes));
      else {
        changes.overwrite(path, file, at, END_MARK);
        changes.zero(path, file, at + END_MARK.length, at + bytes);
      }
    }
  }
}

interface ForeignFile {
  /** Below the store directory. */
  readonly path: string;
  readonly file: string;
}

/** `pass`: units follow; `end`: a file follows; `zero`: nothing follows. */
type PatchKind = 'pass' | 'end' | 'zero';

interface Patch {
  /** `topic/queueId`. */
  readonly queue: string;
  /** Offsets between which no unit is any more. */
  readonly from: number;
  readonly to: number;
  readonly path: string;
  readonly file: string;
  readonly at: number;
  readonly bytes: number;
  readonly kind: PatchKind;
  readonly what: string;
}

const stepText: Readonly<Record<PatchKind, (path: string, at: number, bytes: number, what: string) => string>> = {
  pass: (path, at, bytes, what) =>
    `give ${bytes} bytes of ${path} from ${at} on to a unit that no entry asks for: ${what}`,
  end: (path, at, _, what) => `end the units of ${path} at ${at}: ${what}`,
  zero: (path, at, _, what) => `make ${path} zero from ${at} on: ${what}`,
};

function foreignFilesOf(fs: Fs, root: string, queue: string): ForeignFile[] {
  const names = fileNames(fs, posix.join(root, queue)).filter((name) => !OFFSET_NAME.test(name));
  return names.map((name) => ({ path: `consumequeue_ext/${queue}/${name}`, file: posix.join(root, queue, name) }));
}

/** None for files of different lengths: with those no broker starts, and nobody knows which is right. */
function patchesOf(fs: Fs, root: string, queue: string): Patch[] {
  const dir = posix.join(root, queue);
  const names = fileNames(fs, dir).filter((name) => OFFSET_NAME.test(name));
  const sizes = new Set(names.map((name) => fs.stat(posix.join(dir, name))?.sizeBytes));
  if (sizes.size !== 1) return [];
  return names.flatMap((name) => {
    const window = new FileWindow(fs, posix.join(dir, name));
    const patches: Patch[] = [];
    for (const { at, bytes, kind, what } of breaksOf(window, name === names.at(-1))) {
      const path = `consumequeue_ext/${queue}/${name}`;
      const from = Number(name) + at;
      patches.push({ queue, from, to: from + bytes, path, file: window.path, at, bytes, kind, what });
    }
    window.close();
    return patches;
  });
}

function* breaksOf(window: FileWindow, isLast: boolean): Generator<Pick<Patch, 'at' | 'bytes' | 'kind' | 'what'>> {
  for (let from = 0; ; ) {
    const problem = walkUnits(window, isLast, from);
    if (problem === undefined) return;
    const { end: at, what } = problem;
    const next = nextUnit(window, at);
    const bytes = (next ?? window.sizeBytes) - at;
    yield { at, bytes, kind: next !== undefined ? 'pass' : isLast ? 'zero' : 'end', what };
    if (next === undefined) return;
    from = next;
  }
}

/** Where the next unit begins behind bytes that are none: one that is followed by another, or by an end. */
function nextUnit(window: FileWindow, broken: number): number | undefined {
  const last = Math.min(window.sizeBytes - MIN_UNIT_BYTES, broken + MOST_SEARCHED);
  for (let at = broken + MIN_UNIT_BYTES; at <= last; at += 1) {
    if (!unitAt(window, at, UNIT)) continue;
    const end = at + UNIT.size;
    if (end + 2 > window.sizeBytes) return at;
    const size = window.view(end, 2).readInt16BE(0);
    if (size === 0 || size === END_OF_FILE || unitAt(window, end, UNIT)) return at;
  }
  return undefined;
}

/** Sound units of the length of all of it, of no tag and of no message's time. */
function passedUnits(bytes: number): Buffer {
  const units = Buffer.alloc(bytes);
  for (let at = 0; at < bytes; ) {
    const rest = bytes - at;
    const size = rest <= MAX_UNIT_BYTES ? rest : Math.min(MAX_UNIT_BYTES, rest - MIN_UNIT_BYTES);
    at += encodeExtUnit(units, at, 0, 0, 1, Buffer.alloc(size - MIN_UNIT_BYTES));
  }
  return units;
}

const UNIT = new CqExtUnit();
const END_MARK = Buffer.from([0xff, 0xff]);
/** Farther on no unit is looked for. */
const MOST_SEARCHED = 1 << 20;
