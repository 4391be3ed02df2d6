import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { installPeer, repoDir, spawnTracked, type Workspace } from '../peer/peer.ts';

/** What one command printed, and whether its JVM would have come to an end (the exit status is then always 0). */
export interface StockResult {
  readonly ended: boolean;
  readonly output: string;
}

/** The stock mqadmin, ready for commands (java/Mqadmin.java: one JVM for all of them). */
export interface StockMqadmin {
  /** KEY=VALUE lines of its fixture; empty without one. */
  readonly values: ReadonlyMap<string, string>;
  /**
   * Runs one command. `enoughLines` is for one that never ends: it is left alone after so many lines, or with 0 after
   * its limit.
   */
  run(args: readonly string[], limitMs: number, enoughLines?: number): Promise<StockResult>;
  /** Ends the JVM. */
  close(): Promise<void>;
}

const readyTimeoutMs = 180_000;

/** Starts it against a name server; with a cluster the sweep's data and live clients are made first. */
export async function startStockMqadmin(
  workspace: Workspace,
  namesrv: string,
  cluster?: string,
): Promise<StockMqadmin> {
  await installPeer();
  const harness = join(repoDir, 'compat-tests', 'peer', 'peer');
  const source = join(repoDir, 'compat-tests', 'java', 'Mqadmin.java');
  const child = spawnTracked([harness, 'run', source, namesrv, ...(cluster === undefined ? [] : [cluster])], {
    cwd: workspace.logDir,
    env: {
      PEER_DIR: join(workspace.logDir, 'mqadmin'),
      PEER_CLIENT_OPTS: '-Xms64m -Xmx384m -XX:TieredStopAtLevel=1',
    },
    stdin: 'pipe',
  });
  const printed: string[] = [];
  const waiting: ((line: string | undefined) => void)[] = [];
  const unread: string[] = [];
  child.stderr?.setEncoding('utf8').on('data', (text: string) => printed.push(text));
  if (child.stdout === null) throw new Error('the driver has no output');
  createInterface({ input: child.stdout }).on('line', (line) => {
    const next = waiting.shift();
    if (next === undefined) unread.push(line);
    else next(line);
  });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  void closed.then(() => {
    for (const next of waiting.splice(0)) next(undefined);
  });
  const nextLine = async (timeoutMs: number): Promise<string> => {
    let timer: NodeJS.Timeout | undefined;
    const line = await new Promise<string | undefined>((resolve) => {
      const kept = unread.shift();
      if (kept !== undefined || child.exitCode !== null) {
        resolve(kept);
        return;
      }
      waiting.push(resolve);
      timer = setTimeout(() => resolve(undefined), timeoutMs);
    }).finally(() => clearTimeout(timer));
    if (line === undefined) {
      child.kill('SIGKILL');
      throw new Error(`the stock mqadmin gives no answer:\n${[...unread, ...printed].join('\n')}`);
    }
    return line;
  };
  const values = new Map<string, string>();
  for (let line = await nextLine(readyTimeoutMs); line !== 'READY'; line = await nextLine(readyTimeoutMs)) {
    const at = line.indexOf('=');
    if (at > 0) values.set(line.slice(0, at), line.slice(at + 1));
    printed.push(line);
  }
  return {
    values,
    async run(args, limitMs, enoughLines = -1) {
      child.stdin?.write(`${[limitMs, enoughLines, ...args].join('\t')}\n`);
      const [state, output = ''] = (await nextLine(limitMs + 30_000)).split('\t');
      return { ended: state === 'ended', output: Buffer.from(output, 'base64').toString() };
    },
    close: async () => {
      child.stdin?.end();
      await closed;
    },
  };
}
