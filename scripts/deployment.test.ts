import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { isAtLeast, NODE_FLOOR } from './run/toolchain.mjs';
import { ROOT } from './run/workplace.mjs';

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** What is said here of every container: it cannot write but where it must, and has no rights to lose. */
const confined = {
  image: 'wenchang',
  user: '1000:1000',
  read_only: true,
  cap_drop: ['ALL'],
  security_opt: ['no-new-privileges:true'],
  stop_grace_period: '70s',
};

describe('docker/', () => {
  it('the image is not root, and its Node is new enough', () => {
    const lines = read('docker/Dockerfile').split('\n');
    const major = /^ARG BASE=node:(\d+)-bookworm-slim$/m.exec(lines.join('\n'))?.[1] ?? '0';
    expect(isAtLeast(`${major}.999.999`, NODE_FLOOR)).toBe(true);
    expect(lines.filter((line) => line.startsWith('USER'))).toEqual(['USER 1000:1000']);
    expect(lines.findIndex((line) => line.startsWith('USER'))).toBeGreaterThan(lines.lastIndexOf(`FROM \${BASE}`));
  });

  it('what the image is made of exists and is no secret of the .dockerignore', () => {
    const shown = read('.dockerignore')
      .split('\n')
      .flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
    expect(shown.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
    const copied = [...read('docker/Dockerfile').matchAll(/\/opt\/wenchang\/(\S+)(?= )/g)].map(([, path = '']) => path);
    const made = new Set(['dist', 'node_modules']);
    expect(copied.filter((path) => !shown.includes(path) && !made.has(path) && !path.startsWith('bin:'))).toEqual([]);
  });

  it('one host: name server and broker with the same rights', () => {
    const { services } = parse(read('docker/compose.yaml'), { merge: true });
    expect(Object.keys(services)).toEqual(['namesrv', 'broker']);
    for (const name of ['namesrv', 'broker']) expect(services[name]).toMatchObject(confined);
  });

  it('three hosts on one machine: a name server and one of the brokers each', () => {
    const { services, volumes } = parse(read('docker/compose.cluster.yaml'), { merge: true });
    const addresses = Object.keys(services).map((name) => `${name}:9876`);
    for (const [name, letter] of [
      ['host-a', 'a'],
      ['host-b', 'b'],
      ['host-c', 'c'],
    ] as const) {
      const file = `conf/2m-noslave/broker-${letter}.properties`;
      expect(existsSync(join(ROOT, file))).toBe(true);
      expect(services[name]).toMatchObject({ ...confined, command: ['namesrv-and-broker', '-c', file] });
      expect(services[name].environment).toEqual({ NAMESRV_ADDR: addresses.join(';') });
      expect(services[name].volumes).toEqual([`${name}:/data`]);
      expect(volumes).toHaveProperty(name);
    }
  });
});

describe('deploy/systemd/', () => {
  it.each(['wenchang-namesrv.service', 'wenchang-broker@.service'])('%s starts a launcher, as an account', (name) => {
    const unit = read(`deploy/systemd/${name}`);
    const [, program = '', file = ''] =
      /^ExecStart=\/opt\/wenchang\/(\S+) -c \/etc\/wenchang\/(\S+)$/m.exec(unit) ?? [];
    expect(existsSync(join(ROOT, program))).toBe(true);
    expect(file).toBe(name.includes('broker') ? '%i.properties' : 'namesrv.conf');
    expect(unit).toMatch(/^User=wenchang$/m);
    expect(unit).toMatch(/^SuccessExitStatus=143$/m);
    // The shell that gives the lock back after a kill lives in the same group.
    expect(/^KillMode=process$/m.test(unit)).toBe(name.includes('broker'));
  });
});

describe('docker/namesrv-and-broker', () => {
  const dirs: string[] = [];
  const children: ChildProcess[] = [];

  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true });
  });

  /** Starts it with programs of sh in the place of ours; resolves to what they said and the exit code. */
  function start(namesrv: string, broker: string) {
    const dir = mkdtempSync(join(tmpdir(), 'wenchang-host-'));
    dirs.push(dir);
    writeFileSync(join(dir, 'mqnamesrv'), `#!/bin/sh\n${namesrv}\n`, { mode: 0o755 });
    writeFileSync(join(dir, 'mqbroker'), `#!/bin/sh\n${broker}\n`, { mode: 0o755 });
    const env = { ...process.env, PATH: `${dir}:${process.env['PATH']}` };
    const program = join(ROOT, 'docker/namesrv-and-broker');
    const child = spawn('sh', [program, '-c', 'x'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    let output = '';
    const heard = (text: string) =>
      new Promise<void>((resolve) => {
        const look = () => output.includes(text) && resolve();
        child.stdout.on('data', look);
        look();
      });
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    const ended = new Promise<{ code: number | null; output: string }>((resolve) => {
      child.once('close', (code) => resolve({ code, output }));
    });
    return { child, heard, ended };
  }

  const waits = (name: string, code: number): string =>
    `trap 'echo ${name} ends; exit ${code}' TERM; echo "${name} $*"; while :; do sleep 0.05; done`;

  it('stops the broker, then the name server, and ends with the exit code of the broker', async () => {
    const { child, heard, ended } = start(waits('namesrv', 143), waits('broker', 143));
    await Promise.all([heard('namesrv -c /opt/wenchang/conf/namesrv.conf\n'), heard('broker -c x\n')]);
    child.kill('SIGTERM');
    const { code, output } = await ended;
    expect(code).toBe(143);
    expect(output).toMatch(/broker ends\nnamesrv ends\n$/);
  });

  it('ends when the broker ends', async () => {
    const { ended } = start(waits('namesrv', 143), 'sleep 0.2; exit 253');
    const { code, output } = await ended;
    expect([code, output.endsWith('namesrv ends\n')]).toEqual([253, true]);
  });

  it('ends when the name server ends', async () => {
    const { ended } = start('sleep 0.2; exit 255', waits('broker', 143));
    const { code, output } = await ended;
    expect([code, output.endsWith('broker ends\n')]).toEqual([143, true]);
  });
});
