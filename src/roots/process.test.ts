import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type PortBlock, takePorts } from '../../testing/ports.ts';

/** Real processes: exit codes, lines, signals. Java: tools of the distribution, ServerUtil, BrokerStartup. */
let home: string;
let ports: PortBlock;
const running = new Set<Run>();

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'wenchang-process-'));
  ports = await takePorts();
});
afterEach(async () => {
  for (const run of running) run.child.kill('SIGKILL');
  await Promise.all([...running].map(({ ended }) => ended));
  rmSync(home, { recursive: true, force: true });
});

class Run {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';
  /** Its exit code. */
  readonly ended: Promise<number | null>;

  constructor(program: 'mqbroker' | 'mqnamesrv', args: readonly string[], env: NodeJS.ProcessEnv) {
    const source = fileURLToPath(new URL(`../${program}.ts`, import.meta.url));
    this.child = spawn(process.execPath, [source, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout?.on('data', (bytes) => (this.stdout += String(bytes)));
    this.child.stderr?.on('data', (bytes) => (this.stderr += String(bytes)));
    this.ended = new Promise((resolve) => this.child.once('close', resolve));
    running.add(this);
    void this.ended.then(() => running.delete(this));
  }

  /** Waits for a text on standard output. */
  async said(text: string): Promise<void> {
    const state = { isOver: false };
    void this.ended.then(() => {
      state.isOver = true;
    });
    while (!this.stdout.includes(text)) {
      if (state.isOver) throw new Error(`ended before it said ${text}: ${this.stdout}${this.stderr}`);
      await new Promise((resolve) => this.child.stdout?.once('data', resolve));
    }
  }
}

function start(program: 'mqbroker' | 'mqnamesrv', ...args: string[]): Run {
  // The home directory is the account's, as in Java, whatever HOME says.
  const env = { PATH: process.env['PATH'], ROCKETMQ_HOME: home, JAVA_OPT_EXT: `-Duser.home=${home}` };
  // Wherever the tests run, in a container too.
  return new Run(program, args, { ...env, WENCHANG_LOG: 'files' });
}

/** A file of settings for this test's ports and directory. */
function conf(more = '', storeDir = join(home, 'store'), port = ports.listenPort): string {
  const file = join(home, `broker-${port}.conf`);
  const store = `storePathRootDir=${storeDir}\nstorePathCommitLog=${storeDir}/commitlog\n`;
  const small = 'mappedFileSizeCommitLog=65536\nmappedFileSizeConsumeQueue=2000\nmaxHashSlotNum=100\nmaxIndexNum=400\n';
  writeFileSync(file, `brokerIP1=127.0.0.1\nlistenPort=${port}\n${store}${small}${more}`);
  return file;
}

const log = (name: string): string => readFileSync(join(home, 'logs', 'rocketmqlogs', name), 'utf8');

describe('mqbroker', () => {
  it('says where it serves, stops on SIGTERM with 143, and leaves a clean directory', async () => {
    const broker = start('mqbroker', '-c', conf('brokerName=broker-x\n'));
    const line = `The broker[broker-x, 127.0.0.1:${ports.listenPort}] boot success. serializeType=JSON\n`;
    await broker.said(line);
    expect(broker.stdout).toBe(line);
    expect(readdirSync(join(home, 'store'))).toContain('abort');
    broker.child.kill('SIGTERM');
    broker.child.kill('SIGTERM');
    expect(await broker.ended).toBe(143);
    expect(readdirSync(join(home, 'store'))).not.toContain('abort');
    expect(log('broker.log')).toContain('Shutdown hook was invoked, 1');
    expect(log('broker.log')).toMatch(/Shutdown hook over, consuming total time\(ms\): \d+/);
  });

  it('names its name servers, and stops on Ctrl-C, also when it is pressed twice', async () => {
    const broker = start('mqbroker', '-c', conf(), '-n', `127.0.0.1:${ports.namesrvPort}`);
    await broker.said(` and name server is 127.0.0.1:${ports.namesrvPort}\n`);
    broker.child.kill('SIGINT');
    broker.child.kill('SIGINT');
    expect(await broker.ended).toBe(130);
    expect(log('broker.log').split('Shutdown hook was invoked')).toHaveLength(2);
  });

  it('ends with 255 and one line when its port or its directory is in use', async () => {
    const first = start('mqbroker', '-c', conf());
    await first.said('boot success');
    const samePort = start('mqbroker', '-c', conf('', join(home, 'other')));
    const other = await takePorts();
    const sameStore = start('mqbroker', '-c', conf('', join(home, 'store'), other.listenPort));
    expect([await samePort.ended, await sameStore.ended]).toEqual([255, 255]);
    expect(samePort.stderr).toMatch(/^RMQ_PORT_IN_USE: .*EADDRINUSE.*\n$/);
    expect(sameStore.stderr).toMatch(/^RMQ_STORE_LOCKED: the store directory .*\/store is in use: .*\n$/);
    expect([samePort.stdout, sameStore.stdout]).toEqual(['', '']);
    expect(first.child.exitCode).toBeNull();
  });

  it('ends with 253 and one line when a state file is damaged', async () => {
    mkdirSync(join(home, 'store', 'config'), { recursive: true });
    writeFileSync(join(home, 'store', 'config', 'topics.json'), '{"damaged');
    const broker = start('mqbroker', '-c', conf());
    expect(await broker.ended).toBe(253);
    expect(broker.stderr).toMatch(
      /^RMQ_STATE_FILE: .*topics\.json is damaged and has no backup\. Put a good copy .*\n$/,
    );
  });

  it('ends with 253 when the files of the store have another size than the settings', async () => {
    mkdirSync(join(home, 'store', 'commitlog'), { recursive: true });
    writeFileSync(join(home, 'store', 'commitlog', '00000000000000000000'), Buffer.alloc(70_000));
    const broker = start('mqbroker', '-c', conf());
    expect(await broker.ended).toBe(253);
    expect(broker.stderr).toMatch(/^RMQ_STORE_LOAD: .*commitlog.*\n$/);
  });

  it('ends with 253 and file, line and key when a feature is asked for that is not there', async () => {
    const file = conf('aclEnable=true\n');
    const broker = start('mqbroker', '-c', file);
    expect(await broker.ended).toBe(253);
    const line = readFileSync(file, 'utf8').split('\n').indexOf('aclEnable=true') + 1;
    expect(broker.stderr).toContain(`${file}:${line}: aclEnable=true is not available yet`);
  });
});

describe('mqnamesrv', () => {
  it('says that it serves, and ends with 255 where another one does', async () => {
    const file = join(home, 'namesrv.conf');
    writeFileSync(file, `listenPort=${ports.namesrvPort}\n`);
    const first = start('mqnamesrv', '-c', file);
    await first.said('The Name Server boot success. serializeType=JSON\n');
    expect(first.stdout).toBe(
      `load config properties file OK, ${file}\nThe Name Server boot success. serializeType=JSON\n`,
    );
    const second = start('mqnamesrv', '-c', file);
    expect(await second.ended).toBe(255);
    expect(second.stderr).toMatch(/^RMQ_PORT_IN_USE: /);
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(143);
  });

  it('ends with 253 when its KV file is damaged', async () => {
    mkdirSync(join(home, 'namesrv'));
    writeFileSync(join(home, 'namesrv', 'kvConfig.json'), '{');
    writeFileSync(join(home, 'namesrv.conf'), `listenPort=${ports.namesrvPort}\n`);
    const namesrv = start('mqnamesrv', '-c', join(home, 'namesrv.conf'));
    expect(await namesrv.ended).toBe(253);
    expect(namesrv.stderr).toMatch(/^RMQ_STATE_FILE: /);
  });
});

/** Holds 200 MB for a moment, then prints whether the process became small again within a minute. */
const BURST = `
  import { setTimeout as pause } from 'node:timers/promises';
  const { returnUnusedMemory } = await import(process.argv[1]);
  returnUnusedMemory();
  let burst = Array.from({ length: 2_000_000 }, (_, index) => ({ index, more: { index } }));
  const peak = process.memoryUsage().rss;
  burst = undefined;
  const isSmall = () => process.memoryUsage().rss < 0.5 * peak;
  for (let wait = 0; wait < 600 && !isSmall(); wait++) await pause(100);
  console.log(isSmall());
`;

describe('the memory of a burst', () => {
  it('goes back to the system, on Node 24', async (context) => {
    if (Number.parseInt(process.versions.v8, 10) < 13) context.skip('this version of V8 keeps it (ADR 0062)');
    const module = new URL('./process.ts', import.meta.url).href;
    const args = ['--input-type=module', '-e', BURST, module];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (bytes) => (text += String(bytes)));
    await new Promise((resolve) => child.once('close', resolve));
    expect(text.trim()).toBe('true');
  });
});
