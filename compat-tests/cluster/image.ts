import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { repoDir, runProgram } from '../peer/peer.ts';

/** What docker/Dockerfile and the launchers call, besides Node. */
const programs = ['sh', 'mkdir', 'chown', 'dirname', 'readlink', 'sleep'];
const importTimeoutMs = 120_000;

/**
 * A base for docker/Dockerfile without a registry: the Node that runs us, a shell and some programs of this machine,
 * with the libraries they need. Imported into the engine at `host` under the name `tag`.
 */
export async function importBase(host: string, dir: string, tag: string): Promise<void> {
  const root = join(dir, 'base');
  copyWithLibraries(root, process.execPath, '/usr/local/bin/node');
  for (const name of programs) copyWithLibraries(root, pathOf(name), `/bin/${name}`);
  mkdirSync(join(root, 'etc'), { recursive: true });
  writeFileSync(join(root, 'etc', 'passwd'), 'root:x:0:0::/:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n');
  writeFileSync(join(root, 'etc', 'group'), 'root:x:0:\nnode:x:1000:\n');
  mkdirSync(join(root, 'tmp'));
  chmodSync(join(root, 'tmp'), 0o1777);
  const archive = join(dir, 'base.tar');
  await run(['tar', '--owner=0', '--group=0', '-C', root, '-cf', archive, '.']);
  await run(['docker', '--host', host, 'import', '--change', 'ENV PATH=/usr/local/bin:/bin', archive, tag]);
}

/**
 * The context of docker/Dockerfile with everything compiled already, for a build that has no network. Returns its
 * path.
 */
export function makeContext(dir: string): string {
  const context = join(dir, 'context');
  const packages = new Set<string>();
  collectPackages('', packages);
  for (const path of ['bin', 'conf', 'docker', 'dist', 'LICENSE', 'package.json', ...packages]) {
    cpSync(join(repoDir, path), join(context, path), { recursive: true, dereference: true });
  }
  return context;
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** The folders of all packages that the one in `folder` needs to run, as they are installed. */
function collectPackages(folder: string, found: Set<string>): void {
  const { dependencies = {} } = JSON.parse(readFileSync(join(repoDir, folder, 'package.json'), 'utf8')) as Manifest;
  for (const name of Object.keys(dependencies)) {
    const place = nearestPackage(folder, name);
    if (found.has(place)) continue;
    found.add(place);
    collectPackages(place, found);
  }
}

/** Where Node finds a package: in the nearest node_modules above. */
function nearestPackage(folder: string, name: string): string {
  const place = join(folder, 'node_modules', name);
  if (existsSync(join(repoDir, place, 'package.json'))) return place;
  if (folder === '') throw new Error(`${name} is not installed`);
  return nearestPackage(folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/'))), name);
}

/** Runs a command that has to succeed. */
export async function run(command: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runProgram(command, { timeoutMs: importTimeoutMs });
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
  return stdout;
}

function pathOf(name: string): string {
  const found = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
  if (!found.startsWith('/')) throw new Error(`no ${name} in PATH`);
  return found;
}

function copyWithLibraries(root: string, program: string, target: string): void {
  const { stdout } = spawnSync('ldd', [program], { encoding: 'utf8' });
  const libraries = [...stdout.matchAll(/(?:=> |^\s+)(\/\S+) \(/gm)].map(([, path = '']) => path);
  for (const [from, to] of [[program, target], ...libraries.map((path) => [path, path])]) {
    const place = join(root, to ?? '');
    mkdirSync(dirname(place), { recursive: true });
    copyFileSync(from ?? '', place);
  }
}
