import { posix } from 'node:path';
import { offsetToFileName } from '../store/mapped-file.ts';
import type { Fs } from '../util/fs.ts';
import { FileWindow } from './file-window.ts';
import { LogRecord } from './log-record.ts';
import type { StoreLayout } from './store-layout.ts';

/** Looks at single records of a log by their offset, a few files open. Throws FsError. */
export class LogProbe {
  readonly record = new LogRecord();
  readonly #fs: Fs;
  readonly #layout: StoreLayout;
  readonly #windows = new Map<number, FileWindow | undefined>();

  constructor(fs: Fs, layout: StoreLayout) {
    this.#fs = fs;
    this.#layout = layout;
  }

  /** Reads the record at a physical offset; false when there is none that says it stands there. */
  read(phyOffset: number): boolean {
    const { logFileBytes } = this.#layout;
    if (!Number.isSafeInteger(phyOffset) || phyOffset < 0) return false;
    const at = phyOffset % logFileBytes;
    const window = this.#window(phyOffset - at);
    return window !== undefined && this.record.read(window, at) === 'ok' && this.record.phyOffset === phyOffset;
  }

  close(): void {
    for (const window of this.#windows.values()) window?.close();
    this.#windows.clear();
  }

  #window(fileFrom: number): FileWindow | undefined {
    if (this.#windows.has(fileFrom)) return this.#windows.get(fileFrom);
    if (this.#windows.size >= MOST_OPEN) this.close();
    const path = posix.join(this.#layout.commitLogDir, offsetToFileName(fileFrom));
    const window = FileWindow.ofFile(this.#fs, path, READ_BYTES);
    this.#windows.set(fileFrom, window);
    return window;
  }
}

const MOST_OPEN = 16;
const READ_BYTES = 4_096;
