import type { FileAccess, FileStat } from '../src/util/fs.ts';

/** The unit in which a surviving write may be torn. */
export const SECTOR_BYTES = 512;

/** What a power loss makes of a change that was not durable. `torn` is for writes: some of its sectors survive. */
export type Fate = 'kept' | 'lost' | 'torn';

/** A change of a file that is visible; `sequence` is its place among all changes of the file system. */
export type DataChange =
  | { readonly kind: 'write'; readonly sequence: number; readonly position: number; readonly bytes: Uint8Array }
  | { readonly kind: 'truncate'; readonly sequence: number; readonly sizeBytes: number };

/** A file of a `MemFs`: what is seen, what is durable, and the changes between the two, oldest first. */
export class MemFile {
  readonly kind = 'file';
  readonly ino: number;
  #visible = new Image();
  #durable = new Image();
  #pending: DataChange[] = [];
  #mtimeMs: number;
  #durableMtimeMs: number;
  #access: FileAccess = DEFAULT_ACCESS;

  constructor(ino: number, nowMs: number) {
    this.ino = ino;
    this.#mtimeMs = nowMs;
    this.#durableMtimeMs = nowMs;
  }

  /** The same file once more; pages are shared until one of the two writes to them. */
  fork(): MemFile {
    const copy = new MemFile(this.ino, this.#mtimeMs);
    copy.#visible = this.#visible.fork();
    copy.#durable = this.#durable.fork();
    copy.#pending = this.#pending.slice();
    copy.#durableMtimeMs = this.#durableMtimeMs;
    copy.#access = this.#access;
    return copy;
  }

  get sizeBytes(): number {
    return this.#visible.sizeBytes;
  }

  get pending(): readonly DataChange[] {
    return this.#pending;
  }

  read(target: Uint8Array, start: number, length: number, position: number): number {
    return this.#visible.read(target, start, length, position);
  }

  change(change: DataChange, nowMs: number): void {
    this.#visible.apply(change);
    this.#pending.push(change);
    this.#mtimeMs = nowMs;
  }

  setMtime(mtimeMs: number): void {
    this.#mtimeMs = mtimeMs;
  }

  /** Durable at once. */
  setAccess(access: FileAccess): void {
    this.#access = access;
  }

  /** Makes durable what was changed up to and with `upTo`. */
  sync(upTo: number): void {
    let count = 0;
    for (const change of this.#pending) {
      if (change.sequence > upTo) break;
      this.#durable.apply(change);
      count += 1;
    }
    this.#pending.splice(0, count);
    this.#durableMtimeMs = this.#mtimeMs;
  }

  stat(): FileStat {
    return {
      sizeBytes: this.sizeBytes,
      mtimeMs: this.#mtimeMs,
      dev: DEVICE,
      ino: this.ino,
      isDirectory: false,
      access: this.#access,
    };
  }

  /** Loses power: `fateOf` decides on each change, `keepSector` on each sector of a torn write. */
  crash(fateOf: (change: DataChange) => Fate, keepSector: () => boolean): void {
    for (const change of this.#pending) {
      const fate = fateOf(change);
      if (fate === 'kept') this.#durable.apply(change);
      else if (fate === 'torn' && change.kind === 'write') this.#tear(change, keepSector);
    }
    this.#pending = [];
    this.#visible = this.#durable.fork();
    this.#mtimeMs = this.#durableMtimeMs;
  }

  /** Whether both have the same bytes; cheap where they share pages. */
  hasBytesOf(other: MemFile): boolean {
    return this.#visible.equals(other.#visible);
  }

  #tear(change: DataChange & { kind: 'write' }, keepSector: () => boolean): void {
    const end = change.position + change.bytes.length;
    for (let at = change.position; at < end; ) {
      const next = Math.min(end, (Math.floor(at / SECTOR_BYTES) + 1) * SECTOR_BYTES);
      if (keepSector()) {
        const bytes = change.bytes.subarray(at - change.position, next - change.position);
        this.#durable.apply({ kind: 'write', sequence: change.sequence, position: at, bytes });
      }
      at = next;
    }
  }
}

/** The device that every file and directory is on. */
export const DEVICE = 0x1_05;
/** Of a new file. */
export const DEFAULT_ACCESS: FileAccess = { mode: 0o644, uid: 0, gid: 0 };

const PAGE_BYTES = 4096;
const ZERO_PAGE = new Uint8Array(PAGE_BYTES);

/** Bytes that belong to one image, or to several since a fork: then a writer makes its own copy first. */
interface Page {
  bytes: Uint8Array;
  shared: boolean;
}

/** A sparse sequence of bytes. */
class Image {
  sizeBytes = 0;
  #pages = new Map<number, Page>();

  fork(): Image {
    const copy = new Image();
    copy.sizeBytes = this.sizeBytes;
    for (const page of this.#pages.values()) page.shared = true;
    copy.#pages = new Map(this.#pages);
    return copy;
  }

  apply(change: DataChange): void {
    if (change.kind === 'write') this.#write(change.bytes, change.position);
    else this.#truncate(change.sizeBytes);
  }

  read(target: Uint8Array, start: number, length: number, position: number): number {
    const total = Math.max(0, Math.min(length, this.sizeBytes - position));
    for (let done = 0; done < total; ) {
      const at = position + done;
      const inPage = at % PAGE_BYTES;
      const count = Math.min(total - done, PAGE_BYTES - inPage);
      const page = this.#pages.get(Math.floor(at / PAGE_BYTES));
      if (page === undefined) target.fill(0, start + done, start + done + count);
      else target.set(page.bytes.subarray(inPage, inPage + count), start + done);
      done += count;
    }
    return total;
  }

  equals(other: Image): boolean {
    if (this.sizeBytes !== other.sizeBytes) return false;
    for (const number of new Set([...this.#pages.keys(), ...other.#pages.keys()])) {
      const own = this.#pages.get(number)?.bytes ?? ZERO_PAGE;
      const others = other.#pages.get(number)?.bytes ?? ZERO_PAGE;
      if (own !== others && Buffer.compare(own, others) !== 0) return false;
    }
    return true;
  }

  #write(bytes: Uint8Array, position: number): void {
    for (let done = 0; done < bytes.length; ) {
      const at = position + done;
      const inPage = at % PAGE_BYTES;
      const count = Math.min(bytes.length - done, PAGE_BYTES - inPage);
      this.#own(Math.floor(at / PAGE_BYTES)).set(bytes.subarray(done, done + count), inPage);
      done += count;
    }
    this.sizeBytes = Math.max(this.sizeBytes, position + bytes.length);
  }

  #truncate(sizeBytes: number): void {
    if (sizeBytes < this.sizeBytes) {
      const last = Math.floor(sizeBytes / PAGE_BYTES);
      for (const page of [...this.#pages.keys()]) if (page > last) this.#pages.delete(page);
      if (this.#pages.has(last)) this.#own(last).fill(0, sizeBytes % PAGE_BYTES);
    }
    this.sizeBytes = sizeBytes;
  }

  #own(number: number): Uint8Array {
    const page = this.#pages.get(number);
    if (page !== undefined && !page.shared) return page.bytes;
    const own = { bytes: page === undefined ? new Uint8Array(PAGE_BYTES) : page.bytes.slice(), shared: false };
    this.#pages.set(number, own);
    return own.bytes;
  }
}
