import { runPullLoad, runSendLoad } from '../load/run-load.ts';
import type { SendLoadResult } from '../load/send-load.ts';
import { rssBytes } from '../process-usage.ts';
import type { Side } from '../sides.ts';
import { mean } from '../statistics.ts';
import { runPushDrain } from './push-drain.ts';
import type { Figures, Floor, Part, Scenario, Times } from './scenario.ts';
import { producerLineSeconds, runStockProducer } from './stock-producer.ts';

const queues = 4;
const pullBatch = 32;
const fillInFlight = 256;
const fillLimitMs = 600_000;
const pullLimitMs = 300_000;
/** Eleven letters, so that a frame has the 476 bytes of the official producer's. */
const streamTopic = 'BenchStream';
const backlogTopic = 'BenchBacklog';

/** Java 4.6.0 with its default of one send thread never groups flushes; these two settings are the known remedy. */
const tunedForSyncFlush = { sendMessageThreadPoolNums: '64', useReentrantLockWhenPutMessage: 'true' };

/** What is driven on both brokers, with the floors of the issue that built the broker. */
export const scenarios: readonly Scenario[] = [
  {
    name: 'stock',
    about: 'official benchmark producer, 64 threads, 128 B',
    settings: () => ({}),
    parts: [{ name: 'stock producer 64 threads', floors: floors('tps', 2, 0.25), measure: measureStockProducer }],
  },
  pipelined('1x64', { connections: 1, inFlight: 64, bodyBytes: 128 }, floors('tps', 2.5, 0.3)),
  pipelined('64x1', { connections: 64, inFlight: 1, bodyBytes: 128 }, floors('tps', 1.6, 0.4)),
  pipelined('16x16', { connections: 16, inFlight: 16, bodyBytes: 128 }, floors('tps', 3, 0.3)),
  {
    ...pipelined('16k', { connections: 4, inFlight: 16, bodyBytes: 16_384 }, [{ figure: 'p50 µs', atMost: 1 }]),
    usedMemory: true,
  },
  {
    name: 'catch-up',
    about: 'a backlog read whole, batches of 32',
    settings: () => ({}),
    prepare: fillBacklog,
    parts: [
      { name: 'pull loop, 1 connection', floors: floors('messages/s', 1.5, 0.5), measure: pullLoop(1) },
      { name: 'pull loop, 4 connections', floors: floors('messages/s', 1.5, 0.5), measure: pullLoop(4) },
      { name: 'stock push consumer', floors: floors('messages/s', 1, 0.5), measure: measurePush },
    ],
  },
  {
    name: 'half',
    about: 'at half of what 64 connections × 1 reach, for so many --half minutes',
    settings: () => ({}),
    freshStores: true,
    usedMemory: true,
    parts: [{ name: 'at half of its capacity', floors: [], measure: measureHalf }],
  },
  {
    name: 'sync-flush',
    about: 'SYNC_FLUSH, 64 connections × 1, 128 B, Java tuned for it',
    settings: (kind) => ({ flushDiskType: 'SYNC_FLUSH', ...(kind === 'java' ? tunedForSyncFlush : {}) }),
    parts: [
      {
        name: 'SYNC_FLUSH 64 × 1',
        floors: [{ figure: 'tps', atLeast: 2 }],
        measure: (side, times) => measureSend(side, times, { connections: 64, inFlight: 1, bodyBytes: 128 }),
      },
    ],
  },
];

interface Shape {
  readonly connections: number;
  readonly inFlight: number;
  readonly bodyBytes: number;
}

function floors(throughput: string, atLeast: number, cpuAtMost: number): Floor[] {
  return [
    { figure: throughput, atLeast },
    { figure: 'CPU s/1M', atMost: cpuAtMost },
  ];
}

function pipelined(name: string, shape: Shape, wanted: readonly Floor[]): Scenario {
  const title = `${shape.connections} × ${shape.inFlight}, ${shape.bodyBytes} B`;
  const part: Part = {
    name: `pipelined ${title}`,
    floors: wanted,
    measure: (side, times) => measureSend(side, times, shape),
  };
  return { name, about: `pipelined load, ${title}`, settings: () => ({}), freshStores: true, parts: [part] };
}

async function measureSend(side: Side, times: Times, shape: Shape): Promise<Figures> {
  const result = await runSendLoad({
    ...shape,
    address: side.address,
    topic: streamTopic,
    queues,
    warmupMs: times.warmupMs,
    measuredMs: times.measuredMs,
    messages: 0,
    pid: side.pid,
  });
  return sendFigures(result, side);
}

/** Its own capacity is each side's measure. Throws when ours refuses anything. */
async function measureHalf(side: Side, times: Times): Promise<Figures> {
  const { address, pid, kind } = side;
  const shape = { address, pid, topic: streamTopic, queues, bodyBytes: 128, connections: 64, messages: 0 };
  const { warmupMs, measuredMs, halfMs } = times;
  const capacity = await runSendLoad({ ...shape, inFlight: 1, warmupMs, measuredMs });
  const perSecond = capacity.tps / 2;
  const result = await runSendLoad({ ...shape, inFlight: 16, warmupMs: 0, measuredMs: halfMs, perSecond });
  const figures = sendFigures(result, side);
  if (kind === 'wenchang' && figures['failed'] !== 0) throw new Error(`refused: ${JSON.stringify(result.failed)}`);
  return { ...figures, 'capacity tps': capacity.tps };
}

function sendFigures(result: SendLoadResult, side: Side): Figures {
  return {
    tps: result.tps,
    'CPU s/1M': (result.brokerCpuSeconds / result.ok) * 1e6,
    'p50 µs': result.p50,
    'p99 µs': result.p99,
    'p99.9 µs': result.p999,
    failed: Object.values(result.failed).reduce((sum, count) => sum + count, 0) + result.unanswered,
    'client cores': result.clientCpuSeconds / result.seconds,
    'RSS MB': rssBytes(side.pid) / 1e6,
  };
}

/** The producer prints every ten seconds and nothing else can be asked of it: times are rounded up to that. */
async function measureStockProducer(side: Side, times: Times): Promise<Figures> {
  const warmupLines = Math.max(1, Math.ceil(times.warmupMs / 1_000 / producerLineSeconds));
  const measuredLines = Math.max(1, Math.ceil(times.measuredMs / 1_000 / producerLineSeconds));
  const { namesrvAddress, pid, logDir } = side;
  const lines = await runStockProducer({
    namesrvAddress,
    pid,
    logDir,
    threads: 64,
    bodyBytes: 128,
    lines: warmupLines + measuredLines,
  });
  const begin = lines[warmupLines - 1];
  const end = lines.at(-1);
  if (begin === undefined || end === undefined) throw new Error('the producer printed too few lines');
  const measured = lines.slice(warmupLines);
  const tps = mean(measured.map((line) => line.tps));
  const cores = (end.brokerCpuSeconds - begin.brokerCpuSeconds) / (end.seconds - begin.seconds);
  return {
    tps,
    'CPU s/1M': (cores / tps) * 1e6,
    'mean ms': mean(measured.map((line) => line.meanMs)),
    failed: end.failed - begin.failed,
    'RSS MB': rssBytes(pid) / 1e6,
  };
}

async function fillBacklog(side: Side, times: Times): Promise<void> {
  const result = await runSendLoad({
    address: side.address,
    topic: backlogTopic,
    queues,
    bodyBytes: 128,
    connections: 1,
    inFlight: fillInFlight,
    warmupMs: 0,
    measuredMs: fillLimitMs,
    messages: times.backlog,
    pid: side.pid,
  });
  if (result.ok < times.backlog) throw new Error(`only ${result.ok} of ${times.backlog} messages were taken`);
}

function pullLoop(connections: number): Part['measure'] {
  return async (side, times) => {
    const result = await runPullLoad({
      address: side.address,
      topic: backlogTopic,
      group: 'bench_pull',
      queues,
      connections,
      batch: pullBatch,
      warmupMs: times.warmupMs,
      measuredMs: times.measuredMs,
      limitMs: times.warmupMs + times.measuredMs + pullLimitMs,
      pid: side.pid,
    });
    if (result.backlog !== times.backlog || result.messages !== result.passes * times.backlog) {
      throw new Error(`${result.messages} messages in ${result.passes} passes over ${result.backlog}`);
    }
    return {
      'messages/s': result.messagesPerSecond,
      'CPU s/1M': (result.brokerCpuSeconds / result.messages) * 1e6,
      'p50 µs': result.p50,
      'p99 µs': result.p99,
      'messages/pull': result.messages / result.pulls,
      'client cores': result.clientCpuSeconds / result.seconds,
    };
  };
}

async function measurePush(side: Side, times: Times): Promise<Figures> {
  const result = await runPushDrain(side, backlogTopic, times.backlog, times.warmupMs);
  return {
    'messages/s': result.messages / result.seconds,
    'CPU s/1M': (result.brokerCpuSeconds / result.messages) * 1e6,
    twice: result.messages - times.backlog,
  };
}
