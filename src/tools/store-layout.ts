import { posix } from 'node:path';
import type { MessageStoreConfig } from '../config/message-store-config.ts';
import { roundUpToEntries } from '../store/consume-queue-entries.ts';
import { DelayLevels } from '../store/delay-levels.ts';
import type { IndexLayout } from '../store/index-file.ts';
import { storePath } from '../store/store-path.ts';
import type { Fs } from '../util/fs.ts';
import { directoryNames, fileNames } from './directory.ts';
import { DEFAULT_INDEX_LAYOUT, detectIndexLayout } from './index-layout.ts';

/** Where the parts of a store lie and how long its files are. */
export interface StoreLayout {
  readonly dir: string;
  readonly commitLogDir: string;
  readonly logFileBytes: number;
  readonly queueFileBytes: number;
  readonly index: IndexLayout;
  readonly indexEnabled: boolean;
  readonly delayLevels: DelayLevels;
  /** What was not told but taken from the files or from Java's defaults, one line each. */
  readonly assumptions: readonly string[];
}

/** What the command line says about a store. */
export interface LayoutOptions {
  /** Settings of its broker. */
  readonly config?: MessageStoreConfig;
  /** storePathCommitLog, when the log is not in the directory. */
  readonly commitLog?: string;
  readonly hashSlotNum?: number;
  readonly indexNum?: number;
}

/** A log file or a file of a queue is named by the offset of its first byte. */
export const OFFSET_NAME = /^\d{20}$/;

const DEFAULT_LOG_FILE_BYTES = 1_073_741_824;
const DEFAULT_QUEUE_FILE_BYTES = 6_000_000;
const DEFAULT_DELAY_LEVELS = '1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h';

/** Finds out the sizes of a store's files: from the settings, else from the files. Throws FsError. */
export function storeLayout(fs: Fs, dir: string, options: LayoutOptions = {}): StoreLayout {
  const { config } = options;
  const assumptions: string[] = [];
  const commitLogDir = placeOfLog(fs, dir, options, assumptions);
  const given = { maxHashSlotNum: options.hashSlotNum, maxIndexNum: options.indexNum };
  return {
    dir,
    commitLogDir,
    logFileBytes: config?.mappedFileSizeCommitLog ?? logFileBytes(fs, commitLogDir, assumptions),
    queueFileBytes:
      config === undefined
        ? queueFileBytes(fs, storePath.consumeQueue(dir), assumptions)
        : roundUpToEntries(config.mappedFileSizeConsumeQueue),
    index: indexLayout(fs, dir, config ?? given, assumptions),
    indexEnabled: config?.messageIndexEnable ?? true,
    delayLevels: delayLevels(config),
    assumptions,
  };
}

function placeOfLog(fs: Fs, dir: string, { config, commitLog }: LayoutOptions, assumptions: string[]): string {
  if (commitLog !== undefined) return commitLog;
  const inside = posix.join(dir, 'commitlog');
  if (config === undefined || fs.stat(inside) !== undefined) return inside;
  assumptions.push(`the CommitLog is in ${config.storePathCommitLog}, as the settings say`);
  return config.storePathCommitLog;
}

/** The distance of the first two names, or the length of the only file. */
function logFileBytes(fs: Fs, dir: string, assumptions: string[]): number {
  const names = fileNames(fs, dir).filter((name) => OFFSET_NAME.test(name));
  const sizes = names.map((name) => fs.stat(posix.join(dir, name))?.sizeBytes ?? 0);
  const size = mostFrequent(sizes) ?? DEFAULT_LOG_FILE_BYTES;
  assumptions.push(`mappedFileSizeCommitLog=${size}, ${sizes.length === 0 ? "Java's default" : 'from the files'}`);
  return size;
}

function queueFileBytes(fs: Fs, dir: string, assumptions: string[]): number {
  const sizes: number[] = [];
  for (const topic of directoryNames(fs, dir)) {
    for (const queue of directoryNames(fs, posix.join(dir, topic))) {
      const path = posix.join(dir, topic, queue);
      for (const name of fileNames(fs, path)) sizes.push(fs.stat(posix.join(path, name))?.sizeBytes ?? 0);
      if (sizes.length >= ENOUGH_FILES) break;
    }
  }
  const size = mostFrequent(sizes) ?? DEFAULT_QUEUE_FILE_BYTES;
  assumptions.push(`mappedFileSizeConsumeQueue=${size}, ${sizes.length === 0 ? "Java's default" : 'from the files'}`);
  return size;
}

function indexLayout(
  fs: Fs,
  dir: string,
  given: { readonly maxHashSlotNum: number | undefined; readonly maxIndexNum: number | undefined },
  assumptions: string[],
): IndexLayout {
  const { maxHashSlotNum, maxIndexNum } = given;
  if (maxHashSlotNum !== undefined && maxIndexNum !== undefined) return { maxHashSlotNum, maxIndexNum };
  const found = detectIndexLayout(fs, storePath.index(dir));
  const layout = found ?? DEFAULT_INDEX_LAYOUT;
  const from = found === undefined ? "Java's defaults" : 'from the files';
  assumptions.push(`maxHashSlotNum=${layout.maxHashSlotNum}, maxIndexNum=${layout.maxIndexNum}, ${from}`);
  return layout;
}

function delayLevels(config: MessageStoreConfig | undefined): DelayLevels {
  const levels = DelayLevels.parse(config?.messageDelayLevel ?? DEFAULT_DELAY_LEVELS);
  if (levels === undefined) throw new Error('messageDelayLevel cannot be read');
  return levels;
}

/** Zero is the length of a file that was just made. */
function mostFrequent(sizes: readonly number[]): number | undefined {
  const counts = new Map<number, number>();
  for (const size of sizes) if (size > 0) counts.set(size, (counts.get(size) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || b[0] - a[0])[0]?.[0];
}

const ENOUGH_FILES = 1_000;
