import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { repoDir, runProgram, type Workspace } from '../../compat-tests/peer/peer.ts';
import { RawClient } from '../../compat-tests/peer/raw-client.ts';
import { sendFields } from '../../compat-tests/peer/store-check.ts';
import { type PortBlock, takePorts } from '../../testing/ports.ts';
import { rssBytes } from '../process-usage.ts';
import { openStoreWorkspace } from '../sides.ts';
import { mean, type Spread, spread } from '../statistics.ts';
import { producerLineSeconds, runStockProducer } from './stock-producer.ts';

const startLimitMs = 60_000;
const tryEveryMs = 2;
/** Exists on every broker from its start on, so the first send creates nothing. */
const topic = 'BenchmarkTest';

export interface SoakResult {
  /** Highest resident memory that was seen, in MB. */
  readonly highestMb: number;
  /** Means from 30 to 50 % and from 80 to 100 % of the time: minutes 3–5 and 8–10 of ten. */
  readonly earlyMb: number;
  readonly lateMb: number;
  readonly tps: number;
}

/** Resident memory in MB of the process of `npm start` after it did nothing for a while. */
export async function measureIdle(idleMs: number): Promise<number> {
  return withAllInOne(async ({ pid }) => {
    await pause(idleMs);
    return rssBytes(pid) / 1e6;
  });
}

/** Resident memory of the process of `npm start` under the stock producer with 64 threads, sampled every second. */
export async function measureSoak(soakMs: number): Promise<SoakResult> {
  return withAllInOne(async ({ pid, workspace, ports }) => {
    const samples: number[] = [];
    const timer = setInterval(() => samples.push(rssBytes(pid) / 1e6), 1_000);
    const lines = Math.max(1, Math.ceil(soakMs / 1_000 / producerLineSeconds));
    const namesrvAddress = `127.0.0.1:${ports.namesrvPort}`;
    const { logDir } = workspace;
    try {
      const printed = await runStockProducer({ namesrvAddress, pid, threads: 64, bodyBytes: 128, logDir, lines });
      const part = (from: number, to: number): number =>
        mean(samples.slice(Math.floor(samples.length * from), Math.ceil(samples.length * to)));
      return {
        highestMb: Math.max(...samples),
        earlyMb: part(0.3, 0.5),
        lateMb: part(0.8, 1),
        tps: mean(printed.map((line) => line.tps)),
      };
    } finally {
      clearInterval(timer);
    }
  });
}

/** Milliseconds from the start of node to the first SEND_OK, each time in an empty directory. */
export async function measureFirstSend(times: number): Promise<Spread> {
  const took: number[] = [];
  for (let index = 0; index < times; index++) {
    took.push(await withProcess(process.execPath, [join(repoDir, 'dist', 'wenchang.js')], firstSend));
  }
  return spread(took);
}

interface Running {
  readonly pid: number;
  readonly workspace: Workspace;
  readonly ports: PortBlock;
  readonly begunMs: number;
}

/** As `npm start` does it: the launcher becomes the server, so its process id is the server's. */
function withAllInOne<Result>(work: (running: Running) => Promise<Result>): Promise<Result> {
  return withProcess('sh', [join(repoDir, 'bin', 'wenchang')], async (running) => {
    await firstSend(running);
    return work(running);
  });
}

async function withProcess<Result>(
  command: string,
  args: readonly string[],
  work: (running: Running) => Promise<Result>,
): Promise<Result> {
  const workspace = openStoreWorkspace('all-in-one');
  const ports = await takePorts();
  const { listenPort, namesrvPort } = ports;
  const data = ['--data', workspace.dir, '--port', String(listenPort), '--namesrv-port', String(namesrvPort)];
  const begunMs = performance.now();
  const child = spawn(command, [...args, ...data], { stdio: ['ignore', 'ignore', 'pipe'] });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-4_000);
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const early = ended.then(() => {
    throw new Error(`${command} ${args.join(' ')} ended: ${errors}`);
  });
  try {
    return await Promise.race([work({ pid: child.pid ?? 0, workspace, ports, begunMs }), early]);
  } finally {
    kill();
    await ended;
    early.catch(() => {});
    process.off('exit', kill);
    workspace.close();
  }
}

/** Tries to send until it works; returns the milliseconds since the process was started. */
async function firstSend({ begunMs, ports }: Running): Promise<number> {
  const fields = sendFields(310, { topic, queueId: 0, flag: 0, properties: { UNIQ_KEY: 'first', WAIT: 'true' } });
  while (performance.now() - begunMs < startLimitMs) {
    const client = await RawClient.connect(`127.0.0.1:${ports.listenPort}`).catch(() => undefined);
    if (client !== undefined) {
      const reply = await client.request(310, fields, Buffer.alloc(128)).catch(() => undefined);
      const tookMs = performance.now() - begunMs;
      client.close();
      if (reply?.code === 0) return tookMs;
    }
    await pause(tryEveryMs);
  }
  throw new Error(`no message was taken within ${startLimitMs} ms`);
}

/** The version line of the Java that runs the official broker. */
export async function javaVersion(): Promise<string> {
  const java = process.env['WENCHANG_JAVA'] || 'java';
  const { stderr } = await runProgram([java, '-version'], { timeoutMs: 30_000 });
  return stderr.split('\n')[1] ?? 'unknown';
}
