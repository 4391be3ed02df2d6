import { join } from 'node:path';
import { repoDir, spawnTracked } from '../peer/peer.ts';

/** How one run of our own mqadmin ended. */
export interface OwnResult {
  /** undefined for a command that had to be stopped. */
  readonly exitCode: number | undefined;
  readonly output: string;
  readonly errors: string;
}

/** Runs `dist/mqadmin.js`; `enoughLines` as for the stock one. */
export function runOwn(
  cwd: string,
  args: readonly string[],
  limitMs: number,
  enoughLines?: number,
): Promise<OwnResult> {
  const program = join(repoDir, 'dist', 'mqadmin.js');
  const child = spawnTracked([process.execPath, program, ...args], { cwd, env: {} });
  let output = '';
  let errors = '';
  const stop = (): boolean => child.kill('SIGKILL');
  const timer = setTimeout(stop, limitMs);
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (enoughLines !== undefined && enoughLines > 0 && output.split('\n').length > enoughLines) stop();
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ exitCode: code ?? undefined, output, errors });
    });
  });
}
