import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { jobOptions } from '../job-options.ts';
import { type PowerReport, runPower } from './run.ts';

const FULL_COUNT = 100_000;
const WORKERS = 2;

/** `npm run test:power [-- --count N --seed N]`: every power loss of recorded runs, in two threads. */
async function main(): Promise<void> {
  const { count, seed } = jobOptions({ name: 'test:power', fullCount: FULL_COUNT, leastCount: WORKERS });
  const startMs = Date.now();
  console.log(`seed ${seed}, ${count} power losses`);
  const shares = Array.from({ length: WORKERS }, (_, index) => ({
    count: Math.floor((count + index) / WORKERS),
    seed,
    share: { index, of: WORKERS },
  }));
  const reports = await Promise.all(shares.map(runInThread));
  const counts: Record<string, number> = {};
  for (const report of reports) {
    for (const [what, times] of Object.entries(report.counts)) counts[what] = (counts[what] ?? 0) + times;
  }
  for (const [what, times] of Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1))) {
    console.log(`${String(times).padStart(10)}  ${what}`);
  }
  const problems = reports.flatMap((report) => report.problems);
  console.log(`${problems.length} problems in ${Math.round((Date.now() - startMs) / 1000)} s, seed ${seed}`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}

type Share = Parameters<typeof runPower>[0];

async function runInThread(share: Share): Promise<PowerReport> {
  const worker = new Worker(new URL(import.meta.url), { workerData: share });
  worker.on('message', (message: unknown) => {
    if (typeof message === 'string') console.log(message);
  });
  for (;;) {
    const [message] = (await once(worker, 'message')) as [string | PowerReport];
    if (typeof message !== 'string') return message;
  }
}

if (isMainThread) await main();
else {
  const say = (line: string): void => parentPort?.postMessage(line);
  parentPort?.postMessage(await runPower({ ...(workerData as Share), say }));
}
