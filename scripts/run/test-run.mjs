// `npm test` and `npm run check`: every check and every test, one report, one last line.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findPeers } from './peers.mjs';
import { newReport } from './report.mjs';
import { ensureBuilt, ensureInstalled, fetchNode, NODE_FLOOR, pinnedNode } from './toolchain.mjs';
import { capture, REPORTS, ROOT, toolEnv } from './workplace.mjs';

const MINUTE_MS = 60_000;
const CHECKS_AT_A_TIME = 2;

/** Runs everything (`compat` says whether the compatibility suites too) and returns the exit code. */
export async function testRun({ compat }) {
  const report = newReport();
  try {
    await runStages(report, compat);
  } catch (error) {
    report.fail('test run', String(error?.stack ?? error));
  }
  return report.finish();
}

async function runStages(report, compat) {
  await ensureInstalled(report.say);
  const node = await pinnedNode(report.say);
  const versions = await capture(node, ['-p', 'process.version']);
  report.say(`Node ${versions.output.trim()} on ${process.platform}-${process.arch}`);
  await staticChecks(report, node);
  await vitest(report, 'unit tests', node, ['--project', 'unit'], 20 * MINUTE_MS);
  await floorTests(report);
  const built = await buildTest(report, node);
  if (compat) await compatSuites(report, node, built);
}

/** The commands of every static check, by name; each check is one test. The longest ones first. */
export function checkCommands() {
  const biome = 'node_modules/@biomejs/biome/bin/biome';
  return {
    lint: [
      [biome, 'lint', '--error-on-warnings', '--max-diagnostics=100', '.'],
      ['node_modules/eslint/bin/eslint.js', '--max-warnings=0', '.'],
    ],
    types: [['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json', '--noEmit']],
    format: [[biome, 'check', '--linter-enabled=false', '--max-diagnostics=100', '.']],
    layers: [
      ['node_modules/dependency-cruiser/bin/dependency-cruiser.mjs', '--config', '.dependency-cruiser.cjs', '.'],
    ],
    'unused code': [['node_modules/knip/bin/knip.js', '--no-progress']],
    tidy: [['node_modules/vitest/vitest.mjs', 'run', '--project', 'tidy']],
    'generated files': [['scripts/gen-docs.ts', '--check']],
  };
}

async function staticChecks(report, node) {
  const waiting = Object.entries(checkCommands());
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [name, commands] = next;
      const started = Date.now();
      const failure = await firstFailure(node, commands);
      if (failure === undefined) report.pass(name, Date.now() - started);
      else report.fail(name, failure, Date.now() - started);
    }
  };
  await Promise.all(Array.from({ length: CHECKS_AT_A_TIME }, worker));
}

/** Runs all commands, so that one run shows everything, and returns what the failing ones printed. */
export async function firstFailure(node, commands) {
  const failures = [];
  for (const args of commands) {
    const { code, output } = await capture(node, args, { timeoutMs: 10 * MINUTE_MS });
    if (code !== 0) failures.push(output.trim() === '' ? `${args[0]} exited with code ${code}` : output);
  }
  return failures.length === 0 ? undefined : failures.join('\n');
}

/** Runs vitest and adds each of its tests to the report; a crash is a failed test. */
async function vitest(report, name, node, args, timeoutMs, { env = {}, live = false, skipReason } = {}) {
  const started = Date.now();
  const file = join(REPORTS, `${name.replaceAll(/[^a-zA-Z0-9.]+/g, '-')}.json`);
  mkdirSync(REPORTS, { recursive: true });
  rmSync(file, { force: true });
  report.say(`      ${name} …`);
  const { code, output } = await capture(
    node,
    [
      'node_modules/vitest/vitest.mjs',
      'run',
      ...args,
      '--reporter=default',
      '--reporter=./scripts/run/vitest-reporter.mjs',
    ],
    { env: toolEnv({ CI: 'true', WENCHANG_NODE: node, WENCHANG_REPORT: file, ...env }), timeoutMs, live },
  );
  const outcome = readOutcome(file);
  if (code !== 0 && outcome.failed.length === 0) outcome.failed.push(`vitest ended with code ${code}`);
  if (outcome.passed + outcome.failed.length + outcome.skipped.length === 0) outcome.failed.push('no tests were run');
  for (const test of outcome.skipped) test.reason = test.note ?? skipReason ?? 'skipped in the source without a reason';
  report.addTests(name, outcome, live ? 'see above' : output, Date.now() - started);
}

function readOutcome(file) {
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'));
  return { passed: 0, failed: ['vitest wrote no report'], skipped: [] };
}

/** The unit tests once more on the oldest Node that production may use. */
async function floorTests(report) {
  const name = `unit tests on Node ${NODE_FLOOR}`;
  const floor = await fetchNode(NODE_FLOOR, report.say);
  if (floor.path === undefined) report.skip(name, floor.reason);
  else await vitest(report, name, floor.path, ['--project', 'unit'], 20 * MINUTE_MS);
}

async function buildTest(report, node) {
  const started = Date.now();
  try {
    await ensureBuilt(node, report.say);
    report.pass('build', Date.now() - started);
    return true;
  } catch (error) {
    report.fail('build', error.message, Date.now() - started);
    return false;
  }
}

async function compatSuites(report, node, built) {
  if (!built) return report.fail('compatibility suites', 'not run, because the build failed');
  if (suiteFiles().length === 0) return report.fail('compatibility suites', 'there is no compat-tests/**/*.compat.ts');
  const { env, missing } = await findPeers(report.say);
  for (const reason of missing) report.say(`      compatibility suites: ${reason}`);
  const skipReason = missing.length === 0 ? undefined : missing.join('; ');
  await vitest(report, 'compatibility suites', node, ['--project', 'compat'], 120 * MINUTE_MS, {
    env,
    live: true,
    skipReason,
  });
}

function suiteFiles() {
  return readdirSync(join(ROOT, 'compat-tests'), { recursive: true }).filter((path) => /\.compat\.ts$/.test(path));
}
