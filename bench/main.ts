import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { repoDir } from '../compat-tests/peer/peer.ts';
import { measureStore } from './append.bench.ts';
import { measureCodec } from './codec.bench.ts';
import { measureEndToEnd } from './end-to-end.ts';
import { measureHeaderScan } from './header-scan.ts';
import { describeMachine, loadAverage } from './machine.ts';
import { measureRemoting } from './remoting.bench.ts';
import { benchDir, exitOnSignals } from './sides.ts';
import { formatNumber, formatTable } from './table.ts';

/** How long each thing is measured: long enough for a figure, or just long enough to see that it works. */
interface Scale {
  readonly microMs: number;
  readonly warmupMs: number;
  readonly measuredMs: number;
  readonly backlog: number;
}

const full: Scale = { microMs: 2_000, warmupMs: 3_000, measuredMs: 5_000, backlog: 1_000_000 };
const smoke: Scale = { microMs: 50, warmupMs: 100, measuredMs: 200, backlog: 2_000 };

/**
 * `npm run bench`: what the parts cost, and what the whole broker does. With `--smoke` it takes a few seconds and its
 * figures mean nothing. Either way it fails when a header of an official client needs the slow path, or when a message
 * is not taken or not found.
 */
async function main(scale: Scale): Promise<number> {
  const problems: string[] = [];
  const machine = describeMachine();
  for (const [name, value] of Object.entries(machine)) say(`${name}: ${value}`);
  say(`load average: ${loadAverage().toFixed(1)}`);
  const headers = showHeaders(scale, problems);
  const codec = showCodec(scale);
  const store = await showStore(scale);
  const remoting = await showRemoting(scale);
  const endToEnd = await showEndToEnd(scale, problems);
  const file = join(benchDir, `bench-${machine.date.replaceAll(/[:.]/g, '-')}.json`);
  const content = { machine, loadAtEnd: loadAverage(), headers, codec, store, remoting, endToEnd, problems };
  writeFileSync(file, JSON.stringify(content, undefined, 2));
  say(`\nload average: ${loadAverage().toFixed(1)}; written to ${relative(repoDir, file)}`);
  for (const problem of problems) say(`problem: ${problem}`);
  return problems.length === 0 ? 0 : 1;
}

function showHeaders({ microMs }: Scale, problems: string[]): object[] {
  const scans = measureHeaderScan(microMs);
  for (const { client, fellBack, refused } of scans) {
    if (fellBack + refused > 0) problems.push(`${client}: ${fellBack} headers fell back, ${refused} were refused`);
  }
  const rows = scans.map(({ client, headers, fellBack, cpuNs }) => [
    `official ${client} headers`,
    String(headers),
    `${formatNumber((100 * fellBack) / headers)} %`,
    formatNumber(cpuNs),
  ]);
  show(['header scan', 'headers', 'fell back', 'ns CPU'], rows);
  return scans;
}

function showCodec({ microMs }: Scale): object[] {
  const costs = measureCodec(microMs);
  show(
    ['codec', 'ns CPU'],
    costs.map(({ name, nsPerOp }) => [name, formatNumber(nsPerOp)]),
  );
  return costs;
}

async function showStore({ microMs }: Scale): Promise<object[]> {
  const loads = [
    { bodyBytes: 128, perTurn: 64 },
    { bodyBytes: 128, perTurn: 1 },
    { bodyBytes: 1_024, perTurn: 64 },
    { bodyBytes: 16_384, perTurn: 16 },
  ];
  const results = [];
  for (const load of loads) results.push(await measureStore(load, microMs));
  const rows = results.map(({ put, read }) => [
    `${put.bodyBytes} B, ${put.perTurn} a turn`,
    formatNumber(put.cpuNs),
    formatNumber(put.wallNs),
    formatNumber(read.cpuNsPerPull),
  ]);
  show(['store', 'put ns CPU', 'put ns wall', 'pull of 32 ns CPU'], rows);
  return results;
}

async function showRemoting({ microMs }: Scale): Promise<object[]> {
  const loads = [
    { connections: 1, inFlight: 64 },
    { connections: 64, inFlight: 1 },
    { connections: 16, inFlight: 16 },
  ];
  const results = [];
  for (const load of loads) results.push(await measureRemoting(load, microMs));
  const rows = results.map(({ connections, inFlight, cpuNs, wallNs }) => [
    `${connections} × ${inFlight}`,
    formatNumber(cpuNs),
    formatNumber(wallNs),
  ]);
  show(['remoting, both ends', 'ns CPU', 'ns wall'], rows);
  return results;
}

async function showEndToEnd(scale: Scale, problems: string[]): Promise<object[]> {
  const results = await measureEndToEnd(scale);
  for (const { what, failed } of results) {
    if (failed > 0) problems.push(`${what}: ${failed} messages failed`);
  }
  const rows = results.map((result) => [
    result.what,
    formatNumber(result.perSecond),
    formatNumber(result.brokerCpuPerMillion),
    formatNumber(result.p50),
    formatNumber(result.p99),
    formatNumber(result.rssMb),
  ]);
  show(['end to end', 'messages/s', 'CPU s/1M', 'p50 µs', 'p99 µs', 'RSS MB'], rows);
  return results;
}

function show(head: readonly string[], rows: readonly (readonly string[])[]): void {
  say(`\n${formatTable(head, rows)}`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

const { values } = parseArgs({ options: { smoke: { type: 'boolean', default: false } } });
exitOnSignals();
mkdirSync(benchDir, { recursive: true });
process.exitCode = await main(values.smoke ? smoke : full);
