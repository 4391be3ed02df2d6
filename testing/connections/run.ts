import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { RawClient } from '../../compat-tests/peer/raw-client.ts';
import { takePorts } from '../ports.ts';
import { SeededRandom } from '../seeded-random.ts';
import { type Asked, leaksPlanted, type ServerCounts } from './counted-servers.ts';
import { type Addresses, makeTopic, oneMessage, visits } from './visits.ts';

/** A whole run: visits in rounds, and counts between them while nothing is under way. */
export interface ConnectionsOptions {
  /** Visits of the first round, after which the first counts are taken, and of each later one. */
  readonly roundVisits: number;
  readonly rounds: number;
  /** Visits begun in a second, at the most. */
  readonly perSecond: number;
  readonly seed: number;
  /** All leaks at once, for the checks to find. */
  readonly withLeaks?: boolean;
  /** How long counts may take to come back to what they were after the first round. */
  readonly settleLimitMs: number;
  readonly say: (line: string) => void;
}

/** What a run found. */
export interface ConnectionsReport {
  readonly visits: number;
  readonly messages: number;
  /** After the first round, and after each later one. */
  readonly counts: readonly ServerCounts[];
}

const program = fileURLToPath(new URL('counted-servers.ts', import.meta.url));
const startLimitMs = 60_000;
const trafficPauseMs = 20;
const mostAtOnce = 100;
/** What has to be equal; memory is for who reads the figures. */
const exact = ['descriptors', 'timers', 'connections'] as const;

/**
 * Connections that are opened, asked and closed beside steady traffic. Rejects when a visit has no answer or the
 * servers end.
 */
export async function runConnections(options: ConnectionsOptions): Promise<ConnectionsReport> {
  const dir = mkdtempSync(join(tmpdir(), 'wenchang-connections-'));
  const { listenPort, vipPort, namesrvPort } = await takePorts();
  const args = [dir, String(listenPort), String(namesrvPort), ...(options.withLeaks === true ? [leaksPlanted] : [])];
  const child = fork(program, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const [namesrv, main, vip] = [namesrvPort, listenPort, vipPort].map((port) => `127.0.0.1:${port}`);
  try {
    await message(child, startLimitMs);
    const addresses = { namesrv, main, vip } as Addresses;
    await makeTopic(addresses.main);
    return await rounds(child, addresses, options);
  } finally {
    // A server that has not heard of an end waits for it when it stops.
    if (options.withLeaks === true) child.kill('SIGKILL');
    await end(child);
    rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

/** Counts that differ between the first round and the last one. */
export function leaks({ counts }: ConnectionsReport): string[] {
  const [first, last] = [counts[0], counts.at(-1)];
  if (first === undefined || last === undefined) return ['nothing was counted'];
  return exact.flatMap((name) => (first[name] === last[name] ? [] : [`${name}: ${first[name]}, then ${last[name]}`]));
}

async function rounds(
  child: ChildProcess,
  addresses: Addresses,
  { roundVisits, rounds, perSecond, seed, settleLimitMs, say }: ConnectionsOptions,
): Promise<ConnectionsReport> {
  const random = new SeededRandom(seed);
  const counts: ServerCounts[] = [];
  const done = { visits: 0, messages: 0 };
  const kinds = Object.entries(visits);
  const clients = [await RawClient.connect(addresses.main), await RawClient.connect(addresses.main)] as const;
  for (let round = 0; round <= rounds; round++) {
    const traffic = new AbortController();
    const steady = steadyTraffic(clients, traffic.signal, done);
    const underWay = new Set<Promise<void>>();
    const startedMs = Date.now();
    for (let number = 0; number < roundVisits; number++) {
      const dueMs = startedMs + (number * 1000) / perSecond;
      while (Date.now() < dueMs || underWay.size >= mostAtOnce) await pause(5);
      const [, visit] = random.pick(kinds);
      const going = visit(addresses, random, done.visits++).finally(() => underWay.delete(going));
      going.catch(() => {});
      underWay.add(going);
    }
    await Promise.all(underWay);
    traffic.abort();
    await steady;
    counts.push(await settledCounts(child, counts[0], settleLimitMs));
    say(`after ${done.visits} visits, ${done.messages} messages: ${lineOf(counts.at(-1) as ServerCounts)}`);
  }
  for (const client of clients) client.close();
  return { ...done, counts };
}

async function steadyTraffic(
  [producer, consumer]: readonly [RawClient, RawClient],
  signal: AbortSignal,
  done: { messages: number },
): Promise<void> {
  while (!signal.aborted) {
    await oneMessage(producer, consumer, done.messages++);
    await pause(trafficPauseMs);
  }
}

/** Counts as soon as they are those of `first`, at the latest after `limitMs`; the first ones when they stay so. */
async function settledCounts(
  child: ChildProcess,
  first: ServerCounts | undefined,
  limitMs: number,
): Promise<ServerCounts> {
  const deadline = Date.now() + limitMs;
  let last = await ask(child);
  for (let same = 0; Date.now() < deadline; ) {
    await pause(500);
    const now = await ask(child);
    const isEqual = exact.every((name) => now[name] === (first ?? last)[name]);
    same = isEqual ? same + 1 : 0;
    last = now;
    // Held pulls of those who are gone are let go of by a scan every 5 s: the first counts wait for it.
    if (same >= (first === undefined ? 14 : 1)) return now;
  }
  return last;
}

function lineOf({ descriptors, timers, connections, heapBytes, rssBytes }: ServerCounts): string {
  const memory = `heap ${(heapBytes / 1e6).toFixed(1)} MB, RSS ${(rssBytes / 1e6).toFixed(1)} MB`;
  return `${descriptors} descriptors, ${timers} timers, ${connections} connections, ${memory}`;
}

async function ask(child: ChildProcess): Promise<ServerCounts> {
  const answer = message(child, startLimitMs);
  child.send('counts' satisfies Asked);
  return (await answer) as ServerCounts;
}

function message(child: ChildProcess, limitMs: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no word of the servers in ${limitMs} ms`)), limitMs);
    const ended = (): void => {
      clearTimeout(timer);
      reject(new Error('the servers ended'));
    };
    child.once('exit', ended);
    child.once('message', (what) => {
      clearTimeout(timer);
      child.off('exit', ended);
      resolve(what);
    });
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  if (child.killed) {
    await ended;
    return;
  }
  const timer = setTimeout(() => child.kill('SIGKILL'), startLimitMs);
  if (child.connected) child.send('stop' satisfies Asked);
  else child.kill('SIGKILL');
  await ended;
  clearTimeout(timer);
}
