import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Who is under test, or plays the other side: the official Java 4.6.0 or this repository's programs. */
export type Kind = 'java' | 'wenchang';

/** Root of the repository. */
export const repoDir = fileURLToPath(new URL('../..', import.meta.url));

/** Everything fetched or compiled for the compatibility suites; kept between runs. */
export const cacheDir = process.env['WENCHANG_CACHE'] ?? join(repoDir, 'build', 'cache');

const harness = join(repoDir, 'compat-tests', 'peer', 'peer');
const startTimeoutMs = 180_000;
const stopTimeoutMs = 90_000;
const running = new Set<ChildProcess>();

// A suite that throws must not leave servers behind; pids are those of our own children only.
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Who is tested: ours, or with `WENCHANG_SUBJECT=java` the official broker, which proves the suites themselves. */
export function subjectKind(): Kind {
  return kindFrom('WENCHANG_SUBJECT', 'wenchang');
}

/** The name server beside the subject: of the same kind, or as `WENCHANG_NAMESRV` says, which makes a mixed cluster. */
export function namesrvKind(): Kind {
  return kindFrom('WENCHANG_NAMESRV', subjectKind());
}

function kindFrom(variable: string, fallback: Kind): Kind {
  const kind = process.env[variable] ?? fallback;
  if (kind !== 'java' && kind !== 'wenchang') throw new Error(`${variable} must be java or wenchang, not ${kind}`);
  return kind;
}

/**
 * True when the test runner looked for a tool the suites need and found none (scripts/run says why, as the reason of
 * the skipped tests). Without the runner all tools are taken to be there.
 */
export function isMissing(tool: 'java' | 'go'): boolean {
  const names = tool === 'go' ? ['WENCHANG_JAVA', 'WENCHANG_MVN', 'WENCHANG_GO'] : ['WENCHANG_JAVA', 'WENCHANG_MVN'];
  return names.some((name) => process.env[name] === '');
}

/** A place for one suite: `dir` is temporary and removed by close, `logDir` (build/compat/NAME) stays for reading. */
export interface Workspace {
  readonly dir: string;
  readonly logDir: string;
  close(): void;
}

/** Makes the directories of one suite; logs of its last run are removed. */
export function openWorkspace(name: string): Workspace {
  const logDir = join(repoDir, 'build', 'compat', name);
  rmSync(logDir, { recursive: true, force: true });
  mkdirSync(logDir, { recursive: true });
  const dir = mkdtempSync(join(tmpdir(), `wenchang-${name}-`));
  return { dir, logDir, close: () => rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }) };
}

/** A started name server or broker. */
export interface Server {
  readonly kind: Kind;
  readonly address: string;
  readonly pid: number;
  /** Everything it printed so far. */
  output(): string;
  /** What it exited with; undefined while it runs, and when a signal ended it. */
  exitCode(): number | undefined;
  /** SIGTERM, as an operator would; throws when it does not end in time. A second call does nothing. */
  stop(): Promise<void>;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
}

export interface NamesrvOptions {
  readonly kind: Kind;
  readonly workspace: Workspace;
  readonly port: number;
  /** Names its files, for several in one workspace; default `namesrv`. */
  readonly name?: string;
}

/** Starts a name server on 127.0.0.1 and waits for its boot line. Throws with its output when that does not come. */
export async function startNamesrv(options: NamesrvOptions): Promise<Server> {
  const { kind, workspace, port, name = 'namesrv' } = options;
  if (kind === 'java') await installPeer();
  const settings = { listenPort: String(port), kvConfigPath: join(workspace.dir, name, 'kvConfig.json') };
  const conf = writeConf(workspace, name, settings);
  const ownArgs = ['--dir', workspace.dir, '--logs', workspace.logDir, '--name', name, '--conf', conf];
  const args = ['namesrv', '--fg', ...ownArgs];
  const command = kind === 'java' ? [harness, ...args] : [process.execPath, ourProgram('mqnamesrv'), '-c', conf];
  return startServer({
    kind,
    name,
    command,
    workspace,
    port,
    env: {},
    ready: 'The Name Server boot success',
  });
}

export interface BrokerOptions {
  readonly kind: Kind;
  readonly workspace: Workspace;
  readonly port: number;
  /** Address of the name server; a broker without one does not register. */
  readonly namesrv?: string;
  /** Names the log files and, below the workspace, the store directory; default `broker-a`. */
  readonly name?: string;
  /** Default `<workspace>/store-<name>`. */
  readonly storeDir?: string;
  /** Settings beyond name, ports, addresses and store paths; the last word. */
  readonly settings?: Readonly<Record<string, string>>;
  /** A configuration file that says everything, instead of one made from these options. */
  readonly conf?: string;
  /** Another root than dist/mqbroker.js, relative to the repository: one with planted bugs or a recorded trace. */
  readonly program?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** More options of the Java virtual machine. */
  readonly jvm?: readonly string[];
}

/** Starts a broker that advertises 127.0.0.1 and waits for its boot line. Throws with its output when none comes. */
export async function startBroker(options: BrokerOptions): Promise<Server> {
  const { kind, workspace, port } = options;
  if (kind === 'java') await installPeer();
  const name = options.name ?? 'broker-a';
  const storeDir = options.storeDir ?? join(workspace.dir, `store-${name}`);
  const made = {
    brokerClusterName: 'DefaultCluster',
    brokerName: name,
    brokerId: '0',
    brokerIP1: '127.0.0.1',
    brokerIP2: '127.0.0.1',
    listenPort: String(port),
    storePathRootDir: storeDir,
    storePathCommitLog: join(storeDir, 'commitlog'),
    ...(options.namesrv === undefined ? {} : { namesrvAddr: options.namesrv }),
    ...options.settings,
  };
  const conf = options.conf ?? writeConf(workspace, name, made);
  const namesrvArgs = options.namesrv === undefined ? [] : ['-n', options.namesrv];
  const heap = ['--xms', '128m', '--xmx', '512m', '--direct', '256m'];
  const command =
    kind === 'java'
      ? [
          harness,
          'broker',
          '--fg',
          '--dir',
          workspace.dir,
          '--logs',
          workspace.logDir,
          '--conf',
          conf,
          '--name',
          name,
          ...heap,
          ...(options.jvm ?? []).flatMap((option) => ['--jvm', option]),
        ]
      : [process.execPath, programPath(options.program) ?? ourProgram('mqbroker'), '-c', conf, ...namesrvArgs];
  return startServer({ kind, name, command, workspace, port, env: options.env ?? {}, ready: 'boot success' });
}

/** Starts what `npm start` starts: our name server and broker in one process. Its address is the name server's. */
export async function startAllInOne(
  workspace: Workspace,
  dataDir: string,
  ports: { readonly listenPort: number; readonly namesrvPort: number },
): Promise<Server> {
  const { listenPort, namesrvPort } = ports;
  const args = ['--data', dataDir, '--port', String(listenPort), '--namesrv-port', String(namesrvPort)];
  const command = [process.execPath, ourProgram('wenchang'), ...args];
  return startServer({
    kind: 'wenchang',
    name: 'wenchang',
    command,
    workspace,
    port: namesrvPort,
    env: {},
    ready: 'Next: ',
  });
}

export interface ProgramResult {
  /** Exit status; undefined when the time-out ended it. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** After this the process gets SIGKILL. */
  readonly timeoutMs: number;
  /** Both outputs are appended here as they come. */
  readonly logFile?: string;
}

/** Runs a program of compat-tests/java (compiled once per content) against a name server. */
export async function runJava(
  workspace: Workspace,
  file: string,
  args: readonly string[],
  timeoutMs: number,
): Promise<ProgramResult> {
  await installPeer();
  const source = join(repoDir, 'compat-tests', 'java', file);
  const env = { PEER_DIR: join(workspace.logDir, 'clients'), SMOKE_TIMES: '1' };
  return runProgram([harness, 'run', source, ...args], {
    env,
    timeoutMs,
    logFile: join(workspace.logDir, `${file}.out`),
  });
}

/** Runs the stock mqadmin. */
export async function runMqadmin(
  workspace: Workspace,
  args: readonly string[],
  timeoutMs: number,
): Promise<ProgramResult> {
  await installPeer();
  const env = {
    PEER_DIR: join(workspace.logDir, 'mqadmin'),
    PEER_CLIENT_OPTS: '-Xms64m -Xmx256m -XX:TieredStopAtLevel=1',
  };
  return runProgram([harness, 'mqadmin', ...args], { env, timeoutMs, logFile: join(workspace.logDir, 'mqadmin.out') });
}

/** Runs any command to its end or its time-out. */
export function runProgram(command: readonly string[], options: ProgramOptions): Promise<ProgramResult> {
  const child = spawnTracked(command, { cwd: options.cwd ?? repoDir, env: options.env ?? {} });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
      if (options.logFile !== undefined) appendFileSync(options.logFile, text);
    });
  }
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs);
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code: code ?? undefined, ...output });
    });
  });
}

/** Fetches the official jars once; later calls and other processes find them. */
export async function installPeer(): Promise<void> {
  installing ??= runProgram([harness, 'install'], { timeoutMs: 600_000 }).then((result) => {
    if (result.code !== 0) throw new Error(`cannot install the Java peer:\n${result.stdout}${result.stderr}`);
  });
  return installing;
}
let installing: Promise<void> | undefined;

interface StartOptions {
  readonly kind: Kind;
  readonly name: string;
  readonly command: readonly string[];
  readonly workspace: Workspace;
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
  readonly ready: string;
}

async function startServer(options: StartOptions): Promise<Server> {
  const { workspace, name, kind } = options;
  const outFile = join(workspace.logDir, `${name}.out`);
  const child = spawnTracked(options.command, { cwd: workspace.dir, env: { ...homeEnv(workspace), ...options.env } });
  let output = '';
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  let timer: NodeJS.Timeout | undefined;
  const ready = new Promise<void>((resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${kind} ${name} not ready in time:\n${output}`)), startTimeoutMs);
    const keep = (text: string): void => {
      appendFileSync(outFile, text);
      output += text;
      if (output.includes(options.ready)) resolve();
    };
    child.stdout?.setEncoding('utf8').on('data', keep);
    child.stderr?.setEncoding('utf8').on('data', keep);
    child.once('error', reject);
    void closed.then(() => reject(new Error(`${kind} ${name} ended during its start:\n${output}`)));
  });
  try {
    await ready;
  } catch (cause) {
    child.kill('SIGKILL');
    throw cause;
  } finally {
    clearTimeout(timer);
  }
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`${kind} ${name} did not end on ${signal}:\n${output}`)),
        stopTimeoutMs,
      );
    });
    await Promise.race([closed, late]).finally(() => clearTimeout(timer));
  };
  return {
    kind,
    address: `127.0.0.1:${options.port}`,
    pid: child.pid ?? -1,
    output: () => output,
    exitCode: () => child.exitCode ?? undefined,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  };
}

/** Spawns a program that is killed with this process; both outputs are pipes, the input only when asked for. */
export function spawnTracked(
  command: readonly string[],
  options: { cwd: string; env: Readonly<Record<string, string>>; stdin?: 'pipe' },
): ChildProcess {
  const [file = '', ...args] = command;
  const env = { ...process.env, WENCHANG_CACHE: cacheDir, ...options.env };
  const child = spawn(file, args, { cwd: options.cwd, env, stdio: [options.stdin ?? 'ignore', 'pipe', 'pipe'] });
  running.add(child);
  child.once('close', () => running.delete(child));
  return child;
}

/** Nothing may be written to the account's home: default paths of both kinds lie below it. */
function homeEnv(workspace: Workspace): Record<string, string> {
  const home = join(workspace.logDir, 'home');
  mkdirSync(home, { recursive: true });
  // In a container ours would log to standard output.
  return { HOME: home, ROCKETMQ_HOME: home, WENCHANG_LOG: 'files' };
}

function writeConf(workspace: Workspace, name: string, settings: Readonly<Record<string, string>>): string {
  const dir = join(workspace.dir, 'conf');
  mkdirSync(dir, { recursive: true });
  const file = join(dir, `${name}.properties`);
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}\n`);
  writeFileSync(file, lines.join(''));
  return file;
}

/** From dist/, as users run it; WENCHANG_PROGRAMS=src runs the sources, for work on both at once. */
function ourProgram(name: string): string {
  if (process.env['WENCHANG_PROGRAMS'] === 'src') return join(repoDir, 'src', `${name}.ts`);
  const built = join(repoDir, 'dist', `${name}.js`);
  if (!existsSync(built)) throw new Error(`${built} is missing: run npm run build first`);
  return built;
}

function programPath(program: string | undefined): string | undefined {
  return program === undefined ? undefined : join(repoDir, program);
}
