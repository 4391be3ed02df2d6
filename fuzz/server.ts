import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MemoryReport } from './probe.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BUILT = join(ROOT, 'dist', 'wenchang.js');
const PROGRAM = existsSync(BUILT) ? BUILT : join(ROOT, 'src', 'wenchang.ts');
const PROBE = new URL('./probe.ts', import.meta.url).href;
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 60_000;
const REPORT_TIMEOUT_MS = 30_000;
/** Exit code after SIGTERM, as a JVM's. */
const STOPPED = 143;
const MOST_OUTPUT = 100_000;

/** Name server and broker of `npm start` in a process of their own. */
export class FuzzedServer {
  readonly port: number;
  readonly namesrvPort: number;
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | null>;
  readonly #dataDir: string;
  readonly #output: string[];

  private constructor(child: ChildProcess, output: string[], dataDir: string, ports: readonly [number, number]) {
    this.#child = child;
    this.#output = output;
    this.#dataDir = dataDir;
    [this.namesrvPort, this.port] = ports;
    this.#exited = new Promise((resolve) => child.once('exit', resolve));
  }

  /**
   * Starts it on free ports with its data in `dataDir`; throws with its output when it does not come up. `program`:
   * another build of it, such as one with a planted bug.
   */
  static async start(dataDir: string, program = PROGRAM): Promise<FuzzedServer> {
    const args = ['--expose-gc', '--import', PROBE, program, '--data', dataDir, '--port', '0', '--namesrv-port', '0'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    process.once('exit', () => child.kill('SIGKILL'));
    const output: string[] = [];
    const ports = await new Promise<readonly [number, number]>((resolve, reject) => {
      const failed = (why: string): void => {
        child.kill('SIGKILL');
        reject(new Error(`the server did not start: ${why}\n${output.join('')}`));
      };
      const timer = setTimeout(() => failed('time is over'), START_TIMEOUT_MS);
      child.once('exit', (code) => failed(`exit code ${code}`));
      const take = (bytes: Buffer): void => {
        if (output.length < MOST_OUTPUT) output.push(bytes.toString('utf8'));
        const found = /Name server on [^:]+:(\d+), broker \S+ on [^:]+:(\d+)/.exec(output.join(''));
        if (found === null) return;
        clearTimeout(timer);
        resolve([Number(found[1]), Number(found[2])]);
      };
      child.stdout?.on('data', take);
      child.stderr?.on('data', take);
    });
    child.removeAllListeners('exit');
    return new FuzzedServer(child, output, dataDir, ports);
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Everything it printed. */
  get output(): string {
    return this.#output.join('');
  }

  /** What it holds after garbage collection. */
  memory(): Promise<MemoryReport> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the server does not tell its memory')), REPORT_TIMEOUT_MS);
      this.#child.once('message', (report) => {
        clearTimeout(timer);
        resolve(report as MemoryReport);
      });
      this.#child.send('memory');
    });
  }

  /** SIGTERM, as an operator would; throws when it does not end as it should. */
  async stop(): Promise<void> {
    if (!this.isRunning) throw new Error(`the server is gone: ${this.#ending()}\n${this.output.slice(-4000)}`);
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    this.#child.kill('SIGTERM');
    await this.#exited;
    clearTimeout(timer);
    if (this.#child.exitCode !== STOPPED) throw new Error(`the server ended with ${this.#ending()}`);
  }

  /** Ends it at once, if it still runs. */
  async kill(): Promise<void> {
    if (!this.isRunning) return;
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  /** Lines of its log of this level, in the order they were written. */
  logLines(level: 'error' | 'warn'): string[] {
    const lines: string[] = [];
    for (let number = 10; number >= 0; number--) {
      const file = join(this.#dataDir, 'logs', number === 0 ? 'wenchang.log' : `wenchang.log.${number}`);
      if (!existsSync(file)) continue;
      lines.push(
        ...readFileSync(file, 'utf8')
          .split('\n')
          .filter((line) => line.includes(`"level":"${level}"`)),
      );
    }
    return lines;
  }

  #ending(): string {
    return `exit code ${this.#child.exitCode}, signal ${this.#child.signalCode}`;
  }
}
