import { join } from 'node:path';
import { repoDir } from '../../compat-tests/peer/peer.ts';
import { cpuSeconds } from '../process-usage.ts';
import type { Side } from '../sides.ts';
import { runUntilLine } from './line-program.ts';

const drainMs = 200_000;

/** The stock push consumer reads the whole backlog of a topic; from its first message to the last. */
export async function runPushDrain(
  side: Side,
  topic: string,
  messages: number,
  warmupMs: number,
): Promise<{ messages: number; seconds: number; brokerCpuSeconds: number }> {
  let begunCpu = 0;
  let result = { messages: 0, seconds: 0, brokerCpuSeconds: 0 };
  const program = join(repoDir, 'bench', 'java', 'PushDrain.java');
  await runUntilLine({
    args: ['run', program, side.namesrvAddress, topic, String(messages), String(Math.round(warmupMs / 1_000))],
    logDir: side.logDir,
    logName: 'push-drain',
    timeoutMs: warmupMs + 2 * drainMs,
    onLine: (line) => {
      if (line === 'first') begunCpu = cpuSeconds(side.pid);
      const [, count, nanos] = /^done (\d+) (\d+)$/.exec(line) ?? [];
      if (count === undefined) return false;
      const brokerCpuSeconds = cpuSeconds(side.pid) - begunCpu;
      result = { messages: Number(count), seconds: Number(nanos) / 1e9, brokerCpuSeconds };
      return true;
    },
  });
  return result;
}
