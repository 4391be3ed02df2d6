import { spawn } from 'node:child_process';

/**
 * Has a shell wait until this process is gone, by whatever way, and then run `script` (sh, positional parameters
 * `parameters`). The shell learns of the end by the end of its input, so nothing is polled; it is in a session of its
 * own and outlives signals to ours. When the host or the container goes down at once, nothing runs.
 */
export function runAfterDeath(script: string, parameters: readonly string[]): void {
  const shell = spawn('/bin/sh', ['-c', `while read -r _; do :; done; ${script}`, 'after-death', ...parameters], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    cwd: '/',
  });
  // Without a shell nobody cleans up; the next start does.
  shell.on('error', () => undefined);
  shell.stdin.on('error', () => undefined);
  shell.unref();
  // The pipe must not keep the event loop alive; the descriptor stays open until the process ends.
  const { stdin } = shell;
  if ('unref' in stdin && typeof stdin.unref === 'function') stdin.unref();
}
