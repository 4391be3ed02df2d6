import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StoreLock } from '../src/store/store-lock.ts';
import { systemClock } from '../src/util/clock.ts';
import { silentLogger } from '../src/util/logger.ts';
import { nodeFs } from '../src/util/node-fs.ts';
import { takePorts } from '../testing/ports.ts';
import { type Fixture, unpackFixture } from './peer/fixture.ts';
import { isMissing, openWorkspace, repoDir, type Server, startBroker, type Workspace } from './peer/peer.ts';

/** One directory, one broker: the official Java 4.6.0 and ours keep each other out (ADR 0012). */
describe.skipIf(isMissing('java'))('the lock of a store directory', () => {
  let workspace: Workspace;
  let fixture: Fixture;

  beforeAll(async () => {
    workspace = openWorkspace('store-lock');
    fixture = await unpackFixture('java-store-crashed', workspace.dir);
  });
  afterAll(() => workspace.close());

  it('stops a Java broker before it reads or removes anything, and lets it in afterwards', async () => {
    const before = snapshot(fixture.storeDir);
    const lock = StoreLock.acquire(options(fixture.storeDir));
    await expect(startJava()).rejects.toThrow();
    lock.verify();
    lock.release();
    expect(snapshot(fixture.storeDir)).toEqual(before);
    const java = await startJava();
    await java.stop();
  });

  it('refuses ours while a Java broker runs', async () => {
    const java = await startJava();
    const before = snapshot(fixture.storeDir);
    expect(() => StoreLock.acquire(options(fixture.storeDir))).toThrow(/pid \d+ holds the lock on .*\/lock/);
    expect(snapshot(fixture.storeDir)).toEqual(before);
    await java.stop();
    StoreLock.acquire(options(fixture.storeDir)).release();
  });

  it('lets a Java broker in after a kill of ours', async () => {
    const program = join(workspace.dir, 'holder.ts');
    const source = (path: string): string => JSON.stringify(join(repoDir, 'src', path));
    writeFileSync(
      program,
      `import { StoreLock } from ${source('store/store-lock.ts')};
       import { systemClock } from ${source('util/clock.ts')};
       import { silentLogger } from ${source('util/logger.ts')};
       import { runAfterDeath } from ${source('util/node-after-death.ts')};
       import { nodeFs } from ${source('util/node-fs.ts')};
       StoreLock.acquire({ fs: nodeFs, clock: systemClock, log: silentLogger, rootDir: process.argv[2] as string,
         afterDeath: runAfterDeath });
       process.stdout.write('held');
       setInterval(() => undefined, 1_000);`,
    );
    const holder = spawn(process.execPath, [program, fixture.storeDir], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(holder.stdout, 'data');
    expect(() => StoreLock.acquire(options(fixture.storeDir))).toThrow(`process ${holder.pid} of ours runs on it`);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    const deadline = Date.now() + 10_000;
    while (nodeFs.stat(join(fixture.storeDir, 'lock'))?.isDirectory !== false && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const java = await startJava();
    await java.stop();
    const lock = StoreLock.acquire(options(fixture.storeDir));
    // Java ran on the directory since, so what its files miss is not what ours leave out.
    expect(lock.ownCrash).toBe(false);
    lock.release();
  });

  async function startJava(): Promise<Server> {
    const { listenPort: port } = await takePorts();
    const { storeDir, settings } = fixture;
    return startBroker({ kind: 'java', workspace, port, name: 'fixture-a', storeDir, settings });
  }
});

function options(rootDir: string) {
  mkdirSync(rootDir, { recursive: true });
  return { fs: nodeFs, clock: systemClock, log: silentLogger, rootDir };
}

/** Names and lengths of everything; a refused Java broker still rewrites two files of config/ with what it had read. */
function snapshot(dir: string): string[] {
  const found: string[] = [];
  for (const name of nodeFs.list(dir).sort()) {
    const path = join(dir, name);
    const stat = nodeFs.stat(path);
    if (name === 'config') continue;
    if (stat?.isDirectory === true) found.push(...snapshot(path));
    else found.push(`${path} ${stat?.sizeBytes} ${stat?.mtimeMs}`);
  }
  return found;
}
