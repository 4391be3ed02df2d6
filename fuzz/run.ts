import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { commandNames, isServed } from '../src/codec/commands.ts';
import { loadCorpus } from './corpus.ts';
import { Generator, type Shot, type Volley } from './generator.ts';
import { Ledger } from './ledger.ts';
import { Link, type Tally } from './link.ts';
import { LEVELS, type Level } from './mutator.ts';
import type { MemoryReport } from './probe.ts';
import { FuzzedServer } from './server.ts';

export interface FuzzOptions {
  readonly count: number;
  readonly seed: number;
  /** The server to run instead of the built one, for planted bugs. */
  readonly program?: string | undefined;
  /** Lines for who watches; nothing by default. */
  readonly say?: (line: string) => void;
}

export interface FuzzReport {
  readonly seed: number;
  readonly sent: number;
  readonly connections: number;
  readonly levels: Readonly<Record<Level, number>>;
  /** Mutants that are whole frames and commands, and those of which a handler got a request. */
  readonly decoded: number;
  readonly reached: number;
  readonly tally: Tally;
  readonly ledgerMessages: number;
  readonly ledgerRequests: number;
  readonly ledgerSlowestMs: number;
  readonly stateRows: string;
  /** At the start, after the first half and after the second. */
  readonly memory: readonly MemoryReport[];
  readonly seconds: number;
  /** Empty when all is well. */
  readonly problems: readonly string[];
}

/** Mutants that are written before their answers are waited for. */
const WINDOW = 24;
/** Both shares of the mutants that have to be passed. */
export const LEAST_DECODED = 0.6;
export const LEAST_REACHED = 0.2;
/** Growth of heap and RSS between the halves is looked at when each half is at least this long. */
const HALF_FOR_MEMORY = 500_000;
const MOST_GROWTH = 1.1;
/** Held pulls of closed connections are swept every 5 s. */
const SWEEP_MS = 6000;
const FAILURES = fileURLToPath(new URL('../build/fuzz/', import.meta.url));

/** Sends `count` mutants to a live server and reports what came of it. Never throws for what the server does. */
export async function runFuzz(options: FuzzOptions): Promise<FuzzReport> {
  const dir = mkdtempSync(join(tmpdir(), 'wenchang-fuzz-'));
  try {
    return await new FuzzRun(options, dir).run();
  } finally {
    rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

class FuzzRun {
  readonly #options: FuzzOptions;
  readonly #dir: string;
  readonly #generator: Generator;
  readonly #ledger = new Ledger();
  readonly #levels: Record<Level, number> = { frame: 0, header: 0, field: 0, body: 0 };
  readonly #tally: Tally = {
    codes: new Map(),
    fates: { response: 0, unsupported: 0, refused: 0, handled: 0 },
    pushes: 0,
    successes: new Map(),
  };
  readonly #memory: MemoryReport[] = [];
  readonly #problems: string[] = [];
  #sent = 0;
  #connections = 0;
  #decoded = 0;
  #reached = 0;

  constructor(options: FuzzOptions, dir: string) {
    this.#options = options;
    this.#dir = dir;
    this.#generator = new Generator(loadCorpus(), options.seed);
  }

  async run(): Promise<FuzzReport> {
    const startMs = performance.now();
    const server = await FuzzedServer.start(this.#dir, this.#options.program);
    try {
      this.#ledger.start(`127.0.0.1:${server.port}`, `127.0.0.1:${server.namesrvPort}`);
      await this.#measure(server);
      await this.#send(server, Math.ceil(this.#options.count / 2));
      await this.#measure(server);
      await this.#send(server, this.#options.count);
      await this.#measure(server);
      await this.#ledger.stop();
      await server.stop();
      this.#readLog(server);
      await this.#reopen();
    } catch (error) {
      this.#problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
    } finally {
      await this.#ledger.stop();
      await server.kill();
    }
    this.#judge(server);
    return this.#report((performance.now() - startMs) / 1000);
  }

  async #send(server: FuzzedServer, upTo: number): Promise<void> {
    while (this.#sent < upTo) {
      const volley = this.#generator.volley();
      const shots: Shot[] = [];
      try {
        await this.#fire(server, volley, shots, upTo);
      } catch (error) {
        const file = this.#keep(volley, shots);
        throw new Error(`after ${this.#sent} mutants, the last ones are in ${file}: ${String(error)}`, {
          cause: error,
        });
      }
      if (!server.isRunning) throw new Error(`the server is gone; the last mutants: ${this.#keep(volley, shots)}`);
      if (this.#ledger.problems.length > 0) throw new Error(`the ledger failed: ${this.#keep(volley, shots)}`);
    }
  }

  /** One connection. */
  async #fire(server: FuzzedServer, volley: Volley, shots: Shot[], upTo: number): Promise<void> {
    const { server: name, port } = volley.target;
    const main = name === 'broker' ? server.port : server.namesrvPort;
    const link = await Link.open(port === 'vip' ? main - 2 : main, this.#tally);
    this.#connections += 1;
    for (let shot = volley.next(); shot !== undefined && this.#sent < upTo; shot = volley.next()) {
      shots.push(shot);
      this.#count(shot);
      link.send(shot.bytes, shot.effect);
      if (shots.length % WINDOW === 0 && !shot.effect.closes) await link.settled();
    }
    await link.settled();
    await link.close();
  }

  #count({ level, decodes, effect }: Shot): void {
    this.#sent += 1;
    this.#levels[level] += 1;
    if (decodes) this.#decoded += 1;
    if (effect.frames.some(({ fate }) => fate === 'handled')) this.#reached += 1;
    const { say } = this.#options;
    if (this.#sent % 50_000 === 0) say?.(`${this.#sent} sent, ledger ${this.#ledger.size}`);
  }

  async #measure(server: FuzzedServer): Promise<void> {
    if (this.#options.count >= 2 * HALF_FOR_MEMORY) await pause(SWEEP_MS);
    const report = await server.memory();
    this.#memory.push(report);
    this.#options.say?.(`${this.#sent} sent: ${memoryText(report)}`);
  }

  /** The directory opens again, with nothing to complain about, and has all that was acknowledged. */
  async #reopen(): Promise<void> {
    const server = await FuzzedServer.start(this.#dir, this.#options.program);
    try {
      const problems = await this.#ledger.check(`127.0.0.1:${server.port}`);
      this.#problems.push(...problems.map((line) => `after the restart: ${line}`));
      await server.stop();
      this.#readLog(server);
    } finally {
      await server.kill();
    }
  }

  #readLog(server: FuzzedServer): void {
    const lines = server.logLines('error');
    this.#problems.push(...lines.slice(0, 10).map((line) => `log: ${line.slice(0, 2000)}`));
  }

  #judge(server: FuzzedServer): void {
    this.#problems.push(...this.#ledger.problems);
    if (/unexpected error/.test(server.output)) this.#problems.push(server.output.slice(-4000));
    if (this.#decoded < LEAST_DECODED * this.#sent) this.#problems.push('too few mutants decode');
    if (this.#reached < LEAST_REACHED * this.#sent) this.#problems.push('too few mutants reach a handler');
    const [, middle, end] = this.#memory;
    if (middle === undefined || end === undefined || this.#options.count < 2 * HALF_FOR_MEMORY) return;
    this.#problems.push(...growthProblems(middle, end));
  }

  /** Writes down what a connection carried, so that it can be sent again and made smaller. */
  #keep({ target }: Volley, shots: readonly Shot[]): string {
    mkdirSync(FAILURES, { recursive: true });
    const file = join(FAILURES, `seed-${this.#options.seed}-at-${this.#sent}.json`);
    const frames = shots.map(({ level, seed, bytes }) => ({ level, seed, hex: bytes.toString('hex') }));
    writeFileSync(file, JSON.stringify({ target, frames }, null, 1));
    return file;
  }

  #report(seconds: number): FuzzReport {
    return {
      seed: this.#options.seed,
      sent: this.#sent,
      connections: this.#connections,
      levels: this.#levels,
      decoded: this.#decoded,
      reached: this.#reached,
      tally: this.#tally,
      ledgerMessages: this.#ledger.size,
      ledgerRequests: this.#ledger.requests,
      ledgerSlowestMs: this.#ledger.slowestMs,
      stateRows: this.#generator.rows.summary(),
      memory: this.#memory,
      seconds,
      problems: this.#problems,
    };
  }
}

/** A line for heap and for RSS when it is more than a tenth above what it was. */
export function growthProblems(before: MemoryReport, after: MemoryReport): string[] {
  const grown = (['heapUsed', 'rss'] as const).filter((name) => after[name] > before[name] * MOST_GROWTH);
  return grown.map((name) => `${name} grew from ${memoryText(before)} to ${memoryText(after)}`);
}

/** What `npm run test:fuzz` prints. */
export function reportLines(report: FuzzReport): string[] {
  const { sent, tally } = report;
  const percent = (part: number): string => `${((100 * part) / Math.max(1, sent)).toFixed(1)} %`;
  const fates = Object.entries(tally.fates).map(([fate, count]) => `${fate} ${count}`);
  return [
    `seed ${report.seed}: ${sent} mutants on ${report.connections} connections in ${report.seconds.toFixed(0)} s`,
    `levels: ${LEVELS.map((level) => `${level} ${report.levels[level]}`).join(', ')}`,
    `decoded ${percent(report.decoded)}, reached a handler ${percent(report.reached)}`,
    `answers by code: ${codesText(tally.codes)}`,
    `answers by origin: ${fates.join(', ')}; requests of the server: ${tally.pushes}`,
    `answered SUCCESS, by request code: ${codesText(tally.successes)}; never: ${neverSucceeded(tally)}`,
    `rows made on the servers, with their bounds: ${report.stateRows}`,
    `ledger: ${report.ledgerMessages} messages acknowledged in ${report.ledgerRequests} requests, ` +
      `the slowest of ${report.ledgerSlowestMs.toFixed(0)} ms`,
    ...report.memory.map(
      (memory, at) => `memory ${['at the start', 'after half', 'at the end'][at]}: ${memoryText(memory)}`,
    ),
    ...report.problems.map((problem) => `PROBLEM ${problem}`),
  ];
}

function codesText(counts: ReadonlyMap<number, number>): string {
  const sorted = [...counts].sort(([a], [b]) => a - b);
  return sorted.map(([code, count]) => `${code}: ${count}`).join(', ');
}

/** Served codes whose handlers refused everything: mutants of them never come far. */
function neverSucceeded({ successes }: Tally): string {
  const served = [...commandNames].filter(([, name]) => isServed(name, 'broker') || isServed(name, 'namesrv'));
  const never = served.filter(([code]) => !successes.has(code)).map(([code]) => code);
  return never.length === 0 ? 'none' : never.join(', ');
}

function memoryText({ heapUsed, heapTotal, external, rss }: MemoryReport): string {
  const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
  return `heap ${mb(heapUsed)} of ${mb(heapTotal)}, external ${mb(external)}, RSS ${mb(rss)}`;
}
