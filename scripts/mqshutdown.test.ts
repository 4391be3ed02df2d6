import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/** Says that it runs, and when it is told to stop. */
const PROGRAM = `
setInterval(() => {}, 1000);
process.on('SIGTERM', () => { process.stdout.write('stopped'); process.exit(143); });
process.stdout.write('runs');
`;

const started: ChildProcess[] = [];
let root = '';

/** An installation with programs that do nothing, so that no server of this machine is in danger. */
function install(name: string): string {
  const dir = join(root, name);
  mkdirSync(join(dir, 'dist'), { recursive: true });
  cpSync(new URL('../bin', import.meta.url), join(dir, 'bin'), { recursive: true });
  for (const program of ['mqbroker', 'mqnamesrv']) writeFileSync(join(dir, 'dist', `${program}.js`), PROGRAM);
  return dir;
}

/** Starts a program as the launcher does; resolves when it runs. */
async function start(dir: string, program: string, ...args: string[]): Promise<ChildProcess> {
  const child = spawn(process.execPath, [join(dir, 'dist', `${program}.js`), ...args], {
    stdio: ['ignore', 'pipe', 2],
  });
  started.push(child);
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  return child;
}

function shutdown(dir: string, ...args: string[]): { status: number | null; stdout: string } {
  const { status, stdout } = spawnSync('sh', [join(dir, 'bin', 'mqshutdown'), ...args], { encoding: 'utf8' });
  return { status, stdout };
}

const ended = (child: ChildProcess): Promise<number | null> =>
  child.exitCode === null ? new Promise((resolve) => child.once('exit', resolve)) : Promise.resolve(child.exitCode);

beforeEach(() => {
  // The scripts know their real place.
  root = realpathSync(mkdtempSync(join(tmpdir(), 'mqshutdown-')));
});

afterEach(async () => {
  for (const child of started.splice(0)) {
    child.kill('SIGKILL');
    await ended(child);
  }
  rmSync(root, { recursive: true });
});

describe('mqshutdown', () => {
  it('tells the one broker to stop, in the words of Java', async () => {
    const dir = install('a place with blanks');
    const broker = await start(dir, 'mqbroker', '-c', 'broker.conf');
    const namesrv = await start(dir, 'mqnamesrv');
    expect(shutdown(dir, 'broker')).toEqual({
      status: 0,
      stdout: `The mqbroker(${broker.pid}) is running...\n` + `Send shutdown request to mqbroker(${broker.pid}) OK\n`,
    });
    expect(await ended(broker)).toBe(143);
    expect(shutdown(dir, 'broker')).toEqual({ status: 255, stdout: 'No mqbroker running.\n' });
    expect(namesrv.exitCode).toBeNull();
    expect(shutdown(dir, 'namesrv')).toMatchObject({ status: 0, stdout: expect.stringContaining(String(namesrv.pid)) });
    expect(await ended(namesrv)).toBe(143);
    expect(shutdown(dir, 'namesrv')).toEqual({ status: 255, stdout: 'No mqnamesrv running.\n' });
  });

  it('tells all brokers of this installation, and of no other', async () => {
    const dir = install('one');
    const other = await start(install('other'), 'mqbroker');
    const brokers = [await start(dir, 'mqbroker', '-c', 'a'), await start(dir, 'mqbroker', '-c', 'b')];
    // Names the program, but is something else.
    const reader = await start(dir, 'mqnamesrv', join(dir, 'dist', 'mqbroker.js'));
    const { status, stdout } = shutdown(dir, 'broker');
    expect(status).toBe(0);
    for (const broker of brokers) expect(stdout).toContain(String(broker.pid));
    expect(await Promise.all(brokers.map(ended))).toEqual([143, 143]);
    expect([other.exitCode, reader.exitCode]).toEqual([null, null]);
  });

  it('finds its installation through a link', async () => {
    const dir = install('linked');
    const broker = await start(dir, 'mqbroker');
    execFileSync('ln', ['-s', join(dir, 'bin', 'mqshutdown'), join(root, 'stop')]);
    expect(spawnSync('sh', [join(root, 'stop'), 'broker']).status).toBe(0);
    expect(await ended(broker)).toBe(143);
  });

  it('says how it is used', () => {
    const dir = install('usage');
    for (const args of [[], ['all'], ['mqbroker']]) {
      expect(shutdown(dir, ...args)).toEqual({ status: 0, stdout: 'Useage: mqshutdown broker | namesrv\n' });
    }
  });
});
