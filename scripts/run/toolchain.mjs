// Packages, the pinned Node, and dist/: made when missing, made again when stale.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { BUILD, CACHE, capture, exclusively, outerPath, packageJson, Refusal, ROOT, toolEnv } from './workplace.mjs';

const INSTALL_MARKER = join(ROOT, 'node_modules', '.wenchang-lock');
const DIST = join(ROOT, 'dist');
const BUILD_MARKER = join(DIST, '.source-hash');
/** The oldest Node that production may use, from package.json. */
export const NODE_FLOOR = packageJson.engines.node.replace('>=', '');
const PINNED_NODE = packageJson.devDependencies.node;

/** Installs the packages of package-lock.json unless exactly these are there. Progress goes to `say`. */
export async function ensureInstalled(say) {
  if (isInstalled()) return;
  await exclusively('install', async () => {
    if (isInstalled()) return;
    say('installing packages (npm ci) …');
    const { code, output } = await npm(['ci', '--no-audit', '--no-fund', '--engine-strict=false']);
    if (code !== 0) throw new Refusal(`npm ci failed with code ${code}:\n${output}`);
    writeFileSync(INSTALL_MARKER, lockHash());
  });
}

/** Packages that lie behind a link belong to another checkout: they are used as they are, and never replaced. */
function isInstalled() {
  if (lstatSync(join(ROOT, 'node_modules'), { throwIfNoEntry: false })?.isSymbolicLink()) return true;
  return existsSync(INSTALL_MARKER) && readFileSync(INSTALL_MARKER, 'utf8') === lockHash();
}

function lockHash() {
  return createHash('sha256')
    .update(readFileSync(join(ROOT, 'package-lock.json')))
    .digest('hex');
}

/** Runs npm with its cache under build/cache, with the Node and npm of the host. */
function npm(args) {
  return capture('npm', args, { env: toolEnv({ PATH: outerPath() }), timeoutMs: 15 * 60_000 });
}

/**
 * The Node that everything of ours runs with: the pinned one of node_modules; where install scripts are switched off,
 * the same version fetched through npm; without a network, the host's when it is new enough.
 */
export async function pinnedNode(say) {
  const installed = join(ROOT, 'node_modules', 'node', 'bin', 'node');
  if (nodeVersion(installed) === PINNED_NODE) return installed;
  const fetched = await fetchNode(PINNED_NODE, say);
  if (fetched.path !== undefined) return fetched.path;
  const host = process.versions.node;
  if (isAtLeast(host, NODE_FLOOR)) {
    say(`Node ${PINNED_NODE} cannot be had (${fetched.reason}); using ${process.execPath} (${host})`);
    return process.execPath;
  }
  throw new Refusal(
    `Wenchang needs Node ${NODE_FLOOR} or newer; this is ${host}, and ${PINNED_NODE}: ${fetched.reason}`,
  );
}

/** The path of a Node of exactly this version, fetched through npm into build/cache, or why there is none. */
export async function fetchNode(version, say) {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const dir = join(CACHE, `node-${version}`);
  const path = join(dir, 'node_modules', name, 'bin', 'node');
  if (nodeVersion(path) === version) return { path };
  return exclusively(`node-${version}`, async () => {
    if (nodeVersion(path) === version) return { path };
    say(`fetching Node ${version} …`);
    mkdirSync(dir, { recursive: true });
    const flags = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund'];
    const { code, output } = await npm(['install', '--prefix', dir, ...flags, `${name}@${version}`]);
    if (code !== 0) return { reason: `npm could not fetch ${name}@${version}: ${lastErrorLine(output)}` };
    if (nodeVersion(path) !== version) return { reason: `${name}@${version} does not run on this machine` };
    return { path };
  });
}

function lastErrorLine(output) {
  const lines = output.split('\n').filter((line) => line.startsWith('npm error') && !line.includes('complete log'));
  return (lines.at(-1) ?? output.trim().split('\n').at(-1) ?? 'no output').slice(0, 200);
}

function nodeVersion(path) {
  if (!existsSync(path)) return undefined;
  const { stdout } = spawnSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8', timeout: 30_000 });
  return stdout?.trim();
}

/** Compares dotted version numbers by their numbers. */
export function isAtLeast(version, floor) {
  const wanted = floor.split('.').map(Number);
  const given = version.split('.').map(Number);
  for (let place = 0; place < wanted.length; place++) {
    const difference = (given[place] ?? 0) - wanted[place];
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/** Compiles src/ to dist/ unless dist/ was made from exactly these sources. Throws a Refusal with tsc's output. */
export async function ensureBuilt(node, say) {
  if (isBuilt()) return;
  await exclusively('dist', async () => {
    if (isBuilt()) return;
    say('building dist …');
    const hash = sourceHash();
    const fresh = join(BUILD, 'dist.new');
    rmSync(fresh, { recursive: true, force: true });
    const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    const args = [tsc, '-p', 'tsconfig.build.json', '--outDir', fresh];
    const { code, output } = await capture(node, args);
    if (code !== 0) throw new Refusal(`src does not compile:\n${output}`);
    writeFileSync(join(fresh, '.source-hash'), hash);
    rmSync(DIST, { recursive: true, force: true });
    renameSync(fresh, DIST);
  });
}

function isBuilt() {
  return existsSync(BUILD_MARKER) && readFileSync(BUILD_MARKER, 'utf8') === sourceHash();
}

function sourceHash() {
  const hash = createHash('sha256');
  const src = join(ROOT, 'src');
  const sources = readdirSync(src, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.ts$/.test(entry.name) && !/\.test(-d)?\.ts$/.test(entry.name))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
  for (const path of [...sources, ...['tsconfig.json', 'tsconfig.build.json'].map((name) => join(ROOT, name))]) {
    hash.update(relative(ROOT, path)).update('\0').update(readFileSync(path)).update('\0');
  }
  return hash.digest('hex');
}
