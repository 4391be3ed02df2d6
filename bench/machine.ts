import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { repoDir } from '../compat-tests/peer/peer.ts';

/** Where and when something was measured. */
export interface Machine {
  readonly date: string;
  readonly commit: string;
  readonly processors: string;
  readonly memoryGib: number;
  readonly kernel: string;
  readonly node: string;
  readonly fileSystem: string;
}

export function describeMachine(): Machine {
  const [first] = cpus();
  return {
    date: new Date().toISOString(),
    commit: firstLine('git', ['-C', repoDir, 'rev-parse', '--short', 'HEAD']),
    processors: `${cpus().length} × ${first?.model.trim() ?? 'unknown'}`,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    fileSystem: fileSystemOf(repoDir),
  };
}

/** The one-minute load average: runnable processes, ours included. */
export function loadAverage(): number {
  return loadavg()[0] ?? 0;
}

/** Type of the file system with the longest mount point that is above the path. */
function fileSystemOf(path: string): string {
  const mounts = readFileSync('/proc/mounts', 'utf8').trim().split('\n');
  const above = mounts
    .map((line) => line.split(' '))
    .filter(([, point = '']) => point === '/' || path === point || path.startsWith(`${point}/`))
    .sort(([, left = ''], [, right = '']) => right.length - left.length);
  return above[0]?.[2] ?? 'unknown';
}

/** Nothing when the command cannot be run. */
function firstLine(command: string, args: readonly string[]): string {
  const { stdout, error } = spawnSync(command, args, { encoding: 'utf8', timeout: 10_000 });
  if (error !== undefined) return '';
  return stdout.split('\n')[0] ?? '';
}
