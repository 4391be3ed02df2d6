import { spawn } from 'node:child_process';
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { cacheDir, repoDir } from '../../compat-tests/peer/peer.ts';

export interface LineProgramOptions {
  /** Arguments of the harness compat-tests/peer/peer. */
  readonly args: readonly string[];
  readonly logDir: string;
  readonly logName: string;
  readonly timeoutMs: number;
  /** Sees every line of standard output; returns true when the program has done what it was started for. */
  readonly onLine: (line: string) => boolean;
}

/**
 * Runs a program of the Java harness until `onLine` is content, then kills it. Rejects when it ends or the time is over
 * before that; its output is in the log directory.
 */
export function runUntilLine(options: LineProgramOptions): Promise<void> {
  const { args, logDir, logName, timeoutMs } = options;
  mkdirSync(logDir, { recursive: true });
  const logFile = join(logDir, `${logName}.out`);
  const env = { ...process.env, WENCHANG_CACHE: cacheDir, PEER_DIR: join(logDir, logName) };
  const child = spawn(join(repoDir, 'compat-tests', 'peer', 'peer'), args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  child.stderr.on('data', (bytes: Buffer) => appendFileSync(logFile, bytes));
  return new Promise<void>((resolve, reject) => {
    const fail = (reason: string): void => {
      kill();
      reject(new Error(`${args.join(' ')}: ${reason}; see ${logFile}`));
    };
    const timer = setTimeout(() => fail(`not through after ${timeoutMs} ms`), timeoutMs);
    createInterface({ input: child.stdout }).on('line', (line) => {
      appendFileSync(logFile, `${line}\n`);
      if (!options.onLine(line)) return;
      resolve();
      kill();
    });
    child.once('error', (error) => fail(error.message));
    child.once('close', (code) => {
      clearTimeout(timer);
      process.off('exit', kill);
      fail(`ended with ${code}`);
    });
  });
}
