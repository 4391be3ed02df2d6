// Where things are, which environment our tools get, and how child processes are run.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const BUILD = join(ROOT, 'build');
/** Everything we download or that our tools cache. Never the home directory. */
export const CACHE = join(BUILD, 'cache');
export const REPORTS = join(BUILD, 'reports');
export const packageJson = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

/** A failure that is told in one line, without a stack. */
export class Refusal extends Error {}

const MAX_OUTPUT_CHARS = 4_000_000;
const KILL_AFTER_MS = 5_000;
const LOCK_WAIT_MS = 20 * 60_000;

/** The environment of every tool we start: the caller's, with all caches under build/cache. */
export function toolEnv(extra = {}) {
  const env = {};
  for (const [key, value] of Object.entries(process.env)) {
    if (key.toLowerCase() !== 'npm_config_cache') env[key] = value;
  }
  return {
    ...env,
    npm_config_cache: join(CACHE, 'npm'),
    npm_config_update_notifier: 'false',
    XDG_CACHE_HOME: join(CACHE, 'xdg'),
    XDG_CONFIG_HOME: join(CACHE, 'xdg', 'config'),
    XDG_DATA_HOME: join(CACHE, 'xdg', 'data'),
    XDG_STATE_HOME: join(CACHE, 'xdg', 'state'),
    WENCHANG_CACHE: CACHE,
    NO_COLOR: '1',
    FORCE_COLOR: undefined,
    ...extra,
  };
}

/** PATH without this checkout's node_modules/.bin: npm must not run with a Node it is about to replace. */
export function outerPath() {
  const own = join(ROOT, 'node_modules');
  return (process.env.PATH ?? '')
    .split(delimiter)
    .filter((dir) => !dir.startsWith(own))
    .join(delimiter);
}

const running = new Set();
let signalled = false;

/** Ends everything we started when we are told to end. Each captured child leads a process group of its own. */
function forwardSignals() {
  if (signalled) return;
  signalled = true;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      for (const child of running) killGroup(child, 'SIGTERM');
      setTimeout(() => process.exit(130), 1_000);
    });
  }
}

function killGroup(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The group is gone already.
  }
}

/**
 * Runs a program to its end and returns its exit code and everything it printed (the last 4 MB). With `live` the output
 * is passed on as it comes as well. A program that outlives `timeoutMs` is killed with all its children. Never throws:
 * a program that cannot be started has code 127.
 */
export function capture(command, args, { cwd = ROOT, env = toolEnv(), timeoutMs = 600_000, live = false } = {}) {
  forwardSignals();
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    running.add(child);
    let output = '';
    const take = (chunk) => {
      if (live) process.stdout.write(chunk);
      output = (output + chunk).slice(-MAX_OUTPUT_CHARS);
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    const timer = setTimeout(() => {
      take(`\ntimed out after ${Math.round(timeoutMs / 1000)} s: ${command} ${args.join(' ')}\n`);
      killGroup(child, 'SIGTERM');
      setTimeout(() => killGroup(child, 'SIGKILL'), KILL_AFTER_MS).unref();
    }, timeoutMs);
    const end = (code) => {
      clearTimeout(timer);
      running.delete(child);
      resolve({ code, output });
    };
    child.once('error', (error) => {
      take(`${command}: ${error.message}\n`);
      end(127);
    });
    child.once('close', (code) => end(code ?? 1));
  });
}

/**
 * Runs a program in the foreground with our standard streams and returns its exit code. On a terminal Ctrl-C reaches
 * the program by itself; elsewhere the first signal is passed on.
 */
export function foreground(command, args, env = process.env) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: ROOT, env, stdio: 'inherit' });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
      process.once(signal, () => {
        if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
        process.on(signal, () => {});
      });
    }
    child.once('error', (error) => {
      console.error(`${command}: ${error.message}`);
      resolve(127);
    });
    child.once('close', (code) => resolve(code ?? 1));
  });
}

const held = new Set();

/** Runs `task` while no other process of this checkout runs one under the same name. */
export async function exclusively(name, task) {
  mkdirSync(BUILD, { recursive: true });
  const path = join(BUILD, `${name}.lock`);
  const deadline = Date.now() + LOCK_WAIT_MS;
  while (!takeLock(path)) {
    if (Date.now() > deadline) throw new Refusal(`${path} is still held by process ${readFileSync(path, 'utf8')}`);
    await sleep(200);
  }
  held.add(path);
  try {
    return await task();
  } finally {
    held.delete(path);
    rmSync(path, { force: true });
  }
}

function takeLock(path) {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    removeIfStale(path);
    return false;
  }
}

/** Renames before it removes, so that of two waiters only one takes a dead owner's file away. */
function removeIfStale(path) {
  try {
    const owner = Number(readFileSync(path, 'utf8'));
    // In a container a dead owner may well have had our own process id.
    if (owner === process.pid ? held.has(path) : isOurScript(owner)) return;
    renameSync(path, `${path}.${process.pid}`);
    rmSync(`${path}.${process.pid}`, { force: true });
  } catch {
    // Released in the meantime.
  }
}

function isOurScript(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('run.mjs');
  } catch {
    return true;
  }
}
