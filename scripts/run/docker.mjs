// A Docker engine for the suites that want one: the one that runs, or one of our own for as long as it is needed.
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { executables, installWithApt, pathDirs } from './peers.mjs';
import { BUILD, capture } from './workplace.mjs';

const START_MS = 60_000;
const STOP_MS = 30_000;
const LOG = join(BUILD, 'docker', 'dockerd.log');

/**
 * An engine whose containers can use this host's network: `host` is its address, `stop` ends it when it is ours. When
 * none runs and we are root on Debian, Debian's is installed and started, with everything it keeps in a temporary
 * directory, without a bridge and without rules for packets. Otherwise the reason why there is none.
 * @returns {Promise<{ host: string, stop: () => Promise<void> } | { host?: undefined, reason: string }>}
 */
export async function openDocker(say) {
  if (process.platform !== 'linux') return { reason: `no Docker with the network of this host on ${process.platform}` };
  const running = await runningEngine();
  if (running.host !== undefined) return { host: running.host, stop: async () => {} };
  if (process.getuid?.() !== 0) return { reason: `${running.reason}, and not root, so none was started` };
  if (find('dockerd') === undefined || find('docker') === undefined) {
    const refusal = await installWithApt(['docker'], say);
    if (refusal !== undefined) return { reason: `${running.reason} (${refusal})` };
    // Where services are started, the installation has started one.
    const installed = await runningEngine();
    if (installed.host !== undefined) return { host: installed.host, stop: async () => {} };
  }
  say('starting dockerd …');
  return startEngine();
}

/** The engine that the docker command speaks to, if it is one on this machine that may use its network. */
async function runningEngine() {
  if (find('docker') === undefined) return { reason: 'no Docker' };
  const format = '{{.ServerVersion}} {{.SecurityOptions}}';
  const info = await capture('docker', ['info', '--format', format], { timeoutMs: 30_000 });
  if (info.code !== 0 || !/^\d/.test(info.output)) return { reason: 'no Docker engine runs' };
  if (info.output.includes('rootless')) return { reason: 'the Docker engine has not the network of this host' };
  const context = await capture('docker', ['context', 'inspect', '--format', '{{.Endpoints.docker.Host}}']);
  const host = process.env.DOCKER_HOST ?? context.output.trim();
  return host.startsWith('unix://') ? { host } : { reason: `the Docker engine is not on this machine: ${host}` };
}

async function startEngine() {
  // Not under build: the path of a socket must be short.
  const dir = mkdtempSync(join(tmpdir(), 'wenchang-docker-'));
  mkdirSync(join(LOG, '..'), { recursive: true });
  const log = openSync(LOG, 'w');
  const host = `unix://${dir}/docker.sock`;
  const places = ['--data-root', `${dir}/data`, '--exec-root', `${dir}/exec`, '--pidfile', `${dir}/docker.pid`];
  const network = ['--bridge=none', '--iptables=false', '--ip6tables=false', '--ip-masq=false'];
  // It must not outlive us, whatever becomes of us.
  const [file, ...first] = find('setpriv') === undefined ? ['dockerd'] : ['setpriv', '--pdeathsig', 'TERM', 'dockerd'];
  const args = [...first, '--host', host, ...places, ...network];
  const child = spawn(file, args, { stdio: ['ignore', log, log], detached: true });
  closeSync(log);
  const ended = new Promise((resolve) => {
    child.once('error', resolve);
    child.once('exit', resolve);
  });
  const endWithUs = () => child.kill('SIGTERM');
  process.once('exit', endWithUs);
  const stop = async () => {
    process.removeListener('exit', endWithUs);
    child.kill('SIGTERM');
    const late = sleep(STOP_MS, 'late', { ref: false });
    if ((await Promise.race([ended, late])) === 'late') endByForce(child, dir);
    // The namespace that containers with the host's network share stays mounted behind the engine.
    spawnSync('umount', [`${dir}/exec/netns/default`]);
    rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  if (await isReady(host, ended)) return { host, stop };
  await stop();
  return { reason: `dockerd did not start: ${lastLine()}` };
}

async function isReady(host, ended) {
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  const deadline = Date.now() + START_MS;
  while (!isOver && Date.now() < deadline) {
    const args = ['--host', host, 'info', '--format', '{{.ServerVersion}}'];
    const { code, output } = await capture('docker', args, { timeoutMs: 30_000 });
    if (code === 0 && /^\d/.test(output)) return true;
    await sleep(200);
  }
  return false;
}

/** An engine that does not stop leaves its own containerd behind. */
function endByForce(child, dir) {
  child.kill('SIGKILL');
  const pidFile = `${dir}/exec/containerd/containerd.pid`;
  if (!existsSync(pidFile)) return;
  try {
    process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
  } catch {
    // It is gone already.
  }
}

function lastLine() {
  const lines = existsSync(LOG) ? readFileSync(LOG, 'utf8').trim().split('\n') : [];
  return `${lines.at(-1) ?? 'no output'} (build/docker/dockerd.log)`.slice(0, 300);
}

function find(name) {
  return executables(name, [...pathDirs(), '/usr/sbin', '/sbin'])[0];
}
