import { runPullLoad, runSendLoad } from './load/run-load.ts';
import { rssBytes } from './process-usage.ts';
import { startSide } from './sides.ts';

export interface EndToEndResult {
  readonly what: string;
  readonly perSecond: number;
  readonly brokerCpuPerMillion: number;
  readonly p50: number;
  readonly p99: number;
  readonly failed: number;
  readonly rssMb: number;
}

export interface EndToEndOptions {
  readonly warmupMs: number;
  readonly measuredMs: number;
  /** Messages of the backlog that is read by pull. */
  readonly backlog: number;
}

const queues = 4;
const fillLimitMs = 600_000;
const pullLimitMs = 300_000;
const streamTopic = 'BenchStream';
const backlogTopic = 'BenchBacklog';
const shapes = [
  { connections: 1, inFlight: 64, bodyBytes: 128 },
  { connections: 64, inFlight: 1, bodyBytes: 128 },
  { connections: 16, inFlight: 16, bodyBytes: 128 },
  { connections: 4, inFlight: 16, bodyBytes: 16_384 },
];

/** Drives a broker of ours, started from dist on an empty store, over the loopback interface. */
export async function measureEndToEnd(options: EndToEndOptions): Promise<EndToEndResult[]> {
  const { warmupMs, measuredMs, backlog } = options;
  const side = await startSide('wenchang', {});
  const { address, pid } = side;
  const results: EndToEndResult[] = [];
  try {
    for (const shape of shapes) {
      const common = { address, pid, topic: streamTopic, queues, messages: 0 };
      const sent = await runSendLoad({ ...common, ...shape, warmupMs, measuredMs });
      results.push({
        what: `send ${shape.connections} × ${shape.inFlight}, ${shape.bodyBytes} B`,
        perSecond: sent.tps,
        brokerCpuPerMillion: (sent.brokerCpuSeconds / sent.ok) * 1e6,
        p50: sent.p50,
        p99: sent.p99,
        failed: Object.values(sent.failed).reduce((sum, count) => sum + count, sent.unanswered),
        rssMb: rssBytes(pid) / 1e6,
      });
    }
    const fill = { address, pid, topic: backlogTopic, queues, bodyBytes: 128, connections: 1, inFlight: 256 };
    await runSendLoad({ ...fill, warmupMs: 0, measuredMs: fillLimitMs, messages: backlog });
    for (const connections of [1, 4]) {
      const common = { address, pid, topic: backlogTopic, queues, connections, group: 'bench_pull', batch: 32 };
      const pulled = await runPullLoad({ ...common, warmupMs, measuredMs, limitMs: pullLimitMs });
      if (pulled.backlog !== backlog) throw new Error(`a backlog of ${pulled.backlog} instead of ${backlog}`);
      results.push({
        what: `pull ${connections} × 32, 128 B`,
        perSecond: pulled.messagesPerSecond,
        brokerCpuPerMillion: (pulled.brokerCpuSeconds / pulled.messages) * 1e6,
        p50: pulled.p50,
        p99: pulled.p99,
        failed: pulled.passes * pulled.backlog - pulled.messages,
        rssMb: rssBytes(pid) / 1e6,
      });
    }
    return results;
  } finally {
    await side.end();
  }
}
