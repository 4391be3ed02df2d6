import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Fs } from '../src/util/fs.ts';

/** The directories written by an official 4.6.0 broker; compat-tests/store-dirs/README.md tells what is in them. */
export type JavaStoreName = 'clean' | 'crashed' | 'torn' | 'ext';

/** Sizes the fixtures were written with. */
export const JAVA_STORE_SIZES = {
  mappedFileSizeCommitLog: 1_048_576,
  mappedFileSizeConsumeQueue: 6_000,
  maxHashSlotNum: 500,
  maxIndexNum: 1_500,
} as const;

/** Unpacks a store directory to `root` of any file system, with modification times as Java left them. */
export function unpackJavaStore(fs: Fs, name: JavaStoreName, root: string): void {
  fs.mkdir(root);
  for (const entry of tarEntries(archive(name))) {
    if (!entry.name.startsWith('store/')) continue;
    const path = `${root}/${entry.name.slice('store/'.length)}`;
    if (entry.isDirectory) {
      fs.mkdir(path.endsWith('/') ? path.slice(0, -1) : path);
      continue;
    }
    fs.mkdir(dirname(path));
    const handle = fs.open(path, 'create');
    for (let done = 0; done < entry.content.length; ) {
      done += handle.pwrite(entry.content, done, entry.content.length - done, done);
    }
    handle.setMtime(entry.mtimeMs);
    handle.fdatasync();
    handle.close();
  }
}

/** What is in a store directory, as a reader that shares no code with ours or Java's found it. */
export function javaStoreManifest(name: JavaStoreName): JavaStoreManifest {
  for (const entry of tarEntries(archive(name))) {
    if (entry.name === 'manifest.json') return JSON.parse(entry.content.toString()) as JavaStoreManifest;
  }
  throw new Error(`no manifest.json in the archive ${name}`);
}

/** The parts of a manifest that our tests look at. */
export interface JavaStoreManifest {
  readonly messages: readonly JavaStoreMessage[];
  readonly commitLog: { readonly minOffset: number; readonly maxOffset: number };
  readonly consumeQueues: readonly JavaStoreQueue[];
  readonly afterJavaRecovery: { readonly queues: readonly JavaStoreQueue[] };
  readonly indexFiles: readonly (Readonly<Record<string, number>> & { readonly name: string })[];
  readonly checkpoint: Readonly<Record<string, number>>;
}

export interface JavaStoreQueue {
  readonly topic: string;
  readonly queueId: number;
  readonly minOffset: number;
  readonly maxOffset: number;
}

export interface JavaStoreMessage {
  readonly topic: string;
  readonly queueId: number;
  readonly queueOffset: number;
  readonly physicalOffset: number;
  readonly size: number;
  readonly sysFlag: number;
  readonly storeTimestamp: number;
  readonly uniqKey: string | null;
  readonly keys: string | null;
  /** Absent where the queue has no entry yet. */
  readonly tagsCode?: number;
  /** The rest only in the store with extension files: TAGS, address without its sign bit, bit map in hexadecimal. */
  readonly tags?: string | null;
  readonly extOffset?: number;
  readonly bitMap?: string;
}

interface TarEntry {
  readonly name: string;
  readonly isDirectory: boolean;
  readonly mtimeMs: number;
  readonly content: Buffer;
}

const BLOCK_BYTES = 512;
const archives = new Map<JavaStoreName, Buffer>();

function archive(name: JavaStoreName): Buffer {
  let bytes = archives.get(name);
  if (bytes === undefined) {
    const url = new URL(`../compat-tests/store-dirs/java-store-${name}.tar.gz`, import.meta.url);
    bytes = gunzipSync(readFileSync(url));
    archives.set(name, bytes);
  }
  return bytes;
}

/** Plain files and directories of a ustar archive; the fixtures have nothing else. */
function* tarEntries(tar: Buffer): Generator<TarEntry> {
  for (let at = 0; at + BLOCK_BYTES <= tar.length && tar[at] !== 0; ) {
    const type = String.fromCharCode(tar[at + 156] as number);
    if (type !== '0' && type !== '5' && type !== '\0') throw new Error(`tar entry of type ${type} at ${at}`);
    const prefix = text(tar, at + 345, 155);
    const size = Number.parseInt(text(tar, at + 124, 12), 8);
    const start = at + BLOCK_BYTES;
    yield {
      name: prefix === '' ? text(tar, at, 100) : `${prefix}/${text(tar, at, 100)}`,
      isDirectory: type === '5',
      mtimeMs: Number.parseInt(text(tar, at + 136, 12), 8) * 1000,
      content: tar.subarray(start, start + size),
    };
    at = start + Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
  }
}

function text(tar: Buffer, start: number, length: number): string {
  const field = tar.toString('utf8', start, start + length);
  const end = field.indexOf('\0');
  return (end < 0 ? field : field.slice(0, end)).trim();
}
