import { fileURLToPath } from 'node:url';
import { runProgram } from '../../compat-tests/peer/peer.ts';
import type { PullLoadOptions, PullLoadResult } from './pull-load.ts';
import type { SendLoadOptions, SendLoadResult } from './send-load.ts';

const startAndEndMs = 60_000;

/** Runs the sending load in a process of its own. Throws with its output when it fails. */
export function runSendLoad(options: SendLoadOptions): Promise<SendLoadResult> {
  return run<SendLoadResult>('send-load.ts', options, options.warmupMs + options.measuredMs + startAndEndMs);
}

/** Runs the pull loop in a process of its own. Throws with its output when it fails or reads anything wrong. */
export function runPullLoad(options: PullLoadOptions): Promise<PullLoadResult> {
  return run<PullLoadResult>('pull-load.ts', options, options.limitMs + startAndEndMs);
}

async function run<Result>(program: string, options: object, timeoutMs: number): Promise<Result> {
  const path = fileURLToPath(new URL(program, import.meta.url));
  const ended = await runProgram([process.execPath, path, JSON.stringify(options)], { timeoutMs });
  if (ended.code !== 0) throw new Error(`${program} ended with ${ended.code}:\n${ended.stdout}${ended.stderr}`);
  return JSON.parse(ended.stdout) as Result;
}
