// Java 17, Maven and Go for the compatibility suites: found, or installed where we may, or named as missing.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { CACHE, capture, toolEnv } from './workplace.mjs';

const JAVA_MAJOR = 17;
const APT_PACKAGES = { java: 'openjdk-17-jdk-headless', mvn: 'maven', go: 'golang-go', docker: 'docker.io' };

/**
 * Finds the three tools, installing missing ones with apt-get when we are root on Debian. Returns the environment of
 * the suites and, for each missing tool, why it is missing.
 */
export async function findPeers(say) {
  const found = await findAll();
  const missing = Object.keys(found).filter((tool) => found[tool].path === undefined);
  if (missing.length > 0) {
    const refusal = await installWithApt(missing, say);
    if (refusal === undefined) Object.assign(found, await findAll());
    for (const tool of missing) found[tool].reason = `${found[tool].reason ?? ''}${refusal ? ` (${refusal})` : ''}`;
  }
  return { env: peerEnv(found), missing: missing.flatMap((tool) => (found[tool].path ? [] : [found[tool].reason])) };
}

async function findAll() {
  const java = await findJava();
  const mvn = await findWorking('mvn', ['-v'], /Apache Maven (\S+)/, [], 'no Maven');
  const go = await findWorking('go', ['version'], /go version go(\S+)/, ['/usr/local/go/bin'], 'no Go');
  return { java, mvn, go };
}

/** A JDK of exactly this major version: the official 4.6.0 is known to run on it, with the flags its harness passes. */
async function findJava() {
  const jvms = existsSync('/usr/lib/jvm') ? readdirSync('/usr/lib/jvm').map((name) => `/usr/lib/jvm/${name}/bin`) : [];
  const home = process.env.JAVA_HOME ? [join(process.env.JAVA_HOME, 'bin')] : [];
  const seen = new Set();
  for (const path of executables('java', [...home, ...pathDirs(), ...jvms])) {
    const { code, output } = await capture(path, ['-XshowSettings:properties', '-version'], { timeoutMs: 30_000 });
    const major = Number(/version "(\d+)/.exec(output)?.[1]);
    const javaHome = /java\.home = (.*)/.exec(output)?.[1]?.trim();
    if (code !== 0 || javaHome === undefined) continue;
    if (major === JAVA_MAJOR && existsSync(join(javaHome, 'bin', 'javac'))) {
      return { path: join(javaHome, 'bin', 'java'), home: javaHome };
    }
    seen.add(major);
  }
  const others = seen.size === 0 ? '' : `, only a ${[...seen].join(' and a ')} or a runtime without javac`;
  return { reason: `no JDK ${JAVA_MAJOR}${others}` };
}

async function findWorking(name, args, pattern, moreDirs, reason) {
  for (const path of executables(name, [...pathDirs(), ...moreDirs])) {
    const { code, output } = await capture(path, args, { timeoutMs: 60_000 });
    if (code === 0 && pattern.test(output)) return { path };
  }
  return { reason };
}

/** The folders of PATH. */
export function pathDirs() {
  return (process.env.PATH ?? '').split(delimiter).filter((dir) => dir !== '');
}

/** Where a program of this name lies in these folders. */
export function executables(name, dirs) {
  return [...new Set(dirs.map((dir) => join(dir, name)))].filter((path) => existsSync(path));
}

/** Installs what is missing; returns why that was not possible, or undefined when apt-get succeeded. */
export async function installWithApt(tools, say) {
  if (process.getuid?.() !== 0) return 'not root, so nothing was installed';
  if (!isDebian() || executables('apt-get', pathDirs()).length === 0) return 'not Debian, so nothing was installed';
  const packages = tools.map((tool) => APT_PACKAGES[tool]);
  say(`installing ${packages.join(' ')} (apt-get) …`);
  const env = toolEnv({ DEBIAN_FRONTEND: 'noninteractive' });
  const update = await capture('apt-get', ['update', '-q'], { env, timeoutMs: 5 * 60_000 });
  const args = ['install', '-y', '-q', '--no-install-recommends', ...packages];
  const { code, output } = await capture('apt-get', args, { env, timeoutMs: 20 * 60_000 });
  if (code === 0) return undefined;
  const lines = `${update.output}\n${output}`.trim().split('\n');
  return `apt-get failed: ${lines.findLast((text) => text.startsWith('E:')) ?? lines.at(-1)}`;
}

function isDebian() {
  if (!existsSync('/etc/os-release')) return false;
  return /^ID(_LIKE)?=.*\bdebian\b/m.test(readFileSync('/etc/os-release', 'utf8'));
}

/** What the suites and the programs they start get; an absent tool is an empty string. */
function peerEnv({ java, mvn, go }) {
  const goCache = join(CACHE, 'go');
  return {
    WENCHANG_JAVA: java.path ?? '',
    WENCHANG_MVN: mvn.path ?? '',
    WENCHANG_GO: go.path ?? '',
    WENCHANG_M2: join(CACHE, 'm2'),
    ...(java.home === undefined ? {} : { JAVA_HOME: java.home }),
    MAVEN_OPTS: `-Dmaven.repo.local=${join(CACHE, 'm2')}`,
    PEER_HOME: join(CACHE, 'rocketmq-peer-4.6.0'),
    GOPATH: goCache,
    GOMODCACHE: join(goCache, 'mod'),
    GOCACHE: join(goCache, 'build'),
    GOFLAGS: '-modcacherw',
    PATH: searchPath(java.path, [mvn.path, go.path]),
  };
}

/** The right Java first, whatever else is called java; the other tools last, because their folders hold more. */
function searchPath(java, others) {
  const first = java === undefined ? [] : [dirname(java)];
  const last = others.filter((path) => path !== undefined).map((path) => dirname(path));
  return [...new Set([...first, ...pathDirs(), ...last])].join(delimiter);
}
