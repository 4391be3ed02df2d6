import { posix } from 'node:path';
import { DecodeError, parseJson } from '../codec/fast-json.ts';
import { storePath } from '../store/store-path.ts';
import type { Fs } from '../util/fs.ts';
import { fileNames } from './directory.ts';
import { FileWindow } from './file-window.ts';
import type { Findings } from './findings.ts';
import type { LogSummary } from './log-walker.ts';

/** The state files of a broker, each with the table that it holds. */
export const STATE_FILES: Readonly<Record<string, string>> = {
  'topics.json': 'topicConfigTable',
  'subscriptionGroup.json': 'subscriptionGroupTable',
  'consumerOffset.json': 'offsetTable',
  'delayOffset.json': 'offsetTable',
  'consumerFilter.json': 'filterDataByTopic',
};

/** What a state file is worth. `text`: why it cannot be used, and where. */
export type StateFileFinding =
  | { readonly kind: 'good' | 'missing' }
  | { readonly kind: 'bad'; readonly offset: number; readonly text: string };

/** Reads a state file or its `.bak` as a broker would. `table`: the member that must be there. */
export function checkStateFile(fs: Fs, path: string, table: string): StateFileFinding {
  const stat = fs.stat(path);
  if (stat === undefined) return { kind: 'missing' };
  if (stat.isDirectory) return { kind: 'bad', offset: 0, text: 'is a directory' };
  if (stat.sizeBytes === 0) return { kind: 'bad', offset: 0, text: 'is empty' };
  const bytes = fs.readFile(path, MAX_STATE_BYTES);
  const value = parseJson(bytes ?? '');
  if (value instanceof DecodeError) {
    const position = /at position (\d+)/.exec(value.message)?.[1];
    return { kind: 'bad', offset: Number(position ?? 0), text: `cannot be decoded: ${value.message}` };
  }
  if (!(value instanceof Map)) return { kind: 'bad', offset: 0, text: 'is no JSON object' };
  const found = value.get(table);
  // Java decodes a file without the table to nothing; a table of another kind makes it fail.
  if (found !== undefined && !(found instanceof Map)) return { kind: 'bad', offset: 0, text: `${table} is no object` };
  return { kind: 'good' };
}

/** Checks the JSON files of a store's config directory. */
export function verifyStateFiles(fs: Fs, dir: string, findings: Findings): void {
  for (const [name, table] of Object.entries(STATE_FILES)) {
    const file = checkStateFile(fs, posix.join(storePath.config(dir), name), table);
    const backup = checkStateFile(fs, posix.join(storePath.config(dir), `${name}.bak`), table);
    const rescue = backup.kind === 'good' ? `; a broker takes ${name}.bak` : '';
    if (file.kind === 'bad') findings.damage(`config/${name}`, file.offset, `${file.text}${rescue}`);
    if (file.kind === 'missing' && backup.kind === 'good') {
      findings.damage(`config/${name}`, 0, `is missing${rescue}`);
    }
    if (backup.kind === 'bad') findings.damage(`config/${name}.bak`, backup.offset, backup.text);
  }
  for (const name of fileNames(fs, storePath.config(dir))) {
    if (name.endsWith('.tmp')) findings.note(`config/${name} is left from a save that did not end`);
  }
}

/** What the file says, and whether it can be true for a log. */
export function verifyCheckpoint(fs: Fs, dir: string, log: LogSummary, findings: Findings): void {
  const path = storePath.checkpoint(dir);
  const stat = fs.stat(path);
  if (stat === undefined || stat.isDirectory) {
    if (log.records > 0) findings.damage('checkpoint', 0, 'is missing: a recovery would begin at the first file');
    return;
  }
  if (stat.sizeBytes !== CHECKPOINT_BYTES) {
    findings.damage('checkpoint', stat.sizeBytes, `has ${stat.sizeBytes} bytes in place of ${CHECKPOINT_BYTES}`);
  }
  const window = new FileWindow(fs, path);
  for (const [index, name] of TIMESTAMPS.entries()) {
    const bytes = window.view(index * 8, 8);
    if (bytes.length < 8) break;
    const time = Number(bytes.readBigInt64BE(0));
    if (time >= 0 && time <= log.newestStoreTimestamp) continue;
    const what = `${name} is ${time}, the newest message in the log is of ${log.newestStoreTimestamp}`;
    findings.damage('checkpoint', index * 8, what);
  }
  const other = window.firstNonZero(TIMESTAMPS.length * 8, window.sizeBytes);
  if (other < window.sizeBytes) findings.damage('checkpoint', other, 'has bytes that are not 0 behind the timestamps');
  window.close();
}

/** State files are read whole, up to this length. */
export const MAX_STATE_BYTES = 16 * 1024 * 1024;
/** Length of the checkpoint file. */
export const CHECKPOINT_BYTES = 4_096;
const TIMESTAMPS = ['physicMsgTimestamp', 'logicsMsgTimestamp', 'indexMsgTimestamp'];
