import { cpuSeconds } from '../process-usage.ts';
import { runUntilLine } from './line-program.ts';

/** What the official benchmark producer printed every ten seconds, with the broker's processor time beside it. */
export interface ProducerLine {
  /** Since the first line. */
  readonly seconds: number;
  readonly tps: number;
  readonly meanMs: number;
  /** Sends that failed since its start. */
  readonly failed: number;
  readonly brokerCpuSeconds: number;
}

export interface StockProducerOptions {
  readonly namesrvAddress: string;
  readonly pid: number;
  readonly threads: number;
  readonly bodyBytes: number;
  readonly logDir: string;
  /** It is stopped after so many lines, one every ten seconds. */
  readonly lines: number;
}

/** Seconds between two lines of the producer. */
export const producerLineSeconds = 10;

const startMs = 60_000;
const pattern = /^Send TPS: (\d+) Max RT: \d+ Average RT: +([\d.]+) Send Failed: (\d+) Response Failed: (\d+)/;

/** Runs the benchmark producer of the official distribution for so many of its lines. */
export async function runStockProducer(options: StockProducerOptions): Promise<ProducerLine[]> {
  const { namesrvAddress, threads, bodyBytes, pid } = options;
  const lines: ProducerLine[] = [];
  let begunMs = 0;
  await runUntilLine({
    args: ['bench-producer', '-n', namesrvAddress, '-w', String(threads), '-s', String(bodyBytes)],
    logDir: options.logDir,
    logName: 'stock-producer',
    timeoutMs: startMs + options.lines * producerLineSeconds * 1_000,
    onLine: (text) => {
      const [, tps, meanMs, sendFailed, responseFailed] = pattern.exec(text) ?? [];
      if (tps === undefined) return false;
      if (lines.length === 0) begunMs = performance.now();
      lines.push({
        seconds: (performance.now() - begunMs) / 1_000,
        tps: Number(tps),
        meanMs: Number(meanMs),
        failed: Number(sendFailed) + Number(responseFailed),
        brokerCpuSeconds: cpuSeconds(pid),
      });
      return lines.length === options.lines;
    },
  });
  return lines;
}
