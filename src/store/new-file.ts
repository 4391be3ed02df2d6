import { type Fs, FsError } from '../util/fs.ts';

/**
 * Makes files that have their whole length from the moment they can be seen: a file of another length under its own
 * name would keep Java from starting, and a kill can come between any two calls. So it gets its length under a name in
 * the root of the store, where nobody looks, and then its own.
 */
export class NewFiles {
  readonly #fs: Fs;
  readonly #rootDir: string;

  constructor(fs: Fs, rootDir: string) {
    this.#fs = fs;
    this.#rootDir = rootDir;
  }

  /**
   * Makes a file of zeros; an empty one in its place is what an earlier try left when it could not even be undone.
   * Where the root lies on another file system the file gets its length under its own name. Throws FsError, EEXIST when
   * there is one with content; then nothing has changed.
   */
  create(path: string, sizeBytes: number): void {
    const fs = this.#fs;
    if ((fs.stat(path)?.sizeBytes ?? 0) > 0) throw new FsError('open', path, 'EEXIST');
    const staged = `${this.#rootDir}/${stagedName(this.#rootDir, path)}`;
    try {
      // Never opened: a file system that lost power may know one file by both names.
      if (fs.stat(staged) !== undefined) fs.unlink(staged);
      makeSized(fs, staged, sizeBytes);
      fs.rename(staged, path);
    } catch (error) {
      unlinkQuietly(fs, staged);
      if (!(error instanceof FsError && error.code === 'EXDEV')) throw error;
      createInPlace(fs, path, sizeBytes);
    }
  }

  /** Removes what a kill left, as far as it can: it is in nobody's way. */
  removeLeftovers(): void {
    for (const name of STAGED_NAMES) unlinkQuietly(this.#fs, `${this.#rootDir}/${name}`);
  }
}

/** Makes a file of zeros under its own name. Throws FsError; then there is none. */
export function createInPlace(fs: Fs, path: string, sizeBytes: number): void {
  if (fs.stat(path)?.sizeBytes === 0) fs.unlink(path);
  makeSized(fs, path, sizeBytes);
}

/** By what the file belongs to: `new.commitlog`. Java takes no notice of such a file. */
const KINDS = ['commitlog', 'consumequeue', 'consumequeue_ext', 'index', 'checkpoint'] as const;
const STAGED_NAMES = KINDS.map((kind) => `new.${kind}`);

function stagedName(rootDir: string, path: string): string {
  const [first] = path.startsWith(`${rootDir}/`) ? path.slice(rootDir.length + 1).split('/') : [];
  return `new.${KINDS.find((kind) => kind === first) ?? 'commitlog'}`;
}

function makeSized(fs: Fs, path: string, sizeBytes: number): void {
  const handle = fs.open(path, 'create-new');
  try {
    handle.truncate(sizeBytes);
  } catch (error) {
    unlinkQuietly(fs, path);
    throw error;
  } finally {
    handle.close();
  }
}

function unlinkQuietly(fs: Fs, path: string): void {
  try {
    if (fs.stat(path) !== undefined) fs.unlink(path);
  } catch {
    // The failure to report is the first one.
  }
}
