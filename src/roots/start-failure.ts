import { StoreLoadError } from '../store/store-errors.ts';
import { StoreLockedError } from '../store/store-lock.ts';
import { FsError } from '../util/fs.ts';
import { NetError } from '../util/net.ts';
import { StateFileError } from '../util/state-file.ts';

/** How a server that could not start ends: one clear line, and Java's exit code. */
export interface StartFailure {
  readonly exitCode: number;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
}

/** Java exits −3 when initialize() fails (state files, CommitLog, ConsumeQueue), −1 for everything else. */
export function startFailure(error: unknown): StartFailure {
  return { exitCode: exitCode(error), stdout: [], stderr: [textOf(error)] };
}

function exitCode(error: unknown): number {
  if (error instanceof StateFileError || error instanceof StoreLoadError) return 253;
  return 255;
}

function textOf(error: unknown): string {
  if (error instanceof NetError && error.code === 'EADDRINUSE') return `${error.message}: address already in use`;
  if (error instanceof NetError || error instanceof FsError) return `${error.message}`;
  if (!(error instanceof Error)) return String(error);
  const known = error instanceof StateFileError || error instanceof StoreLoadError || error instanceof StoreLockedError;
  return known ? error.message : (error.stack ?? error.message);
}
